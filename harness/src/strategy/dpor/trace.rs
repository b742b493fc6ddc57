//! The steps of an execution, and which happen before which.
//!
//! Called by the strategy after each execution. A step happens before another if the
//! task, a conflict of what they touch, a wake-up or start, or the passing of time puts
//! it there, in any number of hops. Vector clocks: the clock of a step has, for each
//! task, how many of its steps happen before it (itself included).
//!
//! 1. `clocks` has `width` numbers for each step.
//! 2. The list of a word has the steps that touch it, ascending.
//!
//! Source: Mattern, "Virtual time and global states of distributed systems" (1989).

use super::races::{Last, Race};
use crate::kernel::{EVERYTHING, End, Event, Kernel, Lives, NOBODY, Sleeper, Tail, Touches, View, Word};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// One step.
pub(super) struct Step {
    pub(super) task: usize,
    /// Its number among the steps of the task, from 1.
    pub(super) number: u32,
    pub(super) touches: Touches,
    pub(super) event: Event,
}

/// Who touched a word, ascending. A look conflicts with no other look, and a task that
/// waits in a loop makes many: so those that wrote have a list of their own.
#[derive(Default)]
struct Touched {
    all: Vec<(u32, bool)>,
    writes: Vec<u32>,
}

impl Touched {
    fn push(&mut self, index: u32, writes: bool) {
        self.all.push((index, writes));
        if writes {
            self.writes.push(index);
        }
    }

    fn pop(&mut self) {
        if let Some((_, true)) = self.all.pop() {
            self.writes.pop();
        }
    }
}

#[derive(Default)]
pub(super) struct Trace {
    steps: Vec<Step>,
    width: usize,
    clocks: Vec<u32>,
    words: FxHashMap<Word, usize>,
    lists: Vec<Touched>,
    /// Steps that commute with nothing.
    walls: Vec<u32>,
    by_task: Vec<Vec<u32>>,
    /// The memory whose words lie at the same addresses in every execution: what a sleeper
    /// looked at elsewhere may lie anywhere the next time.
    fixed: Range<usize>,
    /// What lived where in the last execution.
    lives: Lives,
}

impl Trace {
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn step(&self, index: usize) -> &Step {
        &self.steps[index]
    }

    /// The memory whose words lie at the same addresses in every execution.
    pub(super) fn fixed(&self) -> &Range<usize> {
        &self.fixed
    }

    /// What addresses mean to a task at a step.
    pub(super) fn view<'a>(&'a self, kernel: &'a Kernel, task: usize, step: usize) -> View<'a> {
        View::at(kernel, &self.lives, task, step)
    }

    /// The same for what a task stood before in the end, or when somebody ended it.
    pub(super) fn last_view<'a>(&'a self, kernel: &'a Kernel, task: usize) -> View<'a> {
        let ended_by = kernel.as_it_stood(task).ended_by as usize;
        self.view(kernel, task, ended_by.min(kernel.steps as usize))
    }

    pub(super) fn clock(&self, index: usize) -> &[u32] {
        &self.clocks[index * self.width..][..self.width]
    }

    /// Whether step `index` is part of a past with this clock.
    pub(super) fn is_in(&self, index: usize, clock: &[u32]) -> bool {
        let step = &self.steps[index];
        clock[step.task] >= step.number
    }

    /// How many of the first `before` steps are a task's own.
    pub(super) fn own_before(&self, task: usize, before: usize) -> usize {
        self.by_task.get(task).map_or(0, |own| own.partition_point(|&step| (step as usize) < before))
    }

    /// What step number `own` (from 0) of a task, which stood before it at step `at`, touches
    /// there, if it was announced.
    pub(super) fn announced(&self, kernel: &Kernel, who: &Sleeper, own: usize, at: usize) -> Option<Touches> {
        if who.lasts {
            return Some(who.touches);
        }
        let task = who.task as usize;
        let steps = self.by_task.get(task)?;
        // Who was woken since slept there.
        let slept = |cause: u32| cause != NOBODY && cause as usize >= at;
        if let Some(&step) = steps.get(own) {
            let event = &self.steps[step as usize].event;
            let view = self.view(kernel, task, step as usize);
            let stood = || Touches::of(event, who.reads, who.tail, view);
            let woken = event.cause.is_some_and(slept);
            return Some(if woken { self.sleep_of(kernel, task, Some(step as usize)) } else { stood() });
        }
        let (slot, view) = (kernel.as_it_stood(task), self.last_view(kernel, task));
        if slept(slot.cause) {
            return Some(self.sleep_of(kernel, task, None));
        }
        let over = slot.ended_by == NOBODY && (kernel.was_ended(task) || self.broke(kernel, task));
        (own == steps.len() && !over).then(|| Touches::of_task(slot, who.reads, who.tail, view))
    }

    /// What a task would have touched, had its sleep before a step ended by its deadline, or that
    /// before what it stood before in the end.
    pub(super) fn sleep_of(&self, kernel: &Kernel, task: usize, before: Option<usize>) -> Touches {
        match before {
            Some(step) => Touches::of_sleep_before(&self.steps[step].event, self.view(kernel, task, step)),
            None => Touches::of_last_sleep(kernel.as_it_stood(task), self.last_view(kernel, task)),
        }
    }

    /// What the next step of a sleeper at `step` touches.
    pub(super) fn next_of(&self, kernel: &Kernel, who: &Sleeper, step: usize) -> Option<Touches> {
        self.announced(kernel, who, self.own_before(who.task as usize, step), step)
    }

    /// Whether a step may conflict with that of a sleeper, or is of the same task.
    pub(super) fn may_conflict(&self, index: usize, who: &Sleeper) -> bool {
        let step = &self.steps[index];
        step.task == who.task as usize || !who.lasts || step.touches.conflicts(&who.touches)
    }

    /// The task of a step, to fall asleep once that was explored.
    pub(super) fn as_sleeper(&self, index: usize) -> Sleeper {
        let Step { task, event, touches, .. } = &self.steps[index];
        let mut tail = event.tail;
        let elsewhere = |word: usize| word != 0 && !self.fixed.contains(&word);
        if elsewhere(tail.peeks) || tail.frees.iter().any(|&(lock, _)| elsewhere(lock)) {
            tail.peeks = EVERYTHING;
        }
        self.sleeper(*task, event.only_reads(), tail, *touches)
    }

    /// A task whose next step touches this.
    pub(super) fn sleeper(&self, task: usize, reads: bool, tail: Tail, touches: Touches) -> Sleeper {
        Sleeper { task: task as u32, reads, lasts: touches.lie_in(&self.fixed), tail, touches }
    }

    /// Forgets all but the first `len` steps.
    pub(super) fn keep(&mut self, len: usize) {
        for index in (len..self.steps.len()).rev() {
            let step = &self.steps[index];
            for (word, _) in step.touches.words() {
                self.lists[self.words[&word]].pop();
            }
            if step.touches.everything {
                self.walls.pop();
            }
            self.by_task[step.task].pop();
        }
        self.steps.truncate(len);
        self.clocks.truncate(len * self.width);
    }

    /// Takes the rest of an execution in, and returns its reversible races.
    pub(super) fn extend(&mut self, kernel: &Kernel) -> Vec<Race> {
        let tasks = kernel.tasks as usize;
        let from = self.len();
        let events: &[Event] = kernel.events();
        let lives = std::mem::replace(&mut self.lives, Lives::of_own_memory(kernel));
        let moved = events.iter().zip(&self.steps).enumerate().any(|(step, (new, old))| {
            let places = |event: &Event| [event.object, event.also, event.guard.word];
            let meant = |lives: &Lives| {
                let view = View::at(kernel, lives, old.task, step);
                places(new).map(|address| view.word(address))
            };
            let lived = !(lives.is_empty() && self.lives.is_empty());
            places(new) != places(&old.event) || lived && meant(&self.lives) != meant(&lives)
        });
        if self.width < tasks || moved {
            // Another width of clocks, or a program whose objects lie elsewhere each time
            // (in memory of its own): everything is made again.
            self.keep(0);
            self.width = self.width.max(tasks.next_multiple_of(4));
            self.by_task.resize(self.width, Vec::new());
        }
        self.fixed = kernel.arena();
        let mut races = Vec::new();
        for (index, event) in events.iter().enumerate().skip(self.len()) {
            let past = self.past_of(event.choice.task(), event.cause, index);
            if index >= from {
                self.races_of_step(kernel, index, event, &past, &mut races);
            }
            self.push(kernel, event, past);
        }
        self.races_at_end(kernel, &mut races);
        races
    }

    /// The clock of what lies before a step of `task` at `index`, whatever it touches.
    pub(super) fn past_of(&self, task: usize, cause: Option<u32>, index: usize) -> Vec<u32> {
        let mut past = match self.own_before(task, index) {
            0 => vec![0; self.width],
            own => self.clock(self.by_task[task][own - 1] as usize).to_vec(),
        };
        if let Some(cause) = cause.filter(|&cause| cause != NOBODY && (cause as usize) < index) {
            join(&mut past, self.clock(cause as usize));
        }
        past
    }

    /// Earlier steps that conflict with a step that touches this, latest first in each
    /// list; `each` tells whether the steps before it are of no interest any more.
    pub(super) fn conflicts(&self, touches: &Touches, mut each: impl FnMut(usize) -> bool) {
        if touches.everything {
            (0..self.len()).rev().for_each(|index| _ = each(index));
            return;
        }
        for (word, writes) in touches.words() {
            let Some(&list) = self.words.get(&word) else { continue };
            let touched = &self.lists[list];
            if writes {
                touched.all.iter().rev().any(|&(index, wrote)| each(index as usize) && wrote);
            } else {
                touched.writes.iter().rev().any(|&index| each(index as usize));
            }
        }
        self.walls.iter().rev().all(|&index| !each(index as usize));
    }

    fn push(&mut self, kernel: &Kernel, event: &Event, mut clock: Vec<u32>) {
        let index = self.len();
        let task = event.choice.task();
        let touches = Touches::of_event(event, self.view(kernel, task, index));
        self.conflicts(&touches, |earlier| {
            join(&mut clock, self.clock(earlier));
            true
        });
        for (other, own) in clock.iter_mut().enumerate().filter(|_| event.since > 0) {
            *own = (*own).max(self.own_before(other, event.since as usize) as u32);
        }
        let number = self.by_task[task].len() as u32 + 1;
        clock[task] = number;
        self.clocks.extend_from_slice(&clock);
        for (word, writes) in touches.words() {
            let fresh = self.lists.len();
            let list = *self.words.entry(word).or_insert(fresh);
            if list == fresh {
                self.lists.push(Touched::default());
            }
            self.lists[list].push(index as u32, writes);
        }
        if touches.everything {
            self.walls.push(index as u32);
        }
        self.by_task[task].push(index as u32);
        self.steps.push(Step { task, number, touches, event: *event });
    }

    /// Whether a task ended the execution with its last step, or was started with it and did.
    fn broke(&self, kernel: &Kernel, task: usize) -> bool {
        let (end, culprit) = kernel.ending();
        let last = kernel.events().last().map(|event| event.choice.task());
        end.is_sudden() && [culprit, last].contains(&Some(task))
    }

    /// The races of what was announced when the execution ended, or when somebody ended the
    /// task. A step that ends the execution is one that nothing commutes with: whoever could
    /// have gone on instead races with it.
    fn races_at_end(&self, kernel: &Kernel, races: &mut Vec<Race>) {
        let end = kernel.ending().0;
        if matches!(end, End::Diverged | End::GivenUp) || self.len() == 0 {
            return;
        }
        let cut = end.is_sudden() || end == End::StepBound;
        for task in 0..kernel.tasks as usize {
            let slot = kernel.as_it_stood(task);
            let starts = slot.op.kind == selvedge::platform::Kind::Step && slot.op.name == "start";
            let last = match slot.ended_by as usize {
                step if step < self.len() => step,
                _ if starts || end == End::Finished || kernel.was_ended(task) => continue,
                _ if self.broke(kernel, task) => continue,
                _ => self.len() - 1,
            };
            let stopped = cut || slot.ended_by != NOBODY;
            races.extend(self.race_of_pending_woken(kernel, task));
            if stopped && slot.cause as usize == last {
                // That step started or woke it: before, it stood nowhere.
                continue;
            }
            if stopped && self.steps[last].task != task && could_go(kernel, last, task) {
                races.push(Race { first: last, last: Last::Pending(task), until: last + 1 });
            } else {
                let until = if stopped { last } else { self.len() };
                self.races_of_pending(kernel, task, until, races);
            }
        }
    }
}

/// Whether a task was enabled at a step.
pub(super) fn could_go(kernel: &Kernel, step: usize, task: usize) -> bool {
    kernel.enabled_at(step).get(task / 64).is_some_and(|word| word >> (task % 64) & 1 == 1)
}

pub(super) fn join(into: &mut [u32], other: &[u32]) {
    into.iter_mut().zip(other).for_each(|(own, &theirs)| *own = (*own).max(theirs));
}
