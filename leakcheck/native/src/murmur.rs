//! MurmurHash3 x64 of 128 bits, over the lower case of a text: leakcheck/subject/foreign.py.

const C1: u64 = 0x87C3_7B91_1142_53D5;
const C2: u64 = 0x4CF5_AD43_2745_937F;

/// Letters with a lower case that not every Python knows.
fn is_newer(letter: char) -> bool {
    matches!(letter,
        '\u{A7CB}' | '\u{A7CC}' | '\u{A7CE}' | '\u{A7D2}' | '\u{A7D4}' | '\u{A7DA}' | '\u{A7DC}'
        | '\u{10D50}'..='\u{10D65}' | '\u{16EA0}'..='\u{16EB8}')
}

const MOST_SIGMAS: usize = 4;

/// The hashes of `text` in lower case, in every way in which a Java may have it.
pub fn lower_case(text: &str, mut add: impl FnMut(&[u8; 16])) {
    if text.is_ascii() {
        return add(&murmur3(&text.as_bytes().to_ascii_lowercase()));
    }
    let sigmas = text.matches('Σ').count();
    let (ways, all) = if sigmas <= MOST_SIGMAS {
        (1_u32 << sigmas, false)
    } else {
        (2, true)
    };
    for way in 0..ways {
        let mut left = sigmas;
        let mut whole = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter == 'Σ' {
                left -= 1;
                let last = if all { way } else { way >> left & 1 };
                whole.push(if last == 1 { 'ς' } else { 'σ' });
            } else if is_newer(letter) {
                whole.push(letter);
            } else {
                whole.extend(letter.to_lowercase());
            }
        }
        add(&murmur3(whole.as_bytes()));
    }
}

/// Both halves little-endian, seed 0.
fn murmur3(data: &[u8]) -> [u8; 16] {
    let (blocks, rest) = data.as_chunks::<16>();
    let (mut one, mut two) = (0_u64, 0_u64);
    for block in blocks {
        one ^= first(word(&block[..8]));
        one = one.rotate_left(27).wrapping_add(two);
        one = one.wrapping_mul(5).wrapping_add(0x52DC_E729);
        two ^= second(word(&block[8..]));
        two = two.rotate_left(31).wrapping_add(one);
        two = two.wrapping_mul(5).wrapping_add(0x3849_5AB5);
    }
    let (low, high) = rest.split_at(rest.len().min(8));
    let length = data.len() as u64;
    one ^= first(word(low)) ^ length;
    two ^= second(word(high)) ^ length;
    one = one.wrapping_add(two);
    two = two.wrapping_add(one);
    (one, two) = (mixed(one), mixed(two));
    one = one.wrapping_add(two);
    two = two.wrapping_add(one);
    let mut sum = [0; 16];
    sum[..8].copy_from_slice(&one.to_le_bytes());
    sum[8..].copy_from_slice(&two.to_le_bytes());
    sum
}

fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn first(word: u64) -> u64 {
    word.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn second(word: u64) -> u64 {
    word.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn mixed(mut word: u64) -> u64 {
    word = (word ^ word >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    word = (word ^ word >> 33).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    word ^ word >> 33
}
