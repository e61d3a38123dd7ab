//! Sorting and merging of records: 128-bit numbers whose leading bits are evenly spread.

use std::cell::Cell;

/// Up to this many records (16 MiB) a second buffer of the same size is affordable.
const BUCKETED: usize = 1 << 20;
/// A bucket this small is sorted by insertion.
const SMALL: usize = 24;

/// No memory for a buffer.
pub struct NoMemory;

/// An empty vector with room for `len` values.
pub fn room<T>(len: usize) -> Result<Vec<T>, NoMemory> {
    let mut fresh = Vec::new();
    fresh.try_reserve_exact(len).map_err(|_| NoMemory)?;
    Ok(fresh)
}

/// Two buffers that a thread sorts in, kept from one call to the next: fresh
/// memory costs more than the sorting.
#[derive(Default)]
pub struct Bench {
    pub records: Vec<u128>,
    spare: Vec<u128>,
}

/// Buffers larger than this many records are given back after each use.
const KEPT: usize = 1 << 18;

thread_local! {
    static BENCH: Cell<Bench> = const { Cell::new(Bench { records: Vec::new(), spare: Vec::new() }) };
}

impl Bench {
    /// This thread's buffers, empty, with room for `len` records.
    pub fn take(len: usize) -> Result<Self, NoMemory> {
        let mut bench = BENCH.take();
        bench.records.clear();
        bench.records.try_reserve_exact(len).map_err(|_| NoMemory)?;
        Ok(bench)
    }

    /// Keep the buffers for this thread's next call.
    pub fn give_back(mut self) {
        for buffer in [&mut self.records, &mut self.spare] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        BENCH.set(self);
    }

    /// Sort the records and drop the repeats.
    pub fn sort_distinct(&mut self) -> Result<(), NoMemory> {
        if !is_sorted(&self.records) {
            sort(&mut self.records, &mut self.spare)?;
        }
        self.records.dedup();
        Ok(())
    }
}

fn is_sorted(records: &[u128]) -> bool {
    records.windows(2).all(|pair| pair[0] <= pair[1])
}

/// One pass deals evenly spread records into buckets of two to four, in order;
/// each is then sorted where it lies. What crowds falls back on the comparison sort.
fn sort(records: &mut Vec<u128>, dealt: &mut Vec<u128>) -> Result<(), NoMemory> {
    if records.len() <= 64 || records.len() > BUCKETED {
        records.sort_unstable();
        return Ok(());
    }
    let (all, any) = records.iter().fold((u64::MAX, 0), |(all, any), record| {
        let high = (record >> 64) as u64;
        (all & high, any | high)
    });
    let common = (all ^ any).leading_zeros();
    if common >= 48 {
        records.sort_unstable();
        return Ok(());
    }
    let bits = (records.len().ilog2() - 1).clamp(4, 16);
    let bucket = |record: u128| (((record >> 64) as u64) << common >> (64 - bits)) as usize;
    let mut starts = room::<u32>((1 << bits) + 1)?;
    starts.resize((1 << bits) + 1, 0u32);
    for &record in records.iter() {
        starts[bucket(record) + 1] += 1;
    }
    let mut sum = 0;
    for start in starts.iter_mut() {
        sum += *start;
        *start = sum;
    }
    if dealt.len() < records.len() {
        dealt.clear();
        dealt
            .try_reserve_exact(records.len())
            .map_err(|_| NoMemory)?;
        dealt.resize(records.len(), 0);
    }
    dealt.truncate(records.len());
    for &record in records.iter() {
        let place = &mut starts[bucket(record)];
        dealt[*place as usize] = record;
        *place += 1;
    }
    // Dealing has moved each start to the start of the next bucket.
    let mut low = 0;
    for &high in starts.iter().take(1 << bits) {
        let high = high as usize;
        let crowd = &mut dealt[low..high];
        if crowd.len() <= SMALL {
            insertion(crowd);
        } else {
            crowd.sort_unstable();
        }
        low = high;
    }
    std::mem::swap(records, dealt);
    Ok(())
}

fn insertion(records: &mut [u128]) {
    for at in 1..records.len() {
        let record = records[at];
        let mut place = at;
        while place > 0 && records[place - 1] > record {
            records[place] = records[place - 1];
            place -= 1;
        }
        records[place] = record;
    }
}

/// The record in sixteen bytes.
pub fn decode(bytes: &[u8]) -> u128 {
    bytes.try_into().map_or(0, u128::from_be_bytes)
}

/// Write `records` into `out`, sixteen bytes each.
pub fn encode(records: &[u128], out: &mut [u8]) {
    for (record, bytes) in records.iter().zip(out.chunks_exact_mut(16)) {
        bytes.copy_from_slice(&record.to_be_bytes());
    }
}

/// The sum of the lower halves of `records`, which are the keys' XXH3-64, mod 2^64.
pub fn key_sum(records: impl Iterator<Item = u128>) -> u64 {
    records.fold(0, |sum, record| sum.wrapping_add(record as u64))
}

/// How many of the sorted records in `run` are at most `limit`.
fn count_within(run: &[u8], limit: u128) -> usize {
    let (mut low, mut high) = (0, run.len() / 16);
    while low < high {
        let middle = low + (high - low) / 2;
        if decode(&run[middle * 16..middle * 16 + 16]) <= limit {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// One step of merging, see `reference.merge`: the records, and how many bytes of each window.
pub fn merge(runs: &[&[u8]], open_ended: &[bool]) -> Result<(Bench, Vec<usize>), NoMemory> {
    let limit = runs
        .iter()
        .zip(open_ended)
        .filter(|(run, &open)| open && !run.is_empty())
        .map(|(run, _)| decode(&run[run.len() - 16..]))
        .min()
        .unwrap_or(u128::MAX);
    let counts: Vec<usize> = runs.iter().map(|run| count_within(run, limit)).collect();
    let mut bench = Bench::take(counts.iter().sum())?;
    for (run, count) in runs.iter().zip(&counts) {
        bench
            .records
            .extend(run[..count * 16].chunks_exact(16).map(decode));
    }
    bench.sort_distinct()?;
    Ok((bench, counts.iter().map(|count| count * 16).collect()))
}
