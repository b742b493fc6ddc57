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

use super::bits::{each, those, weighed};
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::{NOBODY, State};
use selvedge::platform::Kind;

/// Whether an operation of this kind can be one of interest. Releasing a lock cannot:
/// the order of its owners says when it happens.
#[inline(always)]
pub(crate) fn is_eligible(kind: Kind) -> bool {
    !matches!(kind, Kind::Release | Kind::Join)
}

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_surw<const ONE: bool>(&mut self) -> usize {
        if self.guide.object == 0 {
            self.recognise::<ONE>();
        }
        let mut one = [0];
        let keen = if ONE {
            &mut one[..]
        } else {
            // SAFETY: words <= stride, the length of `candidates`; nobody else uses it now.
            unsafe { std::slice::from_raw_parts_mut(self.parts.candidates, self.words as usize) }
        };
        self.find_keen::<ONE>(keen);
        if self.guide.intended == NOBODY || self.has_left(self.guide.intended as usize) {
            self.intend::<ONE>(keen);
        }
        let chosen = self.draw::<ONE>(keen);
        let standing = self.standing(chosen);
        standing.left = standing.left.saturating_sub(1);
        standing.done += 1;
        if keen[chosen / 64] >> (chosen % 64) & 1 == 1 {
            self.set_keen(chosen, standing.keen.saturating_sub(1));
            self.guide.intended = NOBODY;
        }
        chosen
    }

    /// Makes `keen` those of the enabled tasks that stand before an operation on the object
    /// of interest; words without enabled tasks stay what they were.
    #[inline(always)]
    fn find_keen<const ONE: bool>(&self, keen: &mut [u64]) {
        let known = self.guide.object != 0;
        for (index, enabled) in self.enabled_words::<ONE>() {
            keen[index] = if known { those(enabled, |bit| self.is_keen(index * 64 + bit)) } else { 0 };
        }
    }

    /// Draws one of the enabled tasks that need not wait for the intended one; if there
    /// is none, one of all.
    #[inline(always)]
    fn draw<const ONE: bool>(&mut self, keen: &[u64]) -> usize {
        let intended = self.guide.intended as usize;
        let waiting = if intended < self.tasks as usize { !0 } else { 0 };
        let free = |(index, enabled): (usize, u64)| {
            let own = u64::from(intended / 64 == index) << (intended % 64);
            (index, enabled & (!(keen[index] & waiting) | own))
        };
        let all = || self.enabled_words::<ONE>();
        if ONE {
            let (_, free) = all().map(free).next().unwrap_or_default();
            if free.is_power_of_two() {
                // One number belongs to each decision, also where there is nothing to decide.
                self.plan.rng.skip();
                return free.trailing_zeros() as usize;
            }
        }
        let weight = |task: usize| {
            let standing = self.standing(task);
            u64::from(standing.left.saturating_sub(standing.keen).max(1))
        };
        let mut total = 0;
        each(all().map(free), |task| total += weight(task));
        let nobody = total == 0;
        let may = |word| if nobody { word } else { free(word) };
        if nobody {
            each(all(), |task| total += weight(task));
        }
        let mut rng = self.plan.rng;
        let chosen = weighed(all().map(may), rng.below_u64(total), weight);
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
        each(self.enabled_words::<ONE>(), |task| {
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
    fn intend<const ONE: bool>(&mut self, keen: &[u64]) {
        // Whoever stands before such an operation has at least that one, foretold or not.
        let mut unforetold = 0;
        each(self.enabled_words::<ONE>().map(|(index, _)| (index, keen[index])), |task| {
            unforetold += u64::from(self.standing(task).keen == 0)
        });
        loop {
            let total = self.guide.total + unforetold;
            if total == 0 {
                self.guide.intended = NOBODY;
                return;
            }
            let mut rng = self.plan.rng;
            let rest = rng.below_u64(total);
            self.plan.rng = rng;
            let task =
                if unforetold == 0 { self.task_at_sum(rest) } else { self.find_intended::<ONE>(keen, rest) };
            if !self.has_left(task) {
                self.guide.intended = task as u32;
                return;
            }
            // It ended before it did what was foretold.
            self.set_keen(task, 0);
        }
    }

    /// The task on which `rest` falls where some of the keen, of whom nothing was foretold,
    /// have one operation each.
    #[cold]
    fn find_intended<const ONE: bool>(&self, keen: &[u64], rest: u64) -> usize {
        let (mut before, mut found) = (0, None);
        each(self.enabled_words::<ONE>().map(|(index, _)| (index, keen[index])), |task| {
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
