//! Subjects in plain sight, as someone asks about them: of one form and no other, which tables of
//! every edition take. leakcheck/subject/question.py reads those that are not.

use crate::address;
use crate::digest::Digests;
use crate::domain;
use crate::password_fields::is_separator;
use crate::passwords;
use crate::python::bytes;
use crate::tld_table::is_newer;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

/// Bytes: the longest address and a long password fit.
const MOST: usize = 384;
/// What the readers look at together before a place, and after one.
const BEFORE: usize = 32;
const AFTER: usize = 64;

/// One kind of subject: see leakcheck/subject/plain.py.
#[pyclass(module = "leakcheck._native", frozen)]
pub struct Plain {
    kind: Kind,
    /// Whether addresses are asked in other spellings as well: those that have some are not plain.
    variants: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Email,
    Domain,
    Credential,
    Password,
    Nt,
}

#[pymethods]
impl Plain {
    #[new]
    fn new(kind: &str, variants: bool) -> PyResult<Self> {
        let kind = match kind {
            "email" => Kind::Email,
            "domain" => Kind::Domain,
            "credential" => Kind::Credential,
            "password" => Kind::Password,
            "ntlm" => Kind::Nt,
            _ => return Err(PyValueError::new_err("there is no such kind")),
        };
        Ok(Self { kind, variants })
    }

    /// The digest of a subject in plain sight; None for any other, and for what is no text.
    fn digest<'py>(&self, subject: &Bound<'py, PyAny>) -> Option<Bound<'py, PyBytes>> {
        let mut digests = Digests::with_capacity(20);
        let is_plain = self.add(subject, &mut Line::default(), &mut digests);
        let found = digests.finish();
        let made = is_plain.then(|| PyBytes::new(subject.py(), &found));
        crate::digest::keep(found);
        made
    }

    /// The digests of those in plain sight, packed, and the places of the others.
    fn digests<'py>(&self, subjects: &Bound<'py, PyList>) -> (Bound<'py, PyBytes>, Vec<usize>) {
        let mut digests = Digests::with_capacity(20 * subjects.len());
        let mut line = Line::default();
        let mut others = Vec::new();
        for (place, subject) in subjects.iter().enumerate() {
            if !self.add(&subject, &mut line, &mut digests) {
                others.push(place);
            }
        }
        let found = digests.finish();
        let packed = PyBytes::new(subjects.py(), &found);
        crate::digest::keep(found);
        (packed, others)
    }

    /// The same for `count` texts of a column of Arrow's from the one at `first` on.
    ///
    /// `offsets`: where each begins in `data`, and where the last ends, in `width` bytes each.
    fn column<'py>(
        &self,
        py: Python<'py>,
        data: PyBuffer<u8>,
        offsets: PyBuffer<u8>,
        width: usize,
        first: usize,
        count: usize,
    ) -> PyResult<(Bound<'py, PyBytes>, Vec<usize>)> {
        let (data, offsets) = (bytes(&data)?, bytes(&offsets)?);
        let mut ends = match width {
            4 => offsets.chunks_exact(4).map(wide::<4>).collect::<Vec<_>>(),
            8 => offsets.chunks_exact(8).map(wide::<8>).collect(),
            _ => return Err(PyValueError::new_err("offsets have four bytes or eight")),
        };
        ends.truncate(first.saturating_add(count).saturating_add(1));
        ends.drain(..first.min(ends.len()));
        if ends.len() != count + 1 {
            return Err(PyValueError::new_err("the column has fewer texts"));
        }
        let (found, others) = py.detach(|| {
            let mut digests = Digests::with_capacity(20 * count);
            let mut line = Line::default();
            let mut others = Vec::new();
            for (place, ends) in ends.windows(2).enumerate() {
                let text = data.get(ends[0]..ends[1]);
                if !text.is_some_and(|text| self.add_line(text, &mut line, &mut digests)) {
                    others.push(place);
                }
            }
            (digests.finish(), others)
        });
        let packed = PyBytes::new(py, &found);
        crate::digest::keep(found);
        Ok((packed, others))
    }
}

/// An offset of `N` bytes, of which Arrow has none below zero.
fn wide<const N: usize>(bytes: &[u8]) -> usize {
    let mut whole = [0; 8];
    whole[..N].copy_from_slice(&bytes[..N]);
    usize::try_from(u64::from_le_bytes(whole)).unwrap_or(usize::MAX)
}

impl Plain {
    /// Append the digest of a str or bytes in plain sight; false, and nothing appended, for others.
    fn add(&self, subject: &Bound<'_, PyAny>, line: &mut Line, digests: &mut Digests) -> bool {
        if let Ok(text) = subject.cast_exact::<PyString>() {
            // Half a surrogate pair has no UTF-8.
            return text
                .to_str()
                .is_ok_and(|text| self.add_line(text.as_bytes(), line, digests));
        }
        subject
            .cast_exact::<PyBytes>()
            .is_ok_and(|data| self.add_line(data.as_bytes(), line, digests))
    }

    fn add_line(&self, text: &[u8], line: &mut Line, digests: &mut Digests) -> bool {
        let Some((data, end)) = line.of(text) else {
            return false;
        };
        match self.kind {
            Kind::Email => {
                let Some(stop) = address_at(data, end) else {
                    return false;
                };
                let is_alone = stop == end && !(self.variants && may_vary(text));
                if is_alone {
                    digests.sha1_lower(data, BEFORE, end);
                }
                is_alone
            }
            Kind::Domain => {
                let is_whole = domain::plain(data, BEFORE) == Some(end) && is_old(data, end);
                if is_whole {
                    digests.sha1_lower(data, BEFORE, end);
                }
                is_whole
            }
            Kind::Credential => {
                let Some(stop) = address_at(data, end) else {
                    return false;
                };
                let is_pair = is_separator(data[stop]) && is_password(data, stop + 1, end);
                if is_pair {
                    let name = data[BEFORE..stop].to_ascii_lowercase();
                    digests.sha1(&[&name, b"\0", &data[stop + 1..end]]);
                }
                is_pair
            }
            Kind::Password | Kind::Nt => {
                if !is_password(data, BEFORE, end) {
                    return false;
                }
                let made = match self.kind {
                    Kind::Nt => passwords::Made::Nt,
                    _ => passwords::Made::Sha1,
                };
                passwords::digest(digests, text, made);
                true
            }
        }
    }
}

/// Where the address that the line begins with ends, if it is in plain sight.
fn address_at(data: &[u8], end: usize) -> Option<usize> {
    let at = BEFORE + memchr::memchr(b'@', &data[BEFORE..end])?;
    let (from, stop) = address::plain(data, at, at + 1)?;
    (from == BEFORE && stop <= end && is_old(data, stop)).then_some(stop)
}

/// Whether the top-level domain that ends at `end` was known to every table of them.
fn is_old(data: &[u8], end: usize) -> bool {
    let host = &data[BEFORE..end];
    let tld = memchr::memrchr(b'.', host).map_or(0, |dot| dot + 1);
    !is_newer(&host[tld..])
}

/// Whether leakcheck/subject/variants.py may have other spellings of an address.
fn may_vary(address: &[u8]) -> bool {
    let lower = address.to_ascii_lowercase();
    lower.contains(&b'+') || lower.ends_with(b"gmail.com") || lower.ends_with(b"googlemail.com")
}

/// Whether `data[start..end]` is a password of one form: blanks may also be control characters.
fn is_password(data: &[u8], start: usize, end: usize) -> bool {
    passwords::is_plain(data, start, end.saturating_sub(start))
        && data[start..end].iter().all(|&byte| byte >= b' ')
}

/// A text as the line that it would be in a dump, between line ends.
struct Line {
    bytes: [u8; BEFORE + MOST + AFTER],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: [b'\n'; BEFORE + MOST + AFTER],
            length: 0,
        }
    }
}

impl Line {
    /// The line in its surroundings, from BEFORE on, and where it ends; None if it is too long.
    fn of(&mut self, text: &[u8]) -> Option<(&[u8], usize)> {
        let room = &mut self.bytes[BEFORE..BEFORE + MOST];
        room.get_mut(..text.len())?.copy_from_slice(text);
        if text.len() < self.length {
            room[text.len()..self.length].fill(b'\n');
        }
        self.length = text.len();
        let end = BEFORE + text.len();
        Some((&self.bytes[..end + AFTER], end))
    }
}
