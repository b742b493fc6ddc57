//! The steps that reverse a race.
//!
//! Made by the strategy for each race found. From the state before the first step of the
//! race one runs all steps that do not happen after it, and then the second step of the
//! race. All but the last find what they found before, so they do again what they did. The
//! last may find something else. What it touches for its operation is announced; what it
//! does after that, up to its next operation (that it ends its task, or the whole
//! execution), is known only where the race was one with just that, and else only once it
//! was run.
//!
//! 1. What a last step is not known to touch it counts as not touching: should the order
//!    matter nevertheless, the execution in which it does touch it has that race again, and
//!    then all steps of the reversal are planned, also where a leaf of a tree covers them.
//! 2. Whatever begins with a step that is planned and not known, or commutes with it, begins
//!    with it *perhaps*: it waits, and is asked again once the step was run.
//! 3. Where the first step of a race and the second race only with what the first did after
//!    its operation (it ended the execution, or gave locks back as it unwound), it does that
//!    again after the second. So both are planned, one after the other: the second alone could
//!    seem to be covered by executions in which the first finds something else and does
//!    nothing of the kind. Should the second keep the first from going on (it ended its process,
//!    say), the execution goes on without.
//!
//! Why 2: let `a` write x; let `b` read x, and panic if it finds 0; let `c` write y. Explored
//! from the start in this order, `a c b` gives the plan `c b`, before which `b` alone is
//! planned. As operations `b` and `c` commute, and `b c` would stand for `c b`. But `b` then
//! panics, and `c b`, which ends otherwise, would never be run.
//!
//! Why 3: let `a` and `b` be the same, and `c` look whether a lock is taken that `b` holds and
//! its panic gives back. `b c` gives the plan `c`. It commutes with `a`, which is planned, but
//! after `a` nobody panics: only the plan `c b` is one that `a` does not cover.

use super::races::{Last, Race};
use super::trace::Trace;
use crate::kernel::{Kernel, Sleeper, Tail, Touches, View};
use selvedge::platform::Effect;

/// A step of a reversal.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) who: Sleeper,
    /// Its number among the steps of its task.
    number: u32,
    /// Its place in the execution, if it had one.
    step: Option<usize>,
    /// It does what it did then: all that happened before it does so again.
    again: bool,
    /// All that it touches is known.
    pub(super) known: bool,
    /// It is taken if it can be after what the one before it turns out to do.
    pub(super) perhaps: bool,
}

/// The steps that reverse a race, from the state before it.
#[derive(Clone)]
pub(super) struct Reversal {
    items: Vec<Item>,
    /// What the last step follows in any case.
    past: Vec<u32>,
    /// The clocks of all items, once the execution is forgotten from which they come.
    clocks: Option<Vec<Vec<u32>>>,
    /// The state from which it starts.
    start: usize,
    /// Tasks whose steps were dropped, each once for each step.
    dropped: Vec<usize>,
    /// The race is with what the last step did besides its operation.
    pub(super) beside: bool,
}

/// A reversal that is covered, or not, by what a step turns out to touch.
pub(super) struct Waiting {
    steps: Reversal,
    /// The task whose next step that is.
    task: usize,
}

impl Waiting {
    /// The reversal, from the state of `level`, to which its dropped steps led; none if the
    /// step that was run there meanwhile is known to cover it.
    pub(super) fn resume(self, level: usize, asleep: &[Sleeper]) -> Option<Reversal> {
        let Waiting { mut steps, task } = self;
        steps.start = level;
        steps.dropped.clear();
        if steps.items.iter().all(|item| item.who.lasts) {
            return Some(steps);
        }
        // Some of what it touches lies elsewhere by now. Only what the step did besides its
        // operation was not known to commute with it.
        let tail =
            asleep.iter().rev().find(|who| who.task as usize == task).map(|who| Touches::of_tail(who.tail));
        let commutes =
            tail.is_some_and(|tail| !steps.items.iter().any(|item| item.who.touches.conflicts(&tail)));
        (!commutes).then_some(steps)
    }
}

/// Whether some order of the same steps, and perhaps more, begins with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// With a step of them.
    Yes,
    /// With a step that commutes with all of them: as long as nothing comes after them that must
    /// come before that.
    Beside,
    No,
    /// That depends on what a step turns out to touch that was not run yet.
    Perhaps,
}

impl Reversal {
    /// Of the steps up to the second of the race.
    pub(super) fn of(race: &Race, trace: &Trace, kernel: &Kernel) -> Reversal {
        Reversal::up_to(race.until, race, trace, kernel)
    }

    /// Of all steps of the execution. Those after the second step of the race that do not happen
    /// after the first do not happen after the second either, so they can come before it.
    pub(super) fn of_all(race: &Race, trace: &Trace, kernel: &Kernel) -> Reversal {
        Reversal::up_to(trace.len(), race, trace, kernel)
    }

    fn up_to(end: usize, race: &Race, trace: &Trace, kernel: &Kernel) -> Reversal {
        let first = trace.step(race.first);
        let apart = |&index: &usize| trace.clock(index)[first.task] < first.number;
        let mut items: Vec<Item> = (race.first + 1..end)
            .filter(apart)
            .map(|index| Item {
                who: trace.as_sleeper(index),
                number: trace.step(index).number,
                step: Some(index),
                again: true,
                known: true,
                perhaps: false,
            })
            .collect();
        let (last, cause) = Item::last(race, trace, kernel);
        let past = trace.past_of(last.who.task as usize, cause, race.until);
        let again = Item::first_again(race, &last, trace, kernel);
        let beside = last.who.tail != Tail::default();
        items.push(last);
        items.extend(again);
        Reversal { items, past, clocks: None, start: race.first, dropped: Vec::new(), beside }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn steps(&self) -> &[Item] {
        &self.items
    }

    fn first_of(&self, task: usize) -> Option<usize> {
        self.items.iter().position(|item| item.who.task as usize == task)
    }

    /// Takes the first step of a task out, if it has one.
    pub(super) fn drop_first_of(&mut self, task: usize) {
        if let Some(at) = self.first_of(task) {
            self.items.remove(at);
            self.clocks.as_mut().map(|clocks| clocks.remove(at));
        }
        self.dropped.push(task);
    }

    /// The same, taken out of the execution from which it comes, until the next step of `task`
    /// was run.
    pub(super) fn waiting_for(mut self, task: usize, trace: &Trace) -> Waiting {
        if self.clocks.is_none() {
            let clocks = (0..self.items.len()).map(|at| self.clock(at, trace).to_vec()).collect();
            self.clocks = Some(clocks);
        }
        Waiting { steps: self, task }
    }

    fn clock<'a>(&'a self, at: usize, trace: &'a Trace) -> &'a [u32] {
        match (&self.clocks, self.items[at].step) {
            (Some(clocks), _) => &clocks[at],
            (None, Some(step)) => trace.clock(step),
            (None, None) => &self.past,
        }
    }

    /// Whether some order of the same steps, and perhaps more, begins with the next step of a
    /// task, which touches `next`; `known` if it touches nothing else.
    pub(super) fn begins_with(
        &self,
        task: usize,
        known: bool,
        next: impl FnOnce() -> Option<Touches>,
        trace: &Trace,
    ) -> Begins {
        let commutes =
            |items: &[Item], touches: &Touches| items.iter().all(|item| !item.who.touches.conflicts(touches));
        let Some(at) = self.first_of(task) else {
            let commutes = next().is_some_and(|next| commutes(&self.items, &next));
            return match (commutes, known) {
                (true, true) => Begins::Beside,
                (true, false) => Begins::Perhaps,
                (false, _) => Begins::No,
            };
        };
        let (earlier, item, clock) = (&self.items[..at], &self.items[at], self.clock(at, trace));
        if earlier.iter().any(|earlier| clock[earlier.who.task as usize] >= earlier.number) {
            return Begins::No;
        }
        if at == 0 || item.again {
            return Begins::Yes;
        }
        if !commutes(earlier, &item.who.touches) {
            return Begins::No;
        }
        if item.known || !known {
            return Begins::sure(item.known);
        }
        // It commutes with all before it, so it does the same here as there.
        if next().is_some_and(|next| commutes(earlier, &next)) { Begins::Yes } else { Begins::No }
    }

    /// What the next step of a task touches, as far as the last execution tells.
    pub(super) fn next_of(&self, who: &Sleeper, trace: &Trace, kernel: &Kernel) -> Option<Touches> {
        let task = who.task as usize;
        let dropped = self.dropped.iter().filter(|&&other| other == task).count();
        trace.announced(kernel, who, trace.own_before(task, self.start) + dropped, self.start)
    }
}

impl Begins {
    fn sure(known: bool) -> Begins {
        if known { Begins::Yes } else { Begins::Perhaps }
    }
}

impl Item {
    /// The second step of a race, as it is before the first; and the step that made it
    /// possible.
    fn last(race: &Race, trace: &Trace, kernel: &Kernel) -> (Item, Option<u32>) {
        let first = trace.step(race.first);
        let number = |task| trace.own_before(task, race.until) as u32 + 1;
        let item = |task, reads, tail, touches, known| Item {
            who: trace.sleeper(task, reads, tail, touches),
            number: number(task),
            step: None,
            again: false,
            known,
            perhaps: false,
        };
        // Whether it is a mere read there, if that need not come out as it did.
        let reads = |effect: &Effect, object: usize, view: View<'_>| {
            let there = |address| trace.word_before(kernel, race.first, race.until, view.word(address));
            match effect {
                Effect::Always => Some(false),
                Effect::Where { word, .. } => there(*word).map(|word| effect.at(word) != Some(true)),
                Effect::Perhaps => there(object).map(|_| true),
            }
        };
        match race.last {
            Last::Step(index) => {
                let event = &trace.step(index).event;
                let task = event.choice.task();
                let view = trace.view(kernel, task, index);
                let reads = reads(&event.effect, event.object, view).unwrap_or(event.only_reads());
                let called = Touches::of(event, reads, Tail::default(), view);
                if first.touches.conflicts(&called) {
                    return (item(task, reads, Tail::default(), called, false), event.cause);
                }
                // The race is with what it did after its operation; that came out the same.
                let who = trace.as_sleeper(index);
                let known = event.tail.peeks == 0;
                (item(task, who.reads, who.tail, trace.step(index).touches, known), event.cause)
            }
            Last::Pending(task) => {
                let slot = kernel.as_it_stood(task);
                let view = trace.last_view(kernel, task);
                let reads = reads(&slot.op.effect, slot.op.object, view).unwrap_or(slot.reads);
                let touches = Touches::of_task(slot, reads, Tail::default(), view);
                (item(task, reads, Tail::default(), touches, false), Some(slot.cause))
            }
            Last::Sleep(task, before) => {
                let touches = trace.sleep_of(kernel, task, before);
                (item(task, false, Tail::default(), touches, false), None)
            }
        }
    }

    /// The first step of a race, if its operation commutes with the second step: then it does
    /// after that what it did before.
    fn first_again(race: &Race, last: &Item, trace: &Trace, kernel: &Kernel) -> Option<Item> {
        let step = trace.step(race.first);
        let view = trace.view(kernel, step.task, race.first);
        let called = Touches::of(&step.event, step.event.only_reads(), Tail::default(), view);
        let item = Item {
            who: trace.as_sleeper(race.first),
            number: step.number,
            step: Some(race.first),
            again: false,
            known: false,
            perhaps: true,
        };
        (!called.conflicts(&last.who.touches)).then_some(item)
    }
}
