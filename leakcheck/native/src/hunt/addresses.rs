//! Addresses: from each at sign back to every place where a local part may begin.
//!
//! The local part is hashed from right to left, a byte at a time, together with
//! the first word of the domain. leakcheck/local.py says where it may begin; a
//! place too many costs time, one too few would lose a person.

use super::keys::{mix, pair, word, Keys};
use memchr::memchr_iter;

const STOP: u8 = 0;
const WORD: u8 = 1;
const MARK: u8 = 2;
const QUOTE: u8 = 3;
const CLASS: [u8; 256] = classes();
/// Bytes of a local part, at most, with a few for quotation marks.
const LONGEST: usize = 80;
const LONGEST_WORD: usize = 64;
/// Stands for a domain whose first word cannot be compared byte by byte.
const ANY: u64 = 0x5bd1_e995_0b3c_94a7;
const FACTOR: u64 = 0xD6E8_FEB8_6659_FD93;

const fn classes() -> [u8; 256] {
    let mut table = [STOP; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_alphanumeric() {
            table[at] = WORD;
        } else if byte == b'.' || byte == b'_' || byte == b'-' || byte == b'+' {
            table[at] = MARK;
        } else if byte == b'\'' {
            table[at] = QUOTE;
        }
        at += 1;
    }
    table
}

#[inline(always)]
fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte | 0x20)).wrapping_mul(FACTOR).rotate_left(29)
}

pub struct Addresses {
    keys: Keys,
    domains: Keys,
}

impl Addresses {
    /// addresses: `local@word`; at_domains: `word word`.
    pub fn new<'a>(
        addresses: impl Iterator<Item = &'a [u8]>,
        at_domains: impl Iterator<Item = &'a [u8]>,
    ) -> Addresses {
        let mut hashes = Vec::new();
        for address in addresses {
            let at = memchr::memrchr(b'@', address).unwrap_or(address.len() - 1);
            let local = address[..at].iter().rev().fold(0, |state, &byte| step(state, byte));
            hashes.push(mix(local, word(&address[at + 1..])));
            hashes.push(mix(local, ANY));
        }
        let domains: Vec<u64> = at_domains.filter_map(super::words::pair_key).collect();
        Addresses { keys: Keys::new(&hashes), domains: Keys::new(&domains) }
    }

    pub fn scan(&self, data: &[u8], push: &mut impl FnMut(usize)) {
        if self.keys.is_empty() && self.domains.is_empty() {
            return;
        }
        for at in memchr_iter(b'@', data) {
            let (first, end) = first_word(data, at + 1);
            if self.domain(data, at + 1, first, end) || self.local(data, at, first.unwrap_or(ANY)) {
                push(at);
            }
        }
    }

    /// Whether the domain whose first word ends at `end` may be one of those watched.
    #[inline]
    fn domain(&self, data: &[u8], start: usize, first: Option<u64>, end: usize) -> bool {
        if self.domains.is_empty() {
            return false;
        }
        let Some(first) = first else { return true };
        if !data.get(start).is_some_and(u8::is_ascii_alphanumeric) {
            return false;
        }
        if !matches!(data.get(end), Some(b'.' | b'-')) {
            return self.domains.has(pair(first, word(&[])));
        }
        match first_word(data, end + 1).0 {
            Some(second) => self.domains.has(pair(first, second)),
            None => true,
        }
    }

    #[inline]
    fn local(&self, data: &[u8], at: usize, domain: u64) -> bool {
        if self.keys.is_empty() {
            return false;
        }
        let mut state = 0;
        let mut here = at;
        let lowest = at.saturating_sub(LONGEST);
        while here > lowest {
            let byte = data[here - 1];
            match CLASS[byte as usize] {
                STOP => return false,
                QUOTE => {
                    // It may be doubled, or have backslashes before it.
                    here -= 1;
                    if here > 0 && data[here - 1] == b'\'' {
                        here -= 1;
                    }
                    while here > lowest && data[here - 1] == b'\\' {
                        here -= 1;
                    }
                }
                _ => here -= 1,
            }
            state = step(state, byte);
            if byte != b'\'' && may_begin(data, here) && self.keys.has(mix(state, domain)) {
                return true;
            }
        }
        false
    }
}

/// Whether a local part may begin at `at`: what stands before is not its own for sure.
#[inline(always)]
fn may_begin(data: &[u8], at: usize) -> bool {
    let class = |back: usize| if at >= back { CLASS[data[at - back] as usize] } else { STOP };
    match class(1) {
        WORD => false,
        MARK => data[at - 1] == b'+' || class(2) != WORD,
        _ => true,
    }
}

/// The hash of the word at `start` and its end; None where a byte that is not ASCII ends it.
#[inline]
fn first_word(data: &[u8], start: usize) -> (Option<u64>, usize) {
    let mut end = start;
    let limit = data.len().min(start.saturating_add(LONGEST_WORD));
    while end < limit && data[end].is_ascii_alphanumeric() {
        end += 1;
    }
    if end < data.len() && data[end] >= 0x80 {
        return (None, end);
    }
    (Some(word(data.get(start..end).unwrap_or(&[]))), end)
}
