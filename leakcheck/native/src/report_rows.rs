//! The text of a report on rows that are clean: most are, and differ in their cells alone.
//!
//! The reference are the writers in leakcheck/reports: what stands between the cells is theirs,
//! cut out of one row that they wrote. A row of which it is not sure here how they write it is
//! left to them.

use crate::python::bytes;
use memchr::{memchr, memchr_iter};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sha1::{Digest, Sha1};

/// Bytes of a cell that is shown whole.
const LONGEST: usize = 2000;
/// Characters of an HTML cell that wants no width: `_LONG` in leakcheck/reports/html.py.
const NARROW: usize = 60;
const HIDDEN: &[u8] = "•••".as_bytes();
const CELL: &[u8] = b"<td>";
const LONG_CELL: &[u8] = b"<td class=\"long\">";

/// How a cell is written.
#[derive(Clone, Copy)]
enum Style {
    /// Cells apart by this delimiter, in marks where they need them.
    Delimited(u8),
    /// Within the quotation marks of a JSON string.
    Json,
    /// Behind the tag of an HTML cell.
    Html,
}

/// What is written of a row, each behind a text that is the same in all.
enum Field {
    Number,
    Subject,
    Cell(usize),
    /// Whether there is anything in a cell, but not what.
    Hidden(usize),
}

/// The rows as they stand, and what is known of them.
struct Rows<'a> {
    data: &'a [u8],
    /// None where each line is one cell.
    delimiter: Option<u8>,
    /// Cells of each row.
    width: usize,
    /// The subjects' column.
    subject: usize,
    digests: &'a [u8],
    /// The place of each row's digest; None where row i has digest i.
    places: Option<&'a [u32]>,
    /// One a row, 0 for those to write.
    codes: &'a [u8],
    first: u64,
}

/// Texts, between which stand the rows that are left; those; the fields that held something.
type Written = (Vec<String>, Vec<usize>, Vec<bool>);

/// Where a cell is: in its line, or unescaped in the spare room.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    spare: bool,
}

/// The cells of a line and the room for those that had to be unescaped.
#[derive(Default)]
struct Cells {
    spans: Vec<Span>,
    spare: Vec<u8>,
}

impl Cells {
    /// Cut `line`; false where it is no row of cells.
    fn cut(&mut self, line: &[u8], delimiter: Option<u8>) -> bool {
        self.spans.clear();
        self.spare.clear();
        let Some(delimiter) = delimiter else {
            self.push(0, line.len(), false);
            return true;
        };
        let mut at = 0;
        loop {
            let end = if line.get(at) == Some(&b'"') {
                let Some(end) = self.quoted(line, at) else {
                    return false;
                };
                end
            } else {
                let end = memchr(delimiter, &line[at..]).map_or(line.len(), |length| at + length);
                self.push(at, end, false);
                end
            };
            match line.get(end) {
                None => return true,
                Some(&mark) if mark == delimiter => at = end + 1,
                Some(_) => return false,
            }
        }
    }

    fn push(&mut self, start: usize, end: usize, spare: bool) {
        self.spans.push(Span { start, end, spare });
    }

    /// Where the field in quotation marks at `at` ends.
    fn quoted(&mut self, line: &[u8], at: usize) -> Option<usize> {
        let begin = self.spare.len();
        let mut from = at + 1;
        loop {
            let mark = from + memchr(b'"', &line[from..])?;
            if line.get(mark + 1) == Some(&b'"') {
                self.spare.extend_from_slice(&line[from..=mark]);
                from = mark + 2;
                continue;
            }
            if self.spare.len() == begin {
                self.push(from, mark, false);
            } else {
                self.spare.extend_from_slice(&line[from..mark]);
                self.push(begin, self.spare.len(), true);
            }
            return Some(mark + 1);
        }
    }

    fn get<'a>(&'a self, line: &'a [u8], at: usize) -> &'a [u8] {
        let span = self.spans[at];
        let whole = if span.spare { &self.spare } else { line };
        &whole[span.start..span.end]
    }
}

/// Whether every writer writes this character as it is, or escapes it as `put` does.
fn is_plain(mark: char) -> bool {
    matches!(u32::from(mark),
        0x20..=0x7e | 0xa1..=0xac | 0xae..=0x377 | 0x400..=0x52f | 0x5d0..=0x5ea | 0x621..=0x64a
        | 0x904..=0x939 | 0xe01..=0xe3a | 0x1e00..=0x1f15 | 0x2010..=0x2027 | 0x2030..=0x205e
        | 0x20a0..=0x20bf | 0x3001..=0x3002 | 0x3041..=0x3096 | 0x309b..=0x30ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fef | 0xac00..=0xd7a3)
}

/// Whether every writer surely writes all of this text; with how many characters it has.
fn plain(text: &[u8]) -> Option<usize> {
    if text.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Some(text.len());
    }
    let text = std::str::from_utf8(text).ok()?;
    text.chars().all(is_plain).then(|| text.chars().count())
}

/// `[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?`, whole.
fn is_number(text: &[u8]) -> bool {
    let digits = |at: usize| text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let signed = |at: usize| at + usize::from(matches!(text.get(at), Some(b'+' | b'-')));
    let start = signed(0);
    let mut at = start + digits(start);
    if at == start {
        return false;
    }
    if matches!(text.get(at), Some(b'.' | b',')) && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if matches!(text.get(at), Some(b'e' | b'E')) && digits(signed(at + 1)) > 0 {
        at = signed(at + 1) + digits(signed(at + 1));
    }
    at == text.len()
}

/// Write a cell; false where it is not sure how.
fn put(cell: &[u8], style: Style, out: &mut Vec<u8>) -> bool {
    if cell.len() > LONGEST {
        return false;
    }
    let Some(mut length) = plain(cell) else {
        return false;
    };
    let Some(&first) = cell.first() else {
        return true;
    };
    match style {
        Style::Delimited(delimiter) => {
            // A cell that a spreadsheet program would take for a formula: `guard` in delimited.py.
            let formula = b"=+-@%|".contains(&first);
            if first == b' ' || (formula && length != cell.len()) {
                return false;
            }
            let guarded = formula && !is_number(cell);
            let marked = memchr::memchr2(b'"', delimiter, cell).is_some();
            if marked {
                out.push(b'"');
            }
            if guarded {
                out.push(b'\'');
            }
            doubled(cell, out);
            if marked {
                out.push(b'"');
            }
        }
        Style::Json => escaped(cell, out, |byte| match byte {
            b'"' => Some(b"\\\""),
            b'\\' => Some(b"\\\\"),
            _ => None,
        }),
        Style::Html => {
            let begin = out.len();
            escaped(cell, out, |byte| match byte {
                b'&' => Some(b"&amp;"),
                b'<' => Some(b"&lt;"),
                b'>' => Some(b"&gt;"),
                b'"' => Some(b"&quot;"),
                b'\'' => Some(b"&#x27;"),
                _ => None,
            });
            length += out.len() - begin - cell.len();
            if length > NARROW && out[..begin].ends_with(CELL) {
                out.splice(begin - CELL.len()..begin, LONG_CELL.iter().copied());
            }
        }
    }
    true
}

/// Write `text` with every quotation mark twice.
fn doubled(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for mark in memchr_iter(b'"', text) {
        out.extend_from_slice(&text[from..=mark]);
        from = mark;
    }
    out.extend_from_slice(&text[from..]);
}

/// Write `text` with some of its bytes replaced.
fn escaped(text: &[u8], out: &mut Vec<u8>, escape: impl Fn(u8) -> Option<&'static [u8]>) {
    let mut from = 0;
    for (at, &byte) in text.iter().enumerate() {
        if let Some(written) = escape(byte) {
            out.extend_from_slice(&text[from..at]);
            out.extend_from_slice(written);
            from = at + 1;
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// The decimal digits of `number`, at the end of `room`.
pub fn digits(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut at = room.len();
    loop {
        at -= 1;
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &room[at..];
        }
    }
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

impl Rows<'_> {
    /// The canonical subject of a cell, where the digest that was asked for says that it is no
    /// more than its bytes in lower case.
    fn canonical(&self, cell: &[u8], row: usize) -> Option<Vec<u8>> {
        let start = cell.iter().position(|byte| !is_space(byte))?;
        let end = cell.iter().rposition(|byte| !is_space(byte))? + 1;
        let lower = cell[start..end].to_ascii_lowercase();
        let place = match self.places {
            Some(places) => *places.get(row)? as usize,
            None => row,
        };
        let asked = self.digests.get(place * 20..place * 20 + 20)?;
        (Sha1::digest(&lower)[..] == *asked).then_some(lower)
    }

    /// Write every row that is to be written; None where the lines are not the rows.
    fn write(&self, layout: &[(Field, String)], tail: &str, style: Style) -> Option<Written> {
        if memchr_iter(b'\r', self.data).any(|at| self.data.get(at + 1) != Some(&b'\n')) {
            return None;
        }
        let shows = |field: &Field| !matches!(field, Field::Number);
        let cuts = layout.iter().any(|(field, _)| shows(field));
        let (mut texts, mut left) = (Vec::new(), Vec::new());
        let mut used = vec![false; layout.len()];
        let mut out: Vec<u8> = Vec::with_capacity(self.data.len() * 2);
        let mut cells = Cells::default();
        let (mut rest, mut row) = (self.data, 0);
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or(&[]);
            let begin = out.len();
            let written = *self.codes.get(row)? == 0
                && (!cuts || (cells.cut(line, self.delimiter) && cells.spans.len() == self.width))
                && self.fields(row, line, &cells, layout, style, &mut out, &mut used);
            if written {
                out.extend_from_slice(tail.as_bytes());
            } else {
                out.truncate(begin);
                texts.push(String::from_utf8(std::mem::take(&mut out)).ok()?);
                left.push(row);
            }
            row += 1;
        }
        texts.push(String::from_utf8(out).ok()?);
        (row == self.codes.len()).then_some((texts, left, used))
    }

    #[allow(clippy::too_many_arguments)] // what `write` has at hand
    fn fields(
        &self,
        row: usize,
        line: &[u8],
        cells: &Cells,
        layout: &[(Field, String)],
        style: Style,
        out: &mut Vec<u8>,
        used: &mut [bool],
    ) -> bool {
        let mut room = [0; 20];
        for (at, (field, before)) in layout.iter().enumerate() {
            out.extend_from_slice(before.as_bytes());
            let begin = out.len();
            let written = match field {
                Field::Number => {
                    let number = self.first.wrapping_add(row as u64);
                    out.extend_from_slice(digits(number, &mut room));
                    true
                }
                Field::Subject => {
                    let found = self.canonical(cells.get(line, self.subject), row);
                    found.is_some_and(|subject| put(&subject, style, out))
                }
                &Field::Cell(at) => put(cells.get(line, at), style, out),
                &Field::Hidden(at) => {
                    if !cells.get(line, at).is_empty() {
                        out.extend_from_slice(HIDDEN);
                    }
                    true
                }
            };
            if !written {
                return false;
            }
            used[at] |= out.len() > begin;
        }
        true
    }
}

/// A field as Python names it: `number`, `subject`, `cell` or `hidden`, the last two of a column.
fn field(name: &str, column: usize, width: usize) -> PyResult<Field> {
    match name {
        "number" => Ok(Field::Number),
        "subject" => Ok(Field::Subject),
        "cell" if column < width => Ok(Field::Cell(column)),
        "hidden" if column < width => Ok(Field::Hidden(column)),
        _ => Err(PyValueError::new_err("there is no such field")),
    }
}

/// See `leakcheck/scanning/numbered.py`.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // as Python gives them
pub fn clean_rows(
    py: Python<'_>,
    data: PyBuffer<u8>,
    cut: (Option<u8>, usize, usize),
    digests: PyBuffer<u8>,
    places: Option<PyBuffer<u32>>,
    codes: PyBuffer<u8>,
    first: u64,
    layout: Vec<(String, usize, String)>,
    tail: String,
    style: &str,
) -> PyResult<Option<Written>> {
    let (delimiter, width, subject) = cut;
    let style = match (style, style.as_bytes()) {
        ("json", _) => Style::Json,
        ("html", _) => Style::Html,
        (_, &[mark]) if mark.is_ascii() => Style::Delimited(mark),
        _ => return Err(PyValueError::new_err("there is no such style")),
    };
    if subject >= width {
        return Err(PyValueError::new_err("the subject is in no column"));
    }
    let places = places.map(|places| places.to_vec(py)).transpose()?;
    let layout = layout
        .into_iter()
        .map(|(name, column, before)| Ok((field(&name, column, width)?, before)))
        .collect::<PyResult<Vec<_>>>()?;
    let rows = Rows {
        data: bytes(&data)?,
        delimiter,
        width,
        subject,
        digests: bytes(&digests)?,
        places: places.as_deref(),
        codes: bytes(&codes)?,
        first,
    };
    Ok(py.detach(|| rows.write(&layout, &tail, style)))
}
