//! Keys from `address<sep>password` lines; the rules are in
//! leakcheck/extract/reference/combos.py.

use crate::address::{self, Found};
use crate::digest::Digests;
use crate::emails::Seen;
use crate::lines::{self, trimmed, Account, Status};
use crate::password_fields as fields;
use crate::passwords::{self, fault, Made};
use crate::walk::{walk, Visit};
use std::borrow::Cow;

/// What is wanted of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Password(Made),
    Credential,
}

/// The first address of a line.
enum First {
    None,
    Plain { start: usize, end: usize },
    Other(Vec<Found>),
}

struct Combos {
    wanted: Wanted,
    account: Account,
    digests: Digests,
    seen: Seen,
    line_start: usize,
    sign_end: Option<usize>,
    first: First,
    /// Whether the line has more than one reading.
    parted: bool,
}

/// Keys of the passwords, or of the credentials, in `address<sep>password` lines.
pub fn combos(data: &[u8], wanted: Wanted) -> (Vec<u8>, Account) {
    let mut visitor = Combos {
        wanted,
        account: Account::default(),
        digests: Digests::with_capacity(data.len() / 64 * 20),
        seen: Seen::NOTHING,
        line_start: 0,
        sign_end: None,
        first: First::None,
        parted: false,
    };
    walk(data, &mut visitor);
    if visitor.line_start < data.len() {
        visitor.line_end(data, data.len());
    }
    (visitor.digests.finish(), visitor.account)
}

/// Keys of addresses and passwords that are already apart.
pub fn credential_fields(pairs: &[(&[u8], &[u8])]) -> (Vec<u8>, Account) {
    let mut digests = Digests::with_capacity(pairs.len() * 20);
    let mut account = Account::default();
    for (field, password) in pairs {
        let mut reader = FirstOf {
            seen: Seen::NOTHING,
            first: First::None,
        };
        walk(field, &mut reader);
        let mut status = reader.seen.close(field);
        if status == Status::Accepted {
            status = fault(password, Status::NoPassword);
            if status == Status::Accepted {
                let mut readings = Vec::new();
                lines::parts(password, |part| readings.push(part));
                let forms = passwords::forms(&readings);
                credential_keys(&mut digests, field, &reader.first, &forms);
            }
        }
        account.line(status);
    }
    (digests.finish(), account)
}

struct FirstOf {
    seen: Seen,
    first: First,
}

impl Visit for FirstOf {
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        note(data, start, end, &mut self.seen, &mut self.first);
    }

    // A field that holds a line break is two lines to no one: the walk goes on.
    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// Read an at sign of a line that has no address yet.
#[inline]
fn note(data: &[u8], start: usize, end: usize, seen: &mut Seen, first: &mut First) {
    if !matches!(first, First::None) {
        return;
    }
    if let Some((start, end)) = address::plain(data, start, end) {
        *seen = Seen::FOUND;
        *first = First::Plain { start, end };
        return;
    }
    let (local_sound, found) = address::readings(data, start, end);
    seen.note(local_sound, !found.is_empty());
    if !found.is_empty() {
        *first = First::Other(found);
    }
}

impl Visit for Combos {
    #[inline]
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        self.sign_end.get_or_insert(end);
        note(data, start, end, &mut self.seen, &mut self.first);
    }

    #[inline]
    fn line_end(&mut self, data: &[u8], at: usize) {
        let stop = self.line_start + trimmed(&data[self.line_start..at]).len();
        if self.parted {
            self.readings(data, stop);
        } else {
            let status = self.line(data, stop);
            self.account.line(status);
        }
        self.line_start = at + 1;
    }

    fn line_break(&mut self, _: &[u8], _: usize) {
        self.parted = true;
    }

    fn mark(&mut self, _: &[u8], _: usize) {
        self.parted = true;
    }
}

impl Combos {
    /// Take the keys of the line that ends at `stop`, of which all at signs were seen.
    #[inline]
    fn line(&mut self, data: &[u8], stop: usize) -> Status {
        let line = &data[self.line_start..stop];
        let seen = self.seen.close(line);
        let sign_end = self.sign_end.take();
        match std::mem::replace(&mut self.first, First::None) {
            First::Plain { start, end } => {
                if let Some(status) = self.simple(data, start, end, stop) {
                    return status;
                }
                self.with_address(data, First::Plain { start, end }, stop)
            }
            First::None if self.wanted == Wanted::Credential => seen,
            First::None if line.is_empty() => Status::Empty,
            First::None => {
                let from = sign_end.unwrap_or(self.line_start).min(stop);
                self.without_address(&data[from..stop])
            }
            first => self.with_address(data, first, stop),
        }
    }

    /// The line `address<separator>password`, where the password has one reading in plain sight.
    #[inline]
    fn simple(&mut self, data: &[u8], start: usize, end: usize, stop: usize) -> Option<Status> {
        if end >= stop
            || !fields::is_separator(data[end])
            || !fields::is_simple(data, end + 1, stop)
        {
            return None;
        }
        match self.wanted {
            Wanted::Password(Made::Sha1) => self.digests.sha1_of(data, end + 1, stop),
            Wanted::Password(made) => {
                passwords::digest(&mut self.digests, &data[end + 1..stop], made);
            }
            Wanted::Credential => {
                let name = data[start..end].to_ascii_lowercase();
                self.digests.sha1(&[&name, b"\0", &data[end + 1..stop]]);
            }
        }
        Some(Status::Accepted)
    }

    /// A line that may be read in parts; `self` has seen all its at signs as those of one.
    #[cold]
    fn readings(&mut self, data: &[u8], stop: usize) {
        self.parted = false;
        self.first = First::None;
        self.seen = Seen::NOTHING;
        self.sign_end = None;
        let whole = &data[self.line_start..stop];
        let line_start = std::mem::replace(&mut self.line_start, 0);
        lines::readings(whole, |line, counted| {
            walk(line, &mut OneLine(self));
            let status = self.line(line, line.len());
            self.account.reading(counted, status);
        });
        self.line_start = line_start;
    }

    fn with_address(&mut self, data: &[u8], first: First, stop: usize) -> Status {
        let (mut start, mut end) = match &first {
            First::None => return Status::NoAddress,
            First::Plain { start, end } => (*start, *end),
            First::Other(found) => (
                found[0].start,
                found.iter().map(|found| found.end).max().unwrap_or(0),
            ),
        };
        let front = &data[self.line_start..start];
        if let Some(quote @ (b'"' | b'\'')) = front.last() {
            if data[end..stop].first() == Some(quote) {
                (start, end) = (start - 1, end + 1);
            }
        }
        let (status, found) = fields::beside(&data[self.line_start..start], &data[end..stop]);
        if self.wanted == Wanted::Credential {
            credential_keys(&mut self.digests, data, &first, &found);
        } else {
            self.add(&found);
        }
        status
    }

    /// A line without an address, from its first at sign on, if any.
    fn without_address(&mut self, rest: &[u8]) -> Status {
        let (status, found) = fields::without_address(rest);
        self.add(&found);
        status
    }

    fn add(&mut self, found: &[Cow<[u8]>]) {
        if let Wanted::Password(made) = self.wanted {
            for word in found {
                passwords::digest(&mut self.digests, word, made);
            }
        }
    }
}

/// Notes the at signs of one reading of a line.
struct OneLine<'c>(&'c mut Combos);

impl Visit for OneLine<'_> {
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        self.0.at_sign(data, start, end);
    }

    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// A key for each reading of the address with each of the password.
fn credential_keys(digests: &mut Digests, data: &[u8], first: &First, found: &[Cow<[u8]>]) {
    let mut add = |name: &[u8]| {
        for password in found {
            for word in passwords::readings(password) {
                digests.sha1(&[name, b"\0", &word]);
            }
        }
    };
    match first {
        First::None => {}
        First::Plain { start, end } => add(&data[*start..*end].to_ascii_lowercase()),
        First::Other(found) => {
            for (place, one) in found.iter().enumerate() {
                if !found[..place]
                    .iter()
                    .any(|other| other.canonical == one.canonical)
                {
                    add(&one.canonical);
                }
            }
        }
    }
}
