//! Keys of passwords, one a line; the rules are in
//! leakcheck/extract/reference/passwords.py and leakcheck/subject/digests.py.

use crate::digest::Digests;
use crate::escapes::hex;
use crate::lines::{self, any_parted, bare, parts, Account, Status, LONGEST_PASSWORD};
use crate::murmur;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::borrow::Cow;

/// What is made of a password; the numbers are those of leakcheck/extract/native.py.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Made {
    Sha1,
    Nt,
    /// Murmur3 of the lower case: leakcheck/subject/foreign.py.
    Murmur,
    /// NT hashes of all that may be typed: the same.
    Typed,
}

impl Made {
    pub fn of(number: u8) -> PyResult<Self> {
        [Self::Sha1, Self::Nt, Self::Murmur, Self::Typed]
            .get(usize::from(number))
            .copied()
            .ok_or_else(|| PyValueError::new_err("there is no such digest"))
    }
}

/// Keys of one password a line.
pub fn passwords(data: &[u8], made: Made) -> (Vec<u8>, Account) {
    let mut digests = Digests::with_capacity(data.len() * 2);
    let mut account = Account::default();
    let parted = any_parted(data);
    let mut start = 0;
    while start < data.len() {
        let end = memchr::memchr(b'\n', &data[start..]).map_or(data.len(), |at| start + at);
        let line = lines::trimmed(&data[start..end]);
        if parted {
            lines::readings(line, |reading, counted| {
                let status = fault(reading, Status::Empty);
                if status == Status::Accepted {
                    add(&mut digests, reading, made);
                }
                account.reading(counted, status);
            });
        } else if made == Made::Sha1 && is_plain(data, start, line.len()) {
            digests.sha1_of(data, start, start + line.len());
            account.line(Status::Accepted);
        } else {
            let status = fault(line, Status::Empty);
            if status == Status::Accepted {
                add(&mut digests, line, made);
            }
            account.line(status);
        }
        start = end + 1;
    }
    (digests.finish(), account)
}

/// Whether the `length` bytes at `start` have one reading, in plain sight: a few ASCII bytes
/// without blanks around them.
#[inline]
pub fn is_plain(data: &[u8], start: usize, length: usize) -> bool {
    let Some(bytes) = data[start..].first_chunk::<32>() else {
        return false;
    };
    if length == 0 || length > 32 || matches!(bytes[0], b' ' | b'\t' | b'$') {
        return false;
    }
    let ascii = bytes.iter().enumerate().fold(0, |high, (at, &byte)| {
        high | if at < length { byte } else { 0 }
    }) < 0x80;
    ascii && !matches!(bytes[length - 1], b' ' | b'\t')
}

/// Keys of passwords that are already apart.
pub fn fields(fields: &[&[u8]], made: Made) -> (Vec<u8>, Account) {
    let mut digests = Digests::with_capacity(fields.len() * 20);
    let mut account = Account::default();
    for field in fields {
        let status = fault(field, Status::Empty);
        if status == Status::Accepted {
            let mut readings = Vec::new();
            parts(field, |part| readings.push(part));
            match readings[..] {
                [field] => add(&mut digests, field, made),
                _ => forms(&readings)
                    .iter()
                    .for_each(|form| digest(&mut digests, form, made)),
            }
        }
        account.line(status);
    }
    (digests.finish(), account)
}

/// The status of a password as it stands in the dump; `empty` where there is none.
#[inline]
pub fn fault(field: &[u8], empty: Status) -> Status {
    if field.len() > LONGEST_PASSWORD {
        Status::TooLong
    } else if plain(field).is_empty() {
        empty
    } else {
        Status::Accepted
    }
}

/// Append the keys of one password.
#[inline]
fn add(digests: &mut Digests, field: &[u8], made: Made) {
    let ends = (field.first(), field.last());
    if matches!(
        ends,
        (Some(b' ' | b'\t' | b'$'), _) | (_, Some(b' ' | b'\t'))
    ) {
        let forms = forms(&[field]);
        return forms.iter().for_each(|form| digest(digests, form, made));
    }
    digest(digests, field, made);
}

/// The passwords that `fields`, readings of one, may stand for, each once.
pub fn forms<'a>(fields: &[&'a [u8]]) -> Vec<Cow<'a, [u8]>> {
    let mut found: Vec<Cow<[u8]>> = Vec::new();
    for &field in fields {
        for bare in [field, bare(field)] {
            for form in [plain(bare), Cow::Borrowed(bare)] {
                if !form.is_empty() && !found.contains(&form) {
                    found.push(form);
                }
            }
        }
    }
    found
}

/// `field`, or what it holds where it is written `$HEX[...]`.
pub fn plain(field: &[u8]) -> Cow<'_, [u8]> {
    if field.first() != Some(&b'$') {
        return Cow::Borrowed(field);
    }
    let digits = field
        .split_at_checked(5)
        .filter(|(mark, _)| mark.eq_ignore_ascii_case(b"$HEX["))
        .and_then(|(_, rest)| rest.strip_suffix(b"]"));
    let Some(digits) = digits.filter(|digits| digits.len() % 2 == 0) else {
        return Cow::Borrowed(field);
    };
    let pairs = digits.chunks_exact(2);
    let bytes = pairs.map(|pair| Some((hex(pair[0])? << 4 | hex(pair[1])?) as u8));
    bytes
        .collect::<Option<Vec<u8>>>()
        .map_or(Cow::Borrowed(field), Cow::Owned)
}

/// Append the keys of one password.
pub fn digest(digests: &mut Digests, password: &[u8], made: Made) {
    if made == Made::Sha1 {
        digests.sha1(&[password]);
        if std::str::from_utf8(password).is_err() {
            digests.sha1(&[windows_1252(password).as_bytes()]);
        }
        return;
    }
    let text = match std::str::from_utf8(password) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(windows_1252(password)),
    };
    match made {
        Made::Murmur => murmur::lower_case(&text, |hash| digests.raw(hash)),
        _ => digests.nt_hash(&text),
    }
    if made == Made::Typed && !text.is_ascii() {
        digests.nt_hash(&windows_1252(text.as_bytes()));
    }
}

/// The bytes that a password may stand for.
pub fn readings(password: &[u8]) -> Vec<Cow<'_, [u8]>> {
    match std::str::from_utf8(password) {
        Ok(_) => vec![Cow::Borrowed(password)],
        Err(_) => {
            let other = windows_1252(password).into_bytes();
            vec![Cow::Borrowed(password), Cow::Owned(other)]
        }
    }
}

/// Windows-1252 as text; its five unassigned bytes become the controls of Latin-1.
fn windows_1252(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let read = |&byte: &u8| match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    bytes.iter().map(read).collect()
}
