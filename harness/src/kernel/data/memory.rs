//! The kernel's arrays: choices, events, the log of enabled sets, the prefix, and the
//! memory that programs share.
//!
//! Read by strategies and judges after an execution. Bounds are those of
//! [`Limits`](crate::kernel::Limits), which the arena was made with.

use super::state::Kernel;
use super::task::Task;
use crate::kernel::policy::Sleeper;
use crate::kernel::schedule::choice::Choice;
use crate::kernel::schedule::event::Event;
use crate::kernel::step::decide::End;
use std::ops::Range;

impl Kernel {
    /// The choices of the execution so far.
    pub(crate) fn schedule(&self) -> &[Choice] {
        // SAFETY: steps <= limits.steps, the length of `choices`.
        unsafe { std::slice::from_raw_parts(self.parts.choices, self.steps as usize) }
    }

    /// The slot of a task as it was when the execution ended. What a task does that is made to
    /// leave its code (it gives locks back, wakes others, ends its workers) is no part of the
    /// execution, and does not show here.
    pub(crate) fn as_it_stood(&self, index: usize) -> &Task {
        if !self.slots_kept {
            return self.task(index);
        }
        debug_assert!(index < self.tasks as usize);
        // SAFETY: below the capacity, the length of `stood`; `keep_slots` wrote it.
        unsafe { &*self.parts.stood.add(index) }
    }

    /// Keeps all slots as they are, if anybody will ask for them.
    pub(in crate::kernel) fn keep_slots(&mut self) {
        if !self.plan.record && self.end != End::GivenUp {
            return;
        }
        self.slots_kept = true;
        // SAFETY: both arrays have room for so many, and are two. The copies are only looked
        // at, and nothing in a slot is dropped.
        unsafe { std::ptr::copy_nonoverlapping(self.parts.tasks, self.parts.stood, self.tasks as usize) };
    }

    /// The recorded events; empty if the plan did not ask for a record.
    #[allow(clippy::mut_from_ref, reason = "the record belongs to whoever holds the turn")]
    pub(crate) fn events(&self) -> &mut [Event] {
        let len = if self.plan.record { self.steps as usize } else { 0 };
        // SAFETY: as in `schedule`; `pick` wrote each of them, and only the holder
        // of the turn looks at them.
        unsafe { std::slice::from_raw_parts_mut(self.parts.events, len) }
    }

    /// The steps after which another task went on although their own could have: of each
    /// such switch the last step before it. A kill, or a sleeper that wakes without cause,
    /// is nobody's turn. Only where a plan asked for a log of the tasks that were enabled.
    pub(crate) fn preemptions(&self) -> Vec<usize> {
        let schedule = self.schedule();
        let mut last = None;
        let turns = (0..schedule.len()).filter(|&step| schedule[step].outcome().is_turn());
        turns
            .filter_map(|step| {
                let before: usize = last.replace(step)?;
                let task = schedule[before].task();
                let could = self.enabled_at(step)[task / 64] >> (task % 64) & 1 == 1;
                (task != schedule[step].task() && could).then_some(before)
            })
            .collect()
    }

    /// The tasks that were enabled at a step, as a bitset, if the plan asked for it.
    pub(crate) fn enabled_at(&self, step: usize) -> &[u64] {
        debug_assert!(self.plan.logs() && step < self.steps as usize);
        // SAFETY: step < limits.steps and the log has stride words for each.
        unsafe {
            std::slice::from_raw_parts(self.parts.log.add(step * self.parts.stride), self.words as usize)
        }
    }

    /// Sets the prefix of the plan.
    ///
    /// # Panics
    /// If it is longer than an execution may be.
    pub(crate) fn set_prefix(&mut self, prefix: &[Choice]) {
        assert!(prefix.len() <= self.limits.steps, "a prefix of {} steps exceeds the bound", prefix.len());
        // SAFETY: the length was checked against that of the array; the source is
        // not in the arena.
        unsafe { std::ptr::copy_nonoverlapping(prefix.as_ptr(), self.parts.prefix, prefix.len()) };
        self.plan.prefix = prefix.len() as u32;
    }

    /// Sets who sleeps from step `from` on, under policy `Awake`.
    ///
    /// # Panics
    /// If there are more than tasks.
    pub(crate) fn set_sleepers(&mut self, sleepers: &[Sleeper], from: usize) {
        assert!(sleepers.len() <= self.limits.tasks, "{} tasks sleep", sleepers.len());
        // SAFETY: as in `set_prefix`.
        unsafe {
            std::ptr::copy_nonoverlapping(sleepers.as_ptr(), self.parts.sleepers, sleepers.len());
        }
        self.plan.sleepers = sleepers.len() as u32;
        self.plan.asleep_from = from as u32;
    }

    /// The tasks that sleep.
    pub(in crate::kernel) fn dozing(&self) -> &[Sleeper] {
        // SAFETY: at most limits.tasks, the length of the array.
        unsafe { std::slice::from_raw_parts(self.parts.sleepers, self.plan.sleepers as usize) }
    }

    /// Keeps the sleepers for which `stays` is true; the others stand after them, so that a
    /// plan that is carried out once more begins with all of them.
    pub(in crate::kernel) fn retain_sleepers(&mut self, mut stays: impl FnMut(&Sleeper) -> bool) {
        let mut kept = 0;
        for at in 0..self.plan.sleepers as usize {
            // SAFETY: kept <= at < limits.tasks, the length of the array.
            unsafe {
                if stays(&*self.parts.sleepers.add(at)) {
                    self.parts.sleepers.add(at).swap(self.parts.sleepers.add(kept));
                    kept += 1;
                }
            }
        }
        self.plan.sleepers = kept as u32;
    }

    pub(in crate::kernel) fn prefix_choice(&self, index: u32) -> Choice {
        debug_assert!(index < self.plan.prefix);
        // SAFETY: index < prefix <= limits.steps.
        unsafe { *self.parts.prefix.add(index as usize) }
    }

    /// The addresses of the arena: the same in every execution.
    pub(crate) fn arena(&self) -> Range<usize> {
        self.parts.start..self.parts.end
    }

    /// Zeroed program memory, aligned to 64 bytes; `None` if it is used up.
    #[inline]
    pub(crate) fn allocate(&mut self, size: usize) -> Option<*mut u8> {
        let size = size.next_multiple_of(64);
        let at = self.used;
        if size > self.limits.memory - at {
            return None;
        }
        self.used += size;
        // SAFETY: at + size <= limits.memory.
        let pointer = unsafe { self.parts.memory.add(at) };
        if at < self.dirty {
            // SAFETY: inside program memory; fresh pages are zero already.
            unsafe { pointer.write_bytes(0, size.min(self.dirty - at)) };
        }
        self.dirty = self.dirty.max(self.used);
        Some(pointer)
    }

    /// Whether so many bytes from this address on lie inside program memory that was allocated.
    pub(crate) fn has_allocated(&self, base: usize, size: usize) -> bool {
        let offset = base.checked_sub(self.parts.memory as usize).filter(|offset| offset % 64 == 0);
        offset.and_then(|offset| offset.checked_add(size)).is_some_and(|end| end <= self.used)
    }
}
