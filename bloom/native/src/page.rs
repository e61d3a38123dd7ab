//! The page: setting its bits, sealing it, testing it, asking it.

use crate::pool::{for_each_digest, record};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub const PAGE: usize = 4096;
const BODY: usize = PAGE - 8;
const BITS: u64 = BODY as u64 * 8;
const PHI: u64 = 0x9E37_79B9_7F4A_7C15;
pub const ABSENT: u8 = 0;
pub const PRESENT: u8 = 1;
pub const UNKNOWN: u8 = 2;
const UNSEEN: u8 = 0;
const SOUND: u8 = 1;
const DAMAGED: u8 = 2;
/// Digests looked up together: each round asks for a cache line of every one of them.
const AHEAD: usize = 128;

/// The page of a key whose leading eight bytes are `high`.
#[inline(always)]
fn page_of(high: u64, pages: u64) -> u64 {
    (high as u128 * pages as u128 >> 64) as u64
}

#[inline(always)]
fn bit_of(mixed: u64) -> usize {
    ((mixed >> 32) * BITS >> 32) as usize
}

/// A record's page is outside the buffer.
pub struct Outside;

/// Set the bits of `records`, sixteen bytes each, in `buffer`, whose first page is `first`.
pub fn fill(
    records: &[u8],
    pages: u64,
    hashes: u32,
    buffer: &mut [u8],
    first: u64,
) -> Result<(), Outside> {
    let held = (buffer.len() / PAGE) as u64;
    for record in records.chunks_exact(16) {
        let record = crate::sort::decode(record);
        let index = page_of((record >> 64) as u64, pages).wrapping_sub(first);
        if index >= held {
            return Err(Outside);
        }
        let start = index as usize * PAGE;
        let Some(page) = buffer.get_mut(start..start + PAGE) else {
            return Err(Outside);
        };
        let mut mixed = record as u64;
        for _ in 0..hashes {
            let bit = bit_of(mixed);
            page[bit >> 3] |= 1 << (bit & 7);
            mixed = mixed.wrapping_mul(PHI);
        }
    }
    Ok(())
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

#[inline(always)]
fn prefetch(_line: &u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing that the program can see.
    unsafe {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(_line).cast());
    }
}

/// What a filter, or a slice of one, is asked by.
pub struct Shape<'a> {
    pub body: &'a [u8],
    pub pages: u64,
    pub first: u64,
    pub hashes: u32,
    pub state: &'a [AtomicU8],
}

impl Shape<'_> {
    /// The page at `index`, where its checksum was found to match, now or before.
    #[inline(always)]
    fn sound_page(&self, index: usize) -> Option<&[u8; PAGE]> {
        let page = self.body.get(index.checked_mul(PAGE)?..)?.first_chunk::<PAGE>()?;
        let state = self.state.get(index)?;
        match state.load(Relaxed) {
            SOUND => Some(page),
            UNSEEN => self.test(page, index, state),
            _ => None,
        }
    }

    #[cold]
    fn test<'p>(&self, page: &'p [u8; PAGE], index: usize, state: &AtomicU8) -> Option<&'p [u8; PAGE]> {
        let sound = is_sound(page, self.first.wrapping_add(index as u64));
        state.store(if sound { SOUND } else { DAMAGED }, Relaxed);
        sound.then_some(page)
    }

    /// Answer for each of `digests` in `codes`, which is as long as there are digests.
    pub fn look_up(&self, digests: &[u8], digest_bytes: usize, codes: &mut [u8]) {
        let mut group = [Asked { page: &EMPTY, mixed: 0 }; AHEAD];
        let groups = digests.chunks(AHEAD * digest_bytes).zip(codes.chunks_mut(AHEAD));
        for (digests, codes) in groups {
            let mut places = group.iter_mut().zip(codes.iter_mut());
            for_each_digest(digests, digest_bytes, |digest| {
                let record = record(digest);
                let (high, mixed) = ((record >> 64) as u64, record as u64);
                let index = page_of(high, self.pages).wrapping_sub(self.first);
                let page = self.sound_page(index as usize);
                if let Some((asked, code)) = places.next() {
                    *code = if page.is_some() { ABSENT } else { UNKNOWN };
                    *asked = Asked { page: page.unwrap_or(&EMPTY), mixed };
                    asked.prefetch();
                }
            });
            self.settle(&mut group, codes);
        }
    }

    /// Round by round, one bit of each key that is still possible; what is left is present.
    fn settle(&self, group: &mut [Asked; AHEAD], codes: &mut [u8]) {
        let mut left: [u8; AHEAD] = std::array::from_fn(|place| place as u8);
        let mut count = codes.len().min(AHEAD);
        for round in 1..=self.hashes {
            let mut kept = 0;
            for at in 0..count {
                let place = left[at];
                left[kept] = place;
                kept += group[place as usize % AHEAD].bit();
            }
            count = kept;
            if count == 0 {
                return;
            }
            if round < self.hashes {
                for &place in &left[..count] {
                    let asked = &mut group[place as usize % AHEAD];
                    asked.mixed = asked.mixed.wrapping_mul(PHI);
                    asked.prefetch();
                }
            }
        }
        for &place in &left[..count] {
            if let Some(code) = codes.get_mut(place as usize) {
                *code = PRESENT;
            }
        }
    }
}

/// A page of no key, for those that have none: their answer is UNKNOWN whatever it says.
static EMPTY: [u8; PAGE] = [0; PAGE];

/// A key being looked up: its page and what its next bit comes from.
#[derive(Clone, Copy)]
struct Asked<'a> {
    page: &'a [u8; PAGE],
    mixed: u64,
}

impl Asked<'_> {
    #[inline(always)]
    fn bit(&self) -> usize {
        let bit = bit_of(self.mixed);
        usize::from(self.page[bit >> 3] >> (bit & 7) & 1)
    }

    #[inline(always)]
    fn prefetch(&self) {
        prefetch(&self.page[bit_of(self.mixed) >> 3]);
    }
}
