//! Records of one thread, dealt into partitions by the leading bits of the digest.
//!
//! A partition is a list of blocks of fixed size, so that it grows without
//! ever moving what it holds.

use crate::sort::{encode, key_sum, room, Bench, NoMemory};
use xxhash_rust::xxh3::xxh3_64;

/// Records in a block: 4 KiB.
const BLOCK: usize = 256;

/// The blocks of a partition, in order; all but the last are full.
#[derive(Default)]
pub struct Part(Vec<Vec<u128>>);

impl Part {
    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Move all records to the end of `out`, giving each block back as soon as it is copied.
    pub fn pour(self, out: &mut Vec<u128>) {
        self.0
            .into_iter()
            .for_each(|block| out.extend_from_slice(&block));
    }

    /// The sorted distinct records of `parts`, in blocks that they had, and their key sum.
    pub fn settle(parts: Vec<Part>) -> Result<(Part, u64), NoMemory> {
        let mut bench = Bench::take(parts.iter().map(Part::len).sum())?;
        let mut blocks: Vec<Vec<u128>> = parts.into_iter().flat_map(|part| part.0).collect();
        blocks
            .iter()
            .for_each(|block| bench.records.extend_from_slice(block));
        bench.sort_distinct()?;
        let mut chunks = bench.records.chunks(BLOCK);
        for (block, chunk) in blocks.iter_mut().zip(chunks.by_ref()) {
            block.clear();
            block.extend_from_slice(chunk);
        }
        // Parts of many pools have at least the blocks that their records need.
        debug_assert!(chunks.next().is_none());
        blocks.truncate(bench.records.len().div_ceil(BLOCK));
        let sum = key_sum(bench.records.iter().copied());
        bench.give_back();
        Ok((Part(blocks), sum))
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
    let high = digest
        .first_chunk()
        .map_or(0, |first| u64::from_be_bytes(*first));
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
        let mut blocks = std::mem::take(&mut self.full[index]);
        let last = std::mem::take(&mut self.last[index]);
        if last.capacity() > 0 {
            blocks.push(last);
        }
        let part = Part(blocks);
        self.count -= part.len();
        self.blocks -= part.0.len();
        part
    }

    /// Put `part` in the place of partition `index`, which was taken.
    pub fn put(&mut self, index: usize, part: Part) {
        self.count += part.len();
        self.blocks += part.0.len();
        self.full[index].extend(part.0);
        self.last[index] = self.full[index].pop().unwrap_or_default();
    }

    /// Records in partition `index`.
    pub fn part_len(&self, index: usize) -> usize {
        self.full[index].len() * BLOCK + self.last[index].len()
    }

    /// Write the records of partition `index` to `out`, sixteen bytes each.
    pub fn read(&self, index: usize, out: &mut [u8]) {
        let blocks = self.full[index]
            .iter()
            .chain(std::iter::once(&self.last[index]));
        for (block, out) in blocks.zip(out.chunks_mut(BLOCK * 16)) {
            encode(block, out);
        }
    }

    /// Sort each partition and drop its repeats, in the memory it has.
    pub fn compact(&mut self) -> Result<(), NoMemory> {
        for index in 0..self.len() {
            let (part, _) = Part::settle(vec![self.take(index)])?;
            self.put(index, part);
        }
        Ok(())
    }
}
