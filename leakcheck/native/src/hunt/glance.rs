//! A first look at a chunk, for a short list: the parts of it in which anything may stand.
//!
//! Rule 1: each key of the list has an anchor, bytes that stand in the text wherever the key is
//! written out in ASCII without an encoding. Rule 2: whatever is not written so has a byte that
//! gives it away beside it: one of `% & = \`, an ESC, one that is not ASCII, a literal's `0x` or
//! `x'`, two colons, an A-label, a line that is folded. Rule 3: what is further than REACH from
//! both, and none of their words, need not be looked at. It may point to too much, never to too
//! little; where it points to most of a chunk, all of it is looked at.

#[cfg(target_arch = "x86_64")]
use crate::lines::ended;
use crate::teddy::{Halves, BUCKETS, WIDTH};
#[cfg(target_arch = "x86_64")]
use memchr::memchr;
use std::collections::HashSet;

/// Bytes on both sides of an anchor or a sign: an at sign that an encoding is beside is no
/// further from it than a run of 80 bytes and an escape of 40.
const REACH: usize = 160;
/// More anchors than these make too many false alarms.
const MOST: usize = 64;
/// A chunk under so many bytes is not worth it; both its ends are looked at in any case.
const LEAST: usize = 1024;
/// Bytes looked at together, in two halves.
const PAIR: usize = 64;
const EDGE: usize = REACH + 64;
/// Hexadecimal digits of a literal, at most.
const LITERAL: usize = 2048;

/// Up to eight last bytes of an anchor, in lower case.
#[derive(Clone, Copy)]
struct Anchor {
    value: u64,
    mask: u64,
}

const LOWER: u64 = super::keys::LOWER;

impl Anchor {
    fn new(text: &[u8]) -> Anchor {
        let (mut value, mut mask) = (0u64, 0u64);
        for (at, &byte) in text.iter().rev().take(8).enumerate() {
            value |= u64::from(byte) << (56 - 8 * at);
            mask |= 0xff << (56 - 8 * at);
        }
        Anchor {
            value: (value | LOWER) & mask,
            mask,
        }
    }

    fn ends(&self, lanes: u64) -> bool {
        (lanes | LOWER) & self.mask == self.value
    }
}

/// Signs, and what must follow them: a bit for a pair, the last three for signs alone. Some
/// bytes that share halves with others are let in, and left out again by `Glance::sign`.
const SIGN: Halves = Halves::EMPTY
    .with(0, b'0')
    .with(1, b'x')
    .with(1, b'X')
    .with(2, b':')
    .with(3, b'\n')
    .with(4, b'-')
    .with(5, b'%')
    .with(5, b'&')
    .with(5, 0x1b)
    .with(6, b'=')
    .with(7, b'\\');
const AFTER: Halves = Halves::EMPTY
    .with(0, b'x')
    .with(0, b'X')
    .with(1, b'\'')
    .with(2, b':')
    .with(3, b' ')
    .with(3, b'\t')
    .with(4, b'-')
    .with_all(5)
    .with_all(6)
    .with_all(7);

pub struct Glance {
    buckets: [Vec<Anchor>; BUCKETS],
    /// Of the last four bytes of the anchors, in order.
    tables: [Halves; WIDTH],
    /// Whether a domain that goes on with an escape is a suspect, whatever the escape.
    every_sign: bool,
    words: bool,
    /// Whether so few anchors are looked for that fewer of their bytes tell them.
    few: bool,
}

pub type Part = (usize, usize);

impl Glance {
    /// The keys as `Sieve::new` has them. None where the list is too long, or a word too short.
    pub fn new<'a>(
        addresses: impl Iterator<Item = &'a [u8]>,
        at_domains: impl Iterator<Item = &'a [u8]>,
        words: impl Iterator<Item = &'a [u8]>,
        pairs: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Glance> {
        let mut anchors: HashSet<Vec<u8>> = HashSet::new();
        // Each distinct one counts: of a thousand addresses `info@` there is one anchor.
        let mut add = |anchor: Vec<u8>| {
            anchors.insert(anchor);
            (anchors.len() <= MOST).then_some(())
        };
        for address in addresses {
            let at = memchr::memrchr(b'@', address)?;
            let from = memchr::memrchr(b'\'', &address[..at]).map_or(0, |mark| mark + 1);
            add(address[from..=at].to_vec())?;
        }
        let mut every_sign = false;
        for domain in at_domains {
            let blank = memchr::memchr(b' ', domain)?;
            add([b"@", &domain[..blank]].concat())?;
            every_sign = true;
        }
        let mut any = false;
        for word in words.chain(pairs) {
            any = true;
            if !word.is_ascii() {
                continue; // so is the text that it stands in, or a sign is there
            }
            let longest = word
                .split(|&byte| byte == b' ')
                .max_by_key(|one| one.len())?;
            if longest.len() < 3 {
                return None;
            }
            add(longest.to_vec())?;
        }
        let mut anchors: Vec<Vec<u8>> = anchors.into_iter().collect();
        anchors.sort_unstable_by(|one, other| one.iter().rev().cmp(other.iter().rev()));
        if anchors.iter().any(|anchor| anchor.len() < 2) {
            return None;
        }
        let mut glance = Glance {
            buckets: Default::default(),
            tables: [Halves::EMPTY; WIDTH],
            every_sign,
            words: any,
            few: anchors.len() <= BUCKETS,
        };
        for (number, anchor) in anchors.iter().enumerate() {
            let bucket = number * BUCKETS / anchors.len();
            glance.buckets[bucket].push(Anchor::new(anchor));
            for (back, table) in glance.tables.iter_mut().rev().enumerate() {
                *table = table.with_letter(bucket, anchor.iter().rev().nth(back).copied());
            }
        }
        Some(glance)
    }

    /// The parts of `data` to look at, ascending and apart, ending where words do, and how many
    /// lines end in all of it; None for all of it.
    pub fn parts(&self, data: &[u8]) -> Option<(Vec<Part>, usize)> {
        #[cfg(target_arch = "x86_64")]
        if data.len() >= LEAST && is_x86_feature_detected!("avx2") {
            let mut parts = Parts {
                found: vec![(0, EDGE)],
                covered: EDGE,
                most: data.len() / 2,
            };
            // SAFETY: the processor has the instructions.
            let feeds = unsafe {
                if self.few {
                    self.look::<{ WIDTH - 1 }>(data, &mut parts)?
                } else {
                    self.look::<WIDTH>(data, &mut parts)?
                }
            };
            parts.add(data.len() - EDGE, data.len())?;
            if self.words {
                parts.found = whole_words(data, &parts.found);
            }
            let ended = feeds.unwrap_or_else(|| ended(data, 0, data.len()));
            return Some((parts.found, ended));
        }
        let _ = (data, LEAST, EDGE);
        None
    }

    /// By the last BYTES bytes of anchors. Gives how many LF there are, where there is no
    /// carriage return.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn look<const BYTES: usize>(&self, data: &[u8], parts: &mut Parts) -> Option<Option<usize>> {
        use std::arch::x86_64::*;
        let both = |half: &[u8; 16]| {
            // SAFETY: 16 bytes from an array of 16.
            _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(half.as_ptr().cast()) })
        };
        let table = |halves: &Halves| (both(&halves.low), both(&halves.high));
        let tables: [_; BYTES] = std::array::from_fn(|at| table(&self.tables[WIDTH - BYTES + at]));
        let (sign, after) = (table(&SIGN), table(&AFTER));
        let nibble = _mm256_set1_epi8(15);
        let look_up = |(low, high): (__m256i, __m256i), halves: (__m256i, __m256i)| {
            _mm256_and_si256(
                _mm256_shuffle_epi8(low, halves.0),
                _mm256_shuffle_epi8(high, halves.1),
            )
        };
        let halves = |bytes: __m256i| {
            let high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
            (_mm256_and_si256(bytes, nibble), high)
        };
        // Signs and the ends of anchors among the 32 bytes at `from`, and those bytes.
        // SAFETY: the caller has 35 bytes there.
        let find = |from: *const u8| unsafe {
            let load = |at: usize| _mm256_loadu_si256(from.add(at).cast());
            let bytes = load(0);
            let (first, second) = (halves(bytes), halves(load(1)));
            let signs = _mm256_and_si256(look_up(sign, first), look_up(after, second));
            let mut hits = _mm256_and_si256(look_up(tables[0], first), look_up(tables[1], second));
            for (at, &table) in tables.iter().enumerate().skip(2) {
                hits = _mm256_and_si256(hits, look_up(table, halves(load(at))));
            }
            (signs, hits, bytes)
        };
        let wide = _mm256_set1_epi8(i8::MIN);
        let mut lines = Lines::new();
        let mut at = 0;
        loop {
            let mut quiet = true;
            while quiet && data.len() - at >= PAIR + 3 {
                for pair in data[at..].windows(PAIR + 3).step_by(PAIR).take(Lines::MOST) {
                    let (signs, hits, bytes) = find(pair.as_ptr());
                    let (more_signs, more_hits, more) = find(pair[PAIR / 2..].as_ptr());
                    lines.add(bytes);
                    lines.add(more);
                    let any = _mm256_or_si256(
                        _mm256_or_si256(_mm256_or_si256(signs, hits), more_signs),
                        _mm256_or_si256(
                            more_hits,
                            _mm256_and_si256(_mm256_or_si256(bytes, more), wide),
                        ),
                    );
                    at += PAIR;
                    quiet = _mm256_testz_si256(any, any) == 1;
                    if !quiet {
                        break;
                    }
                }
                lines.sum();
            }
            if quiet {
                break;
            }
            for base in [at - PAIR, at - PAIR / 2] {
                let (signs, hits, bytes) = find(data[base..base + PAIR / 2 + 3].as_ptr());
                self.events::<BYTES>(data, base, [signs, hits, bytes], parts)?;
            }
        }
        while data.len() - at >= PAIR / 2 + 3 {
            let (signs, hits, bytes) = find(data[at..at + PAIR / 2 + 3].as_ptr());
            lines.add(bytes);
            self.events::<BYTES>(data, at, [signs, hits, bytes], parts)?;
            at += PAIR / 2;
        }
        lines.sum();
        let rest = &data[at..];
        let feeds = rest.iter().filter(|&&byte| byte == b'\n').count();
        Some(match lines.feeds() {
            Some(count) if memchr(b'\r', rest).is_none() => Some(count + feeds),
            _ => None,
        })
    }

    /// Adds what of the 32 bytes at `base` is worth a look. seen: what was found there, and they.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn events<const BYTES: usize>(
        &self,
        data: &[u8],
        base: usize,
        seen: [std::arch::x86_64::__m256i; 3],
        parts: &mut Parts,
    ) -> Option<()> {
        use std::arch::x86_64::*;
        let zero = _mm256_setzero_si256();
        let set = |hits: __m256i| !_mm256_movemask_epi8(_mm256_cmpeq_epi8(hits, zero)) as u32;
        let [signs, hits, bytes] = seen;
        let wide = _mm256_movemask_epi8(bytes) as u32;
        let (hits, signs) = (set(hits), set(signs) | wide);
        let mut events = hits | signs;
        while events != 0 {
            let bit = events & events.wrapping_neg();
            events ^= bit;
            let at = base + bit.trailing_zeros() as usize;
            if hits & bit != 0 && self.is_anchor(data, at + BYTES) {
                parts.add(at.saturating_sub(REACH), data.len().min(at + REACH))?;
            }
            if wide & bit != 0 {
                parts.add(at.saturating_sub(REACH), data.len().min(at + REACH))?;
            } else if signs & bit != 0 {
                if let Some((start, end)) = self.sign(data, at) {
                    parts.add(start, end)?;
                }
            }
        }
        Some(())
    }

    /// Whether an anchor ends at `end`, as far as eight bytes tell.
    #[inline]
    fn is_anchor(&self, data: &[u8], end: usize) -> bool {
        let Some(eight) = data[..end].last_chunk::<8>() else {
            return true;
        };
        let lanes = u64::from_le_bytes(*eight);
        self.buckets.iter().flatten().any(|one| one.ends(lanes))
    }

    /// What the sign at `at` makes worth a look; None where it is none.
    fn sign(&self, data: &[u8], at: usize) -> Option<Part> {
        let next = data.get(at + 1).copied().unwrap_or(0);
        let around = Some((at.saturating_sub(REACH), data.len().min(at + REACH)));
        match data[at] {
            b'%' if self.every_sign || next.is_ascii_hexdigit() || next == b'u' => around,
            b'&' if self.every_sign || next.is_ascii_alphabetic() || next == b'#' => around,
            b'=' => {
                let third = data.get(at + 2).copied().unwrap_or(0);
                let writes = next.is_ascii_hexdigit() && third.is_ascii_hexdigit();
                let breaks = matches!(next, b'\r' | b'\n');
                (self.every_sign || writes || breaks).then_some(around?)
            }
            0x1b => around,
            b'\\' => {
                let count = if next == b'x' {
                    digits(data, at + 2)
                } else {
                    0
                };
                let (start, end) = around?;
                Some((start, end.max(at + 2 + count)))
            }
            b':' => Some((at, data.len().min(at + 2))),
            b'0' | b'x' | b'X' => {
                let count = digits(data, at + 2);
                (count >= 6).then_some((at, at + 2 + count))
            }
            b'-' => {
                let name = at.checked_sub(2).map(|from| &data[from..at]);
                name.is_some_and(|name| name.eq_ignore_ascii_case(b"xn"))
                    .then_some(around?)
            }
            b'\n' => {
                let last = match data[..at] {
                    [.., byte, b'\r'] | [.., byte] => byte,
                    [] => return None,
                };
                let third = data.get(at + 2);
                let goes_on = matches!(next, b' ' | b'\t')
                    && third.is_some_and(|byte| !byte.is_ascii_whitespace());
                let ends = last.is_ascii_alphanumeric() || b"-._+'@".contains(&last);
                (goes_on && (ends || last >= 0x80)).then_some(around?)
            }
            _ => None,
        }
    }
}

/// LF in blocks of 32 bytes, and whether there is a carriage return.
#[cfg(target_arch = "x86_64")]
struct Lines {
    /// Of each place in a block, since the last were summed.
    places: std::arch::x86_64::__m256i,
    sums: std::arch::x86_64::__m256i,
    returns: std::arch::x86_64::__m256i,
}

#[cfg(target_arch = "x86_64")]
impl Lines {
    /// Pairs of blocks before a place overflows.
    const MOST: usize = 120;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Lines {
        let zero = std::arch::x86_64::_mm256_setzero_si256();
        Lines {
            places: zero,
            sums: zero,
            returns: zero,
        }
    }

    /// Adds 32 bytes, after which sum() is due within MOST pairs of them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, block: std::arch::x86_64::__m256i) {
        use std::arch::x86_64::*;
        let is = |byte: u8| _mm256_cmpeq_epi8(block, _mm256_set1_epi8(byte as i8));
        self.places = _mm256_sub_epi8(self.places, is(b'\n'));
        self.returns = _mm256_or_si256(self.returns, is(b'\r'));
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum(&mut self) {
        use std::arch::x86_64::*;
        let zero = _mm256_setzero_si256();
        self.sums = _mm256_add_epi64(self.sums, _mm256_sad_epu8(self.places, zero));
        self.places = zero;
    }

    /// None where there was a carriage return.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn feeds(self) -> Option<usize> {
        use std::arch::x86_64::*;
        let mut sums = [0u64; 4];
        // SAFETY: 32 bytes into an array of 32.
        unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), self.sums) };
        let any = _mm256_testz_si256(self.returns, self.returns) == 0;
        (!any).then_some(sums.iter().sum::<u64>() as usize)
    }
}

/// How many hexadecimal digits are at `at`, as far as a literal may be read.
fn digits(data: &[u8], at: usize) -> usize {
    let rest = data.get(at..).unwrap_or(&[]).iter().take(LITERAL + 1);
    rest.take_while(|byte| byte.is_ascii_hexdigit()).count()
}

/// Parts, merged as they come.
struct Parts {
    found: Vec<Part>,
    covered: usize,
    most: usize,
}

impl Parts {
    /// None where there are too many.
    #[inline]
    fn add(&mut self, start: usize, end: usize) -> Option<()> {
        match self.found.last_mut() {
            Some(last) if start <= last.1 => {
                self.covered += end.saturating_sub(last.1);
                last.1 = last.1.max(end);
            }
            _ => {
                self.covered += end - start;
                self.found.push((start, end));
            }
        }
        (self.covered <= self.most).then_some(())
    }
}

/// `parts`, each with the words that it cuts and one more on both sides that is all ASCII: of
/// the others nobody knows whether they are words. Words on two lines are no pair.
fn whole_words(data: &[u8], parts: &[Part]) -> Vec<Part> {
    let mut wide: Vec<Part> = Vec::with_capacity(parts.len());
    for &(start, end) in parts {
        let done = wide.last().map_or(0, |last| last.1);
        if end <= done {
            continue;
        }
        let low = start.max(done);
        let start = low - reach(data[done..low].iter().rev());
        let end = end + reach(data[end..].iter());
        match wide.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => wide.push((start, end)),
        }
    }
    wide
}

/// How many of `bytes` belong to the word that they begin in, or to the next ones up to the
/// first that is all ASCII.
fn reach<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    let mut bytes = bytes.take_while(|byte| **byte != b'\n').peekable();
    let mut count = 0;
    while bytes.next_if(|byte| is_word(byte)).is_some() {
        count += 1;
    }
    loop {
        while bytes.next_if(|byte| !is_word(byte)).is_some() {
            count += 1;
        }
        let (mut length, mut ascii) = (0, true);
        while let Some(byte) = bytes.next_if(|byte| is_word(byte)) {
            length += 1;
            ascii &= byte.is_ascii();
        }
        count += length;
        if length == 0 || ascii {
            return count;
        }
    }
}
