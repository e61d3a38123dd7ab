//! The Python side of pools, sorting and merging: see `bloom/reference.py`.

use crate::arguments::{bytes, whole_digests, whole_records, within, wrong};
use crate::pool;
use crate::sort::{self, NoMemory};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

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
pub fn records<'py>(
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
pub struct Pool {
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

    /// The records of one partition, in the order in which they lie; by several threads at once
    /// when the pool was settled.
    fn read<'py>(slf: &Bound<'py, Self>, partition: i128) -> PyResult<Bound<'py, PyBytes>> {
        let py = slf.py();
        if slf.try_borrow()?.inner.has_runs() {
            slf.try_borrow_mut()?.inner.deal_runs()?;
        }
        let pool = slf.try_borrow()?;
        let index = pool.index(partition)?;
        let inner = &pool.inner;
        PyBytes::new_with(py, inner.part_len(index) * 16, |out| {
            py.detach(|| inner.read(index, out));
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
        let mut pool = pool.try_borrow_mut()?;
        pool.index(partition)?;
        pool.inner.deal_runs()?;
    }
    let mut parts = Vec::with_capacity(pools.len());
    for pool in pools {
        let mut pool = pool.try_borrow_mut()?;
        let index = pool.index(partition)?;
        parts.push(pool.inner.take(index));
    }
    Ok(parts)
}

/// Sort one partition of all `pools` into the first of them, repeats dropped; return how many
/// records it has then, and their `key_sum`.
#[pyfunction]
pub fn settle(
    py: Python<'_>,
    pools: Vec<Bound<'_, Pool>>,
    partition: i128,
) -> PyResult<(usize, u64)> {
    let parts = take(&pools, partition)?;
    let Some(first) = pools.first() else {
        return Ok((0, 0));
    };
    let pool::Settled { part, sum, .. } = py.detach(|| pool::Part::settle(parts))?;
    let count = part.len();
    let mut first = first.try_borrow_mut()?;
    let index = first.index(partition)?;
    first.inner.put(index, part);
    Ok((count, sum))
}

/// The sorted distinct records of one partition of all `pools`, which give them up.
#[pyfunction]
pub fn drain<'py>(
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
pub fn merge<'py>(
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

/// The sum, mod 2^64, of the XXH3-64 of the keys whose records these are.
#[pyfunction]
pub fn key_sum(py: Python<'_>, records: PyBuffer<u8>) -> PyResult<u64> {
    let records = bytes(&records)?;
    whole_records(records)?;
    Ok(py.detach(|| sort::key_sum(records.chunks_exact(16).map(sort::decode))))
}

/// All records of some pools whose input was in order already: see `reference.join`.
#[pyclass(module = "bloom._native", frozen)]
pub struct Joined(pool::Joined);

#[pymethods]
impl Joined {
    /// How many records there are.
    #[getter]
    fn count(&self) -> usize {
        self.0.count
    }

    /// The `key_sum` of them all.
    #[getter]
    fn key_sum(&self) -> u64 {
        self.0.sum
    }

    /// How many records come before `high`, their first eight bytes.
    fn find(&self, high: i128) -> PyResult<usize> {
        let most = 1 << 64;
        match within(high, 0, most, "high is out of bounds") {
            Ok(high) => Ok(self.0.find(high)),
            Err(_) if high == most => Ok(self.0.count),
            Err(error) => Err(error),
        }
    }

    /// The records from the one at `start` up to the one at `stop`.
    fn read<'py>(&self, py: Python<'py>, start: i128, stop: i128) -> PyResult<Bound<'py, PyBytes>> {
        let count = self.0.count as i128;
        let start = within(start, 0, count, "start is out of bounds")? as usize;
        let stop = within(stop, start as i128, count, "stop is out of bounds")? as usize;
        PyBytes::new_with(py, (stop - start) * 16, |out| {
            py.detach(|| self.0.read(start, out));
            Ok(())
        })
    }
}

/// All records of `pools`, which give them up, if they came in order and no pieces overlap.
#[pyfunction]
pub fn join(pools: Vec<Bound<'_, Pool>>) -> PyResult<Option<Joined>> {
    let mut spans = Vec::new();
    for pool in &pools {
        let pool = pool.try_borrow()?;
        if !pool.inner.in_runs() {
            return Ok(None);
        }
        spans.extend(pool.inner.spans());
    }
    spans.sort_unstable();
    if spans.is_empty() || spans.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Ok(None);
    }
    let mut runs = Vec::new();
    for pool in &pools {
        runs.extend(pool.try_borrow_mut()?.inner.take_runs());
    }
    Ok(Some(Joined(pool::Joined::new(runs))))
}
