//! Asking a filter for many keys at once.

use crate::page::{bit_of, page_of, PAGE, PHI};
use crate::pages::{Page, Pages};
use crate::pool::{for_each_digest, record};
use crate::sort::{room, NoMemory};
use std::cell::Cell;

pub const ABSENT: u8 = 0;
pub const PRESENT: u8 = 1;
pub const UNKNOWN: u8 = 2;
/// Digests looked up together: each round asks for a cache line of every one of them.
const AHEAD: usize = 128;
/// Digests dealt by page together, where the filter is larger than the cache and they are not few.
const BATCH: usize = 1 << 20;
const CACHE: usize = (1 << 20) / PAGE;
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
            let dealt = codes.len() > FEW && (CACHE..u32::MAX as usize).contains(&self.held());
            if !dealt || self.look_up_dealt(digests, digest_bytes, codes).is_err() {
                self.look_up_straight(digests, digest_bytes, codes);
            }
        }
    }

    /// In the order of the digests.
    fn look_up_straight(&self, digests: &[u8], digest_bytes: usize, codes: &mut [u8]) {
        let mut group = [Asked {
            page: &EMPTY,
            mixed: 0,
        }; AHEAD];
        let groups = digests
            .chunks(AHEAD * digest_bytes)
            .zip(codes.chunks_mut(AHEAD));
        for (digests, codes) in groups {
            let mut places = group.iter_mut().zip(codes.iter_mut());
            for_each_digest(digests, digest_bytes, |digest| {
                let record = record(digest);
                if let Some((asked, code)) = places.next() {
                    (*asked, *code) = self.ask(self.index((record >> 64) as u64), record as u64);
                }
            });
            self.settle(&mut group, codes);
        }
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
        let mut group = [Asked {
            page: &EMPTY,
            mixed: 0,
        }; AHEAD];
        let mut found = [0u8; AHEAD];
        for asked in dealt[..codes.len()].chunks(AHEAD) {
            for ((slot, code), dealt) in group.iter_mut().zip(&mut found).zip(asked) {
                (*slot, *code) = self.ask(dealt.index.into(), dealt.mixed);
            }
            let found = &mut found[..asked.len()];
            self.settle(&mut group, found);
            for (code, dealt) in found.iter().zip(asked) {
                if let Some(place) = codes.get_mut(dealt.place as usize) {
                    *place = *code;
                }
            }
        }
        DEALT.set(dealt);
        Ok(())
    }

    /// What is to be looked at for a key, asked for already, and the answer if no bit is set.
    #[inline(always)]
    fn ask(&self, index: u64, mixed: u64) -> (Asked<'_>, u8) {
        let page = self.get(index);
        let code = if page.is_some() { ABSENT } else { UNKNOWN };
        let asked = Asked {
            page: page.unwrap_or(&EMPTY),
            mixed,
        };
        asked.prefetch();
        (asked, code)
    }

    /// Round by round, one bit of each key that is still possible; what is left is present.
    fn settle(&self, group: &mut [Asked; AHEAD], codes: &mut [u8]) {
        let mut left: [u8; AHEAD] = std::array::from_fn(|place| place as u8);
        let mut count = codes.len().min(AHEAD);
        for round in 1..=self.shape.hashes {
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
            if round < self.shape.hashes {
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
static EMPTY: Page = [0; PAGE];

/// A key being looked up: its page and what its next bit comes from.
#[derive(Clone, Copy)]
struct Asked<'a> {
    page: &'a Page,
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
