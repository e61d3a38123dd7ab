//! The cuckoo filter of passwdqc; see leakcheck/exporting/reference.py, which says the rules.

use crate::export::whole;
use crate::python::{bytes, bytes_mut};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const SLOTS: usize = 4;
const THRESHOLD: u8 = 2;
const MOST_KICKS: u32 = 2000;
const SHORT: u64 = (1 << 33) - 1;
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

struct Table<'a> {
    slots: &'a mut [[u64; SLOTS]],
    fills: &'a mut [u8],
}

impl Table<'_> {
    fn other(&self, bucket: usize, print: u64) -> usize {
        let buckets = self.fills.len();
        let from = (((print & 0xFFFF_FFFF) * buckets as u64) >> 32) as usize;
        (2 * buckets - 1 - bucket - from) % buckets
    }

    fn held(&self, bucket: usize) -> &[u64] {
        &self.slots[bucket][..usize::from(self.fills[bucket])]
    }

    fn put(&mut self, bucket: usize, print: u64) {
        let fill = usize::from(self.fills[bucket]);
        self.slots[bucket][fill] = print;
        self.fills[bucket] += 1;
    }

    /// Put a fingerprint in one of its two buckets; what that took, None where it has no room.
    fn insert(&mut self, first: usize, print: u64) -> Option<(bool, u32)> {
        let second = self.other(first, print);
        if self.held(first).contains(&print) || self.held(second).contains(&print) {
            return Some((false, 0));
        }
        let mut at = first;
        if self.fills[first] >= THRESHOLD && self.fills[second] < self.fills[first] {
            at = second;
        }
        let mut print = print;
        for kicks in 0..MOST_KICKS {
            if usize::from(self.fills[at]) < SLOTS {
                self.put(at, print);
                return Some((true, kicks));
            }
            if self.shorten(at, print) {
                return Some((false, kicks));
            }
            let (slot, next) = self.leaving(at, print, kicks);
            print = std::mem::replace(&mut self.slots[at][slot], print);
            at = next;
        }
        None
    }

    /// Which fingerprint leaves a full bucket, and for which: one with room, else as chance has it.
    fn leaving(&self, at: usize, print: u64, kicks: u32) -> (usize, usize) {
        let others = self.slots[at].map(|held| self.other(at, held));
        for (slot, &other) in others.iter().enumerate() {
            if usize::from(self.fills[other]) < SLOTS {
                return (slot, other);
            }
        }
        let chance = (print ^ u64::from(kicks)).wrapping_mul(STEP);
        let slot = (chance >> 62) as usize;
        (slot, others[slot])
    }

    /// In a full bucket fingerprints are cut short: of two that are then the same one is enough.
    fn shorten(&mut self, at: usize, print: u64) -> bool {
        let bucket = &mut self.slots[at];
        let alike = |held: &&mut u64| **held & SHORT == print & SHORT;
        if let Some(held) = bucket.iter_mut().find(alike) {
            *held &= SHORT;
            return true;
        }
        for slot in 0..SLOTS {
            for earlier in 0..slot {
                if bucket[slot] & SHORT == bucket[earlier] & SHORT {
                    bucket[earlier] &= SHORT;
                    bucket[slot] = print;
                    return true;
                }
            }
        }
        false
    }
}

/// Digests of 16 bytes into the working table: how many took a slot, how many were moved, and
/// how many were taken in all, fewer than there are where one found no room.
#[pyfunction]
pub fn cuckoo_insert(
    py: Python<'_>,
    slots: PyBuffer<u8>,
    fills: PyBuffer<u8>,
    digests: PyBuffer<u8>,
) -> PyResult<(u64, u64, usize)> {
    let (slots, fills, digests) = (bytes_mut(&slots)?, bytes_mut(&fills)?, bytes(&digests)?);
    whole(digests, 16)?;
    let slots = working(slots, fills)?;
    py.detach(|| {
        let mut table = Table { slots, fills };
        let (mut taken, mut kicked) = (0, 0);
        for (number, digest) in digests.as_chunks::<16>().0.iter().enumerate() {
            let lead = u128::from_be_bytes(*digest) >> 96;
            let lead = (lead & 0x0F0F_0F0F) << 4 | lead >> 4 & 0x0F0F_0F0F;
            let first = ((lead as u64 * table.fills.len() as u64) >> 32) as usize;
            let print = (u128::from_le_bytes(*digest) >> 64) as u64;
            match table.insert(first, print) {
                Some((new, kicks)) => {
                    taken += u64::from(new);
                    kicked += u64::from(kicks);
                }
                None => return Ok((taken, kicked, number)),
            }
        }
        Ok((taken, kicked, digests.len() / 16))
    })
}

/// The slots of a working table, whose bytes are those of this machine's words.
fn working<'a>(slots: &'a mut [u8], fills: &[u8]) -> PyResult<&'a mut [[u64; SLOTS]]> {
    let wrong = || PyValueError::new_err("the table is not one of buckets");
    // SAFETY: any bytes are words.
    let (head, words, tail) = unsafe { slots.align_to_mut::<[u64; SLOTS]>() };
    let sound = head.is_empty() && tail.is_empty() && !fills.is_empty();
    let sound = sound && words.len() == fills.len() && fills.len() < 1 << 32;
    if !sound || fills.iter().any(|&fill| usize::from(fill) > SLOTS) {
        return Err(wrong());
    }
    Ok(words)
}

/// Buckets of the working table as they stand in the file, 16 bytes each.
#[pyfunction]
pub fn cuckoo_pack<'py>(
    py: Python<'py>,
    slots: PyBuffer<u8>,
    fills: PyBuffer<u8>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (slots, fills) = (bytes(&slots)?, bytes(&fills)?);
    if slots.len() != fills.len() * SLOTS * 8 || fills.iter().any(|&fill| fill > 4) {
        return Err(PyValueError::new_err("the table is not one of buckets"));
    }
    let packed: Vec<[u8; 16]> = py.detach(|| {
        let heads = heads();
        let words = slots.as_chunks::<8>().0.as_chunks::<SLOTS>().0;
        let bucket = |(words, &fill): (&[[u8; 8]; SLOTS], &u8)| {
            let mut prints = words.map(u64::from_ne_bytes);
            let bucket = pack(&mut prints[..usize::from(fill)], &heads);
            bucket.rotate_right(64).to_le_bytes() // its upper half stands first
        };
        words.iter().zip(fills).map(bucket).collect()
    });
    Ok(PyBytes::new(py, packed.as_flattened()))
}

/// One bucket as a number: its fingerprints from the largest down, as long as they may be.
fn pack(prints: &mut [u64], heads: &[u16]) -> u128 {
    let (bits, mark) = match prints.len() {
        0 => return 0,
        1 => return 1 << 64 | u128::from(prints[0]),
        2 => (61, 0xF40),
        3 => (41, 0xF80),
        _ => (33, 0),
    };
    prints
        .iter_mut()
        .for_each(|print| *print &= (1 << bits) - 1);
    prints.sort_unstable();
    let joined = |width: u32| {
        let join = |sum, &print: &u64| sum << width | u128::from(print & ((1 << width) - 1));
        prints.iter().fold(0, join)
    };
    if prints.len() < SLOTS {
        return mark << 116 | joined(bits);
    }
    let head = prints
        .iter()
        .fold(0, |head, print| head << 4 | (print >> 29) as usize);
    u128::from(heads[head]) << 116 | joined(29)
}

/// The number of each four heads of 4 bits, from the largest down: 1 to 3,876, else 0.
fn heads() -> Vec<u16> {
    let mut numbers = vec![0; 1 << 16];
    let mut number = 0;
    for last in 0..16 {
        for third in last..16 {
            for second in third..16 {
                for first in second..16 {
                    number += 1;
                    numbers[last << 12 | third << 8 | second << 4 | first] = number;
                }
            }
        }
    }
    numbers
}
