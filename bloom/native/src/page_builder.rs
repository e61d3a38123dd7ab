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
    let target = Target {
        pages,
        buffer,
        first,
    };
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the instructions.
        return unsafe { by_fours::fill(records, hashes, target) };
    }
    fill_with(
        records,
        target,
        |bytes, mixed| one_by_one(bytes, mixed, hashes),
        pack,
    )
}

/// The pages that a buffer holds, of how many, and the first of them.
struct Target<'b> {
    pages: u64,
    buffer: &'b mut [u8],
    first: u64,
}

/// paint: sets the bytes of a key whose XXH3-64 is given; pack: makes 64 bytes a word.
#[inline(always)]
fn fill_with(
    records: &[u8],
    target: Target,
    paint: impl Fn(&mut [u8; ROOM], u64),
    pack: impl Fn(&[u8; 64]) -> u64,
) -> Result<u64, Outside> {
    let Target {
        pages,
        buffer,
        first,
    } = target;
    let held = (buffer.len() / PAGE) as u64;
    let mut bytes = Box::new(Aligned([0; ROOM]));
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
                move_to(page, &mut bytes.0, &pack);
            }
            here = Some(index);
        }
        let mixed = record as u64;
        sum = sum.wrapping_add(mixed);
        paint(&mut bytes.0, mixed);
    }
    if let Some(page) = here.and_then(|index| page_mut(buffer, index)) {
        move_to(page, &mut bytes.0, &pack);
    }
    Ok(sum)
}

fn page_mut(buffer: &mut [u8], index: u64) -> Option<&mut [u8; BODY]> {
    let start = index as usize * PAGE;
    buffer.get_mut(start..start + BODY)?.try_into().ok()
}

/// Where lines of the cache begin, so that no load or store of many bytes touches two.
#[repr(align(64))]
struct Aligned([u8; ROOM]);

/// Set the `hashes` bytes of a key whose XXH3-64 is `mixed`.
#[inline(always)]
fn one_by_one(bytes: &mut [u8; ROOM], mut mixed: u64, hashes: u32) {
    for _ in 0..hashes {
        bytes[bit_of(mixed) & (ROOM - 1)] = SET;
        mixed = mixed.wrapping_mul(PHI);
    }
}

/// Add the bits set to those of `page`, and start anew.
#[inline(always)]
fn move_to(page: &mut [u8; BODY], bytes: &mut [u8; ROOM], pack: impl Fn(&[u8; 64]) -> u64) {
    let (bytes, packed) = (bytes.chunks_exact_mut(64), page.chunks_exact_mut(8));
    for (bytes, packed) in bytes.zip(packed) {
        let (Ok(bytes), Ok(packed)) = (<&mut [u8; 64]>::try_from(bytes), packed.try_into()) else {
            continue; // never: both are whole chunks
        };
        let word: &mut [u8; 8] = packed;
        *word = (u64::from_le_bytes(*word) | pack(bytes)).to_le_bytes();
        *bytes = [0; 64];
    }
}

/// The same with AVX2: of a key, four bits at once, none of which waits for the one before.
#[cfg(target_arch = "x86_64")]
mod by_fours {
    use super::{fill_with, Outside, Target, ROOM, SET};
    use crate::arguments::MAX_HASHES;
    use crate::page::{BODY, PHI};
    use std::arch::x86_64::*;

    const FOURS: usize = (MAX_HASHES as usize).div_ceil(4);
    /// The powers of PHI: a key's n-th bit is that of its XXH3-64 times the n-th.
    static POWERS: [[u64; 4]; FOURS] = {
        let mut powers = [[0; 4]; FOURS];
        let (mut power, mut at) = (1u64, 0);
        while at < 4 * FOURS {
            powers[at / 4][at % 4] = power;
            power = power.wrapping_mul(PHI);
            at += 1;
        }
        powers
    };

    #[target_feature(enable = "avx2")]
    pub fn fill(records: &[u8], hashes: u32, target: Target) -> Result<u64, Outside> {
        let (whole, rest) = POWERS.split_at(hashes as usize / 4);
        let left = hashes as usize % 4;
        let paint = |bytes: &mut [u8; ROOM], mixed: u64| {
            for powers in whole {
                for place in places(mixed, powers) {
                    bytes[place as usize & (ROOM - 1)] = SET;
                }
            }
            if let (1.., Some(powers)) = (left, rest.first()) {
                for place in &places(mixed, powers)[..left] {
                    bytes[*place as usize & (ROOM - 1)] = SET;
                }
            }
        };
        fill_with(records, target, paint, |bytes| pack(bytes))
    }

    /// `page::bit_of` of `mixed` times each of four numbers.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn places(mixed: u64, powers: &[u64; 4]) -> [u64; 4] {
        let mixed = _mm256_set1_epi64x(mixed as i64);
        // SAFETY: the load is of the array's own size.
        let powers = unsafe { _mm256_loadu_si256(powers.as_ptr().cast()) };
        // The upper half of the product's 64 bits, in the lower half of each lane.
        let low = _mm256_mul_epu32(mixed, powers);
        let across = _mm256_mullo_epi32(mixed, _mm256_shuffle_epi32::<0b10_11_00_01>(powers));
        let high = _mm256_add_epi32(
            _mm256_add_epi32(_mm256_srli_epi64::<32>(low), across),
            _mm256_srli_epi64::<32>(across),
        );
        const { assert!(BODY == 511 * 8) };
        let places = _mm256_srli_epi64::<26>(_mm256_mul_epu32(high, _mm256_set1_epi64x(511)));
        let mut found = [0; 4];
        // SAFETY: the store is of the array's own size.
        unsafe { _mm256_storeu_si256(found.as_mut_ptr().cast(), places) };
        found
    }

    /// The top bits of 64 bytes, that of the first lowest.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn pack(bytes: &[u8; 64]) -> u64 {
        // SAFETY: both loads stay within the array.
        let (low, high) = unsafe {
            let place = bytes.as_ptr();
            let low = _mm256_loadu_si256(place.cast());
            (low, _mm256_loadu_si256(place.add(32).cast()))
        };
        let bits = |half| u64::from(_mm256_movemask_epi8(half) as u32);
        bits(low) | bits(high) << 32
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::page::bit_of;

        #[test]
        fn four_bits_at_once_are_those_one_by_one() {
            if !is_x86_feature_detected!("avx2") {
                return;
            }
            let mut mixed = 1u64;
            for round in 0..20_000u64 {
                let edges = [0, u64::MAX, u32::MAX.into(), !0 << 32, 1 << 63, round];
                for key in edges.into_iter().chain([mixed]) {
                    for powers in &POWERS {
                        // SAFETY: the processor has the instructions.
                        let found = unsafe { places(key, powers) };
                        let wanted = powers.map(|power| bit_of(key.wrapping_mul(power)) as u64);
                        assert_eq!(found, wanted);
                    }
                }
                mixed = mixed.wrapping_mul(PHI).rotate_left(17) ^ round;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_changes_nothing() {
        let keys = (0..300u64).map(|at| at.wrapping_mul(PHI));
        let mut records: Vec<u128> = keys
            .map(|key| u128::from(key) << 64 | u128::from(key.wrapping_mul(PHI)))
            .collect();
        records.sort_unstable();
        let mut packed = vec![0; records.len() * 16];
        crate::sort::encode(&records, &mut packed);
        for hashes in 1..=64 {
            let (mut found, mut wanted) = (vec![1; 3 * PAGE], vec![1; 3 * PAGE]);
            let sum = fill(&packed, 3, hashes, &mut found, 0).ok();
            let target = Target {
                pages: 3,
                buffer: &mut wanted,
                first: 0,
            };
            let paint = |bytes: &mut [u8; ROOM], mixed| one_by_one(bytes, mixed, hashes);
            assert_eq!(sum, fill_with(&packed, target, paint, pack).ok());
            assert!(sum.is_some() && found == wanted);
        }
    }
}
