//! Reversible races.
//!
//! Called by `trace` for each new step, and for what is announced at the end. A step races
//! with an earlier one if they conflict, if nothing else orders them, and if it could have
//! run before it. A lock's taking does not race with the giving back before it, because it
//! could not have run earlier; then the taking before that is looked at. Where the task
//! stood before its step already, the set of enabled tasks tells; else the words of memory
//! that were written down do, if they are the ones that matter. A word that only guards look at
//! (how many items a queue has) is changed by operations on its object alone, and each wrote
//! down what it found: so what lay there before a step is what the next of them found.
//!
//! 1. Between the two steps of a race no third step lies that happens after the first,
//!    before the second, and races with it.

use super::trace::{Step, Trace, could_go, join};
use crate::kernel::{EVERYTHING, Event, Kernel, NOBODY, Outcome, Tail, Touches};
use selvedge::platform::{Cmp, Guard};

/// The second step of a race.
#[derive(Clone, Copy, Debug)]
pub(super) enum Last {
    Step(usize),
    /// The announced operation of a task, as it stood at the end.
    Pending(usize),
    /// A step of a task about which nothing else is known.
    Task(usize),
}

/// A race to be reversed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race {
    pub(super) first: usize,
    pub(super) last: Last,
    /// The steps before this one may lie between the two.
    pub(super) until: usize,
}

/// When a step can run, as far as its own record tells.
struct When {
    guard: Guard,
    /// What it acts on.
    object: usize,
    /// The step that woke or started its task for it, if one did.
    cause: Option<usize>,
    since: u32,
    /// Whether its guard held where it ran, or in the end; `None` if that is not known.
    held: Option<bool>,
}

impl When {
    /// Whether it could have run instead of an earlier step; `None` if that is not known.
    fn could_run_before(&self, index: usize, step: &Step) -> Option<bool> {
        if self.since > 0 && index >= self.since as usize {
            return Some(true);
        }
        let event = &step.event;
        let holds = |at: usize| event.before[at].map(|word| self.guard.holds(word as u32));
        match self.guard.cmp {
            Cmp::Always => Some(true),
            Cmp::Never => Some(self.cause.is_some()),
            _ if self.guard.asks_descriptor() => None,
            _ if event.tail.ends == self.guard.word => Some(false),
            _ if event.object == self.guard.word => holds(0),
            _ if event.also == self.guard.word => holds(1),
            // Its word is no object: a queue's, a lock of a task that was ended.
            _ => None,
        }
    }
}

impl Trace {
    pub(super) fn races_of_step(
        &self,
        kernel: &Kernel,
        index: usize,
        event: &Event,
        past: &[u32],
        races: &mut Vec<Race>,
    ) {
        let task = event.choice.task();
        let late = event.choice.outcome() == Outcome::TimeOut;
        let when = When {
            guard: event.guard,
            object: event.object,
            cause: event.cause.map(|cause| cause as usize),
            since: if late || event.guard.cmp == Cmp::Never { event.since } else { 0 },
            held: (event.choice.outcome() == Outcome::Run).then_some(true),
        };
        let found = self.reversible(kernel, task, index, &Touches::of_event(event), &when, past);
        races.extend(found.into_iter().map(|first| Race { first, last: Last::Step(index), until: index }));
        // Woken although its deadline had passed: it could have gone on by itself.
        if let Some(cause) = event.cause.map(|cause| cause as usize)
            && could_go(kernel, cause, task)
            && self.step(cause).task != task
        {
            races.push(Race { first: cause, last: Last::Task(task), until: index });
        }
    }

    /// The races of what a task stood before in the end, with the steps before `until`.
    pub(super) fn races_of_pending(&self, kernel: &Kernel, task: usize, until: usize, races: &mut Vec<Race>) {
        let slot = kernel.task(task);
        let past = self.past_of(task, Some(slot.cause), until);
        let cause = Some(slot.cause as usize).filter(|&cause| cause < until);
        let held = (slot.ended_by == NOBODY).then(|| kernel.could_go_on(task));
        let when = When { guard: slot.op.guard, object: slot.op.object, cause, since: slot.since, held };
        let touches = Touches::of_task(slot, false, Tail::default());
        let found = self.reversible(kernel, task, until, &touches, &when, &past);
        races.extend(found.into_iter().map(|first| Race { first, last: Last::Pending(task), until }));
    }

    /// The steps before `until` with which a further step of `task` races. Where it is not known whether
    /// it could have run before one, that one counts, and so do those that it would cover.
    fn reversible(
        &self,
        kernel: &Kernel,
        task: usize,
        until: usize,
        touches: &Touches,
        when: &When,
        past: &[u32],
    ) -> Vec<usize> {
        let mut found: Vec<(usize, bool)> = Vec::new();
        self.conflicts(touches, |index| {
            if index >= until {
                return false;
            }
            let covered = self.is_in(index, past);
            let runs = || {
                let known = self.stood_there(kernel, task, when, index);
                let known = known.or_else(|| when.could_run_before(index, self.step(index)));
                let known = known.or_else(|| self.as_shown(when, index, until));
                known.or_else(|| self.as_ended(when, index, until))
            };
            let runs = if covered { Some(true) } else { runs() };
            if !covered && runs != Some(false) && self.step(index).task != task {
                found.push((index, runs.is_some()));
            }
            runs == Some(true)
        });
        if found.len() > 1 {
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.dedup();
            let mut covered = past.to_vec();
            found.retain(|&(index, known)| {
                let races = !self.is_in(index, &covered);
                if known {
                    join(&mut covered, self.clock(index));
                }
                races
            });
        }
        found.into_iter().map(|(index, _)| index).collect()
    }

    /// Whether a step could have run instead of an earlier one on the same object, by the word
    /// that guards of that object look at. Nothing that changes the word lies between the two
    /// but happens after the first.
    fn as_shown(&self, when: &When, index: usize, until: usize) -> Option<bool> {
        let word = when.guard.word;
        let same = when.object != 0 && self.step(index).event.object == when.object;
        if !same || !self.fixed().contains(&word) {
            return None;
        }
        let shown = (index..until).flat_map(|step| self.step(step).event.shown);
        match shown.into_iter().find(|&(other, _)| other == word || other == EVERYTHING) {
            Some((found, before)) => (found == word).then(|| when.guard.holds(before)),
            None => when.held,
        }
    }

    /// Whether a step could have run instead of an earlier one, if it waited for the end of a
    /// task: not, if that end happens after the earlier one.
    fn as_ended(&self, when: &When, index: usize, until: usize) -> Option<bool> {
        if when.guard.asks_descriptor() {
            return None;
        }
        let first = self.step(index);
        let end = (index..until).find(|&step| self.step(step).event.tail.ends == when.guard.word)?;
        (self.clock(end)[first.task] >= first.number).then_some(false)
    }

    /// Whether the further step of `task`, if it stood before it at an earlier step already
    /// (and did not sleep), could go on then.
    fn stood_there(&self, kernel: &Kernel, task: usize, when: &When, index: usize) -> Option<bool> {
        let own = self.own_before(task, self.len());
        let stood = self.own_before(task, index) == own && when.cause.is_none_or(|cause| index > cause);
        stood.then(|| could_go(kernel, index, task))
    }
}
