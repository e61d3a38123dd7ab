//! Labels of any script as A-labels; the rules are in leakcheck/subject/uts46.py.

use crate::normal_forms::nfc;
use crate::punycode;
use std::sync::OnceLock;

const CODES: usize = 0x11_0000;
const DISALLOWED: u16 = 0;
const VALID: u16 = 1;
const DOUBTFUL: u16 = 2;
const IGNORED: u16 = 3;
/// What an A-label begins with, and a label that is not ASCII may not.
const PREFIX: [char; 4] = ['x', 'n', '-', '-'];

/// What becomes of a character.
struct Fate {
    /// What it is mapped to; None where it is valid.
    target: Option<Vec<char>>,
    doubtful: bool,
    /// Of a deviation, what transitional processing maps it to.
    transitional: Option<Vec<char>>,
}

struct Table {
    /// For each code point an index into `fates`.
    places: Vec<u16>,
    fates: Vec<Fate>,
}

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text, 16).unwrap_or(0)
}

fn marks(text: &str) -> Vec<char> {
    text.split('.')
        .filter(|code| !code.is_empty())
        .filter_map(|code| char::from_u32(hex(code)))
        .collect()
}

fn table() -> &'static Table {
    static FOUND: OnceLock<Table> = OnceLock::new();
    FOUND.get_or_init(|| {
        let fate = |target: Option<Vec<char>>, doubtful| Fate {
            target,
            doubtful,
            transitional: None,
        };
        let mut found = Table {
            places: vec![DISALLOWED; CODES],
            fates: vec![
                fate(None, false),
                fate(None, false),
                fate(None, true),
                fate(Some(Vec::new()), true),
            ],
        };
        let text = include_str!("../../data/uts46.txt");
        let lines = text.lines().filter(|line| !line.starts_with(['#', '=']));
        for (span, action) in lines.filter_map(|line| line.split_once(' ')) {
            found.read(span, action);
        }
        found
    })
}

impl Table {
    fn read(&mut self, span: &str, action: &str) {
        let (ends, step) = span.split_once('/').unwrap_or((span, "1"));
        let (first, last) = ends.split_once('-').unwrap_or((ends, ends));
        let (first, last) = (hex(first) as usize, hex(last) as usize);
        let codes = (first..=last).step_by(step.parse().unwrap_or(1));
        let (status, target) = action.split_at(action.find(['=', '*']).unwrap_or(action.len()));
        let doubtful = status.starts_with('s');
        let target_marks = marks(target.get(1..).unwrap_or(""));
        match status {
            "v" => codes.for_each(|code| self.places[code] = VALID),
            "sv" => codes.for_each(|code| self.places[code] = DOUBTFUL),
            "i" => codes.for_each(|code| self.places[code] = IGNORED),
            "x" => codes.for_each(|code| self.places[code] = DISALLOWED),
            "d" => {
                let doubtful = target.is_empty(); // the joiners
                let place = self.add(None, doubtful, Some(target_marks));
                codes.for_each(|code| self.places[code] = place);
            }
            _ => {
                let in_row = target.starts_with('=') && target_marks.len() == 1;
                for code in codes {
                    let mut each = target_marks.clone();
                    if in_row {
                        let moved = each[0] as u32 + (code - first) as u32;
                        each = char::from_u32(moved).into_iter().collect();
                    }
                    self.places[code] = self.add(Some(each), doubtful, None);
                }
            }
        }
    }

    fn add(
        &mut self,
        target: Option<Vec<char>>,
        doubtful: bool,
        transitional: Option<Vec<char>>,
    ) -> u16 {
        self.fates.push(Fate {
            target,
            doubtful,
            transitional,
        });
        (self.fates.len() - 1) as u16
    }

    /// What becomes of `mark`; None where no domain can hold it.
    fn fate(&self, mark: char) -> Option<&Fate> {
        match self.places[mark as usize] {
            DISALLOWED => None,
            place => Some(&self.fates[place as usize]),
        }
    }
}

/// Whether a domain can hold `mark`, which is not ASCII.
pub fn is_allowed(mark: char) -> bool {
    table().places[mark as usize] != DISALLOWED
}

/// Whether `mark`, not ASCII, may be punctuation that ends a domain in running text.
pub fn is_doubtful(mark: char) -> bool {
    table().fate(mark).is_some_and(|fate| fate.doubtful)
}

/// The A-labels of a label: by non-transitional processing, and by transitional.
/// None where UTS 46 forbids it.
pub fn a_labels(label: &[char]) -> [Option<Vec<u8>>; 2] {
    if label.iter().all(char::is_ascii) {
        return of_ascii(lower(label));
    }
    let Some(mapped) = mapped(label) else {
        return [None, None];
    };
    if mapped.iter().all(char::is_ascii) {
        return of_ascii(lower(&mapped));
    }
    if mapped.starts_with(&PREFIX) {
        return [None, None];
    }
    let Some(other) = without_deviations(&mapped) else {
        return both(written(mapped));
    };
    [written(mapped), written(other)]
}

fn both(label: Option<Vec<u8>>) -> [Option<Vec<u8>>; 2] {
    [label.clone(), label]
}

fn lower(label: &[char]) -> Vec<u8> {
    label
        .iter()
        .map(|mark| (*mark as u8).to_ascii_lowercase())
        .collect()
}

/// An ASCII label: itself, and for an `xn--` label the transitional form of what it stands for.
fn of_ascii(label: Vec<u8>) -> [Option<Vec<u8>>; 2] {
    let meant = label.strip_prefix(b"xn--").and_then(punycode::decode);
    let other = meant.filter(|meant| deviates(meant)).and_then(|meant| {
        let mapped = mapped(&meant).filter(|mapped| !mapped.starts_with(&PREFIX))?;
        written(without_deviations(&mapped).unwrap_or(mapped))
    });
    match other {
        Some(other) => [Some(label), Some(other)],
        None => both(Some(label)),
    }
}

/// A mapped label as an A-label.
fn written(label: Vec<char>) -> Option<Vec<u8>> {
    if label.iter().all(char::is_ascii) {
        return Some(lower(&label));
    }
    if label.len() > punycode::LONGEST {
        return None;
    }
    Some([b"xn--".as_slice(), &punycode::encode(&label)?].concat())
}

/// `label` with every character mapped, in NFC; None where one of them is disallowed.
fn mapped(label: &[char]) -> Option<Vec<char>> {
    let table = table();
    let mut out = Vec::with_capacity(label.len() + 8);
    for &mark in label {
        if mark.is_ascii() {
            out.push(mark.to_ascii_lowercase());
            continue;
        }
        match &table.fate(mark)?.target {
            None => out.push(mark),
            Some(target) => out.extend_from_slice(target),
        }
    }
    Some(nfc(out))
}

fn transitional(mark: char) -> Option<&'static Vec<char>> {
    if mark.is_ascii() {
        return None;
    }
    table().fate(mark)?.transitional.as_ref()
}

fn deviates(label: &[char]) -> bool {
    label.iter().any(|mark| transitional(*mark).is_some())
}

/// The transitional form of a label that is mapped; None where it is no other.
fn without_deviations(label: &[char]) -> Option<Vec<char>> {
    if !deviates(label) {
        return None;
    }
    let mut out = Vec::with_capacity(label.len() + 8);
    for &mark in label {
        match transitional(mark) {
            None => out.push(mark),
            Some(target) => out.extend_from_slice(target),
        }
    }
    Some(nfc(out))
}
