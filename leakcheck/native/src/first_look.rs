//! Whether a file holds nothing that a reader of `leakcheck ci` would look at: most do.
//!
//! Passes over what leakcheck/ci/reading.py would not read, and nothing else; whatever is not plain
//! (bytes that are no text, encodings, links, files too large) is left to Python, which has rules
//! for it.

mod bytes;
mod files;
mod names;
mod statements;

use crate::marks::Marks;
use bytes::is_word;
use names::{is_pass_in_code, name_at, Telling, LONGEST_NAME};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use statements::{
    is_ldap_tool, is_login, is_pass_option, may_be_auth, may_be_basic, may_be_url, may_identify,
};
use std::path::PathBuf;

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

#[pyclass(frozen, module = "leakcheck._native")]
pub struct FirstLook {
    marks: Marks,
    rules: Vec<Rule>,
    telling: Telling,
}

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
        let (next, left) = py.detach(|| {
            let holds_nothing = |data: &[u8], in_code| self.nothing_in(data, in_code);
            files::read_some(&before, &names, kinds, first, limit, holds_nothing)
        });
        let given = left
            .into_iter()
            .map(|(number, data)| (number, data.map(|data| PyBytes::new(py, &data))))
            .collect();
        Ok((next, given))
    }
}

impl FirstLook {
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

/// Whether text is read as its bytes are: no zero byte, no mark of UTF-16, no lone return.
fn is_plain(data: &[u8]) -> bool {
    if data.starts_with(b"\xff\xfe") || data.starts_with(b"\xfe\xff") {
        return false;
    }
    memchr::memchr2_iter(0, b'\r', data)
        .all(|at| data[at] != 0 && matches!(data.get(at + 1), Some(b'\r' | b'\n')))
}
