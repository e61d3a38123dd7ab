//! The sieve of `leakcheck hunt`: throws away what cannot name anyone on a watch list.
//!
//! Rule 1: it may keep too much, never too little; what it keeps is compared
//! exactly in Python. Rule 2: a text is read as it stands, and once more for
//! each layer of escapes. Rule 3: work per byte does not depend on the length
//! of the list. Rule 4: whole buffers in, positions out, the GIL released. Rule 5: of a
//! short list, what a first look leaves out (glance.rs) is not looked at again.

mod addresses;
mod entries;
mod escapes;
mod fold;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod glance;
mod keys;
mod phones;
mod words;

use crate::python::bytes;
use addresses::Addresses;
pub use entries::Entries;
use entries::{Table, ADDRESS, AT_DOMAIN, DOMAIN};
use fold::Fold;
use glance::Glance;
use memchr::{memchr, memmem, memrchr};
use phones::Phones;
use pyo3::buffer::PyBuffer;
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

    /// Positions to look at; and how many lines end in `data`, where the first look tells.
    fn suspects(&self, data: &[u8]) -> (Vec<usize>, Option<usize>) {
        let mut out = Suspects {
            data,
            found: Vec::new(),
            last: None,
        };
        let seen = self.glance.as_ref().and_then(|glance| glance.parts(data));
        let (parts, ended) = match seen {
            Some((parts, ended)) => (parts, Some(ended)),
            None => (vec![(0, data.len())], None),
        };
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
        self.escaped(data, &parts, &mut out);
        out.begin_pass();
        self.encoded(data, &parts, &mut |at| out.push(at));
        let mut found = out.found;
        found.sort_unstable();
        found.dedup();
        (found, ended)
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

    /// Reads each line that holds an escape again, without it; all escapes begin in `parts`.
    fn escaped(&self, data: &[u8], parts: &[glance::Part], out: &mut Suspects) {
        let mut scratch = escapes::Scratch::default();
        let mut from = 0;
        for &(start, end) in parts {
            from = from.max(start);
            while let Some(escape) = escapes::next(data, from, end) {
                from = self.escape(data, escape, &mut scratch, out);
            }
        }
    }

    /// Reads the line around an escape without it; returns where to go on.
    fn escape(
        &self,
        data: &[u8],
        escape: usize,
        scratch: &mut escapes::Scratch,
        out: &mut Suspects,
    ) -> usize {
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
        if line_end.is_some() || stop == data.len() {
            stop
        } else {
            stop - MARGIN
        }
    }
}

fn split(blob: &[u8]) -> impl Iterator<Item = &[u8]> {
    blob.split(|&byte| byte == b'\n')
        .filter(|piece| !piece.is_empty())
}

/// What addresses are looked for by: the local part, and the first word of the domain.
fn address_keys(table: &Table) -> impl Iterator<Item = &[u8]> {
    table.keys(ADDRESS).map(|key| {
        let after = memrchr(b'@', key).map_or(0, |at| at + 1);
        &key[..after + word_at(&key[after..]).len()]
    })
}

/// The letters and digits that `host` begins with.
fn word_at(host: &[u8]) -> &[u8] {
    let length = host.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    &host[..length.count()]
}

/// The first two words of each domain of addresses, parted by a blank, each followed by LF.
fn at_domain_keys(table: &Table) -> Vec<u8> {
    let mut joined = Vec::new();
    for host in table.keys(AT_DOMAIN) {
        let first = word_at(host);
        let second = word_at(host.get(first.len() + 1..).unwrap_or(&[]));
        joined.extend_from_slice(&[first, b" ", second, b"\n"].concat());
    }
    joined
}

/// Adds the words of each domain that has one spelling: of two that stand in a row the longest.
fn domain_keys(table: &Table, words: &mut Vec<u8>, pairs: &mut Vec<u8>) {
    for host in table.keys(DOMAIN) {
        if memmem::find(host, b"xn--").is_some() {
            continue;
        }
        let mut parts = host
            .split(|byte| !byte.is_ascii_alphanumeric())
            .filter(|part| !part.is_empty());
        let Some(mut last) = parts.next() else {
            continue;
        };
        let mut best: Option<(&[u8], &[u8])> = None;
        for part in parts {
            let rank = |pair: (&[u8], &[u8])| pair.0.len() + pair.1.len();
            let pair = (last, part);
            if best.is_none_or(|held| (rank(held), held) < (rank(pair), pair)) {
                best = Some(pair);
            }
            last = part;
        }
        match best {
            None => words.extend_from_slice(&[b"\n", last].concat()),
            Some((one, two)) => pairs.extend_from_slice(&[b"\n", one, b" ", two].concat()),
        }
    }
}

#[pymethods]
impl Sieve {
    /// entries: whose addresses and domains are looked for. The other lists are of pieces parted
    /// by LF. words, pairs: one word, and two parted by a blank, of terms and of domains with more
    /// than one spelling; tails: u32 of the last seven digits of each phone number; letters,
    /// folds: see leakcheck/hunting/folding.py.
    #[new]
    fn new(
        py: Python<'_>,
        entries: &Bound<'_, Entries>,
        words: &[u8],
        pairs: &[u8],
        tails: &[u8],
        letters: &[u8],
        folds: &[u8],
    ) -> Sieve {
        let entries = entries.get();
        py.detach(|| {
            entries.read(|table| {
                let (mut words, mut pairs) = (words.to_vec(), pairs.to_vec());
                domain_keys(table, &mut words, &mut pairs);
                let at_domains = at_domain_keys(table);
                Sieve {
                    glance: Glance::new(
                        address_keys(table),
                        split(&at_domains),
                        split(&words),
                        split(&pairs),
                    ),
                    addresses: Addresses::new(address_keys(table), split(&at_domains)),
                    words: Words::new(split(&words), split(&pairs), Fold::new(letters, folds)),
                    phones: Phones::new(tails),
                }
            })
        })
    }

    /// Positions in `chunk`, ascending, near which a match may be: no further than 2,048
    /// bytes after its start, and for what lies within 512 bytes on a line only the first.
    fn positions(&self, py: Python<'_>, chunk: PyBuffer<u8>) -> PyResult<Vec<usize>> {
        let data = bytes(&chunk)?;
        Ok(py.detach(|| self.suspects(data).0))
    }

    /// The same, and how many lines end in `chunk`: see `line_ends` in leakcheck/input/chunk.py.
    fn look(&self, py: Python<'_>, chunk: PyBuffer<u8>) -> PyResult<(Vec<usize>, usize)> {
        let data = bytes(&chunk)?;
        Ok(py.detach(|| {
            let (found, ended) = self.suspects(data);
            let count = || crate::lines::ended(data, 0, data.len());
            (found, ended.unwrap_or_else(count))
        }))
    }
}
