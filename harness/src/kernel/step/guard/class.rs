//! One class of tasks that wait for the same: what they wait for, and whether it holds.
//!
//! Used by the [table](super), in which the classes lie, and whose invariants they keep.
//!
//! When a process dies here, see there.

use selvedge::platform::{Cmp, Guard};
use std::sync::atomic::{AtomicU32, Ordering};

/// How a class compares its word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Test {
    Eq = Cmp::Eq as u8,
    Ne = Cmp::Ne as u8,
    Gt = Cmp::Gt as u8,
    Lt = Cmp::Lt as u8,
    /// As `Eq`, when its family says that it is time to. No guard compares so by itself.
    Member = u8::MAX - 1,
    /// It is no class, but stands for all members of a family.
    Family = u8::MAX,
}

impl Test {
    #[inline(always)]
    pub(super) fn of(cmp: Cmp) -> Test {
        match cmp {
            Cmp::Eq => Test::Eq,
            Cmp::Gt => Test::Gt,
            Cmp::Lt => Test::Lt,
            _ => Test::Ne,
        }
    }

    pub(super) fn cmp(self) -> Cmp {
        match self {
            Test::Ne => Cmp::Ne,
            Test::Gt => Cmp::Gt,
            Test::Lt => Cmp::Lt,
            Test::Eq | Test::Member | Test::Family => Cmp::Eq,
        }
    }
}

/// The tasks whose announced operations carry one guard.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Class {
    pub(super) word: usize,
    pub(super) space: u32,
    pub(super) mask: u32,
    pub(super) value: u32,
    pub(super) test: Test,
    pub(super) holds: bool,
    /// Words of its bitset that are in use; the others hold anything.
    pub(super) width: u16,
    pub(super) members: u32,
    pub(super) epoch: u32,
}

impl Class {
    #[inline(always)]
    pub(super) fn is(&self, guard: &Guard, space: u32) -> bool {
        self.word == guard.word
            && self.mask == guard.mask
            && self.value == guard.value
            && self.test as u8 == guard.cmp as u8
            && self.space == space
    }

    #[inline(always)]
    pub(super) fn evaluate(&self) -> bool {
        let word = self.load();
        match self.test {
            // By far the most frequent one: a free lock, an ended task.
            Test::Eq | Test::Member | Test::Family => word == self.value,
            Test::Ne => word != self.value,
            Test::Gt => word > self.value,
            Test::Lt => word < self.value,
        }
    }

    /// The bits of its word that count.
    #[inline(always)]
    pub(super) fn load(&self) -> u32 {
        // SAFETY: a guard's word stays valid while an operation that carries it is
        // announced, and only classes with members (or about to get their first)
        // are evaluated.
        let word = unsafe { (*(self.word as *const AtomicU32)).load(Ordering::Relaxed) };
        word & self.mask
    }
}
