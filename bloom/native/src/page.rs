//! The page: where a key lives, sealing, testing.

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub const PAGE: usize = 4096;
pub const BODY: usize = PAGE - 8;
const BITS: u64 = BODY as u64 * 8;
pub const PHI: u64 = 0x9E37_79B9_7F4A_7C15;

/// The page of a key whose leading eight bytes are `high`.
#[inline(always)]
pub fn page_of(high: u64, pages: u64) -> u64 {
    ((high as u128 * pages as u128) >> 64) as u64
}

/// The bit of a page for the upper half of `mixed`: BITS times that, over 2^32. BITS is 511 times
/// 64, and 511 times a number is two additions, which leave the multiplier to the hashing.
#[inline(always)]
pub fn bit_of(mixed: u64) -> usize {
    const { assert!(BITS == 511 << 6) };
    let high = mixed >> 32;
    (((high << 9) - high) >> 26) as usize
}

#[inline(always)]
fn count_ones(body: &[u8]) -> u32 {
    body.chunks_exact(8)
        .map(|word| word.try_into().map_or(0, u64::from_ne_bytes).count_ones())
        .sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_ones_popcnt(body: &[u8]) -> u32 {
    count_ones(body)
}

/// Bits set in the body of a page.
pub fn load(page: &[u8]) -> u32 {
    let body = page.get(..BODY).unwrap_or(page);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has the instruction.
        return unsafe { count_ones_popcnt(body) };
    }
    count_ones(body)
}

/// `seed`: the filter's id as a number, here and below.
fn checksum(body: &[u8], number: u64, seed: u64) -> [u8; 8] {
    xxh3_64_with_seed(body, seed ^ number).to_le_bytes()
}

/// Write each page's checksum and hand its load, 0 to 32,704, to `each`.
pub fn seal(buffer: &mut [u8], first: u64, seed: u64, mut each: impl FnMut(u32)) {
    for (index, page) in buffer.chunks_exact_mut(PAGE).enumerate() {
        let (body, check) = page.split_at_mut(BODY);
        check.copy_from_slice(&checksum(body, first.wrapping_add(index as u64), seed));
        each(load(body));
    }
}

/// Whether `page` carries the checksum of page `number` of the filter.
pub fn is_sound(page: &[u8], number: u64, seed: u64) -> bool {
    page.len() == PAGE && checksum(&page[..BODY], number, seed) == page[BODY..]
}
