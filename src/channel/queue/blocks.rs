//! Blocks of memory that are taken and given back in any order, and found again after a
//! death.
//!
//! Called by [`priority`](super::priority), under its lock.
//!
//! ```text
//!  unit 0                  4 or more           used
//!       | class, mark | ...  | class, mark | ... |  never used yet ...
//! ```
//!
//! A block has a power of two of units, and begins with a word that tells which, and whether
//! the block is live. The blocks lie one behind the other, so that whoever walks from the
//! first finds all of them.
//!
//! 1. The word of a block is written before `used` moves past the block, and its class never
//!    changes until nothing is live and all are forgotten.
//! 2. Whether a block is live is one store, and all that counts: the lists of free blocks are
//!    made anew from it by [`recover`](Blocks::recover).
//!
//! When a process dies here, at most one block that it had taken is live or is not.

use super::ring::UNIT;
use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

const LIVE: u64 = 1 << 32;
/// No block: nothing so large exists.
const NONE: u32 = u32::MAX;
const CLASSES: usize = 31;
/// The smallest block has 2^2 units.
const SMALLEST: u32 = 2;

/// What is known of the blocks besides what stands in them.
#[repr(C)]
pub(super) struct Blocks {
    units: u32,
    /// Units that are divided into blocks.
    used: Cell<u32>,
    /// The first free block of each class.
    free: [Cell<u32>; CLASSES],
}

impl Blocks {
    /// None yet, in `units` units of memory.
    pub(super) fn new(units: u32) -> Blocks {
        Blocks { units, used: Cell::new(0), free: std::array::from_fn(|_| Cell::new(NONE)) }
    }

    /// The units of the memory.
    pub(super) fn units(&self) -> u32 {
        self.units
    }

    /// The most units that one block can have in a memory of `units`.
    pub(super) fn largest(units: u32) -> u32 {
        if units == 0 { 0 } else { 1 << units.ilog2() }
    }

    /// A block with at least `units` units, that is not live yet; `None` if there is none.
    ///
    /// # Safety
    /// `memory` is the same at each call, has as many units as was said, and is used by
    /// whoever has the lock.
    pub(super) unsafe fn take(&self, memory: *mut u64, units: u32) -> Option<u32> {
        let class = units.next_power_of_two().ilog2().max(SMALLEST);
        let free = self.free.get(class as usize)?;
        let block = free.get();
        if block != NONE {
            // SAFETY: a free block, whose second word names the next one.
            free.set(unsafe { memory.add(block as usize + 1).read() } as u32);
            return Some(block);
        }
        let block = self.used.get();
        let next = block.checked_add(1 << class).filter(|&next| next <= self.units)?;
        // SAFETY: the block lies within the memory.
        unsafe { mark(memory, block) }.store(u64::from(class), Release);
        self.used.set(next);
        Some(block)
    }

    /// Puts a block that is not live among the free ones.
    ///
    /// # Safety
    /// As for [`take`](Blocks::take), which returned the block.
    pub(super) unsafe fn give_back(&self, memory: *mut u64, block: u32) {
        // SAFETY: the caller's promise.
        unsafe {
            let class = mark(memory, block).load(Acquire) as usize & (LIVE as usize - 1);
            memory.add(block as usize + 1).write(self.free[class].get().into());
            self.free[class].set(block);
        }
    }

    /// Forgets all blocks, of which none is live.
    pub(super) fn forget(&self) {
        self.free.iter().for_each(|free| free.set(NONE));
        self.used.set(0);
    }

    /// Makes the lists of free blocks anew, and calls `visit` with each live block.
    ///
    /// # Safety
    /// As for [`take`](Blocks::take).
    pub(super) unsafe fn recover(&self, memory: *mut u64, mut visit: impl FnMut(u32)) {
        self.free.iter().for_each(|free| free.set(NONE));
        let mut block = 0;
        while block < self.used.get() {
            // SAFETY: a block begins there.
            let word = unsafe { mark(memory, block) }.load(Acquire);
            if word & LIVE != 0 {
                visit(block);
            } else {
                // SAFETY: a block that is not live.
                unsafe { self.give_back(memory, block) };
            }
            block += 1 << (word as u32);
        }
    }
}

/// Makes a block live, or not: from here on its content counts, or does not.
///
/// # Safety
/// As for [`Blocks::take`], which returned the block.
pub(super) unsafe fn set_live(memory: *mut u64, block: u32, live: bool) {
    // SAFETY: the caller's promise.
    let word = unsafe { mark(memory, block) };
    let class = word.load(Acquire) & !LIVE;
    word.store(if live { class | LIVE } else { class }, Release);
}

/// The first word of a block.
///
/// # Safety
/// `block` lies within `memory`.
unsafe fn mark<'a>(memory: *mut u64, block: u32) -> &'a AtomicU64 {
    // SAFETY: the caller's promise; the word is only ever used as an atomic.
    unsafe { AtomicU64::from_ptr(memory.add(block as usize)) }
}

const _: () = assert!(UNIT == size_of::<u64>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_used_again_and_found_again() {
        let mut memory = [0_u64; 64];
        let memory = memory.as_mut_ptr();
        let blocks = Blocks::new(64);
        // SAFETY: 64 units of memory, as was said.
        unsafe {
            let taken: Vec<u32> = [1, 5, 16, 4].map(|units| blocks.take(memory, units).unwrap()).into();
            assert_eq!(taken, [0, 4, 12, 28]);
            set_live(memory, 4, true);
            set_live(memory, 28, true);
            blocks.give_back(memory, 12);
            assert_eq!(blocks.take(memory, 9), Some(12));
            assert_eq!(blocks.take(memory, 33), None);
            let mut live = Vec::new();
            blocks.recover(memory, |block| live.push(block));
            assert_eq!(live, [4, 28]);
            // What was taken and never live is free again.
            assert_eq!((blocks.take(memory, 4), blocks.take(memory, 16)), (Some(0), Some(12)));
            blocks.forget();
            assert_eq!(blocks.take(memory, Blocks::largest(64)), Some(0));
        }
    }
}
