//! The addresses at one at sign: in plain sight nearly always, else all readings.

use crate::domain::{self, Resolver};
use crate::local;

/// A reading of an address: its canonical form, and the bytes that it takes.
#[derive(Clone)]
pub struct Found {
    pub canonical: Vec<u8>,
    pub start: usize,
    pub end: usize,
}

pub enum Sign {
    /// One reading, whose canonical form is `data[start..end]` in lower case.
    Plain { start: usize, end: usize },
    /// What is before the at sign may be a local part, and the readings, if any.
    Other { local_sound: bool, found: Vec<Found> },
}

/// Read what stands around the at sign `data[start..end]`.
#[inline]
pub fn read(data: &[u8], start: usize, end: usize, resolver: Resolver) -> Sign {
    if end - start == 1 {
        if let (Some(from), Some(to)) = (local::plain(data, start), domain::plain(data, end)) {
            return Sign::Plain { start: from, end: to };
        }
    }
    read_slowly(data, start, end, resolver)
}

#[cold]
fn read_slowly(data: &[u8], start: usize, end: usize, resolver: Resolver) -> Sign {
    let locals = local::readings(data, start, &data[start..end]);
    if locals.is_empty() {
        return Sign::Other { local_sound: false, found: Vec::new() };
    }
    let domains = domain::readings(data, end, resolver);
    let mut found = Vec::with_capacity(locals.len() * domains.len());
    for (name, from) in &locals {
        for (host, to) in &domains {
            let canonical = [name.as_slice(), b"@", host].concat();
            found.push(Found { canonical, start: *from, end: *to });
        }
    }
    Sign::Other { local_sound: true, found }
}
