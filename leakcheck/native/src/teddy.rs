//! Where a few dozen words may stand in a text, whatever their case: 32 places at a time, by the
//! halves of the four bytes at each. The method is Teddy, of the Hyperscan library.

pub const BUCKETS: usize = 8;
/// Bytes that are looked at, at each place.
pub const WIDTH: usize = 4;

/// A bit for each bucket, by the lower and the higher half of a byte.
#[derive(Clone, Copy)]
pub struct Halves {
    pub low: [u8; 16],
    pub high: [u8; 16],
}

impl Halves {
    pub const EMPTY: Halves = Halves {
        low: [0; 16],
        high: [0; 16],
    };

    /// With `byte` in the bucket `bit`; others that share its halves with the bucket's are, too.
    pub const fn with(mut self, bit: u8, byte: u8) -> Halves {
        self.low[byte as usize & 15] |= 1 << bit;
        self.high[byte as usize >> 4] |= 1 << bit;
        self
    }

    /// With any byte in the bucket `bit`.
    pub const fn with_all(mut self, bit: u8) -> Halves {
        let mut at = 0;
        while at < 16 {
            self.low[at] |= 1 << bit;
            self.high[at] |= 1 << bit;
            at += 1;
        }
        self
    }

    /// With `byte` in either case, or any where there is none.
    pub fn with_letter(self, bit: usize, byte: Option<u8>) -> Halves {
        let bit = bit as u8;
        match byte {
            None => self.with_all(bit),
            Some(byte) => self
                .with(bit, byte.to_ascii_lowercase())
                .with(bit, byte.to_ascii_uppercase()),
        }
    }
}

/// Words by their first bytes, in lower case.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub struct Words {
    tables: [Halves; WIDTH],
    /// The number of each word, and itself.
    buckets: [Vec<(usize, Vec<u8>)>; BUCKETS],
    /// A bit for the hash of the first bytes of each word that has enough of them.
    firsts: [u64; FIRSTS / 64],
}

/// Bits for the first bytes of words: most places that the halves point to have none of them.
const FIRSTS: usize = 4096;
/// The buckets of words that are at least `WIDTH` long.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
const LONG: u8 = (1 << (BUCKETS - 2)) - 1;

/// A hash of the first bytes, whatever their case.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
#[inline]
fn first(bytes: &[u8; WIDTH]) -> usize {
    let bytes = u32::from_le_bytes(*bytes) | 0x2020_2020;
    (bytes.wrapping_mul(0x9e37_79b1) >> 20) as usize
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Words {
    /// None where this would find too much, or the processor cannot do it.
    pub fn new(words: &[&Vec<u8>]) -> Option<Words> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && words.iter().all(|word| word.len() >= 2) {
            let mut sorted: Vec<_> = words.iter().copied().enumerate().collect();
            sorted.sort_by_key(|(_, word)| word.to_ascii_lowercase());
            // Where bytes are missing any will do: short words must not make it so for others.
            let long = BUCKETS - 2;
            let count = words.iter().filter(|word| word.len() >= WIDTH).count();
            sorted.sort_by_key(|(_, word)| word.len() < WIDTH);
            let mut found = Words {
                tables: [Halves::EMPTY; WIDTH],
                buckets: Default::default(),
                firsts: [0; FIRSTS / 64],
            };
            for (place, (number, word)) in sorted.iter().enumerate() {
                let bucket = match word.len() {
                    2 => long,
                    3 => long + 1,
                    _ => place * long / count,
                };
                for (at, table) in found.tables.iter_mut().enumerate() {
                    *table = table.with_letter(bucket, word.get(at).copied());
                }
                found.buckets[bucket].push((*number, word.to_vec()));
                if let Some(bytes) = word.first_chunk() {
                    let bit = first(bytes);
                    found.firsts[bit / 64] |= 1 << (bit % 64);
                }
            }
            return Some(found);
        }
        let _ = words;
        None
    }

    /// Calls `each` with the number of every word that stands in `data`, and where.
    #[cfg(target_arch = "x86_64")]
    pub fn find(&self, data: &[u8], each: &mut impl FnMut(usize, usize)) {
        // SAFETY: `new` has seen that the processor has the instructions.
        unsafe { self.look(data, each) }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub fn find(&self, _: &[u8], _: &mut impl FnMut(usize, usize)) {}

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn look(&self, data: &[u8], each: &mut impl FnMut(usize, usize)) {
        use std::arch::x86_64::*;
        const BLOCK: usize = 32 + WIDTH - 1;
        let both = |half: &[u8; 16]| {
            // SAFETY: 16 bytes from an array of 16.
            _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(half.as_ptr().cast()) })
        };
        let tables = self
            .tables
            .each_ref()
            .map(|halves| (both(&halves.low), both(&halves.high)));
        let nibble = _mm256_set1_epi8(15);
        let mut last = [0; BLOCK];
        let mut base = 0;
        while base < data.len() {
            let rest = &data[base..];
            let block = rest.first_chunk::<BLOCK>().unwrap_or_else(|| {
                last[..rest.len()].copy_from_slice(rest);
                &last
            });
            let mut hits = _mm256_set1_epi8(-1);
            for (at, (low, high)) in tables.iter().enumerate() {
                // SAFETY: 32 bytes from the block, at most three from its front.
                let bytes = unsafe { _mm256_loadu_si256(block[at..].as_ptr().cast()) };
                let above = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
                let below = _mm256_and_si256(bytes, nibble);
                hits = _mm256_and_si256(hits, _mm256_shuffle_epi8(*low, below));
                hits = _mm256_and_si256(hits, _mm256_shuffle_epi8(*high, above));
            }
            if _mm256_testz_si256(hits, hits) == 0 {
                let mut buckets = [0u8; 32];
                // SAFETY: 32 bytes into an array of 32.
                unsafe { _mm256_storeu_si256(buckets.as_mut_ptr().cast(), hits) };
                let none = _mm256_cmpeq_epi8(hits, _mm256_setzero_si256());
                let mut events = !_mm256_movemask_epi8(none) as u32;
                while events != 0 {
                    let place = events.trailing_zeros() as usize;
                    events &= events - 1;
                    self.check(data, base + place, buckets[place], each);
                }
            }
            base += 32;
        }
    }

    /// Which words of some buckets stand at `at`.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn check(&self, data: &[u8], at: usize, mut bits: u8, each: &mut impl FnMut(usize, usize)) {
        let rest = data.get(at..).unwrap_or(&[]);
        if let Some(bytes) = rest.first_chunk() {
            let bit = first(bytes);
            if self.firsts[bit / 64] & 1 << (bit % 64) == 0 {
                bits &= !LONG;
            }
        }
        while bits != 0 {
            for (number, word) in &self.buckets[bits.trailing_zeros() as usize] {
                let here = rest.get(..word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word)) {
                    each(*number, at);
                }
            }
            bits &= bits - 1;
        }
    }
}
