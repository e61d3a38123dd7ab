//! One pass over a chunk that names, in order, what the kernels stop at: line ends and at signs.

use crate::escapes;

pub trait Visit {
    /// An at sign, however written: `data[start..end]`.
    fn at_sign(&mut self, data: &[u8], start: usize, end: usize);
    /// The LF that ends a line.
    fn line_end(&mut self, data: &[u8], at: usize);
}

const BLOCK: usize = 64;

/// Bits of a block: raw at signs, line feeds, and the places where `40` or `64` may begin.
#[derive(Clone, Copy, Default)]
struct Marks {
    at: u64,
    feed: u64,
    four: u64,
    six: u64,
    zero: u64,
}

#[cfg(target_arch = "x86_64")]
fn marks(block: &[u8; BLOCK]) -> Marks {
    use std::arch::x86_64::*;
    let mut found = Marks::default();
    for part in 0..4 {
        // SAFETY: SSE2 is part of x86-64; the load stays within the block.
        let equal = |byte: u8| unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().add(part * 16).cast());
            let hits = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
            u64::from(_mm_movemask_epi8(hits) as u32) << (part * 16)
        };
        found.at |= equal(b'@');
        found.feed |= equal(b'\n');
        found.four |= equal(b'4');
        found.six |= equal(b'6');
        found.zero |= equal(b'0');
    }
    found
}

#[cfg(not(target_arch = "x86_64"))]
fn marks(block: &[u8; BLOCK]) -> Marks {
    let mut found = Marks::default();
    for (place, byte) in block.iter().enumerate() {
        found.at |= u64::from(*byte == b'@') << place;
        found.feed |= u64::from(*byte == b'\n') << place;
        found.four |= u64::from(*byte == b'4') << place;
        found.six |= u64::from(*byte == b'6') << place;
        found.zero |= u64::from(*byte == b'0') << place;
    }
    found
}

/// Call `visitor` for every line end and at sign of `data`, in order.
pub fn walk(data: &[u8], visitor: &mut impl Visit) {
    let mut base = 0;
    let mut last = [0u8; BLOCK];
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
        let mut events = found.at | found.feed | pairs;
        while events != 0 {
            let bit = events & events.wrapping_neg();
            let place = base + events.trailing_zeros() as usize;
            events ^= bit;
            if found.feed & bit != 0 {
                visitor.line_end(data, place);
            } else if found.at & bit != 0 {
                visitor.at_sign(data, place, place + 1);
            } else if let Some((start, end)) = escapes::at_sign(data, place) {
                visitor.at_sign(data, start, end);
            }
        }
        base += BLOCK;
    }
}
