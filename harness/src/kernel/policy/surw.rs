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

use super::bits::{each, weighed};
use super::standing::Standing;
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::{NOBODY, State};
use crate::kernel::schedule::plan::Policy;
use selvedge::platform::Kind;

/// Whether an operation of this kind can be one of interest. Releasing a lock cannot:
/// the order of its owners says when it happens.
#[inline(always)]
pub(crate) fn is_eligible(kind: Kind) -> bool {
    !matches!(kind, Kind::Release | Kind::Join)
}

/// Where no object of interest lies that is gone.
const NOWHERE: usize = usize::MAX;

impl Kernel {
    /// The steps of most programs: a few tasks, of which the pilot run knew everything. Whatever
    /// else there is ends in a call that does not come back here, so that nothing is saved for it.
    #[inline(never)]
    pub(super) fn choose_surw<const ONE: bool>(&mut self) -> usize {
        self.note_aim::<ONE>(self.current as usize);
        if !ONE || self.guide.object == 0 || self.guide.beyond || !self.are_few() {
            return self.choose_surw_with_care::<ONE>();
        }
        self.check_aims();
        let mut intended = self.guide.intended;
        if intended == NOBODY || self.has_left(intended as usize) {
            if self.guide.total == 0 {
                return self.choose_surw_with_care::<ONE>();
            }
            let mut rng = self.plan.rng;
            let task = self.task_at_sum(rng.below_u64(self.guide.total));
            if self.has_left(task) {
                return self.choose_surw_with_care::<ONE>();
            }
            self.plan.rng = rng;
            intended = task as u32;
            self.guide.intended = intended;
        }
        // SAFETY: there is at least one word of capacity.
        let enabled = unsafe { *self.parts.enabled };
        let free = enabled & (!*self.aims(0) | 1 << intended);
        if !free.is_power_of_two() {
            return self.draw_by_weight::<ONE>();
        }
        // One number belongs to each decision, also where there is nothing to decide.
        self.plan.rng.skip();
        self.perform::<ONE>(free.trailing_zeros() as usize)
    }

    #[inline(never)]
    fn choose_surw_with_care<const ONE: bool>(&mut self) -> usize {
        if self.guide.object == 0 {
            self.recognise::<ONE>();
        }
        self.check_aims();
        if self.guide.intended == NOBODY || self.has_left(self.guide.intended as usize) {
            self.intend::<ONE>();
        }
        self.draw::<ONE>()
    }

    /// The task performs its operation; returns the task.
    #[inline(always)]
    fn perform<const ONE: bool>(&mut self, task: usize) -> usize {
        let aims = *self.aims(if ONE { 0 } else { task / 64 }) >> (task % 64) & 1 == 1;
        let standing = self.standing(task);
        standing.done += 1;
        standing.left = standing.left.saturating_sub(1);
        let foretold = standing.keen > 0;
        if aims {
            self.guide.intended = NOBODY;
            if foretold {
                // It has one less of either: its weight stays what it was.
                self.standing(task).keen -= 1;
                self.change_sum(task, 1, 0);
                return task;
            }
        }
        self.standing(task).weigh();
        task
    }

    /// One word of the set of tasks that aim at the object of interest: that stand before an
    /// operation on it or, as long as it is not known, before the one by which it will be. Only
    /// enabled tasks count.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "the set belongs to whoever holds the turn, as a slot does")]
    fn aims(&self, word: usize) -> &mut u64 {
        debug_assert!(word < self.words as usize);
        // SAFETY: word < words <= stride, the length of `candidates`, which nobody else uses in
        // an execution by this policy; only the holder of the turn touches it, and no caller
        // takes two of one number.
        unsafe { &mut *self.parts.candidates.add(word) }
    }

    /// A task has announced an operation: notes whether it aims at the object of interest. All
    /// others aim at what they aimed at before, so that a decision looks at one task only.
    #[inline(always)]
    fn note_aim<const ONE: bool>(&mut self, task: usize) {
        // Nobody has the turn where it is given to whoever looks at descriptors.
        if task >= self.tasks as usize {
            return;
        }
        let aims = if self.guide.object == 0 { self.is_witness(task) } else { self.is_keen(task) };
        self.guide.beyond |= aims & (self.standing(task).keen == 0);
        let word = self.aims(if ONE { 0 } else { task / 64 });
        *word = *word & !(1 << (task % 64)) | u64::from(aims) << (task % 64);
    }

    /// The same where other policies may run, and what announces the operation is rare: a task
    /// that is started or woken, a decision that is not taken by the policy.
    #[inline]
    pub(in crate::kernel) fn note_rare_aim(&mut self, task: usize) {
        if self.plan.policy == Policy::Surw {
            self.note_aim::<false>(task);
        }
    }

    /// A new task aims at nothing.
    pub(super) fn clear_aim(&mut self, task: usize) {
        *self.aims(task / 64) &= !(1 << (task % 64));
    }

    /// In debug builds: asks every enabled task what it aims at, and what it weighs.
    #[inline(always)]
    fn check_aims(&self) {
        if cfg!(debug_assertions) {
            let known = self.guide.object != 0;
            each(self.enabled_words::<false>(), |task| {
                let noted = *self.aims(task / 64) >> (task % 64) & 1 == 1;
                assert_eq!(noted, known && self.is_keen(task), "what task {task} aims at");
                let &mut Standing { left, keen, weight, .. } = self.standing(task);
                assert_eq!(weight, left.saturating_sub(keen).max(1), "what task {task} weighs");
            });
        }
    }

    /// One of the enabled tasks that need not wait for the intended one performs its operation;
    /// if there is none, one of all.
    fn draw<const ONE: bool>(&mut self) -> usize {
        if ONE {
            let free = self.free_in(0, self.enabled()[0]);
            if free.is_power_of_two() {
                self.plan.rng.skip();
                return self.perform::<ONE>(free.trailing_zeros() as usize);
            }
        }
        self.draw_by_weight::<ONE>()
    }

    /// Those of the enabled tasks of a word that need not wait for the intended one.
    #[inline(always)]
    fn free_in(&self, index: usize, enabled: u64) -> u64 {
        let intended = self.guide.intended;
        if intended == NOBODY {
            return enabled;
        }
        let own = u64::from(intended as usize / 64 == index) << (intended % 64);
        enabled & (!*self.aims(index) | own)
    }

    #[inline(never)]
    fn draw_by_weight<const ONE: bool>(&mut self) -> usize {
        let weight = |task: usize| u64::from(self.standing(task).weight);
        let free = |(index, enabled): (usize, u64)| (index, self.free_in(index, enabled));
        let all = || self.enabled_words::<ONE>();
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
        self.perform::<ONE>(chosen)
    }

    /// Whether the task stands before an operation on the object of interest, which is known.
    /// Without a branch on what differs from task to task.
    #[inline(always)]
    fn is_keen(&self, task: usize) -> bool {
        let op = &self.task(task).op;
        let object = self.guide.object;
        let here = (op.object == object) & is_eligible(op.kind);
        let one_memory = self.mode == Mode::Sim || self.space_for(task, object) == self.guide.space;
        here & one_memory
    }

    /// Whether the task stands before its first operation on the object of interest, by the
    /// pilot's word.
    #[inline(always)]
    fn is_witness(&self, task: usize) -> bool {
        let standing = self.standing(task);
        (standing.done == standing.forecast.witness) & (self.task(task).op.object != 0)
    }

    /// Looks whether some task is about to touch the object of interest for the first
    /// time.
    #[inline(never)]
    fn recognise<const ONE: bool>(&mut self) {
        let witness = self.aiming::<ONE>().find(|&(_, word)| word != 0);
        let Some((index, word)) = witness else { return };
        let task = index * 64 + word.trailing_zeros() as usize;
        self.guide.object = self.task(task).op.object;
        self.guide.space = self.space_for(task, self.guide.object);
        for task in 0..self.tasks as usize {
            self.note_aim::<false>(task);
        }
    }

    /// What lay at `address` is gone. If that was the object of interest, nobody aims at what
    /// comes there next.
    #[inline(always)]
    pub(in crate::kernel) fn lose_interest(&mut self, address: usize) {
        if self.guide.object == address && self.plan.policy == Policy::Surw {
            self.lose_object();
        }
    }

    #[cold]
    #[inline(never)]
    fn lose_object(&mut self) {
        if self.space(self.guide.object) != self.guide.space {
            return;
        }
        self.guide.object = NOWHERE;
        for task in 0..self.tasks as usize {
            self.note_aim::<false>(task);
        }
    }

    /// Whether the task will not take another step.
    #[inline(always)]
    fn has_left(&self, task: usize) -> bool {
        matches!(self.task(task).state, State::Ended | State::Vanished)
    }

    /// A task has so many operations on the object of interest left.
    #[inline(always)]
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
        let unforetold = if self.guide.beyond { self.count_unforetold::<ONE>() } else { 0 };
        loop {
            let total = self.guide.total + unforetold;
            if total == 0 {
                self.guide.intended = NOBODY;
                return;
            }
            let rest = self.plan.rng.below_u64(total);
            let task = if unforetold == 0 { self.task_at_sum(rest) } else { self.find_intended::<ONE>(rest) };
            if !self.has_left(task) {
                self.guide.intended = task as u32;
                return;
            }
            // It ended before it did what was foretold.
            self.set_keen(task, 0);
        }
    }

    /// The enabled tasks that aim at the object of interest.
    fn aiming<const ONE: bool>(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.enabled_words::<ONE>().map(|(index, enabled)| (index, enabled & *self.aims(index)))
    }

    /// How many of them have no such operation left, by what was foretold.
    #[cold]
    fn count_unforetold<const ONE: bool>(&self) -> u64 {
        let mut count = 0;
        each(self.aiming::<ONE>(), |task| count += u64::from(self.standing(task).keen == 0));
        count
    }

    /// The task on which `rest` falls where some of the keen, of whom nothing was foretold,
    /// have one operation each.
    #[cold]
    fn find_intended<const ONE: bool>(&self, rest: u64) -> usize {
        let (mut before, mut found) = (0, None);
        each(self.aiming::<ONE>(), |task| {
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
