//! What a program that checks nothing takes to build a filter of SHA-1 digests, and to look up.
//!
//!     rustc --edition 2021 -C opt-level=3 -C target-cpu=native -o native_peer scripts/native_peer.rs
//!     native_peer build DIGESTS FILTER      a digest a line, whatever stands behind it
//!     native_peer check FILTER DIGESTS      says how many may be in it
//!
//! A split-block filter of 64-byte blocks, in memory, of 14.4 bits a line; two threads. Digits are
//! believed to be digits, lines to be lines; nothing is deduplicated, counted, summed or synced.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const PIECE: usize = 1 << 20;
const BITS: u64 = 8; // a word each, of a block of eight words
const SALT: u64 = 0x9e37_79b9_7f4a_7c15;

/// The value of each hexadecimal digit.
const DIGITS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 10 {
        table[b'0' as usize + at] = at as u8;
        if at < 6 {
            table[b'a' as usize + at] = 10 + at as u8;
            table[b'A' as usize + at] = 10 + at as u8;
        }
        at += 1;
    }
    table
};

/// Sixteen digits.
fn number(text: &[u8]) -> u64 {
    text.iter()
        .fold(0, |sum, &digit| sum << 4 | u64::from(DIGITS[usize::from(digit)]))
}

/// Call `each` with the first 16 bytes of each digest that begins in a part of the file, in batches.
fn digests(path: &str, start: u64, end: u64, mut each: impl FnMut(&[(u64, u64)])) {
    let mut file = File::open(path).unwrap();
    file.seek(SeekFrom::Start(start.saturating_sub(1))).unwrap();
    let mut room = vec![0; PIECE + 4096];
    let (mut kept, mut place, mut skip) = (0, start.saturating_sub(1), start > 0);
    let mut batch = Vec::with_capacity(PIECE / 40);
    loop {
        let got = file.read(&mut room[kept..kept + PIECE]).unwrap();
        let filled = kept + got;
        let mut at = 0;
        while let Some(length) = room[at..filled].iter().skip(40).position(|&byte| byte == b'\n') {
            if skip {
                let line = room[at..filled].iter().position(|&byte| byte == b'\n').unwrap();
                at += line + 1;
                skip = false;
                continue;
            }
            if place + at as u64 >= end {
                break;
            }
            batch.push((number(&room[at..at + 16]), number(&room[at + 16..at + 32])));
            at += 40 + length + 1;
        }
        each(&batch);
        batch.clear();
        if got == 0 || place + at as u64 >= end {
            return;
        }
        room.copy_within(at..filled, 0);
        place += at as u64;
        kept = filled - at;
    }
}

fn block(blocks: &[[AtomicU64; 8]], key: u64) -> &[AtomicU64; 8] {
    &blocks[(u128::from(key) * blocks.len() as u128 >> 64) as usize]
}

/// The bit of each word of a block.
fn bits(key: u64) -> impl Iterator<Item = u64> {
    let mut mixed = key;
    (0..BITS).map(move |_| {
        mixed = mixed.wrapping_mul(SALT).rotate_left(23);
        1 << (mixed >> 58)
    })
}

/// Run `work` on both halves of a file; the sum of what it says.
fn halves(path: &str, work: impl Fn(u64, u64) -> u64 + Sync) -> u64 {
    let size = std::fs::metadata(path).unwrap().len();
    thread::scope(|threads| {
        let other = threads.spawn(|| work(size / 2, size));
        work(0, size / 2) + other.join().unwrap()
    })
}

fn main() {
    let told: Vec<String> = std::env::args().collect();
    match told[1].as_str() {
        "build" => {
            let size = std::fs::metadata(&told[2]).unwrap().len();
            let count = (size as f64 / 44.0 * 14.4 / 512.0) as usize + 1;
            let mut blocks: Vec<[AtomicU64; 8]> = Vec::new();
            blocks.resize_with(count, Default::default);
            let all = &blocks;
            halves(&told[2], |start, end| {
                digests(&told[2], start, end, |batch| {
                    for &(place, key) in batch {
                        for (word, bit) in block(all, place).iter().zip(bits(key)) {
                            word.fetch_or(bit, Ordering::Relaxed);
                        }
                    }
                });
                0
            });
            let words = blocks.iter().flatten();
            let bytes: Vec<u8> = words.flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect();
            std::fs::write(&told[3], bytes).unwrap();
        }
        "check" => {
            let bytes = std::fs::read(&told[2]).unwrap();
            let mut words = bytes
                .chunks_exact(8)
                .map(|word| AtomicU64::new(u64::from_le_bytes(word.try_into().unwrap())));
            let mut blocks = Vec::with_capacity(bytes.len() / 64);
            while let Some(first) = words.next() {
                blocks.push([(); 8].map(|()| AtomicU64::new(0)));
                let last = blocks.last_mut().unwrap();
                last[0] = first;
                last[1..].iter_mut().for_each(|word| *word = words.next().unwrap());
            }
            let all = &blocks;
            let found = halves(&told[3], |start, end| {
                let mut found = 0;
                digests(&told[3], start, end, |batch| {
                    found += batch
                        .iter()
                        .filter(|(place, key)| {
                            block(all, *place)
                                .iter()
                                .zip(bits(*key))
                                .all(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
                        })
                        .count() as u64;
                });
                found
            });
            println!("{found}");
        }
        _ => panic!("build or check"),
    }
}
