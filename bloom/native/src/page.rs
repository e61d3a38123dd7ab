//! The page: where a key lives, setting bits, sealing, testing.

use crate::paint::Paint;
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

#[inline(always)]
pub fn bit_of(mixed: u64) -> usize {
    (((mixed >> 32) * BITS) >> 32) as usize
}

/// A record's page is outside the buffer.
pub struct Outside;

/// Set the bits of `records`, sixteen bytes each, in `buffer`, whose first page is `first`.
///
/// Fast where records of one page follow each other, as sorted ones do.
pub fn fill(
    records: &[u8],
    pages: u64,
    hashes: u32,
    buffer: &mut [u8],
    first: u64,
) -> Result<(), Outside> {
    let held = (buffer.len() / PAGE) as u64;
    let mut paint = Paint::new();
    let mut here = None;
    for record in records.chunks_exact(16) {
        let record = crate::sort::decode(record);
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
        paint.add(record as u64, hashes);
    }
    if let Some(page) = here.and_then(|index| page_mut(buffer, index)) {
        paint.move_to(page);
    }
    Ok(())
}

fn page_mut(buffer: &mut [u8], index: u64) -> Option<&mut [u8; BODY]> {
    let start = index as usize * PAGE;
    buffer.get_mut(start..start + BODY)?.try_into().ok()
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

fn checksum(body: &[u8], number: u64) -> [u8; 8] {
    xxh3_64_with_seed(body, number).to_le_bytes()
}

/// Write each page's checksum and hand its load, 0 to 32,704, to `each`.
pub fn seal(buffer: &mut [u8], first: u64, mut each: impl FnMut(u32)) {
    for (index, page) in buffer.chunks_exact_mut(PAGE).enumerate() {
        let (body, check) = page.split_at_mut(BODY);
        check.copy_from_slice(&checksum(body, first.wrapping_add(index as u64)));
        each(load(body));
    }
}

/// Whether `page` carries the checksum of page `number`.
pub fn is_sound(page: &[u8], number: u64) -> bool {
    page.len() == PAGE && checksum(&page[..BODY], number) == page[BODY..]
}
