//! Which object an address stands for: two steps have one in common only if they mean the same.
//!
//! Made for the words that a step touches. An address says it alone where all tasks share the
//! memory. In `real` each process has memory of its own at the same addresses; and memory that one
//! object has left is given to the next, in one execution but not in another.
//!
//! When a process dies here, nothing is lost: nothing is kept.

use crate::kernel::data::state::Kernel;
use crate::kernel::schedule::lives::Lives;
use std::hash::{Hash, Hasher};

/// An object of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) address: usize,
    /// The process whose memory it lies in; 0 if all share it.
    space: u32,
    /// How many others lay there before.
    life: u32,
}

impl Hash for Word {
    /// By its address: hardly any two have the same.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.address);
    }
}

impl Word {
    /// An object in memory that all tasks share.
    #[inline]
    pub(in crate::kernel) fn shared(address: usize) -> Word {
        Word { address, space: 0, life: 0 }
    }
}

/// What addresses mean to a task at a step.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    kernel: &'a Kernel,
    lives: Option<&'a Lives>,
    task: usize,
    step: usize,
}

impl<'a> View<'a> {
    /// Of a task as it stands, and of what lives at this moment.
    pub(in crate::kernel) fn now(kernel: &'a Kernel, task: usize) -> View<'a> {
        View { kernel, lives: None, task, step: 0 }
    }

    /// Of a task at a step of the execution that was recorded.
    pub(crate) fn at(kernel: &'a Kernel, lives: &'a Lives, task: usize, step: usize) -> View<'a> {
        View { kernel, lives: Some(lives), task, step }
    }

    /// The object at an address.
    #[inline]
    pub(crate) fn word(&self, address: usize) -> Word {
        if self.kernel.is_shared(address) {
            return Word::shared(address);
        }
        let space = self.kernel.space_for(self.task, address);
        let life = self.lives.map_or(0, |lives| lives.at(space, address, self.step));
        Word { address, space, life: life as u32 }
    }
}
