//! Where the comments and strings of source code are: leakcheck/ci/readers/lexical.py in one walk,
//! with the parts of its patterns by their names. At each place the first part that fits counts.

use crate::python::bytes;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// How a part goes on behind what opens it.
#[derive(Clone, Copy)]
enum Rest {
    /// To the end of the line.
    Line,
    /// To where these bytes stand, or to the end of the text.
    Until(&'static [u8]),
    /// To the same quote, a backslash taking the next byte along; whether it ends with its line.
    Quoted { lines: bool },
    /// To a quote that is not doubled.
    Doubled,
    /// One character, or a short escape, in quotes.
    Character,
}

/// What may stand before or behind the opening.
#[derive(Clone, Copy)]
enum Beside {
    Anything,
    /// No part of a word before.
    Word,
    /// For `#`: no word or quote before, no bracket behind.
    Hash,
    /// No `[` behind.
    NoBracket,
}

struct Part {
    kind: char,
    opens: &'static [&'static [u8]],
    beside: Beside,
    rest: Rest,
}

fn part(name: &str) -> Option<Part> {
    use Beside::*;
    use Rest::*;
    let (opens, beside, rest): (&'static [&'static [u8]], _, _) = match name {
        "c1" => (&[b"//"], Anything, Line),
        "c2" => (&[b"/*"], Anything, Until(b"*/")),
        "c3" => (&[b"#"], Hash, Line),
        "c4" => (&[b"--"], NoBracket, Line),
        "c5" => (&[b"%"], Anything, Line),
        "c6" => (&[b";"], Anything, Line),
        "c7" => (&[b"(*"], Anything, Until(b"*)")),
        "c8" => (&[b"{-"], Anything, Until(b"-}")),
        "c9" => (&[b"--[["], Anything, Until(b"]]")),
        "c10" => (&[b"<!--"], Anything, Until(b"-->")),
        "c11" => (&[b"'"], Anything, Line),
        "m1" => (&[b"\"\"\""], Anything, Until(b"\"\"\"")),
        "m2" => (&[b"'''"], Anything, Until(b"'''")),
        "m3" => (&[b"`"], Anything, Quoted { lines: true }),
        "m4" => (&[b"`"], Anything, Until(b"`")),
        "m5" => (&[b"@\"", b"@$\"", b"$@\""], Anything, Doubled),
        "m6" => (&[b"R\"("], Word, Until(b")\"")),
        "m6b" => (&[b"r#\""], Word, Until(b"\"#")),
        "m7" => (&[b"[["], Anything, Until(b"]]")),
        "m8" => (&[b"\""], Anything, Quoted { lines: true }),
        "m9" => (&[b"''"], Anything, Until(b"''")),
        "s1" => (&[b"\""], Anything, Quoted { lines: false }),
        "s2" => (&[b"'"], Anything, Quoted { lines: false }),
        "s3" => (&[b"'"], Anything, Character),
        _ => return None,
    };
    Some(Part {
        kind: name.chars().next()?,
        opens,
        beside,
        rest,
    })
}

impl Part {
    /// Where the part that begins at `at` ends; None where it does not begin there.
    fn end(&self, data: &[u8], at: usize) -> Option<usize> {
        let here = &data[at..];
        let open = self.opens.iter().find(|open| here.starts_with(open))?;
        let (first, behind) = (open[0], at + open.len());
        let before = at.checked_sub(1).map(|at| data[at]);
        let fits = match self.beside {
            Beside::Anything => true,
            Beside::Word => !before.is_some_and(is_word),
            Beside::Hash => {
                !before.is_some_and(|byte| is_word(byte) || b"$&\\'\"".contains(&byte))
                    && !matches!(data.get(behind), Some(b'{' | b'['))
            }
            Beside::NoBracket => data.get(behind) != Some(&b'['),
        };
        if !fits {
            return None;
        }
        match self.rest {
            Rest::Line => Some(found(data, behind, b"\n").unwrap_or(data.len())),
            Rest::Until(close) => {
                Some(found(data, behind, close).map_or(data.len(), |at| at + close.len()))
            }
            Rest::Quoted { lines } => quoted(data, behind, first, lines),
            Rest::Doubled => Some(doubled(data, behind)),
            Rest::Character => character(data, behind),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn found(data: &[u8], at: usize, what: &[u8]) -> Option<usize> {
    let place = match what {
        [byte] => memchr::memchr(*byte, &data[at..]),
        _ => memchr::memmem::find(&data[at..], what),
    };
    place.map(|place| at + place)
}

/// Where a string ends: at its mark, at the end of its line, or at that of the text.
fn quoted(data: &[u8], mut at: usize, quote: u8, lines: bool) -> Option<usize> {
    let stop = if lines { quote } else { b'\n' };
    while let Some(place) = memchr::memchr3(quote, b'\\', stop, &data[at..]) {
        at += place;
        match data[at] {
            b'\\' if at + 1 == data.len() => return Some(data.len()),
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => return Some(at),
        }
    }
    Some(data.len())
}

fn doubled(data: &[u8], mut at: usize) -> usize {
    while let Some(place) = memchr::memchr(b'"', &data[at..]) {
        at += place + 1;
        if data.get(at) != Some(&b'"') {
            return at;
        }
        at += 1;
    }
    data.len()
}

fn character(data: &[u8], at: usize) -> Option<usize> {
    let is_quote = |at: usize| data.get(at) == Some(&b'\'');
    match *data.get(at)? {
        b'\'' | b'\n' => None,
        b'\\' => (at + 2..=at + 11)
            .take_while(|end| data.get(end - 1).is_some_and(|byte| *byte != b'\n'))
            .find(|end| is_quote(*end))
            .map(|end| end + 1),
        _ => is_quote(at + 1).then_some(at + 2),
    }
}

type Span = (usize, usize, char);

fn walk(data: &[u8], parts: &[Part]) -> Vec<Span> {
    let mut opens = [false; 256];
    for open in parts.iter().flat_map(|part| part.opens) {
        opens[open[0] as usize] = true;
    }
    let (mut spans, mut at) = (Vec::new(), 0);
    while let Some(place) = data[at..].iter().position(|byte| opens[*byte as usize]) {
        at += place;
        let ended = parts
            .iter()
            .find_map(|part| part.end(data, at).map(|end| (end, part.kind)));
        match ended {
            Some((end, kind)) => {
                spans.push((at, end, kind));
                at = end;
            }
            None => at += 1,
        }
    }
    spans
}

/// The comments (c), strings (s), and strings that may have lines (m) of one text.
#[pyclass(frozen, module = "leakcheck._native")]
pub struct Spans {
    spans: Vec<Span>,
}

#[pymethods]
impl Spans {
    /// parts: names of the parts of the language's pattern, in order.
    #[new]
    fn new(py: Python<'_>, data: PyBuffer<u8>, parts: Vec<String>) -> PyResult<Spans> {
        let mut known = Vec::new();
        for name in &parts {
            let unknown = || PyValueError::new_err(format!("no part {name}"));
            known.push(part(name).ok_or_else(unknown)?);
            if name == "m6" {
                known.extend(part("m6b"));
            }
        }
        let data = bytes(&data)?;
        Ok(Spans {
            spans: py.detach(|| walk(data, &known)),
        })
    }

    /// The one around an offset: from where to where, and its kind.
    fn at(&self, offset: usize) -> Option<Span> {
        let index = self.spans.partition_point(|span| span.0 <= offset);
        let span = self.spans[..index].last()?;
        (offset < span.1).then_some(*span)
    }
}
