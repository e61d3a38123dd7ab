//! Records of one thread, dealt into partitions by the leading bits of the digest.
//!
//! A partition is a list of blocks of fixed size, so that it grows without
//! ever moving what it holds.

use crate::blocks::{Block, Quarry};
use crate::sort::{encode, key_sum, Bench, NoMemory};
use xxhash_rust::xxh3::xxh3_64;

/// Records in a block: 4 KiB.
const BLOCK: usize = 256;

/// The blocks of a partition, in order; all but the last are full.
#[derive(Default)]
pub struct Part(Vec<Block>);

/// A partition's sorted distinct records, in blocks that it had, with the blocks that are left
/// and the records' key sum.
pub struct Settled {
    pub part: Part,
    pub sum: u64,
    left: Vec<Block>,
}

impl Part {
    pub fn len(&self) -> usize {
        self.0.iter().map(|block| block.len()).sum()
    }

    /// Copy all records to the end of `out`.
    pub fn pour(self, out: &mut Vec<u128>) {
        self.0
            .into_iter()
            .for_each(|block| out.extend_from_slice(&block));
    }

    /// Sort the records of `parts` and drop the repeats.
    pub fn settle(parts: Vec<Part>) -> Result<Settled, NoMemory> {
        let mut bench = Bench::take(parts.iter().map(Part::len).sum())?;
        let mut blocks: Vec<Block> = parts.into_iter().flat_map(|part| part.0).collect();
        blocks
            .iter()
            .for_each(|block| bench.records.extend_from_slice(block));
        bench.sort_distinct()?;
        let mut chunks = bench.records.chunks(BLOCK);
        for (block, chunk) in blocks.iter_mut().zip(chunks.by_ref()) {
            block.replace(chunk);
        }
        // Parts of many pools have at least the blocks that their records need.
        debug_assert!(chunks.next().is_none());
        let left = blocks.split_off(bench.records.len().div_ceil(BLOCK));
        let sum = key_sum(bench.records.iter().copied());
        bench.give_back();
        Ok(Settled {
            part: Part(blocks),
            sum,
            left,
        })
    }
}

/// Sorted distinct records as they came, and their key sum: of input that is in order already,
/// which needs no dealing and no sorting.
pub struct Run {
    pub records: Block,
    pub sum: u64,
}

/// Fewer digests than this at a time are dealt, in order or not.
const LEAST_RUN: usize = 4096;

pub struct Partitions {
    digest_bytes: usize,
    shift: u32,
    runs: Vec<Run>,
    full: Vec<Vec<Block>>,
    last: Vec<Block>,
    pub count: usize,
    blocks: usize,
    /// Blocks to use again before others are cut.
    spare: Vec<Block>,
    quarry: Quarry,
    /// Where runs are cut from: memory that a block shared with them would outlast them in whole.
    run_quarry: Quarry,
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

/// Whether the first eight bytes of `digests` ascend.
fn in_order(digests: &[u8], digest_bytes: usize) -> bool {
    let mut last = 0;
    digests.chunks_exact(digest_bytes).all(|digest| {
        let head = digest
            .first_chunk()
            .map_or(0, |head| u64::from_be_bytes(*head));
        let ordered = last <= head;
        last = head;
        ordered
    })
}

impl Partitions {
    pub fn new(digest_bytes: usize, bits: u32) -> Self {
        let count = 1usize << bits;
        Partitions {
            digest_bytes,
            shift: 63 - bits,
            runs: Vec::new(),
            full: (0..count).map(|_| Vec::new()).collect(),
            last: (0..count).map(|_| Block::default()).collect(),
            count: 0,
            blocks: 0,
            spare: Vec::new(),
            quarry: Quarry::default(),
            run_quarry: Quarry::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Memory held by the records, in bytes, without what a compaction has left to be used again.
    pub fn nbytes(&self) -> usize {
        let runs: usize = self.runs.iter().map(|run| run.records.room()).sum();
        (self.blocks * BLOCK + runs) * 16
    }

    pub fn add(&mut self, digests: &[u8]) -> Result<(), NoMemory> {
        if self.add_run(digests)? {
            return Ok(());
        }
        let mut outcome = Ok(());
        for_each_digest(digests, self.digest_bytes, |digest| {
            if outcome.is_ok() {
                outcome = self.deal(record(digest));
            }
        });
        outcome
    }

    /// Take `digests` as runs, if they are many and in order; return whether they are.
    ///
    /// Never while there are spare blocks: runs would be held beside memory that is in no count.
    fn add_run(&mut self, digests: &[u8]) -> Result<bool, NoMemory> {
        if digests.len() < LEAST_RUN * self.digest_bytes || !self.spare.is_empty() {
            return Ok(false);
        }
        let mut fresh: Vec<Run> = Vec::new();
        let (mut last, mut ordered) = (None, true);
        for piece in digests.chunks(LEAST_RUN * self.digest_bytes) {
            // Mostly known after a few digests, and at most after a piece.
            if !ordered || fresh.is_empty() && !in_order(piece, self.digest_bytes) {
                ordered = false;
                break;
            }
            let mut records = self.run_quarry.cut(piece.len() / self.digest_bytes)?;
            let mut sum = 0u64;
            for_each_digest(piece, self.digest_bytes, |digest| {
                let record = record(digest);
                ordered &= last <= Some(record);
                if last != Some(record) {
                    records.push(record);
                    sum = sum.wrapping_add(record as u64);
                }
                last = Some(record);
            });
            self.run_quarry.trim(&mut records);
            fresh.push(Run { records, sum });
        }
        if !ordered {
            while let Some(run) = fresh.pop() {
                self.run_quarry.take_back(run.records);
            }
            return Ok(false);
        }
        self.count += fresh.iter().map(|run| run.records.len()).sum::<usize>();
        self.runs.append(&mut fresh);
        Ok(true)
    }

    #[inline(always)]
    fn deal(&mut self, record: u128) -> Result<(), NoMemory> {
        let index = ((record >> 64) as u64 >> 1 >> self.shift) as usize;
        if let Some(last) = self.last.get_mut(index) {
            if last.is_full() {
                let empty = match self.spare.pop() {
                    Some(block) => block,
                    None => self.quarry.cut(BLOCK)?,
                };
                let block = std::mem::replace(last, empty);
                if !block.is_empty() {
                    self.full[index].push(block);
                }
                self.blocks += 1;
            }
            last.push(record);
            self.count += 1;
        }
        Ok(())
    }

    /// Deal the runs to the partitions, each given back as soon as it is dealt.
    pub fn deal_runs(&mut self) -> Result<(), NoMemory> {
        while let Some(run) = self.runs.pop() {
            self.count -= run.records.len();
            for &record in run.records.iter() {
                self.deal(record)?;
            }
        }
        Ok(())
    }

    pub fn has_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Whether all records are in runs.
    pub fn in_runs(&self) -> bool {
        self.count == self.runs.iter().map(|run| run.records.len()).sum::<usize>()
    }

    /// Give up all runs.
    pub fn take_runs(&mut self) -> Vec<Run> {
        self.count -= self.runs.iter().map(|run| run.records.len()).sum::<usize>();
        std::mem::take(&mut self.runs)
    }

    /// The first and the last record of each run.
    pub fn spans(&self) -> impl Iterator<Item = (u128, u128)> + '_ {
        self.runs
            .iter()
            .filter_map(|run| Some((*run.records.first()?, *run.records.last()?)))
    }

    /// Give up partition `index`, which is below `len()`.
    pub fn take(&mut self, index: usize) -> Part {
        let mut blocks = std::mem::take(&mut self.full[index]);
        let last = std::mem::take(&mut self.last[index]);
        if last.room() > 0 {
            blocks.push(last);
        }
        let part = Part(blocks);
        self.count -= part.len();
        self.blocks -= part.0.len();
        if self.blocks == 0 {
            self.spare.clear();
        }
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
        if self.in_runs() {
            return Ok(()); // each is distinct
        }
        self.deal_runs()?;
        for index in 0..self.len() {
            let mut settled = Part::settle(vec![self.take(index)])?;
            settled.left.iter_mut().for_each(|block| block.replace(&[]));
            self.spare.append(&mut settled.left);
            self.put(index, settled.part);
        }
        Ok(())
    }
}

/// All records of some pools, in order and distinct.
pub struct Joined {
    runs: Vec<Run>,
    /// How many records come before each run.
    starts: Vec<usize>,
    pub count: usize,
    pub sum: u64,
}

impl Joined {
    /// Of runs that do not overlap; two may share the record between them.
    pub fn new(mut runs: Vec<Run>) -> Self {
        runs.retain(|run| !run.records.is_empty());
        // Of two that begin with the same record, one is that record alone: it comes first.
        runs.sort_unstable_by_key(|run| (run.records[0], run.records.last().copied()));
        let (mut starts, mut count, mut sum) = (Vec::new(), 0, 0u64);
        let mut last = None;
        for run in &mut runs {
            if last == run.records.first().copied() {
                run.sum = run.sum.wrapping_sub(run.records[0] as u64);
                run.records.drop_first();
            }
            last = run.records.last().copied().or(last);
            sum = sum.wrapping_add(run.sum);
        }
        runs.retain(|run| !run.records.is_empty());
        for run in &runs {
            starts.push(count);
            count += run.records.len();
        }
        Joined {
            runs,
            starts,
            count,
            sum,
        }
    }

    /// How many records have leading eight bytes below `high`.
    pub fn find(&self, high: u64) -> usize {
        let below = |record: &u128| ((record >> 64) as u64) < high;
        let at = self
            .runs
            .partition_point(|run| run.records.last().is_none_or(below));
        match (self.runs.get(at), self.starts.get(at)) {
            (Some(run), Some(start)) => start + run.records.partition_point(below),
            _ => self.count,
        }
    }

    /// Write the records from the one at `start` on to `out`, sixteen bytes each.
    pub fn read(&self, start: usize, out: &mut [u8]) {
        let mut at = self.starts.partition_point(|&first| first <= start);
        at = at.saturating_sub(1);
        let (mut start, mut out) = (start, out);
        while let (Some(run), Some(first), false) =
            (self.runs.get(at), self.starts.get(at), out.is_empty())
        {
            let records = run.records.get(start - first..).unwrap_or_default();
            let count = records.len().min(out.len() / 16);
            let (here, rest) = out.split_at_mut(count * 16);
            encode(&records[..count], here);
            (start, out, at) = (start + count, rest, at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slab::BYTES;
    use std::collections::HashSet;

    /// Bytes of all memory that `pool` keeps from the system.
    fn held(pool: &Partitions) -> usize {
        let blocks = pool.full.iter().flatten().chain(&pool.last);
        let runs = pool.runs.iter().map(|run| &run.records);
        let blocks = blocks.chain(&pool.spare).chain(runs);
        let places: HashSet<_> = blocks.filter_map(Block::place).collect();
        (places.len() + 2) * BYTES // and what the quarries cut from
    }

    /// Digests that are spread evenly, `count` from the one numbered `first` on.
    fn digests(first: u64, count: u64) -> Vec<[u8; 16]> {
        (first..first + count)
            .map(|number| {
                let mut digest = [0; 16];
                digest[..8].copy_from_slice(&xxh3_64(&number.to_le_bytes()).to_be_bytes());
                digest[8..].copy_from_slice(&number.to_be_bytes());
                digest
            })
            .collect()
    }

    #[test]
    fn repeats_in_order_and_in_none_stay_within_the_share() {
        const SHARE: usize = 16 << 20;
        let mixed = digests(0, 1024);
        let mut sorted = digests(0, LEAST_RUN as u64);
        sorted.sort_unstable();
        let (mixed, sorted) = (mixed.as_flattened(), sorted.as_flattened());
        let mut pool = Partitions::new(16, 9);
        let (mut most, mut compacted) = (0, 0);
        while compacted < 4 {
            // As Builder.add does. What is in no order needs blocks between runs.
            for piece in [mixed, sorted, sorted, sorted] {
                assert!(pool.add(piece).is_ok());
            }
            most = most.max(held(&pool));
            if pool.nbytes() > SHARE {
                assert!(pool.compact().is_ok());
                compacted += 1;
                assert_eq!(pool.count, LEAST_RUN);
            }
        }
        assert!(most <= SHARE + 5 * BYTES, "{most} bytes");
    }

    #[test]
    fn what_a_compaction_leaves_is_used_before_runs_are_cut() {
        let mut sorted = digests(0, LEAST_RUN as u64);
        sorted.sort_unstable();
        let mut pool = Partitions::new(16, 9);
        for _ in 0..100 {
            assert!(pool.add(&sorted.as_flattened()[16..]).is_ok());
        }
        let before = pool.blocks;
        assert!(pool.compact().is_ok());
        assert_eq!(pool.spare.len(), before - pool.blocks);
        assert!(pool.add(sorted.as_flattened()).is_ok());
        assert!(!pool.has_runs() && pool.count == 2 * LEAST_RUN - 1);
        pool.spare.clear();
        assert!(pool.add(sorted.as_flattened()).is_ok());
        assert!(pool.has_runs());
    }
}
