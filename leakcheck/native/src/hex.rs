//! Hex digits to bytes, sixteen at a time.

use crate::escapes::hex;

/// Decode `text` into `out`, half as long; false where it is not all hex digits.
#[inline]
pub fn decode(text: &[u8], out: &mut [u8]) -> bool {
    let mut sound = true;
    let (mut digits, mut bytes) = (text, out);
    while let (Some((now, more)), true) = (digits.split_first_chunk::<16>(), bytes.len() >= 8) {
        let (to, rest) = bytes.split_at_mut(8);
        let (value, good) = sixteen(now);
        to.copy_from_slice(&value);
        sound &= good;
        (digits, bytes) = (more, rest);
    }
    if digits.len() >= 8 {
        // The last eight digits with eight that are done already, where there are.
        let mut last = [b'0'; 16];
        last[..8].copy_from_slice(&digits[..8]);
        let (value, good) = sixteen(&last);
        bytes[..4].copy_from_slice(&value[..4]);
        sound &= good;
        digits = &digits[8..];
        bytes = &mut bytes[4..];
    }
    for (pair, byte) in digits.chunks_exact(2).zip(bytes) {
        match (hex(pair[0]), hex(pair[1])) {
            (Some(high), Some(low)) => *byte = (high << 4 | low) as u8,
            _ => sound = false,
        }
    }
    sound
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn sixteen(digits: &[u8; 16]) -> ([u8; 8], bool) {
    use std::arch::x86_64::*;
    // SAFETY: SSE2 is part of x86-64; load and store are of the arrays' own size.
    unsafe {
        let text = _mm_loadu_si128(digits.as_ptr().cast());
        let byte = |value: u8| _mm_set1_epi8(value as i8);
        let decimal = _mm_sub_epi8(text, byte(b'0'));
        let letter = _mm_sub_epi8(_mm_or_si128(text, byte(0x20)), byte(b'a'));
        let is_decimal = _mm_cmpeq_epi8(_mm_min_epu8(decimal, byte(9)), decimal);
        let is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, byte(5)), letter);
        let good = _mm_movemask_epi8(_mm_or_si128(is_decimal, is_letter)) == 0xffff;
        let from_letter = _mm_and_si128(is_letter, _mm_add_epi8(letter, byte(10)));
        let nibbles = _mm_or_si128(_mm_and_si128(is_decimal, decimal), from_letter);
        // Each pair is a little-endian word, its first digit the low byte.
        let high = _mm_slli_epi16(_mm_and_si128(nibbles, _mm_set1_epi16(0xff)), 4);
        let pairs = _mm_or_si128(high, _mm_srli_epi16(nibbles, 8));
        let mut out = [0; 8];
        _mm_storel_epi64(out.as_mut_ptr().cast(), _mm_packus_epi16(pairs, pairs));
        (out, good)
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn sixteen(digits: &[u8; 16]) -> ([u8; 8], bool) {
    let mut out = [0; 8];
    let mut good = true;
    for (pair, byte) in digits.chunks_exact(2).zip(&mut out) {
        match (hex(pair[0]), hex(pair[1])) {
            (Some(high), Some(low)) => *byte = (high << 4 | low) as u8,
            _ => good = false,
        }
    }
    (out, good)
}
