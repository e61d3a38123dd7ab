//! The tokens of a JSON file that can matter where passwords are looked for: its plain twin is
//! leakcheck/ci/readers/json_tokens.py, which takes all.
//!
//! A mapping counts where something that stands in it may be a name: it is given whole, with what
//! is two levels below it. Of everything else there are only the strings with a name in them, and
//! lists in place of what holds such.

use pyo3::prelude::*;

const SCALAR: u8 = 0;
const MAPPING: u8 = 1;
const SEQUENCE: u8 = 2;
const CLOSE: u8 = 3;
/// Levels below a mapping that counts of which all is given.
const BELOW: u8 = 2;

/// What it is, and from where to where.
type Token = (u8, u32, u32);

#[derive(Default)]
struct Held {
    parent: usize,
    is_mapping: bool,
    items: usize,
    /// The last item, where it is another of these.
    last: Option<usize>,
    /// Whether all of it counts.
    counts: bool,
    /// Whether it, or something below it, is to be given at all.
    needed: bool,
}

struct Tokens<'a> {
    data: &'a [u8],
    at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

impl Iterator for Tokens<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let data = self.data;
        let skipped = |byte: &u8| is_space(*byte) || matches!(byte, b',' | b':');
        self.at += data[self.at..]
            .iter()
            .take_while(|byte| skipped(byte))
            .count();
        let start = self.at;
        let rest = &data[start..];
        let length = match rest.first()? {
            b'"' => string(rest),
            b'{' | b'}' | b'[' | b']' => 1,
            b'/' => match rest.get(1) {
                Some(b'/') => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                Some(b'*') => {
                    memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |at| at + 4)
                }
                _ => 1,
            },
            _ => {
                let ends = |byte: &u8| is_space(*byte) || b"{}[],:\"/".contains(byte);
                rest.iter().position(ends).unwrap_or(rest.len())
            }
        };
        self.at = start + length;
        Some((start, self.at))
    }
}

/// How long a string is, with its quotes; it ends with its line, or before a backslash there.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(place) = memchr::memchr3(b'"', b'\\', b'\n', &text[at..]) {
        at += place;
        match text[at] {
            b'"' => return at + 1,
            b'\\' if text.get(at + 1).is_some_and(|next| *next != b'\n') => at += 2,
            _ => return at,
        }
    }
    text.len()
}

/// Whether JSON knows a string or word that is written so.
fn is_json(token: &[u8]) -> bool {
    match token[0] {
        b'"' => token.len() > 1 && token.ends_with(b"\""),
        b'-' | b'0'..=b'9' => true,
        _ => matches!(token, b"true" | b"false" | b"null"),
    }
}

/// Whether a name may be in a string in which no place is one: through an escape, or where `pass`
/// and `pw` are not looked at for the letter that follows, as in `passValue`.
fn may_name(token: &[u8]) -> bool {
    let starts = |at: usize, word: &[u8]| {
        let here = token.get(at..at + word.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(word))
    };
    memchr::memchr3_iter(b'p', b'P', b'\\', token)
        .any(|at| starts(at, b"pass") || starts(at, b"pw") || token[at..].starts_with(b"\\u"))
}

fn sieve(data: &[u8], hits: &[usize]) -> (Vec<Token>, bool) {
    let (mut tokens, mut held): (Vec<Token>, _) = (Vec::new(), vec![Held::default()]);
    let (mut whole, mut top, mut hit) = (true, 0, 0);
    for (start, end) in (Tokens { data, at: 0 }) {
        let token = &data[start..end];
        let place = (start as u32, end as u32);
        match token[0] {
            b'}' | b']' => {
                if top == 0 {
                    whole = false;
                    continue;
                }
                top = held[top].parent;
                tokens.push((CLOSE, place.0, place.1));
            }
            mark @ (b'{' | b'[') => {
                let number = held.len();
                held[top].items += 1;
                held[top].last = Some(number);
                held.push(Held {
                    parent: top,
                    is_mapping: mark == b'{',
                    ..Held::default()
                });
                top = number;
                tokens.push((
                    if mark == b'{' { MAPPING } else { SEQUENCE },
                    place.0,
                    place.1,
                ));
            }
            b'/' if token.len() > 1 => (),
            _ => {
                whole = whole && is_json(token);
                hit += hits[hit..].iter().take_while(|at| **at < start).count();
                let is_hit = hits.get(hit).is_some_and(|at| *at < end);
                let held = &mut held[top];
                held.items += 1;
                held.last = None;
                held.needed |= is_hit;
                held.counts |= held.is_mapping && (is_hit || may_name(token));
                tokens.push((SCALAR, place.0, place.1));
            }
        }
    }
    whole = whole && top == 0;
    for number in (1..held.len()).rev() {
        let Held { parent, counts, .. } = held[number];
        held[number].needed |= counts;
        // a key without a value is in no pair
        let dead = held[parent].is_mapping
            && held[parent].items % 2 == 1
            && held[parent].last == Some(number);
        held[parent].needed |= held[number].needed && !dead;
        if dead {
            held[number].needed = false;
            held[number].counts = false;
        }
    }
    (given(&tokens, &held, hits), whole)
}

/// How what is inside of one is given.
#[derive(Clone, Copy)]
struct Level {
    /// All of it, and so for one level less below; nothing but what has a hit at 0.
    all: u8,
    /// Whether anything is.
    any: bool,
}

fn given(tokens: &[Token], held: &[Held], hits: &[usize]) -> Vec<Token> {
    let mut found = Vec::new();
    let mut levels = vec![Level { all: 0, any: true }];
    let (mut next, mut hit) = (1, 0);
    for token in tokens {
        let level = levels[levels.len() - 1];
        match token.0 {
            SCALAR => {
                let start = token.1 as usize;
                hit += hits[hit..].iter().take_while(|at| **at < start).count();
                let is_hit = hits.get(hit).is_some_and(|at| *at < token.2 as usize);
                if level.any && (level.all > 0 || is_hit) {
                    found.push(*token);
                }
            }
            CLOSE => {
                levels.pop();
                if level.any {
                    found.push(*token);
                }
            }
            kind => {
                let below = level.all.saturating_sub(1);
                let all = if held[next].counts { BELOW + 1 } else { below };
                let any = level.any && (level.all > 0 || held[next].needed);
                next += 1;
                levels.push(Level { all, any });
                if any {
                    found.push((if all > 0 { kind } else { SEQUENCE }, token.1, token.2));
                }
            }
        }
    }
    found
}

/// What can matter in JSON: what each is (0 a scalar, 1 a mapping, 2 a list, 3 the end of one), from
/// where to where it stands; and whether all of the text is JSON. hits: where names may stand.
#[pyfunction]
pub fn json_sieve(py: Python<'_>, data: &[u8], hits: Vec<usize>) -> (Vec<Token>, bool) {
    py.detach(|| sieve(data, &hits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(data: &str, hits: &[usize]) -> (Vec<u8>, bool) {
        let (tokens, whole) = sieve(data.as_bytes(), hits);
        (tokens.iter().map(|token| token.0).collect(), whole)
    }

    #[test]
    fn what_holds_no_name_is_left_out() {
        assert_eq!(kinds(r#"{"a": [1, {"b": "c"}]}"#, &[]), (vec![], true));
        let data = r#"{"a": {"pass": "x", "b": [1]}, "c": [2]}"#;
        assert_eq!(
            kinds(data, &[8]),
            (vec![2, 1, 0, 0, 0, 2, 0, 3, 3, 3], true)
        );
        assert_eq!(kinds(r#"["a", "pass"]"#, &[7]), (vec![2, 0, 3], true));
        assert_eq!(
            kinds(r#"{"a", {"pass": 1}, {"pass": 1}"#, &[8, 21]),
            (vec![2, 1, 0, 0, 3], false)
        );
    }
}
