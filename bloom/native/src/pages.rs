//! Pages that were read and found sound, as copies: nothing that happens to the file afterwards
//! can change an answer. See `reference.Pages`.

use crate::page::{is_sound, PAGE};
use crate::slab::Slab;
use crate::sort::{room, NoMemory};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::OnceLock;

pub use crate::slab::Page;
use crate::slab::PAGES as LEAF;

pub struct Pages {
    pub shape: Shape,
    held: usize,
    /// A filter of any size costs memory only where it is read.
    table: Vec<OnceLock<Slab>>,
    count: AtomicUsize,
}

/// As many pages read at once are no single lookup: the slab will be filled.
const MANY: usize = 128;

/// Of the filter: all its pages, the first one held, bits a key, and the id as a number.
#[derive(Clone, Copy)]
pub struct Shape {
    pub pages: u64,
    pub first: u64,
    pub hashes: u32,
    pub seed: u64,
}

impl Pages {
    pub fn new(shape: Shape, held: usize) -> Result<Self, NoMemory> {
        let leaves = held.div_ceil(LEAF);
        let mut table = room(leaves)?;
        table.resize_with(leaves, OnceLock::new);
        Ok(Pages {
            shape,
            held,
            table,
            count: AtomicUsize::new(0),
        })
    }

    pub fn held(&self) -> usize {
        self.held
    }

    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// The page at `index`, if it is here.
    #[inline(always)]
    pub fn get(&self, index: u64) -> Option<&Page> {
        let index = index as usize;
        self.table.get(index / LEAF)?.get()?.get(index % LEAF)
    }

    /// The bits set in the page at `index`, if it is here.
    pub fn ones(&self, index: u64) -> Option<u16> {
        let index = index as usize;
        self.table.get(index / LEAF)?.get()?.ones(index % LEAF)
    }

    /// Take copies of `pages`, the first of which is at `index`; return how many were sound.
    pub fn put(&self, index: usize, pages: &[u8]) -> Result<usize, NoMemory> {
        let many = pages.len() >= MANY * PAGE;
        let mut sound = 0;
        for (page, at) in pages.chunks_exact(PAGE).zip(index..self.held) {
            let number = self.shape.first.wrapping_add(at as u64);
            let Some(page) = page.first_chunk::<PAGE>() else {
                continue; // never: they are whole
            };
            if !is_sound(page, number, self.shape.seed) {
                continue;
            }
            sound += 1;
            let leaf = &self.table[at / LEAF];
            let slab = match leaf.get() {
                Some(slab) => slab,
                None => {
                    let fresh = Slab::new(many)?;
                    leaf.get_or_init(|| fresh)
                }
            };
            if slab.put(at % LEAF, page) {
                self.count.fetch_add(1, Relaxed);
            }
        }
        Ok(sound)
    }

    /// Those of the indexes in `wanted` that are held and not here, in order and once each.
    pub fn missing(&self, wanted: impl Iterator<Item = u64>) -> Vec<u64> {
        if self.count() == self.held {
            return Vec::new();
        }
        let mut missing: Vec<u64> = wanted
            .filter(|&index| index < self.held as u64 && self.get(index).is_none())
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }
}
