//! Literals that stand for a text: hexadecimal ones, and base64 values of LDIF.

use super::lines::goes_on_after;
use crate::address::Found;
use crate::escapes::hex;

const LITERAL: usize = 2048;

/// How far hexadecimal literals were looked at.
#[derive(Default)]
pub struct Literals {
    until: usize,
}

impl Literals {
    /// The addresses in the hexadecimal literal around the digits `40` at `at`, if they are in
    /// one that was not read yet.
    #[inline]
    pub fn hexadecimal(&mut self, data: &[u8], at: usize) -> Vec<Found> {
        let inside = at > 0
            && data[at - 1].is_ascii_hexdigit()
            && data.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
        if !inside || at < self.until {
            return Vec::new();
        }
        self.literal(data, at)
    }

    fn literal(&mut self, data: &[u8], at: usize) -> Vec<Found> {
        let digit = |byte: &&u8| byte.is_ascii_hexdigit();
        let far = data.len().min(at + LITERAL + 1);
        let end = at + data[at..far].iter().take_while(digit).count();
        self.until = end;
        let low = at.saturating_sub(LITERAL + 1);
        let start = at - data[low..at].iter().rev().take_while(digit).count();
        let digits = &data[start..end];
        let opened = matches!(
            data[..start],
            [.., b'0', b'x' | b'X'] | [.., b'x' | b'X', b'\''] | [.., b'\\', b'x']
        );
        if !opened || digits.len() > LITERAL || !digits.len().is_multiple_of(2) {
            return Vec::new();
        }
        let value = |byte| hex(byte).unwrap_or(0) as u8;
        let text: Vec<u8> = digits
            .chunks_exact(2)
            .map(|pair| value(pair[0]) << 4 | value(pair[1]))
            .collect();
        match &text[..] {
            [_, middle @ .., _] if middle.contains(&b'@') => inside(&text, start, end),
            _ => Vec::new(),
        }
    }
}

/// The addresses in the base64 value whose two colons are at `at`.
#[cold]
pub fn base64(data: &[u8], at: usize) -> Vec<Found> {
    let name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b';' | b'.' | b'-');
    let low = at.saturating_sub(65);
    let length = data[low..at].iter().rev().take_while(name).count();
    let begins = at == length || matches!(data[at - length - 1], b'\r' | b'\n');
    if length == 0 || length > 64 || !begins || !data[at - length].is_ascii_alphabetic() {
        return Vec::new();
    }
    let start = at + 2 + usize::from(data.get(at + 2) == Some(&b' '));
    let (mut end, mut digits) = (start, Vec::new());
    loop {
        match data.get(end) {
            Some(&byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/') => {
                digits.push(byte);
                end += 1;
            }
            Some(b'\r' | b'\n') => {
                let feed = end + usize::from(data[end] == b'\r');
                if data.get(feed) != Some(&b'\n') || !goes_on_after(data, feed) {
                    break;
                }
                end = feed + 2;
            }
            _ => break,
        }
        if digits.len() > LITERAL {
            return Vec::new();
        }
    }
    if digits.len() < 8 || digits.len() % 4 == 1 {
        return Vec::new();
    }
    inside(&from_base64(&digits), start, end)
}

fn from_base64(digits: &[u8]) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    for four in digits.chunks(4) {
        let bits = four
            .iter()
            .fold(0, |bits: u32, &digit| bits << 6 | u32::from(value(digit)));
        let bits = bits << (6 * (4 - four.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    out
}

/// The addresses in `text`, for which the literal `data[start..end]` stands.
fn inside(text: &[u8], start: usize, end: usize) -> Vec<Found> {
    let mut found = crate::emails::plain_spans(text);
    for one in &mut found {
        (one.start, one.end) = (start, end);
    }
    found
}
