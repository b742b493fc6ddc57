//! Guards that compare one word with many values, as those of a ticket lock do: each waits for a
//! number of its own.
//!
//! Used by the [table](super). The first class that asks a word for a value is like any other. With the
//! second one an entry comes that stands for it and all further ones, its *family*: it knows the
//! value of the word as of the last look. When the word changes, those members are evaluated that
//! ask for the value before and for the one now; all others asked in vain and still do. Members
//! lie in a probe sequence that starts at the hash of address and value, so that they are found
//! without looking at each other.
//!
//! 1. A class with members of a family holds if and only if it asks for the value that the family
//!    knows.
//! 2. A family counts the tasks in its classes.
//!
//! When a process dies here, see there.

use super::Guards;
use super::class::{Class, Test};
use selvedge::platform::{Cmp, Guard};

impl Class {
    pub(super) fn is_family_of(&self, guard: &Guard, space: u32) -> bool {
        self.test == Test::Family && guard.cmp == Cmp::Eq && self.asks_as(guard, space)
    }

    /// Whether it asks for the same bits, whatever their value.
    fn asks_as(&self, guard: &Guard, space: u32) -> bool {
        self.word == guard.word && self.mask == guard.mask && self.space == space
    }

    fn guard(&self, value: u32) -> Guard {
        Guard { word: self.word, mask: self.mask, value, cmp: Cmp::Eq }
    }
}

impl Guards {
    /// The class of a member, or the place where it belongs.
    #[cold]
    #[inline(never)]
    pub(super) fn find_member(&mut self, guard: &Guard, space: u32) -> Result<u32, u32> {
        let spread = (guard.value as usize).wrapping_mul(0x9E37_79B9).wrapping_shl(2);
        let (epoch, mut index) = (self.epoch, self.slot_of(guard.word.wrapping_add(spread)));
        loop {
            let class = self.class(index);
            if class.epoch != epoch {
                return Err(index);
            }
            if class.test == Test::Member && class.value == guard.value && class.asks_as(guard, space) {
                return Ok(index);
            }
            index = (index + 1) & self.mask;
        }
    }

    /// Where a new class belongs that is to be a member; makes the family if it is the second
    /// class of its kind.
    #[cold]
    #[inline(never)]
    pub(super) fn place_in_family(&mut self, guard: &Guard, space: u32) -> Option<u32> {
        let (epoch, mut index) = (self.epoch, self.slot_of(guard.word));
        let mut is_second = false;
        while self.class(index).epoch == epoch {
            let class = self.class(index);
            if class.is_family_of(guard, space) {
                return self.find_member(guard, space).err();
            }
            is_second |= class.test == Test::Eq && class.asks_as(guard, space);
            index = (index + 1) & self.mask;
        }
        if !is_second {
            return None;
        }
        self.write(guard, Test::Family, space, index);
        self.families += 1;
        self.find_member(guard, space).err()
    }

    /// What stands for the family of a member.
    fn family_of(&mut self, member: u32) -> u32 {
        let class = *self.class(member);
        let mut index = self.slot_of(class.word);
        while !self.class(index).is_family_of(&class.guard(0), class.space) {
            debug_assert!(self.class(index).epoch == self.epoch, "a member has a family");
            index = (index + 1) & self.mask;
        }
        index
    }

    /// A task is about to join a member.
    #[cold]
    #[inline(never)]
    pub(super) fn join_family(&mut self, member: u32, enabled: *mut u64, words: usize) {
        let family = self.family_of(member);
        if self.class(family).members == 0 {
            let class = self.class(family);
            class.value = class.load();
        } else {
            self.tell_family(family, enabled, words);
        }
        self.class(family).members += 1;
    }

    /// A task is about to leave a member.
    #[cold]
    #[inline(never)]
    pub(super) fn leave_family(&mut self, member: u32) {
        let family = self.family_of(member);
        self.class(family).members -= 1;
    }

    /// Evaluates the members that may hold now and did not, or the other way round; true if any
    /// came out otherwise.
    pub(super) fn tell_family(&mut self, family: u32, enabled: *mut u64, words: usize) -> bool {
        let class = self.class(family);
        let (space, before, now) = (class.space, class.value, class.load());
        if now == before {
            return false;
        }
        class.value = now;
        let guards = [before, now].map(|value| class.guard(value));
        let mut changed = false;
        for guard in &guards {
            if let Ok(member) = self.find_member(guard, space)
                && self.class(member).members > 0
            {
                changed |= self.evaluate(member, enabled, words);
            }
        }
        changed
    }

    /// A class has come back with its members: its family counts them, if it has one.
    pub(super) fn adopt(&mut self, index: u32) {
        let class = *self.class(index);
        if class.test == Test::Member {
            let family = self.family_of(index);
            self.class(family).members += class.members;
        }
    }

    /// A family that has come back knows what it knew before.
    pub(super) fn remember(&mut self, before: &Class) {
        let epoch = self.epoch;
        let mut index = self.slot_of(before.word);
        while self.class(index).epoch == epoch {
            let class = self.class(index);
            if class.is_family_of(&before.guard(0), before.space) {
                class.value = before.value;
            }
            index = (index + 1) & self.mask;
        }
    }
}
