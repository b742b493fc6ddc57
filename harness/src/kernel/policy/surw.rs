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
use super::bits::{each, weighed};
use selvedge::platform::Kind;

/// Whether an operation of this kind can be one of interest. Releasing a lock cannot:
/// the order of its owners says when it happens.
#[inline(always)]
pub(crate) fn is_eligible(kind: Kind) -> bool {
    !matches!(kind, Kind::Release | Kind::Join)
}

impl Kernel {
    #[inline]
    pub(super) fn choose_surw(&mut self) -> usize {
        if self.guide.object == 0 {
            self.recognise();
        }
        self.find_keen();
        if self.guide.intended == NOBODY || self.has_left(self.guide.intended as usize) {
            self.intend();
        }
        let chosen = self.draw();
        let keen = self.is_keen(chosen);
        self.spend(chosen);
        let standing = self.standing(chosen);
        standing.done += 1;
        if keen {
            standing.keen = standing.keen.saturating_sub(1);
            self.guide.intended = NOBODY;
        }
        chosen
    }

    /// A set of tasks that belongs to this decision: first those that stand before an
    /// operation on the object of interest, then those that may go on.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "a decision's own set belongs to whoever holds the turn")]
    fn candidates(&self) -> &mut [u64] {
        // SAFETY: words <= stride, the length of `candidates`; no caller takes it twice.
        unsafe { std::slice::from_raw_parts_mut(self.parts.candidates, self.words as usize) }
    }

    /// Makes the candidates those of the enabled tasks that stand before an operation on
    /// the object of interest.
    #[inline(always)]
    fn find_keen(&mut self) {
        let candidates = self.candidates();
        candidates.fill(0);
        each(self.enabled(), |task| {
            candidates[task / 64] |= u64::from(self.is_keen(task)) << (task % 64);
        });
    }

    /// Draws one of the enabled tasks that need not wait for the intended one; if there
    /// is none, one of all.
    #[inline(always)]
    fn draw(&mut self) -> usize {
        let intended = self.guide.intended as usize;
        let weight = |task: usize| {
            let standing = self.standing(task);
            u64::from(standing.left.saturating_sub(standing.keen).max(1))
        };
        let candidates = self.candidates();
        if intended < self.tasks as usize {
            candidates[intended / 64] &= !(1 << (intended % 64));
            candidates.iter_mut().zip(self.enabled()).for_each(|(set, enabled)| *set = enabled & !*set);
        } else {
            candidates.copy_from_slice(self.enabled());
        }
        let mut total = 0;
        each(candidates, |task| total += weight(task));
        if total == 0 {
            candidates.copy_from_slice(self.enabled());
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
        let here = (op.object == self.guide.object) & (op.object != 0) & is_eligible(op.kind);
        let one_memory = self.mode == Mode::Sim || self.space_for(task, op.object) == self.guide.space;
        here & one_memory
    }

    /// Looks whether some task is about to touch the object of interest for the first
    /// time.
    fn recognise(&mut self) {
        let mut witness = None;
        each(self.enabled(), |task| {
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

    /// Draws who shall be the next to touch the object of interest; nobody, if no
    /// task has such an operation left.
    fn intend(&mut self) {
        let tasks = 0..self.tasks as usize;
        for _ in tasks.clone() {
            // Whoever stands before such an operation has at least that one.
            let weight = |task: usize| {
                let one = (self.candidates()[task / 64] >> (task % 64) & 1) as u32;
                u64::from(self.standing(task).keen.max(one))
            };
            let total: u64 = tasks.clone().map(weight).sum();
            if total == 0 {
                break;
            }
            let mut rng = self.plan.rng;
            let mut rest = rng.below_u64(total);
            let drawn = tasks.clone().find(|&task| {
                let weight = weight(task);
                let found = rest < weight;
                rest = rest.wrapping_sub(weight);
                found
            });
            self.plan.rng = rng;
            match drawn {
                // It ended before it did what was foretold.
                Some(task) if self.has_left(task) => self.standing(task).keen = 0,
                drawn => {
                    self.guide.intended = drawn.map_or(NOBODY, |task| task as u32);
                    return;
                }
            }
        }
        self.guide.intended = NOBODY;
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
