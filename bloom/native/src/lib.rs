//! The hot steps of `bloom`: same names, arguments, errors and bytes as `bloom/reference.py`.
//!
//! Whole buffers in, whole buffers out, the GIL released in between. Knows no
//! files, prints nothing. A buffer handed in must not be written to by others
//! during the call; `state` alone may be shared between calls that run at once.

mod ask;
mod page;
mod pool;
mod sort;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sort::NoMemory;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU8;

const MAX_PAGES: i128 = 1 << 48;
const MAX_HASHES: i128 = 64;

impl From<NoMemory> for PyErr {
    fn from(_: NoMemory) -> PyErr {
        PyMemoryError::new_err("no memory for the records")
    }
}

fn wrong<T>(message: &'static str) -> PyResult<T> {
    Err(PyValueError::new_err(message))
}

/// A whole number within bounds, or ValueError with `message`.
fn within(number: i128, low: i128, high: i128, message: &'static str) -> PyResult<u64> {
    if (low..=high).contains(&number) {
        u64::try_from(number).or_else(|_| wrong(message))
    } else {
        wrong(message)
    }
}

/// The bytes of a contiguous buffer.
fn bytes(buffer: &PyBuffer<u8>) -> PyResult<&[u8]> {
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
fn bytes_mut(buffer: &PyBuffer<u8>) -> PyResult<&mut [u8]> {
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

fn whole_pages(buffer: &[u8]) -> PyResult<()> {
    if !buffer.len().is_multiple_of(page::PAGE) {
        return wrong("not a whole number of pages");
    }
    Ok(())
}

fn whole_digests(digests: &[u8], digest_bytes: i128) -> PyResult<usize> {
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

fn whole_records(records: &[u8]) -> PyResult<()> {
    if !records.len().is_multiple_of(16) {
        return wrong("not a whole number of records");
    }
    Ok(())
}

/// The records as `bytes`; the buffers go back to their thread.
fn encoded(py: Python<'_>, bench: sort::Bench) -> PyResult<Bound<'_, PyBytes>> {
    let out = PyBytes::new_with(py, bench.records.len() * 16, |out| {
        py.detach(|| sort::encode(&bench.records, out));
        Ok(())
    });
    bench.give_back();
    out
}

/// The 16-byte records, in order, of `digests` packed end to end.
#[pyfunction]
fn records<'py>(
    py: Python<'py>,
    digests: PyBuffer<u8>,
    digest_bytes: i128,
) -> PyResult<Bound<'py, PyBytes>> {
    let digests = bytes(&digests)?;
    let size = whole_digests(digests, digest_bytes)?;
    PyBytes::new_with(py, digests.len() / size * 16, |out| {
        py.detach(|| {
            let mut places = out.chunks_exact_mut(16);
            pool::for_each_digest(digests, size, |digest| {
                if let Some(place) = places.next() {
                    place.copy_from_slice(&pool::record(digest).to_be_bytes());
                }
            });
        });
        Ok(())
    })
}

/// Records of one thread, by partition: the leading `bits` bits of the digest.
#[pyclass(module = "bloom._native")]
struct Pool {
    inner: pool::Partitions,
    size: usize,
}

#[pymethods]
impl Pool {
    #[new]
    fn new(digest_bytes: i128, bits: i128) -> PyResult<Self> {
        let size = whole_digests(&[], digest_bytes)?;
        let bits = within(bits, 0, 16, "bits must be between 0 and 16")? as u32;
        Ok(Pool {
            inner: pool::Partitions::new(size, bits),
            size,
        })
    }

    /// Take `digests`, packed end to end, in any order and with repeats.
    fn add(&mut self, py: Python<'_>, digests: PyBuffer<u8>) -> PyResult<()> {
        let digests = bytes(&digests)?;
        whole_digests(digests, self.size as i128)?;
        let inner = &mut self.inner;
        Ok(py.detach(|| inner.add(digests))?)
    }

    /// Sort each partition and drop its repeats.
    fn compact(&mut self, py: Python<'_>) -> PyResult<()> {
        let inner = &mut self.inner;
        Ok(py.detach(|| inner.compact())?)
    }

    /// The records of one partition, in the order in which they lie.
    fn read<'py>(&self, py: Python<'py>, partition: i128) -> PyResult<Bound<'py, PyBytes>> {
        let index = self.index(partition)?;
        PyBytes::new_with(py, self.inner.part_len(index) * 16, |out| {
            py.detach(|| self.inner.read(index, out));
            Ok(())
        })
    }

    /// Records held, repeats included.
    #[getter]
    fn count(&self) -> usize {
        self.inner.count
    }

    /// Memory held by the records, in bytes.
    #[getter]
    fn nbytes(&self) -> usize {
        self.inner.nbytes()
    }
}

impl Pool {
    fn index(&self, partition: i128) -> PyResult<usize> {
        let last = self.inner.len() as i128 - 1;
        Ok(within(partition, 0, last, "there is no such partition")? as usize)
    }
}

/// Take one partition out of all `pools`.
fn take(pools: &[Bound<'_, Pool>], partition: i128) -> PyResult<Vec<pool::Part>> {
    for pool in pools {
        pool.try_borrow()?.index(partition)?;
    }
    let mut parts = Vec::with_capacity(pools.len());
    for pool in pools {
        let mut pool = pool.try_borrow_mut()?;
        let index = pool.index(partition)?;
        parts.push(pool.inner.take(index));
    }
    Ok(parts)
}

/// Sort one partition of all `pools` into the first of them, repeats dropped; return its records.
#[pyfunction]
fn settle(py: Python<'_>, pools: Vec<Bound<'_, Pool>>, partition: i128) -> PyResult<usize> {
    let parts = take(&pools, partition)?;
    let Some(first) = pools.first() else {
        return Ok(0);
    };
    let part = py.detach(|| pool::Part::settle(parts))?;
    let count = part.len();
    let mut first = first.try_borrow_mut()?;
    let index = first.index(partition)?;
    first.inner.put(index, part);
    Ok(count)
}

/// The sorted distinct records of one partition of all `pools`, which give them up.
#[pyfunction]
fn drain<'py>(
    py: Python<'py>,
    pools: Vec<Bound<'py, Pool>>,
    partition: i128,
) -> PyResult<Bound<'py, PyBytes>> {
    let parts = take(&pools, partition)?;
    let bench = py.detach(|| -> Result<sort::Bench, NoMemory> {
        let mut bench = sort::Bench::take(parts.iter().map(pool::Part::len).sum())?;
        parts
            .into_iter()
            .for_each(|part| part.pour(&mut bench.records));
        bench.sort_distinct()?;
        Ok(bench)
    })?;
    encoded(py, bench)
}

/// One step of merging sorted runs of distinct records, seen through windows.
#[pyfunction]
fn merge<'py>(
    py: Python<'py>,
    runs: Vec<PyBuffer<u8>>,
    open_ended: Vec<bool>,
) -> PyResult<(Bound<'py, PyBytes>, Vec<usize>)> {
    let windows: Vec<&[u8]> = runs.iter().map(bytes).collect::<PyResult<_>>()?;
    if windows.len() != open_ended.len() {
        return wrong("one flag for each window");
    }
    for (window, open) in windows.iter().zip(&open_ended) {
        whole_records(window)?;
        if *open && window.is_empty() {
            return wrong("a window with more to follow holds a record");
        }
    }
    let (merged, used) = py.detach(|| sort::merge(&windows, &open_ended))?;
    Ok((encoded(py, merged)?, used))
}

/// Set the bits of `sorted_records` in `buffer`, whose first page is number `first`.
#[pyfunction]
fn fill(
    py: Python<'_>,
    sorted_records: PyBuffer<u8>,
    pages: i128,
    hashes: i128,
    buffer: PyBuffer<u8>,
    first: i128,
) -> PyResult<()> {
    let records = bytes(&sorted_records)?;
    let buffer = bytes_mut(&buffer)?;
    let pages = within(pages, 1, MAX_PAGES, "pages is out of bounds")?;
    let hashes = within(hashes, 1, MAX_HASHES, "hashes is out of bounds")? as u32;
    let first = within(first, 0, MAX_PAGES, "first is out of bounds")?;
    whole_records(records)?;
    whole_pages(buffer)?;
    py.detach(|| page::fill(records, pages, hashes, buffer, first))
        .or_else(|_| wrong("a record is outside the buffer"))
}

/// Write the checksum of each page of `buffer`; return {bits set: pages that have so many}.
#[pyfunction]
fn seal<'py>(py: Python<'py>, buffer: PyBuffer<u8>, first: i128) -> PyResult<Bound<'py, PyDict>> {
    let buffer = bytes_mut(&buffer)?;
    let first = within(first, 0, MAX_PAGES, "first is out of bounds")?;
    whole_pages(buffer)?;
    let loads = py.detach(|| {
        let mut loads = BTreeMap::<u32, u64>::new();
        page::seal(buffer, first, |load| *loads.entry(load).or_default() += 1);
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
fn damaged(py: Python<'_>, buffer: PyBuffer<u8>, first: i128) -> PyResult<Vec<u64>> {
    let buffer = bytes(&buffer)?;
    let first = within(first, 0, MAX_PAGES, "first is out of bounds")?;
    Ok(py.detach(|| {
        buffer
            .chunks(page::PAGE)
            .zip(first..)
            .filter(|(page, number)| !page::is_sound(page, *number))
            .map(|(_, number)| number)
            .collect()
    }))
}

/// ABSENT, PRESENT or UNKNOWN for each of `digests`, one byte each.
#[pyfunction]
fn lookup<'py>(
    py: Python<'py>,
    body: PyBuffer<u8>,
    shape: (i128, i128, i128),
    digests: PyBuffer<u8>,
    digest_bytes: i128,
    state: PyBuffer<u8>,
) -> PyResult<Bound<'py, PyBytes>> {
    let digests = bytes(&digests)?;
    let size = whole_digests(digests, digest_bytes)?;
    let (pages, first, hashes) = shape;
    let states = bytes_mut(&state)?;
    let shape = ask::Shape {
        body: bytes(&body)?,
        pages: within(pages, 1, MAX_PAGES, "pages is out of bounds")?,
        first: within(first, 0, MAX_PAGES, "first is out of bounds")?,
        hashes: within(hashes, 1, MAX_HASHES, "hashes is out of bounds")? as u32,
        // SAFETY: AtomicU8 has the layout of u8; calls that run at once share them as atomics.
        state: unsafe {
            std::slice::from_raw_parts(states.as_mut_ptr().cast::<AtomicU8>(), states.len())
        },
    };
    PyBytes::new_with(py, digests.len() / size, |codes| {
        py.detach(|| shape.look_up(digests, size, codes));
        Ok(())
    })
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("RECORD_BYTES", 16)?;
    module.add("ABSENT", ask::ABSENT)?;
    module.add("PRESENT", ask::PRESENT)?;
    module.add("UNKNOWN", ask::UNKNOWN)?;
    module.add_class::<Pool>()?;
    module.add_function(wrap_pyfunction!(records, module)?)?;
    module.add_function(wrap_pyfunction!(settle, module)?)?;
    module.add_function(wrap_pyfunction!(drain, module)?)?;
    module.add_function(wrap_pyfunction!(merge, module)?)?;
    module.add_function(wrap_pyfunction!(fill, module)?)?;
    module.add_function(wrap_pyfunction!(seal, module)?)?;
    module.add_function(wrap_pyfunction!(loads, module)?)?;
    module.add_function(wrap_pyfunction!(damaged, module)?)?;
    module.add_function(wrap_pyfunction!(lookup, module)?)?;
    Ok(())
}
