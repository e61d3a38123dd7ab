//! What Python sees: buffers and numbers in, bytes and numbers out.

use crate::combos::Wanted;
use crate::lines::Account;
use crate::resolver::Asker;
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

/// Run `kernel` on the chunk without the GIL, with a way to ask for domains.
pub fn with_asker<'py, T: Send>(
    py: Python<'py>,
    chunk: &PyBuffer<u8>,
    callable: Py<PyAny>,
    kernel: impl Fn(&[u8], crate::domain::Resolver) -> T + Send,
) -> PyResult<T> {
    let data = bytes(chunk)?;
    py.detach(move || {
        let asker = Asker::new(callable);
        let result = kernel(data, &|text| asker.ask(text));
        asker.finish().map(|()| result)
    })
}

#[pyfunction]
pub fn emails(py: Python<'_>, chunk: PyBuffer<u8>, ask: Py<PyAny>) -> PyResult<Output<'_>> {
    Ok(output(
        py,
        with_asker(py, &chunk, ask, crate::emails::emails)?,
    ))
}

#[pyfunction]
pub fn domains(py: Python<'_>, chunk: PyBuffer<u8>, ask: Py<PyAny>) -> PyResult<Output<'_>> {
    Ok(output(
        py,
        with_asker(py, &chunk, ask, crate::emails::domains)?,
    ))
}

#[pyfunction]
pub fn address_spans<'py>(
    py: Python<'py>,
    chunk: PyBuffer<u8>,
    ask: Py<PyAny>,
) -> PyResult<Vec<(usize, usize, Bound<'py, PyBytes>)>> {
    let found = with_asker(py, &chunk, ask, crate::emails::spans)?;
    let span =
        |found: crate::address::Found| (found.start, found.end, PyBytes::new(py, &found.canonical));
    Ok(found.into_iter().map(span).collect())
}

#[pyfunction]
pub fn passwords(py: Python<'_>, chunk: PyBuffer<u8>, ntlm: bool) -> PyResult<Output<'_>> {
    let data = bytes(&chunk)?;
    Ok(output(
        py,
        py.detach(|| crate::passwords::passwords(data, ntlm)),
    ))
}

#[pyfunction]
pub fn password_fields<'py>(
    py: Python<'py>,
    fields: Vec<Bound<'py, PyBytes>>,
    ntlm: bool,
) -> PyResult<Output<'py>> {
    let fields: Vec<&[u8]> = fields.iter().map(|field| field.as_bytes()).collect();
    Ok(output(
        py,
        py.detach(|| crate::passwords::fields(&fields, ntlm)),
    ))
}

#[pyfunction]
pub fn combo_passwords(
    py: Python<'_>,
    chunk: PyBuffer<u8>,
    ntlm: bool,
    ask: Py<PyAny>,
) -> PyResult<Output<'_>> {
    let wanted = if ntlm { Wanted::Ntlm } else { Wanted::Password };
    let kernel =
        |data: &[u8], ask: crate::domain::Resolver| crate::combos::combos(data, wanted, ask);
    Ok(output(py, with_asker(py, &chunk, ask, kernel)?))
}

#[pyfunction]
pub fn credentials(py: Python<'_>, chunk: PyBuffer<u8>, ask: Py<PyAny>) -> PyResult<Output<'_>> {
    let kernel = |data: &[u8], ask: crate::domain::Resolver| {
        crate::combos::combos(data, Wanted::Credential, ask)
    };
    Ok(output(py, with_asker(py, &chunk, ask, kernel)?))
}

#[pyfunction]
pub fn credential_fields<'py>(
    py: Python<'py>,
    fields: Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
    ask: Py<PyAny>,
) -> PyResult<Output<'py>> {
    let pairs: Vec<(&[u8], &[u8])> = fields
        .iter()
        .map(|(address, password)| (address.as_bytes(), password.as_bytes()))
        .collect();
    let result = py.detach(|| {
        let asker = Asker::new(ask);
        let result = crate::combos::credential_fields(&pairs, &|text| asker.ask(text));
        asker.finish().map(|()| result)
    })?;
    Ok(output(py, result))
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
    let data = bytes(&chunk)?;
    let shape = crate::hashes::Shape {
        digest_bytes,
        min_count,
        prefix,
    };
    Ok(output(
        py,
        py.detach(|| crate::hashes::hashes(data, &shape)),
    ))
}

/// Every top-level domain that this module knows, for the test that Python knows the same.
#[pyfunction]
pub fn tlds() -> Vec<&'static str> {
    crate::tld_table::names().collect()
}

/// The SHA-256 of each block of 4,096 bytes, packed: see verity.rs.
#[pyfunction]
pub fn block_digests(py: Python<'_>, data: PyBuffer<u8>) -> PyResult<Bound<'_, PyBytes>> {
    let data = bytes(&data)?;
    let digests = py.detach(|| crate::verity::block_digests(data));
    Ok(PyBytes::new(py, &digests))
}
