//! How dumps write one character as several; the rules are in leakcheck/subject/escapes.py.

pub const LONGEST: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Raw,
    Percent,
    Escape,
    Break,
}

/// One character, however written: its code, where it starts, how it is written.
#[derive(Clone, Copy)]
pub struct Token {
    pub code: u32,
    pub start: usize,
    pub written: Written,
}

pub fn hex(digit: u8) -> Option<u32> {
    (digit as char).to_digit(16)
}

/// The number that `count` hex digits at `start` write.
fn number(data: &[u8], start: usize, count: usize) -> Option<u32> {
    let digits = data.get(start..start + count)?;
    digits
        .iter()
        .try_fold(0, |sum, &digit| Some(sum << 4 | hex(digit)?))
}

/// How many backslashes, at most four, stand right before `end`.
fn slashes(data: &[u8], end: usize) -> usize {
    data[..end]
        .iter()
        .rev()
        .take(4)
        .take_while(|&&byte| byte == b'\\')
        .count()
}

/// The token that ends at `end` > 0.
pub fn before(data: &[u8], end: usize) -> Token {
    let token = |code, start, written| Token {
        code,
        start,
        written,
    };
    if end >= 3 && data[end - 3] == b'%' {
        if let Some(code) = number(&data[..end], end - 2, 2) {
            return token(code, end - 3, Written::Percent);
        }
    }
    for (mark, digits) in [(b'u', 4), (b'x', 2)] {
        if end > digits + 1 && data[end - digits - 1] == mark {
            let at = end - digits - 1;
            if data[at - 1] == b'\\' {
                if let Some(code) = number(&data[..end], at + 1, digits) {
                    return token(code, at - slashes(data, at), Written::Escape);
                }
            }
        }
    }
    let last = data[end - 1];
    match last {
        b'n' | b'r' | b't' if end >= 2 && data[end - 2] == b'\\' => {
            return token(10, end - 1 - slashes(data, end - 1), Written::Break);
        }
        b'\'' => {
            let escaped = slashes(data, end - 1);
            if escaped > 0 {
                return token(u32::from(b'\''), end - 1 - escaped, Written::Escape);
            }
            if end >= 2 && data[end - 2] == b'\'' {
                return token(u32::from(b'\''), end - 2, Written::Escape);
            }
        }
        b';' => {
            let from = end.saturating_sub(8);
            if let Some(at) = data[from..end].iter().rposition(|&byte| byte == b'&') {
                if let Some((code, stop)) = entity(&data[..end], from + at) {
                    if stop == end {
                        return token(code, from + at, Written::Escape);
                    }
                }
            }
        }
        _ => {}
    }
    token(u32::from(last), end - 1, Written::Raw)
}

/// The token at `start`: its code as bytes go into `out`, its end is returned.
/// A half of a surrogate pair gives no bytes.
pub fn after(data: &[u8], start: usize, out: &mut Vec<u8>) -> usize {
    match data[start] {
        b'%' => {
            if let Some(code) = number(data, start + 1, 2) {
                out.push(code as u8);
                return start + 3;
            }
        }
        b'\\' => {
            if let Some((mut code, mut end)) = backslashed(data, start) {
                if (0xD800..0xDC00).contains(&code) && data.get(end) == Some(&b'\\') {
                    if let Some((low @ 0xDC00..=0xDFFF, low_end)) = backslashed(data, end) {
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                        end = low_end;
                    }
                }
                push(code, out);
                return end;
            }
        }
        b'&' => {
            let stop = data.len().min(start + 8);
            if let Some((code, end)) = entity(&data[..stop], start) {
                push(code, out);
                return end;
            }
        }
        _ => {}
    }
    out.push(data[start]);
    start + 1
}

fn push(code: u32, out: &mut Vec<u8>) {
    if let Some(mark) = char::from_u32(code) {
        out.extend_from_slice(mark.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// The code and the end of the \uXXXX, \xXX or \' at `start`.
fn backslashed(data: &[u8], start: usize) -> Option<(u32, usize)> {
    let count = data[start..]
        .iter()
        .take(4)
        .take_while(|&&byte| byte == b'\\')
        .count();
    let at = start + count;
    let digits = match data.get(at)? {
        b'\'' => return Some((u32::from(b'\''), at + 1)),
        b'u' => 4,
        b'x' => 2,
        _ => return None,
    };
    Some((number(data, at + 1, digits)?, at + 1 + digits))
}

/// The code and the end of the entity at `start`, a `&`: `&#39;`, `&#x27;`, `&apos;`.
fn entity(data: &[u8], start: usize) -> Option<(u32, usize)> {
    let rest = &data[start + 1..];
    if rest.starts_with(b"apos;") {
        return Some((u32::from(b'\''), start + 6));
    }
    let (radix, most, skip) = match rest {
        [b'#', b'x' | b'X', ..] => (16, 4, 2),
        [b'#', ..] => (10, 5, 1),
        _ => return None,
    };
    let digits = rest[skip..]
        .iter()
        .take_while(|&&byte| (byte as char).is_digit(radix))
        .count();
    if digits == 0 || digits > most || rest.get(skip + digits) != Some(&b';') {
        return None;
    }
    let code = rest[skip..skip + digits].iter().fold(0, |sum, &byte| {
        sum * radix + (byte as char).to_digit(radix).unwrap_or(0)
    });
    Some((code, start + 1 + skip + digits + 1))
}

/// The escaped at sign whose `40` or `64` stands at `at`: its start and end.
pub fn at_sign(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let zeros = |end: usize, most: usize| {
        data[..end]
            .iter()
            .rev()
            .take(most)
            .take_while(|&&byte| byte == b'0')
            .count()
    };
    let entity_end = (data.get(at + 2) == Some(&b';')).then_some(at + 3);
    if data[at] == b'6' {
        let mark = at - zeros(at, 3);
        return (data[..mark].ends_with(b"&#")).then_some((mark - 2, entity_end?));
    }
    match data[..at].last()? {
        b'%' => return Some((at - 1, at + 2)),
        b'x' if at >= 2 && data[at - 2] == b'\\' => {
            return Some((at - 1 - slashes(data, at - 1), at + 2));
        }
        b'0' if data[..at].ends_with(b"\\u00") => {
            return Some((at - 3 - slashes(data, at - 3), at + 2));
        }
        b'0' | b'x' | b'X' => {}
        _ => return None,
    }
    let mark = at - zeros(at, 2);
    let found = data[..mark].ends_with(b"&#x") || data[..mark].ends_with(b"&#X");
    found.then_some((mark.wrapping_sub(3), entity_end?))
}

/// Where the at sign that starts at `at`, raw or escaped, ends.
pub fn at_sign_at(data: &[u8], at: usize) -> Option<usize> {
    let mut rest = &data[at..];
    match rest.first()? {
        b'@' => return Some(at + 1),
        b'%' => return rest.starts_with(b"%40").then_some(at + 3),
        b'\\' => {
            let count = rest
                .iter()
                .take(4)
                .take_while(|&&byte| byte == b'\\')
                .count();
            rest = &rest[count..];
            return match rest {
                [b'u', b'0', b'0', b'4', b'0', ..] => Some(at + count + 5),
                [b'x', b'4', b'0', ..] => Some(at + count + 3),
                _ => None,
            };
        }
        b'&' => rest = rest.strip_prefix(b"&#")?,
        _ => return None,
    }
    let (most, digits) = match rest.first()? {
        b'x' | b'X' => (2, b"40;"),
        _ => (3, b"64;"),
    };
    let skip = usize::from(most == 2);
    let zeros = rest[skip..]
        .iter()
        .take(most)
        .take_while(|&&byte| byte == b'0')
        .count();
    let length = 2 + skip + zeros + 3;
    rest[skip + zeros..]
        .starts_with(digits)
        .then_some(at + length)
}
