//! The hot steps of `bloom`: same names, arguments, errors and bytes as `bloom/reference.py`.
//!
//! Whole buffers in, whole buffers out, the GIL released in between. Knows no
//! files but for their state (`mark`), prints nothing. A buffer handed in must not be written to by others
//! during the call.

mod arguments;
mod asking;
mod blocks;
mod lookups;
#[cfg(unix)]
mod mark;
mod page;
mod page_builder;
mod pages;
mod pool;
mod slab;
mod sort;
mod sorting;

use arguments::{
    bytes, bytes_mut, whole_pages, whole_records, within, wrong, MAX_HASHES, MAX_PAGES,
};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sorting::Pool;
use std::collections::BTreeMap;

/// Set the bits of `sorted_records` in `buffer`, whose first page is number `first`;
/// return their `key_sum`.
#[pyfunction]
fn fill(
    py: Python<'_>,
    sorted_records: PyBuffer<u8>,
    pages: i128,
    hashes: i128,
    buffer: PyBuffer<u8>,
    first: i128,
) -> PyResult<u64> {
    let records = bytes(&sorted_records)?;
    let buffer = bytes_mut(&buffer)?;
    let pages = within(pages, 1, MAX_PAGES, "pages is out of bounds")?;
    let hashes = within(hashes, 1, MAX_HASHES, "hashes is out of bounds")? as u32;
    let first = within(first, 0, MAX_PAGES, "first is out of bounds")?;
    whole_records(records)?;
    whole_pages(buffer)?;
    py.detach(|| page_builder::fill(records, pages, hashes, buffer, first))
        .or_else(|_| wrong("a record is outside the buffer"))
}

/// Write the checksum of each page of `buffer`; return {bits set: pages that have so many}.
#[pyfunction]
fn seal<'py>(
    py: Python<'py>,
    buffer: PyBuffer<u8>,
    first: i128,
    seed: i128,
) -> PyResult<Bound<'py, PyDict>> {
    let buffer = bytes_mut(&buffer)?;
    let first = within(first, 0, MAX_PAGES, "first is out of bounds")?;
    let seed = arguments::seed(seed)?;
    whole_pages(buffer)?;
    let loads = py.detach(|| {
        let mut loads = BTreeMap::<u32, u64>::new();
        page::seal(buffer, first, seed, |load| {
            *loads.entry(load).or_default() += 1
        });
        loads
    });
    let counts = PyDict::new(py);
    for (load, count) in loads {
        counts.set_item(load, count)?;
    }
    Ok(counts)
}

/// The bits set in each page of `buffer`.
#[pyfunction]
fn loads(py: Python<'_>, buffer: PyBuffer<u8>) -> PyResult<Vec<u32>> {
    let buffer = bytes(&buffer)?;
    whole_pages(buffer)?;
    Ok(py.detach(|| buffer.chunks_exact(page::PAGE).map(page::load).collect()))
}

/// The numbers of the pages in `buffer` whose checksum does not match.
#[pyfunction]
fn damaged(py: Python<'_>, buffer: PyBuffer<u8>, first: i128, seed: i128) -> PyResult<Vec<u64>> {
    let buffer = bytes(&buffer)?;
    let first = within(first, 0, MAX_PAGES, "first is out of bounds")?;
    let seed = arguments::seed(seed)?;
    Ok(py.detach(|| {
        buffer
            .chunks(page::PAGE)
            .zip(first..)
            .filter(|(page, number)| !page::is_sound(page, *number, seed))
            .map(|(_, number)| number)
            .collect()
    }))
}

/// Nothing here leans on the interpreter's lock: what is shared has locks of its own.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("RECORD_BYTES", 16)?;
    module.add("ABSENT", lookups::ABSENT)?;
    module.add("PRESENT", lookups::PRESENT)?;
    module.add("UNKNOWN", lookups::UNKNOWN)?;
    module.add_class::<Pool>()?;
    module.add_class::<asking::Pages>()?;
    #[cfg(unix)]
    module.add_class::<mark::Mark>()?;
    module.add_class::<sorting::Joined>()?;
    module.add_function(wrap_pyfunction!(sorting::join, module)?)?;
    module.add_function(wrap_pyfunction!(sorting::records, module)?)?;
    module.add_function(wrap_pyfunction!(sorting::settle, module)?)?;
    module.add_function(wrap_pyfunction!(sorting::drain, module)?)?;
    module.add_function(wrap_pyfunction!(sorting::merge, module)?)?;
    module.add_function(wrap_pyfunction!(sorting::key_sum, module)?)?;
    module.add_function(wrap_pyfunction!(fill, module)?)?;
    module.add_function(wrap_pyfunction!(seal, module)?)?;
    module.add_function(wrap_pyfunction!(loads, module)?)?;
    module.add_function(wrap_pyfunction!(damaged, module)?)?;
    Ok(())
}
