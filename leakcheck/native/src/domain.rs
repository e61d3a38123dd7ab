//! The domain of an address; the rules are in leakcheck/domain.py.
//!
//! Text that is not ASCII is handed to the resolver, which is that module:
//! there is one implementation of UTS 46, and one memory of its answers.

use crate::escapes;
use crate::tlds::TLDS;
use std::collections::HashSet;
use std::sync::OnceLock;

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

/// The top-level domains: those of up to eight bytes as numbers, hashed; the rest as they are.
struct Tlds {
    short: Box<[u64; 8192]>,
    long: HashSet<&'static [u8]>,
    longest: usize,
}

fn slot(key: u64) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 51) as usize
}

fn key(label: &[u8]) -> u64 {
    label.iter().rev().fold(0, |key, &byte| key << 8 | u64::from(byte.to_ascii_lowercase()))
}

fn tlds() -> &'static Tlds {
    static FOUND: OnceLock<Tlds> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut tlds = Tlds { short: Box::new([0; 8192]), long: HashSet::new(), longest: 0 };
        for name in TLDS.split_ascii_whitespace().map(str::as_bytes) {
            tlds.longest = tlds.longest.max(name.len());
            if name.len() > 8 {
                tlds.long.insert(name);
                continue;
            }
            let mut at = slot(key(name));
            while tlds.short[at] != 0 {
                at = (at + 1) % 8192;
            }
            tlds.short[at] = key(name);
        }
        tlds
    })
}

/// Whether `label`, in any case, is a top-level domain.
fn is_tld(label: &[u8]) -> bool {
    let tlds = tlds();
    if label.len() > 8 {
        return label.len() <= tlds.longest
            && tlds.long.contains(label.to_ascii_lowercase().as_slice());
    }
    let wanted = key(label);
    let mut at = slot(wanted);
    while tlds.short[at] != 0 {
        if tlds.short[at] == wanted {
            return true;
        }
        at = (at + 1) % 8192;
    }
    false
}

/// Where the domain at `start` ends, where it has one reading only, in plain
/// sight. None: ask `readings`.
#[inline]
pub fn plain(data: &[u8], start: usize) -> Option<usize> {
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
    let mut found = if text.is_ascii() { resolve(&text) } else { resolver(&text) };
    for (_, length) in &mut found {
        *length = ends[*length - 1];
    }
    found
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
    let most = tlds().longest.min(label.len().saturating_sub(1));
    (2..=most).rev().find(|&length| label[length] == b'-' && is_tld(&label[..length])).unwrap_or(0)
}
