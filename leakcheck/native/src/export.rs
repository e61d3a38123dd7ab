//! Filters that other programs read; see leakcheck/exporting/reference.py, which says the rules.

use crate::python::{bytes, bytes_mut};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const FNV_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;
const DCSO_MODULUS: u64 = 18_446_744_073_709_551_557;
const DCSO_FACTOR: u64 = 18_446_744_073_709_550_147;

pub fn whole(data: &[u8], width: usize) -> PyResult<()> {
    if width == 0 || !data.len().is_multiple_of(width) {
        return Err(PyValueError::new_err("not a whole number of digests"));
    }
    Ok(())
}

/// Packed digests of `width` bytes in order, each once.
#[pyfunction]
pub fn sorted_digests<'py>(
    py: Python<'py>,
    digests: PyBuffer<u8>,
    width: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = bytes(&digests)?;
    whole(data, width)?;
    let sorted = py.detach(|| match width {
        8 => Ok(distinct::<8>(data)),
        16 => Ok(distinct::<16>(data)),
        20 => Ok(distinct::<20>(data)),
        _ => Err(PyValueError::new_err("digests have 8, 16 or 20 bytes")),
    })?;
    Ok(PyBytes::new(py, &sorted))
}

fn distinct<const WIDTH: usize>(data: &[u8]) -> Vec<u8> {
    let mut rows = data.as_chunks::<WIDTH>().0.to_vec();
    rows.sort_unstable();
    rows.dedup();
    rows.into_flattened()
}

/// FNV-1 of the upper-case hexadecimal form of each digest, 8 bytes each, big-endian.
#[pyfunction]
pub fn hex_fnv1<'py>(
    py: Python<'py>,
    digests: PyBuffer<u8>,
    width: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let data = bytes(&digests)?;
    whole(data, width)?;
    let step = |hash: u64, digit: u8| {
        hash.wrapping_mul(FNV_PRIME) ^ u64::from(DIGITS[usize::from(digit & 15)])
    };
    let sums: Vec<[u8; 8]> = py.detach(|| {
        let sum = |digest: &[u8]| {
            let fold = |hash, &byte: &u8| step(step(hash, byte >> 4), byte);
            digest.iter().fold(FNV_BASIS, fold).to_be_bytes()
        };
        data.chunks_exact(width).map(sum).collect()
    });
    Ok(PyBytes::new(py, sums.as_flattened()))
}

/// Set the bits of values in a filter of DCSO's; how many of them set a new one.
#[pyfunction]
pub fn fill_dcso(
    py: Python<'_>,
    table: PyBuffer<u8>,
    values: PyBuffer<u8>,
    bits: u64,
    hashes: u32,
) -> PyResult<u64> {
    let (table, values) = (bytes_mut(&table)?, bytes(&values)?);
    whole(values, 8)?;
    if bits == 0 || bits.div_ceil(8) > table.len() as u64 {
        return Err(PyValueError::new_err("the table is smaller than its bits"));
    }
    Ok(py.detach(|| {
        let mut added = 0;
        for value in values.as_chunks::<8>().0 {
            let mut at = u64::from_be_bytes(*value) % DCSO_MODULUS;
            let mut new = false;
            for _ in 0..hashes {
                at = at.wrapping_mul(DCSO_FACTOR) % DCSO_MODULUS;
                let bit = at % bits;
                let byte = &mut table[(bit >> 3) as usize];
                new |= *byte & 1 << (bit & 7) == 0;
                *byte |= 1 << (bit & 7);
            }
            added += u64::from(new);
        }
        added
    }))
}

/// Set the bits of Murmur3 digests in a filter of Guava's: big-endian words of 64 bits.
#[pyfunction]
pub fn fill_guava(
    py: Python<'_>,
    table: PyBuffer<u8>,
    digests: PyBuffer<u8>,
    hashes: u32,
) -> PyResult<()> {
    let (table, digests) = (bytes_mut(&table)?, bytes(&digests)?);
    whole(digests, 16)?;
    if table.is_empty() || !table.len().is_multiple_of(8) {
        return Err(PyValueError::new_err("not a whole number of words"));
    }
    py.detach(|| {
        let bits = table.len() as u64 * 8;
        for digest in digests.as_chunks::<16>().0 {
            let sum = u128::from_le_bytes(*digest);
            let (mut at, step) = (sum as u64, (sum >> 64) as u64);
            for _ in 0..hashes {
                let bit = (at & (u64::MAX >> 1)) % bits;
                table[(bit >> 3 ^ 7) as usize] |= 1 << (bit & 7);
                at = at.wrapping_add(step);
            }
        }
    });
    Ok(())
}
