//! Escapes taken off, one layer at a time: %40, \u0040, \x40, \n, &#64;, &amp;.
//!
//! The same tokens as leakcheck/hunting/readings.py. Quotation marks that are
//! escaped need no layer here: where they matter, the passes read over them.

use memchr::{memchr3, memchr3_iter};

const NAMES: [(&[u8], u32); 10] = [
    (b"amp;", 0x26),
    (b"lt;", 0x3C),
    (b"gt;", 0x3E),
    (b"quot;", 0x22),
    (b"apos;", 0x27),
    (b"nbsp;", 0xA0),
    (b"commat;", 0x40),
    (b"period;", 0x2E),
    (b"lowbar;", 0x5F),
    (b"plus;", 0x2B),
];
const REPLACEMENT: u32 = 0xFFFD;

enum Token {
    Byte(u8),
    Code(u32),
}

/// The position of the next escape that begins in `data[from..end]`.
pub fn next(data: &[u8], from: usize, end: usize) -> Option<usize> {
    memchr3_iter(b'%', b'\\', b'&', data.get(from..end)?)
        .map(|at| from + at)
        .find(|&at| token(data, at).is_some_and(|(_, _, plain)| !plain))
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0, |value, &digit| {
        Some(value << 4 | char::from(digit).to_digit(16)?)
    })
}

/// The escape at `at`: what it stands for, its length, and whether it only hides a mark.
fn token(data: &[u8], at: usize) -> Option<(Token, usize, bool)> {
    match data[at] {
        b'%' => Some((Token::Byte(hex(data.get(at + 1..at + 3))? as u8), 3, false)),
        b'\\' => backslash(data, at),
        b'&' => entity(data, at),
        _ => None,
    }
}

fn unit(data: &[u8], at: usize) -> Option<u32> {
    if data.get(at..at + 2)? != b"\\u" {
        return None;
    }
    hex(data.get(at + 2..at + 6))
}

fn backslash(data: &[u8], at: usize) -> Option<(Token, usize, bool)> {
    Some(match *data.get(at + 1)? {
        b'u' => {
            let high = unit(data, at)?;
            if (0xD800..0xDC00).contains(&high) {
                if let Some(low @ 0xDC00..=0xDFFF) = unit(data, at + 6) {
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    return Some((Token::Code(code), 12, false));
                }
            }
            (Token::Code(high), 6, false)
        }
        b'x' => (Token::Byte(hex(data.get(at + 2..at + 4))? as u8), 4, false),
        b'n' => (Token::Byte(b'\n'), 2, false),
        b'r' => (Token::Byte(b'\r'), 2, false),
        b't' => (Token::Byte(b'\t'), 2, false),
        mark @ (b'\\' | b'"' | b'\'' | b'/') => (Token::Byte(mark), 2, true),
        _ => return None,
    })
}

fn entity(data: &[u8], at: usize) -> Option<(Token, usize, bool)> {
    let rest = &data[at + 1..data.len().min(at + 10)];
    if let Some(number) = rest.strip_prefix(b"#") {
        let (radix, skip, most) = match number.first()? {
            b'x' | b'X' => (16, 1, 6),
            _ => (10, 0, 7),
        };
        let digits = number[skip..]
            .iter()
            .position(|&byte| !char::from(byte).is_digit(radix))?;
        if digits == 0 || digits > most || number[skip + digits] != b';' {
            return None;
        }
        let value = number[skip..skip + digits].iter().fold(0, |value, &digit| {
            value * radix + char::from(digit).to_digit(radix).unwrap_or(0)
        });
        return Some((Token::Code(value), 3 + skip + digits, false));
    }
    let (name, code) = NAMES.iter().find(|(name, _)| rest.starts_with(name))?;
    Some((Token::Code(*code), 1 + name.len(), false))
}

/// A piece of text, the layers taken off it so far, and where each byte came from.
#[derive(Default)]
pub struct Scratch {
    text: Vec<u8>,
    spare: Vec<u8>,
    /// (position in `text`, position in the data) after each escape.
    turns: Vec<(usize, usize)>,
    spare_turns: Vec<(usize, usize)>,
}

impl Scratch {
    pub fn load(&mut self, data: &[u8], start: usize, stop: usize) {
        self.text.clear();
        self.text.extend_from_slice(&data[start..stop]);
        self.turns.clear();
        self.turns.push((0, start));
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The position in the data that `at` came from, or that of the escape it is part of.
    pub fn origin(&self, at: usize) -> usize {
        let turn = self
            .turns
            .partition_point(|&(here, _)| here <= at)
            .saturating_sub(1);
        let (here, origin) = self.turns[turn];
        origin + (at - here)
    }

    /// Takes one layer off. Whether there was one.
    pub fn peel(&mut self) -> bool {
        self.spare.clear();
        self.spare_turns.clear();
        let (mut done, mut from, mut turn, mut changed) = (0, 0, 0, false);
        while let Some(found) = memchr3(b'%', b'\\', b'&', &self.text[from..]) {
            let at = from + found;
            let Some((token, length, _)) = token(&self.text, at) else {
                from = at + 1;
                continue;
            };
            changed = true;
            turn = self.keep(done, at, turn);
            self.spare_turns.push((self.spare.len(), self.origin(at)));
            match token {
                Token::Byte(byte) => self.spare.push(byte),
                Token::Code(code) => {
                    let mark = char::from_u32(code)
                        .or(char::from_u32(REPLACEMENT))
                        .unwrap_or(' ');
                    self.spare
                        .extend_from_slice(mark.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            done = at + length;
            from = done;
            self.spare_turns.push((self.spare.len(), self.origin(done)));
        }
        if changed {
            self.keep(done, self.text.len(), turn);
            std::mem::swap(&mut self.text, &mut self.spare);
            std::mem::swap(&mut self.turns, &mut self.spare_turns);
        }
        changed
    }

    /// Copies what stands from `start` to `stop`, and the turns in it from number `turn` on.
    fn keep(&mut self, start: usize, stop: usize, mut turn: usize) -> usize {
        let base = self.spare.len();
        self.spare.extend_from_slice(&self.text[start..stop]);
        while let Some(&(here, origin)) = self.turns.get(turn).filter(|turn| turn.0 <= stop) {
            if here >= start {
                self.spare_turns.push((base + here - start, origin));
            }
            turn += 1;
        }
        turn
    }
}
