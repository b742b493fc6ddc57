//! What guided policies know of each task: partly told by the strategy before the
//! execution, partly noted while it goes on.
//!
//! Written by strategies between executions (what a pilot run taught them) and by the
//! running task. Tasks with numbers that the pilot never saw count as if they had one
//! operation.
//!
//! When a process dies here, the notes of its tasks stay and are never looked at again:
//! a task that has ended is not enabled.

use super::paced::Pace;
use crate::kernel::Policy;
use crate::kernel::data::state::Kernel;
use crate::kernel::data::task::NOBODY;
use crate::kernel::schedule::rng::Rng;

/// How many steps of one execution can be marked.
pub(crate) const MARKS: usize = 64;

/// A step at which a policy does something out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub(crate) struct Mark {
    /// Steps taken before it.
    pub(crate) step: u32,
    /// `pct`: the priority that the task of that step gets.
    pub(crate) rank: u32,
}

/// What a pilot run foretells of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Forecast {
    /// Its operations, with those of the tasks that it starts.
    pub(crate) total: u32,
    /// The same for the operations on the object of interest.
    pub(crate) keen: u32,
    /// Which of its own operations touches the object of interest first; `u32::MAX` if
    /// none does.
    pub(crate) witness: u32,
}

impl Forecast {
    /// A task that no pilot run had.
    const UNKNOWN: Forecast = Forecast { total: 1, keen: 0, witness: u32::MAX };
}

/// What the policies know of one task.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Standing {
    /// Its priority, where the policy has any.
    pub(super) rank: u64,
    /// Pace `Even`: where the stretch of its next operation begins, of an execution from 0 to
    /// `u64::MAX`.
    pub(super) begin: u64,
    /// Operations that it has left, with those of tasks that it will still start.
    pub(super) left: u32,
    /// The same for the operations on the object of interest.
    pub(super) keen: u32,
    /// How likely a draw among tasks makes it: see [`weigh`](Self::weigh).
    pub(super) weight: u32,
    /// Operations of its own that it has performed.
    pub(super) done: u32,
    /// What was foretold.
    pub(super) forecast: Forecast,
}

impl Standing {
    /// Its weight is what it has left besides the operations on the object of interest. A task
    /// that has taken more than was foretold is never quite forgotten: it counts as having one
    /// left.
    #[inline(always)]
    pub(super) fn weigh(&mut self) {
        self.weight = self.left.saturating_sub(self.keen).max(1);
    }

    /// How long one operation is where those that it has left fill the rest of the execution;
    /// half of that for one that was not foretold, after which there may be more.
    #[inline(always)]
    pub(super) fn stretch(&self) -> u64 {
        let left = if self.left == 0 { 2 } else { self.left };
        (u64::MAX - self.begin) / u64::from(left)
    }
}

/// What the policies know of the execution as a whole.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Guide {
    /// Tasks of which the strategy knows something.
    pub(super) known: u32,
    /// Marks in use.
    pub(super) marks: u32,
    /// Marks passed.
    pub(super) passed: u32,
    /// `surw`: the task that shall be the next to touch the object of interest.
    pub(super) intended: u32,
    /// `surw`: the object of interest, with its address space; 0 until somebody is
    /// about to touch it.
    pub(super) object: usize,
    pub(super) space: u32,
    /// `surw`: operations on it that all tasks have left.
    pub(super) total: u64,
    /// `surw`: some task had more operations on it than were foretold.
    pub(super) beyond: bool,
    /// How ranks are drawn where a policy goes by a pace.
    pub(super) pace: Pace,
    /// `pos`: who of those that could go on at the last decision has the highest priority.
    pub(super) best: u32,
    /// `pos`: those, as far as they stand in the first word of their set.
    pub(super) ranked: u64,
}

impl Guide {
    pub(crate) const NEW: Guide = Guide {
        known: 0,
        marks: 0,
        passed: 0,
        intended: NOBODY,
        object: 0,
        space: 0,
        total: 0,
        beyond: false,
        pace: Pace::Even,
        best: 0,
        ranked: 0,
    };

    /// Forgets the last execution, and keeps what the strategy said.
    pub(crate) fn reset(&mut self) {
        self.passed = 0;
        self.intended = NOBODY;
        self.object = 0;
        self.total = 0;
        self.beyond = false;
        self.best = 0;
        self.ranked = 0;
    }
}

impl Kernel {
    /// What is known of a task.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "a standing belongs to whoever holds the turn, as a slot does")]
    pub(super) fn standing(&self, index: usize) -> &mut Standing {
        debug_assert!(index < self.parts.stride * 64);
        // SAFETY: index < capacity, the length of `standings`; only the holder of the
        // turn touches them, and no caller takes two of one task.
        unsafe { &mut *self.parts.standings.add(index) }
    }

    /// Tells the policies what a pilot run taught, task by task.
    pub(crate) fn set_forecasts(&mut self, forecasts: impl ExactSizeIterator<Item = Forecast>) {
        let known = forecasts.len().min(self.parts.stride * 64);
        for (index, forecast) in forecasts.take(known).enumerate() {
            self.standing(index).forecast = forecast;
        }
        self.guide.known = known as u32;
    }

    /// The pace of the next execution by policy `Paced`.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.guide.pace = pace;
    }

    /// Marks steps of the next execution, in ascending order.
    ///
    /// # Panics
    /// If there are more than [`MARKS`].
    pub(crate) fn set_marks(&mut self, marks: &[Mark]) {
        assert!(marks.len() <= MARKS, "at most {MARKS} steps can be marked");
        // SAFETY: the length was checked against that of the array; the source is not
        // in the arena.
        unsafe { std::ptr::copy_nonoverlapping(marks.as_ptr(), self.parts.marks, marks.len()) };
        self.guide.marks = marks.len() as u32;
    }

    /// The next mark, if it stands at this step.
    #[inline(always)]
    pub(super) fn mark_here(&mut self) -> Option<Mark> {
        if self.guide.passed >= self.guide.marks {
            return None;
        }
        // SAFETY: passed < marks <= MARKS, the length of the array.
        let mark = unsafe { *self.parts.marks.add(self.guide.passed as usize) };
        if mark.step > self.steps {
            return None;
        }
        self.guide.passed += 1;
        Some(mark)
    }

    /// A task was created; one that starts it no longer counts its operations.
    #[inline(never)]
    pub(in crate::kernel) fn welcome(&mut self, index: usize, parent: usize) {
        if index >= self.guide.known as usize {
            self.standing(index).forecast = Forecast::UNKNOWN;
        }
        let policy = self.plan.policy;
        let rng: &mut Rng = &mut self.plan.rng;
        let rank = match policy {
            // Above all that a mark can assign.
            Policy::Pct => rng.next_u64() | 1 << 63,
            Policy::Pos => rng.next_u64(),
            _ => 0,
        };
        let standing = self.standing(index);
        standing.rank = rank;
        standing.left = standing.forecast.total;
        standing.keen = standing.forecast.keen;
        standing.done = 0;
        standing.weigh();
        let (left, keen) = (standing.left, standing.keen);
        if policy == Policy::Surw {
            self.append_sum(keen);
            self.clear_aim(index);
        }
        // Starting a task is a step: before the first, tasks are nobody's children.
        if self.steps > 0 {
            let standing = self.standing(parent);
            let before = standing.keen;
            standing.left = standing.left.saturating_sub(left);
            if policy == Policy::Surw {
                self.set_keen(parent, before.saturating_sub(keen));
                self.inherit(index, parent, keen, before);
            }
            self.standing(parent).weigh();
        }
        if policy == Policy::Paced {
            self.pace_newcomer(index, (self.steps > 0).then_some(parent));
        }
    }
}
