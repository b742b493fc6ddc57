//! A ring for one producer and one consumer with nothing around it: two positions, each with
//! the other one cached beside it, and a sleep where there is nothing to do. What a queue
//! costs at least.
//!
//! Used by the bench `queues`. It survives nobody, knows no end, and two producers would
//! overwrite each other.
//!
//! A position is twice the number of items that passed, plus 1 while the other side
//! sleeps until it moves, or is about to. To move it and to take the mark away is one
//! instruction: where the mark has a word of its own, a mover that has seen an old one takes
//! away the next one with it.
//!
//! When one of the two processes is killed, the other may wait for ever.

use selvedge::sys::futex;
use selvedge::sys::memory::Mapping;
use std::hint::spin_loop;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Bytes of a side.
const SIDE: usize = 128;

/// The mark of a position whose move is waited for.
const AWAITED: u32 = 1;

/// How many items one side has put or got.
#[repr(C, align(128))]
struct Side(AtomicU32);

/// One end of a ring of `slots` places for `N` bytes each; both ends are made of one mapping.
#[derive(Clone)]
pub struct Ring<const N: usize> {
    memory: Mapping,
    slots: u32,
    seen: u32,
}

impl<const N: usize> Ring<N> {
    /// An empty ring with a power of two of slots.
    ///
    /// # Panics
    /// If there is no memory for it.
    pub fn new(slots: u32) -> Self {
        assert!(slots.is_power_of_two(), "{slots} slots");
        let memory = Mapping::shared(2 * SIDE + slots as usize * N).expect("memory for a ring");
        Ring { memory, slots, seen: 0 }
    }

    fn side(&self, index: usize) -> &Side {
        // SAFETY: zeroed memory, which is a side of nothing, aligned to a page.
        unsafe { &*self.memory.base().add(index * SIDE).cast::<Side>() }
    }

    fn slot(&self, number: u32) -> *mut u8 {
        let place = (number & (self.slots - 1)) as usize;
        // SAFETY: within the mapping.
        unsafe { self.memory.base().add(2 * SIDE + place * N) }
    }

    /// The position of the side `index`, once it is not `stuck`.
    fn moved(&self, index: usize, stuck: u32) -> u32 {
        let Side(position) = self.side(index);
        loop {
            for _ in 0..400 {
                let now = position.load(Acquire) & !AWAITED;
                if now != stuck {
                    return now;
                }
                spin_loop();
            }
            if position.fetch_or(AWAITED, Relaxed) & !AWAITED == stuck {
                futex::wait(position, stuck | AWAITED, None);
            }
        }
    }

    fn advance(&self, index: usize, next: u32) {
        let Side(position) = self.side(index);
        if position.swap(next, AcqRel) & AWAITED != 0 {
            futex::wake(position, 1);
        }
    }

    /// Puts the item number `number`, counted from 0 without a gap. One process does this.
    #[inline]
    pub fn put(&mut self, number: u32, item: &[u8; N]) {
        let position = number.wrapping_mul(2);
        while position.wrapping_sub(self.seen) >= 2 * self.slots {
            self.seen = self.moved(1, self.seen);
        }
        // SAFETY: the consumer has left this slot, and nobody else puts.
        unsafe { self.slot(number).copy_from_nonoverlapping(item.as_ptr(), N) };
        self.advance(0, position.wrapping_add(2));
    }

    /// Reads the item number `number`, counted from 0 without a gap. One process does this.
    #[inline]
    pub fn get<R>(&mut self, number: u32, read: impl FnOnce(&[u8; N]) -> R) -> R {
        let position = number.wrapping_mul(2);
        if position == self.seen {
            self.seen = self.moved(0, position);
        }
        // SAFETY: the producer has filled this slot and leaves it alone until it is given back.
        let result = read(unsafe { &*self.slot(number).cast::<[u8; N]>() });
        self.advance(1, position.wrapping_add(2));
        result
    }
}
