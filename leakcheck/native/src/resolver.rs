//! The way back to Python for domains that are not ASCII, with a memory for one chunk.

use crate::domain::Reading;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::cell::RefCell;
use std::collections::HashMap;

/// Asks a Python callable, once for each text; its first error is kept.
pub struct Asker {
    callable: Py<PyAny>,
    memory: RefCell<HashMap<Vec<u8>, Vec<Reading>>>,
    error: RefCell<Option<PyErr>>,
}

impl Asker {
    pub fn new(callable: Py<PyAny>) -> Self {
        Self {
            callable,
            memory: RefCell::default(),
            error: RefCell::default(),
        }
    }

    /// The domains at the front of `text`; none, once there was an error.
    pub fn ask(&self, text: &[u8]) -> Vec<Reading> {
        if let Some(known) = self.memory.borrow().get(text) {
            return known.clone();
        }
        if self.error.borrow().is_some() {
            return Vec::new();
        }
        let answer = Python::attach(|py| {
            let answer = self.callable.call1(py, (PyBytes::new(py, text),))?;
            answer.extract::<Vec<Reading>>(py)
        });
        match answer {
            Ok(found) => {
                let sound = |reading: &Reading| (1..=text.len()).contains(&reading.1);
                let found: Vec<Reading> = found.into_iter().filter(sound).collect();
                self.memory
                    .borrow_mut()
                    .insert(text.to_vec(), found.clone());
                found
            }
            Err(error) => {
                *self.error.borrow_mut() = Some(error);
                Vec::new()
            }
        }
    }

    /// The error that there was, if any.
    pub fn finish(self) -> PyResult<()> {
        self.error.into_inner().map_or(Ok(()), Err)
    }
}
