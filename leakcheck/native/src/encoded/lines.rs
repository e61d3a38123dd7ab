//! Lines that belong together: softly broken ones, folded ones; and the window around an at sign.

use memchr::{memchr2, memrchr, memrchr2};

const BACK: usize = 1024;
pub const FORTH: usize = 4096;
const FOLDS: usize = 16;
const LINE: usize = 76;

/// How the line that ends at `feed` goes on in the next one.
#[derive(Clone, Copy, PartialEq)]
enum Joined {
    No,
    Softly,
    Folded,
}

fn joined(data: &[u8], feed: usize, folded: bool) -> Joined {
    if data[feed] != b'\n' {
        Joined::No
    } else if is_soft(data, feed) {
        Joined::Softly
    } else if is_continued(data, feed) && (folded || has_attribute(data, feed)) {
        Joined::Folded
    } else {
        Joined::No
    }
}

pub fn returns(data: &[u8], feed: usize) -> usize {
    usize::from(feed > 0 && data[feed - 1] == b'\r')
}

/// Whether the LF at `feed` ends a line softly: not base64, whose padding looks the same.
pub fn is_soft(data: &[u8], feed: usize) -> bool {
    let Some(end) = (feed - returns(data, feed)).checked_sub(1) else {
        return false;
    };
    if end < 1 || data[end] != b'=' || matches!(data[end - 1], b'=' | b'\r' | b'\n') {
        return false;
    }
    let low = end.saturating_sub(LINE);
    let start = match memrchr2(b'\n', b'\r', &data[low..end]) {
        Some(at) => low + at + 1,
        None if low > 0 => return false,
        None => 0,
    };
    let digit = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let length = data[start..end].iter().rev().take_while(digit).count();
    length < 20 || length % 4 != 3
}

pub fn is_continued(data: &[u8], feed: usize) -> bool {
    let blank = matches!(data.get(feed + 1), Some(b' ' | b'\t'));
    let more = !matches!(
        data.get(feed + 2),
        Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
    );
    blank && more
}

/// The same for base64, of which something must follow.
pub fn goes_on_after(data: &[u8], feed: usize) -> bool {
    matches!(data.get(feed + 1), Some(b' ' | b'\t'))
        && data
            .get(feed + 2)
            .is_some_and(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// Whether the lines up to `feed` are the value of an attribute, the later ones folded.
pub fn has_attribute(data: &[u8], feed: usize) -> bool {
    let low = feed.saturating_sub(BACK);
    let mut end = feed;
    for _ in 0..FOLDS {
        let start = match memrchr(b'\n', &data[low..end]) {
            Some(at) => low + at + 1,
            None if low > 0 => return false,
            None => 0,
        };
        if start == 0 || !matches!(data[start], b' ' | b'\t') {
            return is_attribute(data, start);
        }
        end = start - 1;
    }
    false
}

fn is_attribute(data: &[u8], start: usize) -> bool {
    let name = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b';' | b'=' | b'.' | b',' | b'_' | b'-')
    };
    let length = data[start..].iter().take(65).take_while(name).count();
    (1..=64).contains(&length)
        && data[start].is_ascii_alphabetic()
        && data.get(start + length) == Some(&b':')
}

/// The part of the text around `data[start..end]`, joined lines included, that is decoded.
pub fn window(data: &[u8], start: usize, end: usize) -> (usize, usize) {
    let (mut low, lowest, mut folded) = (start, start.saturating_sub(BACK), false);
    while low > lowest {
        let Some(at) = memrchr2(b'\n', b'\r', &data[lowest..low]) else {
            low = lowest;
            break;
        };
        let at = lowest + at;
        let how = joined(data, at, folded);
        if how == Joined::No {
            low = at + 1;
            break;
        }
        (low, folded) = (at - returns(data, at), how == Joined::Folded);
    }
    let (mut high, highest, mut folded) = (end, data.len().min(end + FORTH), false);
    while high < highest {
        let Some(stop) = memchr2(b'\n', b'\r', &data[high..highest]) else {
            high = highest;
            break;
        };
        let stop = high + stop;
        let at = stop + usize::from(data[stop..].starts_with(b"\r\n"));
        let how = joined(data, at, folded);
        if how == Joined::No {
            high = stop;
            break;
        }
        (high, folded) = ((at + 1).min(highest), how == Joined::Folded);
    }
    (low, high)
}
