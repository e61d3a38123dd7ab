//! Whether a file is still in the state that it was opened in: see `StatMark` in bloom/filter.py.

use pyo3::prelude::*;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Of a file: its number, when it was changed and when modified, its size, its device.
type State = (u64, i128, i128, u64, u64);

#[pyclass(module = "bloom._native", frozen)]
pub struct Mark {
    path: PathBuf,
    state: State,
}

#[pymethods]
impl Mark {
    /// Times are in nanoseconds, as all else from `os.stat`.
    #[new]
    fn new(
        path: PathBuf,
        inode: u64,
        changed: i128,
        modified: i128,
        size: u64,
        device: i128,
    ) -> Self {
        let state = (inode, changed, modified, size, device as u64);
        Self { path, state }
    }

    /// Whether the file under that name is the same, in the same state.
    fn holds(&self, py: Python<'_>) -> bool {
        py.detach(|| std::fs::metadata(&self.path))
            .is_ok_and(|found| state(&found) == self.state)
    }
}

fn state(found: &Metadata) -> State {
    let time = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    (
        found.ino(),
        time(found.ctime(), found.ctime_nsec()),
        time(found.mtime(), found.mtime_nsec()),
        found.size(),
        found.dev(),
    )
}
