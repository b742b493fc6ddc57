//! Races: two accesses to plain data, one of them a write, of which neither task knows
//! that the other is over.
//!
//! Called by [`RaceCell`](crate::kernel::RaceCell) at each access. What the accesses before were
//! stands under the cell's address; who knows of what is `order`'s.
//!
//! 1. A cell's record holds its last write, and of the reads since then those that no
//!    later one knows of: whoever knows of a read knows of all that this one knew of.
//! 2. A record belongs to the cell whose number it carries. A cell that was made or moved
//!    since then begins anew: to move it somebody had it to himself.
//! 3. The first race ends the execution: what comes after it means nothing.
//!
//! The order in which two racing accesses happen to be scheduled does not matter: in
//! either they are a race. That only what orders tasks must be tried in every order is why
//! reduction finds each race although accesses that are ordered anyhow cost it nothing.
//!
//! Source: Flanagan and Freund, "FastTrack: efficient and precise dynamic race detection",
//! PLDI 2009.
//!
//! When a process dies here, its accesses stay on record; they race with those of tasks
//! that do not know of its death.

use super::clock::Key;
use crate::kernel::data::state::{Kernel, RACES};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

/// One access to a cell.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Touch {
    /// None stands for no access at all.
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) task: u32,
    pub(crate) writes: bool,
    pub(in crate::kernel) time: u32,
}

/// Two accesses, in the order in which they were taken.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Raced {
    pub(crate) first: Touch,
    pub(crate) second: Touch,
}

/// What is on record of a cell.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(in crate::kernel) struct Shadow {
    number: u64,
    write: Touch,
    reads: *mut Touch,
    len: usize,
    room: usize,
}

impl Shadow {
    fn new(number: u64) -> Shadow {
        let write = Touch { site: None, task: 0, writes: true, time: 0 };
        Shadow { number, write, reads: std::ptr::null_mut(), len: 0, room: 0 }
    }

    #[allow(clippy::mut_from_ref, reason = "it belongs to whoever holds the turn")]
    fn reads(&self) -> &mut [Touch] {
        if self.room == 0 {
            return &mut [];
        }
        // SAFETY: `room` touches of program memory, of which `len` were written; only
        // whoever has the turn looks at them.
        unsafe { std::slice::from_raw_parts_mut(self.reads, self.len) }
    }

    /// Adds a read; none if memory is used up.
    fn add(&mut self, kernel: &mut Kernel, read: Touch) -> Option<()> {
        if self.len == self.room {
            let room = (self.room * 2).max(2);
            let wide = kernel.allocate(room * size_of::<Touch>())?.cast::<Touch>();
            // SAFETY: fresh memory for more than `len` touches.
            unsafe { std::ptr::copy_nonoverlapping(self.reads().as_ptr(), wide, self.len) };
            (self.reads, self.room) = (wide, room);
        }
        // SAFETY: len < room.
        unsafe { self.reads.add(self.len).write(read) };
        self.len += 1;
        Some(())
    }

    /// Forgets the reads of which `known` is true.
    fn forget(&mut self, known: impl Fn(&Touch) -> bool) {
        let mut kept = 0;
        for at in 0..self.len {
            let reads = self.reads();
            if !known(&reads[at]) {
                reads[kept] = reads[at];
                kept += 1;
            }
        }
        self.len = kept;
    }
}

impl Kernel {
    /// The running task accesses the cell at `address`, whose number is `number`: an
    /// access that it races with, if there is one.
    pub(in crate::kernel) fn access_cell(
        &mut self,
        address: usize,
        number: &AtomicU64,
        writes: bool,
        site: &'static Location<'static>,
    ) -> Option<Raced> {
        self.quiet |= RACES;
        let me = self.current;
        let clock = self.clock_of(me as usize);
        let touch = Touch { site: Some(site), task: me, writes, time: clock.at(me as usize) };
        let key = Key { space: self.space(address), address };
        let mut shadow = self.shadow(key, number);
        let known = |other: &Touch| other.task == me || other.time <= clock.at(other.task as usize);
        let write = Some(shadow.write).filter(|write| write.site.is_some());
        // Reads commute: whose it is does not depend on their order.
        let read = || shadow.reads().iter().filter(|read| !known(read)).min_by_key(|read| read.task).copied();
        let other = write.filter(|write| !known(write)).or_else(|| if writes { read() } else { None });
        if writes {
            shadow.write = touch;
            shadow.len = 0;
        } else {
            shadow.forget(known);
            if shadow.add(self, touch).is_none() {
                self.lacks_memory();
            }
        }
        let mut cells = self.order.cells;
        let kept = cells.put(self, key, shadow);
        self.order.cells = cells;
        if kept.is_none() {
            self.lacks_memory();
        }
        self.raced = other.map(|first| Raced { first, second: touch });
        self.raced
    }

    /// The record of a cell; a new one, and a new number, if it has none.
    fn shadow(&mut self, key: Key, number: &AtomicU64) -> Shadow {
        let found = self.order.cells.get(key);
        if let Some(shadow) = found.filter(|shadow| shadow.number == number.load(Ordering::Relaxed)) {
            return shadow;
        }
        self.order.numbered += 1;
        number.store(self.order.numbered, Ordering::Relaxed);
        Shadow::new(self.order.numbered)
    }

    /// The last access of another task to a cell, a write if `writes` is not needed to
    /// make it conflict: who has it, where somebody must.
    pub(in crate::kernel) fn other_user(&self, address: usize, writes: bool) -> Option<Touch> {
        let key = Key { space: self.space(address), address };
        let shadow = self.order.cells.get(key)?;
        let other = |touch: &Touch| touch.site.is_some() && touch.task != self.current;
        let reads = if writes { shadow.reads() } else { &mut [] };
        reads.iter().rev().copied().find(other).or(Some(shadow.write).filter(other))
    }
}
