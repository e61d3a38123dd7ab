//! The account of a chunk: how many lines of each status, and the status of the first and last.

use memchr::{memchr, memchr_iter};

/// The status of a line: 0 where it gave a key, else 1 + the place of its reason in
/// leakcheck/extract/results.py.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Status {
    Accepted = 0,
    NoAddress,
    BadDomain,
    BadAddress,
    Empty,
    TooLong,
    NotAHash,
    WrongLength,
    BelowMinimum,
    NoSeparator,
    NoPassword,
}

const STATUSES: usize = Status::NoPassword as usize + 1;
pub const LONGEST_PASSWORD: usize = 65_536;
pub const BOM: &[u8] = b"\xef\xbb\xbf";

#[derive(Default)]
pub struct Account {
    pub counts: [u64; STATUSES],
    pub first: usize,
    pub last: usize,
    any: bool,
}

impl Account {
    #[inline]
    pub fn line(&mut self, status: Status) {
        self.counts[status as usize] += 1;
        self.last = status as usize;
        if !self.any {
            self.first = self.last;
            self.any = true;
        }
    }

    /// Note one reading of a line, which may be counted already.
    #[inline]
    pub fn reading(&mut self, counted: bool, status: Status) {
        if counted {
            self.line(status);
        }
    }
}

/// How many lines end within `data[start..stop]`: see `line_ends` in leakcheck/input/chunk.py.
pub fn ended(data: &[u8], start: usize, stop: usize) -> usize {
    let mut count = memchr_iter(b'\n', &data[start..stop]).count();
    let mut at = start;
    while let Some(before) = memchr(b'\r', &data[at..stop]) {
        at += before;
        let run = data[at..].iter().take_while(|&&byte| byte == b'\r').count();
        let after = at + run;
        if data.get(after).is_some_and(|&byte| byte != b'\n') {
            count += after.min(stop) - at;
        }
        at = after.min(stop);
    }
    count
}

/// `line` without the carriage returns before its end.
#[inline]
pub fn trimmed(line: &[u8]) -> &[u8] {
    let mut end = line.len();
    while end > 0 && line[end - 1] == b'\r' {
        end -= 1;
    }
    &line[..end]
}

/// `field` without the blanks and tabs around it.
#[inline]
pub fn bare(field: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = field.iter().take_while(|byte| blank(byte)).count();
    let rest = &field[start..];
    let blanks = rest.iter().rev().take_while(|byte| blank(byte)).count();
    &rest[..rest.len() - blanks]
}

/// Whether some line of `data` may have more than one reading: it holds a carriage return
/// that does not end it, or a byte order mark.
pub fn any_parted(data: &[u8]) -> bool {
    memchr::memchr2_iter(b'\r', BOM[0], data)
        .any(|at| data[at..].starts_with(BOM) || (data[at] == b'\r' && within(data, at)))
}

/// Whether the carriage return at `at` stands within a line; of several in a row, one may
/// say so that does not.
fn within(data: &[u8], at: usize) -> bool {
    data.get(at + 1).is_some_and(|&next| next != b'\n')
}

/// Calls `each` with what may be one line of `line`, which LF ended, and whether it is counted.
pub fn readings<'a>(line: &'a [u8], mut each: impl FnMut(&'a [u8], bool)) {
    let mut parts = 0;
    for part in line.split(|&byte| byte == b'\r') {
        parts += 1;
        each(part, true);
        let (mut rest, mut joined) = (part, false);
        while let Some(at) = memchr::memmem::find(rest, BOM) {
            joined = true;
            if at > 0 {
                each(&rest[..at], false);
            }
            rest = &rest[at + BOM.len()..];
        }
        if joined && !rest.is_empty() {
            each(rest, false);
        }
    }
    if parts > 1 && line.len() <= LONGEST_PASSWORD {
        each(line, false);
    }
}

/// Calls `each` with `field`, then with what carriage returns and byte order marks part it into.
pub fn parts<'a>(field: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    each(field);
    let mut rest = field;
    loop {
        let end = memchr::memchr2_iter(b'\r', BOM[0], rest)
            .find(|&at| rest[at] == b'\r' || rest[at..].starts_with(BOM));
        let piece = &rest[..end.unwrap_or(rest.len())];
        if !piece.is_empty() && piece != field {
            each(piece);
        }
        let Some(end) = end else { return };
        rest = &rest[end + if rest[end] == b'\r' { 1 } else { BOM.len() }..];
    }
}
