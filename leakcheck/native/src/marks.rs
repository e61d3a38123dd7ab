//! Which of a few dozen words stand in a text, and where some of them do: one walk over it.
//!
//! The plain twin is leakcheck/ci/marks_reference.py. Letters are compared as ASCII does, without
//! their case; words are given in lower case.

use crate::teddy::Words;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Words of which the presence counts are at most so many: they are bits of a u64.
const MOST_WORDS: usize = 64;
/// Of more words than these too many places look like one of them.
const MOST_LIKELY: usize = 96;
/// Shorter texts are searched without giving up the GIL: that costs more than they do.
const SHORT: usize = 1 << 15;

/// A needle: how many bytes behind its beginning the place is, and which lower-case letters may not
/// follow it, a bit each.
struct Needle {
    shift: usize,
    forbidden: u32,
}

/// How words are looked for: one after another in likely places, or all at once.
enum Way {
    Likely(Box<Words>),
    Automaton(AhoCorasick),
}

#[pyclass(frozen, module = "leakcheck._native")]
pub struct Marks {
    words: Way,
    needles: Vec<Needle>,
    lengths: Vec<usize>,
}

#[pymethods]
impl Marks {
    /// needles: words whose places are wanted, with how many bytes behind their beginning those
    /// are, and the letters that may not follow; words: those of which the presence is.
    #[new]
    pub fn new(needles: Vec<(Vec<u8>, usize, Vec<u8>)>, words: Vec<Vec<u8>>) -> PyResult<Marks> {
        let all: Vec<&Vec<u8>> = needles
            .iter()
            .map(|needle| &needle.0)
            .chain(&words)
            .collect();
        if words.len() > MOST_WORDS || all.iter().any(|word| word.is_empty()) {
            return Err(PyValueError::new_err("too many words, or an empty one"));
        }
        let likely = Words::new(&all).filter(|_| all.len() <= MOST_LIKELY);
        let words = match likely {
            Some(words) => Way::Likely(Box::new(words)),
            None => Way::Automaton(
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::Standard)
                    .kind(Some(AhoCorasickKind::DFA))
                    .build(&all)
                    .map_err(|error| PyValueError::new_err(error.to_string()))?,
            ),
        };
        let lengths = all.iter().map(|word| word.len()).collect();
        let needles = needles.iter().map(|(_, shift, letters)| Needle {
            shift: *shift,
            forbidden: letters.iter().fold(0, |bits, letter| bits | bit(*letter)),
        });
        Ok(Marks {
            words,
            needles: needles.collect(),
            lengths,
        })
    }

    /// A bit for each word that stands in `data`, and the offsets at which needles begin, ascending.
    fn find(&self, py: Python<'_>, data: &[u8]) -> (u64, Vec<usize>) {
        if data.len() < SHORT {
            self.walk(data)
        } else {
            py.detach(|| self.walk(data))
        }
    }
}

impl Marks {
    /// How long a word is; needles come first.
    pub fn length(&self, word: usize) -> usize {
        self.lengths[word]
    }

    /// Calls `note` with the number of every word that stands in `data`, needles first, with where
    /// it begins and, of a needle, its place.
    pub fn each(&self, data: &[u8], note: &mut impl FnMut(usize, usize, usize)) {
        let mut seen = |word: usize, start: usize| match self.needles.get(word) {
            None => note(word, start, start),
            Some(needle) => {
                let next = data.get(start + self.lengths[word]);
                if next.map_or(0, |byte| bit(*byte)) & needle.forbidden == 0 {
                    note(word, start, start + needle.shift);
                }
            }
        };
        match &self.words {
            Way::Likely(words) => words.find(data, &mut seen),
            Way::Automaton(automaton) => {
                for hit in automaton.find_overlapping_iter(data) {
                    seen(hit.pattern().as_usize(), hit.start());
                }
            }
        }
    }

    fn walk(&self, data: &[u8]) -> (u64, Vec<usize>) {
        let (mut present, mut found) = (0u64, Vec::new());
        self.each(
            data,
            &mut |word, _, place| match word.checked_sub(self.needles.len()) {
                Some(number) => present |= 1 << number,
                None => found.push(place),
            },
        );
        found.sort_unstable();
        found.dedup();
        (present, found)
    }
}

/// The bit of a letter, whatever its case; none for other bytes.
fn bit(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => 1 << (letter - b'a'),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn overlapping_words_are_all_seen() {
        let words = |list: &[&str]| list.iter().map(|word| word.as_bytes().to_vec()).collect();
        let needle = |word: &str, shift, not: &str| (word.into(), shift, not.into());
        let needles = vec![
            needle("pass", 0, ""),
            needle("pw", 0, "z"),
            needle("assp", 1, ""),
        ];
        let marks = Marks::new(needles, words(&["://", "passw"])).unwrap();
        assert_eq!(marks.walk(b"x PassPw ://"), (1, vec![2, 4, 6]));
        assert_eq!(marks.walk(b"PASSWORD pwZ pw"), (2, vec![0, 13]));
        assert_eq!(marks.walk(b""), (0, vec![]));
    }

    #[test]
    fn likely_places_are_those_of_the_automaton() {
        let words: Vec<Vec<u8>> = ["pass", "passw", "assp", "://", "Word", "_pass"]
            .map(|word| word.as_bytes().to_vec())
            .to_vec();
        let quick = Marks::new(vec![], words.clone()).unwrap();
        let short = [words, vec![b"q".to_vec()]].concat();
        let slow = Marks::new(vec![], short).unwrap();
        assert!(matches!(quick.words, super::Way::Likely(_)) || !cfg!(target_arch = "x86_64"));
        assert!(matches!(slow.words, super::Way::Automaton(_)));
        for length in 0..90 {
            for text in ["_PassPassWord://", "assp", "://", "passw"] {
                let data = [vec![b'.'; length], text.into(), vec![b'/'; length % 7]].concat();
                assert_eq!(quick.walk(&data), slow.walk(&data));
                assert_ne!(quick.walk(&data).0, 0);
            }
        }
    }
}
