//! Keys from `address<sep>password` lines; the rules are in
//! leakcheck/extract/reference/combos.py.

use crate::address::{self, Found};
use crate::digest::Digests;
use crate::domain::Resolver;
use crate::emails::Seen;
use crate::lines::{trimmed, Account, Status};
use crate::passwords;
use crate::walk::{walk, Visit};
use std::borrow::Cow;

/// What is wanted of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Password,
    Ntlm,
    Credential,
}

/// The first address of a line.
enum First {
    None,
    Plain { start: usize, end: usize },
    Other(Vec<Found>),
}

struct Combos<'r> {
    resolver: Resolver<'r>,
    wanted: Wanted,
    account: Account,
    digests: Digests,
    seen: Seen,
    line_start: usize,
    sign_end: Option<usize>,
    first: First,
}

/// Keys of the passwords, or of the credentials, in `address<sep>password` lines.
pub fn combos(data: &[u8], wanted: Wanted, resolver: Resolver) -> (Vec<u8>, Account) {
    let mut visitor = Combos {
        resolver,
        wanted,
        account: Account::default(),
        digests: Digests::with_capacity(data.len() / 64 * 20),
        seen: Seen::NOTHING,
        line_start: 0,
        sign_end: None,
        first: First::None,
    };
    walk(data, &mut visitor);
    if visitor.line_start < data.len() {
        visitor.line_end(data, data.len());
    }
    (visitor.digests.finish(), visitor.account)
}

/// Keys of addresses and passwords that are already apart.
pub fn credential_fields(pairs: &[(&[u8], &[u8])], resolver: Resolver) -> (Vec<u8>, Account) {
    let mut digests = Digests::with_capacity(pairs.len() * 20);
    let mut account = Account::default();
    for (field, password) in pairs {
        let mut reader = FirstOf {
            resolver,
            seen: Seen::NOTHING,
            first: First::None,
        };
        walk(field, &mut reader);
        let mut status = reader.seen.close(field);
        if status == Status::Accepted {
            let (fault, password) = passwords::checked(password, Status::NoPassword);
            status = fault;
            if status == Status::Accepted {
                credential_keys(&mut digests, field, &reader.first, &[password]);
            }
        }
        account.line(status);
    }
    (digests.finish(), account)
}

struct FirstOf<'r> {
    resolver: Resolver<'r>,
    seen: Seen,
    first: First,
}

impl Visit for FirstOf<'_> {
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        note(
            data,
            start,
            end,
            self.resolver,
            &mut self.seen,
            &mut self.first,
        );
    }

    // A field that holds a line break is two lines to no one: the walk goes on.
    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// Read an at sign of a line that has no address yet.
#[inline]
fn note(
    data: &[u8],
    start: usize,
    end: usize,
    resolver: Resolver,
    seen: &mut Seen,
    first: &mut First,
) {
    if !matches!(first, First::None) {
        return;
    }
    if let Some((start, end)) = address::plain(data, start, end) {
        *seen = Seen::FOUND;
        *first = First::Plain { start, end };
        return;
    }
    let (local_sound, found) = address::readings(data, start, end, resolver);
    seen.note(local_sound, !found.is_empty());
    if !found.is_empty() {
        *first = First::Other(found);
    }
}

impl Visit for Combos<'_> {
    #[inline]
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        self.sign_end.get_or_insert(end);
        note(
            data,
            start,
            end,
            self.resolver,
            &mut self.seen,
            &mut self.first,
        );
    }

    #[inline]
    fn line_end(&mut self, data: &[u8], at: usize) {
        let line = trimmed(&data[self.line_start..at]);
        let stop = self.line_start + line.len();
        let first = std::mem::replace(&mut self.first, First::None);
        let seen = self.seen.close(line);
        let status = match (&first, self.wanted) {
            (First::None, Wanted::Credential) => seen,
            (First::None, _) if line.is_empty() => Status::Empty,
            (First::None, _) => {
                let from = self.sign_end.unwrap_or(self.line_start).min(stop);
                self.password_from(data, from, stop)
            }
            _ => self.after_address(data, &first, stop),
        };
        self.account.line(status);
        self.sign_end = None;
        self.line_start = at + 1;
    }
}

fn separator(data: &[u8], from: usize, stop: usize) -> Option<usize> {
    let is = |byte: &u8| matches!(byte, b':' | b';' | b'|' | b'\t' | b',');
    data[from..stop]
        .iter()
        .position(is)
        .map(|place| from + place)
}

impl Combos<'_> {
    /// The password after the first separator in `data[from..stop]`, of a line without address.
    fn password_from(&mut self, data: &[u8], from: usize, stop: usize) -> Status {
        let Some(place) = separator(data, from, stop) else {
            return Status::NoSeparator;
        };
        let (status, password) = passwords::checked(&data[place + 1..stop], Status::NoPassword);
        if status == Status::Accepted {
            passwords::digest(&mut self.digests, &password, self.wanted == Wanted::Ntlm);
        }
        status
    }

    fn after_address(&mut self, data: &[u8], first: &First, stop: usize) -> Status {
        let (start, end) = match first {
            First::None => return Status::NoAddress,
            First::Plain { start, end } => (*start, *end),
            First::Other(found) => (
                found[0].start,
                found.iter().map(|found| found.end).max().unwrap_or(0),
            ),
        };
        let Some(place) = separator(data, end, stop) else {
            return Status::NoSeparator;
        };
        let field = &data[place + 1..stop];
        let (status, password) = passwords::checked(field, Status::NoPassword);
        if status != Status::Accepted {
            return status;
        }
        let opening = if start > self.line_start {
            data[start - 1]
        } else {
            0
        };
        let other = other_field(field, &data[end..place], opening).map(passwords::plain);
        let mut found: Vec<Cow<[u8]>> = Vec::new();
        if self.wanted == Wanted::Credential {
            found.push(password);
            found.extend(other.filter(|other| !other.is_empty()));
            credential_keys(&mut self.digests, data, first, &found);
            return status;
        }
        let ntlm = self.wanted == Wanted::Ntlm;
        passwords::digest(&mut self.digests, &password, ntlm);
        if let Some(other) = other.filter(|other| !other.is_empty()) {
            passwords::digest(&mut self.digests, &other, ntlm);
        }
        status
    }
}

/// The second reading of a password: without the blank or the quotes around it.
fn other_field<'a>(field: &'a [u8], between: &[u8], opening: u8) -> Option<&'a [u8]> {
    if between.is_empty() {
        return None;
    }
    if field.len() > 1 && field[0] == b' ' && between.iter().all(|&byte| byte == b' ') {
        return Some(&field[1..]);
    }
    let quoted = matches!(opening, b'"' | b'\'') && between == [opening];
    let inner = field.strip_prefix(&[opening])?.strip_suffix(&[opening])?;
    quoted.then_some(inner)
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
