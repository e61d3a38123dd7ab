//! What callers hand in: buffers and numbers, tested before anything is done with them.

use crate::page;
use crate::sort::NoMemory;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

pub const MAX_PAGES: i128 = 1 << 48;
pub const MAX_HASHES: i128 = 64;

impl From<NoMemory> for PyErr {
    fn from(_: NoMemory) -> PyErr {
        PyMemoryError::new_err("no memory for the records")
    }
}

pub fn seed(number: i128) -> PyResult<u64> {
    within(number, 0, u64::MAX.into(), "seed is out of bounds")
}

pub fn wrong<T>(message: &'static str) -> PyResult<T> {
    Err(PyValueError::new_err(message))
}

/// A whole number within bounds, or ValueError with `message`.
pub fn within(number: i128, low: i128, high: i128, message: &'static str) -> PyResult<u64> {
    if (low..=high).contains(&number) {
        u64::try_from(number).or_else(|_| wrong(message))
    } else {
        wrong(message)
    }
}

/// The bytes of a contiguous buffer.
pub fn bytes(buffer: &PyBuffer<u8>) -> PyResult<&[u8]> {
    if !buffer.is_c_contiguous() {
        return wrong("the buffer is not contiguous");
    }
    if buffer.len_bytes() == 0 {
        return Ok(&[]);
    }
    // SAFETY: contiguous, not empty, held by `buffer`; see the rule above on writers.
    Ok(unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.len_bytes()) })
}

/// The bytes of a contiguous buffer that can be written.
#[allow(clippy::mut_from_ref)]
pub fn bytes_mut(buffer: &PyBuffer<u8>) -> PyResult<&mut [u8]> {
    if buffer.readonly() {
        return wrong("the buffer is read-only");
    }
    if !buffer.is_c_contiguous() {
        return wrong("the buffer is not contiguous");
    }
    if buffer.len_bytes() == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `bytes`, and writable.
    Ok(unsafe { std::slice::from_raw_parts_mut(buffer.buf_ptr().cast(), buffer.len_bytes()) })
}

pub fn whole_pages(buffer: &[u8]) -> PyResult<()> {
    if !buffer.len().is_multiple_of(page::PAGE) {
        return wrong("not a whole number of pages");
    }
    Ok(())
}

pub fn whole_digests(digests: &[u8], digest_bytes: i128) -> PyResult<usize> {
    let size = within(
        digest_bytes,
        16,
        isize::MAX as i128,
        "a digest has at least 16 bytes",
    )? as usize;
    if !digests.len().is_multiple_of(size) {
        return wrong("not a whole number of digests");
    }
    Ok(size)
}

pub fn whole_records(records: &[u8]) -> PyResult<()> {
    if !records.len().is_multiple_of(16) {
        return wrong("not a whole number of records");
    }
    Ok(())
}
