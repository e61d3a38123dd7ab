//! Argon2id (RFC 9106) of many subjects under one salt: the hardened digest.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const DIGEST: usize = 32;

/// The digests of `subjects`, packed; `memory` is in KiB. One subject after the other, so that
/// a call takes `memory` once; the caller's threads share out the work.
#[pyfunction]
pub fn argon2id<'py>(
    py: Python<'py>,
    subjects: Vec<Bound<'py, PyBytes>>,
    salt: &[u8],
    memory: u32,
    passes: u32,
) -> PyResult<Bound<'py, PyBytes>> {
    let subjects: Vec<&[u8]> = subjects.iter().map(|one| one.as_bytes()).collect();
    let digests = py.detach(|| -> Result<Vec<u8>, argon2::Error> {
        let params = Params::new(memory, passes, 1, Some(DIGEST))?;
        let mut blocks = vec![Block::default(); params.block_count()];
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut digests = vec![0; subjects.len() * DIGEST];
        for (subject, digest) in subjects.iter().zip(digests.chunks_exact_mut(DIGEST)) {
            hasher.hash_password_into_with_memory(subject, salt, digest, &mut blocks)?;
        }
        Ok(digests)
    });
    match digests {
        Ok(digests) => Ok(PyBytes::new(py, &digests)),
        Err(error) => Err(PyValueError::new_err(error.to_string())),
    }
}
