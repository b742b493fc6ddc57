//! The policy `Awake`: the run without preemption among the tasks that are not asleep.
//!
//! A task sleeps where all executions in which it goes on first were explored already
//! (sleep sets: Godefroid, "Partial-Order Methods for the Verification of Concurrent
//! Systems", LNCS 1032, 1996). It wakes with the first step that does not commute with
//! its own. If everybody who is enabled sleeps, whatever follows was seen elsewhere, and
//! the execution ends as blocked.
//!
//! 1. A sleeper has not moved since it fell asleep: its step would be the one that was
//!    explored, up to the first that touches the same. That may wake it from a wait and so
//!    change what it stands before; what it touched where it was explored counts.
//! 2. The steps up to the last but one were looked at when the last was recorded, the
//!    last is looked at before the next choice; so all that a step did is known.
//!
//! When a process dies here, the sleepers lie in the arena as they were.

use crate::kernel::causality::touches::Touches;
use crate::kernel::causality::word::View;
use crate::kernel::data::state::Kernel;
use crate::kernel::data::task::NOBODY;
use crate::kernel::schedule::choice::Choice;
use crate::kernel::schedule::event::Tail;
use crate::kernel::schedule::plan::Policy;
use crate::kernel::step::decide::End;

/// A task that sleeps, and what its step turned out to be when it was explored.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Sleeper {
    pub(crate) task: u32,
    /// It found a number at which it does not write.
    pub(crate) reads: bool,
    /// What it touches lies at the same addresses in every execution.
    pub(crate) lasts: bool,
    pub(crate) tail: Tail,
    /// What it touched.
    pub(crate) touches: Touches,
}

impl Kernel {
    /// Wakes the sleepers that do not commute with the last step.
    pub(in crate::kernel) fn doze(&mut self) {
        if self.plan.sleepers == 0 || self.plan.policy != Policy::Awake || self.steps <= self.plan.asleep_from
        {
            return;
        }
        self.plan.asleep_from = self.steps;
        let Some(event) = self.events().last() else { return };
        let task = event.choice.task();
        let done = Touches::of_event(event, View::now(self, task));
        let last = self.steps - 1;
        let kernel: *const Kernel = self;
        self.retain_sleepers(|sleeper| {
            let now = || {
                let index = sleeper.task as usize;
                // SAFETY: slots and addresses are not what `retain_sleepers` writes.
                let (slot, view) = unsafe { ((*kernel).task(index), View::now(&*kernel, index)) };
                // Whoever was woken from a wait stands before something else already.
                let woken = slot.cause == last;
                let stood = || Touches::of_task(slot, sleeper.reads, sleeper.tail, view);
                if woken { Touches::of_last_sleep(slot, view) } else { stood() }
            };
            let next = if sleeper.lasts { sleeper.touches } else { now() };
            sleeper.task as usize != task && !done.conflicts(&next)
        });
    }

    /// Chooses among the enabled tasks that do not sleep.
    #[cold]
    pub(in crate::kernel) fn pick_awake(&mut self) {
        if self.enabled().iter().all(|&word| word == 0) {
            return self.stuck();
        }
        self.doze();
        // SAFETY: words <= stride, the length of `candidates`; nobody else uses it meanwhile.
        let awake = unsafe { std::slice::from_raw_parts_mut(self.parts.candidates, self.words as usize) };
        awake.copy_from_slice(self.enabled());
        for sleeper in self.dozing() {
            awake[sleeper.task as usize / 64] &= !(1 << (sleeper.task % 64));
        }
        let current = self.current as usize;
        let stays = awake.get(current / 64).is_some_and(|word| word >> (current % 64) & 1 == 1);
        let lowest = || {
            let word = awake.iter().position(|&word| word != 0)?;
            Some(word * 64 + awake[word].trailing_zeros() as usize)
        };
        match if stays { Some(current) } else { lowest() } {
            Some(task) => self.commit(Choice::run(task)),
            None => self.finish_as(End::Blocked, NOBODY),
        }
    }
}
