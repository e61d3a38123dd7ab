//! Normalization Form C (Unicode Standard Annex 15), over the table in the package.

use std::collections::HashMap;
use std::sync::OnceLock;

const CODES: usize = 0x11_0000;
const SYLLABLES: u32 = 0xAC00;
const LEADS: u32 = 0x1100;
const VOWELS: u32 = 0x1161;
const TRAILS: u32 = 0x11A7;
const LEAD_COUNT: u32 = 19;
const VOWEL_COUNT: u32 = 21;
const TRAIL_COUNT: u32 = 28;
const SYLLABLE_COUNT: u32 = LEAD_COUNT * VOWEL_COUNT * TRAIL_COUNT;

struct Tables {
    /// The combining class of each code point.
    ranks: Vec<u8>,
    /// What a character is decomposed into, in full.
    parts: HashMap<char, Vec<char>>,
    wholes: HashMap<(char, char), char>,
    /// Whether a code point may change its text's form: it is a mark, the second of a pair, or
    /// decomposed without coming back.
    stirs: Vec<bool>,
}

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text, 16).unwrap_or(0)
}

fn mark(text: &str) -> char {
    char::from_u32(hex(text)).unwrap_or('\0')
}

fn tables() -> &'static Tables {
    static FOUND: OnceLock<Tables> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut found = Tables {
            ranks: vec![0; CODES],
            parts: HashMap::new(),
            wholes: HashMap::new(),
            stirs: vec![false; CODES],
        };
        for line in include_str!("../../data/normalization.txt").lines() {
            found.read(line);
        }
        for code in (VOWELS..VOWELS + VOWEL_COUNT).chain(TRAILS + 1..TRAILS + TRAIL_COUNT) {
            found.stirs[code as usize] = true;
        }
        found.complete();
        found
    })
}

impl Tables {
    fn read(&mut self, line: &str) {
        let mut words = line.split(' ');
        match words.next() {
            Some("c") => {
                let rank = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
                for span in words {
                    let (first, last) = span.split_once('-').unwrap_or((span, span));
                    for code in hex(first)..=hex(last) {
                        self.ranks[code as usize] = rank;
                        self.stirs[code as usize] = true;
                    }
                }
            }
            Some(sign @ ("+" | "-")) => {
                let second = mark(words.next().unwrap_or(""));
                self.stirs[second as usize] = true;
                for (first, whole) in words.filter_map(|word| word.split_once('>')) {
                    let (first, whole) = (mark(first), mark(whole));
                    self.parts.insert(whole, vec![first, second]);
                    if sign == "+" {
                        self.wholes.insert((first, second), whole);
                    } else {
                        self.stirs[whole as usize] = true;
                    }
                }
            }
            Some("~") => {
                for (one, other) in words.filter_map(|word| word.split_once('>')) {
                    self.parts.insert(mark(one), vec![mark(other)]);
                    self.stirs[mark(one) as usize] = true;
                }
            }
            _ => {}
        }
    }

    /// Follow decompositions to their ends.
    fn complete(&mut self) {
        let wholes: Vec<char> = self.parts.keys().copied().collect();
        for whole in wholes {
            let mut parts = vec![whole];
            while parts.iter().any(|part| self.parts.contains_key(part)) {
                parts = parts
                    .iter()
                    .flat_map(|part| self.parts.get(part).cloned().unwrap_or(vec![*part]))
                    .collect();
            }
            self.parts.insert(whole, parts);
        }
    }

    fn rank(&self, mark: char) -> u8 {
        self.ranks[mark as usize]
    }

    fn decomposed(&self, text: &[char]) -> Vec<char> {
        let mut out = Vec::with_capacity(text.len() + 8);
        for &mark in text {
            match self.parts.get(&mark) {
                Some(parts) => out.extend_from_slice(parts),
                None => syllable(mark, &mut out),
            }
        }
        let mut start = 0;
        for at in 0..=out.len() {
            if at == out.len() || self.rank(out[at]) == 0 {
                out[start..at].sort_by_key(|mark| self.rank(*mark));
                start = at + 1;
            }
        }
        out
    }
}

/// `text` composed: a letter and its accent as one character, where there is such a one.
pub fn nfc(text: Vec<char>) -> Vec<char> {
    if text.iter().all(|mark| *mark < '\u{300}') {
        return text;
    }
    let found = tables();
    if !text.iter().any(|mark| found.stirs[*mark as usize]) {
        return text;
    }
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    let (mut starter, mut last_rank) = (None, 0);
    for mark in found.decomposed(&text) {
        let rank = found.rank(mark);
        if let Some(at) = starter {
            let beside = at + 1 == out.len();
            if beside || (last_rank < rank && rank > 0) {
                let first: char = out[at];
                let whole = found.wholes.get(&(first, mark)).copied();
                if let Some(whole) = whole.or_else(|| composed(first, mark).filter(|_| beside)) {
                    out[at] = whole;
                    continue;
                }
            }
        }
        if rank == 0 {
            starter = Some(out.len());
        }
        last_rank = rank;
        out.push(mark);
    }
    out
}

/// Append a Hangul syllable as its letters; anything else as it is.
fn syllable(mark: char, out: &mut Vec<char>) {
    let place = (mark as u32).wrapping_sub(SYLLABLES);
    if place >= SYLLABLE_COUNT {
        return out.push(mark);
    }
    let (rest, trail) = (place / TRAIL_COUNT, place % TRAIL_COUNT);
    let parts = [
        LEADS + rest / VOWEL_COUNT,
        VOWELS + rest % VOWEL_COUNT,
        TRAILS + trail,
    ];
    let count = if trail > 0 { 3 } else { 2 };
    out.extend(
        parts[..count]
            .iter()
            .filter_map(|code| char::from_u32(*code)),
    );
}

/// The Hangul syllable of two of its parts.
fn composed(first: char, second: char) -> Option<char> {
    let (first, second) = (first as u32, second as u32);
    let (lead, vowel) = (first.wrapping_sub(LEADS), second.wrapping_sub(VOWELS));
    if lead < LEAD_COUNT && vowel < VOWEL_COUNT {
        return char::from_u32(SYLLABLES + (lead * VOWEL_COUNT + vowel) * TRAIL_COUNT);
    }
    let (place, trail) = (first.wrapping_sub(SYLLABLES), second.wrapping_sub(TRAILS));
    let open = place < SYLLABLE_COUNT && place % TRAIL_COUNT == 0;
    (open && (1..TRAIL_COUNT).contains(&trail)).then(|| char::from_u32(first + trail))?
}
