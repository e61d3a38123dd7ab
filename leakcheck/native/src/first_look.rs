//! Whether a file holds nothing that a reader of `leakcheck ci` would look at: most do.
//!
//! Passes over what leakcheck/ci/reading.py would not read, and nothing else; whatever is not plain
//! (bytes that are no text, encodings, links, files too large) is left to Python, which has rules
//! for it.

use crate::marks::Marks;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashSet;
use std::path::PathBuf;

/// Bytes of files handed to Python at a time, after which it gets them.
const MOST_KEPT: usize = 8 << 20;
/// A buffer that has grown larger than this is given back.
const LARGEST_BUFFER: usize = 8 << 20;
const LONGEST_NAME: usize = 120;
/// As far as a statement may stand behind the word that makes it one.
const BEHIND: usize = 200;
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What a word announces, and what must stand beside it.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// A name may stand here, which decides: it is a needle.
    Name,
    /// As `Name`; in source code it is no name where it is a word of its own.
    Pass,
    /// Nothing that is looked at for its own sake.
    Nothing,
    /// Whatever stands beside it.
    Anything,
    Url,
    Basic,
    Auth,
    Identified,
    Login,
    PassOption,
    OpenSsl,
    Ldap,
    WholeWord,
}

impl Rule {
    fn is_name(&self) -> bool {
        matches!(self, Rule::Name | Rule::Pass)
    }

    fn of(word: &[u8]) -> Rule {
        match word {
            b"://" => Rule::Url,
            b"basic" => Rule::Basic,
            b"auth" => Rule::Auth,
            b"identified" => Rule::Identified,
            b"login" => Rule::Login,
            b"-pass" => Rule::PassOption,
            b"openssl" => Rule::OpenSsl,
            b"ldap" => Rule::Ldap,
            b"sqlcmd" | b"osql" | b"bcp" => Rule::WholeWord,
            b"insert" | b"password" | b"_password" | b"leakcheck: ignore" => Rule::Nothing,
            _ => Rule::Anything,
        }
    }
}

/// The words that mean a password: those that end so, and those that are so.
struct Telling {
    endings: Vec<Vec<u8>>,
    whole: HashSet<Vec<u8>>,
    /// Those that may follow one of them, and those that may not stand before one.
    after: HashSet<Vec<u8>>,
    taken_away: HashSet<Vec<u8>>,
}

#[pyclass(frozen, module = "leakcheck._native")]
pub struct FirstLook {
    marks: Marks,
    rules: Vec<Rule>,
    telling: Telling,
}

/// A file that Python is to read: its number, and its bytes where they were read.
type Kept = (usize, Option<Vec<u8>>);
type Left<'py> = (usize, Option<Bound<'py, PyBytes>>);

#[pymethods]
impl FirstLook {
    /// needles, words: as for Marks; endings, whole: the words of a name that mean a password, by
    /// how they end and by themselves, in lower case; after, taken_away: those that may follow
    /// them, and those that take the meaning away.
    #[new]
    fn new(
        needles: Vec<(Vec<u8>, usize, Vec<u8>)>,
        words: Vec<Vec<u8>>,
        endings: Vec<Vec<u8>>,
        whole: Vec<Vec<u8>>,
        after: Vec<Vec<u8>>,
        taken_away: Vec<Vec<u8>>,
    ) -> PyResult<FirstLook> {
        let rules = needles
            .iter()
            .map(|(needle, ..)| match &needle[..] {
                b"pass" => Rule::Pass,
                _ => Rule::Name,
            })
            .chain(words.iter().map(|word| Rule::of(word)))
            .collect();
        let telling = Telling {
            endings,
            whole: whole.into_iter().collect(),
            after: after.into_iter().collect(),
            taken_away: taken_away.into_iter().collect(),
        };
        let marks = Marks::new(needles, words)?;
        Ok(FirstLook {
            marks,
            rules,
            telling,
        })
    }

    /// Whether a reader would look at nothing in the bytes of a file. in_code: whether it is source
    /// code for certain.
    fn holds_nothing(&self, py: Python<'_>, data: &[u8], in_code: bool) -> bool {
        py.detach(|| self.nothing_in(data, in_code))
    }

    /// A bit for each word that stands in a text, and where names to look at may.
    ///
    /// in_code: whether it is source code, where `pass` may be a word.
    fn find(&self, py: Python<'_>, data: &[u8], in_code: bool) -> (u64, Vec<usize>) {
        py.detach(|| self.hits(data, in_code))
    }

    /// Those of `places` around which a name stands that may be of a password.
    ///
    /// once: whether places in a name that was looked at are left out.
    fn telling(&self, py: Python<'_>, data: &[u8], places: Vec<usize>, once: bool) -> Vec<usize> {
        py.detach(|| {
            let mut done = 0;
            let is_telling = |place: &usize| {
                if (once && *place < done) || *place >= data.len() {
                    return false;
                }
                let (first, last) = name_at(data, *place);
                done = last;
                self.telling.may_mean(&data[first..last])
            };
            places.into_iter().filter(is_telling).collect()
        })
    }

    /// Read files until there are enough for Python to look at: the number of the next to read, and
    /// those that it is to look at.
    ///
    /// before: the path of the folder, with a slash at its end; names: paths in it; kinds: of each 0
    /// for one to leave alone, 1 for text, 2 for source code; limit: the longest file that is read.
    fn read<'py>(
        &self,
        py: Python<'py>,
        before: PathBuf,
        names: Vec<PathBuf>,
        kinds: &[u8],
        first: usize,
        limit: u64,
    ) -> PyResult<(usize, Vec<Left<'py>>)> {
        if kinds.len() != names.len() {
            return Err(PyValueError::new_err("a kind for each name"));
        }
        let (next, left) = py.detach(|| self.read_some(&before, &names, kinds, first, limit));
        let given = left
            .into_iter()
            .map(|(number, data)| (number, data.map(|data| PyBytes::new(py, &data))))
            .collect();
        Ok((next, given))
    }
}

impl FirstLook {
    fn read_some(
        &self,
        before: &std::path::Path,
        names: &[PathBuf],
        kinds: &[u8],
        first: usize,
        limit: u64,
    ) -> (usize, Vec<Kept>) {
        let (mut left, mut kept) = (Vec::new(), 0);
        let mut buffer = Vec::new();
        for (number, name) in names.iter().enumerate().skip(first) {
            let data = match kinds[number] {
                0 => None,
                _ => read_whole(&mut buffer, before.join(name), limit),
            };
            match data {
                None => left.push((number, None)),
                Some(data) if self.nothing_in(data, kinds[number] == 2) => (),
                Some(data) => {
                    kept += data.len();
                    left.push((number, Some(data.to_vec())));
                }
            }
            if buffer.len() > LARGEST_BUFFER {
                buffer = Vec::new();
            }
            if kept > MOST_KEPT {
                return (number + 1, left);
            }
        }
        (names.len(), left)
    }

    fn hits(&self, data: &[u8], in_code: bool) -> (u64, Vec<usize>) {
        let (mut present, mut found) = (0, Vec::new());
        let names = self.rules.iter().take_while(|rule| rule.is_name()).count();
        self.marks.each(
            data,
            &mut |word, start, place| match word.checked_sub(names) {
                Some(number) => present |= 1 << number,
                None if self.rules[word] == Rule::Pass
                    && in_code
                    && !is_pass_in_code(data, start) => {}
                None => found.push(place),
            },
        );
        found.sort_unstable();
        found.dedup();
        (present, found)
    }

    fn nothing_in(&self, data: &[u8], in_code: bool) -> bool {
        if !is_plain(data) || data.starts_with(POINTER) {
            return false;
        }
        let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
        let (mut anything, mut option, mut openssl) = (false, false, false);
        let mut named = 0..0; // a name that was looked at
        self.marks.each(data, &mut |word, start, place| {
            if anything {
                return;
            }
            let rule = self.rules[word];
            let end = start + self.marks.length(word);
            match rule {
                Rule::Name | Rule::Pass if named.contains(&place) => (),
                Rule::Pass if in_code && !is_pass_in_code(data, start) => (),
                Rule::Name | Rule::Pass => {
                    let (first, last) = name_at(data, place);
                    let name = &data[first..last];
                    anything = self.telling.means(name)
                        // of `${DB_PASSWORD-x}` the name ends before the value
                        || (data[..first].ends_with(b"${") && self.telling.may_mean(name));
                    if last - first < LONGEST_NAME {
                        named = first..last;
                    }
                }
                Rule::Nothing => (),
                Rule::Anything => anything = true,
                Rule::Url => anything = may_be_url(data, end),
                Rule::Basic => anything = may_be_basic(data, end),
                Rule::Auth => anything = may_be_auth(data, end),
                Rule::Identified => anything = may_identify(data, start, end, in_code),
                Rule::Login => anything = is_login(data, start),
                Rule::PassOption => {
                    option = true;
                    anything = is_pass_option(data, end);
                }
                Rule::OpenSsl => openssl = true,
                Rule::Ldap => anything = is_ldap_tool(data, end),
                Rule::WholeWord => anything = !data.get(end).is_some_and(|byte| is_word(*byte)),
            }
        });
        !(anything || (option && openssl))
    }
}

/// The bytes of a regular file; None for whatever else is there, and where it is too long.
#[cfg(unix)]
fn read_whole(buffer: &mut Vec<u8>, path: PathBuf, limit: u64) -> Option<&[u8]> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .ok()?;
    let status = file.metadata().ok()?;
    if !status.is_file() || status.len() > limit {
        return None;
    }
    let size = usize::try_from(status.len()).ok()?;
    if buffer.len() <= size {
        buffer.resize((size + 1).next_power_of_two(), 0);
    }
    let mut length = 0;
    loop {
        let count = match file.read(&mut buffer[length..=size]) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.ok()?,
        };
        length += count;
        // one that grows, or whose size is not told, is left to Python
        if length > size {
            return None;
        }
        if count == 0 || length == size {
            return Some(&buffer[..length]);
        }
    }
}

#[cfg(not(unix))]
fn read_whole(_: &mut Vec<u8>, _: PathBuf, _: u64) -> Option<&'static [u8]> {
    None
}

/// Whether text is read as its bytes are: no zero byte, no mark of UTF-16, no lone return.
fn is_plain(data: &[u8]) -> bool {
    if data.starts_with(b"\xff\xfe") || data.starts_with(b"\xfe\xff") {
        return false;
    }
    memchr::memchr2_iter(0, b'\r', data)
        .all(|at| data[at] != 0 && matches!(data.get(at + 1), Some(b'\r' | b'\n')))
}

/// Whether `word`, in lower case, stands in `data`, whatever the case there.
fn holds(data: &[u8], word: &[u8]) -> bool {
    data.windows(word.len())
        .any(|here| here.eq_ignore_ascii_case(word))
}

fn starts(data: &[u8], word: &[u8]) -> bool {
    data.get(..word.len())
        .is_some_and(|here| here.eq_ignore_ascii_case(word))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// As Python's `\s` has it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// How many bytes of `data` from `at` on are such.
fn run(data: &[u8], at: usize, such: impl Fn(u8) -> bool) -> usize {
    let rest = data.get(at..).unwrap_or(&[]);
    rest.iter().take_while(|byte| such(**byte)).count()
}

/// `name_at` of leakcheck/ci/readers/universal.py: the identifier around a place.
fn name_at(data: &[u8], at: usize) -> (usize, usize) {
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
    fn may_mean(&self, name: &[u8]) -> bool {
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
    fn means(&self, name: &[u8]) -> bool {
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
        if part.eq_ignore_ascii_case(b"secret") {
            return true; // whatever its case: that is no word of a name in camel case
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
fn is_pass_in_code(data: &[u8], at: usize) -> bool {
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

/// Whether a password may stand in the URL behind `://`: see leakcheck/ci/readers/urls.py.
fn may_be_url(data: &[u8], at: usize) -> bool {
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

fn may_be_basic(data: &[u8], at: usize) -> bool {
    let blanks = run(data, at, is_blank);
    match data.get(at) {
        _ if blanks > 0 => blanks <= 4 && may_be_pair(data, at + blanks),
        Some(b'+') => may_be_pair(data, at + 1),
        Some(b'%') => starts(&data[at..], b"%20") && may_be_pair(data, at + 3),
        _ => false,
    }
}

fn may_be_auth(data: &[u8], at: usize) -> bool {
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
fn may_identify(data: &[u8], start: usize, end: usize, in_code: bool) -> bool {
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
fn is_login(data: &[u8], start: usize) -> bool {
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

fn is_pass_option(data: &[u8], end: usize) -> bool {
    [&b""[..], b"in", b"out", b"word"].iter().any(|more| {
        starts(&data[end..], more)
            && data
                .get(end + more.len())
                .is_some_and(|byte| is_blank(*byte))
    })
}

fn is_ldap_tool(data: &[u8], end: usize) -> bool {
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
