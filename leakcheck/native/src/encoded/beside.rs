//! Which at signs have an encoding beside them.

use super::lines::{has_attribute, is_continued, is_soft, returns};
use crate::layers::{are_hex, braced, quoted, widthless};
use memchr::memrchr;

const RUN: usize = 80;
const LOCAL: u8 = 1;
const HOST: u8 = 2;
/// What may be the last byte of an encoding before an address; the first of one after it.
const BEFORE: u8 = 4;
const AFTER: u8 = 8;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => LOCAL | HOST,
            b'_' | b'+' => LOCAL,
            b'=' | b'%' | b'\\' | b'\n' => BEFORE | AFTER,
            b' ' | b'\t' | b'[' | b'(' | b';' | b'}' => BEFORE,
            0xad | 0x8b..=0x8d | 0xa0 | 0xbf => BEFORE | HOST,
            0x80..=0xff => HOST,
            0x1b | b'&' | b'\r' => AFTER,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// Whether a byte may be part of a local part.
pub fn is_of_local(byte: u8) -> bool {
    CLASS[byte as usize] & LOCAL != 0
}

fn is(data: &[u8], at: usize, class: u8) -> bool {
    data.get(at)
        .is_some_and(|&byte| CLASS[byte as usize] & class != 0)
}

/// Whether an encoding is right before or after the letters beside the at sign `data[start..end]`.
#[inline(never)]
pub fn is_beside(data: &[u8], start: usize, end: usize) -> bool {
    let host = |byte: &&u8| CLASS[**byte as usize] & HOST != 0;
    let mut left = start;
    while left > 0 && start - left < RUN && is_local(data, left - 1, start) {
        left -= 1;
    }
    let right = data[end..].iter().take(RUN).take_while(host).count();
    is_around(data, left, end + right, start)
}

/// Whether a local part may go on at `at`: an apostrophe stands between letters or digits.
fn is_local(data: &[u8], at: usize, start: usize) -> bool {
    if data[at] == b'\'' {
        return at + 1 < start && at > 0 && data[at - 1].is_ascii_alphanumeric();
    }
    is(data, at, LOCAL)
}

/// The same, where the letters are `data[left..right]`, and the at sign is at `start`.
fn is_around(data: &[u8], left: usize, right: usize, start: usize) -> bool {
    let before = left > 0 && is(data, left - 1, BEFORE);
    let after = is(data, right, AFTER);
    (before && is_before(data, left, start)) || (after && is_after(data, right))
}

/// Whether `is_beside` may be so for the at sign in `data[left..right]`, from a glance.
#[inline(always)]
pub fn may_be_around(data: &[u8], left: usize, right: usize) -> bool {
    let before = match data[..left] {
        [.., b'=', b'\n'] | [.., b'=', b'\r', b'\n'] | [.., b'\n', b' ' | b'\t'] => true,
        [.., b'\n' | b' ' | b'\t'] | [] => false,
        [.., byte] => CLASS[byte as usize] & BEFORE != 0,
    };
    before || may_be_after(data, right)
}

/// Whether an encoding may begin at `right`, from a glance.
#[inline(always)]
fn may_be_after(data: &[u8], right: usize) -> bool {
    match data.get(right) {
        Some(b'\n') => matches!(data.get(right + 1), Some(b' ' | b'\t')),
        Some(b'\r') => matches!(data[right + 1..], [b'\n', b' ' | b'\t', ..]),
        Some(&byte) => CLASS[byte as usize] & AFTER != 0,
        None => false,
    }
}

/// Whether an encoding may follow the letters at `at`, from a glance.
pub fn may_follow(data: &[u8], at: usize) -> bool {
    let host = |byte: &&u8| CLASS[**byte as usize] & HOST != 0;
    let right = at + data[at..].iter().take(RUN).take_while(host).count();
    may_be_after(data, right)
}

#[inline]
fn is_before(data: &[u8], left: usize, start: usize) -> bool {
    match data[left - 1] {
        b'\n' => {
            let end = left - 1 - returns(data, left - 1);
            end > 0 && data[end - 1] == b'=' && ends_softly(data, left - 1, end - 1)
        }
        b' ' | b'\t' => left > 1 && data[left - 2] == b'\n' && is_folded(data, left - 2),
        _ => is_encoding_before(data, left, start),
    }
}

/// Whether a local part that goes on in the next line may end with `byte` in this one.
fn may_end_a_line(byte: u8) -> bool {
    is_of_local(byte) || byte == b'\''
}

#[cold]
fn ends_softly(data: &[u8], feed: usize, equals: usize) -> bool {
    equals > 0 && may_end_a_line(data[equals - 1]) && is_soft(data, feed)
}

#[cold]
fn is_folded(data: &[u8], feed: usize) -> bool {
    let end = feed - returns(data, feed);
    end > 0
        && may_end_a_line(data[end - 1])
        && is_continued(data, feed)
        && has_attribute(data, feed)
}

#[cold]
fn is_encoding_before(data: &[u8], left: usize, start: usize) -> bool {
    let low = left.saturating_sub(40);
    let tail = &data[low..left];
    match data[left - 1] {
        b'=' => {
            let alone = left < 4 || data[left - 4] != b'=';
            left + 2 <= start && quoted(data, left).is_some_and(|byte| byte < 0x80 || !alone)
        }
        b'%' => percent(&data[..start], left).is_some(),
        b'\\' => left < start && matches!(data[left], b'_' | b'.' | b'+' | b'-'),
        b'[' | b'(' => tail.len() > 1 && tail[tail.len() - 2] == 0x1b,
        b'}' => memrchr(b'\\', tail).is_some_and(|at| braced(tail, at) == Some(tail.len() - at)),
        b';' => {
            let entity =
                memrchr(b'&', tail).is_some_and(|at| entity(tail, at) == Some(tail.len() - at));
            entity || is_sequence(tail)
        }
        _ => (2..=3).any(|length| left >= length && widthless(data, left - length) == length),
    }
}

/// Whether `tail` ends in the first parameters of a sequence for a terminal.
fn is_sequence(tail: &[u8]) -> bool {
    let body = &tail[..tail.len() - 1];
    let parameter = |byte: &&u8| matches!(byte, b'0'..=b'9' | b';' | b':' | b'?');
    let count = body.iter().rev().take_while(parameter).count();
    count <= 30 && body[..body.len() - count].ends_with(b"\x1b[")
}

/// The length of what follows a percent sign that was encoded again, at `at`.
fn percent(data: &[u8], at: usize) -> Option<usize> {
    if data.get(at) == Some(&b'u') {
        return are_hex(data, at + 1, 4).then_some(5);
    }
    let pairs = (0..3)
        .take_while(|pair| data.get(at + 2 * pair..at + 2 * pair + 2) == Some(b"25"))
        .count();
    (1..=pairs)
        .rev()
        .find(|pairs| are_hex(data, at + 2 * pairs, 2))
        .map(|pairs| 2 * pairs + 2)
}

/// The length of the entity at `at` that escapes.rs does not read.
fn entity(data: &[u8], at: usize) -> Option<usize> {
    const NAMES: [&[u8]; 9] = [
        b"commat;", b"period;", b"lowbar;", b"plus;", b"hyphen;", b"dash;", b"shy;", b"zwj;",
        b"zwnj;",
    ];
    let rest = &data[at + 1..];
    let mut encoded = 0;
    while encoded < 2 && rest[4 * encoded..].starts_with(b"amp;") {
        encoded += 1;
    }
    let name = &rest[4 * encoded..];
    if let Some(known) = NAMES.iter().find(|known| name.starts_with(known)) {
        return Some(1 + 4 * encoded + known.len());
    }
    if encoded == 0 {
        return None;
    }
    let (skip, most, radix) = match name {
        [b'#', b'x' | b'X', ..] => (2, 4, 16),
        [b'#', ..] => (1, 5, 10),
        _ => return None,
    };
    let digit = |byte: &&u8| (**byte as char).is_digit(radix);
    let count = name[skip..].iter().take(most + 1).take_while(digit).count();
    let closed = name.get(skip + count) == Some(&b';');
    (closed && (1..=most).contains(&count)).then_some(1 + 4 * encoded + skip + count + 1)
}

#[inline]
fn is_after(data: &[u8], right: usize) -> bool {
    match data[right] {
        b'\n' | b'\r' => {
            let feed = right + usize::from(data[right] == b'\r');
            data.get(feed) == Some(&b'\n')
                && matches!(data.get(feed + 1), Some(b' ' | b'\t'))
                && is(data, feed + 2, HOST)
                && goes_on(data, feed)
        }
        _ => is_encoding_after(data, right),
    }
}

#[cold]
fn goes_on(data: &[u8], feed: usize) -> bool {
    is_continued(data, feed) && has_attribute(data, feed)
}

#[cold]
fn is_encoding_after(data: &[u8], right: usize) -> bool {
    let next = data.get(right + 1).copied().unwrap_or(0);
    match data[right] {
        0x1b => matches!(next, b'[' | b'('),
        b'&' => entity(data, right).is_some(),
        b'%' => percent(data, right + 1).is_some(),
        b'\\' => matches!(next, b'-' | b'.' | b'_') || braced(data, right).is_some(),
        b'=' if matches!(next, b'\r' | b'\n') => {
            let feed = right + 1 + usize::from(next == b'\r');
            data.get(feed) == Some(&b'\n') && is(data, feed + 1, HOST) && is_soft(data, feed)
        }
        b'=' => quoted(data, right + 1).is_some(),
        _ => false,
    }
}
