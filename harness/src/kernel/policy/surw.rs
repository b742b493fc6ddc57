//! Uniform over the orders of the operations on one object, the object of interest.
//!
//! One task is *intended* to be the next to touch that object, drawn with the numbers
//! of such operations that the tasks have left. Until it does, whoever else stands
//! before such an operation waits; all others go on, each as likely as it has other
//! operations left. If nobody may go on (the intended task is blocked by one of those
//! that wait), any enabled task may, and somebody else is intended from then on.
//!
//! The object is known by the pilot's word that operation number `witness` of a task
//! touches it: so addresses need not be the same from execution to execution.

use super::super::state::{Kernel, Mode};
use super::super::task::{NOBODY, State};
use super::bits::{each, those, weighed};
use selvedge::platform::Kind;

/// Whether an operation of this kind can be one of interest. Releasing a lock cannot:
/// the order of its owners says when it happens.
#[inline(always)]
pub(crate) fn is_eligible(kind: Kind) -> bool {
    !matches!(kind, Kind::Release | Kind::Join)
}

impl Kernel {
    #[inline]
    pub(super) fn choose_surw<const ONE: bool>(&mut self) -> usize {
        if self.guide.object == 0 {
            self.recognise::<ONE>();
        }
        self.find_keen::<ONE>();
        if self.guide.intended == NOBODY || self.has_left(self.guide.intended as usize) {
            self.intend::<ONE>();
        }
        let chosen = self.draw::<ONE>();
        let keen = self.is_keen(chosen);
        self.spend(chosen);
        let standing = self.standing(chosen);
        standing.done += 1;
        let left = standing.keen.saturating_sub(1);
        if keen {
            self.set_keen(chosen, left);
            self.guide.intended = NOBODY;
        }
        chosen
    }

    /// A set of tasks that belongs to this decision: first those that stand before an
    /// operation on the object of interest, then those that may go on.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "a decision's own set belongs to whoever holds the turn")]
    fn candidates<const ONE: bool>(&self) -> &mut [u64] {
        // SAFETY: words <= stride, the length of `candidates`; no caller takes it twice.
        unsafe { std::slice::from_raw_parts_mut(self.parts.candidates, self.words_in_use::<ONE>()) }
    }

    /// Makes the candidates those of the enabled tasks that stand before an operation on
    /// the object of interest.
    #[inline(always)]
    fn find_keen<const ONE: bool>(&mut self) {
        let candidates = self.candidates::<ONE>();
        if self.guide.object == 0 {
            return candidates.fill(0);
        }
        for (index, &enabled) in self.enabled_in::<ONE>().iter().enumerate() {
            candidates[index] = those(enabled, |bit| self.is_keen(index * 64 + bit));
        }
    }

    /// Draws one of the enabled tasks that need not wait for the intended one; if there
    /// is none, one of all.
    #[inline(always)]
    fn draw<const ONE: bool>(&mut self) -> usize {
        let intended = self.guide.intended as usize;
        let weight = |task: usize| {
            let standing = self.standing(task);
            u64::from(standing.left.saturating_sub(standing.keen).max(1))
        };
        let candidates = self.candidates::<ONE>();
        if intended < self.tasks as usize {
            candidates[intended / 64] &= !(1 << (intended % 64));
            candidates
                .iter_mut()
                .zip(self.enabled_in::<ONE>())
                .for_each(|(set, enabled)| *set = enabled & !*set);
        } else {
            candidates.copy_from_slice(self.enabled_in::<ONE>());
        }
        let mut total = 0;
        each(candidates, |task| total += weight(task));
        if total == 0 {
            candidates.copy_from_slice(self.enabled_in::<ONE>());
            each(candidates, |task| total += weight(task));
        }
        let mut rng = self.plan.rng;
        let chosen = weighed(candidates, rng.below_u64(total), weight);
        self.plan.rng = rng;
        chosen
    }

    /// Whether the task stands before an operation on the object of interest. Without a
    /// branch on what differs from task to task.
    #[inline(always)]
    fn is_keen(&self, task: usize) -> bool {
        let op = &self.task(task).op;
        let object = self.guide.object;
        let here = (op.object == object) & (object != 0) & is_eligible(op.kind);
        let one_memory = self.mode == Mode::Sim || self.space_for(task, object) == self.guide.space;
        here & one_memory
    }

    /// Looks whether some task is about to touch the object of interest for the first
    /// time.
    fn recognise<const ONE: bool>(&mut self) {
        let mut witness = None;
        each(self.enabled_in::<ONE>(), |task| {
            let standing = self.standing(task);
            if standing.done == standing.forecast.witness && self.task(task).op.object != 0 {
                witness = witness.or(Some(task));
            }
        });
        if let Some(task) = witness {
            let object = self.task(task).op.object;
            self.guide.object = object;
            self.guide.space = self.space_for(task, object);
        }
    }

    /// Whether the task will not take another step.
    #[inline(always)]
    fn has_left(&self, task: usize) -> bool {
        matches!(self.task(task).state, State::Ended | State::Vanished)
    }

    /// A task has so many operations on the object of interest left.
    pub(super) fn set_keen(&mut self, task: usize, keen: u32) {
        let standing = self.standing(task);
        let before = std::mem::replace(&mut standing.keen, keen);
        self.change_sum(task, before, keen);
    }

    /// Draws who shall be the next to touch the object of interest; nobody, if no
    /// task has such an operation left. What it costs does not depend on the tasks that
    /// wait.
    fn intend<const ONE: bool>(&mut self) {
        // Whoever stands before such an operation has at least that one, foretold or not.
        let mut unforetold = 0;
        each(self.candidates::<ONE>(), |task| unforetold += u64::from(self.standing(task).keen == 0));
        loop {
            let total = self.sum_of_first(self.tasks as usize) + unforetold;
            if total == 0 {
                self.guide.intended = NOBODY;
                return;
            }
            let mut rng = self.plan.rng;
            let rest = rng.below_u64(total);
            self.plan.rng = rng;
            let task = if unforetold == 0 { self.task_at_sum(rest) } else { self.find_intended::<ONE>(rest) };
            if !self.has_left(task) {
                self.guide.intended = task as u32;
                return;
            }
            // It ended before it did what was foretold.
            self.set_keen(task, 0);
        }
    }

    /// The task on which `rest` falls where some of the candidates, of whom nothing was
    /// foretold, have one operation each.
    #[cold]
    fn find_intended<const ONE: bool>(&self, rest: u64) -> usize {
        let (mut before, mut found) = (0, None);
        each(self.candidates::<ONE>(), |task| {
            if self.standing(task).keen == 0 && found.is_none() {
                let place = self.sum_of_first(task) + before;
                if rest <= place {
                    found = Some(if rest == place { task } else { self.task_at_sum(rest - before) });
                }
                before += 1;
            }
        });
        found.unwrap_or_else(|| self.task_at_sum(rest - before))
    }

    /// The intended task started another: which of the two is meant is drawn by what
    /// either has left. `before` is what the parent had until now.
    pub(super) fn inherit(&mut self, child: usize, parent: usize, keen: u32, before: u32) {
        if self.guide.intended == parent as u32 && keen > 0 {
            let drawn = self.plan.rng.below(before.max(1));
            if drawn < keen {
                self.guide.intended = child as u32;
            }
        }
    }
}
