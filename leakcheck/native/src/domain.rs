//! The domain of an address; the rules are in leakcheck/subject/domain.py.
//!
//! Text that is not ASCII is handed to the resolver, which is that module:
//! there is one implementation of UTS 46, and one memory of its answers.

use crate::classes::Classes;
use crate::escapes;
use crate::tld_table::{is_tld, is_tld_at, longest_tld};

const LONGEST: usize = 253;
const REACH: usize = 2048;
const MOST: usize = 1024;
const LONGEST_LABEL: usize = 63;

/// A canonical domain, and how much of the text it was read from it takes.
pub type Reading = (Vec<u8>, usize);
/// Reads the domains at the front of text that is not ASCII.
pub type Resolver<'r> = &'r dyn Fn(&[u8]) -> Vec<Reading>;

const WORD: u8 = 1;
const HYPHEN: u8 = 2;
const DOT: u8 = 4;
const OTHER: u8 = 8; // 0x80 and above, and what begins an escape

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => WORD,
            b'-' => HYPHEN,
            b'.' => DOT,
            b'%' | b'\\' | b'&' | 0x80..=0xff => OTHER,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// Where the domain at `start` ends, where it has one reading only, in plain
/// sight. None: ask `readings`.
#[inline(always)]
pub fn plain(data: &[u8], start: usize) -> Option<usize> {
    if let Some(bytes) = data[start..].first_chunk::<32>() {
        if let Some((dot, length)) = plain_run(&Classes::of(bytes)) {
            let end = start + length;
            let is_capital = bytes[dot + 1].is_ascii_uppercase();
            let stop = data[end];
            let stops = CLASS[stop as usize] != OTHER || !may_go_on(data, end);
            if stops && !is_capital && is_tld_at(data, start + dot + 1, end) {
                return Some(end);
            }
        }
    }
    plain_slowly(data, start)
}

/// Whether it is plain from 32 bytes that no domain is at `start`: a run without a dot ends there.
#[inline]
pub fn none_at(data: &[u8], start: usize) -> bool {
    let Some(bytes) = data[start..].first_chunk::<32>() else {
        return false;
    };
    let Classes {
        word, hyphen, dot, ..
    } = Classes::of(bytes);
    let length = (word | hyphen | dot).trailing_ones();
    length < 32 && dot & ((1 << length) - 1) == 0 && CLASS[bytes[length as usize] as usize] != OTHER
}

/// The last dot and the length of a sound run at the start of the 32 bytes that ends in them.
#[inline(always)]
fn plain_run(classes: &Classes) -> Option<(usize, usize)> {
    let Classes {
        word, hyphen, dot, ..
    } = *classes;
    let length = (word | hyphen | dot).trailing_ones();
    if length < 3 || length == 32 {
        return None;
    }
    let run = (1 << length) - 1;
    let dots = dot & run;
    let ends = 1 | 1 << (length - 1);
    let must_be_word = ends | (dots << 1 | dots >> 1) & run;
    let sound = dots != 0 && must_be_word & !word == 0;
    sound.then(|| (31 - dots.leading_zeros() as usize, length as usize))
}

/// `plain`, byte by byte.
fn plain_slowly(data: &[u8], start: usize) -> Option<usize> {
    let mut end = start;
    let mut label = start;
    let mut dots = 0;
    let mut last = DOT;
    let limit = data.len().min(start + LONGEST + 1);
    while end < limit {
        let class = CLASS[data[end] as usize];
        match class {
            WORD => {}
            HYPHEN if last != DOT => {}
            DOT if last == WORD && end - label <= LONGEST_LABEL => {
                dots += 1;
                label = end + 1;
            }
            0 => break,
            OTHER if !may_go_on(data, end) => break,
            _ => return None,
        }
        last = class;
        end += 1;
    }
    let tld = &data[label..end];
    let sentence = matches!(tld, [b'A'..=b'Z', b'a'..=b'z', ..]);
    let sound = dots > 0 && last == WORD && end - start <= LONGEST && !(sentence && dots > 1);
    (sound && is_tld(tld)).then_some(end)
}

/// Whether the byte at `at`, of class OTHER, may write a character of a domain.
fn may_go_on(data: &[u8], at: usize) -> bool {
    let next = data.get(at + 1).copied().unwrap_or(0);
    match data[at] {
        b'%' => next.is_ascii_hexdigit(),
        b'\\' => matches!(next, b'\\' | b'u' | b'x'),
        b'&' => next == b'#',
        _ => true,
    }
}

/// All readings of the domain at `start`: canonical, and where each ends in `data`.
pub fn readings(data: &[u8], start: usize, resolver: Resolver) -> Vec<Reading> {
    let mut text = Vec::with_capacity(64);
    let mut ends = Vec::with_capacity(64);
    let mut position = start;
    let limit = data.len().min(start + REACH - escapes::LONGEST);
    while position < limit && text.len() < MOST {
        let before = text.len();
        let end = escapes::after(data, position, &mut text);
        let stop = match text.get(before) {
            None => true,
            Some(&byte) => byte < 0x80 && CLASS[byte as usize] & (WORD | HYPHEN | DOT) == 0,
        };
        if stop {
            text.truncate(before);
            break;
        }
        ends.resize(text.len(), end);
        position = end;
    }
    text.truncate(run_length(&text));
    let mut found = match other_script(&text) {
        _ if text.is_ascii() => resolve(&text),
        Some(found) => found,
        None => resolver(&text),
    };
    for (_, length) in &mut found {
        *length = ends[*length - 1];
    }
    found
}

/// How much of `text` there is before the first common punctuation of
/// typographers and of CJK, which no domain holds, so that it need not be asked about.
fn run_length(text: &[u8]) -> usize {
    let ends = |bytes: &[u8]| {
        matches!(
            bytes,
            [0xe2, 0x80, 0x90..=0xa7]
                | [0xe3, 0x80, 0x80 | 0x81 | 0x88..=0x91 | 0x94..=0x9b]
                | [0xef, 0xbc, 0x81..=0x8d | 0x8f | 0x9a..=0xa0]
        )
    };
    text.windows(3).position(ends).unwrap_or(text.len())
}

/// Rule 5, where it is plain that it applies.
fn other_script(text: &[u8]) -> Option<Vec<Reading>> {
    let plain = text.iter().position(|byte| *byte >= 0x80)?;
    let begins = matches!(
        text[plain..],
        [0xd0..=0xdb, 0x80..=0xbf, ..]
            | [0xe3, 0x81, 0x81..=0xbf, ..]
            | [0xe3, 0x82 | 0x83 | 0x90..=0xbf, 0x80..=0xbf, ..]
            | [0xe4..=0xe9, 0x80..=0xbf, 0x80..=0xbf, ..]
    );
    let is_dot = |bytes: &[u8]| {
        matches!(
            bytes,
            [0xe3, 0x80, 0x82] | [0xef, 0xbc, 0x8e] | [0xef, 0xbd, 0xa1]
        )
    };
    let rest = &text[plain..];
    if !begins || rest.contains(&b'.') || rest.windows(3).any(is_dot) || text.len() > LONGEST {
        return None;
    }
    let found = resolve(&text[..plain]);
    let last = found.first()?.1;
    (!text[last..plain].contains(&b'.')).then_some(found)
}

/// The domains at the front of ASCII text.
fn resolve(text: &[u8]) -> Vec<Reading> {
    let text = &text[..text.len().min(LONGEST + 1)];
    let (mut best, mut before, mut start) = (0, 0, 0);
    for (number, label) in text.split(|&byte| byte == b'.').enumerate() {
        let length = if number > 0 { tld_length(label) } else { 0 };
        if length > 0 && start + length <= LONGEST {
            (before, best) = (best, start + length);
        }
        let sound = !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && label[0] != b'-'
            && label[label.len() - 1] != b'-';
        if !sound {
            break;
        }
        start += label.len() + 1;
    }
    let mut found = Vec::new();
    if best > 0 {
        found.push((text[..best].to_ascii_lowercase(), best));
        if before > 0 && is_sentence(&text[..best], before) {
            found.push((text[..before].to_ascii_lowercase(), before));
        }
    }
    found
}

/// Whether what follows the dot at `before` begins like a sentence.
fn is_sentence(text: &[u8], before: usize) -> bool {
    let last = text.get(before + 1..).unwrap_or(&[]);
    text[before] == b'.'
        && !last.contains(&b'.')
        && matches!(last, [b'A'..=b'Z', b'a'..=b'z', ..])
        && !text[..before].iter().any(u8::is_ascii_uppercase)
}

/// How much of `label`'s front is a top-level domain: all, up to a hyphen, or 0.
fn tld_length(label: &[u8]) -> usize {
    if is_tld(label) {
        return label.len();
    }
    let most = longest_tld().min(label.len().saturating_sub(1));
    (2..=most)
        .rev()
        .find(|&length| label[length] == b'-' && is_tld(&label[..length]))
        .unwrap_or(0)
}
