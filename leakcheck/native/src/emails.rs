//! Keys of e-mail addresses and of their domains, from any text.

use crate::address::{self, Found};
use crate::digest::Digests;
use crate::domain;
use crate::encoded::{self, Encoded, Literals};
use crate::lines::{trimmed, Account, Status};
use crate::walk::{walk, walk_in, Visit};
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

struct Addresses<K> {
    encoded: Encoded,
    literals: Literals,
    account: Account,
    seen: Seen,
    line_start: usize,
    digests: Digests,
    key: PhantomData<K>,
}

impl<K: Key> Addresses<K> {
    /// Take what an encoding beside the at sign `sign` hides.
    #[cold]
    fn behind(&mut self, data: &[u8], sign: (usize, usize), known: Option<&[&[u8]]>) {
        let found = self.encoded.read(data, sign, known);
        self.take(&found);
    }

    #[inline(never)]
    fn around_plain(&mut self, data: &[u8], at: usize, from: usize, to: usize) {
        if encoded::is_beside(data, at, at + 1) {
            let known = data[from..to].to_ascii_lowercase();
            self.behind(data, (at, at + 1), Some(&[&known]));
        }
    }

    fn take(&mut self, found: &[Found]) {
        if !found.is_empty() {
            self.seen = Seen::FOUND;
        }
        for one in found {
            K::canonical(&mut self.digests, &one.canonical);
        }
    }
}

impl<K: Key> Visit for Addresses<K> {
    const ENCODED: bool = true;

    #[inline(always)]
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        if let Some((from, to)) = address::plain(data, start, end) {
            self.seen = Seen::FOUND;
            K::plain(&mut self.digests, data, from, to);
            if encoded::may_be_around(data, from, to) {
                self.around_plain(data, start, from, to);
            }
            return;
        }
        self.escaped(data, start, end);
    }

    #[inline(never)]
    fn escaped(&mut self, data: &[u8], start: usize, end: usize) {
        let found_already = self.seen == Seen::FOUND;
        if found_already && domain::none_at(data, end) && !encoded::may_follow(data, end) {
            return; // an at sign in a password: nothing is read, and the line counts already
        }
        let (local_sound, found) = address::readings(data, start, end);
        self.seen.note(local_sound, !found.is_empty());
        self.take(&found);
        if encoded::is_beside(data, start, end) {
            let known: Vec<&[u8]> = found.iter().map(|one| &one.canonical[..]).collect();
            self.behind(data, (start, end), Some(&known));
        }
    }

    #[cold]
    fn encoded(&mut self, data: &[u8], start: usize, end: usize) {
        self.behind(data, (start, end), None);
    }

    #[inline]
    fn digits(&mut self, data: &[u8], at: usize) {
        let found = self.literals.hexadecimal(data, at);
        self.take(&found);
    }

    #[cold]
    fn colons(&mut self, data: &[u8], at: usize) {
        let found = encoded::base64(data, at);
        self.take(&found);
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

fn keys<K: Key>(data: &[u8]) -> (Vec<u8>, Account) {
    let mut visitor = Addresses::<K> {
        encoded: Encoded::default(),
        literals: Literals::default(),
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
pub fn emails(data: &[u8]) -> (Vec<u8>, Account) {
    keys::<EmailKey>(data)
}

/// Kind.DOMAIN keys of every address: its domain and each one above it that has a dot.
pub fn domains(data: &[u8]) -> (Vec<u8>, Account) {
    keys::<DomainKeys>(data)
}

/// PLAIN: whether what stands there letter by letter is wanted; ALL: what is encoded.
#[derive(Default)]
struct Spans<const PLAIN: bool, const ALL: bool> {
    encoded: Encoded,
    literals: Literals,
    found: Vec<Found>,
}

impl<const PLAIN: bool, const ALL: bool> Visit for Spans<PLAIN, ALL> {
    const ENCODED: bool = ALL;

    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        if !PLAIN {
            if let Some((from, to)) = address::plain(data, start, end) {
                if !encoded::may_be_around(data, from, to) {
                    return;
                }
            } else if domain::none_at(data, end) && !encoded::may_follow(data, end) {
                return; // an at sign in a password
            }
        }
        let beside = ALL && encoded::is_beside(data, start, end);
        let found = address::all(data, start, end);
        let mut behind = Vec::new();
        if beside {
            let known: Vec<&[u8]> = found.iter().map(|one| &one.canonical[..]).collect();
            behind = self.encoded.read(data, (start, end), Some(&known));
        }
        let literal = |one: &Found| data[one.start..one.end].eq_ignore_ascii_case(&one.canonical);
        self.found
            .extend(found.into_iter().filter(|one| PLAIN || !literal(one)));
        self.found.extend(behind);
    }

    fn encoded(&mut self, data: &[u8], start: usize, end: usize) {
        let found = self.encoded.read(data, (start, end), None);
        self.found.extend(found);
    }

    fn digits(&mut self, data: &[u8], at: usize) {
        let found = self.literals.hexadecimal(data, at);
        self.found.extend(found);
    }

    fn colons(&mut self, data: &[u8], at: usize) {
        let found = encoded::base64(data, at);
        self.found.extend(found);
    }

    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// All readings of all addresses, in order.
pub fn spans(data: &[u8]) -> Vec<Found> {
    spans_of::<true, true>(data)
}

/// The same, without what is encoded.
pub fn plain_spans(data: &[u8]) -> Vec<Found> {
    spans_of::<true, false>(data)
}

/// Those alone that do not stand there letter by letter, or only a decoder sees to be whole.
pub fn encoded_spans(data: &[u8]) -> Vec<Found> {
    spans_of::<false, true>(data)
}

/// Those of `encoded_spans` whose at signs are in `parts`, which ascend.
pub fn encoded_spans_in(data: &[u8], parts: &[(usize, usize)]) -> Vec<Found> {
    let mut visitor = Spans::<false, true>::default();
    for &part in parts {
        walk_in(data, part, &mut visitor);
    }
    visitor.found
}

fn spans_of<const PLAIN: bool, const ALL: bool>(data: &[u8]) -> Vec<Found> {
    let mut visitor = Spans::<PLAIN, ALL>::default();
    walk(data, &mut visitor);
    visitor.found
}
