//! Keys of e-mail addresses and of their domains, from any text.

use crate::address::{self, Found};
use crate::digest::Digests;
use crate::domain::{self, Resolver};
use crate::lines::{trimmed, Account, Status};
use crate::walk::{walk, Visit};
use std::marker::PhantomData;

/// What a line has shown so far of addresses.
#[derive(Clone, Copy, PartialEq)]
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

/// What a kernel makes of a canonical address.
trait Key {
    /// Of one that is `data[start..end]` in lower case.
    fn plain(digests: &mut Digests, data: &[u8], start: usize, end: usize);
    fn canonical(digests: &mut Digests, canonical: &[u8]);
}

struct EmailKey;

impl Key for EmailKey {
    #[inline]
    fn plain(digests: &mut Digests, data: &[u8], start: usize, end: usize) {
        digests.sha1_lower(data, start, end);
    }

    fn canonical(digests: &mut Digests, canonical: &[u8]) {
        digests.sha1(&[canonical]);
    }
}

struct DomainKeys;

impl Key for DomainKeys {
    fn plain(digests: &mut Digests, data: &[u8], start: usize, end: usize) {
        Self::canonical(digests, &data[start..end].to_ascii_lowercase());
    }

    fn canonical(digests: &mut Digests, canonical: &[u8]) {
        let host = memchr::memchr(b'@', canonical).map_or(0, |at| at + 1);
        let mut rest = &canonical[host..];
        while let Some(dot) = memchr::memchr(b'.', rest) {
            digests.sha1(&[rest]);
            rest = &rest[dot + 1..];
        }
    }
}

struct Addresses<'r, K> {
    resolver: Resolver<'r>,
    account: Account,
    seen: Seen,
    line_start: usize,
    digests: Digests,
    key: PhantomData<K>,
}

impl<K: Key> Visit for Addresses<'_, K> {
    #[inline]
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        if let Some((from, to)) = address::plain(data, start, end) {
            self.seen = Seen::FOUND;
            return K::plain(&mut self.digests, data, from, to);
        }
        if self.seen == Seen::FOUND && domain::none_at(data, end) {
            return; // an at sign in a password: nothing is read, and the line counts already
        }
        let (local_sound, found) = address::readings(data, start, end, self.resolver);
        self.seen.note(local_sound, !found.is_empty());
        found
            .iter()
            .for_each(|found| K::canonical(&mut self.digests, &found.canonical));
    }

    #[inline]
    fn line_end(&mut self, data: &[u8], at: usize) {
        self.account
            .line(self.seen.close(&data[self.line_start..at]));
        self.line_start = at + 1;
    }

    fn line_break(&mut self, data: &[u8], at: usize) {
        self.line_end(data, at);
    }
}

fn keys<K: Key>(data: &[u8], resolver: Resolver) -> (Vec<u8>, Account) {
    let mut visitor = Addresses::<K> {
        resolver,
        account: Account::default(),
        seen: Seen::NOTHING,
        line_start: 0,
        digests: Digests::with_capacity(data.len() / 64 * 20),
        key: PhantomData,
    };
    walk(data, &mut visitor);
    if visitor.line_start < data.len() {
        visitor.line_end(data, data.len());
    }
    (visitor.digests.finish(), visitor.account)
}

/// Kind.EMAIL keys of every address.
pub fn emails(data: &[u8], resolver: Resolver) -> (Vec<u8>, Account) {
    keys::<EmailKey>(data, resolver)
}

/// Kind.DOMAIN keys of every address: its domain and each one above it that has a dot.
pub fn domains(data: &[u8], resolver: Resolver) -> (Vec<u8>, Account) {
    keys::<DomainKeys>(data, resolver)
}

struct Spans<'r, 's> {
    resolver: Resolver<'r>,
    found: &'s mut Vec<Found>,
}

impl Visit for Spans<'_, '_> {
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        if let Some((start, end)) = address::plain(data, start, end) {
            let canonical = data[start..end].to_ascii_lowercase();
            return self.found.push(Found {
                canonical,
                start,
                end,
            });
        }
        self.found
            .extend(address::readings(data, start, end, self.resolver).1);
    }

    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// All readings of all addresses, in order.
pub fn spans(data: &[u8], resolver: Resolver) -> Vec<Found> {
    let mut found = Vec::new();
    walk(
        data,
        &mut Spans {
            resolver,
            found: &mut found,
        },
    );
    found
}
