//! The classes of 32 bytes at once, as bits: bit n is byte n.

#[derive(Clone, Copy, Default)]
pub struct Classes {
    /// Letters and digits.
    pub word: u32,
    pub hyphen: u32,
    pub dot: u32,
    /// `_` and `+`.
    pub other_mark: u32,
}

impl Classes {
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub fn of(bytes: &[u8; 32]) -> Self {
        use std::arch::x86_64::*;
        let mut found = Self::default();
        for part in 0..2 {
            // SAFETY: SSE2 is part of x86-64; the load stays within the array.
            unsafe {
                let text = _mm_loadu_si128(bytes.as_ptr().add(part * 16).cast());
                let byte = |value: u8| _mm_set1_epi8(value as i8);
                let bits = |hits: __m128i| (_mm_movemask_epi8(hits) as u32) << (part * 16);
                let within = |value: __m128i, most: u8| {
                    _mm_cmpeq_epi8(_mm_min_epu8(value, byte(most)), value)
                };
                let letter = _mm_sub_epi8(_mm_or_si128(text, byte(0x20)), byte(b'a'));
                let digit = _mm_sub_epi8(text, byte(b'0'));
                let mark = |value: u8| _mm_cmpeq_epi8(text, byte(value));
                found.word |= bits(_mm_or_si128(within(letter, 25), within(digit, 9)));
                found.hyphen |= bits(mark(b'-'));
                found.dot |= bits(mark(b'.'));
                found.other_mark |= bits(_mm_or_si128(mark(b'_'), mark(b'+')));
            }
        }
        found
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub fn of(bytes: &[u8; 32]) -> Self {
        let mut found = Self::default();
        for (place, byte) in bytes.iter().enumerate() {
            let bit = |is: bool| u32::from(is) << place;
            found.word |= bit(byte.is_ascii_alphanumeric());
            found.hyphen |= bit(*byte == b'-');
            found.dot |= bit(*byte == b'.');
            found.other_mark |= bit(matches!(byte, b'_' | b'+'));
        }
        found
    }
}
