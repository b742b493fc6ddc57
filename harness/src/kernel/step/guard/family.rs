//! Guards that compare one word with many values, as those of a ticket lock do: each waits for a
//! number of its own.
//!
//! Used by the [table](super). The first classes that compare a word with values in one way are like
//! any others: a few are looked at faster than a family is asked. With one more an entry comes that
//! stands for it and all further ones, its *family*: it knows the value of the word as of the last
//! look. When the word changes, those members are evaluated that can come out otherwise; all
//! others lie on one side of both values. For `Eq` and `Ne` these are the members with the value
//! before and with the one now, for `Gt` and `Lt` those with a value between the two.
//!
//! Members lie in a probe sequence that starts at the hash of address and value, so that they are
//! found without looking at each other. Those of an ordered comparison form a search tree by value,
//! too: a treap, whose priorities are the hashes of the values. None leaves it but when the table
//! is compacted.
//!
//! 1. A class with members of a family holds if and only if its comparison does with the value
//!    that the family knows.
//! 2. A family counts the tasks in its classes.
//! 3. The links of a family, of which one is used, and those of its members are the tree; a link
//!    to nothing is [`NOTHING`].
//!
//! When a process dies here, see there.
//!
//! Source: Aragon, Seidel, "Randomized search trees", FOCS 1989, for the tree.

use super::Guards;
use super::class::{Class, Test};
use selvedge::platform::{Cmp, Guard};

/// Classes that compare one word in one way before they have a family.
const FEW: usize = 4;

/// Where a tree ends.
const NOTHING: u32 = u32::MAX;

/// What lies below a class in its tree: those with lesser values, and with greater ones. Of a
/// family, the root.
pub(crate) type Links = [u32; 2];

/// Mixes a value, to tell where a member lies and how high in its tree.
fn spread(value: u32) -> u32 {
    value.wrapping_mul(0x9E37_79B9)
}

/// Whether a change of the word may concern all values in between.
fn is_ordered(cmp: Cmp) -> bool {
    matches!(cmp, Cmp::Gt | Cmp::Lt)
}

impl Class {
    pub(super) fn is_family_of(&self, guard: &Guard, space: u32) -> bool {
        self.test == Test::of_family(guard.cmp) && self.asks_as(guard, space)
    }

    /// Whether it asks for the same bits, whatever their value.
    fn asks_as(&self, guard: &Guard, space: u32) -> bool {
        self.word == guard.word && self.mask == guard.mask && self.space == space
    }

    fn guard(&self, value: u32) -> Guard {
        Guard { word: self.word, mask: self.mask, value, cmp: self.test.cmp() }
    }
}

impl Guards {
    /// The class of a member, or the place where it belongs.
    #[cold]
    #[inline(never)]
    pub(super) fn find_member(&mut self, guard: &Guard, space: u32) -> Result<u32, u32> {
        let test = Test::of_member(guard.cmp);
        let start = guard.word.wrapping_add((spread(guard.value) as usize) << 2);
        let (epoch, mut index) = (self.epoch, self.slot_of(start));
        loop {
            let class = self.class(index);
            if class.epoch != epoch {
                return Err(index);
            }
            if class.test == test && class.value == guard.value && class.asks_as(guard, space) {
                return Ok(index);
            }
            index = (index + 1) & self.mask;
        }
    }

    /// Makes the class of `guard` as a member of a family, which may be new; none if it is one of
    /// few that compare so.
    #[cold]
    #[inline(never)]
    pub(super) fn add_member(&mut self, guard: &Guard, space: u32) -> Option<u32> {
        let (epoch, mut index) = (self.epoch, self.slot_of(guard.word));
        let mut alike = 0;
        while self.class(index).epoch == epoch && !self.class(index).is_family_of(guard, space) {
            let class = self.class(index);
            alike += usize::from(class.test == Test::of(guard.cmp) && class.asks_as(guard, space));
            index = (index + 1) & self.mask;
        }
        if self.class(index).epoch != epoch {
            if alike < FEW {
                return None;
            }
            self.write(guard, Test::of_family(guard.cmp), space, index);
            *self.links(index) = [NOTHING; 2];
            self.families += 1;
        }
        let free = self.find_member(guard, space).err()?;
        let member = self.write(guard, Test::of_member(guard.cmp), space, free);
        if is_ordered(guard.cmp) {
            self.plant(index, member);
        }
        Some(member)
    }

    /// Puts a member into the tree of its family: as low as its priority says, with all below it
    /// that was there.
    fn plant(&mut self, family: u32, member: u32) {
        let value = self.class(member).value;
        let (mut above, mut side) = (family, 0);
        loop {
            let at = self.links(above)[side];
            if at == NOTHING || spread(self.class(at).value) < spread(value) {
                break;
            }
            (above, side) = (at, usize::from(self.class(at).value < value));
        }
        let mut below = std::mem::replace(&mut self.links(above)[side], member);
        // Where the next one belongs that is less, or greater.
        let mut ends = [(member, 0), (member, 1)];
        while below != NOTHING {
            let side = usize::from(self.class(below).value > value);
            let (end, link) = ends[side];
            self.links(end)[link] = below;
            ends[side] = (below, 1 - side);
            below = self.links(below)[1 - side];
        }
        ends.into_iter().for_each(|(end, link)| self.links(end)[link] = NOTHING);
    }

    /// The member of an ordered family with the least value that is not less than this.
    fn least_from(&mut self, family: u32, value: u32) -> Option<u32> {
        let (mut at, mut found) = (self.links(family)[0], None);
        while at != NOTHING {
            let is_less = self.class(at).value < value;
            if !is_less {
                found = Some(at);
            }
            at = self.links(at)[usize::from(is_less)];
        }
        found
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
        if is_ordered(guards[0].cmp) {
            return self.evaluate_between(family, before.min(now), before.max(now), enabled, words);
        }
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

    /// Evaluates the members of an ordered family with these values; true if any came out
    /// otherwise.
    fn evaluate_between(
        &mut self,
        family: u32,
        least: u32,
        most: u32,
        enabled: *mut u64,
        words: usize,
    ) -> bool {
        let mut changed = false;
        let mut from = Some(least);
        while let Some(member) = from.and_then(|value| self.least_from(family, value)) {
            let value = self.class(member).value;
            if value > most {
                break;
            }
            if self.class(member).members > 0 {
                changed |= self.evaluate(member, enabled, words);
            }
            from = value.checked_add(1);
        }
        changed
    }

    /// A class has come back with its members: its family counts them, if it has one.
    pub(super) fn adopt(&mut self, index: u32) {
        let class = *self.class(index);
        if class.test.is_member() {
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
