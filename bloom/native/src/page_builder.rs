//! Setting bits: those of one page are a byte each first, so that setting one is a mere store.
//!
//! To set a bit where it belongs is to read, change and write a byte that the
//! bit before may just have written; a byte of its own depends on nothing.

use crate::page::{bit_of, page_of, BODY, PAGE, PHI};
use crate::sort::decode;

const ROOM: usize = 1 << 15; // the least power of two that holds BODY * 8
const SET: u8 = 0x80;

/// A record's page is outside the buffer.
pub struct Outside;

/// Set the bits of `records`, sixteen bytes each, in `buffer`, whose first page is `first`.
///
/// Returns the sum of the keys' XXH3-64, mod 2^64. Fast where records of one page follow
/// each other, as sorted ones do.
pub fn fill(
    records: &[u8],
    pages: u64,
    hashes: u32,
    buffer: &mut [u8],
    first: u64,
) -> Result<u64, Outside> {
    let held = (buffer.len() / PAGE) as u64;
    let mut paint = Paint::new();
    let mut here = None;
    let mut sum = 0u64;
    for record in records.chunks_exact(16) {
        let record = decode(record);
        let index = page_of((record >> 64) as u64, pages).wrapping_sub(first);
        if here != Some(index) {
            if index >= held {
                return Err(Outside);
            }
            if let Some(page) = here.and_then(|index| page_mut(buffer, index)) {
                paint.move_to(page);
            }
            here = Some(index);
        }
        let mixed = record as u64;
        sum = sum.wrapping_add(mixed);
        paint.add(mixed, hashes);
    }
    if let Some(page) = here.and_then(|index| page_mut(buffer, index)) {
        paint.move_to(page);
    }
    Ok(sum)
}

fn page_mut(buffer: &mut [u8], index: u64) -> Option<&mut [u8; BODY]> {
    let start = index as usize * PAGE;
    buffer.get_mut(start..start + BODY)?.try_into().ok()
}

struct Paint {
    bytes: Box<[u8; ROOM]>,
}

impl Paint {
    fn new() -> Self {
        Self {
            bytes: Box::new([0; ROOM]),
        }
    }

    /// Set the `hashes` bits of a key whose XXH3-64 is `mixed`.
    #[inline(always)]
    fn add(&mut self, mut mixed: u64, hashes: u32) {
        for _ in 0..hashes {
            self.bytes[bit_of(mixed) & (ROOM - 1)] = SET;
            mixed = mixed.wrapping_mul(PHI);
        }
    }

    /// Add the bits set to those of `page`, and start anew.
    fn move_to(&mut self, page: &mut [u8; BODY]) {
        let (bytes, packed) = (self.bytes.chunks_exact_mut(64), page.chunks_exact_mut(8));
        for (bytes, packed) in bytes.zip(packed) {
            let (Ok(bytes), Ok(packed)) = (<&mut [u8; 64]>::try_from(bytes), packed.try_into())
            else {
                continue; // never: both are whole chunks
            };
            let word: &mut [u8; 8] = packed;
            *word = (u64::from_le_bytes(*word) | pack(bytes)).to_le_bytes();
            *bytes = [0; 64];
        }
    }
}

/// The top bits of 64 bytes, that of the first lowest.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pack(bytes: &[u8; 64]) -> u64 {
    use std::arch::x86_64::{_mm_loadu_si128, _mm_movemask_epi8};
    (0..4).fold(0, |word, part| {
        // SAFETY: SSE2 is part of x86-64; the load stays within the array.
        let mask = unsafe {
            let sixteen = _mm_loadu_si128(bytes.as_ptr().add(part * 16).cast());
            _mm_movemask_epi8(sixteen) as u32
        };
        word | u64::from(mask) << (part * 16)
    })
}

/// The top bits of 64 bytes, that of the first lowest.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn pack(bytes: &[u8; 64]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| word << 1 | u64::from(byte >> 7))
}
