//! Asking a filter for many keys at once.

use crate::page::{bit_of, page_of, PAGE, PHI};
use crate::pages::{Page, Pages};
use crate::pool::{for_each_digest, record};
use crate::sort::{room, NoMemory};
use std::cell::Cell;

pub const ABSENT: u8 = 0;
pub const PRESENT: u8 = 1;
pub const UNKNOWN: u8 = 2;
/// Keys looked up at a time, a cache line of each on its way.
const AHEAD: usize = 64;
/// Digests dealt by page together, where they are not few and the filter is far larger than
/// the cache: with small pages of the system, that is twice as fast in a filter of 1 GiB.
const BATCH: usize = 1 << 20;
const LARGE: usize = (64 << 20) / PAGE;
const FEW: usize = 1 << 18;
/// Logarithm of the parts of the filter that digests are dealt to.
const GROUP_BITS: u32 = 9;

/// A key on its way to its page: that page's index, and its own among the digests.
#[derive(Clone, Copy, Default)]
struct Dealt {
    mixed: u64,
    index: u32,
    place: u32,
}

thread_local! {
    /// Room for a batch, kept from one to the next.
    static DEALT: Cell<Vec<Dealt>> = const { Cell::new(Vec::new()) };
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

impl Pages {
    /// Where a key's page is among those held, if it is.
    #[inline(always)]
    fn index(&self, high: u64) -> u64 {
        page_of(high, self.shape.pages).wrapping_sub(self.shape.first)
    }

    /// Where the pages of `digests` are.
    pub fn indexes<'a>(
        &'a self,
        digests: &'a [u8],
        digest_bytes: usize,
    ) -> impl Iterator<Item = u64> + 'a {
        digests
            .chunks_exact(digest_bytes)
            .filter_map(|digest| Some(self.index(u64::from_be_bytes(*digest.first_chunk()?))))
    }

    /// The answer to one digest.
    pub fn look_up_one(&self, digest: &[u8]) -> u8 {
        let record = record(digest);
        let Some(page) = self.get(self.index((record >> 64) as u64)) else {
            return UNKNOWN;
        };
        let mut mixed = record as u64;
        for _ in 0..self.shape.hashes {
            let bit = bit_of(mixed);
            if page[bit >> 3] >> (bit & 7) & 1 == 0 {
                return ABSENT;
            }
            mixed = mixed.wrapping_mul(PHI);
        }
        PRESENT
    }

    /// Answer for each of `digests` in `codes`, which is as long as there are digests.
    pub fn look_up(&self, digests: &[u8], digest_bytes: usize, codes: &mut [u8]) {
        let batches = digests
            .chunks(BATCH * digest_bytes)
            .zip(codes.chunks_mut(BATCH));
        for (digests, codes) in batches {
            let dealt = codes.len() > FEW && (LARGE..u32::MAX as usize).contains(&self.held());
            if !dealt || self.look_up_dealt(digests, digest_bytes, codes).is_err() {
                self.look_up_straight(digests, digest_bytes, codes);
            }
        }
    }

    /// In the order of the digests.
    fn look_up_straight(&self, digests: &[u8], digest_bytes: usize, codes: &mut [u8]) {
        let mut flight = Flight::new();
        let mut place = 0;
        for_each_digest(digests, digest_bytes, |digest| {
            let record = record(digest);
            let index = self.index((record >> 64) as u64);
            self.ask(&mut flight, index, record as u64, place, codes);
            place += 1;
        });
        flight.land(codes);
    }

    /// Dealt by page first, so that what is asked of a part of the filter is asked while
    /// that part is in the cache.
    fn look_up_dealt(
        &self,
        digests: &[u8],
        digest_bytes: usize,
        codes: &mut [u8],
    ) -> Result<(), NoMemory> {
        let held = self.held();
        let shift = held.max(1).ilog2().saturating_sub(GROUP_BITS);
        let groups = (held >> shift) + 2; // the last for those whose page is not there
        let group = |index: u64| ((index >> shift) as usize).min(groups - 1);
        let mut starts = room::<u32>(groups + 1)?;
        starts.resize(groups + 1, 0u32);
        for_each_digest(digests, digest_bytes, |digest| {
            let high = digest
                .first_chunk()
                .map_or(0, |first| u64::from_be_bytes(*first));
            starts[group(self.index(high)) + 1] += 1;
        });
        let mut sum = 0;
        for start in starts.iter_mut() {
            sum += *start;
            *start = sum;
        }
        let mut dealt = DEALT.take();
        if dealt.len() < codes.len() {
            dealt
                .try_reserve_exact(codes.len() - dealt.len())
                .map_err(|_| NoMemory)?;
            dealt.resize(codes.len(), Dealt::default());
        }
        let mut place = 0;
        for_each_digest(digests, digest_bytes, |digest| {
            let record = record(digest);
            let index = self.index((record >> 64) as u64);
            let start = &mut starts[group(index)];
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            // Always there, unless the caller writes to the digests meanwhile.
            if let Some(slot) = dealt.get_mut(*start as usize) {
                *slot = Dealt {
                    mixed: record as u64,
                    index,
                    place,
                };
            }
            *start += 1;
            place += 1;
        });
        let mut flight = Flight::new();
        for one in &dealt[..codes.len()] {
            self.ask(&mut flight, one.index.into(), one.mixed, one.place, codes);
        }
        flight.land(codes);
        DEALT.set(dealt);
        Ok(())
    }

    /// Note the answer if no bit is set, and begin to look at the bits.
    #[inline(always)]
    fn ask<'a>(
        &'a self,
        flight: &mut Flight<'a>,
        index: u64,
        mixed: u64,
        place: u32,
        codes: &mut [u8],
    ) {
        let page = self.get(index);
        if let Some(code) = codes.get_mut(place as usize) {
            *code = if page.is_some() { ABSENT } else { UNKNOWN };
        }
        if let Some(page) = page {
            let left = self.shape.hashes;
            flight.add(
                Asked {
                    page,
                    mixed,
                    place,
                    left,
                },
                codes,
            );
        }
    }
}

/// Keys of which some bits are still to be looked at, whose cache lines are on their way.
///
/// As soon as so many are under way, one bit of each is looked at, and those whose bit is not set
/// make room for others: so the memory is never waited for with few lines under way.
struct Flight<'a> {
    asked: [Asked<'a>; AHEAD],
    count: usize,
}

impl<'a> Flight<'a> {
    fn new() -> Self {
        let nobody = Asked {
            page: &EMPTY,
            mixed: 0,
            place: 0,
            left: 0,
        };
        Flight {
            asked: [nobody; AHEAD],
            count: 0,
        }
    }

    #[inline(always)]
    fn add(&mut self, asked: Asked<'a>, codes: &mut [u8]) {
        asked.prefetch();
        self.asked[self.count % AHEAD] = asked;
        self.count += 1;
        while self.count == AHEAD {
            self.round(codes);
        }
    }

    /// Look at one bit of each key; note those that have all of theirs.
    fn round(&mut self, codes: &mut [u8]) {
        let mut set = 0;
        for at in 0..self.count.min(AHEAD) {
            let asked = self.asked[at];
            self.asked[set % AHEAD] = asked;
            set += asked.bit();
        }
        let mut kept = 0;
        for at in 0..set.min(AHEAD) {
            let mut asked = self.asked[at];
            asked.left -= 1;
            if asked.left == 0 {
                if let Some(code) = codes.get_mut(asked.place as usize) {
                    *code = PRESENT;
                }
                continue;
            }
            asked.mixed = asked.mixed.wrapping_mul(PHI);
            asked.prefetch();
            self.asked[kept % AHEAD] = asked;
            kept += 1;
        }
        self.count = kept;
    }

    /// Look at all bits that are left.
    fn land(&mut self, codes: &mut [u8]) {
        while self.count > 0 {
            self.round(codes);
        }
    }
}

/// A page of no key.
static EMPTY: Page = [0; PAGE];

/// A key being looked up: its page, what its next bit comes from, its place among the digests,
/// and how many bits are left to look at.
#[derive(Clone, Copy)]
struct Asked<'a> {
    page: &'a Page,
    mixed: u64,
    place: u32,
    left: u32,
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
