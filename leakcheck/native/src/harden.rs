//! Argon2id (RFC 9106) of many inputs under one salt: the hardened digest.

use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const DIGEST: usize = 32;

/// The digests of `inputs`, packed; `memory` is in KiB. One input after the other, so that a
/// call takes `memory` once; the caller's threads share out the work. `lanes`, `secret` and
/// `data` are the specification's p, K and X.
#[pyfunction]
#[pyo3(signature = (inputs, salt, memory, passes, lanes=1, secret=None, data=None))]
#[allow(clippy::too_many_arguments)] // they are those of the specification
pub fn argon2id<'py>(
    py: Python<'py>,
    inputs: Vec<Bound<'py, PyBytes>>,
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
    secret: Option<&[u8]>,
    data: Option<&[u8]>,
) -> PyResult<Bound<'py, PyBytes>> {
    let inputs: Vec<&[u8]> = inputs.iter().map(|one| one.as_bytes()).collect();
    let digests = py.detach(|| -> Result<Vec<u8>, argon2::Error> {
        let params = ParamsBuilder::new()
            .m_cost(memory)
            .t_cost(passes)
            .p_cost(lanes)
            .output_len(DIGEST)
            .data(AssociatedData::new(data.unwrap_or_default())?)
            .build()?;
        let mut blocks = vec![Block::default(); params.block_count()];
        let hasher = Argon2::new_with_secret(
            secret.unwrap_or_default(),
            Algorithm::Argon2id,
            Version::V0x13,
            params,
        )?;
        let mut digests = vec![0; inputs.len() * DIGEST];
        for (input, digest) in inputs.iter().zip(digests.chunks_exact_mut(DIGEST)) {
            hasher.hash_password_into_with_memory(input, salt, digest, &mut blocks)?;
        }
        Ok(digests)
    });
    match digests {
        Ok(digests) => Ok(PyBytes::new(py, &digests)),
        Err(error) => Err(PyValueError::new_err(error.to_string())),
    }
}
