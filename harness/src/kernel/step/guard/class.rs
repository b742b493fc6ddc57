//! One class of tasks that wait for the same: what they wait for, and whether it holds.
//!
//! Used by the [table](super), in which the classes lie, and whose invariants they keep.
//!
//! When a process dies here, see there.

use selvedge::platform::{Cmp, Guard};
use std::sync::atomic::{AtomicU32, Ordering};

/// How a class compares its word, and whether it has to do with a family: the number of the
/// comparison, and a bit. No guard compares so by itself where that bit is set.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Test(u8);

impl Test {
    /// It is evaluated when its family says that it is time to.
    const MEMBER: u8 = 0x10;
    /// It is no class, but stands for all members of a family.
    const FAMILY: u8 = 0x20;

    const EQ: u8 = Cmp::Eq as u8;
    const GT: u8 = Cmp::Gt as u8;
    const LT: u8 = Cmp::Lt as u8;

    #[inline(always)]
    pub(super) fn of(cmp: Cmp) -> Test {
        Test(cmp as u8)
    }

    pub(super) fn of_member(cmp: Cmp) -> Test {
        Test(cmp as u8 | Test::MEMBER)
    }

    pub(super) fn of_family(cmp: Cmp) -> Test {
        Test(cmp as u8 | Test::FAMILY)
    }

    #[inline(always)]
    pub(super) fn is_member(self) -> bool {
        self.0 & Test::MEMBER != 0
    }

    #[inline(always)]
    pub(super) fn is_family(self) -> bool {
        self.0 & Test::FAMILY != 0
    }

    pub(super) fn cmp(self) -> Cmp {
        match self.0 & !(Test::MEMBER | Test::FAMILY) {
            Test::EQ => Cmp::Eq,
            Test::GT => Cmp::Gt,
            Test::LT => Cmp::Lt,
            _ => Cmp::Ne,
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
            && self.test == Test::of(guard.cmp)
            && self.space == space
    }

    #[inline(always)]
    pub(super) fn evaluate(&self) -> bool {
        #[cfg(test)]
        super::tests::count();
        let word = self.load();
        match self.test.0 & !Test::MEMBER {
            // By far the most frequent one: a free lock, an ended task.
            Test::EQ => word == self.value,
            Test::GT => word > self.value,
            Test::LT => word < self.value,
            _ => word != self.value,
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
