//! Keys from `address<sep>password` lines; the rules are in
//! leakcheck/extract/reference/combos.py.

use crate::address::{self, Found};
use crate::digest::Digests;
use crate::domain::Resolver;
use crate::emails::Seen;
use crate::lines::{self, bare, trimmed, Account, Status};
use crate::passwords::{self, fault};
use crate::walk::{walk, Visit};
use std::borrow::Cow;

/// Readings of one password, at most.
const MOST: usize = 8;

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
    /// Whether the line has more than one reading.
    parted: bool,
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
        parted: false,
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

/// How a line may be read.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    After,
    Before,
}

const SEPARATOR: u8 = 1;
const MARK: u8 = 2;
const OPENING: u8 = 4;
const CLOSING: u8 = 8;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let sets: [(&[u8], u8); 4] = [
        (b":;|\t,", SEPARATOR),
        (b"-=~#/>_\\*+&^", MARK),
        (b"\"'<([{", OPENING),
        (b"\"'>)]}:;|,\t ", CLOSING),
    ];
    let mut set = 0;
    while set < sets.len() {
        let mut at = 0;
        while at < sets[set].0.len() {
            class[sets[set].0[at] as usize] |= sets[set].1;
            at += 1;
        }
        set += 1;
    }
    class
};

fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

fn separator(field: &[u8]) -> Option<usize> {
    field.iter().position(|&byte| is(byte, SEPARATOR))
}

impl Combos<'_> {
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
        if end >= stop || !is(data[end], SEPARATOR) || !is_simple(data, end + 1, stop) {
            return None;
        }
        match self.wanted {
            Wanted::Password => self.digests.sha1_of(data, end + 1, stop),
            Wanted::Ntlm => passwords::digest(&mut self.digests, &data[end + 1..stop], true),
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
        let rest = &data[end..stop];
        let mut fields: Vec<&[u8]> = Vec::new();
        fields.extend(separator(rest).map(|place| &rest[place + 1..]));
        let unspaced = skip(rest, |byte| byte == b' ');
        let marked = skip(skip(unspaced, |byte| is(byte, MARK)), |byte| byte == b' ');
        for field in [unspaced, marked] {
            if field.len() < rest.len() && !field.is_empty() && !is(field[0], SEPARATOR) {
                fields.push(field);
            }
        }
        let mut read = words(&fields, Shape::After);
        if read.0 != Status::Accepted && rest.iter().all(|&byte| is(byte, CLOSING)) {
            let before = before(&data[self.line_start..start]);
            let front = before.map(|field| words(&[field], Shape::Before));
            read = match front {
                Some(front) if front.0 == Status::Accepted => front,
                _ => read,
            };
        }
        let (status, found) = read;
        if self.wanted == Wanted::Credential {
            credential_keys(&mut self.digests, data, &first, &found);
        } else {
            self.add(&found);
        }
        status
    }

    /// A line without an address, from its first at sign on, if any.
    fn without_address(&mut self, rest: &[u8]) -> Status {
        let place = separator(rest).map(|place| place + 1).or_else(|| {
            let apart = |at: &usize| {
                rest[*at] == b' '
                    || is(rest[*at], MARK) && rest.get(at + 1).is_some_and(|&next| is(next, MARK))
            };
            let at = (0..rest.len()).find(apart)?;
            Some(match rest[at] {
                b' ' => at + 1,
                _ => rest.len() - skip(&rest[at..], |byte| is(byte, MARK)).len(),
            })
        });
        let (status, found) = match place {
            Some(place) => words(&[&rest[place..]], Shape::After),
            None => words(&[], Shape::After),
        };
        self.add(&found);
        status
    }

    fn add(&mut self, found: &[Cow<[u8]>]) {
        for word in found {
            passwords::digest(&mut self.digests, word, self.wanted == Wanted::Ntlm);
        }
    }
}

/// Notes the at signs of one reading of a line.
struct OneLine<'c, 'r>(&'c mut Combos<'r>);

impl Visit for OneLine<'_, '_> {
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize) {
        self.0.at_sign(data, start, end);
    }

    fn line_end(&mut self, _: &[u8], _: usize) {}
}

/// Whether `data[start..stop]` is a password that has one reading: of 1 to 16 ASCII bytes, no
/// separator in it, no blank or quotation mark around it, no `$HEX[`.
#[inline]
fn is_simple(data: &[u8], start: usize, stop: usize) -> bool {
    let length = stop.wrapping_sub(start);
    let Some(bytes) = data[start.min(data.len())..].first_chunk::<16>() else {
        return false;
    };
    if length == 0 || length > 16 {
        return false;
    }
    let odd = odd_bytes(bytes) & (u32::MAX >> (32 - length));
    odd == 0 && !matches!(bytes[0], b' ' | b'"' | b'\'' | b'$') && bytes[length - 1] != b' '
}

/// A bit for each byte that is a separator, or not ASCII.
#[cfg(target_arch = "x86_64")]
#[inline]
fn odd_bytes(bytes: &[u8; 16]) -> u32 {
    use std::arch::x86_64::*;
    // SAFETY: SSE2 is part of x86-64; the load is of the array's own size.
    unsafe {
        let text = _mm_loadu_si128(bytes.as_ptr().cast());
        let is = |byte: u8| _mm_cmpeq_epi8(text, _mm_set1_epi8(byte as i8));
        let either = |one, other| _mm_or_si128(one, other);
        // ':' and ';' differ in their lowest bit alone.
        let low = _mm_cmpeq_epi8(
            _mm_or_si128(text, _mm_set1_epi8(1)),
            _mm_set1_epi8(b';' as i8),
        );
        let odd = either(either(low, is(b'|')), either(is(b'\t'), is(b',')));
        _mm_movemask_epi8(either(odd, text)) as u32
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn odd_bytes(bytes: &[u8; 16]) -> u32 {
    bytes.iter().enumerate().fold(0, |odd, (at, &byte)| {
        odd | u32::from(byte >= 0x80 || is(byte, SEPARATOR)) << at
    })
}

fn skip(field: &[u8], passed: impl Fn(u8) -> bool) -> &[u8] {
    &field[field.iter().take_while(|&&byte| passed(byte)).count()..]
}

/// The password in what stands before an address.
fn before(front: &[u8]) -> Option<&[u8]> {
    let cut = |field: &'_ [u8], passed: &dyn Fn(u8) -> bool| {
        field.len() - field.iter().rev().take_while(|&&byte| passed(byte)).count()
    };
    let front = &front[..cut(front, &|byte| is(byte, OPENING))];
    let bare = &front[..cut(front, &|byte| byte == b' ')];
    let field = match bare.last() {
        Some(&last) if is(last, SEPARATOR) => &bare[..bare.len() - 1],
        _ if bare.len() < front.len() && !bare.contains(&b' ') => bare,
        _ => return None,
    };
    (!field.is_empty()).then_some(field)
}

/// The status of a line where the password may be one of `fields`; what it may stand for.
fn words<'a>(fields: &[&'a [u8]], shape: Shape) -> (Status, Vec<Cow<'a, [u8]>>) {
    let fault = |field: &&[u8]| fault(field, Status::NoPassword);
    let sound = || {
        fields
            .iter()
            .filter(|field| fault(field) == Status::Accepted)
    };
    if sound().next().is_none() {
        let status = fields.first().map_or(Status::NoSeparator, fault);
        return (status, Vec::new());
    }
    let mut found: Vec<&[u8]> = Vec::new();
    let mut add = |field: &'a [u8]| {
        if !field.is_empty() && !found.contains(&field) {
            found.push(field);
        }
    };
    for field in sound() {
        add(field);
        unquoted(field, &mut add);
    }
    for field in sound() {
        let is_cut = |byte: &u8| is(*byte, SEPARATOR);
        let last = field.iter().rposition(is_cut);
        let cuts = [field.iter().position(is_cut), last];
        cuts.iter()
            .flatten()
            .for_each(|&cut| unquoted(&field[..cut], &mut add));
        if let (Some(cut), Shape::Before) = (last, shape) {
            unquoted(&field[cut + 1..], &mut add);
        }
    }
    found.truncate(MOST);
    (Status::Accepted, passwords::forms(&found))
}

/// Calls `add` with `field` without the blanks around it, then without quotation marks as well.
fn unquoted<'a>(field: &'a [u8], add: &mut impl FnMut(&'a [u8])) {
    let field = bare(field);
    add(field);
    if let [first @ (b'"' | b'\''), inner @ .., last] = field {
        if first == last && !inner.is_empty() {
            add(inner);
        }
    }
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
