//! Names, and which of them may be of a password: leakcheck/ci/names.py has the whole rule.

use super::bytes::{is_blank, is_word, run, starts};
use std::collections::HashSet;

pub const LONGEST_NAME: usize = 120;

/// The words that mean a password: those that end so, and those that are so.
pub struct Telling {
    pub endings: Vec<Vec<u8>>,
    pub whole: HashSet<Vec<u8>>,
    /// Those that may follow one of them, and those that may not stand before one.
    pub after: HashSet<Vec<u8>>,
    pub taken_away: HashSet<Vec<u8>>,
}

/// `name_at` of leakcheck/ci/readers/universal.py: the identifier around a place.
pub fn name_at(data: &[u8], at: usize) -> (usize, usize) {
    let part = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-') || byte >= 0x80;
    let back = data[at.saturating_sub(LONGEST_NAME)..at].iter().rev();
    let mut first = at - back.take_while(|byte| part(**byte)).count();
    let end = data.len().min(at + LONGEST_NAME);
    let last = at + run(&data[..end], at, part);
    if first > 0 && first < at && data[first - 1] == b'\\' && b"nrt".contains(&data[first]) {
        first += 1;
    }
    (first, last.max(at + 1).min(data.len()))
}

impl Telling {
    /// Whether a name or a part of it, or that of which it is the plural, may be a password's.
    pub fn may_mean(&self, name: &[u8]) -> bool {
        !name.is_ascii()
            || name
                .split(|byte| !is_word(*byte))
                .filter(|part| !part.is_empty())
                .any(|part| {
                    // whatever its case: that is no word of a name in camel case
                    part.eq_ignore_ascii_case(b"secret")
                        || self.any(part)
                        || self.any(&part[..part.len() - 1])
                })
    }

    /// Whether a name, a part of it, or that of which it is the plural, is a password's: as
    /// `_named` of leakcheck/ci/reading.py, or more often.
    pub fn means(&self, name: &[u8]) -> bool {
        !name.is_ascii()
            || name.split(|byte| *byte == b'.').any(|part| {
                self.ends_so(part)
                    || part
                        .strip_suffix(b"s")
                        .or_else(|| part.strip_suffix(b"S"))
                        .is_some_and(|one| self.ends_so(one))
            })
    }

    /// `means_password` of leakcheck/ci/names.py for one part of a name; any secret counts.
    fn ends_so(&self, part: &[u8]) -> bool {
        // whatever its case: that is no word of a name in camel case
        let mut bare = part
            .split(|byte| *byte == b'-')
            .filter(|one| !one.is_empty());
        if bare
            .next()
            .is_some_and(|one| one.eq_ignore_ascii_case(b"secret"))
            && bare.next().is_none()
        {
            return true;
        }
        let mut words = words_of(part);
        if words.iter().any(|word| word == b"secret") {
            return true;
        }
        while words.last().is_some_and(|word| word[0].is_ascii_digit()) {
            words.pop();
        }
        if let [before @ .., first, second] = &words[..] {
            if first == b"pass" && second == b"word" {
                return self.is_meant(before);
            }
            if self.after.contains(second) && self.is_such(first) {
                words.pop();
            }
        }
        match words.split_last() {
            Some((last, before)) => self.is_such(last) && self.is_meant(before),
            None => false,
        }
    }

    /// Whether none of the words before it takes the meaning away.
    fn is_meant(&self, before: &[Vec<u8>]) -> bool {
        !before.iter().any(|word| self.taken_away.contains(word))
    }

    /// Whether one of the words of a name does.
    fn any(&self, name: &[u8]) -> bool {
        words_of(name).iter().any(|word| self.is_such(word))
    }

    /// Whether a word in lower case does.
    fn is_such(&self, word: &[u8]) -> bool {
        self.whole.contains(word) || self.endings.iter().any(|end| word.ends_with(end))
    }
}

/// `words_of` of leakcheck/ci/names.py: the words of a name in ASCII, in lower case.
fn words_of(name: &[u8]) -> Vec<Vec<u8>> {
    let (mut words, mut at) = (Vec::new(), 0);
    while at < name.len() {
        let digits = run(name, at, |byte| byte.is_ascii_digit());
        let upper = run(name, at, |byte| byte.is_ascii_uppercase());
        let lower = run(name, at + upper, |byte| byte.is_ascii_lowercase());
        let length = match (digits, upper, lower) {
            (0, 0, lower) => lower,
            (0, 1, lower) => 1 + lower,
            (0, upper, 0) => upper,
            (0, upper, _) => upper - 1,
            (digits, ..) => digits,
        };
        if length > 0 {
            words.push(name[at..at + length].to_ascii_lowercase());
        }
        at += length.max(1);
    }
    words
}

/// Whether `pass` at a place of source code is more than a word of the language or of a comment:
/// `_PASS_IN_CODE` of leakcheck/ci/names.py.
pub fn is_pass_in_code(data: &[u8], at: usize) -> bool {
    let end = at + 4;
    let before = [&b"-store"[..], b"tstore", b"cstore", b"-key"];
    if before
        .iter()
        .any(|word| at >= word.len() && starts(&data[at - word.len()..], word))
    {
        return true;
    }
    let blanks = run(data, end, is_blank);
    match data.get(end + blanks) {
        Some(b'\r' | b'\n') => false,
        Some(b'.' | b';') if blanks == 0 => false,
        Some(b')') if blanks == 0 => {
            let next = end + 1 + run(data, end + 1, is_blank);
            matches!(data.get(next), Some(b'!' | b'=')) && data.get(next + 1) == Some(&b'=')
        }
        Some(byte) if blanks > 0 && (byte.is_ascii_alphanumeric() || b"(#".contains(byte)) => {
            let name = run(data, end + blanks, |byte| {
                byte.is_ascii_alphabetic() || b".*[]".contains(&byte)
            });
            let sign = end + blanks + name;
            (1..=20).contains(&name) && data.get(sign + run(data, sign, is_blank)) == Some(&b'=')
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_name() {
        let telling = Telling {
            endings: vec![b"pwd".to_vec()],
            whole: HashSet::from([b"pass".to_vec()]),
            after: HashSet::from([b"value".to_vec()]),
            taken_away: HashSet::from([b"has".to_vec()]),
        };
        for name in [
            "dbPass", "DB_PASS", "pass1", "PASSs", "Xpwd", "DBPass", "x.pass-", "é",
        ] {
            assert!(telling.may_mean(name.as_bytes()), "{name}");
        }
        for name in ["bypass", "Passed", "PASSed", "pwdxy", "", "-", "PAss"] {
            assert!(!telling.may_mean(name.as_bytes()), "{name}");
        }
        for name in [
            "dbPass",
            "DB_PASS",
            "pass1",
            "passValue",
            "PASSs",
            "x.pass.y",
            "pass_word",
            "aSecretKey",
            "sEcret",
            "--sEcret-",
            "-pass-",
            "é",
            "Xpwd_2",
        ] {
            assert!(telling.means(name.as_bytes()), "{name}");
        }
        for name in [
            "pass-through",
            "PASS_EVENTS",
            "hasPass",
            "has_pass_word",
            "pwdn",
            "value",
            "1",
            "",
        ] {
            assert!(!telling.means(name.as_bytes()), "{name}");
        }
    }
}
