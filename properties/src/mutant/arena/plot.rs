//! An arena whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! Words under a real robust lock. What stands here is right ([`Sound`] shows that); each mutant
//! replaces a method.
//!
//! | word | meaning |
//! |---|---|
//! | `used` | how many cells have a value |
//! | a tag | bit 0: its cell has a value; above: how many it had before |
//! | a value | means something if its tag says so |
//!
//! When a process dies under the lock, its operation has happened iff the tag was written; who
//! takes the lock from a dead one counts anew.

use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{Arena, ArenaOp, ArenaRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::prelude::{RobustMutex, shareable};
use selvedge_harness::{Checked, Shareable};
use std::sync::atomic::Ordering::SeqCst;

/// More cells than any of these may fill.
const CELLS: u32 = 6;

/// Where a value is: its cell, and how many that had before.
pub type At = (u32, u32);

/// Who has the lock.
pub type Under<'a> = selvedge::sync::RobustMutexGuard<'a, (), Checked>;

shareable! {
    /// What it consists of.
    pub struct Ground {
        lock: RobustMutex<()>,
        capacity: u32,
        used: Word,
        tags: [Word; CELLS as usize],
        values: [Word; CELLS as usize]
    }
}

impl Ground {
    /// Nothing on it, and room for so much.
    pub fn new(capacity: u32) -> Ground {
        Ground {
            lock: RobustMutex::new(()),
            capacity,
            used: Word::new(0),
            tags: std::array::from_fn(|_| Word::new(0)),
            values: std::array::from_fn(|_| Word::new(0)),
        }
    }

    /// The most values.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many there are.
    pub fn used(&self) -> u32 {
        self.used.load(SeqCst)
    }

    /// Makes that the number of values.
    pub fn set_used(&self, used: u32) {
        self.used.store(used, SeqCst);
    }

    /// Whether a cell has a value, and how many it had before.
    pub fn tag(&self, cell: u32) -> (bool, u32) {
        let tag = self.tags[cell as usize].load(SeqCst);
        (tag & 1 == 1, tag >> 1)
    }

    /// Writes both.
    pub fn set_tag(&self, cell: u32, there: bool, before: u32) {
        self.tags[cell as usize].store(before << 1 | u32::from(there), SeqCst);
    }

    /// Writes a value.
    pub fn set_value(&self, cell: u32, value: u8) {
        self.values[cell as usize].store(value.into(), SeqCst);
    }

    /// Reads a value that is there.
    pub fn value(&self, cell: u32) -> u8 {
        self.values[cell as usize].load(SeqCst) as u8
    }

    /// The first cell without a value.
    pub fn free(&self) -> u32 {
        (0..CELLS).find(|&cell| !self.tag(cell).0).expect("there are more cells than room")
    }

    /// Counts the values.
    pub fn count(&self) {
        self.set_used((0..CELLS).filter(|&cell| self.tag(cell).0).count() as u32);
    }
}

/// An arena over words.
pub trait Plot: Shareable + Send + Sync {
    /// An empty one.
    fn new(capacity: u32) -> Self;

    /// What it consists of.
    fn ground(&self) -> &Ground;

    /// Takes the lock.
    fn enter(&self) -> Under<'_> {
        let taken = self.ground().lock.lock_or_repair(|()| self.take_over());
        taken.expect("every death is repaired at once")
    }

    /// What is done with the lock of a dead one.
    fn take_over(&self) {
        self.ground().count();
    }

    /// Whether there is no room for one more.
    fn is_full(&self) -> bool {
        self.ground().used() >= self.ground().capacity()
    }

    /// Puts a value in.
    fn insert(&self, value: u8) -> Option<At> {
        let _under = self.enter();
        if self.is_full() {
            return None;
        }
        let cell = self.ground().free();
        Some((cell, self.fill(cell, value)))
    }

    /// Under the lock: a cell gets a value.
    fn fill(&self, cell: u32, value: u8) -> u32 {
        let (_, before) = self.ground().tag(cell);
        self.ground().set_value(cell, value);
        self.ground().set_tag(cell, true, before);
        self.ground().set_used(self.ground().used() + 1);
        before
    }

    /// Under the lock: a cell, whose value this was after so many, has none any more.
    fn clear(&self, (cell, before): At) {
        self.ground().set_tag(cell, false, before + 1);
        self.ground().set_used(self.ground().used() - 1);
    }
}

shareable! {
    /// An arena as programs use it.
    pub struct OfPlot<P: Plot> { plot: P }
}

impl<P: Plot> Subject for OfPlot<P> {
    type Spec = Arena;
    /// Where the task's own insertions are.
    type Held<'a> = Vec<At>;

    fn setups() -> BoxedStrategy<Arena> {
        (1..=3_usize).prop_map(|capacity| Arena { capacity }).boxed()
    }

    fn new(setup: &Arena) -> Self {
        OfPlot { plot: P::new(setup.capacity as u32) }
    }

    fn perform(&self, mine: &mut Vec<At>, _: Task, op: &ArenaOp) -> ArenaRet {
        let (plot, ground) = (&self.plot, self.plot.ground());
        if let ArenaOp::Insert(value) = *op {
            mine.extend(match plot.insert(value) {
                None => return ArenaRet::Refused,
                at => at,
            });
            return ArenaRet::Done;
        }
        let _under = plot.enter();
        let there = |number: usize| {
            mine.get(number).copied().filter(|&(cell, before)| ground.tag(cell) == (true, before))
        };
        match *op {
            ArenaOp::Get(number) => ArenaRet::Found(there(number).map(|(cell, _)| ground.value(cell))),
            ArenaOp::Set(number, value) => ArenaRet::Found(there(number).map(|(cell, _)| {
                let before = ground.value(cell);
                ground.set_value(cell, value);
                before
            })),
            ArenaOp::Remove(number) => ArenaRet::Found(there(number).map(|at| {
                let value = ground.value(at.0);
                plot.clear(at);
                value
            })),
            ArenaOp::Len => ArenaRet::Len(ground.used() as usize),
            ArenaOp::ToVec => {
                let full = (0..CELLS).filter(|&cell| ground.tag(cell).0);
                let mut all: Vec<u8> = full.map(|cell| ground.value(cell)).collect();
                all.sort_unstable();
                ArenaRet::All(all)
            }
            ArenaOp::Insert(_) => unreachable!("it takes the lock itself"),
        }
    }
}

/// Declares an arena: what it is called, and the methods that it replaces.
macro_rules! plot {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { ground: $crate::mutant::arena::Ground }
        }

        impl $crate::mutant::arena::Plot for $name {
            fn new(capacity: u32) -> Self {
                $name { ground: $crate::mutant::arena::Ground::new(capacity) }
            }
            fn ground(&self) -> &$crate::mutant::arena::Ground {
                &self.ground
            }
            $($method)*
        }
    };
}
pub(super) use plot;

plot! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
