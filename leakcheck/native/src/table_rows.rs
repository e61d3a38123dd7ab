//! Tables whose every line is a record, cut without a string for each cell.
//!
//! The reference is leakcheck/records/table.py, whose reading is that of the csv module. What
//! that would not take, or takes in two ways, is left to it: in doubt there is no answer here.

use memchr::{memchr, memchr_iter, memmem};

/// Bytes of a field that the csv module takes, at most: of characters it takes as many.
const LONGEST_FIELD: usize = 131_072;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How the lines were so far, of which those without marks may have another reading.
#[derive(Clone, Copy)]
pub struct Lines {
    /// Lines seen.
    pub seen: u64,
    /// Those with a quotation mark in them.
    pub marked: u64,
}

/// The rows of `data`, and the cells of one column, each with an LF behind it.
///
/// None where a line is no record, or where a record has another reading, no content, or nothing
/// in that column.
pub fn column(
    data: &[u8],
    delimiter: u8,
    column: Option<usize>,
    mut lines: Lines,
) -> Option<(usize, Lines, Vec<u8>)> {
    if memchr(b'\0', data).is_some()
        || memmem::find(data, BYTE_ORDER_MARK).is_some()
        || memchr_iter(b'\r', data).any(|at| data.get(at + 1) != Some(&b'\n'))
    {
        return None;
    }
    let mut cells = Vec::with_capacity(if column.is_some() { data.len() / 4 } else { 0 });
    let (mut rest, mut rows) = (data, 0);
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or(&[]);
        rows += 1;
        lines.seen += 1;
        let marked = memchr(b'"', line).is_some();
        if marked {
            lines.marked += 1;
            if lines.marked * 2 < lines.seen {
                return None;
            }
        }
        row(line, delimiter, marked, column, &mut cells)?;
    }
    Some((rows, lines, cells))
}

/// Cut one line; its cell of the column goes to `cells`.
fn row(
    line: &[u8],
    delimiter: u8,
    marked: bool,
    column: Option<usize>,
    cells: &mut Vec<u8>,
) -> Option<()> {
    let (mut at, mut number, mut filled, mut found) = (0, 0, false, column.is_none());
    let (mut enclosed, mut bare) = (false, false);
    loop {
        let wanted = column == Some(number);
        let begin = cells.len();
        let end = if marked && line.get(at) == Some(&b'"') {
            let end = quoted(line, at, wanted.then_some(&mut *cells), &mut filled)?;
            let inner = &line[at + 1..end - 1];
            enclosed |= memchr(delimiter, inner).is_none();
            end
        } else {
            let end = memchr(delimiter, &line[at..]).map_or(line.len(), |length| at + length);
            if wanted {
                cells.extend_from_slice(&line[at..end]);
            }
            filled |= end > at;
            bare |= line[at..end]
                .iter()
                .any(|byte| !b"0123456789.,+- ".contains(byte));
            end
        };
        if end - at > LONGEST_FIELD {
            return None;
        }
        if wanted {
            // Blanks are of many scripts: what has no letter or mark of ASCII is left to Python.
            if !cells[begin..].iter().any(u8::is_ascii_graphic) {
                return None;
            }
            cells.push(b'\n');
            found = true;
        }
        if end == line.len() {
            // Marks around one of several words may be its own: that has two readings.
            let mixed = marked && enclosed && bare;
            return (filled && found && !mixed).then_some(());
        }
        if line[end] != delimiter {
            return None; // behind a closing quotation mark
        }
        at = end + 1;
        number += 1;
    }
}

/// Where the quoted field at `at` ends; what it holds goes to `cell`.
fn quoted(
    line: &[u8],
    at: usize,
    mut cell: Option<&mut Vec<u8>>,
    filled: &mut bool,
) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let mark = from + memchr(b'"', &line[from..])?;
        *filled |= mark > from;
        if let Some(cell) = cell.as_mut() {
            cell.extend_from_slice(&line[from..mark]);
        }
        if line.get(mark + 1) != Some(&b'"') {
            return Some(mark + 1);
        }
        *filled = true;
        if let Some(cell) = cell.as_mut() {
            cell.push(b'"');
        }
        from = mark + 2;
    }
}
