//! Whether a label is a top-level domain, at the cost of one look into a table.

use std::collections::HashSet;
use std::sync::OnceLock;

/// The table; docs/address.md has its format.
const TLDS: &str = include_str!("../../data/tlds.txt");
const SLOTS: usize = 4096;
const SHORT: usize = 8;

/// The top-level domains of up to eight bytes, as numbers, hashed; 0 is an empty slot.
static SHORT_TLDS: [u64; SLOTS] = {
    let names = TLDS.as_bytes();
    let mut slots = [0; SLOTS];
    let (mut at, mut key, mut length) = (0, 0u64, 0);
    while at < names.len() {
        let begins_line = at == 0 || names[at - 1] == b'\n';
        if begins_line && matches!(names[at], b'#' | b'=') {
            while names[at] != b'\n' {
                at += 1;
            }
        } else if names[at] > b' ' {
            if length < SHORT {
                key |= (names[at] as u64) << (8 * length);
            }
            length += 1;
        } else {
            if length > 0 && length <= SHORT {
                let mut slot = slot(key);
                while slots[slot] != 0 {
                    slot = (slot + 1) % SLOTS;
                }
                slots[slot] = key;
            }
            (key, length) = (0, 0);
        }
        at += 1;
    }
    slots
};

const fn slot(key: u64) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52) as usize
}

/// Every top-level domain.
pub fn names() -> impl Iterator<Item = &'static str> {
    TLDS.lines()
        .filter(|line| !line.starts_with(['#', '=']))
        .flat_map(str::split_ascii_whitespace)
}

/// Whether `label`, a top-level domain in any case, came with a later edition than the first.
pub fn is_newer(label: &[u8]) -> bool {
    static FOUND: OnceLock<HashSet<&'static [u8]>> = OnceLock::new();
    let newer = FOUND.get_or_init(|| {
        let editions = TLDS.lines().filter(|line| !line.starts_with('#'));
        let later = editions.skip(1).skip_while(|line| !line.starts_with('='));
        later
            .filter(|line| !line.starts_with('='))
            .flat_map(|line| line.split_ascii_whitespace().map(str::as_bytes))
            .collect()
    });
    newer.contains(label.to_ascii_lowercase().as_slice())
}

/// The longer top-level domains, and the length of the longest.
fn long_tlds() -> &'static (HashSet<&'static [u8]>, usize) {
    static FOUND: OnceLock<(HashSet<&'static [u8]>, usize)> = OnceLock::new();
    FOUND.get_or_init(|| {
        let long: HashSet<_> = names()
            .map(str::as_bytes)
            .filter(|name| name.len() > SHORT)
            .collect();
        let longest = long.iter().map(|name| name.len()).max().unwrap_or(SHORT);
        (long, longest)
    })
}

fn is_short_tld(key: u64) -> bool {
    let mut at = slot(key);
    while SHORT_TLDS[at] != 0 {
        if SHORT_TLDS[at] == key {
            return true;
        }
        at = (at + 1) % SLOTS;
    }
    false
}

/// Whether `label`, in any case, is a top-level domain.
pub fn is_tld(label: &[u8]) -> bool {
    if label.len() > SHORT {
        let (long, longest) = long_tlds();
        return label.len() <= *longest && long.contains(label.to_ascii_lowercase().as_slice());
    }
    let fold = |key, byte: &u8| key << 8 | u64::from(byte.to_ascii_lowercase());
    is_short_tld(label.iter().rev().fold(0, fold))
}

/// Whether `data[start..end]`, letters, digits and hyphens, is a top-level domain.
#[inline]
pub fn is_tld_at(data: &[u8], start: usize, end: usize) -> bool {
    match data[start..].first_chunk::<SHORT>() {
        Some(bytes) if (1..=SHORT).contains(&(end - start)) => {
            // In all that a label may hold, this bit makes lower case and nothing else.
            let lower = u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020;
            is_short_tld(lower & (u64::MAX >> (64 - 8 * (end - start))))
        }
        _ => is_tld(&data[start..end]),
    }
}

/// The length of the longest top-level domain.
pub fn longest_tld() -> usize {
    long_tlds().1
}
