//! The local part of an address; the rules are in leakcheck/subject/local_part.py.

use crate::classes::Classes;
use crate::escapes::{self, Token, Written};

const LONGEST: usize = 64;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const MARK: u8 = 4;
const WORD: u8 = LETTER | DIGIT;
const CHARACTER: u8 = WORD | MARK;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'_' | b'-' | b'+' | b'.' => MARK,
            _ => 0,
        };
        byte += 1;
    }
    class
};

fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

fn code_is(code: u32, class: u8) -> bool {
    code < 256 && is(code as u8, class)
}

/// A reading: its text, lower-cased, and where it starts.
pub type Reading = (Vec<u8>, usize);

/// Where the local part before the raw at sign at `at` starts, where it has
/// one reading only, in plain sight. None: ask `readings`.
#[inline(always)]
pub fn plain(data: &[u8], at: usize) -> Option<usize> {
    let start = match data[..at].last_chunk::<32>() {
        Some(bytes) => plain_run(&Classes::of(bytes)).map(|length| at - length),
        None => None,
    };
    let start = match start {
        Some(start) => start,
        None => plain_run_slowly(data, at)?,
    };
    if start > 0 {
        match data[start - 1] {
            b'%' | b'\\' => return None,
            b'\'' => {
                let edge = start < 2 || !matches!(data[start - 2], b'\'' | b'\\' | b';');
                if !edge || (start >= 2 && is(data[start - 2], WORD)) {
                    return None;
                }
            }
            b';' if data[start.saturating_sub(8)..start].contains(&b'&') => return None,
            _ => {}
        }
    }
    Some(start)
}

/// The length of a sound run that ends the 32 bytes and begins within them.
#[inline(always)]
fn plain_run(classes: &Classes) -> Option<usize> {
    let Classes {
        word,
        hyphen,
        dot,
        other_mark,
    } = *classes;
    let length = (word | hyphen | dot | other_mark).leading_ones();
    if length == 0 || length == 32 {
        return None;
    }
    let run = u32::MAX << (32 - length);
    let first = 1 << (32 - length);
    let sound = word & first != 0 && dot & (dot << 1) & run == 0 && dot >> 31 == 0;
    sound.then_some(length as usize)
}

/// The start of a sound run of at most 64, byte by byte.
fn plain_run_slowly(data: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(LONGEST + 1);
    let mut start = at;
    let mut last = b'.';
    while start > floor {
        let byte = data[start - 1];
        if !is(byte, CHARACTER) {
            break;
        }
        if byte == b'.' && last == b'.' {
            return None;
        }
        last = byte;
        start -= 1;
    }
    (at - start <= LONGEST && is(last, WORD)).then_some(start)
}

/// All readings of what stands before the at sign at `at`, the longest first.
/// `at_token` is how the at sign is written.
pub fn readings(data: &[u8], at: usize, at_token: &[u8]) -> Vec<Reading> {
    let ends_a_token = |byte: &u8| is(*byte, CHARACTER) || matches!(byte, b';' | b'\'');
    if !data[..at].last().is_some_and(ends_a_token) {
        return Vec::new();
    }
    let mut codes: Vec<u8> = Vec::with_capacity(LONGEST + 8); // from right to left
    let mut starts: Vec<usize> = Vec::with_capacity(LONGEST + 8);
    let mut found: Vec<Reading> = Vec::new();
    let mut soft: Vec<usize> = Vec::new();
    let mut position = at;
    while position > 0 && codes.len() <= LONGEST {
        let token = escapes::before(data, position);
        let Token {
            code,
            start,
            written,
        } = token;
        if written == Written::Percent && at_token == b"@" {
            with_letters(
                data,
                &mut codes,
                &mut starts,
                start + 1..start + 3,
                &mut found,
            );
        }
        if may_be_letters(data, token, position) {
            let from = data[start..position]
                .iter()
                .rposition(|&byte| byte == b'\\');
            let from = start + from.map_or(0, |place| place + 1);
            with_letters(data, &mut codes, &mut starts, from..position, &mut found);
        }
        if code == u32::from(b'\'') && between_letters(data, &codes, start) {
            soft.push(codes.len());
        } else if !code_is(code, CHARACTER)
            || (code == u32::from(b'.') && codes.last() == Some(&b'.'))
        {
            break;
        }
        if code == u32::from(b'+') && written == Written::Raw && at_token == b"%40" {
            soft.push(codes.len());
        }
        codes.push(code as u8);
        starts.push(start);
        position = start;
    }
    if codes.len() > LONGEST {
        let marks = codes
            .windows(2)
            .position(|pair| is(pair[0], MARK) && is(pair[1], MARK));
        soft.extend(marks);
    } else {
        reading(&codes, &starts, &mut found);
    }
    for count in soft {
        if !(codes[count] == b'\'' && is_name_prefix(&codes, count)) {
            reading(&codes[..count], &starts[..count], &mut found);
        }
    }
    found.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then_with(|| one.cmp(other)));
    found.dedup();
    found
}

/// The reading in which the bytes of `range`, which looked like an escape, are letters.
fn with_letters(
    data: &[u8],
    codes: &mut Vec<u8>,
    starts: &mut Vec<usize>,
    range: std::ops::Range<usize>,
    found: &mut Vec<Reading>,
) {
    let count = codes.len();
    for place in range.rev() {
        codes.push(data[place]);
        starts.push(place);
    }
    reading(codes, starts, found);
    codes.truncate(count);
    starts.truncate(count);
}

/// Add the reading of `codes`, right to left, and the one without marks at its front.
fn reading(codes: &[u8], starts: &[usize], found: &mut Vec<Reading>) {
    let dots = codes.iter().rev().take_while(|&&code| code == b'.').count();
    let codes = &codes[..codes.len() - dots];
    if codes.is_empty() || codes[0] == b'.' || codes.len() > LONGEST {
        return;
    }
    let mut add = |codes: &[u8]| {
        let text = codes.iter().rev().map(u8::to_ascii_lowercase).collect();
        found.push((text, starts[codes.len() - 1]));
    };
    add(codes);
    let marks = codes
        .iter()
        .rev()
        .take_while(|&&code| is(code, MARK))
        .count();
    if marks > 0 && marks < codes.len() {
        add(&codes[..codes.len() - marks]);
    }
}

fn between_letters(data: &[u8], codes: &[u8], start: usize) -> bool {
    codes.last().is_some_and(|&code| is(code, LETTER))
        && start > 0
        && code_is(escapes::before(data, start).code, LETTER)
}

/// Whether what looks like an escape may be a backslash and a name: CORP\nick, \\nick.
fn may_be_letters(data: &[u8], token: Token, end: usize) -> bool {
    let Token {
        code,
        start,
        written,
    } = token;
    match written {
        Written::Escape if data[start] == b'\\' && !(0x20..0x80).contains(&code) => {}
        Written::Break => {}
        _ => return false,
    }
    if data[start..end].starts_with(b"\\\\") {
        return true;
    }
    start > 0 && is(data[start - 1], WORD) && escapes::before(data, start).written == Written::Raw
}

/// Whether the apostrophe at `count` follows a lone `o`, as in o'brien.
fn is_name_prefix(codes: &[u8], count: usize) -> bool {
    matches!(codes.get(count + 1), Some(b'o' | b'O'))
        && !codes.get(count + 2).is_some_and(|&code| is(code, WORD))
}
