//! Distinct digests of 20 bytes that wait in memory, by their first byte, until each part is
//! taken: what `leakcheck build` dedupes before a slow hash. See leakcheck/building/distinct.py.

use crate::python::bytes;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Mutex;

const WIDTH: usize = 20;
const PARTS: usize = 256;
const LEAST: usize = 1024;

type Digest = [u8; WIDTH];

struct Part {
    digests: Vec<Digest>,
    sorted: usize,
    open: bool,
}

impl Part {
    /// Sort, drop repeats, and give back the room that was theirs.
    fn settle(&mut self) {
        if self.digests.len() != self.sorted {
            self.digests.sort_unstable();
            self.digests.dedup();
            self.sorted = self.digests.len();
        }
    }

    fn push(&mut self, digest: Digest) {
        if self.digests.len() == self.digests.capacity() {
            self.settle();
            let more = (self.sorted / 2).max(LEAST);
            if self.digests.capacity() - self.sorted < more / 2 {
                self.digests.reserve_exact(more);
            }
        }
        self.digests.push(digest);
    }
}

#[pyclass(frozen)]
pub struct Distinct {
    parts: Mutex<Vec<Part>>,
}

impl Distinct {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Part>) -> T) -> T {
        work(
            &mut self
                .parts
                .lock()
                .unwrap_or_else(|broken| broken.into_inner()),
        )
    }
}

#[pymethods]
impl Distinct {
    #[new]
    fn new() -> Self {
        let empty = || Part {
            digests: Vec::new(),
            sorted: 0,
            open: true,
        };
        Self {
            parts: Mutex::new((0..PARTS).map(|_| empty()).collect()),
        }
    }

    /// Take packed digests; those of parts that are closed are passed over.
    fn add(&self, py: Python<'_>, digests: PyBuffer<u8>) -> PyResult<()> {
        let data = bytes(&digests)?;
        if data.len() % WIDTH != 0 {
            return Err(PyValueError::new_err("not a whole number of digests"));
        }
        py.detach(|| {
            self.with(|parts| {
                for digest in data.chunks_exact(WIDTH) {
                    let part = &mut parts[usize::from(digest[0])];
                    if part.open {
                        part.push(digest.try_into().expect("chunks_exact gives WIDTH bytes"));
                    }
                }
            });
        });
        Ok(())
    }

    /// The bytes that are held.
    fn nbytes(&self) -> usize {
        self.with(|parts| parts.iter().map(|one| one.digests.capacity() * WIDTH).sum())
    }

    /// How many distinct digests are held.
    fn count(&self, py: Python<'_>) -> usize {
        py.detach(|| {
            self.with(|parts| {
                parts.iter_mut().for_each(Part::settle);
                parts.iter().map(|one| one.sorted).sum()
            })
        })
    }

    /// Open a part, or close it and let go of what it holds.
    fn open(&self, number: u8, open: bool) {
        self.with(|parts| {
            let part = &mut parts[usize::from(number)];
            part.open = open;
            if !open {
                part.digests = Vec::new();
                part.sorted = 0;
            }
        });
    }

    /// The digests of a part, distinct and in order, packed; the part is closed.
    fn take<'py>(&self, py: Python<'py>, number: u8) -> Bound<'py, PyBytes> {
        let taken = self.with(|parts| {
            let part = &mut parts[usize::from(number)];
            part.settle();
            part.open = false;
            part.sorted = 0;
            std::mem::take(&mut part.digests)
        });
        PyBytes::new(py, taken.as_flattened())
    }
}
