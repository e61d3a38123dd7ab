//! Sets of 64-bit hashes: a bit filter that fits the cache, then a table.

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// One step of every hash here.
#[inline(always)]
pub fn mix(state: u64, input: u64) -> u64 {
    let next = (state ^ input).wrapping_mul(ODD);
    next ^ (next >> 32)
}

/// Letters in lower case, digits as they are; consistent for any other byte.
pub const LOWER: u64 = 0x2020_2020_2020_2020;

/// The hash of a word, whatever the case of its ASCII letters.
#[inline]
pub fn word(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64;
    let mut rest = bytes;
    while rest.len() >= 8 {
        let (head, tail) = rest.split_at(8);
        let lanes = u64::from_le_bytes([
            head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7],
        ]);
        state = mix(state, lanes | LOWER);
        rest = tail;
    }
    let mut lanes = 0u64;
    for (at, &byte) in rest.iter().enumerate() {
        lanes |= u64::from(byte | 0x20) << (8 * at);
    }
    mix(state, lanes)
}

/// The hash of two words in a row, from theirs.
#[inline(always)]
pub fn pair(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(23), second)
}

/// Two bits of a block of 64, from bits of `hash` that neither table takes.
#[inline(always)]
fn two_bits(hash: u64) -> u64 {
    1 << (hash >> 32 & 63) | 1 << (hash >> 26 & 63)
}

#[derive(Default)]
pub struct Keys {
    bits: Vec<u64>,
    shift: u32,
    table: Vec<u64>,
    mask: usize,
}

impl Keys {
    pub fn new(hashes: &[u64]) -> Keys {
        if hashes.is_empty() {
            return Keys::default();
        }
        let blocks = (hashes.len() / 4).next_power_of_two().max(1 << 9);
        let room = (hashes.len() * 2).next_power_of_two().max(16);
        let mut keys = Keys {
            bits: vec![0; blocks],
            shift: 64 - blocks.trailing_zeros(),
            table: vec![0; room],
            mask: room - 1,
        };
        for &hash in hashes {
            keys.bits[(hash >> keys.shift) as usize] |= two_bits(hash);
            let mut at = hash as usize & keys.mask;
            while keys.table[at] != 0 && keys.table[at] != hash.max(1) {
                at = (at + 1) & keys.mask;
            }
            keys.table[at] = hash.max(1);
        }
        keys
    }

    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Whether `hash` may be one of the set, from the filter alone.
    #[inline(always)]
    pub fn may(&self, hash: u64) -> bool {
        let wanted = two_bits(hash);
        self.bits
            .get((hash >> self.shift) as usize)
            .is_some_and(|bits| bits & wanted == wanted)
    }

    /// Bring what `may` will look at into the cache.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        #[cfg(target_arch = "x86_64")]
        if let Some(block) = self.bits.get((hash >> self.shift) as usize) {
            use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
            // SAFETY: a hint on an address that is there.
            unsafe { _mm_prefetch(std::ptr::from_ref(block).cast(), _MM_HINT_T0) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = hash;
    }

    #[inline(always)]
    pub fn has(&self, hash: u64) -> bool {
        self.may(hash) && self.find(hash)
    }

    fn find(&self, hash: u64) -> bool {
        let mut at = hash as usize & self.mask;
        while self.table[at] != 0 {
            if self.table[at] == hash.max(1) {
                return true;
            }
            at = (at + 1) & self.mask;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_it_holds() {
        let hashes: Vec<u64> = (0..10_000u64).map(|at| mix(7, at)).collect();
        let keys = Keys::new(&hashes);
        assert!(hashes.iter().all(|&hash| keys.has(hash)));
        assert!((20_000..30_000u64).all(|at| !keys.has(mix(7, at))));
        assert!(!Keys::new(&[]).has(0));
    }

    #[test]
    fn words_have_no_case() {
        assert_eq!(word(b"FalconProject9"), word(b"falconproject9"));
        assert_ne!(word(b"falcon"), word(b"falcons"));
    }
}
