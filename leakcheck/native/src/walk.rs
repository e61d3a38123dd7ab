//! One pass over a chunk that names, in order, what the kernels stop at: line ends and at signs.

use crate::escapes;
use crate::lines::BOM;

pub trait Visit {
    /// An at sign, however written: `data[start..end]`.
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize);
    /// The LF that ends a line.
    fn line_end(&mut self, data: &[u8], at: usize);
    /// A carriage return within a line.
    fn line_break(&mut self, _data: &[u8], _at: usize) {}
    /// A byte order mark.
    fn mark(&mut self, _data: &[u8], _at: usize) {}
}

const BLOCK: usize = 64;

/// Bits of a block: raw at signs, line feeds, the places where `40` or `64` may begin, and
/// what is rare in most texts.
#[derive(Clone, Copy, Default)]
struct Marks {
    at: u64,
    feed: u64,
    four: u64,
    six: u64,
    zero: u64,
    rare: u64,
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> Marks {
    use std::arch::x86_64::*;
    let mut found = Marks::default();
    for part in 0..4 {
        // SAFETY: SSE2 is part of x86-64; the load stays within the block.
        unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().add(part * 16).cast());
            let equal = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
            let bits = |hits| u64::from(_mm_movemask_epi8(hits) as u32) << (part * 16);
            found.at |= bits(equal(b'@'));
            found.feed |= bits(equal(b'\n'));
            found.four |= bits(equal(b'4'));
            found.six |= bits(equal(b'6'));
            found.zero |= bits(equal(b'0'));
            found.rare |= bits(_mm_or_si128(equal(b'\r'), equal(BOM[0])));
        }
    }
    found
}

/// The same, 32 bytes at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn marks_of_halves(block: &[u8; BLOCK]) -> Marks {
    use std::arch::x86_64::*;
    let mut found = Marks::default();
    for half in 0..2 {
        // SAFETY: the load stays within the block.
        let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().add(half * 32).cast()) };
        let equal = |byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte as i8));
        let bits = |hits| u64::from(_mm256_movemask_epi8(hits) as u32) << (half * 32);
        found.at |= bits(equal(b'@'));
        found.feed |= bits(equal(b'\n'));
        found.four |= bits(equal(b'4'));
        found.six |= bits(equal(b'6'));
        found.zero |= bits(equal(b'0'));
        found.rare |= bits(_mm256_or_si256(equal(b'\r'), equal(BOM[0])));
    }
    found
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> Marks {
    let mut found = Marks::default();
    for (place, byte) in block.iter().enumerate() {
        found.at |= u64::from(*byte == b'@') << place;
        found.feed |= u64::from(*byte == b'\n') << place;
        found.four |= u64::from(*byte == b'4') << place;
        found.six |= u64::from(*byte == b'6') << place;
        found.zero |= u64::from(*byte == b'0') << place;
        found.rare |= u64::from(*byte == b'\r' || *byte == BOM[0]) << place;
    }
    found
}

/// Call `visitor` for every line end and at sign of `data`, in order.
pub fn walk(data: &[u8], visitor: &mut impl Visit) {
    #[cfg(target_arch = "x86_64")]
    if data.len() > 4 * BLOCK && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the instructions.
        return unsafe { walk_by_halves(data, visitor) };
    }
    steps(data, visitor, marks);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn walk_by_halves(data: &[u8], visitor: &mut impl Visit) {
    steps(data, visitor, |block| marks_of_halves(block));
}

#[inline(always)]
fn steps(data: &[u8], visitor: &mut impl Visit, marks: impl Fn(&[u8; BLOCK]) -> Marks) {
    let mut base = 0;
    let mut last = [0u8; BLOCK];
    let mut returns = Returns::default();
    while base < data.len() {
        let rest = &data[base..];
        let (found, follows) = match rest.first_chunk::<BLOCK>() {
            Some(block) => (marks(block), rest.get(BLOCK).copied().unwrap_or(0)),
            None => {
                last[..rest.len()].copy_from_slice(rest);
                (marks(&last), 0)
            }
        };
        let next_zero = found.zero >> 1 | u64::from(follows == b'0') << 63;
        let next_four = found.four >> 1 | u64::from(follows == b'4') << 63;
        let pairs = found.four & next_zero | found.six & next_four;
        let mut events = found.at | found.feed | found.rare | pairs;
        while events != 0 {
            let bit = events & events.wrapping_neg();
            let place = base + events.trailing_zeros() as usize;
            events ^= bit;
            if found.feed & bit != 0 {
                visitor.line_end(data, place);
            } else if found.at & bit != 0 {
                visitor.at_sign(data, place, place + 1);
            } else if found.rare & bit != 0 {
                rare(data, place, visitor, &mut returns);
            } else if let Some((start, end)) = escapes::at_sign(data, place) {
                visitor.at_sign(data, start, end);
            }
        }
        base += BLOCK;
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
fn rare(data: &[u8], place: usize, visitor: &mut impl Visit, returns: &mut Returns) {
    if data[place] != b'\r' {
        if data[place..].starts_with(BOM) {
            visitor.mark(data, place);
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
