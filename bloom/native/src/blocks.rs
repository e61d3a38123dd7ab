//! Blocks of records, cut from memory of 2 MiB: the system is asked for it seldom.

use crate::slab::{Memory, BYTES};
use crate::sort::NoMemory;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// Records that fit in one `Memory`.
const WHOLE: usize = BYTES / 16;

/// Room for some records, and those that were put there.
pub struct Block {
    records: NonNull<u128>,
    len: usize,
    room: usize,
    /// What the room is cut from; None where there is none.
    memory: Option<Arc<Memory>>,
}

// SAFETY: no other block has the same room, and the memory lives as long as one that it was cut for.
unsafe impl Send for Block {}
// SAFETY: as above; who shares a block reads alone.
unsafe impl Sync for Block {}

impl Default for Block {
    /// A block without room.
    fn default() -> Self {
        Block {
            records: NonNull::dangling(),
            len: 0,
            room: 0,
            memory: None,
        }
    }
}

impl Deref for Block {
    type Target = [u128];

    #[inline(always)]
    fn deref(&self) -> &[u128] {
        // SAFETY: of the room, which is this block's alone, `len` records were written.
        unsafe { std::slice::from_raw_parts(self.records.as_ptr(), self.len) }
    }
}

impl Block {
    pub fn room(&self) -> usize {
        self.room
    }

    /// Which memory the room is cut from.
    #[cfg(test)]
    pub fn place(&self) -> Option<NonNull<u8>> {
        self.memory.as_ref().map(|memory| memory.start())
    }

    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.len == self.room
    }

    /// Append `record`; a block that is full stays as it is.
    #[inline(always)]
    pub fn push(&mut self, record: u128) {
        if self.len < self.room {
            // SAFETY: within the room, which is this block's alone.
            unsafe { self.records.add(self.len).write(record) };
            self.len += 1;
        }
    }

    /// Have the first of `records`, as many as there is room for, in the place of others.
    pub fn replace(&mut self, records: &[u128]) {
        self.len = 0;
        records.iter().for_each(|&record| self.push(record));
    }

    /// Let go of the first record.
    pub fn drop_first(&mut self) {
        if self.len > 0 {
            // SAFETY: within the room, or just behind it.
            self.records = unsafe { self.records.add(1) };
            self.len -= 1;
            self.room -= 1;
        }
    }
}

/// Where blocks are cut from.
#[derive(Default)]
pub struct Quarry {
    memory: Option<Arc<Memory>>,
    used: usize,
}

impl Quarry {
    /// A block with room for `room` records, at most `WHOLE`.
    ///
    /// The system's small pages: in a virtual machine whose host takes free memory back, a large
    /// one that is fresh costs more than the 512 small ones, which were used a moment ago.
    pub fn cut(&mut self, room: usize) -> Result<Block, NoMemory> {
        if room > WHOLE {
            return Err(NoMemory);
        }
        let memory = match self.memory.take() {
            Some(memory) if self.used + room <= WHOLE => memory,
            _ => {
                self.used = 0;
                Arc::new(Memory::new(false)?)
            }
        };
        // SAFETY: within the memory, as `used` and `room` together are. It is aligned to 2 MiB.
        let records = unsafe { memory.start().cast::<u128>().add(self.used) };
        self.used += room;
        self.memory = Some(memory.clone());
        Ok(Block {
            records,
            len: 0,
            room,
            memory: Some(memory),
        })
    }

    /// Take the room back that `block`, the last that was cut, does not need.
    pub fn trim(&mut self, block: &mut Block) {
        let (Some(mine), Some(its)) = (&self.memory, &block.memory) else {
            return;
        };
        let end = block.records.as_ptr().wrapping_add(block.room);
        let start = mine.start().cast::<u128>().as_ptr();
        if Arc::ptr_eq(mine, its) && end == start.wrapping_add(self.used) {
            self.used -= block.room - block.len;
            block.room = block.len;
        }
    }

    /// Take back all the room of `block`, if it is the last that was cut.
    pub fn take_back(&mut self, mut block: Block) {
        block.len = 0;
        self.trim(&mut block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_blocks_share_room_and_each_outlives_its_quarry() {
        let mut quarry = Quarry::default();
        let mut blocks = Vec::new();
        for number in 0..600u128 {
            let mut block = quarry.cut(300).ok().unwrap();
            (0..300).for_each(|at| block.push(number << 64 | at));
            assert!(block.is_full());
            block.push(0);
            assert_eq!(block.len(), 300);
            match number % 3 {
                0 => blocks.push(block),
                1 => quarry.take_back(block),
                _ => {
                    block.replace(&[number << 64]);
                    quarry.trim(&mut block);
                    assert_eq!(block.room(), 1);
                    blocks.push(block);
                }
            }
        }
        drop(quarry);
        let numbers = (0..600u128).filter(|number| number % 3 != 1);
        for (block, number) in blocks.iter_mut().zip(numbers) {
            assert!(block
                .iter()
                .zip(0..)
                .all(|(&record, at)| record == number << 64 | at));
            let first = block.len();
            block.drop_first();
            assert_eq!((block.len(), block.room()), (first - 1, block.room()));
        }
    }

    #[test]
    fn a_block_that_is_not_the_last_keeps_its_room() {
        let mut quarry = Quarry::default();
        let mut first = quarry.cut(10).ok().unwrap();
        let mut second = quarry.cut(10).ok().unwrap();
        quarry.trim(&mut first);
        assert_eq!(first.room(), 10);
        (0..10).for_each(|record| first.push(record));
        second.replace(&[7; 20]);
        assert_eq!(
            (&first[..], &second[..]),
            (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9][..], &[7; 10][..])
        );
        let mut none = Block::default();
        none.push(1);
        assert!(none.is_empty() && quarry.cut(WHOLE + 1).is_err());
    }
}
