//! The Python side of pages and lookups: see `reference.Pages`.

use crate::arguments::{bytes, seed, whole_digests, within, MAX_HASHES, MAX_PAGES};
use crate::pages;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Pages of a filter, or a slice of one, that were read and found sound: what they answer.
#[pyclass(module = "bloom._native", frozen)]
pub struct Pages {
    inner: pages::Pages,
    size: usize,
}

#[pymethods]
impl Pages {
    #[new]
    fn new(shape: (i128, i128, i128, i128), held: i128, digest_bytes: i128) -> PyResult<Self> {
        let (pages, first, hashes, number) = shape;
        let shape = pages::Shape {
            pages: within(pages, 1, MAX_PAGES, "pages is out of bounds")?,
            first: within(first, 0, MAX_PAGES, "first is out of bounds")?,
            hashes: within(hashes, 1, MAX_HASHES, "hashes is out of bounds")? as u32,
            seed: seed(number)?,
        };
        let size = whole_digests(&[], digest_bytes)?;
        let held = within(held, 0, MAX_PAGES, "held is out of bounds")? as usize;
        let inner = pages::Pages::new(shape, held)?;
        Ok(Pages { inner, size })
    }

    /// How many pages are here.
    #[getter]
    fn count(&self) -> usize {
        self.inner.count()
    }

    /// Take a copy of `pages`, the first of which is at `index`; return how many were sound.
    fn put(&self, py: Python<'_>, index: i128, pages: PyBuffer<u8>) -> PyResult<usize> {
        let held = self.inner.held() as i128;
        let index = within(index, 0, held, "index is out of bounds")? as usize;
        let pages = bytes(&pages)?;
        Ok(py.detach(|| self.inner.put(index, pages))?)
    }

    /// The indexes, in order, of the pages held that `digests` need and that are not here.
    fn missing(&self, py: Python<'_>, digests: PyBuffer<u8>) -> PyResult<Vec<u64>> {
        let digests = bytes(&digests)?;
        let size = whole_digests(digests, self.size as i128)?;
        Ok(py.detach(|| self.inner.missing(self.inner.indexes(digests, size))))
    }

    /// ABSENT, PRESENT or UNKNOWN for each of `digests`, one byte each.
    fn look_up<'py>(
        &self,
        py: Python<'py>,
        digests: PyBuffer<u8>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let digests = bytes(&digests)?;
        let size = whole_digests(digests, self.size as i128)?;
        PyBytes::new_with(py, digests.len() / size, |codes| {
            py.detach(|| self.inner.look_up(digests, size, codes));
            Ok(())
        })
    }

    /// The same for one digest; ValueError where it has another length.
    fn look_up_one(&self, digest: &Bound<'_, PyAny>) -> PyResult<u8> {
        let ask = |digest: &[u8]| {
            if digest.len() == self.size {
                return Ok(self.inner.look_up_one(digest));
            }
            let size = self.size;
            Err(PyValueError::new_err(format!(
                "this filter holds digests of {size} bytes"
            )))
        };
        match digest.cast::<PyBytes>() {
            Ok(digest) => ask(digest.as_bytes()),
            Err(_) => ask(bytes(&PyBuffer::get(digest)?)?),
        }
    }

    /// For each of `digests`, the bits set in its page, or None where it is not here.
    fn loads(&self, py: Python<'_>, digests: PyBuffer<u8>) -> PyResult<Vec<Option<u16>>> {
        let digests = bytes(&digests)?;
        let size = whole_digests(digests, self.size as i128)?;
        let indexes = self.inner.indexes(digests, size);
        Ok(py.detach(|| indexes.map(|index| self.inner.ones(index)).collect()))
    }
}
