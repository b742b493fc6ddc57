//! Reversible races.
//!
//! Called by `trace` for each new step, and for what is announced at the end. A step races
//! with an earlier one if they conflict, if nothing else orders them, and if it could have
//! run before it. A lock's taking does not race with the giving back before it, because it
//! could not have run earlier; then the taking before that is looked at. Where the task
//! stood before its step already, the set of enabled tasks tells; else what the word of its
//! guard would be, of which each step that touches it wrote down what it found there. Words
//! that only guards look at (how many items a queue has) are changed by operations on their
//! object alone. Time passes where nobody can go on: so a step that follows its passing could
//! not have run before a step that precedes it, unless its guard held there. Whoever is woken
//! from a sleep whose deadline has passed at that moment could have gone on by itself, and
//! that races with the step that woke it.
//!
//! 1. Between the two steps of a race no third step lies that happens after the first,
//!    before the second, and races with it.

use super::trace::{Step, Trace, could_go, join};
use crate::kernel::{EVERYTHING, Event, Kernel, NOBODY, Outcome, Tail, Touches, Word};
use selvedge::platform::{Cmp, Guard};

/// The second step of a race.
#[derive(Clone, Copy, Debug)]
pub(super) enum Last {
    Step(usize),
    /// The announced operation of a task, as it stood at the end.
    Pending(usize),
    /// The end, by its deadline, of the sleep of a task before a step, or before what it stood
    /// before at the end.
    Sleep(usize, Option<usize>),
}

/// A race to be reversed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race {
    pub(super) first: usize,
    pub(super) last: Last,
    /// The steps before this one may lie between the two.
    pub(super) until: usize,
}

/// A step that may run earlier than it did, and when it can, as far as its own record tells.
struct Late<'a> {
    kernel: &'a Kernel,
    task: usize,
    /// It stands behind the steps before this one.
    until: usize,
    guard: Guard,
    /// What that looks at.
    looks_at: Word,
    /// The step that woke or started its task for it, if one did.
    cause: Option<usize>,
    since: u32,
    /// Whether its guard held where it ran, or in the end; `None` if that is not known.
    held: Option<bool>,
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
        let view = self.view(kernel, task, index);
        let late = Late {
            kernel,
            task,
            until: index,
            guard: event.guard,
            looks_at: view.word(event.guard.word),
            cause: event.cause.map(|cause| cause as usize),
            since: event.since,
            held: match event.choice.outcome() {
                Outcome::Run => Some(true),
                Outcome::TimeOut => Some(false),
                _ => None,
            },
        };
        let found = self.reversible(&late, &Touches::of_event(event, view), past);
        races.extend(found.into_iter().map(|first| Race { first, last: Last::Step(index), until: index }));
        races.extend(self.race_of_woken(&late, Some(index)));
    }

    /// The races of what a task stood before in the end, with the steps before `until`.
    pub(super) fn races_of_pending(&self, kernel: &Kernel, task: usize, until: usize, races: &mut Vec<Race>) {
        let slot = kernel.as_it_stood(task);
        let past = self.past_of(task, Some(slot.cause), until);
        let late = self.pending(kernel, task, until);
        let touches = Touches::of_task(slot, false, Tail::default(), self.last_view(kernel, task));
        let found = self.reversible(&late, &touches, &past);
        races.extend(found.into_iter().map(|first| Race { first, last: Last::Pending(task), until }));
    }

    /// The race of a task that stood before something in the end with the step that woke it.
    pub(super) fn race_of_pending_woken(&self, kernel: &Kernel, task: usize) -> Option<Race> {
        self.race_of_woken(&self.pending(kernel, task, self.len()), None)
    }

    /// The race of a task that a step woke from its sleep although its deadline had passed: it
    /// could have gone on by itself.
    fn race_of_woken(&self, late: &Late<'_>, before: Option<usize>) -> Option<Race> {
        let woken =
            |&cause: &usize| could_go(late.kernel, cause, late.task) && self.step(cause).task != late.task;
        let first = late.cause.filter(woken)?;
        Some(Race { first, last: Last::Sleep(late.task, before), until: late.until })
    }

    /// The steps with which a later one races. Where it is not known whether it could have run
    /// before one, that one counts, and so do those that it would cover.
    fn reversible(&self, late: &Late<'_>, touches: &Touches, past: &[u32]) -> Vec<usize> {
        let mut found: Vec<(usize, bool)> = Vec::new();
        self.conflicts(touches, |index| {
            if index >= late.until {
                return false;
            }
            let covered = self.is_in(index, past);
            let runs = if covered { Some(true) } else { self.could_run_before(late, index) };
            if !covered && runs != Some(false) && self.step(index).task != late.task {
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

    /// Whether a step could have run instead of an earlier one; `None` if that is not known.
    fn could_run_before(&self, late: &Late<'_>, index: usize) -> Option<bool> {
        if late.since > 0 && index >= late.since as usize {
            return Some(true);
        }
        match late.guard.cmp {
            Cmp::Always => Some(true),
            Cmp::Never => Some(late.cause.is_some()),
            _ => match self.held_there(late, index) {
                Some(true) => Some(true),
                // Its deadline may have passed there already.
                held => self.stood_there(late, index).filter(|&could| could || held.is_none()).or(held),
            },
        }
    }

    /// Whether its guard holds where neither the step `index` was taken nor any that happens after
    /// it.
    fn held_there(&self, late: &Late<'_>, index: usize) -> Option<bool> {
        if late.guard.asks_descriptor() || !self.fixed().contains(&late.guard.word) {
            return None;
        }
        let found = self.word_before(late.kernel, index, late.until, late.looks_at);
        found.map_or(late.held, |word| word.map(|word| late.guard.holds(word as u32)))
    }

    /// What lies in a word before the step `until` where neither the step `index` was taken nor any
    /// that happens after it; `None` if the same as with them, and `Some(None)` if that is not
    /// known. The first of these that touches the word found it as it is there, for whoever changes
    /// it conflicts with that one.
    pub(super) fn word_before(
        &self,
        kernel: &Kernel,
        index: usize,
        until: usize,
        word: Word,
    ) -> Option<Option<u64>> {
        let first = self.step(index);
        (index..until)
            .filter(|&step| self.clock(step)[first.task] >= first.number)
            .find_map(|step| self.found(kernel, step, word))
    }

    /// Whether it could run instead of an earlier step, where what its guard looks at was not
    /// written down: as it could there, if the task stood before it already (and did not sleep)
    /// and nothing changed that in between but what happens after the earlier one.
    fn stood_there(&self, late: &Late<'_>, index: usize) -> Option<bool> {
        let own = self.own_before(late.task, self.len());
        let stood = self.own_before(late.task, index) == own && late.cause.is_none_or(|cause| index > cause);
        let first = self.step(index);
        let changes = |step: usize| {
            let Step { touches, event, .. } = self.step(step);
            let apart = self.clock(step)[first.task] < first.number;
            // The end of a task closes what it had open.
            let ends = late.guard.asks_descriptor() && event.tail.ends != 0;
            apart && (ends || touches.have(late.looks_at))
        };
        (stood && !(index..late.until).any(changes)).then(|| could_go(late.kernel, index, late.task))
    }

    /// What a task stood before in the end, behind the steps before `until`.
    fn pending<'a>(&self, kernel: &'a Kernel, task: usize, until: usize) -> Late<'a> {
        let slot = kernel.as_it_stood(task);
        let guard = slot.op.guard;
        let looks_at = self.last_view(kernel, task).word(guard.word);
        let cause = Some(slot.cause as usize).filter(|&cause| cause < until);
        let held = (slot.ended_by == NOBODY).then(|| kernel.could_go_on(task));
        Late { kernel, task, until, guard, looks_at, cause, since: slot.since, held }
    }

    /// What a step found in a word that it touches besides guards; `Some(None)` if it may have
    /// changed the word and that is not known.
    fn found(&self, kernel: &Kernel, index: usize, word: Word) -> Option<Option<u64>> {
        let Step { task, event, touches, .. } = self.step(index);
        let view = self.view(kernel, *task, index);
        let is = |address: usize| address == word.address && view.word(address) == word;
        let called = event.objects().into_iter().position(is).map(|at| event.before[at]);
        let shown = || event.shown.into_iter().find(|&(other, _)| is(other));
        // Who has not ended has a 0 there.
        let ended = || is(event.tail.ends).then_some(Some(0));
        let freed = || event.tail.frees.into_iter().find(|&(other, _)| is(other));
        let unknown = || touches.everything || event.shown[1].0 == EVERYTHING;
        called
            .or_else(|| shown().or_else(freed).map(|(_, before)| Some(before.into())))
            .or_else(ended)
            .or_else(|| unknown().then_some(None))
    }
}
