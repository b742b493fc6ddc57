//! `dpor`: one execution for each Mazurkiewicz trace.
//!
//! Two schedules that differ only in the order of neighbouring steps which commute are
//! one trace and come out the same. After each execution this strategy looks for races:
//! pairs of steps that do not commute, that nothing in between orders, and that could
//! have happened the other way round. For each it plans an execution in which they do,
//! unless one is planned or was run already.
//!
//! | file | what is there |
//! |---|---|
//! | `trace` | the steps of the last execution, and which happen before which (vector clocks) |
//! | `races` | the reversible races |
//! | `reversal` | for each, the steps that reverse it |
//! | `open` | the races whose reversals are covered as long as nothing in particular comes after them |
//! | `tree` | what is planned: wakeup trees |
//! | `kernel::causality::touches` | which two steps commute |
//! | `kernel::policy::awake` | the part after the plan: never a task that sleeps |
//!
//! The last execution is a stack of levels, one for each step: the task that was chosen,
//! the tree of what shall still be tried there, the tasks that sleep there because
//! everything that begins with them was explored.
//!
//! 1. The tree of a level never begins with a task that sleeps there.
//! 2. A level's sleepers and the sleepers of the level before it agree: a task sleeps
//!    there if it slept or was explored here and commutes with the step in between.
//! 3. Races among the steps before the level that was changed last were found before, so
//!    that only the steps after it are looked at. Where a reversal was covered by a step that
//!    commutes with it, such a race stays open: see `open`.
//! 4. Where it is not known whether a reversed race can run, it is tried; a plan that
//!    cannot be followed is dropped, and counted as blocked.
//! 5. What a planned last step does after its operation is not known before it was run; so
//!    until then nothing is dropped because of it.
//!
//! A step that ends the execution (with a panic, a data race, a death) commutes with
//! nothing: what others had done by then is part of the trace, and whoever could have gone
//! on instead makes another. Tasks that never took a further step, since the execution or
//! another task ended them or since they waited in vain, stand before an announced
//! operation; it counts as a last step. Where the bound on steps cuts an execution off, nothing is
//! planned beyond: what one order of a trace shows within the bound, another one may have behind
//! it. Several workers do not share this search: it runs
//! on one.
//!
//! Blocked executions: none where an operation can always run or its guard looks at its own
//! object (words, plain data, locks, condition variables, semaphores, barriers) or at a word that
//! only guards look at (how many items a queue has), whether tasks panic or not, destructors wait,
//! or deadlines pass, be it several at the same moment. Three kinds remain. Whether a descriptor
//! is ready is not written down, nor what lies in memory that is not shared: a plan may name a
//! task that cannot go on. Whether a try changes something where no single word tells (of a lock
//! for readers and writers, of a robust semaphore) is known once it was run: it is planned as a
//! read. And a step that ends a process and cuts its threads off commutes with
//! nothing, for only once it was run it is known that it ends the process: if it conflicted with
//! those threads' steps alone, somebody who sleeps could seem to cover orders of the two that
//! nobody explored. So what is left after it may have been run elsewhere. Threads that a program
//! declares end for themselves, and cost nothing of the kind.
//!
//! Sources: Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction",
//! POPL 2014, and "Source sets: a foundation for optimal dynamic partial order reduction",
//! JACM 64 (2017), for source sets and wakeup trees; Flanagan, Godefroid, "Dynamic
//! partial-order reduction for model checking software", POPL 2005, for races. In the papers
//! a step conflicts with the same others whatever it finds; why it need not is in `reversal`.

mod open;
mod races;
mod reversal;
mod trace;
mod tree;

use super::Search;
use crate::kernel::{Choice, End, Kernel, Mismatch, Plan, Policy, Sleeper};
use open::{Cover, Open};
use races::Race;
use reversal::{Begins, Reversal};
use trace::Trace;
use tree::Tree;

/// What is known about the state before a step.
#[derive(Default)]
struct Level {
    /// Who goes on here.
    chosen: usize,
    /// What shall be tried afterwards.
    planned: Tree,
    asleep: Vec<Sleeper>,
}

#[derive(Default)]
pub(crate) struct Dpor {
    levels: Vec<Level>,
    /// The level that was changed last.
    branch: usize,
    /// The first level, if any, whose step is planned only if it can be taken.
    perhaps: Option<usize>,
    trace: Trace,
    open: Vec<Open>,
    blocked: u64,
    exhausted: bool,
}

impl Dpor {
    pub(crate) fn new() -> Dpor {
        Dpor::default()
    }

    /// Brings the levels in line with the execution, which may have ended elsewhere than
    /// planned.
    fn extend(&mut self, diverged: bool) {
        let steps = self.trace.len();
        self.levels.truncate(steps + usize::from(diverged));
        let taken = |level: usize| self.trace.step(level).task;
        let mut left = self.perhaps.map_or(steps..steps, |level| level..steps.min(self.levels.len()));
        let mut planned = Tree::default();
        if let Some(level) = left.find(|&level| self.levels[level].chosen != taken(level)) {
            // What was planned beside the step that could not be taken still is.
            self.levels.truncate(level + 1);
            self.levels[level].chosen = taken(level);
            planned = self.levels[level].planned.take(taken(level));
        }
        for step in self.levels.len()..steps {
            let planned = std::mem::take(&mut planned);
            self.levels.push(Level { chosen: taken(step), planned, asleep: Vec::new() });
        }
    }

    /// Carries the sleepers along the new steps.
    fn carry_sleepers(&mut self, kernel: &Kernel) {
        for step in self.branch..self.levels.len().saturating_sub(1) {
            let (before, after) = self.levels.split_at_mut(step + 1);
            let (trace, done) = (&self.trace, self.trace.step(step));
            let stays = |sleeper: &&Sleeper| {
                sleeper.task as usize != done.task
                    && !trace.next_of(kernel, sleeper, step).is_none_or(|next| next.conflicts(&done.touches))
            };
            after[0].asleep.clear();
            after[0].asleep.extend(before[step].asleep.iter().filter(stays));
        }
    }

    /// Plans the reversals of the races of the last steps, and of those that are open.
    fn plan_reversals(&mut self, kernel: &Kernel, races: Vec<Race>) {
        let mut open = std::mem::take(&mut self.open);
        for race in races {
            let reversal = Reversal::of(&race, &self.trace, kernel);
            let cover = self.cover(race.first, reversal, kernel);
            open.extend(Open::of(race, cover));
        }
        for open in &mut open {
            if open.is_in_doubt(self.branch, &self.trace) {
                let reversal = Reversal::of_all(&open.race, &self.trace, kernel);
                self.cover(open.race.first, reversal, kernel);
            }
        }
        self.open = open;
    }

    /// Plans steps from a level, unless they are covered. Says by what they are from now on.
    fn cover(&mut self, level: usize, steps: Reversal, kernel: &Kernel) -> Cover {
        let Dpor { levels, trace, .. } = self;
        let Level { planned, asleep, .. } = &mut levels[level];
        let mut beside = None;
        for who in asleep.iter() {
            let next = || steps.next_of(who, trace, kernel);
            match steps.begins_with(who.task as usize, true, next, trace) {
                Begins::Yes => return Cover::Within,
                Begins::Beside if beside.is_none() => beside = Some(*who),
                _ => {}
            }
        }
        beside.map_or_else(|| planned.insert(steps, trace, kernel), Cover::Beside)
    }

    /// Plans the next execution: the first of what is planned at the deepest level.
    fn backtrack(&mut self, kernel: &Kernel) {
        while let Some(level) = self.levels.iter().rposition(|level| !level.planned.is_empty()) {
            self.levels.truncate(level + 1);
            let here = &mut self.levels[level];
            if level < self.trace.len() {
                here.asleep.push(self.trace.as_sleeper(level));
            }
            for waiting in here.planned.waiting() {
                let resumed = waiting.resume(level, &self.levels[level].asleep);
                resumed.into_iter().for_each(|steps| _ = self.cover(level, steps, kernel));
            }
            if self.go_on_from(level) {
                return;
            }
        }
        self.exhausted = true;
    }

    /// Takes the first branch of a level, if it has one.
    fn go_on_from(&mut self, level: usize) -> bool {
        let here = &mut self.levels[level];
        let Some(mut node) = here.planned.next() else { return false };
        here.chosen = node.who.task as usize;
        self.branch = level;
        self.perhaps = node.perhaps.then_some(level);
        while let Some(next) = node.then.next() {
            let chosen = next.who.task as usize;
            if next.perhaps && self.perhaps.is_none() {
                self.perhaps = Some(self.levels.len());
            }
            self.levels.push(Level { chosen, planned: node.then, asleep: Vec::new() });
            node = next;
        }
        self.trace.keep(level);
        self.open.retain(|open| open.race.until < level);
        true
    }
}

impl Search for Dpor {
    fn plan(&mut self, _: u64, kernel: &mut Kernel) -> bool {
        if self.exhausted {
            return false;
        }
        kernel.plan = Plan {
            policy: Policy::Awake,
            mismatch: self.perhaps.map_or(Mismatch::Stop, |level| Mismatch::DropFrom(level as u32)),
            log_enabled: true,
            record: true,
            ..Plan::STAY
        };
        // A race of the last step that the bound allows may be planned beyond it.
        let planned = self.levels.iter().take(kernel.limits.steps);
        let prefix: Vec<Choice> = planned.map(|level| Choice::run(level.chosen)).collect();
        kernel.set_prefix(&prefix);
        if let Some(level) = self.levels.get(self.branch) {
            kernel.set_sleepers(&level.asleep, self.branch);
        }
        true
    }

    fn learn(&mut self, kernel: &Kernel) -> bool {
        let end = kernel.ending().0;
        let races = self.trace.extend(kernel);
        self.extend(end == End::Diverged);
        self.carry_sleepers(kernel);
        self.plan_reversals(kernel, races);
        self.backtrack(kernel);
        let counts = !matches!(end, End::Blocked | End::Diverged);
        self.blocked += u64::from(!counts);
        counts
    }

    fn complete(&self) -> bool {
        self.exhausted
    }

    fn blocked(&self) -> u64 {
        self.blocked
    }
}
