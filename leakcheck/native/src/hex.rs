//! Hex digits to bytes, up to 32 digits at a time.

use crate::escapes::hex;

/// Whether the processor can decode 32 digits at once.
#[cfg(target_arch = "x86_64")]
pub fn is_wide() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Decode `text` into `out`, half as long; false where it is not all hex digits.
pub fn decode(text: &[u8], out: &mut [u8]) -> bool {
    decode_on::<false>(text, out)
}

/// The same. WIDE: that the caller is compiled for a processor that `is_wide`.
#[inline(always)]
pub fn decode_on<const WIDE: bool>(text: &[u8], out: &mut [u8]) -> bool {
    let mut sound = true;
    let (mut digits, mut bytes) = (text, out);
    while let Some((now, more)) = digits.split_first_chunk() {
        let Some((to, rest)) = bytes.split_first_chunk_mut() else {
            return false; // never: it is half as long
        };
        let good;
        (*to, good) = thirty_two::<WIDE>(now);
        sound &= good;
        (digits, bytes) = (more, rest);
    }
    while let (Some((now, more)), Some(_)) = (digits.split_first_chunk(), bytes.get(3)) {
        let (value, good) = eight(now);
        let (to, rest) = bytes.split_at_mut(4);
        to.copy_from_slice(&value);
        sound &= good;
        (digits, bytes) = (more, rest);
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
mod kernel {
    use std::arch::x86_64::*;

    /// Each pair of digits as a word, and which of the sixteen are digits.
    #[inline(always)]
    fn words(text: __m128i) -> (__m128i, i32) {
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            let byte = |value: u8| _mm_set1_epi8(value as i8);
            let decimal = _mm_sub_epi8(text, byte(b'0'));
            let letter = _mm_sub_epi8(_mm_or_si128(text, byte(0x20)), byte(b'a'));
            let is_decimal = _mm_cmpeq_epi8(_mm_min_epu8(decimal, byte(9)), decimal);
            let is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, byte(5)), letter);
            let good = _mm_movemask_epi8(_mm_or_si128(is_decimal, is_letter));
            let from_letter = _mm_and_si128(is_letter, _mm_add_epi8(letter, byte(10)));
            let nibbles = _mm_or_si128(_mm_and_si128(is_decimal, decimal), from_letter);
            // Each pair is a little-endian word, its first digit the low byte.
            let high = _mm_slli_epi16(_mm_and_si128(nibbles, _mm_set1_epi16(0xff)), 4);
            (_mm_or_si128(high, _mm_srli_epi16(nibbles, 8)), good)
        }
    }

    #[inline(always)]
    pub fn thirty_two<const WIDE: bool>(digits: &[u8; 32]) -> ([u8; 16], bool) {
        if WIDE {
            // SAFETY: the processor has the instructions, says the caller.
            return unsafe { at_once(digits) };
        }
        let mut out = [0; 16];
        // SAFETY: SSE2 is part of x86-64; loads and store are of the arrays' own size.
        let good = unsafe {
            let (first, some) = words(_mm_loadu_si128(digits.as_ptr().cast()));
            let (second, others) = words(_mm_loadu_si128(digits[16..].as_ptr().cast()));
            _mm_storeu_si128(out.as_mut_ptr().cast(), _mm_packus_epi16(first, second));
            some & others
        };
        (out, good == 0xffff)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn at_once(digits: &[u8; 32]) -> ([u8; 16], bool) {
        let byte = |value: u8| _mm256_set1_epi8(value as i8);
        // SAFETY: 32 bytes from an array of 32.
        let text = unsafe { _mm256_loadu_si256(digits.as_ptr().cast()) };
        let decimal = _mm256_sub_epi8(text, byte(b'0'));
        let letter = _mm256_sub_epi8(_mm256_or_si256(text, byte(0x20)), byte(b'a'));
        let is_decimal = _mm256_cmpeq_epi8(_mm256_min_epu8(decimal, byte(9)), decimal);
        let is_letter = _mm256_cmpeq_epi8(_mm256_min_epu8(letter, byte(5)), letter);
        let good = _mm256_movemask_epi8(_mm256_or_si256(is_decimal, is_letter)) == -1;
        let from_letter = _mm256_add_epi8(letter, byte(10));
        let nibbles = _mm256_blendv_epi8(from_letter, decimal, is_decimal);
        // The first digit of each pair counts sixteen times.
        let words = _mm256_maddubs_epi16(nibbles, _mm256_set1_epi16(0x0110));
        let halves = _mm256_packus_epi16(words, words);
        let bytes = _mm256_permute4x64_epi64(halves, 0b1000);
        let mut out = [0; 16];
        // SAFETY: 16 bytes into an array of 16.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm256_castsi256_si128(bytes)) };
        (out, good)
    }

    #[inline(always)]
    pub fn eight(digits: &[u8; 8]) -> ([u8; 4], bool) {
        // SAFETY: SSE2 is part of x86-64; the load is of the array's own size.
        let (value, good) = unsafe {
            let (pairs, good) = words(_mm_loadl_epi64(digits.as_ptr().cast()));
            (_mm_cvtsi128_si32(_mm_packus_epi16(pairs, pairs)), good)
        };
        (value.to_le_bytes(), good & 0xff == 0xff)
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod kernel {
    use super::hex;

    #[inline]
    fn bytes<const DIGITS: usize, const BYTES: usize>(
        digits: &[u8; DIGITS],
    ) -> ([u8; BYTES], bool) {
        let mut out = [0; BYTES];
        let mut good = true;
        for (pair, byte) in digits.chunks_exact(2).zip(&mut out) {
            match (hex(pair[0]), hex(pair[1])) {
                (Some(high), Some(low)) => *byte = (high << 4 | low) as u8,
                _ => good = false,
            }
        }
        (out, good)
    }

    #[inline]
    pub fn thirty_two<const WIDE: bool>(digits: &[u8; 32]) -> ([u8; 16], bool) {
        bytes(digits)
    }

    #[inline]
    pub fn eight(digits: &[u8; 8]) -> ([u8; 4], bool) {
        bytes(digits)
    }
}

use kernel::{eight, thirty_two};

#[cfg(test)]
mod tests {
    use super::*;

    /// Two digits at a time.
    fn slow(text: &[u8]) -> Option<Vec<u8>> {
        let pairs = text.chunks_exact(2);
        pairs
            .map(|pair| Some((hex(pair[0])? << 4 | hex(pair[1])?) as u8))
            .collect()
    }

    fn decoded<const WIDE: bool>(text: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; text.len() / 2];
        decode_on::<WIDE>(text, &mut out).then_some(out)
    }

    #[test]
    fn every_byte_at_every_place_is_a_digit_or_none() {
        for length in [0, 2, 8, 14, 32, 40, 70] {
            let digits = b"0123456789abcdefABCDEF".iter().cycle();
            let text: Vec<u8> = digits.copied().skip(length % 7).take(length).collect();
            for place in 0..length {
                for byte in 0..=255 {
                    let mut text = text.clone();
                    text[place] = byte;
                    let told = slow(&text);
                    assert_eq!(decoded::<false>(&text), told);
                    #[cfg(target_arch = "x86_64")]
                    if is_wide() {
                        assert_eq!(decoded::<true>(&text), told);
                    }
                }
            }
        }
    }
}
