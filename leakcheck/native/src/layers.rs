//! Text with a layer of encoding taken off; the rules are in leakcheck/subject/layers.py.

/// The two digits after an equals sign that write a byte; None where they are letters to read.
pub fn quoted(data: &[u8], at: usize) -> Option<u8> {
    let [first, second] = *data.get(at..at + 2)?.first_chunk::<2>()?;
    let high = second.is_ascii_digit() || (b'A'..=b'F').contains(&second);
    let letter = (b'A'..=b'F').contains(&second.to_ascii_uppercase());
    let known = match first {
        b'0' => matches!(second, b'9' | b'A' | b'a' | b'D' | b'd'),
        b'2' => second.is_ascii_hexdigit(),
        b'3' => letter,
        b'4' | b'6' => second == b'0',
        b'5' => letter && !matches!(second, b'A' | b'a'),
        b'7' => letter && !matches!(second, b'A' | b'a' | b'F' | b'f'),
        b'8' | b'9' | b'A' | b'B' | b'D' | b'E' => high,
        b'C' => high && !matches!(second, b'0' | b'1'),
        b'F' => (b'0'..=b'4').contains(&second),
        _ => false,
    };
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    known.then(|| digit(first) << 4 | digit(second))
}

/// Whether `count` hex digits are at `at`.
pub fn are_hex(data: &[u8], at: usize, count: usize) -> bool {
    data.get(at..at + count)
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// The length of the `\u{…}` at `at`, and where its digits end.
pub fn braced(data: &[u8], at: usize) -> Option<usize> {
    if !matches!(data.get(at..at + 3)?, [b'\\', b'u' | b'x', b'{']) {
        return None;
    }
    let digits = data[at + 3..].iter().take(7);
    let count = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
    let closed = data.get(at + 3 + count) == Some(&b'}');
    (closed && (1..=6).contains(&count)).then_some(count + 4)
}

/// The length of a character without a width at `at`, or 0.
pub fn widthless(data: &[u8], at: usize) -> usize {
    match data.get(at..).unwrap_or(&[]) {
        [0xc2, 0xad, ..] => 2,
        [0xe2, 0x80, 0x8b..=0x8d, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// Whether a wide or a small at sign is at `at`.
pub fn wide_at(data: &[u8], at: usize) -> bool {
    matches!(
        data.get(at..at + 3),
        Some([0xef, 0xbc, 0xa0] | [0xef, 0xb9, 0xab])
    )
}

const NAMES: [(&[u8], &[u8]); 10] = [
    (b"amp;", b"&"),
    (b"commat;", b"@"),
    (b"period;", b"."),
    (b"lowbar;", b"_"),
    (b"plus;", b"+"),
    (b"hyphen;", b"-"),
    (b"dash;", b"-"),
    (b"shy;", b""),
    (b"zwj;", b""),
    (b"zwnj;", b""),
];

/// The length of the sequence for a terminal at `at`, an ESC.
fn sequence(data: &[u8], at: usize) -> Option<usize> {
    match data.get(at + 1)? {
        b'(' => data.get(at + 2)?.is_ascii_alphanumeric().then_some(3),
        b'[' => {
            let parameter = |byte: &&u8| matches!(byte, b'0'..=b'9' | b';' | b':' | b'?');
            let count = data[at + 2..].iter().take(31).take_while(parameter).count();
            let last = data.get(at + 2 + count)?;
            (count <= 30 && last.is_ascii_alphabetic()).then_some(count + 3)
        }
        _ => None,
    }
}

/// The token at `at`: its length, what it stands for goes into `out`.
fn token(data: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let rest = &data[at..];
    let mut code = |number: &[u8]| {
        let number = number.iter().fold(0, |sum, &digit| {
            sum << 4 | (digit as char).to_digit(16).unwrap_or(0)
        });
        let mark = char::from_u32(number).unwrap_or('?');
        out.extend_from_slice(mark.encode_utf8(&mut [0; 4]).as_bytes());
    };
    match rest {
        [b'%', b'2', b'5', ..] if are_hex(data, at + 3, 2) => {
            out.push(b'%');
            Some(3)
        }
        [b'%', b'u', ..] if are_hex(data, at + 2, 4) => {
            code(&rest[2..6]);
            Some(6)
        }
        [b'=', b'\n', ..] => Some(2),
        [b'=', b'\r', b'\n', ..] => Some(3),
        [b'=', ..] => {
            out.push(quoted(data, at + 1)?);
            Some(3)
        }
        [b'\n', b' ' | b'\t', ..] => Some(2),
        [b'\r', b'\n', b' ' | b'\t', ..] => Some(3),
        [0x1b, ..] => sequence(data, at),
        [b'&', name @ ..] => {
            let (name, meaning) = NAMES.iter().find(|(known, _)| name.starts_with(known))?;
            out.extend_from_slice(meaning);
            Some(name.len() + 1)
        }
        [b'\\', mark @ (b'_' | b'.' | b'+' | b'-'), ..] => {
            out.push(*mark);
            Some(2)
        }
        [b'\\', ..] => {
            let length = braced(data, at)?;
            code(&rest[3..length - 1]);
            Some(length)
        }
        _ if wide_at(data, at) => {
            out.push(b'@');
            Some(3)
        }
        _ => Some(widthless(data, at)).filter(|&length| length > 0),
    }
}

/// A text, and of each of its bytes, and of its end, the place that it was read from.
pub struct Layer {
    pub text: Vec<u8>,
    pub origins: Vec<usize>,
}

impl Layer {
    /// `data[low..high]` as it stands.
    pub fn of(data: &[u8], low: usize, high: usize) -> Self {
        Self {
            text: data[low..high].to_vec(),
            origins: (low..=high).collect(),
        }
    }

    /// The text with one layer less; None where there is none.
    pub fn peeled(&self) -> Option<Self> {
        let mut text = Vec::with_capacity(self.text.len());
        let mut origins = Vec::with_capacity(self.origins.len());
        let (mut at, mut changed) = (0, false);
        while at < self.text.len() {
            let begins = matches!(
                self.text[at],
                b'%' | b'=' | b'\n' | b'\r' | 0x1b | b'&' | b'\\' | 0xc2 | 0xe2 | 0xef
            );
            if let Some(length) = begins.then(|| token(&self.text, at, &mut text)).flatten() {
                origins.resize(text.len(), self.origins[at]);
                at += length;
                changed = true;
            } else {
                text.push(self.text[at]);
                origins.push(self.origins[at]);
                at += 1;
            }
        }
        origins.push(self.origins[at]);
        changed.then_some(Self { text, origins })
    }
}
