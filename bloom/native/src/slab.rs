//! Memory of 2 MiB; and in it 512 pages, each written once, by whoever comes first, and read by
//! anyone afterwards.

use crate::page::{load, PAGE};
use crate::sort::NoMemory;
use std::alloc::{alloc, dealloc, Layout};
use std::ptr::{copy_nonoverlapping, NonNull};
use std::sync::atomic::{
    AtomicU16, AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
};

pub type Page = [u8; PAGE];
/// Pages in a slab: 2 MiB, which is what a processor has one entry in its page table for.
pub const PAGES: usize = 512;
pub const BYTES: usize = PAGES * PAGE;
const EMPTY: u8 = 0;
const TAKEN: u8 = 1;
const FULL: u8 = 2;
const UNCOUNTED: u16 = u16::MAX;

/// 2 MiB that are where large pages of the system can be: one fault brings all of it, not 512.
pub struct Memory(NonNull<u8>);

// SAFETY: bytes without an owner among the threads; what may be done with them is for those to
// say who hold them.
unsafe impl Send for Memory {}
// SAFETY: as above; nothing here reads or writes them.
unsafe impl Sync for Memory {}

impl Memory {
    /// Not written yet. filled: all of it will be used soon, so that large pages pay.
    pub fn new(filled: bool) -> Result<Self, NoMemory> {
        // SAFETY: the size is not zero.
        let bytes = NonNull::new(unsafe { alloc(layout()) }).ok_or(NoMemory)?;
        if filled {
            // SAFETY: advice on memory that is ours, and whole pages; a refusal changes nothing.
            #[cfg(target_os = "linux")]
            unsafe {
                libc::madvise(bytes.as_ptr().cast(), BYTES, libc::MADV_HUGEPAGE)
            };
        }
        Ok(Memory(bytes))
    }

    /// Where its `BYTES` begin.
    pub fn start(&self) -> NonNull<u8> {
        self.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: from `alloc` with the same layout; nobody has any of it any more.
        unsafe { dealloc(self.0.as_ptr(), layout()) };
    }
}

pub struct Slab {
    memory: Memory,
    state: [AtomicU8; PAGES],
    /// Bits set in each page, once they were counted.
    ones: [AtomicU16; PAGES],
}

// SAFETY: a page is written by the one thread that turned its state from EMPTY to TAKEN, and
// read only by those who saw FULL, which was stored after the writing; it never changes again.
unsafe impl Send for Slab {}
// SAFETY: as above.
unsafe impl Sync for Slab {}

fn layout() -> Layout {
    // SAFETY: the alignment is a power of two, and the size a multiple of it.
    unsafe { Layout::from_size_align_unchecked(BYTES, BYTES) }
}

impl Slab {
    /// filled: as `Memory::new` has it.
    pub fn new(filled: bool) -> Result<Self, NoMemory> {
        Ok(Slab {
            memory: Memory::new(filled)?,
            state: [const { AtomicU8::new(EMPTY) }; PAGES],
            ones: [const { AtomicU16::new(UNCOUNTED) }; PAGES],
        })
    }

    fn pages(&self) -> NonNull<Page> {
        self.memory.start().cast()
    }

    /// The page at `index`, if it was put there.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<&Page> {
        if self.state.get(index)?.load(Acquire) != FULL {
            return None;
        }
        // SAFETY: below PAGES, so within the memory; FULL, so written and never written again.
        Some(unsafe { self.pages().add(index).as_ref() })
    }

    /// The bits set in the page at `index`, if it was put there.
    pub fn ones(&self, index: usize) -> Option<u16> {
        let page = self.get(index)?;
        let mut ones = self.ones[index].load(Relaxed);
        if ones == UNCOUNTED {
            ones = load(page) as u16; // at most 32,704
            self.ones[index].store(ones, Relaxed);
        }
        Some(ones)
    }

    /// Put a copy of `page` at `index`, below `PAGES`, unless there is one; return whether it
    /// was put. There is one when it comes back, whoever put it.
    pub fn put(&self, index: usize, page: &Page) -> bool {
        let state = &self.state[index];
        if let Err(mut seen) = state.compare_exchange(EMPTY, TAKEN, Relaxed, Relaxed) {
            while seen != FULL {
                std::thread::yield_now(); // another thread is copying, and copies 4 KiB
                seen = state.load(Relaxed);
            }
            return false;
        }
        // SAFETY: within the memory; TAKEN by this call alone, so nobody else reads or writes it.
        unsafe { copy_nonoverlapping(page, self.pages().add(index).as_ptr(), 1) };
        state.store(FULL, Release);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_put_once_and_seen_whole_by_all() {
        let slab = Slab::new(true).ok().unwrap();
        let put = AtomicU8::new(0);
        std::thread::scope(|scope| {
            for thread in 1..=4u8 {
                let (slab, put) = (&slab, &put);
                scope.spawn(move || {
                    for index in (0..PAGES).step_by(37) {
                        put.fetch_add(slab.put(index, &[thread; PAGE]).into(), Relaxed);
                        let page = slab.get(index).unwrap();
                        assert!((1..=4).contains(&page[0]));
                        assert!(page.iter().all(|byte| *byte == page[0]));
                    }
                });
            }
        });
        assert_eq!(put.load(Relaxed) as usize, PAGES.div_ceil(37));
        assert!(slab.get(1).is_none() && slab.get(PAGES).is_none());
    }
}
