//! Phone numbers: the last seven digits before each end of a group of digits.

const DIGIT: u8 = 1;
const PART: u8 = 2;
const CLASS: [u8; 256] = classes();
const TAIL: u64 = 10_000_000;
const LEAST: usize = 7;
/// Bytes between two groups, at most: three characters, each with a backslash.
const GAP: usize = 12;

/// Between groups: blank . - / ( ), the bytes of U+00A0 and U+202F, a backslash.
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let parts = b" .-/()\\\xc2\xa0\xe2\x80\xaf";
    let mut at = 0;
    while at < parts.len() {
        table[parts[at] as usize] = PART;
        at += 1;
    }
    at = b'0' as usize;
    while at <= b'9' as usize {
        table[at] = DIGIT;
        at += 1;
    }
    table
}

pub struct Phones {
    tails: Vec<u64>,
}

impl Phones {
    /// tails: little-endian u32 each.
    pub fn new(tails: &[u8]) -> Phones {
        let mut bits = Vec::new();
        for tail in tails.chunks_exact(4) {
            bits.resize((TAIL as usize).div_ceil(64), 0);
            let tail = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]])) % TAIL;
            bits[tail as usize >> 6] |= 1 << (tail & 63);
        }
        Phones { tails: bits }
    }

    pub fn scan(&self, data: &[u8], push: &mut impl FnMut(usize)) {
        if self.tails.is_empty() {
            return;
        }
        let (mut tail, mut count, mut gap) = (0u64, 0usize, 0usize);
        let mut at = 0;
        while at < data.len() {
            match CLASS[data[at] as usize] {
                DIGIT => {
                    while at < data.len() && CLASS[data[at] as usize] == DIGIT {
                        tail = (tail * 10 + u64::from(data[at] - b'0')) % TAIL;
                        count += 1;
                        at += 1;
                    }
                    gap = 0;
                    if count >= LEAST && self.tails[tail as usize >> 6] >> (tail & 63) & 1 == 1 {
                        push(at - 1);
                    }
                    continue;
                }
                PART if gap < GAP => gap += 1,
                _ => count = 0,
            }
            at += 1;
        }
    }
}
