//! One pass over a chunk that names, in order, what the kernels stop at: line ends and at signs.

use crate::lines::BOM;
use crate::{encoded, escapes};

pub trait Visit {
    /// Whether the last three are wanted.
    const ENCODED: bool = false;
    /// An at sign: `data[start..end]`.
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize);
    /// One that is written as an escape.
    fn escaped(&mut self, data: &[u8], start: usize, end: usize) {
        self.at_sign(data, start, end);
    }
    /// The LF that ends a line.
    fn line_end(&mut self, data: &[u8], at: usize);
    /// A carriage return within a line.
    fn line_break(&mut self, _data: &[u8], _at: usize) {}
    /// A byte order mark.
    fn mark(&mut self, _data: &[u8], _at: usize) {}
    /// An at sign in an encoding: `data[start..end]`.
    fn encoded(&mut self, _data: &[u8], _start: usize, _end: usize) {}
    /// The digits `40`.
    fn digits(&mut self, _data: &[u8], _at: usize) {}
    /// Two colons.
    fn colons(&mut self, _data: &[u8], _at: usize) {}
}

const BLOCK: usize = 64;
/// A block, and the byte after it.
type Block = [u8; BLOCK + 1];

/// Bits of a block: raw at signs, line feeds, and the rest that is to be looked at: `40`, `64`,
/// carriage returns, what may begin a byte order mark, and, if `encoded`, `&` and `::`.
#[derive(Clone, Copy, Default)]
struct Marks {
    at: u64,
    feed: u64,
    other: u64,
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn marks(block: &Block, encoded: bool) -> Marks {
    use std::arch::x86_64::*;
    let mut found = Marks::default();
    for part in 0..4 {
        // SAFETY: SSE2 is part of x86-64; both loads stay within the block.
        unsafe {
            let place = block.as_ptr().add(part * 16);
            let bytes = _mm_loadu_si128(place.cast());
            let next = _mm_loadu_si128(place.add(1).cast());
            let equal = |bytes, byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
            let pair = |one, other| _mm_and_si128(equal(bytes, one), equal(next, other));
            let either = |one, other| _mm_or_si128(one, other);
            let bits = |hits| u64::from(_mm_movemask_epi8(hits) as u32) << (part * 16);
            let rare = either(equal(bytes, b'\r'), equal(bytes, BOM[0]));
            let mut other = either(rare, either(pair(b'4', b'0'), pair(b'6', b'4')));
            if encoded {
                other = either(other, either(equal(bytes, b'&'), pair(b':', b':')));
            }
            found.at |= bits(equal(bytes, b'@'));
            found.feed |= bits(equal(bytes, b'\n'));
            found.other |= bits(other);
        }
    }
    found
}

/// The same, 32 bytes at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn marks_of_halves(block: &Block, encoded: bool) -> Marks {
    use std::arch::x86_64::*;
    let mut found = Marks::default();
    for half in 0..2 {
        // SAFETY: both loads stay within the block.
        let (bytes, next) = unsafe {
            let place = block.as_ptr().add(half * 32);
            let bytes = _mm256_loadu_si256(place.cast());
            (bytes, _mm256_loadu_si256(place.add(1).cast()))
        };
        let equal = |bytes, byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte as i8));
        let pair = |one, other| _mm256_and_si256(equal(bytes, one), equal(next, other));
        let either = |one, other| _mm256_or_si256(one, other);
        let bits = |hits| u64::from(_mm256_movemask_epi8(hits) as u32) << (half * 32);
        let rare = either(equal(bytes, b'\r'), equal(bytes, BOM[0]));
        let mut other = either(rare, either(pair(b'4', b'0'), pair(b'6', b'4')));
        if encoded {
            other = either(other, either(equal(bytes, b'&'), pair(b':', b':')));
        }
        found.at |= bits(equal(bytes, b'@'));
        found.feed |= bits(equal(bytes, b'\n'));
        found.other |= bits(other);
    }
    found
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn marks(block: &Block, encoded: bool) -> Marks {
    let mut found = Marks::default();
    for (place, pair) in block.windows(2).enumerate() {
        let other = match pair {
            [b'4', b'0'] | [b'6', b'4'] | [b'\r' | 0xef, _] => true,
            [b'&', _] | [b':', b':'] => encoded,
            _ => false,
        };
        found.at |= u64::from(pair[0] == b'@') << place;
        found.feed |= u64::from(pair[0] == b'\n') << place;
        found.other |= u64::from(other) << place;
    }
    found
}

/// Call `visitor` for every line end and at sign of `data`, in order.
pub fn walk<V: Visit>(data: &[u8], visitor: &mut V) {
    walk_in(data, (0, data.len()), visitor);
}

/// The same for those that are in a part of `data`; what is around them is seen all the same.
pub fn walk_in<V: Visit>(data: &[u8], part: (usize, usize), visitor: &mut V) {
    #[cfg(target_arch = "x86_64")]
    if part.1 - part.0 > 4 * BLOCK && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the instructions.
        return unsafe { walk_by_halves(data, part, visitor) };
    }
    steps(data, part, visitor, |block| marks(block, V::ENCODED));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn walk_by_halves<V: Visit>(data: &[u8], part: (usize, usize), visitor: &mut V) {
    steps(data, part, visitor, |block| {
        marks_of_halves(block, V::ENCODED)
    });
}

#[inline(always)]
fn steps<V: Visit>(
    data: &[u8],
    (start, end): (usize, usize),
    visitor: &mut V,
    marks: impl Fn(&Block) -> Marks,
) {
    let mut base = start;
    let mut last: Block = [0; BLOCK + 1];
    let mut returns = Returns::default();
    while base < end {
        let rest = &data[base..];
        let block = rest.first_chunk().unwrap_or_else(|| {
            last[..rest.len()].copy_from_slice(rest);
            &last
        });
        let found = marks(block);
        let mut events = found.at | found.feed | found.other;
        if end - base < BLOCK {
            events &= (1 << (end - base)) - 1;
        }
        while events != 0 {
            let bit = events & events.wrapping_neg();
            let place = base + events.trailing_zeros() as usize;
            events ^= bit;
            if found.feed & bit != 0 {
                visitor.line_end(data, place);
            } else if found.at & bit != 0 {
                visitor.at_sign(data, place, place + 1);
            } else {
                other(data, place, visitor, &mut returns);
            }
        }
        base += BLOCK;
    }
}

#[inline(never)]
fn other<V: Visit>(data: &[u8], place: usize, visitor: &mut V, returns: &mut Returns) {
    match data[place] {
        b'4' | b'6' => {
            if let Some((start, end)) = escapes::at_sign(data, place) {
                visitor.escaped(data, start, end);
            } else if V::ENCODED {
                if let Some((start, end)) = encoded::sign_at(data, place) {
                    visitor.encoded(data, start, end);
                } else if data[place] == b'4' {
                    visitor.digits(data, place);
                }
            }
        }
        b':' => visitor.colons(data, place),
        _ => rare(data, place, visitor, returns),
    }
}

/// Carriage returns in a row, up to `end`, and whether they stand within a line.
#[derive(Default)]
struct Returns {
    end: usize,
    within: bool,
}

#[cold]
#[inline(never)]
fn rare<V: Visit>(data: &[u8], place: usize, visitor: &mut V, returns: &mut Returns) {
    if data[place] != b'\r' {
        if data[place..].starts_with(BOM) {
            visitor.mark(data, place);
        } else if V::ENCODED {
            if let Some(end) = encoded::sign_from(data, place) {
                visitor.encoded(data, place, end);
            }
        }
        return;
    }
    if place >= returns.end {
        if data.get(place + 1) == Some(&b'\n') {
            return;
        }
        let run = data[place..].iter().take_while(|&&byte| byte == b'\r');
        returns.end = place + run.count();
        returns.within = data.get(returns.end).is_some_and(|&byte| byte != b'\n');
    }
    if returns.within {
        visitor.line_break(data, place);
    }
}
