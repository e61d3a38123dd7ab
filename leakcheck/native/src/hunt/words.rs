//! Words: runs of letters and digits, each hashed once, alone and with the one before.
//!
//! A term or a domain is found by two words of it that stand in a row, or by
//! its only word. Which bytes belong to words is found 64 at a time.

use super::fold::Fold;
use super::keys::{pair, word, Keys};

const BLOCK: usize = 64;

pub struct Words {
    /// What a word must be in to be looked at again: lone words, and second words of pairs.
    last: Keys,
    lone: Keys,
    pairs: Keys,
    fold: Fold,
    longest: usize,
}

/// The key of `word word`.
pub fn pair_key(text: &[u8]) -> Option<u64> {
    let blank = memchr::memchr(b' ', text)?;
    Some(pair(word(&text[..blank]), word(&text[blank + 1..])))
}

impl Words {
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// lone: one word each; pairs: `word word`; all folded.
    pub fn new<'a>(
        lone: impl Iterator<Item = &'a [u8]>,
        pairs: impl Iterator<Item = &'a [u8]>,
        fold: Fold,
    ) -> Words {
        let (mut alone, mut both, mut last, mut longest) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for text in lone {
            longest = longest.max(text.len());
            alone.push(word(text));
        }
        last.extend_from_slice(&alone);
        for text in pairs {
            longest = longest.max(text.len());
            both.extend(pair_key(text));
            let start = memchr::memchr(b' ', text).map_or(0, |blank| blank + 1);
            last.push(word(&text[start..]));
        }
        last.sort_unstable();
        last.dedup();
        Words {
            last: Keys::new(&last),
            lone: Keys::new(&alone),
            pairs: Keys::new(&both),
            fold,
            longest,
        }
    }

    /// across: whether words on two lines stand in a row, as where an escape was the line's end.
    pub fn scan(&self, data: &[u8], across: bool, push: &mut impl FnMut(usize)) {
        if self.is_empty() {
            return;
        }
        let mut run = Run {
            words: self,
            data,
            across,
            before: [0; 2],
            done: 0,
            folded: Vec::new(),
            push,
        };
        let (mut start, mut carry) = (0, 0u64);
        let mut base = 0;
        while base < data.len() {
            let mask = match data.get(base..base + BLOCK) {
                Some(block) => word_bits(block.try_into().expect("a block")),
                None => {
                    let mut block = [0; BLOCK];
                    block[..data.len() - base].copy_from_slice(&data[base..]);
                    word_bits(&block)
                }
            };
            let mut turns = mask ^ (mask << 1 | carry);
            carry = mask >> 63;
            while turns != 0 {
                let at = base + turns.trailing_zeros() as usize;
                turns &= turns - 1;
                if at < data.len() && mask >> (at - base) & 1 == 1 {
                    start = at;
                } else {
                    run.word(start, at);
                }
            }
            base += BLOCK;
        }
        if carry == 1 {
            run.word(start, data.len());
        }
    }
}

/// One pass over a text: the word before, and room to fold one in.
struct Run<'a, P: FnMut(usize)> {
    words: &'a Words,
    data: &'a [u8],
    across: bool,
    /// The word before; the other one where it can be read in two ways.
    before: [u64; 2],
    /// Where the run of bytes before ends.
    done: usize,
    folded: Vec<u8>,
    push: &'a mut P,
}

impl<P: FnMut(usize)> Run<'_, P> {
    #[inline(always)]
    fn word(&mut self, start: usize, end: usize) {
        self.one(start, end);
        self.done = end;
    }

    #[inline(always)]
    fn one(&mut self, start: usize, end: usize) {
        let data = self.data;
        let text = &data[start..end];
        // No byte of the list's words takes more than four to write here.
        if text.len() > 4 * self.words.longest + 64 && text.is_ascii() {
            self.before = [0; 2];
            return;
        }
        let hash = if end - start <= 8 && start + 8 <= data.len() {
            let mut eight = [0; 8];
            eight.copy_from_slice(&data[start..start + 8]);
            let lanes = u64::from_le_bytes(eight) & (u64::MAX >> (64 - 8 * (end - start)));
            if lanes & 0x8080_8080_8080_8080 != 0 {
                return self.other(text, start);
            }
            let lower = 0x2020_2020_2020_2020 & (u64::MAX >> (64 - 8 * (end - start)));
            if end - start == 8 {
                super::keys::mix(super::keys::mix(8, lanes | lower), 0)
            } else {
                super::keys::mix((end - start) as u64, lanes | lower)
            }
        } else if text.is_ascii() {
            word(text)
        } else {
            return self.other(text, start);
        };
        self.feed(hash, start);
    }

    /// A run of bytes that is not ASCII: folded, then its words.
    #[cold]
    fn other(&mut self, text: &[u8], start: usize) {
        if self.parted(start) {
            self.before = [0; 2];
        }
        self.done = start;
        // A top-level domain ends where a letter of another script follows.
        let front = text.iter().take_while(|byte| byte.is_ascii()).count();
        let before = self.before;
        if front > 0 {
            self.feed(word(&text[..front]), start);
            self.before = before;
        }
        let mut folded = std::mem::take(&mut self.folded);
        let mut read = |run: &mut Self, ignore: bool| {
            folded.clear();
            let ignorable = run.words.fold.fold(text, ignore, &mut folded);
            for piece in folded
                .split(|&byte| byte == b' ')
                .filter(|piece| !piece.is_empty())
            {
                run.feed(word(piece), start);
            }
            ignorable
        };
        if read(self, false) {
            let one = std::mem::replace(&mut self.before, before);
            read(self, true);
            self.before[1] = one[0];
        }
        self.folded = folded;
    }

    /// Whether a line ends between the word before and the one at `start`.
    fn parted(&self, start: usize) -> bool {
        !self.across && self.data[self.done..start].contains(&b'\n')
    }

    #[inline(always)]
    fn feed(&mut self, hash: u64, start: usize) {
        let words = self.words;
        if words.last.may(hash)
            && (words.lone.has(hash)
                || ((words.pairs.has(pair(self.before[0], hash))
                    || words.pairs.has(pair(self.before[1], hash)))
                    && !self.parted(start)))
        {
            (self.push)(start);
        }
        self.before = [hash, 0];
    }
}

/// A bit for each byte: whether it is an ASCII letter or digit, or not ASCII at all.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn word_bits(block: &[u8; BLOCK]) -> u64 {
    use std::arch::x86_64::*;
    let mut bits = 0u64;
    for quarter in 0..4 {
        // SAFETY: SSE2 is there on every x86-64; 16 bytes from each of four places in 64.
        let part = unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().add(16 * quarter).cast());
            let lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
            let letter = _mm_and_si128(
                _mm_cmpgt_epi8(lower, _mm_set1_epi8(b'a' as i8 - 1)),
                _mm_cmplt_epi8(lower, _mm_set1_epi8(b'z' as i8 + 1)),
            );
            let digit = _mm_and_si128(
                _mm_cmpgt_epi8(bytes, _mm_set1_epi8(b'0' as i8 - 1)),
                _mm_cmplt_epi8(bytes, _mm_set1_epi8(b'9' as i8 + 1)),
            );
            // The highest bit is set in what is not ASCII, too.
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), bytes))
        };
        bits |= u64::from(part as u32) << (16 * quarter);
    }
    bits
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn word_bits(block: &[u8; BLOCK]) -> u64 {
    block.iter().enumerate().fold(0, |bits, (at, byte)| {
        bits | u64::from(byte.is_ascii_alphanumeric() || *byte >= 0x80) << at
    })
}
