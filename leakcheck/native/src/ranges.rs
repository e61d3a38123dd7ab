//! Ranges of a store: see docs/store.md, and `leakcheck/store/reference.py` for the same in Python.
//!
//! Digests come and go packed and in order, counts as u32.

use crate::hex;
use crate::python::bytes;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const LEAD: u32 = 20; // bits of a digest that gaps stand for, behind the 20 of the prefix
const CUT: usize = 5; // bytes of a digest before its tail
const MOST_ORDER: u32 = 16;
const MALFORMED: &str = "the range is malformed";
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
type Fault = &'static str;

fn number(digest: &[u8]) -> u32 {
    (u32::from(digest[0]) << 12) | (u32::from(digest[1]) << 4) | u32::from(digest[2] >> 4)
}

fn lead(digest: &[u8]) -> u32 {
    (u32::from(digest[2] & 15) << 16) | (u32::from(digest[3]) << 8) | u32::from(digest[4])
}

/// The bits that `gaps` take at a parameter of `k`.
fn gap_bits(gaps: &[u32], k: u32) -> u64 {
    let high: u64 = gaps.iter().map(|gap| u64::from(gap >> k)).sum();
    high + gaps.len() as u64 * u64::from(k + 1)
}

/// The length of a count of this order: the digits of what is written, without its first.
fn width(count: u32, order: u32) -> (u64, u32) {
    let value = u64::from(count) - 1 + (1 << order);
    (value, 63 - value.leading_zeros())
}

fn count_bits(counts: &[u32], order: u32) -> u64 {
    let length = |&count: &u32| u64::from(2 * width(count, order).1 + 1 - order);
    counts.iter().map(length).sum()
}

/// The first number, of those up to `most`, after which the cost grows no smaller.
fn least(most: u32, cost: impl Fn(u32) -> u64) -> u32 {
    let mut now = cost(0);
    for at in 0..most {
        let next = cost(at + 1);
        if next >= now {
            return at;
        }
        now = next;
    }
    most
}

/// Bits, the lowest of a byte first.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    filled: u32,
}

impl Writer<'_> {
    fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.filled;
        self.filled += count;
        while self.filled >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.filled -= 8;
        }
    }

    fn zeros(&mut self, mut count: u32) {
        while count > 32 {
            self.put(0, 32);
            count -= 32;
        }
        self.put(0, count);
        self.put(1, 1);
    }

    fn end(self) {
        if self.filled > 0 {
            self.out.push(self.held as u8);
        }
    }
}

/// Write one range, of digests that are in order and share a prefix.
fn encode(digests: &[u8], counts: &[u32], size: usize, gaps: &mut Vec<u32>, out: &mut Vec<u8>) {
    gaps.clear();
    let mut before = 0;
    for digest in digests.chunks_exact(size) {
        let now = lead(digest);
        gaps.push(now - before);
        before = now;
    }
    let k = least(LEAD, |k| gap_bits(gaps, k));
    let order = least(MOST_ORDER, |order| count_bits(counts, order));
    out.extend([k as u8, order as u8]);
    let mut bits = Writer {
        out,
        held: 0,
        filled: 0,
    };
    for (&gap, &count) in gaps.iter().zip(counts) {
        bits.zeros(gap >> k);
        bits.put(u64::from(gap) & ((1 << k) - 1), k);
        let (value, length) = width(count, order);
        bits.zeros(length - order);
        bits.put(value & ((1 << length) - 1), length);
    }
    bits.end();
    for digest in digests.chunks_exact(size) {
        out.extend_from_slice(&digest[CUT..]);
    }
}

/// A range as it is read: leads and counts one by one, tails by their places.
struct Range<'a> {
    data: &'a [u8],
    tails: &'a [u8],
    at: usize,
    end: usize,
    left: usize,
    k: u32,
    order: u32,
    lead: u32,
}

impl<'a> Range<'a> {
    fn new(data: &'a [u8], hashes: usize, size: usize) -> Result<Self, Fault> {
        let short = hashes.checked_mul(size - CUT).ok_or(MALFORMED)?;
        let cut = data.len().checked_sub(short).ok_or(MALFORMED)?;
        let empty = hashes == 0 && data.is_empty();
        let (k, order) = match data {
            [k, order, ..] if cut >= 2 && hashes > 0 => (u32::from(*k), u32::from(*order)),
            _ if empty => (0, 0),
            _ => return Err(MALFORMED),
        };
        if k > LEAD || order > MOST_ORDER {
            return Err(MALFORMED);
        }
        Ok(Self {
            data,
            tails: &data[cut..],
            at: if empty { 0 } else { 16 },
            end: 8 * cut,
            left: hashes,
            k,
            order,
            lead: 0,
        })
    }

    /// The next 57 bits at least.
    fn peek(&self) -> u64 {
        let byte = self.at >> 3;
        let word = match self.data.get(byte..byte + 8) {
            Some(word) => u64::from_le_bytes(word.try_into().expect("eight bytes")),
            None => {
                let mut word = [0; 8];
                let rest = self.data.get(byte..).unwrap_or(&[]);
                word[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(word)
            }
        };
        word >> (self.at & 7)
    }

    fn zeros(&mut self, most: u32) -> Result<u32, Fault> {
        let mut found = 0;
        loop {
            let here = self.peek().trailing_zeros().min(57);
            found += here;
            if here < 57 {
                self.at += here as usize + 1;
                return if found > most {
                    Err(MALFORMED)
                } else {
                    Ok(found)
                };
            }
            self.at += 57;
            if found > most || self.at > self.end {
                return Err(MALFORMED);
            }
        }
    }

    fn bits(&mut self, count: u32) -> u64 {
        let value = self.peek() & ((1 << count) - 1);
        self.at += count as usize;
        value
    }

    /// The next lead and count. Raises where the bits are none, or end too early.
    fn next(&mut self) -> Result<(u32, u32), Fault> {
        let high = self.zeros(1 << LEAD)?;
        let gap = (u64::from(high) << self.k) + self.bits(self.k);
        let length = self.zeros(32)? + self.order;
        if length > 32 {
            return Err(MALFORMED);
        }
        let value = (1 << length) + self.bits(length) - (1 << self.order) + 1;
        let lead = u64::from(self.lead) + gap;
        if lead >> LEAD != 0 || value > u64::from(u32::MAX) || self.at > self.end {
            return Err(MALFORMED);
        }
        self.lead = lead as u32;
        self.left -= 1;
        Ok((self.lead, value as u32))
    }

    /// That nothing is left but the zeros of the last byte.
    fn ends(&mut self) -> Result<(), Fault> {
        let rest = self.end - self.at;
        if self.left > 0 || rest > 7 || (rest > 0 && self.bits(rest as u32) != 0) {
            return Err(MALFORMED);
        }
        Ok(())
    }
}

fn decode(
    data: &[u8],
    hashes: usize,
    size: usize,
    prefix: u32,
) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let mut range = Range::new(data, hashes, size)?;
    let (mut digests, mut counts) = (Vec::new(), Vec::new());
    let mut tails = range.tails.chunks_exact(size - CUT);
    for _ in 0..hashes {
        let (lead, count) = range.next()?;
        let head = (u64::from(prefix) << LEAD) | u64::from(lead);
        digests.extend_from_slice(&head.to_be_bytes()[3..]);
        digests.extend_from_slice(tails.next().ok_or(MALFORMED)?);
        counts.extend_from_slice(&count.to_le_bytes());
    }
    range.ends()?;
    if digests
        .chunks_exact(size)
        .is_sorted_by(|one, other| one < other)
    {
        Ok((digests, counts))
    } else {
        Err(MALFORMED)
    }
}

/// Capital hex digits of sixteen bytes.
#[cfg(target_arch = "x86_64")]
#[inline]
fn sixteen(from: &[u8; 16], to: &mut [u8; 32]) {
    use std::arch::x86_64::*;
    // SAFETY: SSE2 is part of x86-64; load and stores are of the arrays' own size.
    unsafe {
        let data = _mm_loadu_si128(from.as_ptr().cast());
        let mask = _mm_set1_epi8(15);
        let high = _mm_and_si128(_mm_srli_epi16(data, 4), mask);
        let low = _mm_and_si128(data, mask);
        let digits = |nibbles| {
            let letters = _mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9));
            let more = _mm_and_si128(letters, _mm_set1_epi8(b'A' as i8 - b'0' as i8 - 10));
            _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8(b'0' as i8)), more)
        };
        let first = digits(_mm_unpacklo_epi8(high, low));
        let second = digits(_mm_unpackhi_epi8(high, low));
        _mm_storeu_si128(to.as_mut_ptr().cast(), first);
        _mm_storeu_si128(to.as_mut_ptr().add(16).cast(), second);
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn sixteen(from: &[u8; 16], to: &mut [u8; 32]) {
    for (byte, pair) in from.iter().zip(to.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// Write one line SUFFIX:COUNT and its end; where the next begins.
#[inline]
fn line(
    out: &mut [u8],
    mut at: usize,
    lead: u32,
    tail: &[u8; 16],
    digits: usize,
    count: u32,
) -> usize {
    for place in 0..CUT {
        out[at + place] = DIGITS[(lead >> (4 * (CUT - 1 - place))) as usize & 15];
    }
    at += CUT;
    let to = &mut out[at..at + 32];
    sixteen(tail, to.try_into().expect("32 bytes"));
    at += digits;
    out[at] = b':';
    at += 1;
    at += decimal(count, &mut out[at..]);
    out[at] = b'\r';
    out[at + 1] = b'\n';
    at + 2
}

/// A tail with what follows it, up to sixteen bytes.
#[inline]
fn widened<'a>(tails: &'a [u8], from: usize, size: usize, room: &'a mut [u8; 16]) -> &'a [u8; 16] {
    match tails.get(from..from + 16) {
        Some(here) => here.try_into().expect("sixteen bytes"),
        None => {
            room[..size].copy_from_slice(&tails[from..from + size]);
            room
        }
    }
}

/// The lines of a range, and `head` before them, which their length ends; where they begin.
/// noise: suffixes that get count 0, each three bytes, of which 20 bits count, and a tail.
fn lines(
    data: &[u8],
    hashes: usize,
    size: usize,
    head: &[u8],
    noise: &[u8],
) -> Result<(Vec<u8>, usize), Fault> {
    let mut range = Range::new(data, hashes, size)?;
    let tail = size - CUT;
    let mut added: Vec<(u32, &[u8])> = noise
        .chunks_exact(3 + tail)
        .map(|one| {
            let lead = u32::from_be_bytes([0, one[0], one[1], one[2]]) & 0xfffff;
            (lead, &one[3..])
        })
        .collect();
    added.sort_unstable();
    let mut added = added.into_iter().peekable();
    let begin = if head.is_empty() { 0 } else { head.len() + 24 };
    let longest = CUT + 2 * tail + 13;
    let mut out = vec![0; begin + (hashes + added.len()) * longest + 32];
    let mut at = begin;
    let mut room = [0; 16];
    for index in 0..hashes {
        let (lead, count) = range.next()?;
        let from = index * tail;
        while let Some((other, end)) =
            added.next_if(|(other, end)| (*other, *end) < (lead, &range.tails[from..from + tail]))
        {
            room[..tail].copy_from_slice(end);
            at = line(&mut out, at, other, &room, 2 * tail, 0);
        }
        let wide = widened(range.tails, from, tail, &mut room);
        at = line(&mut out, at, lead, wide, 2 * tail, count);
    }
    range.ends()?;
    for (other, end) in added {
        room[..tail].copy_from_slice(end);
        at = line(&mut out, at, other, &room, 2 * tail, 0);
    }
    at = at.saturating_sub(2).max(begin);
    out.truncate(at);
    if begin == 0 {
        return Ok((out, 0));
    }
    let mut length = [0; 10];
    let digits = decimal((at - begin) as u32, &mut length);
    let start = begin - 4 - digits - head.len();
    out[start..start + head.len()].copy_from_slice(head);
    out[start + head.len()..begin - 4].copy_from_slice(&length[..digits]);
    out[begin - 4..begin].copy_from_slice(b"\r\n\r\n");
    Ok((out, start))
}

/// Write a number in decimal; the digits that it has.
#[inline]
fn decimal(mut number: u32, to: &mut [u8]) -> usize {
    if number < 10 {
        to[0] = b'0' + number as u8;
        return 1;
    }
    let mut room = [0; 10];
    let mut at = room.len();
    while number > 0 {
        at -= 1;
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let digits = room.len() - at;
    to[..digits].copy_from_slice(&room[at..]);
    digits
}

/// How often `digest` was seen, 0 where it is not there.
fn find(data: &[u8], hashes: usize, digest: &[u8]) -> Result<u32, Fault> {
    let mut range = Range::new(data, hashes, digest.len())?;
    let (wanted, end) = (lead(digest), &digest[CUT..]);
    let mut found = 0;
    for tail in range.tails.chunks_exact(digest.len() - CUT) {
        let (lead, count) = range.next()?;
        if lead == wanted && tail == end {
            found = count;
        }
    }
    range.ends()?;
    Ok(found)
}

/// Packed digests and counts of lines `HASH:COUNT`, those seen less often than `least` left out.
/// Where a line is no such line, or not behind the one before it, its index and what is wrong.
fn parse(text: &[u8], size: usize, least: u32) -> Result<(Vec<u8>, Vec<u8>), (usize, Fault)> {
    let mut digests = Vec::with_capacity(text.len() / (2 * size + 4) * size);
    let mut counts = Vec::with_capacity(text.len() / (2 * size + 4) * 4);
    let (mut before, mut now) = ([0u8; 20], [0u8; 20]);
    let mut at = 0;
    let mut index = 0;
    while at < text.len() {
        let Some((digits, rest)) = text[at..].split_at_checked(2 * size) else {
            return Err((index, "it is no HASH:COUNT"));
        };
        if !hex::decode(digits, &mut now[..size]) || rest.first() != Some(&b':') {
            return Err((index, "it is no HASH:COUNT"));
        }
        let mut count: u64 = 0;
        let mut length = 0;
        for &byte in &rest[1..] {
            if !byte.is_ascii_digit() || length > 10 {
                break;
            }
            count = 10 * count + u64::from(byte - b'0');
            length += 1;
        }
        if length == 0 || count == 0 || count > u64::from(u32::MAX) {
            return Err((index, "its count is none"));
        }
        at += 2 * size + 1 + length;
        at += match &text[at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [] | [b'\r'] => text.len() - at,
            _ => return Err((index, "it is no HASH:COUNT")),
        };
        if index > 0 && now <= before {
            return Err((index, "it is not sorted by hash"));
        }
        before = now;
        index += 1;
        if count >= u64::from(least) {
            digests.extend_from_slice(&now[..size]);
            counts.extend_from_slice(&(count as u32).to_le_bytes());
        }
    }
    Ok((digests, counts))
}

fn checked(size: usize) -> PyResult<usize> {
    if size == 16 || size == 20 {
        Ok(size)
    } else {
        Err(PyValueError::new_err("a digest has 16 or 20 bytes"))
    }
}

fn words(data: &[u8]) -> Vec<u32> {
    let word = |four: &[u8]| u32::from_le_bytes(four.try_into().expect("four bytes"));
    data.chunks_exact(4).map(word).collect()
}

/// The ranges of `digests`, packed end to end, and of each its number, hashes and bytes.
#[pyfunction]
#[allow(clippy::type_complexity)] // a tuple is what Python gets
pub fn encode_ranges<'py>(
    py: Python<'py>,
    digests: PyBuffer<u8>,
    counts: PyBuffer<u8>,
    digest_bytes: usize,
) -> PyResult<(Bound<'py, PyBytes>, Vec<(u32, u32, usize)>)> {
    let size = checked(digest_bytes)?;
    let (digests, counts) = (bytes(&digests)?, words(bytes(&counts)?));
    if digests.len() != counts.len() * size || counts.contains(&0) {
        return Err(PyValueError::new_err("digests and counts do not fit"));
    }
    let ordered = digests
        .chunks_exact(size)
        .is_sorted_by(|one, other| one < other);
    if !ordered {
        return Err(PyValueError::new_err("the digests are not in order"));
    }
    let (out, made) = py.detach(|| {
        let (mut out, mut made, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        let mut start = 0;
        while start < counts.len() {
            let prefix = number(&digests[start * size..]);
            let same = |digest: &&[u8]| number(digest) == prefix;
            let held = digests[start * size..]
                .chunks_exact(size)
                .take_while(same)
                .count();
            let (from, end) = (out.len(), start + held);
            let own = &digests[start * size..end * size];
            encode(own, &counts[start..end], size, &mut gaps, &mut out);
            made.push((prefix, held as u32, out.len() - from));
            start = end;
        }
        (out, made)
    });
    Ok((PyBytes::new(py, &out), made))
}

#[pyfunction]
pub fn decode_range<'py>(
    py: Python<'py>,
    data: PyBuffer<u8>,
    hashes: usize,
    digest_bytes: usize,
    prefix: u32,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let (data, size) = (bytes(&data)?, checked(digest_bytes)?);
    let found = py.detach(|| decode(data, hashes, size, prefix));
    let (digests, counts) = found.map_err(PyValueError::new_err)?;
    Ok((PyBytes::new(py, &digests), PyBytes::new(py, &counts)))
}

#[pyfunction]
pub fn range_lines<'py>(
    py: Python<'py>,
    data: PyBuffer<u8>,
    hashes: usize,
    digest_bytes: usize,
    head: &[u8],
    noise: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let (data, size) = (bytes(&data)?, checked(digest_bytes)?);
    let found = py.detach(|| lines(data, hashes, size, head, noise));
    let (out, start) = found.map_err(PyValueError::new_err)?;
    Ok(PyBytes::new(py, &out[start..]))
}

#[pyfunction]
pub fn find_in_range(
    py: Python<'_>,
    data: PyBuffer<u8>,
    hashes: usize,
    digest: &[u8],
) -> PyResult<u32> {
    let data = bytes(&data)?;
    checked(digest.len())?;
    py.detach(|| find(data, hashes, digest))
        .map_err(PyValueError::new_err)
}

#[pyfunction]
pub fn counted_hashes<'py>(
    py: Python<'py>,
    text: PyBuffer<u8>,
    digest_bytes: usize,
    least: u32,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let (text, size) = (bytes(&text)?, checked(digest_bytes)?);
    let found = py.detach(|| parse(text, size, least));
    let (digests, counts) = found.map_err(|(line, why)| PyValueError::new_err((line, why)))?;
    Ok((PyBytes::new(py, &digests), PyBytes::new(py, &counts)))
}
