//! Keys from lists of hashes; the rules are in leakcheck/extract/reference/hashes.py.

use crate::digest::Digests;
use crate::escapes::hex;
#[cfg(target_arch = "x86_64")]
use crate::hash_lines;
use crate::lines::{Account, Status};

const LIKELY: usize = 16;

/// How the lines of a list are read.
pub struct Shape<'a> {
    pub digest_bytes: usize,
    pub min_count: u64,
    /// Hex digits that every hash begins with and no line shows.
    pub prefix: &'a [u8],
}

/// Keys of the hashes in `data`, as they stand there.
pub fn hashes(data: &[u8], shape: &Shape) -> (Vec<u8>, Account) {
    #[cfg(target_arch = "x86_64")]
    if crate::hex::is_wide() {
        // SAFETY: the processor has the instructions.
        return unsafe { hashes_wide(data, shape) };
    }
    hashes_on::<false>(data, shape)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn hashes_wide(data: &[u8], shape: &Shape) -> (Vec<u8>, Account) {
    hashes_on::<true>(data, shape)
}

#[inline(always)]
fn hashes_on<const WIDE: bool>(data: &[u8], shape: &Shape) -> (Vec<u8>, Account) {
    let shortest = (shape.digest_bytes * 2 - shape.prefix.len()).max(1) + 1;
    let mut digests = Digests::with_capacity((data.len() / shortest + 1) * shape.digest_bytes);
    let mut account = Account::default();
    let mut start = 0;
    while start < data.len() {
        #[cfg(target_arch = "x86_64")]
        if shape.prefix.is_empty() && hash_lines::is_there() {
            // SAFETY: the processor has the instructions.
            unsafe {
                let (least, out, lines) = (shape.min_count, &mut digests, &mut account);
                start = match shape.digest_bytes {
                    20 => hash_lines::plain::<20>(data, start, least, out, lines),
                    16 => hash_lines::plain::<16>(data, start, least, out, lines),
                    _ => start,
                };
            }
        }
        if shape.prefix.is_empty() {
            if let Some((count, next)) =
                plain::<WIDE>(data, start, shape.digest_bytes, &mut digests)
            {
                account.line(if count < shape.min_count {
                    Status::BelowMinimum
                } else {
                    Status::Accepted
                });
                if count < shape.min_count {
                    digests.drop_last(shape.digest_bytes);
                }
                start = next;
                continue;
            }
        }
        let end = memchr::memchr2(b'\r', b'\n', &data[start..]).map_or(data.len(), |at| start + at);
        account.line(read(&data[start..end], shape, &mut digests));
        let returns = data[end..]
            .iter()
            .take_while(|&&byte| byte == b'\r')
            .count();
        start = end + returns;
        if matches!(data.get(start), None | Some(b'\n')) {
            start += 1;
        } else {
            (1..returns).for_each(|_| account.line(Status::Empty));
        }
    }
    (digests.finish(), account)
}

/// Read a line that is nothing but HASH:COUNT, or HASH: append its digest,
/// return the count and where the next line starts.
#[inline(always)]
fn plain<const WIDE: bool>(
    data: &[u8],
    start: usize,
    digest_bytes: usize,
    digests: &mut Digests,
) -> Option<(u64, usize)> {
    let text = data.get(start..start + 2 * digest_bytes)?;
    let mut at = start + 2 * digest_bytes;
    let mut count = 1;
    if data.get(at) == Some(&b':') {
        at += 1;
        let from = at;
        count = 0;
        while let Some(digit) = data.get(at).map(|byte| byte.wrapping_sub(b'0')) {
            if digit > 9 {
                break;
            }
            count = count * 10 + u64::from(digit);
            at += 1;
            if at - from > 18 {
                return None;
            }
        }
        if at == from {
            return None;
        }
    }
    if data.get(at) == Some(&b'\r') {
        at += 1;
    }
    if *data.get(at)? != b'\n' {
        return None;
    }
    digests.hex::<WIDE>(text).then_some((count, at + 1))
}

/// Read any line.
#[cold]
fn read(line: &[u8], shape: &Shape, digests: &mut Digests) -> Status {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let body = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let body = &body[body.iter().take_while(|byte| blank(byte)).count()..];
    let length = body
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let (digits, rest) = body.split_at(length);
    let apart = matches!(
        rest.first(),
        None | Some(b':' | b';' | b',' | b'|' | b'\t' | b' ')
    );
    if length == 0 || !apart {
        let empty = line.iter().all(blank);
        return if empty {
            Status::Empty
        } else {
            Status::NotAHash
        };
    }
    let wanted = 2 * shape.digest_bytes;
    let whole = if length + shape.prefix.len() == wanted {
        [shape.prefix, digits].concat()
    } else if length == wanted && digits[..shape.prefix.len()].eq_ignore_ascii_case(shape.prefix) {
        digits.to_vec()
    } else if length + shape.prefix.len() >= LIKELY {
        return Status::WrongLength;
    } else {
        return Status::NotAHash;
    };
    let rest = rest.get(1..).unwrap_or(&[]);
    let rest = &rest[rest.iter().take_while(|byte| blank(byte)).count()..];
    let rest = &rest[..rest.len() - rest.iter().rev().take_while(|byte| blank(byte)).count()];
    if count(rest) < shape.min_count {
        return Status::BelowMinimum;
    }
    for pair in whole.chunks_exact(2) {
        let byte = hex(pair[0]).unwrap_or(0) << 4 | hex(pair[1]).unwrap_or(0);
        digests.raw(&[byte as u8]);
    }
    Status::Accepted
}

fn count(text: &[u8]) -> u64 {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return 1;
    }
    let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
    let digits = &text[zeros..];
    if digits.len() > 18 {
        return 1_000_000_000_000_000_000;
    }
    digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}
