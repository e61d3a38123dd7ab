//! Where in a line a password may stand, and what it may be; the rules are in
//! leakcheck/extract/reference/combos.py.

use crate::lines::{bare, Status};
use crate::passwords::{self, fault};
use std::borrow::Cow;

/// Readings of one password, at most.
const MOST: usize = 12;

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

pub fn is_separator(byte: u8) -> bool {
    is(byte, SEPARATOR)
}

fn separator(field: &[u8]) -> Option<usize> {
    field.iter().position(|&byte| is(byte, SEPARATOR))
}

fn last_separator(field: &[u8]) -> Option<usize> {
    field.iter().rposition(|&byte| is(byte, SEPARATOR))
}

/// What the password of a line may be that has `front` before its address, and `rest` behind it.
pub fn beside<'a>(front: &'a [u8], rest: &'a [u8]) -> (Status, Vec<Cow<'a, [u8]>>) {
    let mut fields: Vec<&[u8]> = Vec::new();
    let place = separator(rest);
    fields.extend(place.map(|place| &rest[place + 1..]));
    let unspaced = skip(rest, |byte| byte == b' ');
    let marked = skip(skip(unspaced, |byte| is(byte, MARK)), |byte| byte == b' ');
    for field in [unspaced, marked] {
        if field.len() < rest.len() && !field.is_empty() && !is_separator(field[0]) {
            fields.push(field);
        }
    }
    let behind = words(&fields, place.map(|place| rest[place]));
    if behind.0 != Status::Accepted && rest.iter().all(|&byte| is(byte, CLOSING)) {
        let ahead = before(front).map(|field| words(&[field], None));
        if let Some(ahead) = ahead.filter(|ahead| ahead.0 == Status::Accepted) {
            return ahead;
        }
    }
    behind
}

/// What the password of a line without an address may be; `rest`: from its first at sign on.
pub fn without_address(rest: &[u8]) -> (Status, Vec<Cow<'_, [u8]>>) {
    if let Some(place) = separator(rest) {
        return words(&[&rest[place + 1..]], Some(rest[place]));
    }
    let apart = |at: &usize| {
        rest[*at] == b' '
            || is(rest[*at], MARK) && rest.get(at + 1).is_some_and(|&next| is(next, MARK))
    };
    let Some(at) = (0..rest.len()).find(apart) else {
        return words(&[], None);
    };
    let after = match rest[at] {
        b' ' => &rest[at + 1..],
        _ => skip(&rest[at..], |byte| is(byte, MARK)),
    };
    let marked = skip(after, |byte| is(byte, MARK));
    let word = skip(marked, |byte| byte == b' ');
    if !word.is_empty() && word.len() < marked.len() && marked.len() < after.len() {
        return words(&[after, word], None);
    }
    words(&[after], None)
}

/// Whether `data[start..stop]` is a password that has one reading: of 1 to 16 ASCII bytes, no
/// separator in it, no blank or quotation mark around it, no `$HEX[`.
#[inline]
pub fn is_simple(data: &[u8], start: usize, stop: usize) -> bool {
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
fn words<'a>(fields: &[&'a [u8]], mark: Option<u8>) -> (Status, Vec<Cow<'a, [u8]>>) {
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
        let cuts = [separator(field), last_separator(field)];
        cuts.iter()
            .flatten()
            .for_each(|&cut| unquoted(&field[..cut], &mut add));
    }
    for field in sound() {
        beside_others(field, mark, &mut add);
    }
    found.truncate(MOST);
    (Status::Accepted, passwords::forms(&found))
}

/// Calls `add` with what `field` may be where further fields stand in it.
fn beside_others<'a>(field: &'a [u8], mark: Option<u8>, add: &mut impl FnMut(&'a [u8])) {
    if let [quote @ (b'"' | b'\''), inner @ ..] = bare(field) {
        if let Some(end) = inner.iter().position(|byte| byte == quote) {
            add(&inner[..end]);
        }
    }
    let (Some(first), Some(last)) = (separator(field), last_separator(field)) else {
        return;
    };
    let alike = mark.and_then(|mark| field.iter().position(|&byte| byte == mark));
    let plain = (0..field.len())
        .rev()
        .find(|&at| is_separator(field[at]) && !field[at..].starts_with(b"://"));
    for cut in [alike, plain].into_iter().flatten() {
        unquoted(&field[..cut], add);
    }
    unquoted(&field[first + 1..], add);
    unquoted(&field[last + 1..], add);
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
