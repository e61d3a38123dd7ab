//! Whether a password may stand beside a word that announces one: in URLs, headers, commands and
//! statements. May say so too often, and never too seldom: the patterns are those of
//! leakcheck/ci/readers/urls.py, encoded.py and commands.py.

use super::bytes::{holds, is_blank, is_space, run, starts};

/// As far as a statement may stand behind the word that makes it one.
const BEHIND: usize = 200;

/// Whether a password may stand in the URL behind `://`: see leakcheck/ci/readers/urls.py.
pub fn may_be_url(data: &[u8], at: usize) -> bool {
    let user = run(data, at, |byte| {
        !is_space(byte) && !b"/?#\"'<>@:\\`|,;".contains(&byte)
    });
    if user > 128 || data.get(at + user) != Some(&b':') {
        return false;
    }
    let password = at + user + 1;
    for (length, byte) in data[password..].iter().take(201).enumerate() {
        match byte {
            b'@' if length > 0 => return true, // one at the beginning belongs to the password
            b'$' | b'{' => return true,        // a reference, in which anything may stand
            b'/' | b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`' => return false,
            byte if is_space(*byte) => return false,
            _ => (),
        }
    }
    false
}

/// Whether what follows is text in base64 with a colon in it: a user and a password.
fn may_be_pair(data: &[u8], at: usize) -> bool {
    let end = data.len().min(at.saturating_add(401)); // one more than it may have
    let length = run(&data[..end], at, is_base64);
    let signs = run(&data[..(end + 3).min(data.len())], at + length, |byte| {
        byte == b'='
    });
    (4..=400).contains(&length) && signs <= 2 && has_colon(&data[at..at + length])
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte)
}

/// Whether a colon stands in what base64 encodes.
fn has_colon(raw: &[u8]) -> bool {
    let six = |byte: u8| -> u32 {
        (match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        }) as u32
    };
    raw.chunks(4).any(|four| {
        let bits =
            four.iter().fold(0, |bits, byte| bits << 6 | six(*byte)) << (6 * (4 - four.len()));
        let whole = four.len() * 6 / 8;
        bits.to_be_bytes()[1..1 + whole].contains(&b':')
    })
}

pub fn may_be_basic(data: &[u8], at: usize) -> bool {
    let blanks = run(data, at, is_blank);
    match data.get(at) {
        _ if blanks > 0 => blanks <= 4 && may_be_pair(data, at + blanks),
        Some(b'+') => may_be_pair(data, at + 1),
        Some(b'%') => starts(&data[at..], b"%20") && may_be_pair(data, at + 3),
        _ => false,
    }
}

pub fn may_be_auth(data: &[u8], at: usize) -> bool {
    let quote = |at: usize| usize::from(matches!(data.get(at), Some(b'"' | b'\'')));
    let mut at = at + quote(at);
    at += run(data, at, is_blank);
    if !matches!(data.get(at), Some(b'=' | b':')) {
        return false;
    }
    at += 1;
    at += run(data, at, is_blank);
    may_be_pair(data, at + quote(at))
}

/// Whether `identified` may be followed by `by` and a password.
pub fn may_identify(data: &[u8], start: usize, end: usize, in_code: bool) -> bool {
    let spaces = run(data, end, is_space);
    let by = end + spaces;
    let rest = data.get(by..).unwrap_or(&[]);
    if spaces == 0 || starts(rest, b"with") || starts(rest, b"as") {
        return spaces > 0;
    }
    let spaces = run(data, by + 2, is_space);
    if spaces == 0 || !starts(rest, b"by") {
        return false;
    }
    let value = by + 2 + spaces;
    let bare = run(data, value, |byte| {
        !is_space(byte) && !b"'\";:\\<>(){}$&,`".contains(&byte)
    });
    if matches!(data.get(value + bare), Some(b'\'' | b'"' | b'\\')) {
        return true;
    }
    let word = &data[value..value + bare];
    let before = &data[start.saturating_sub(BEHIND)..start];
    // in SQL a word in lower case is a password as well: `identified by tiger`
    !(in_code && word.iter().all(|byte| byte.is_ascii_lowercase()))
        && [&b"user"[..], b"alter", b"create", b"grant"]
            .iter()
            .any(|verb| holds(before, verb))
}

/// Whether `login` is a command of those that log in to registries, or stands in a list of its words.
pub fn is_login(data: &[u8], start: usize) -> bool {
    let before = &data[..start];
    let between = before[start.saturating_sub(BEHIND)..]
        .iter()
        .rev()
        .take_while(|byte| is_space(**byte) || b"\"',-".contains(byte))
        .count();
    let before = &before[..start - between];
    between > 0
        && [&b"docker"[..], b"podman", b"registry"].iter().any(|word| {
            before.len() >= word.len() && starts(&before[before.len() - word.len()..], word)
        })
}

pub fn is_pass_option(data: &[u8], end: usize) -> bool {
    [&b""[..], b"in", b"out", b"word"].iter().any(|more| {
        starts(&data[end..], more)
            && data
                .get(end + more.len())
                .is_some_and(|byte| is_blank(*byte))
    })
}

pub fn is_ldap_tool(data: &[u8], end: usize) -> bool {
    [
        &b"search"[..],
        b"add",
        b"modify",
        b"passwd",
        b"delete",
        b"whoami",
    ]
    .iter()
    .any(|tool| starts(&data[end..], tool))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_a_colon() {
        for raw in ["dTpw", "dXNlcjpwYXNz", "Og", "YTo"] {
            assert!(has_colon(raw.as_bytes()), "{raw}");
        }
        for raw in ["support", "types", "abcd"] {
            assert!(!has_colon(raw.as_bytes()), "{raw}");
        }
    }
}
