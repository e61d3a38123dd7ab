//! Addresses: from each at sign back to every place where a local part may begin.
//!
//! The 64 bytes before an at sign become bit masks, by class; the masks say
//! where a local part may begin, and each such part is hashed from its end,
//! together with the first word of the domain. leakcheck/subject/local_part.py has the rules;
//! a place too many costs time, one too few would lose a person.

use super::keys::{mix, pair, word, Keys, LOWER};
use memchr::memchr_iter;

/// Bytes of a local part, at most (RFC 5321, 4.5.3.1.1).
const LONGEST: usize = 64;
const LONGEST_WORD: usize = 64;
/// So many candidates wait for the cache at a time.
const WAITING: usize = 32;

pub struct Addresses {
    keys: Keys,
    /// The local parts alone.
    locals: Keys,
    /// First words of the domains.
    firsts: Keys,
    domains: Keys,
}

/// The last 64 bytes of a local part, zeros before it.
type Window = [u8; LONGEST];

impl Addresses {
    /// addresses: `local@word`; at_domains: `word word`.
    pub fn new<'a>(
        addresses: impl Iterator<Item = &'a [u8]>,
        at_domains: impl Iterator<Item = &'a [u8]>,
    ) -> Addresses {
        let (mut hashes, mut locals, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        for address in addresses {
            let at = memchr::memrchr(b'@', address).unwrap_or(address.len() - 1);
            let local = hash(&window(address, at), at.min(LONGEST));
            let first = word(&address[at + 1..]);
            hashes.push(mix(local, first));
            locals.push(local);
            firsts.push(first);
        }
        firsts.sort_unstable();
        firsts.dedup();
        let domains: Vec<u64> = at_domains.filter_map(super::words::pair_key).collect();
        Addresses {
            keys: Keys::new(&hashes),
            locals: Keys::new(&locals),
            firsts: Keys::new(&firsts),
            domains: Keys::new(&domains),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.domains.is_empty()
    }

    /// Looks at the at signs of `data[from..to]`.
    pub fn scan(&self, data: &[u8], (from, to): (usize, usize), push: &mut impl FnMut(usize)) {
        if self.is_empty() {
            return;
        }
        // What waits is looked up a round later, when the cache has it.
        let (mut waiting, mut count) = ([(0u64, 0usize); WAITING], 0);
        for at in memchr_iter(b'@', &data[from..to]).map(|at| from + at) {
            let (first, end) = first_word(data, at + 1);
            if self.domain(data, at + 1, first, end) {
                push(at);
            } else if let Some(first) = first {
                if self.firsts.may(first) {
                    self.local(data, at, &mut |local| {
                        let hash = mix(local, first);
                        self.keys.prefetch(hash);
                        let (old, place) = std::mem::replace(&mut waiting[count], (hash, at));
                        if place > 0 && self.keys.has(old) {
                            push(place);
                        }
                        count = (count + 1) % WAITING;
                    });
                }
            } else {
                let mut found = false;
                self.local(data, at, &mut |local| found |= self.locals.has(local));
                if found {
                    push(at);
                }
            }
        }
        for at in 0..WAITING {
            let (hash, place) = waiting[(count + at) % WAITING];
            if place > 0 && self.keys.has(hash) {
                push(place);
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
        if end == start {
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

    /// Calls `each` with the hash of every local part that may end at `at`.
    #[inline(always)]
    fn local(&self, data: &[u8], at: usize, each: &mut impl FnMut(u64)) {
        if self.keys.is_empty() {
            return;
        }
        let bytes = window(data, at);
        let masks = Masks::of(&bytes);
        let run = (masks.words | masks.marks).leading_ones() as usize;
        if run == 0 {
            return;
        }
        if run < LONGEST && bytes[LONGEST - 1 - run] == b'\'' {
            quoted(data, at, run, each);
        }
        let mut places = masks.beginnings() & (u64::MAX << (LONGEST - run));
        while places != 0 {
            each(hash(&bytes, LONGEST - places.trailing_zeros() as usize));
            places &= places - 1;
        }
    }
}

/// A local part with apostrophes: each may be doubled, or have backslashes before it.
#[cold]
fn quoted(data: &[u8], at: usize, run: usize, each: &mut impl FnMut(u64)) {
    let mut bytes = [0; LONGEST];
    let mut kept = LONGEST - run;
    bytes[kept..].copy_from_slice(&data[at - run..at]);
    let mut here = at - run;
    while here > 0 && kept > 0 {
        here -= 1;
        if data[here] == b'\'' {
            here -= usize::from(here > 0 && data[here - 1] == b'\'');
            while here > 0 && data[here - 1] == b'\\' {
                here -= 1;
            }
            if here == 0 || !data[here - 1].is_ascii_alphabetic() {
                return;
            }
            kept -= 1;
            bytes[kept] = b'\'';
            continue;
        }
        if !data[here].is_ascii_alphanumeric() && !is_mark(data[here]) {
            return;
        }
        kept -= 1;
        bytes[kept] = data[here];
        if may_begin(data, here) {
            each(hash(&bytes, LONGEST - kept));
        }
    }
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'.' | b'_' | b'-' | b'+')
}

/// Whether a local part may begin at `at`: what stands before is not its own for sure.
fn may_begin(data: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| data[at]) else {
        return true;
    };
    if before.is_ascii_alphanumeric() {
        return false;
    }
    !is_mark(before) || before == b'+' || at < 2 || !data[at - 2].is_ascii_alphanumeric()
}

#[inline(always)]
fn window(data: &[u8], at: usize) -> Window {
    let mut bytes = [0; LONGEST];
    if at >= LONGEST {
        bytes.copy_from_slice(&data[at - LONGEST..at]);
    } else {
        bytes[LONGEST - at..].copy_from_slice(&data[..at]);
    }
    bytes
}

/// The hash of the last `length` bytes, 1 to 64, whatever their case.
#[inline(always)]
fn hash(bytes: &Window, length: usize) -> u64 {
    let mut state = length as u64;
    let mut end = LONGEST;
    let mut left = length;
    while left > 0 {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[end - 8..end]);
        let lanes = u64::from_le_bytes(eight) | LOWER;
        let taken = left.min(8);
        state = mix(state, lanes >> (8 * (8 - taken)));
        end -= 8;
        left -= taken;
    }
    state
}

/// A bit for each byte of a window, the last byte in the highest.
struct Masks {
    words: u64,
    marks: u64,
    plus: u64,
}

impl Masks {
    /// Where a local part may begin, as `may_begin` has it; what is outside of the window may
    /// be anything.
    #[inline(always)]
    fn beginnings(&self) -> u64 {
        let after_word = self.words << 1;
        let after_mark = self.marks << 1;
        !after_word & (!after_mark | self.plus << 1 | !(self.words << 2))
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn of(bytes: &Window) -> Masks {
        use std::arch::x86_64::*;
        let mut masks = Masks {
            words: 0,
            marks: 0,
            plus: 0,
        };
        for quarter in 0..4 {
            // SAFETY: SSE2 is there on every x86-64; 16 bytes from each of four places in 64.
            unsafe {
                let part = _mm_loadu_si128(bytes.as_ptr().add(16 * quarter).cast());
                let is = |byte: u8| _mm_cmpeq_epi8(part, _mm_set1_epi8(byte as i8));
                let within = |bytes, low: u8, high: u8| {
                    _mm_and_si128(
                        _mm_cmpgt_epi8(bytes, _mm_set1_epi8(low as i8 - 1)),
                        _mm_cmplt_epi8(bytes, _mm_set1_epi8(high as i8 + 1)),
                    )
                };
                let lower = _mm_or_si128(part, _mm_set1_epi8(0x20));
                let word = _mm_or_si128(within(lower, b'a', b'z'), within(part, b'0', b'9'));
                let plus = is(b'+');
                let mark = _mm_or_si128(
                    _mm_or_si128(is(b'.'), is(b'_')),
                    _mm_or_si128(is(b'-'), plus),
                );
                let bits = |mask| u64::from(_mm_movemask_epi8(mask) as u32) << (16 * quarter);
                masks.words |= bits(word);
                masks.marks |= bits(mark);
                masks.plus |= bits(plus);
            }
        }
        masks
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    fn of(bytes: &Window) -> Masks {
        let mut masks = Masks {
            words: 0,
            marks: 0,
            plus: 0,
        };
        for (at, &byte) in bytes.iter().enumerate() {
            masks.words |= u64::from(byte.is_ascii_alphanumeric()) << at;
            masks.marks |= u64::from(is_mark(byte)) << at;
            masks.plus |= u64::from(byte == b'+') << at;
        }
        masks
    }
}

/// Whether a word may go on with `byte`, which is none of ASCII or begins an escape.
fn goes_on(byte: u8) -> bool {
    byte >= 0x80 || matches!(byte, b'%' | b'&' | b'\\' | b'=')
}

/// The hash of the word at `start` and its end; None where it may go on there.
#[inline]
fn first_word(data: &[u8], start: usize) -> (Option<u64>, usize) {
    let mut end = start;
    let limit = data.len().min(start.saturating_add(LONGEST_WORD));
    while end < limit && data[end].is_ascii_alphanumeric() {
        end += 1;
    }
    if data.get(end).is_some_and(|&next| goes_on(next)) {
        return (None, end);
    }
    (Some(word(data.get(start..end).unwrap_or(&[]))), end)
}
