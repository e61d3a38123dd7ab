//! Keys of e-mail addresses and of their domains, from any text.

use crate::address::{self, Found, Sign};
use crate::digest::Digests;
use crate::domain::Resolver;
use crate::lines::{trimmed, Account, Status};
use crate::walk::{walk, Visit};

/// What a line has shown so far of addresses.
#[derive(Clone, Copy)]
pub struct Seen(Status);

impl Seen {
    pub const NOTHING: Self = Self(Status::NoAddress);
    pub const FOUND: Self = Self(Status::Accepted);

    pub fn note(&mut self, local_sound: bool, found: bool) {
        self.0 = match self.0 {
            _ if found => Status::Accepted,
            Status::Accepted => Status::Accepted,
            Status::BadDomain => Status::BadDomain,
            _ if local_sound => Status::BadDomain,
            _ => Status::BadAddress,
        };
    }

    /// The status of the line that ends, and a fresh start for the next.
    pub fn close(&mut self, line: &[u8]) -> Status {
        let status = std::mem::replace(self, Self::NOTHING).0;
        if status == Status::NoAddress && trimmed(line).is_empty() {
            return Status::Empty;
        }
        status
    }
}

struct Addresses<'r, F> {
    resolver: Resolver<'r>,
    account: Account,
    seen: Seen,
    line_start: usize,
    digests: Digests,
    each: F,
}

impl<F: FnMut(&mut Digests, &[u8], Sign)> Visit for Addresses<'_, F> {
    #[inline]
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        let sign = address::read(data, start, end, self.resolver);
        match &sign {
            Sign::Plain { .. } => self.seen = Seen::FOUND,
            Sign::Other { local_sound, found } => self.seen.note(*local_sound, !found.is_empty()),
        }
        (self.each)(&mut self.digests, data, sign);
    }

    #[inline]
    fn line_end(&mut self, data: &[u8], at: usize) {
        self.account.line(self.seen.close(&data[self.line_start..at]));
        self.line_start = at + 1;
    }
}

fn each(
    data: &[u8],
    resolver: Resolver,
    each: impl FnMut(&mut Digests, &[u8], Sign),
) -> (Vec<u8>, Account) {
    let digests = Digests::with_capacity(data.len() / 64 * 20);
    let (account, seen) = (Account::default(), Seen::NOTHING);
    let mut visitor = Addresses { resolver, account, seen, line_start: 0, digests, each };
    walk(data, &mut visitor);
    if visitor.line_start < data.len() {
        visitor.line_end(data, data.len());
    }
    (visitor.digests.finish(), visitor.account)
}

/// Kind.EMAIL keys of every address.
pub fn emails(data: &[u8], resolver: Resolver) -> (Vec<u8>, Account) {
    each(data, resolver, |digests, data, sign| match sign {
        Sign::Plain { start, end } => digests.sha1_lower(data, start, end),
        Sign::Other { found, .. } => {
            found.iter().for_each(|found| digests.sha1(&[&found.canonical]));
        }
    })
}

/// Kind.DOMAIN keys of every address: its domain and each one above it that has a dot.
pub fn domains(data: &[u8], resolver: Resolver) -> (Vec<u8>, Account) {
    each(data, resolver, |digests, data, sign| match sign {
        Sign::Plain { start, end } => {
            domain_keys(digests, &data[start..end].to_ascii_lowercase());
        }
        Sign::Other { found, .. } => {
            found.iter().for_each(|found| domain_keys(digests, &found.canonical));
        }
    })
}

fn domain_keys(digests: &mut Digests, canonical: &[u8]) {
    let host = memchr::memchr(b'@', canonical).map_or(0, |at| at + 1);
    let mut rest = &canonical[host..];
    while let Some(dot) = memchr::memchr(b'.', rest) {
        digests.sha1(&[rest]);
        rest = &rest[dot + 1..];
    }
}

struct Spans<'r, 's> {
    resolver: Resolver<'r>,
    found: &'s mut Vec<Found>,
}

impl Visit for Spans<'_, '_> {
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        match address::read(data, start, end, self.resolver) {
            Sign::Plain { start, end } => {
                let canonical = data[start..end].to_ascii_lowercase();
                self.found.push(Found { canonical, start, end });
            }
            Sign::Other { found, .. } => self.found.extend(found),
        }
    }

    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// All readings of all addresses, in order.
pub fn spans(data: &[u8], resolver: Resolver) -> Vec<Found> {
    let mut found = Vec::new();
    walk(data, &mut Spans { resolver, found: &mut found });
    found
}
