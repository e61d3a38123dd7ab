//! Which at signs are written in an encoding.

use super::beside::is_of_local;
use crate::layers::wide_at;

/// The at sign in an encoding whose `40` or `64` stands at `at`: its start and end.
pub fn sign_at(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = |text: &[u8]| data[..at].ends_with(text);
    if data[at] == b'4' {
        if before(b"=") {
            return is_likely(data, at - 1, at + 2).then_some((at - 1, at + 2));
        }
        if before(b"%u00") {
            return Some((at - 4, at + 2));
        }
        if before(b"25") {
            let pairs = (1..=3)
                .take_while(|pairs| data[..at + 2 - 2 * pairs].ends_with(b"25"))
                .count();
            let start = at - 2 * pairs;
            return data[..start].ends_with(b"%").then_some((start - 1, at + 2));
        }
        if data.get(at + 2) == Some(&b'}') {
            let zeros = zeros(data, at, 4);
            let start = (at - zeros).checked_sub(3)?;
            let opened = matches!(data[start..start + 3], [b'\\', b'u' | b'x', b'{']);
            return opened.then_some((start, at + 3));
        }
    }
    if data.get(at + 2) != Some(&b';') {
        return None;
    }
    let (zeros, mark): (usize, &[u8]) = match data[at] {
        b'6' => (zeros(data, at, 3), b"#"),
        _ => (zeros(data, at, 2), b"x"),
    };
    let mut front = &data[..at - zeros];
    front = match mark {
        b"#" => front.strip_suffix(b"#")?,
        _ => front
            .strip_suffix(b"#x")
            .or_else(|| front.strip_suffix(b"#X"))?,
    };
    front = front.strip_suffix(b"amp;")?;
    front = front.strip_suffix(b"amp;").unwrap_or(front);
    front.ends_with(b"&").then_some((front.len() - 1, at + 3))
}

fn zeros(data: &[u8], at: usize, most: usize) -> usize {
    let zero = |byte: &&u8| **byte == b'0';
    data[..at].iter().rev().take(most).take_while(zero).count()
}

/// The at sign in an encoding that starts at `at` with a byte that is rare: its end.
pub fn sign_from(data: &[u8], at: usize) -> Option<usize> {
    if data[at] != b'&' {
        return wide_at(data, at).then_some(at + 3);
    }
    let mut end = at + 1;
    for _ in 0..2 {
        end += 4 * usize::from(data[end..].starts_with(b"amp;"));
    }
    data[end..].starts_with(b"commat;").then_some(end + 7)
}

/// Whether `=40` at `data[start..end]` stands in an address: `width=40` does not.
fn is_likely(data: &[u8], start: usize, end: usize) -> bool {
    let front = &data[..start];
    let goes_before = front.last().is_some_and(|&byte| is_of_local(byte))
        || front.ends_with(b"=\n")
        || front.ends_with(b"=\r\n");
    if !goes_before {
        return false;
    }
    let label = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    let length = data[end..].iter().take(63).take_while(label).count();
    let rest = &data[end + length..];
    match rest {
        [b'=', b'\n', ..] | [b'=', b'\r', b'\n', ..] => true,
        [b'=', b'C'..=b'F', b'0'..=b'9' | b'A'..=b'F', b'=', ..] => true,
        _ if length == 0 => false,
        [b'.', b'=', b'\n', ..] | [b'.', b'=', b'\r', b'\n', ..] => true,
        [b'.', next, ..] => next.is_ascii_alphanumeric(),
        [b'=', b'2', b'E' | b'e', ..] | [b'%', b'2', b'5', ..] => true,
        _ => rest.starts_with(b"&amp;") || rest.starts_with(b"&period;"),
    }
}
