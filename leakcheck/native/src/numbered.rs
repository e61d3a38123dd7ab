//! Lines of a report that say the same of many rows: see `leakcheck/scanning/numbered.py`.

use crate::python::bytes;
use crate::report_rows::digits;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// `line N` and a tail for each of `codes` that is `wanted`; N counts from `first`.
#[pyfunction]
pub fn numbered(
    py: Python<'_>,
    first: u64,
    codes: PyBuffer<u8>,
    wanted: u8,
    tails: Vec<String>,
    which: PyBuffer<u16>,
) -> PyResult<String> {
    let codes = bytes(&codes)?;
    let which = which.to_vec(py)?;
    py.detach(|| {
        let mut text = String::new();
        let mut room = [0; 20];
        let mut which = which.iter();
        for (at, _) in codes.iter().enumerate().filter(|(_, &code)| code == wanted) {
            let tail = which.next().and_then(|&tail| tails.get(usize::from(tail)));
            let Some(tail) = tail else {
                return Err("a line has no tail");
            };
            text.push_str("line ");
            let number = digits(first.wrapping_add(at as u64), &mut room);
            text.extend(number.iter().map(|&digit| char::from(digit)));
            text.push_str(tail);
        }
        Ok(text)
    })
    .map_err(PyValueError::new_err)
}
