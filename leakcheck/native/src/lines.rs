//! The account of a chunk: how many lines of each status, and the status of the first and last.

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

/// The lines of `data`, without what ends them.
pub fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = data.strip_suffix(b"\n").unwrap_or(data);
    let mut rest = (!data.is_empty()).then_some(whole);
    std::iter::from_fn(move || {
        let now = rest?;
        let (line, next) = match memchr::memchr(b'\n', now) {
            Some(at) => (&now[..at], Some(&now[at + 1..])),
            None => (now, None),
        };
        rest = next;
        Some(trimmed(line))
    })
}
