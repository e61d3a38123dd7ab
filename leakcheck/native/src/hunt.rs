//! The sieve of `leakcheck hunt`: throws away what cannot name anyone on a watch list.
//!
//! Rule 1: it may keep too much, never too little; what it keeps is compared
//! exactly in Python. Rule 2: a text is read as it stands, and once more for
//! each layer of escapes. Rule 3: work per byte does not depend on the length
//! of the list. Rule 4: whole buffers in, positions out, the GIL released. Rule 5: of a
//! short list, what a first look leaves out (glance.rs) is not looked at again.

mod addresses;
mod escapes;
mod fold;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod glance;
mod keys;
mod phones;
mod words;

use addresses::Addresses;
use fold::Fold;
use glance::Glance;
use memchr::{memchr, memrchr};
use phones::Phones;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use words::Words;

/// Layers of escapes that are taken off.
const LAYERS: usize = 3;
/// Bytes on both sides of an escape that are read anew with it.
const MARGIN: usize = 2048;
/// One suspect speaks for what follows it on its line within so many bytes.
const QUIET: usize = 512;

/// Positions to look at, in the order they were found.
struct Suspects<'a> {
    data: &'a [u8],
    found: Vec<usize>,
    last: Option<usize>,
}

impl Suspects<'_> {
    fn push(&mut self, at: usize) {
        if let Some(last) = self.last {
            let near = last <= at && at - last < QUIET;
            if near && memchr(b'\n', &self.data[last..at]).is_none() {
                return;
            }
        }
        self.last = Some(at);
        self.found.push(at);
    }

    fn begin_pass(&mut self) {
        self.last = None;
    }
}

/// A watch list, as the sieve sees it. Built once, shared by threads.
#[pyclass(frozen)]
pub struct Sieve {
    glance: Option<Glance>,
    addresses: Addresses,
    words: Words,
    phones: Phones,
}

impl Sieve {
    fn scan(&self, data: &[u8], push: &mut impl FnMut(usize)) {
        self.addresses.scan(data, (0, data.len()), push);
        self.words.scan(data, true, push);
        self.phones.scan(data, push);
    }

    fn suspects(&self, data: &[u8]) -> Vec<usize> {
        let mut out = Suspects {
            data,
            found: Vec::new(),
            last: None,
        };
        let found = self.glance.as_ref().and_then(|glance| glance.parts(data));
        let parts = found.unwrap_or_else(|| vec![(0, data.len())]);
        for &part in &parts {
            self.addresses.scan(data, part, &mut |at| out.push(at));
        }
        out.begin_pass();
        for &(start, end) in &parts {
            let words = &data[start..end];
            self.words
                .scan(words, false, &mut |at| out.push(start + at));
        }
        out.begin_pass();
        self.phones.scan(data, &mut |at| out.push(at));
        out.begin_pass();
        self.escaped(data, &mut out);
        out.begin_pass();
        self.encoded(data, &parts, &mut |at| out.push(at));
        let mut found = out.found;
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Looks at addresses in `parts` of the text that do not stand there letter by letter.
    fn encoded(&self, data: &[u8], parts: &[glance::Part], push: &mut impl FnMut(usize)) {
        if self.addresses.is_empty() && self.words.is_empty() {
            return;
        }
        for found in crate::emails::encoded_spans_in(data, parts) {
            let mut named = false;
            self.scan(&found.canonical, &mut |_| named = true);
            if named {
                push(found.start);
            }
        }
    }

    /// Reads each line that holds an escape again, without it.
    fn escaped(&self, data: &[u8], out: &mut Suspects) {
        let mut scratch = escapes::Scratch::default();
        let mut from = 0;
        while let Some(escape) = escapes::next(data, from) {
            let low = escape.saturating_sub(MARGIN);
            let start = memrchr(b'\n', &data[low..escape]).map_or(low, |at| low + at + 1);
            let high = (escape + 3 * MARGIN).min(data.len());
            let line_end = memchr(b'\n', &data[escape..high]).map(|at| escape + at);
            let stop = line_end.unwrap_or(high);
            scratch.load(data, start, stop);
            for _ in 0..LAYERS {
                if !scratch.peel() {
                    break;
                }
                self.scan(scratch.text(), &mut |at| out.push(scratch.origin(at)));
                let all = [(0, scratch.text().len())];
                self.encoded(scratch.text(), &all, &mut |at| out.push(scratch.origin(at)));
            }
            from = if line_end.is_some() || stop == data.len() {
                stop
            } else {
                stop - MARGIN
            };
        }
    }
}

fn split(blob: &[u8]) -> impl Iterator<Item = &[u8]> {
    blob.split(|&byte| byte == b'\n')
        .filter(|piece| !piece.is_empty())
}

#[pymethods]
impl Sieve {
    /// All lists are of pieces that end in LF. addresses: `local@first word of the domain`;
    /// at_domains, pairs: two words parted by a blank; words: one word each; tails: u32 of
    /// the last seven digits of each phone number; letters, folds: see leakcheck/hunting/folding.py.
    #[new]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        addresses: &[u8],
        at_domains: &[u8],
        words: &[u8],
        pairs: &[u8],
        tails: &[u8],
        letters: &[u8],
        folds: &[u8],
    ) -> Sieve {
        py.detach(|| Sieve {
            glance: Glance::new(
                split(addresses),
                split(at_domains),
                split(words),
                split(pairs),
            ),
            addresses: Addresses::new(split(addresses), split(at_domains)),
            words: Words::new(split(words), split(pairs), Fold::new(letters, folds)),
            phones: Phones::new(tails),
        })
    }

    /// Positions in `chunk`, ascending, near which a match may be: no further than 2,048
    /// bytes after its start, and for what lies within 512 bytes on a line only the first.
    fn positions(&self, py: Python<'_>, chunk: PyBuffer<u8>) -> PyResult<Vec<usize>> {
        if !chunk.is_c_contiguous() {
            return Err(PyValueError::new_err("the buffer is not contiguous"));
        }
        if chunk.len_bytes() == 0 {
            return Ok(Vec::new());
        }
        // SAFETY: contiguous, not empty, held by `chunk`; nobody writes to it during the call.
        let data = unsafe { std::slice::from_raw_parts(chunk.buf_ptr().cast(), chunk.len_bytes()) };
        Ok(py.detach(|| self.suspects(data)))
    }
}
