//! The entries of a watch list, packed: their texts in one piece, a record of 16 bytes and a byte
//! each, and 8 to 16 bytes in a hash table of keys. The plain twin is leakcheck/hunting/entries_reference.py.

use crate::python::bytes;
use crate::tld_table::is_tld;
use memchr::{memchr, memmem};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyIndexError, PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::hash::{BuildHasher, RandomState};
use std::sync::{PoisonError, RwLock};

/// The forms of an entry, by their place in EntryKind of leakcheck/hunting/parsing.py.
pub const ADDRESS: u8 = 0;
pub const AT_DOMAIN: u8 = 1;
pub const DOMAIN: u8 = 2;
const FORMS: usize = 5;

const LONGEST_LOCAL: usize = 64;
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;
const TLD: std::ops::RangeInclusive<usize> = 2..=18;

/// Where a text stands; its key follows it, unless `key` is 0: then it is the text.
struct Entry {
    start: u64,
    text: u32,
    key: u32,
}

#[derive(Default)]
pub struct Table {
    blob: Vec<u8>,
    entries: Vec<Entry>,
    forms: Vec<u8>,
    counts: [usize; FORMS],
    /// The hash of a key in the upper half, and the number of its entry, from 1; 0 where there is none.
    slots: Vec<u64>,
    filled: usize,
    state: RandomState,
}

impl Table {
    fn text(&self, entry: usize) -> &[u8] {
        let one = &self.entries[entry];
        &self.blob[one.start as usize..][..one.text as usize]
    }

    fn key(&self, entry: usize) -> &[u8] {
        let one = &self.entries[entry];
        match one.key {
            0 => self.text(entry),
            length => &self.blob[one.start as usize + one.text as usize..][..length as usize],
        }
    }

    /// The keys of a form, in the order of the entries.
    pub fn keys(&self, form: u8) -> impl Iterator<Item = &[u8]> {
        let of_form = move |entry: &usize| self.forms[*entry] == form;
        (0..self.entries.len())
            .filter(of_form)
            .map(|entry| self.key(entry))
    }

    fn push(&mut self, form: u8, text: &[u8], key: &[u8]) -> Result<(), &'static str> {
        let length = |text: &[u8]| u32::try_from(text.len()).map_err(|_| "an entry is too long");
        if self.entries.len() >= u32::MAX as usize - 1 {
            return Err("too many entries");
        }
        let own = if key == text { &[] } else { key };
        self.entries.push(Entry {
            start: self.blob.len() as u64,
            text: length(text)?,
            key: length(own)?,
        });
        self.blob.extend_from_slice(text);
        self.blob.extend_from_slice(own);
        self.forms.push(form);
        self.counts[usize::from(form)] += 1;
        Ok(())
    }

    /// The hash of a key, which gives its place too, so that a table grows without its keys.
    fn hash(&self, form: u8, key: &[u8]) -> u64 {
        self.state.hash_one((form, key)) >> 32
    }

    /// Where the entry of a key is noted, or would be.
    fn slot(&self, form: u8, key: &[u8], hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let held = self.slots[at];
            if held == 0 {
                return at;
            }
            let entry = (held as u32 - 1) as usize;
            if held >> 32 == hash && self.forms[entry] == form && self.key(entry) == key {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn find(&self, form: u8, key: &[u8]) -> Option<usize> {
        if self.counts[usize::from(form)] == 0 || self.slots.is_empty() {
            return None;
        }
        match self.slots[self.slot(form, key, self.hash(form, key))] {
            0 => None,
            held => Some((held as u32 - 1) as usize),
        }
    }

    /// The number of the entry of a key: the next one where it is new.
    fn add(&mut self, form: u8, text: &[u8], key: &[u8]) -> Result<usize, &'static str> {
        if self.filled >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        let hash = self.hash(form, key);
        let slot = self.slot(form, key, hash);
        if self.slots[slot] != 0 {
            return Ok((self.slots[slot] as u32 - 1) as usize);
        }
        let fresh = self.entries.len();
        self.push(form, text, key)?;
        self.slots[slot] = hash << 32 | (fresh as u64 + 1);
        self.filled += 1;
        Ok(fresh)
    }

    fn grow(&mut self) {
        let room = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![0; room]);
        for held in old.into_iter().filter(|held| *held != 0) {
            let mut at = (held >> 32) as usize & (room - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (room - 1);
            }
            self.slots[at] = held;
        }
    }

    /// Add the lines of `block` from `start` on that are plain; where the first one that is not
    /// begins, and how many came before it.
    fn add_plain(&mut self, block: &[u8], start: usize) -> Result<(usize, usize), &'static str> {
        let (mut at, mut count) = (start, 0);
        while at < block.len() {
            let end = memchr(b'\n', &block[at..]).map_or(block.len(), |end| at + end);
            let line = &block[at..end];
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            if !text.is_empty() {
                let Some(form) = plain(text) else { break };
                self.add(form, text, text)?;
            }
            at = block.len().min(end + 1);
            count += 1;
        }
        Ok((at, count))
    }
}

/// What a text is that is its own canonical form: an address or a domain, in lower case, of
/// letters, digits and single marks; see `_PLAIN` in leakcheck/hunting/parsing.py.
fn plain(text: &[u8]) -> Option<u8> {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if text.len() > LONGEST {
        return None;
    }
    let (form, host) = match memchr(b'@', text) {
        None => (DOMAIN, text),
        Some(at) => {
            let runs = |byte: &u8| matches!(byte, b'.' | b'_' | b'+' | b'-');
            let mut words = text[..at].split(runs);
            if at > LONGEST_LOCAL || !words.all(|one| !one.is_empty() && one.iter().all(is_word)) {
                return None;
            }
            (ADDRESS, &text[at + 1..])
        }
    };
    let (labels, tld) = host.split_at(host.iter().rposition(|&byte| byte == b'.')?);
    let tld = &tld[1..];
    let named = TLD.contains(&tld.len()) && tld.iter().all(u8::is_ascii_lowercase) && is_tld(tld);
    let sound = |label: &[u8]| {
        label.len() <= LONGEST_LABEL
            && label.first().is_some_and(is_word)
            && label.last().is_some_and(is_word)
            && label.iter().all(|byte| is_word(byte) || *byte == b'-')
    };
    (named && labels.split(|&byte| byte == b'.').all(sound)).then_some(form)
}

#[pyclass(frozen)]
#[derive(Default)]
pub struct Entries {
    table: RwLock<Table>,
}

impl Entries {
    pub fn read<T>(&self, work: impl FnOnce(&Table) -> T) -> T {
        work(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, work: impl FnOnce(&mut Table) -> Result<T, &'static str>) -> PyResult<T> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        work(&mut table).map_err(PyOverflowError::new_err)
    }
}

fn form_of(form: u8) -> PyResult<u8> {
    match usize::from(form) < FORMS {
        true => Ok(form),
        false => Err(PyValueError::new_err("no such form")),
    }
}

#[pymethods]
impl Entries {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn __len__(&self) -> usize {
        self.read(|table| table.entries.len())
    }

    /// The number of the entry of `key`: the next one where it is new, and then that of `text`.
    fn add(&self, form: u8, text: &[u8], key: &[u8]) -> PyResult<usize> {
        form_of(form)?;
        self.change(|table| table.add(form, text, key))
    }

    /// Add an entry that is found by other means than its key.
    fn append(&self, form: u8, text: &[u8]) -> PyResult<()> {
        form_of(form)?;
        self.change(|table| table.push(form, text, text))
    }

    /// Add the lines of `block` from `start` on that are plain: where the first other one begins,
    /// and how many lines came before it.
    fn add_plain(
        &self,
        py: Python<'_>,
        block: PyBuffer<u8>,
        start: usize,
    ) -> PyResult<(usize, usize)> {
        let data = bytes(&block)?;
        py.detach(|| self.change(|table| table.add_plain(data, start)))
    }

    /// An entry as it was written.
    fn text<'py>(&self, py: Python<'py>, entry: usize) -> PyResult<Bound<'py, PyBytes>> {
        self.read(|table| match entry < table.entries.len() {
            true => Ok(PyBytes::new(py, table.text(entry))),
            false => Err(PyIndexError::new_err("no such entry")),
        })
    }

    /// The form of an entry.
    fn form(&self, entry: usize) -> PyResult<u8> {
        let form = self.read(|table| table.forms.get(entry).copied());
        form.ok_or_else(|| PyIndexError::new_err("no such entry"))
    }

    /// The number of the entry of `key`; None where there is none.
    fn find(&self, form: u8, key: &[u8]) -> PyResult<Option<usize>> {
        form_of(form)?;
        Ok(self.read(|table| table.find(form, key)))
    }

    /// How many entries have a form.
    fn count(&self, form: u8) -> PyResult<usize> {
        form_of(form)?;
        Ok(self.read(|table| table.counts[usize::from(form)]))
    }

    /// The keys of a form that hold `part`, in order of their bytes, each followed by LF.
    fn keys<'py>(&self, py: Python<'py>, form: u8, part: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        form_of(form)?;
        let joined = py.detach(|| {
            self.read(|table| {
                let mut keys: Vec<&[u8]> = table
                    .keys(form)
                    .filter(|key| memmem::find(key, part).is_some())
                    .collect();
                keys.sort_unstable();
                keys.iter().fold(Vec::new(), |mut joined, key| {
                    joined.extend_from_slice(key);
                    joined.push(b'\n');
                    joined
                })
            })
        });
        Ok(PyBytes::new(py, &joined))
    }
}
