//! SHA-1 of two one-block messages at once, with the processor's SHA instructions.
//!
//! One message leaves their pipeline half empty: each step waits for the one
//! before. Two go through it in nearly the time of one.

use std::arch::x86_64::*;

/// The SHA-1 of one message, ready to be appended.
pub type Sum = [u8; 20];

/// Whether `pair` may be called on this processor.
pub fn is_there() -> bool {
    is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1")
}

/// The SHA-1 of each of two padded blocks that are a whole message (RFC 3174, 6.1).
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub fn pair(blocks: [&[u8; 64]; 2]) -> [Sum; 2] {
    let big_endian = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    let start = _mm_set_epi32(
        0x6745_2301,
        0xEFCD_AB89_u32 as i32,
        0x98BA_DCFE_u32 as i32,
        0x1032_5476,
    );
    let fifth = _mm_set_epi32(0xC3D2_E1F0_u32 as i32, 0, 0, 0);
    let mut words = blocks.map(|block| {
        [0, 16, 32, 48].map(|at| {
            // SAFETY: the load stays within the block.
            let raw = unsafe { _mm_loadu_si128(block.as_ptr().add(at).cast()) };
            _mm_shuffle_epi8(raw, big_endian)
        })
    });
    let mut state = [start; 2];
    let mut before = [fifth; 2];
    // Four rounds on both messages: their words are those given, then derived.
    macro_rules! step {
        ($group:expr, $function:literal) => {
            for lane in 0..2 {
                let [w4, w3, w2, w1] = words[lane];
                let word = if $group < 4 {
                    words[lane][$group & 3]
                } else {
                    let mixed = _mm_xor_si128(_mm_sha1msg1_epu32(w4, w3), w2);
                    let next = _mm_sha1msg2_epu32(mixed, w1);
                    words[lane] = [w3, w2, w1, next];
                    next
                };
                let rounds = if $group == 0 {
                    _mm_add_epi32(before[lane], word)
                } else {
                    _mm_sha1nexte_epu32(before[lane], word)
                };
                before[lane] = state[lane];
                state[lane] = _mm_sha1rnds4_epu32::<$function>(state[lane], rounds);
            }
        };
    }
    macro_rules! steps {
        ($($group:literal)*, $function:literal) => { $(step!($group, $function);)* };
    }
    steps!(0 1 2 3 4, 0);
    steps!(5 6 7 8 9, 1);
    steps!(10 11 12 13 14, 2);
    steps!(15 16 17 18 19, 3);
    [0, 1].map(|lane| {
        let last = _mm_sha1nexte_epu32(before[lane], fifth);
        let first_four = _mm_shuffle_epi8(_mm_add_epi32(state[lane], start), big_endian);
        let mut sum = [0; 20];
        // SAFETY: the store stays within the sum.
        unsafe { _mm_storeu_si128(sum.as_mut_ptr().cast(), first_four) };
        sum[16..].copy_from_slice(&_mm_extract_epi32::<3>(last).to_be_bytes());
        sum
    })
}
