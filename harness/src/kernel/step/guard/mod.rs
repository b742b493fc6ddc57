//! Who is enabled, kept up to date without asking anybody twice.
//!
//! Used by the kernel only. Tasks whose announced operations carry the same guard
//! form a *class*: a set of tasks as a bitset, and whether the guard holds. When a
//! word changes, each class on that word is evaluated once and its whole set is
//! enabled or disabled with one bit operation per 64 tasks. A step that touches no
//! watched word costs one test of a 64-bit filter, however many tasks wait. Classes that compare
//! one word with many values are a [`family`], of which only those are looked at that can change.
//!
//! | file | what is there |
//! |---|---|
//! | `mod` | the table: finding classes, joining and leaving them, looking again |
//! | `class` | one class |
//! | `family` | classes that compare one word with many values |
//!
//! Classes live in an open-addressing table keyed by the word's address, in the
//! arena, so that every process sees the same table. An epoch number empties it at
//! the start of an execution without touching it.
//!
//! 1. A class with members has `holds` equal to the value of its guard, as of the
//!    last [`touch`](Guards::touch) of its word.
//! 2. All classes on one address lie in one probe sequence that starts at the
//!    address's hash and has no gap; of a family, what stands for it does.
//! 3. `watched` has the bit of every address in the table.
//! 4. A class keeps its place, which its members know, until the table is compacted.
//!
//! When a process dies here, its memberships remain until the kernel removes them
//! on its behalf; a word in its private memory is never read by another process,
//! because a class is also keyed by its address space.

mod class;
mod family;
#[cfg(test)]
mod tests;

pub(crate) use class::Class;
pub(crate) use family::Links;

use crate::kernel::data::enabled::fill_summary;
use class::Test;
use selvedge::platform::Guard;

/// The table of guard classes.
#[repr(C)]
pub(crate) struct Guards {
    classes: *mut Class,
    bits: *mut u64,
    /// Where the classes of this execution are, in the order in which they came: `used` of
    /// them. Looking at all of them costs as much as there are, not as there could be.
    order: *mut u32,
    /// Capacity minus one; the capacity is a power of two.
    mask: u32,
    /// Bitset words reserved per class.
    stride: u32,
    used: u32,
    epoch: u32,
    families: u32,
    watched: u64,
    links: *mut Links,
}

impl Guards {
    /// A table over memory of `capacity` classes, `capacity * stride` bitset words, `capacity`
    /// links and `capacity` places, all zeroed; `capacity` is a power of two.
    pub(crate) fn new(
        classes: *mut Class,
        bits: *mut u64,
        links: *mut Links,
        order: *mut u32,
        capacity: usize,
        stride: usize,
    ) -> Guards {
        assert!(capacity.is_power_of_two());
        Guards {
            classes,
            bits,
            order,
            mask: capacity as u32 - 1,
            stride: stride as u32,
            used: 0,
            epoch: 1,
            families: 0,
            watched: 0,
            links,
        }
    }

    /// Which execution it is: a number that differs from that of the last one.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Empties the table.
    pub(crate) fn reset(&mut self) {
        self.epoch = self.epoch.wrapping_add(1).max(1);
        self.used = 0;
        self.families = 0;
        self.watched = 0;
    }

    #[inline]
    fn class(&mut self, index: u32) -> &mut Class {
        // SAFETY: index <= mask, and the table has mask + 1 entries for as long as
        // the arena that owns both lives.
        unsafe { &mut *self.classes.add(index as usize) }
    }

    #[inline]
    fn bits(&mut self, index: u32) -> *mut u64 {
        // SAFETY: as in `class`; each class owns `stride` words.
        unsafe { self.bits.add(index as usize * self.stride as usize) }
    }

    #[inline]
    fn links(&mut self, index: u32) -> &mut Links {
        // SAFETY: as in `class`.
        unsafe { &mut *self.links.add(index as usize) }
    }

    /// The class that came after `nth` others.
    #[inline]
    fn nth(&self, nth: u32) -> u32 {
        debug_assert!(nth < self.used);
        // SAFETY: the first `used` places were written by `add`, see `order`.
        unsafe { *self.order.add(nth as usize) }
    }

    #[inline]
    fn slot_of(&self, word: usize) -> u32 {
        (((word >> 2) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u32 & self.mask
    }

    #[inline]
    fn filter(word: usize) -> u64 {
        1 << (((word >> 2) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
    }

    /// Whether the table is too full for one more class.
    #[inline(always)]
    pub(crate) fn is_crowded(&self) -> bool {
        (self.used + 1) * 4 > (self.mask + 1) * 3
    }

    /// The class of `guard`, if it has one; else the place where it belongs.
    #[inline(always)]
    pub(crate) fn find(&mut self, guard: &Guard, space: u32) -> Result<u32, u32> {
        let epoch = self.epoch;
        let mut index = self.slot_of(guard.word);
        loop {
            let class = self.class(index);
            if class.epoch != epoch {
                return Err(index);
            }
            if class.is(guard, space) {
                return Ok(index);
            }
            if class.test.is_family() && class.is_family_of(guard, space) {
                return self.find_member(guard, space);
            }
            index = (index + 1) & self.mask;
        }
    }

    /// Makes a class for `guard`, which has none. The table is not
    /// [crowded](Self::is_crowded).
    pub(crate) fn make(&mut self, guard: &Guard, space: u32) {
        if let Err(free) = self.find(guard, space) {
            self.add(guard, space, free);
        }
    }

    /// Adds `task` to a class; returns whether its guard holds.
    #[inline(always)]
    pub(crate) fn join(&mut self, index: u32, task: usize, enabled: *mut u64, words: usize) -> bool {
        if self.class(index).test.is_member() {
            self.join_family(index, enabled, words);
        }
        let class = self.class(index);
        if class.members == 0 {
            class.holds = class.evaluate();
        }
        class.members += 1;
        let holds = class.holds;
        if task / 64 >= usize::from(class.width) {
            self.widen(index, task / 64 + 1);
        }
        // SAFETY: task < 64 * stride, see `bits`.
        unsafe { *self.bits(index).add(task / 64) |= 1 << (task % 64) };
        holds
    }

    /// Makes the class of `guard` at the free place `index`.
    #[inline(never)]
    fn add(&mut self, guard: &Guard, space: u32, index: u32) -> u32 {
        // Where the first place is free, there is no other class on that word.
        if index != self.slot_of(guard.word)
            && let Some(member) = self.add_member(guard, space)
        {
            return member;
        }
        self.write(guard, Test::of(guard.cmp), space, index)
    }

    /// Writes a class without members to a free place.
    #[inline(always)]
    fn write(&mut self, guard: &Guard, test: Test, space: u32, index: u32) -> u32 {
        let &Guard { word, mask, value, .. } = guard;
        let epoch = self.epoch;
        *self.class(index) =
            Class { word, space, mask, value, test, holds: false, width: 1, members: 0, epoch };
        // SAFETY: the table has a free place, so `used` is less than the capacity.
        unsafe { *self.order.add(self.used as usize) = index };
        self.used += 1;
        self.watched |= Self::filter(word);
        // SAFETY: each class owns `stride` words, at least one; see `bits`.
        unsafe { *self.bits(index) = 0 };
        index
    }

    /// Lets a class have members in the first `words` words, which are at most `stride`.
    #[cold]
    #[inline(never)]
    fn widen(&mut self, index: u32, words: usize) {
        let width = usize::from(std::mem::replace(&mut self.class(index).width, words as u16));
        // SAFETY: width < words <= stride, see `bits`.
        unsafe { self.bits(index).add(width).write_bytes(0, words - width) };
    }

    /// Takes `task` out of a class that it joined.
    #[inline(always)]
    pub(crate) fn leave(&mut self, index: u32, task: usize) {
        if self.class(index).test.is_member() {
            self.leave_family(index);
        }
        self.class(index).members -= 1;
        // SAFETY: task < 64 * stride, see `bits`.
        unsafe { *self.bits(index).add(task / 64) &= !(1 << (task % 64)) };
    }

    /// Evaluates the classes on `word` again after it may have changed, and
    /// enables or disables their members in `enabled`.
    #[inline(always)]
    pub(crate) fn touch(&mut self, word: usize, space: u32, enabled: *mut u64, words: usize) {
        if self.watched & Self::filter(word) != 0 {
            self.update(word, space, enabled, words);
        }
    }

    #[inline(never)]
    fn update(&mut self, word: usize, space: u32, enabled: *mut u64, words: usize) {
        if words > 1 || self.families > 0 {
            return self.update_all(word, space, enabled, words);
        }
        // Most programs: nothing here is a call, so that nothing must be saved around one.
        self.each_class_on(word, space, |guards, index| {
            let class = guards.class(index);
            let holds = class.evaluate();
            if holds != class.holds {
                class.holds = holds;
                // SAFETY: a class and the kernel's set have at least one word each.
                unsafe {
                    let bits = *guards.bits(index);
                    *enabled = if holds { *enabled | bits } else { *enabled & !bits };
                }
            }
        });
    }

    /// The same for a set of any size, and with families.
    #[inline(never)]
    fn update_all(&mut self, word: usize, space: u32, enabled: *mut u64, words: usize) {
        self.each_class_on(word, space, |guards, index| _ = guards.evaluate(index, enabled, words));
    }

    /// Calls `found` with each class on `word` that has members.
    #[inline(always)]
    fn each_class_on(&mut self, word: usize, space: u32, found: impl Fn(&mut Guards, u32)) {
        let epoch = self.epoch;
        let mut index = self.slot_of(word);
        while self.class(index).epoch == epoch {
            let class = self.class(index);
            if class.word == word && class.members > 0 && class.space == space {
                found(self, index);
            }
            index = (index + 1) & self.mask;
        }
    }

    #[inline(never)]
    fn evaluate(&mut self, index: u32, enabled: *mut u64, words: usize) -> bool {
        if self.class(index).test.is_family() {
            return self.tell_family(index, enabled, words);
        }
        let class = self.class(index);
        let holds = class.evaluate();
        if holds == class.holds {
            return false;
        }
        class.holds = holds;
        let width = words.min(class.width.into());
        Guards::spread(self.bits(index), holds, enabled, width);
        true
    }

    fn spread(bits: *const u64, holds: bool, enabled: *mut u64, words: usize) {
        if holds {
            // SAFETY: `enabled` is the kernel's set, and the caller has the turn.
            unsafe { fill_summary(enabled) };
        }
        for word in 0..words {
            // SAFETY: `enabled` and `bits` both have at least `words` words.
            unsafe {
                if holds {
                    *enabled.add(word) |= *bits.add(word);
                } else {
                    *enabled.add(word) &= !*bits.add(word);
                }
            }
        }
    }

    /// Evaluates every class that has members in address space `space` or in
    /// shared memory: for words that change without the kernel's knowledge.
    /// Returns whether any changed.
    pub(crate) fn refresh(&mut self, space: u32, enabled: *mut u64, words: usize) -> bool {
        let mut changed = false;
        for nth in 0..self.used {
            let index = self.nth(nth);
            let class = *self.class(index);
            if class.members > 0 && (class.space == 0 || class.space == space) {
                changed |= self.evaluate(index, enabled, words);
            }
        }
        changed
    }

    /// Drops the classes without members: at most one class per task has members, and the
    /// capacity is four times the tasks; a family comes with the fifth of them. Indices change.
    #[cold]
    pub(crate) fn compact(&mut self, words: usize) {
        let (mut live, mut families) = (Vec::new(), Vec::new());
        for nth in 0..self.used {
            let index = self.nth(nth);
            let class = *self.class(index);
            if class.test.is_family() {
                families.push(class);
            } else if class.members > 0 {
                let (bits, words) = (self.bits(index), words.min(class.width.into()));
                // SAFETY: word < words <= stride, see `bits`.
                live.push((class, (0..words).map(|w| unsafe { *bits.add(w) }).collect::<Vec<_>>()));
            }
        }
        self.reset();
        for (Class { word, space, mask, value, test, holds, members, .. }, bits) in live {
            let guard = Guard { word, mask, value, cmp: test.cmp() };
            let (Ok(index) | Err(index)) = self.find(&guard, space);
            let index = self.add(&guard, space, index);
            let class = self.class(index);
            class.holds = holds;
            class.members = members;
            class.width = bits.len() as u16;
            for (word, value) in bits.into_iter().enumerate() {
                // SAFETY: word < words <= stride, see `bits`.
                unsafe { *self.bits(index).add(word) = value };
            }
            self.adopt(index);
        }
        families.iter().for_each(|family| self.remember(family));
    }
}
