//! The addresses at one at sign: in plain sight nearly always, else all readings.

use crate::domain;
use crate::local;

/// A reading of an address: its canonical form, and the bytes that it takes.
#[derive(Clone)]
pub struct Found {
    pub canonical: Vec<u8>,
    pub start: usize,
    pub end: usize,
}

/// The one reading of the at sign `data[start..end]` where it is in plain
/// sight: its canonical form is those bytes in lower case. None: ask `readings`.
#[inline(always)]
pub fn plain(data: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    if end - start != 1 {
        return None;
    }
    let from = local::plain(data, start)?;
    Some((from, domain::plain(data, end)?))
}

/// All readings of the at sign `data[start..end]`, however plain.
pub fn all(data: &[u8], start: usize, end: usize) -> Vec<Found> {
    match plain(data, start, end) {
        Some((start, end)) => vec![Found {
            canonical: data[start..end].to_ascii_lowercase(),
            start,
            end,
        }],
        None => readings(data, start, end).1,
    }
}

/// Whether what is before the at sign `data[start..end]` may be a local part;
/// and all readings.
#[cold]
pub fn readings(data: &[u8], start: usize, end: usize) -> (bool, Vec<Found>) {
    let locals = local::readings(data, start, &data[start..end]);
    if locals.is_empty() {
        return (false, Vec::new());
    }
    let domains = domain::readings(data, end);
    let mut found = Vec::with_capacity(locals.len() * domains.len());
    for (name, from) in &locals {
        for (host, to) in &domains {
            let canonical = [name.as_slice(), b"@", host].concat();
            found.push(Found {
                canonical,
                start: *from,
                end: *to,
            });
        }
    }
    (true, found)
}
