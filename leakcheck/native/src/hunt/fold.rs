//! Case folding of text that is not ASCII, by the tables that Python gives.
//!
//! Bytes that are not UTF-8 are read as Windows-1252, each for itself.

use std::collections::HashMap;

const HIGHEST: usize = 0x11_0000;
const SAME: u32 = u32::MAX;
const SEVERAL: u32 = SAME - 1;

/// What Windows-1252 has at 0x80 to 0x9F; where it has nothing, Latin-1.
const WINDOWS: [u16; 32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
];

pub struct Fold {
    letters: Vec<u64>,
    single: Vec<u32>,
    several: HashMap<u32, Vec<char>>,
}

impl Fold {
    /// letters: pairs of u32, first and last of each range of letters and digits; folds:
    /// lines of UTF-8, a character and what it folds to: nothing where it may be ignored.
    pub fn new(letters: &[u8], folds: &[u8]) -> Fold {
        let mut fold = Fold {
            letters: vec![0; HIGHEST / 64],
            single: Vec::new(),
            several: HashMap::new(),
        };
        for range in letters.chunks_exact(8) {
            let number = |at: usize| {
                u32::from_le_bytes([range[at], range[at + 1], range[at + 2], range[at + 3]])
                    as usize
            };
            for code in number(0)..=number(4).min(HIGHEST - 1) {
                fold.letters[code >> 6] |= 1 << (code & 63);
            }
        }
        for line in String::from_utf8_lossy(folds).lines() {
            let mut marks = line.chars();
            if let Some(from) = marks.next() {
                let to: Vec<char> = marks.collect();
                let from = from as u32;
                if fold.single.len() <= from as usize {
                    fold.single.resize(from as usize + 1, SAME);
                }
                fold.single[from as usize] = match to[..] {
                    [one] => one as u32,
                    _ => SEVERAL,
                };
                fold.several.insert(from, to);
            }
        }
        fold
    }

    /// Appends the words of `text`, folded, with a blank for all between them. Whether there
    /// was anything that may be ignored: it is left out, or a blank too.
    pub fn fold(&self, text: &[u8], ignore: bool, out: &mut Vec<u8>) -> bool {
        let mut ignorable = false;
        for piece in text.utf8_chunks() {
            for mark in piece.valid().chars() {
                ignorable |= self.mark(mark, ignore, out);
            }
            for &byte in piece.invalid() {
                let code = match byte {
                    0x80..=0x9F => u32::from(WINDOWS[usize::from(byte) - 0x80]),
                    _ => u32::from(byte),
                };
                ignorable |= self.mark(char::from_u32(code).unwrap_or(' '), ignore, out);
            }
        }
        ignorable
    }

    fn mark(&self, mark: char, ignore: bool, out: &mut Vec<u8>) -> bool {
        let code = mark as u32;
        match self.single.get(code as usize) {
            Some(&SEVERAL) => {
                let marks = &self.several[&code];
                if marks.is_empty() && !ignore {
                    out.push(b' ');
                }
                marks.iter().for_each(|&mark| self.put(mark, out));
                return marks.is_empty();
            }
            Some(&SAME) | None => self.put(mark.to_ascii_lowercase(), out),
            Some(&one) => self.put(char::from_u32(one).unwrap_or(' '), out),
        }
        false
    }

    fn put(&self, mark: char, out: &mut Vec<u8>) {
        let code = mark as usize;
        let letter = match code {
            0..=0x7F => mark.is_ascii_alphanumeric(),
            _ => self.letters[code >> 6] >> (code & 63) & 1 == 1,
        };
        if letter {
            out.extend_from_slice(mark.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.push(b' ');
        }
    }
}
