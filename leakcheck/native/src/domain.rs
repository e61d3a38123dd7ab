//! The domain of an address; the rules are in leakcheck/subject/domain.py.

use crate::classes::Classes;
use crate::escapes;
use crate::tld_table::{is_tld, is_tld_at, longest_tld};
use crate::uts46::{a_labels, is_allowed, is_doubtful};

const LONGEST: usize = 253;
const REACH: usize = 2048;
const MOST: usize = 1024;
const LONGEST_LABEL: usize = 63;

/// A canonical domain, and how much of the text it was read from it takes.
pub type Reading = (Vec<u8>, usize);

const WORD: u8 = 1;
const HYPHEN: u8 = 2;
const DOT: u8 = 4;
const OTHER: u8 = 8; // 0x80 and above, and what begins an escape

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => WORD,
            b'-' => HYPHEN,
            b'.' => DOT,
            b'%' | b'\\' | b'&' | 0x80..=0xff => OTHER,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// Where the domain at `start` ends, where it has one reading only, in plain
/// sight. None: ask `readings`.
#[inline(always)]
pub fn plain(data: &[u8], start: usize) -> Option<usize> {
    if let Some(bytes) = data[start..].first_chunk::<32>() {
        if let Some((dot, length)) = plain_run(&Classes::of(bytes)) {
            let end = start + length;
            let is_capital = bytes[dot + 1].is_ascii_uppercase();
            let stop = data[end];
            let stops = CLASS[stop as usize] != OTHER || !may_go_on(data, end);
            if stops && !is_capital && is_tld_at(data, start + dot + 1, end) {
                return Some(end);
            }
        }
    }
    plain_slowly(data, start)
}

/// Whether it is plain from 32 bytes that no domain is at `start`: a run without a dot ends there.
#[inline]
pub fn none_at(data: &[u8], start: usize) -> bool {
    let Some(bytes) = data[start..].first_chunk::<32>() else {
        return false;
    };
    let Classes {
        word, hyphen, dot, ..
    } = Classes::of(bytes);
    let length = (word | hyphen | dot).trailing_ones();
    length < 32 && dot & ((1 << length) - 1) == 0 && CLASS[bytes[length as usize] as usize] != OTHER
}

/// The last dot and the length of a sound run at the start of the 32 bytes that ends in them.
#[inline(always)]
fn plain_run(classes: &Classes) -> Option<(usize, usize)> {
    let Classes {
        word, hyphen, dot, ..
    } = *classes;
    let length = (word | hyphen | dot).trailing_ones();
    if length < 3 || length == 32 {
        return None;
    }
    let run = (1 << length) - 1;
    let dots = dot & run;
    let ends = 1 | 1 << (length - 1);
    let must_be_word = ends | (dots << 1 | dots >> 1) & run;
    let may_be_a_label = hyphen & hyphen << 1 & run != 0;
    let sound = dots != 0 && must_be_word & !word == 0 && !may_be_a_label;
    sound.then(|| (31 - dots.leading_zeros() as usize, length as usize))
}

/// `plain`, byte by byte.
fn plain_slowly(data: &[u8], start: usize) -> Option<usize> {
    let mut end = start;
    let mut label = start;
    let mut dots = 0;
    let mut last = DOT;
    let limit = data.len().min(start + LONGEST + 1);
    while end < limit {
        let class = CLASS[data[end] as usize];
        match class {
            WORD => {}
            HYPHEN if last == WORD => {} // two in a row may be an A-label's
            DOT if last == WORD && end - label <= LONGEST_LABEL => {
                dots += 1;
                label = end + 1;
            }
            0 => break,
            OTHER if !may_go_on(data, end) => break,
            _ => return None,
        }
        last = class;
        end += 1;
    }
    let tld = &data[label..end];
    let sentence = matches!(tld, [b'A'..=b'Z', b'a'..=b'z', ..]);
    let sound = dots > 0 && last == WORD && end - start <= LONGEST && !(sentence && dots > 1);
    (sound && is_tld(tld)).then_some(end)
}

/// Whether the byte at `at`, of class OTHER, may write a character of a domain.
fn may_go_on(data: &[u8], at: usize) -> bool {
    let next = data.get(at + 1).copied().unwrap_or(0);
    match data[at] {
        b'%' => next.is_ascii_hexdigit(),
        b'\\' => matches!(next, b'\\' | b'u' | b'x'),
        b'&' => next == b'#',
        _ => true,
    }
}

/// All readings of the domain at `start`: canonical, and where each ends in `data`.
pub fn readings(data: &[u8], start: usize) -> Vec<Reading> {
    let mut text = Vec::with_capacity(64);
    let mut ends = Vec::with_capacity(64);
    let mut position = start;
    let limit = data.len().min(start + REACH - escapes::LONGEST);
    while position < limit && text.len() < MOST {
        let before = text.len();
        let end = escapes::after(data, position, &mut text);
        let stop = match text.get(before) {
            None => true,
            Some(&byte) => byte < 0x80 && CLASS[byte as usize] & (WORD | HYPHEN | DOT) == 0,
        };
        if stop {
            text.truncate(before);
            break;
        }
        ends.resize(text.len(), end);
        position = end;
    }
    let mut found = resolve(&text);
    for (_, length) in &mut found {
        *length = ends[*length - 1];
    }
    found
}

/// The domains at the front of `text`, and how much of it each takes; the longest first.
fn resolve(text: &[u8]) -> Vec<Reading> {
    let text = &text[..run_length(text)];
    if text.is_ascii() && !text.windows(2).any(|pair| pair == b"--") {
        return resolve_ascii(text);
    }
    if let Some(found) = other_script(text) {
        return found;
    }
    let (run, widths) = decode(text);
    let labels: Vec<Label> = run
        .split(|mark| is_dot(*mark))
        .map(|label| (label, a_labels(label)))
        .collect();
    let mut ends = ends_of(&run, &labels, 0);
    if labels.iter().any(|(_, [plain, other])| plain != other) {
        ends.extend(ends_of(&run, &labels, 1));
    }
    ends.sort_by_key(|end| std::cmp::Reverse(end.length));
    let mut found: Vec<Reading> = Vec::with_capacity(ends.len());
    for End { form, length, .. } in ends {
        let reading = (form, widths[length - 1]);
        if !found.contains(&reading) {
            found.push(reading);
        }
    }
    found
}

/// How much of `text` there is before the first wide punctuation of CJK that no domain holds,
/// so that what follows it need not be looked at.
fn run_length(text: &[u8]) -> usize {
    let ends = |bytes: &[u8]| {
        matches!(
            bytes,
            [0xe2, 0x80, 0xa4..=0xa6 | 0xa8 | 0xa9]
                | [0xe3, 0x80, 0x80]
                | [0xef, 0xbc, 0x81..=0x8c | 0x8f | 0x9a..=0xa0]
        )
    };
    if text.is_ascii() {
        return text.len();
    }
    text.windows(3).position(ends).unwrap_or(text.len())
}

/// A Latin domain that another script follows, without a full stop in it: the common case in
/// running text of that script, at less cost and with the same result.
fn other_script(text: &[u8]) -> Option<Vec<Reading>> {
    let plain = text.iter().position(|byte| *byte >= 0x80)?;
    let rest = &text[plain..];
    let begins = matches!(
        rest,
        [0xd0..=0xdb, 0x80..=0xbf, ..]
            | [0xe3, 0x81, 0x81..=0xbf, ..]
            | [0xe3, 0x82 | 0x83 | 0x90..=0xbf, 0x80..=0xbf, ..]
            | [0xe4..=0xe9, 0x80..=0xbf, 0x80..=0xbf, ..]
    );
    let is_dot = |bytes: &[u8]| {
        matches!(
            bytes,
            [0xe3, 0x80, 0x82] | [0xef, 0xbc, 0x8e] | [0xef, 0xbd, 0xa1]
        )
    };
    let front = &text[..plain];
    let goes_on = rest.contains(&b'.') || rest.windows(3).any(is_dot);
    if !begins || goes_on || text.len() > LONGEST || front.windows(2).any(|pair| pair == b"--") {
        return None;
    }
    let found = resolve_ascii(front);
    let last = found.first()?.1;
    (!text[last..plain].contains(&b'.')).then_some(found)
}

/// A label as it is written, and its A-labels.
type Label<'r> = (&'r [char], [Option<Vec<u8>>; 2]);

/// Where a domain may end: its form, the characters it takes, whether more may be text.
struct End {
    form: Vec<u8>,
    length: usize,
    doubtful: bool,
}

/// The characters at the front of `text` that may belong to a domain, and where in it each ends.
/// Bytes that are not UTF-8 are read as Latin-1, each for itself.
fn decode(text: &[u8]) -> (Vec<char>, Vec<usize>) {
    let (mut run, mut widths, mut at) = (Vec::with_capacity(64), Vec::with_capacity(64), 0);
    let marks = text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|mark| (mark, mark.len_utf8()));
        valid.chain(chunk.invalid().iter().map(|byte| (char::from(*byte), 1)))
    });
    for (mark, width) in marks.take(LONGEST + 1) {
        if !mark.is_ascii() && !is_dot(mark) && !is_allowed(mark) {
            break;
        }
        at += width;
        run.push(mark);
        widths.push(at);
    }
    (run, widths)
}

fn is_dot(mark: char) -> bool {
    matches!(mark, '.' | '。' | '．' | '｡') // as UTS 46 has them
}

/// The readings of the characters `run`, processed one of the two ways.
fn ends_of(run: &[char], labels: &[Label], way: usize) -> Vec<End> {
    let mut done: Vec<u8> = Vec::with_capacity(run.len() + 8);
    let mut ends: Vec<End> = Vec::new();
    let mut position = 0;
    for (label, ways) in labels {
        let mapped = ways[way].as_deref();
        if !done.is_empty() {
            let (tld, length) = front(label, mapped);
            let after = position + length;
            if length > 0 && done.len() + tld.len() <= LONGEST {
                let rest = &run[after..run.len().min(position + label.len() + 1)];
                ends.push(End {
                    form: [done.as_slice(), &tld].concat(),
                    length: after,
                    doubtful: rest.iter().any(|mark| may_end_before(*mark)),
                });
            }
        }
        match mapped {
            Some(mapped) if is_label(mapped) => done.extend_from_slice(mapped),
            _ => break,
        }
        done.push(b'.');
        position += label.len() + 1;
    }
    let Some(longest) = ends.pop() else {
        return ends;
    };
    let before = ends.last().map_or(0, |end| end.length);
    let sentence = before > 0 && {
        let last = &run[before + 1..longest.length];
        !last.iter().any(|mark| is_dot(*mark))
            && matches!(last, ['A'..='Z', 'a'..='z', ..])
            && !run[..before].iter().any(char::is_ascii_uppercase)
    };
    ends.retain(|end| end.doubtful || (sentence && end.length == before));
    ends.insert(0, longest);
    ends
}

/// The top-level domain at the front of `label`, and how many of its characters it takes.
fn front(label: &[char], mapped: Option<&[u8]>) -> (Vec<u8>, usize) {
    if let Some(mapped) = mapped.filter(|mapped| is_tld(mapped)) {
        return (mapped.to_vec(), label.len());
    }
    let ascii = label.iter().take_while(|mark| mark.is_ascii());
    let mut plain: Vec<u8> = ascii.map(|mark| mark.to_ascii_lowercase() as u8).collect();
    let length = tld_length(&plain);
    if length == 0 {
        let from = plain.len() + 1;
        let stop = (from..label.len()).find(|&at| label[at] == '-' || stops(label[at]));
        if let Some(stop) = stop {
            if let [Some(other), _] = a_labels(&label[..stop]) {
                if is_tld(&other) {
                    return (other, stop);
                }
            }
        }
    }
    plain.truncate(length);
    (plain, length)
}

/// Whether `mark` may follow a top-level domain of another script and not be part of it.
fn stops(mark: char) -> bool {
    !mark.is_ascii() && is_doubtful(mark)
}

/// Whether a Latin top-level domain may end before `mark`, though a domain can go on.
fn may_end_before(mark: char) -> bool {
    let other_script = matches!(
        mark,
        '\u{400}'..='\u{6ff}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
    );
    !mark.is_ascii() && (is_dot(mark) || other_script || is_doubtful(mark))
}

/// Whether `label`, in lower case, is one.
fn is_label(label: &[u8]) -> bool {
    let (Some(first), Some(last)) = (label.first(), label.last()) else {
        return false;
    };
    label.len() <= LONGEST_LABEL && *first != b'-' && *last != b'-'
}

/// The same of ASCII text without A-labels.
fn resolve_ascii(text: &[u8]) -> Vec<Reading> {
    let text = &text[..text.len().min(LONGEST + 1)];
    let (mut best, mut before, mut start) = (0, 0, 0);
    for (number, label) in text.split(|&byte| byte == b'.').enumerate() {
        let length = if number > 0 { tld_length(label) } else { 0 };
        if length > 0 && start + length <= LONGEST {
            (before, best) = (best, start + length);
        }
        let sound = !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && label[0] != b'-'
            && label[label.len() - 1] != b'-';
        if !sound {
            break;
        }
        start += label.len() + 1;
    }
    let mut found = Vec::new();
    if best > 0 {
        found.push((text[..best].to_ascii_lowercase(), best));
        if before > 0 && is_sentence(&text[..best], before) {
            found.push((text[..before].to_ascii_lowercase(), before));
        }
    }
    found
}

/// Whether what follows the dot at `before` begins like a sentence.
fn is_sentence(text: &[u8], before: usize) -> bool {
    let last = text.get(before + 1..).unwrap_or(&[]);
    text[before] == b'.'
        && !last.contains(&b'.')
        && matches!(last, [b'A'..=b'Z', b'a'..=b'z', ..])
        && !text[..before].iter().any(u8::is_ascii_uppercase)
}

/// How much of `label`'s front is a top-level domain: all, up to a hyphen, or 0.
fn tld_length(label: &[u8]) -> usize {
    if is_tld(label) {
        return label.len();
    }
    let most = longest_tld().min(label.len().saturating_sub(1));
    (2..=most)
        .rev()
        .find(|&length| label[length] == b'-' && is_tld(&label[..length]))
        .unwrap_or(0)
}
