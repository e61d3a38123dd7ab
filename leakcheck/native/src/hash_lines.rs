//! Lines of HASH or HASH:COUNT, 64 bytes at once: 32 digits, then the rest and the line's end.

use crate::digest::Digests;
use crate::lines::{Account, Status};
use std::arch::x86_64::*;

/// A line is looked at within so many bytes, of which `plain` wants at most 61.
const WINDOW: usize = 64;
/// Digits of a count that is read here.
const LONGEST_COUNT: u32 = 18;

/// Whether `plain` may be called on this processor.
pub fn is_there() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1")
}

/// Take the lines of `data` from `start` on that are nothing but HASH or HASH:COUNT, of hashes
/// of `N` bytes, 16 or 20; where the first other line starts, or the last ones.
#[target_feature(enable = "avx2,bmi1")]
pub fn plain<const N: usize>(
    data: &[u8],
    start: usize,
    min_count: u64,
    digests: &mut Digests,
    account: &mut Account,
) -> usize {
    let mut at = start;
    while let Some(window) = data[at..].first_chunk::<WINDOW>() {
        let (front, back) = halves(window);
        let (front, back) = (digits(front), digits(back));
        let digits_behind = 2 * N - 32; // none or eight
        let wanted = (1u32 << digits_behind) - 1;
        if front.hex != u32::MAX || back.hex & wanted != wanted {
            break;
        }
        let mut end = 2 * N;
        let mut enough = min_count <= 1;
        if window[end] == b':' {
            let length = (back.decimal >> (digits_behind + 1)).trailing_ones();
            if length == 0 || length > LONGEST_COUNT {
                break;
            }
            let from = end + 1;
            end = from + length as usize;
            let zeros = (back.zero >> (digits_behind + 1)).trailing_ones();
            enough = match min_count {
                0 => true,
                1 => zeros < length,
                _ => number(&window[from..end]) >= min_count,
            };
        }
        end += usize::from(window[end] == b'\r');
        if window[end] != b'\n' {
            break;
        }
        if enough {
            let mut digest = [0; 32];
            // SAFETY: both stores stay within the 32 bytes, the first N of which are the digest.
            unsafe {
                _mm_storeu_si128(digest.as_mut_ptr().cast(), packed(front.values));
                _mm_storeu_si128(digest.as_mut_ptr().add(16).cast(), packed(back.values));
            }
            digests.raw(&digest[..N]);
        }
        account.line(match enough {
            true => Status::Accepted,
            false => Status::BelowMinimum,
        });
        at += end + 1;
    }
    at
}

#[target_feature(enable = "avx2")]
#[inline]
fn halves(window: &[u8; WINDOW]) -> (__m256i, __m256i) {
    // SAFETY: both loads stay within the window.
    unsafe {
        let place = window.as_ptr();
        let front = _mm256_loadu_si256(place.cast());
        (front, _mm256_loadu_si256(place.add(32).cast()))
    }
}

/// 32 bytes seen as digits: the value of each; as bits, which are hexadecimal, which are
/// decimal, and which are 0.
struct Digits {
    values: __m256i,
    hex: u32,
    decimal: u32,
    zero: u32,
}

#[target_feature(enable = "avx2")]
#[inline]
fn digits(text: __m256i) -> Digits {
    let byte = |value: u8| _mm256_set1_epi8(value as i8);
    let within =
        |value: __m256i, most: u8| _mm256_cmpeq_epi8(_mm256_min_epu8(value, byte(most)), value);
    let bits = |hits: __m256i| _mm256_movemask_epi8(hits) as u32;
    let decimal = _mm256_sub_epi8(text, byte(b'0'));
    let letter = _mm256_sub_epi8(_mm256_or_si256(text, byte(0x20)), byte(b'a'));
    let is_decimal = within(decimal, 9);
    let is_letter = within(letter, 5);
    let nine = _mm256_and_si256(is_letter, byte(9)); // a letter's low half is 1 to 6
    Digits {
        values: _mm256_add_epi8(_mm256_and_si256(text, byte(15)), nine),
        hex: bits(_mm256_or_si256(is_decimal, is_letter)),
        decimal: bits(is_decimal),
        zero: bits(_mm256_cmpeq_epi8(text, byte(b'0'))),
    }
}

/// Each two of 32 values of four bits in a byte, the first of them the higher.
#[target_feature(enable = "avx2")]
#[inline]
fn packed(values: __m256i) -> __m128i {
    let words = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0110));
    _mm_packus_epi16(
        _mm256_castsi256_si128(words),
        _mm256_extracti128_si256::<1>(words),
    )
}

fn number(digits: &[u8]) -> u64 {
    digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}
