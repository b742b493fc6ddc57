//! Reversible races, and the steps that reverse one.
//!
//! Called by `trace` for each new step, and by the strategy for each race found. A step
//! races with an earlier one if they conflict, if nothing else orders them, and if it
//! could have run before it. A lock's taking does not race with the giving back before
//! it, because it could not have run earlier; then the taking before that is looked at.
//!
//! To reverse a race one runs, from the state before its first step, all steps that do
//! not happen after that, and then the second step.
//!
//! 1. Between the two steps of a race no third step lies that happens after the first,
//!    before the second, and races with it.

use super::trace::{Step, Trace, could_go, join};
use super::tree::insert;
use super::{Dpor, Level};
use crate::kernel::{Event, Kernel, Outcome, Sleeper, Tail, Touches};
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
    woken: bool,
    since: u32,
}

impl When {
    /// Whether it could have run instead of an earlier step; `None` if that is not known,
    /// as of memory that is not shared.
    fn could_run_before(&self, index: usize, step: &Step) -> Option<bool> {
        if self.since > 0 && index >= self.since as usize {
            return Some(true);
        }
        let event = &step.event;
        let holds = |at: usize| event.before[at].map(|word| self.guard.holds(word as u32));
        match self.guard.cmp {
            Cmp::Always => Some(true),
            Cmp::Never => Some(self.woken),
            _ if event.tail.ends == self.guard.word => Some(false),
            _ if event.object == self.guard.word => holds(0),
            _ if event.also == self.guard.word => holds(1),
            _ => Some(true),
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
            woken: event.cause.is_some(),
            since: if late || event.guard.cmp == Cmp::Never { event.since } else { 0 },
        };
        let found = self.reversible(kernel, task, &Touches::of_event(event), &when, past);
        races.extend(found.into_iter().map(|first| Race { first, last: Last::Step(index), until: index }));
        // Woken although its deadline had passed: it could have gone on by itself.
        if let Some(cause) = event.cause.map(|cause| cause as usize)
            && could_go(kernel, cause, task)
            && self.step(cause).task != task
        {
            races.push(Race { first: cause, last: Last::Task(task), until: index });
        }
    }

    pub(super) fn races_of_pending(&self, kernel: &Kernel, task: usize, races: &mut Vec<Race>) {
        let slot = kernel.task(task);
        let cause = Some(slot.cause);
        let past = self.past_of(task, cause, self.len());
        let woken = (slot.cause as usize) < self.len();
        let when = When { guard: slot.op.guard, woken, since: slot.since };
        let touches = Touches::of_task(slot, false, Tail::default());
        let found = self.reversible(kernel, task, &touches, &when, &past);
        let until = self.len();
        races.extend(found.into_iter().map(|first| Race { first, last: Last::Pending(task), until }));
    }

    /// The steps with which a further step of `task` races. Where it is not known whether
    /// it could have run before one, that one counts, and so do those that it would cover.
    fn reversible(
        &self,
        kernel: &Kernel,
        task: usize,
        touches: &Touches,
        when: &When,
        past: &[u32],
    ) -> Vec<usize> {
        let mut found: Vec<(usize, bool)> = Vec::new();
        self.conflicts(touches, |index| {
            let covered = self.is_in(index, past);
            let runs = || {
                let known = when.could_run_before(index, self.step(index));
                known.or_else(|| self.stood_there(kernel, task, index))
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

    /// Whether the further step of `task`, if it stood before it at an earlier step already,
    /// could go on then.
    fn stood_there(&self, kernel: &Kernel, task: usize, index: usize) -> Option<bool> {
        let own = self.own_before(task, self.len());
        (self.own_before(task, index) == own).then(|| could_go(kernel, index, task))
    }
}

/// A step of a reversal.
struct Item {
    who: Sleeper,
    touches: Touches,
    /// Its place in the execution; none for the last.
    step: Option<usize>,
}

/// The steps that reverse a race, from the state before it.
pub(super) struct Reversal {
    items: Vec<Item>,
    /// What the last step follows in any case.
    past: Vec<u32>,
    /// The state from which it starts.
    start: usize,
    /// Tasks whose steps were dropped, each once for each step.
    dropped: Vec<usize>,
}

impl Reversal {
    fn of(race: &Race, trace: &Trace, kernel: &Kernel) -> Reversal {
        let first = trace.step(race.first);
        let apart = |&index: &usize| trace.clock(index)[first.task] < first.number;
        let mut items: Vec<Item> = (race.first + 1..race.until)
            .filter(apart)
            .map(|index| Item {
                who: trace.as_sleeper(index),
                touches: trace.step(index).touches,
                step: Some(index),
            })
            .collect();
        let (task, cause, touches, reads) = match race.last {
            Last::Step(index) => {
                let event = trace.step(index).event;
                let at = if first.event.object == event.object { first.event.before[0] } else { None };
                let reads = at.is_some_and(|word| event.only_reads_at(word));
                let mut touches = trace.step(index).touches;
                touches.set_reads(&event, reads);
                (event.choice.task(), event.cause, touches, reads)
            }
            Last::Pending(task) => {
                let slot = kernel.task(task);
                (task, Some(slot.cause), Touches::of_task(slot, false, Tail::default()), false)
            }
            Last::Task(task) => (task, None, Touches::everything(), false),
        };
        let past = trace.past_of(task, cause, race.until);
        let who = Sleeper { task: task as u32, reads, tail: Tail::default() };
        items.push(Item { who, touches, step: None });
        Reversal { items, past, start: race.first, dropped: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn tasks(&self) -> impl DoubleEndedIterator<Item = Sleeper> + '_ {
        self.items.iter().map(|item| item.who)
    }

    fn first_of(&self, task: usize) -> Option<usize> {
        self.items.iter().position(|item| item.who.task as usize == task)
    }

    /// Takes the first step of a task out, if it has one.
    pub(super) fn drop_first_of(&mut self, task: usize) {
        if let Some(at) = self.first_of(task) {
            self.items.remove(at);
        }
        self.dropped.push(task);
    }

    /// Whether some order of the same steps, and perhaps more, begins with a task.
    pub(super) fn begin_with(&self, who: &Sleeper, trace: &Trace, kernel: &Kernel) -> bool {
        let task = who.task as usize;
        if let Some(at) = self.first_of(task) {
            let item = &self.items[at];
            return self.items[..at].iter().all(|earlier| {
                let step = earlier.step.unwrap_or(0);
                match item.step {
                    Some(own) => !trace.is_in(step, trace.clock(own)),
                    None => !trace.is_in(step, &self.past) && !earlier.touches.conflicts(&item.touches),
                }
            });
        }
        let dropped = self.dropped.iter().filter(|&&other| other == task).count();
        let own = trace.own_before(task, self.start) + dropped;
        trace
            .announced(kernel, who, own)
            .is_some_and(|next| self.items.iter().all(|item| !item.touches.conflicts(&next)))
    }
}

impl Dpor {
    /// Plans the reversal of a race, unless it is covered.
    pub(super) fn plan_reversal(&mut self, kernel: &Kernel, race: &Race) {
        let Dpor { levels, trace, .. } = self;
        let Level { planned, asleep, .. } = &mut levels[race.first];
        let reversal = Reversal::of(race, trace, kernel);
        if !asleep.iter().any(|sleeper| reversal.begin_with(sleeper, trace, kernel)) {
            insert(planned, reversal, trace, kernel);
        }
    }
}
