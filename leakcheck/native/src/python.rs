//! What Python sees: buffers and numbers in, bytes and numbers out.

use crate::combos::Wanted;
use crate::lines::Account;
use crate::passwords::Made;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Packed digests, lines of each status, status of the first line, of the last.
type Output<'py> = (Bound<'py, PyBytes>, Vec<u64>, usize, usize);

pub fn bytes(buffer: &PyBuffer<u8>) -> PyResult<&[u8]> {
    if !buffer.is_c_contiguous() {
        return Err(PyValueError::new_err("the buffer is not contiguous"));
    }
    if buffer.len_bytes() == 0 {
        return Ok(&[]);
    }
    // SAFETY: contiguous, not empty, held by `buffer`; see the rule above on writers.
    Ok(unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.len_bytes()) })
}

/// The bytes of a buffer that can be written, by one call at a time.
#[allow(clippy::mut_from_ref)]
pub fn bytes_mut(buffer: &PyBuffer<u8>) -> PyResult<&mut [u8]> {
    if buffer.readonly() || !buffer.is_c_contiguous() {
        return Err(PyValueError::new_err("the buffer cannot be written"));
    }
    if buffer.len_bytes() == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `bytes`, and writable.
    Ok(unsafe { std::slice::from_raw_parts_mut(buffer.buf_ptr().cast(), buffer.len_bytes()) })
}

pub fn output(py: Python<'_>, (digests, account): (Vec<u8>, Account)) -> Output<'_> {
    let Account {
        counts,
        first,
        last,
        ..
    } = account;
    let packed = PyBytes::new(py, &digests);
    crate::digest::keep(digests);
    (packed, counts.to_vec(), first, last)
}

/// Run `kernel` on the chunk without the GIL.
fn detached<T: Send>(
    py: Python<'_>,
    chunk: &PyBuffer<u8>,
    kernel: impl FnOnce(&[u8]) -> T + Send,
) -> PyResult<T> {
    let data = bytes(chunk)?;
    Ok(py.detach(move || kernel(data)))
}

#[pyfunction]
pub fn emails(py: Python<'_>, chunk: PyBuffer<u8>) -> PyResult<Output<'_>> {
    Ok(output(py, detached(py, &chunk, crate::emails::emails)?))
}

#[pyfunction]
pub fn domains(py: Python<'_>, chunk: PyBuffer<u8>) -> PyResult<Output<'_>> {
    Ok(output(py, detached(py, &chunk, crate::emails::domains)?))
}

#[pyfunction]
pub fn address_spans(
    py: Python<'_>,
    chunk: PyBuffer<u8>,
) -> PyResult<Vec<(usize, usize, Bound<'_, PyBytes>)>> {
    Ok(told(py, detached(py, &chunk, crate::emails::spans)?))
}

#[pyfunction]
pub fn encoded_spans(
    py: Python<'_>,
    chunk: PyBuffer<u8>,
) -> PyResult<Vec<(usize, usize, Bound<'_, PyBytes>)>> {
    Ok(told(
        py,
        detached(py, &chunk, crate::emails::encoded_spans)?,
    ))
}

fn told(
    py: Python<'_>,
    found: Vec<crate::address::Found>,
) -> Vec<(usize, usize, Bound<'_, PyBytes>)> {
    let span =
        |found: crate::address::Found| (found.start, found.end, PyBytes::new(py, &found.canonical));
    found.into_iter().map(span).collect()
}

#[pyfunction]
pub fn passwords(py: Python<'_>, chunk: PyBuffer<u8>, digest: u8) -> PyResult<Output<'_>> {
    let made = Made::of(digest)?;
    let kernel = |data: &[u8]| crate::passwords::passwords(data, made);
    Ok(output(py, detached(py, &chunk, kernel)?))
}

#[pyfunction]
pub fn password_fields<'py>(
    py: Python<'py>,
    fields: Vec<Bound<'py, PyBytes>>,
    digest: u8,
) -> PyResult<Output<'py>> {
    let made = Made::of(digest)?;
    let fields: Vec<&[u8]> = fields.iter().map(|field| field.as_bytes()).collect();
    Ok(output(
        py,
        py.detach(|| crate::passwords::fields(&fields, made)),
    ))
}

#[pyfunction]
pub fn combo_passwords(py: Python<'_>, chunk: PyBuffer<u8>, digest: u8) -> PyResult<Output<'_>> {
    let wanted = Wanted::Password(Made::of(digest)?);
    let kernel = |data: &[u8]| crate::combos::combos(data, wanted);
    Ok(output(py, detached(py, &chunk, kernel)?))
}

#[pyfunction]
pub fn credentials(py: Python<'_>, chunk: PyBuffer<u8>) -> PyResult<Output<'_>> {
    let kernel = |data: &[u8]| crate::combos::combos(data, Wanted::Credential);
    Ok(output(py, detached(py, &chunk, kernel)?))
}

#[pyfunction]
pub fn credential_fields<'py>(
    py: Python<'py>,
    fields: Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
) -> PyResult<Output<'py>> {
    let pairs: Vec<(&[u8], &[u8])> = fields
        .iter()
        .map(|(address, password)| (address.as_bytes(), password.as_bytes()))
        .collect();
    Ok(output(
        py,
        py.detach(|| crate::combos::credential_fields(&pairs)),
    ))
}

#[pyfunction]
pub fn hashes<'py>(
    py: Python<'py>,
    chunk: PyBuffer<u8>,
    digest_bytes: usize,
    min_count: u64,
    prefix: &[u8],
) -> PyResult<Output<'py>> {
    if prefix.len() > digest_bytes * 2 || !prefix.iter().all(u8::is_ascii_hexdigit) {
        return Err(PyValueError::new_err(
            "the prefix is no beginning of a digest in hex",
        ));
    }
    let shape = crate::hashes::Shape {
        digest_bytes,
        min_count,
        prefix,
    };
    let kernel = |data: &[u8]| crate::hashes::hashes(data, &shape);
    Ok(output(py, detached(py, &chunk, kernel)?))
}

/// The rows of a table, lines seen and marked by then, and the cells of a column: see table_rows.rs.
type Rows<'py> = (usize, u64, u64, Bound<'py, PyBytes>);

#[pyfunction]
pub fn table_column<'py>(
    py: Python<'py>,
    chunk: PyBuffer<u8>,
    delimiter: u8,
    column: Option<usize>,
    seen: u64,
    marked: u64,
) -> PyResult<Option<Rows<'py>>> {
    let lines = crate::table_rows::Lines { seen, marked };
    let kernel = |data: &[u8]| crate::table_rows::column(data, delimiter, column, lines);
    let found = detached(py, &chunk, kernel)?;
    Ok(
        found
            .map(|(rows, lines, cells)| (rows, lines.seen, lines.marked, PyBytes::new(py, &cells))),
    )
}

/// How many lines end within `chunk[start..stop]`, of a text that ends at `end`.
#[pyfunction]
pub fn ended_lines(
    py: Python<'_>,
    chunk: PyBuffer<u8>,
    start: usize,
    stop: usize,
    end: usize,
) -> PyResult<usize> {
    detached(py, &chunk, |data| {
        let text = &data[..end.min(data.len())];
        let stop = stop.min(text.len());
        crate::lines::ended(text, start.min(stop), stop)
    })
}

/// Every top-level domain that this module knows, for the test that Python knows the same.
#[pyfunction]
pub fn tlds() -> Vec<&'static str> {
    crate::tld_table::names().collect()
}

/// The SHA-256 of each block of 4,096 bytes, packed: see verity.rs.
#[pyfunction]
pub fn block_digests(py: Python<'_>, data: PyBuffer<u8>) -> PyResult<Bound<'_, PyBytes>> {
    let digests = detached(py, &data, crate::verity::block_digests)?;
    Ok(PyBytes::new(py, &digests))
}
