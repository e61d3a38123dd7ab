//! Records of one thread, dealt into partitions by the leading bits of the digest.
//!
//! A partition is a list of blocks of fixed size, so that it grows without
//! ever moving what it holds.

use crate::sort::{room, sort_distinct, NoMemory};
use xxhash_rust::xxh3::xxh3_64;

/// Records in a block: 4 KiB.
const BLOCK: usize = 256;

/// The full blocks of a partition and the one being filled.
#[derive(Default)]
pub struct Part {
    full: Vec<Vec<u128>>,
    last: Vec<u128>,
}

impl Part {
    pub fn len(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    /// Move all records to the end of `out`, giving each block back as soon as it is copied.
    pub fn pour(self, out: &mut Vec<u128>) {
        for block in self.full {
            out.extend_from_slice(&block);
        }
        out.extend_from_slice(&self.last);
    }
}

pub struct Partitions {
    digest_bytes: usize,
    shift: u32,
    full: Vec<Vec<Vec<u128>>>,
    last: Vec<Vec<u128>>,
    pub count: usize,
    blocks: usize,
}

/// The record of one digest: its first eight bytes, big-endian, and its XXH3-64.
#[inline(always)]
pub fn record(digest: &[u8]) -> u128 {
    let high = digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
    (high as u128) << 64 | xxh3_64(digest) as u128
}

/// Call `each` with every digest, its length known to the compiler where it is usual.
#[inline(always)]
pub fn for_each_digest(digests: &[u8], digest_bytes: usize, mut each: impl FnMut(&[u8])) {
    match digest_bytes {
        20 => digests.chunks_exact(20).for_each(each),
        16 => digests.chunks_exact(16).for_each(each),
        other => digests.chunks_exact(other).for_each(&mut each),
    }
}

impl Partitions {
    pub fn new(digest_bytes: usize, bits: u32) -> Self {
        let count = 1usize << bits;
        Partitions {
            digest_bytes,
            shift: 63 - bits,
            full: (0..count).map(|_| Vec::new()).collect(),
            last: (0..count).map(|_| Vec::new()).collect(),
            count: 0,
            blocks: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Memory held by the blocks, in bytes.
    pub fn nbytes(&self) -> usize {
        self.blocks * BLOCK * 16
    }

    pub fn add(&mut self, digests: &[u8]) -> Result<(), NoMemory> {
        let mut outcome = Ok(());
        for_each_digest(digests, self.digest_bytes, |digest| {
            let record = record(digest);
            let index = ((record >> 64) as u64 >> 1 >> self.shift) as usize;
            if let Some(last) = self.last.get_mut(index) {
                if last.len() == last.capacity() {
                    match room(BLOCK) {
                        Ok(fresh) => {
                            let block = std::mem::replace(last, fresh);
                            if !block.is_empty() {
                                self.full[index].push(block);
                            }
                            self.blocks += 1;
                        }
                        Err(error) => {
                            outcome = Err(error);
                            return;
                        }
                    }
                }
                last.push(record);
                self.count += 1;
            }
        });
        outcome
    }

    /// Give up partition `index`, which is below `len()`.
    pub fn take(&mut self, index: usize) -> Part {
        let part = Part {
            full: std::mem::take(&mut self.full[index]),
            last: std::mem::take(&mut self.last[index]),
        };
        self.count -= part.len();
        self.blocks -= part.full.len() + usize::from(part.last.capacity() > 0);
        part
    }

    /// Sort each partition and drop its repeats, in the memory it has.
    pub fn compact(&mut self) -> Result<(), NoMemory> {
        let mut records = Vec::new();
        for index in 0..self.len() {
            let part = self.take(index);
            records.clear();
            records.try_reserve_exact(part.len()).map_err(|_| NoMemory)?;
            part.pour(&mut records);
            sort_distinct(&mut records)?;
            for chunk in records.chunks(BLOCK) {
                let mut block = room(BLOCK)?;
                block.extend_from_slice(chunk);
                let before = std::mem::replace(&mut self.last[index], block);
                if !before.is_empty() {
                    self.full[index].push(before);
                }
                self.blocks += 1;
            }
            self.count += records.len();
        }
        Ok(())
    }
}
