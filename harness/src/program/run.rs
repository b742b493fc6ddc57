//! The loop of executions of one worker, and what it counted.
//!
//! Runs where the engine's executor lives: in this thread, or in a controller
//! process. Everything it returns can be sent between processes.

use super::determinism::{differs, differs_once};
use super::progress::Progress;
use super::shard::Subtrees;
use crate::engine::{Executor, task_name};
use crate::fault::Faults;
use crate::judge::{Difference, Place, Trace, Verdict, diverged, record};
use crate::kernel::{Choice, End, Event, Granularity, Plan, Policy, Rng};
use crate::strategy::{Search, Strategy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What one worker shall do.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) strategy: Strategy,
    pub(crate) granularity: Granularity,
    pub(crate) seed: u64,
    /// Executions of a random strategy with a lower number are somebody else's; a
    /// multiple of how many workers there are.
    pub(crate) from: u64,
    /// Those with this number or a higher one are, too.
    pub(crate) executions: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) keep_going: bool,
    pub(crate) faults: Faults,
    /// This worker's number and how many there are.
    pub(crate) shard: (u64, u64),
    /// The first execution is run again, to see whether it is the same.
    pub(crate) verify: bool,
}

/// A violation: which execution, by which schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The number of the execution, from 0.
    pub index: u64,
    /// Its choices.
    pub schedule: Vec<Choice>,
    /// How it ended.
    pub verdict: Verdict,
    /// The program's label for the outcome.
    pub label: String,
}

impl Found {
    /// The number of what is no execution, and leaves open all the same how those ended that
    /// were not run: a share of a run that was cut off.
    pub(crate) const NO_EXECUTION: u64 = u64::MAX;

    /// Which execution it is, before what is said of it: `execution 3: `.
    pub(crate) fn which(&self) -> String {
        match self.index {
            Found::NO_EXECUTION => String::new(),
            index => format!("execution {}: ", index + 1),
        }
    }
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Executions that count.
    pub executions: u64,
    /// Steps of all of them.
    pub steps: u64,
    /// Executions that broke a law.
    pub violations: u64,
    /// Executions in which several tasks ran and had nothing in common that the scheduler
    /// sees; counted until one has. Of those after the first thousand only every sixteenth
    /// is asked, and the others count with them.
    #[serde(default)]
    pub apart: u64,
    /// Two processes of fibers use an object that real processes would have a copy each of.
    #[serde(default)]
    pub torn: Option<String>,
    /// Executions in which none of those was there who may be killed by name; counted until one
    /// was.
    #[serde(default)]
    pub unharmed: u64,
    /// Executions by outcome label.
    pub outcomes: BTreeMap<String, u64>,
    /// The first violation.
    pub first: Option<Found>,
    /// An execution that could not be judged, if there was one.
    pub inconclusive: Option<Found>,
    /// Where another run of the first execution differs from it: something besides the
    /// scheduler decides what the program does.
    pub nondeterministic: Option<Difference>,
    /// Executions that were given up half-way because others cover them.
    pub blocked: u64,
    /// Of a share of an exhaustive search: its subtrees.
    pub subtrees: Subtrees,
    /// Everything that the strategy could plan was run.
    pub complete: bool,
    /// Seconds from the first execution to the last, of the slowest worker.
    pub seconds: f64,
}

impl Tally {
    /// Together with what another worker counted.
    pub(crate) fn merge(mut self, other: Tally) -> Tally {
        self.executions += other.executions;
        self.steps += other.steps;
        self.violations += other.violations;
        self.apart += other.apart;
        self.unharmed += other.unharmed;
        self.blocked += other.blocked;
        for (label, count) in other.outcomes {
            *self.outcomes.entry(label).or_insert(0) += count;
        }
        self.first = earlier(self.first.take(), other.first);
        self.inconclusive = earlier(self.inconclusive.take(), other.inconclusive);
        self.torn = self.torn.take().or(other.torn);
        self.nondeterministic = self.nondeterministic.take().or(other.nondeterministic);
        self.complete &= other.complete;
        self.seconds = self.seconds.max(other.seconds);
        self
    }

    /// Together with what was counted after it.
    pub(crate) fn then(self, next: Tally) -> Tally {
        let seconds = self.seconds + next.seconds;
        Tally { seconds, complete: next.complete, ..self.merge(next) }
    }
}

fn earlier(a: Option<Found>, b: Option<Found>) -> Option<Found> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.index < a.index { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Executions between two looks at the clock and at what the other workers found.
const LOOK: u64 = 64;
/// Steps between two times that a worker says how far it is: half a millisecond's work in
/// `sim`. What workers write there they take from each other's caches, so that those with
/// short executions do not say it at each look.
const BATCH: u64 = 4096;
/// An execution counts as this many steps more than it has, for its beginning and its end.
const OVERHEAD: u64 = 12;

/// Random executions that are run to see how long executions are.
const SAMPLES: u64 = 7;
/// What keeps their seeds apart from those of others.
const SALT: u64 = 0x5A3B_1E5F_4017_0001;

/// Runs executions until the budget, the strategy or the first violation ends it.
pub(crate) fn search(executor: &mut dyn Executor, task: &Task, progress: &Progress) -> Tally {
    let mut search = task.strategy.search(task.seed, task.shard);
    let mut tally = Tally::default();
    let mut label = String::new();
    let mut reported = (0, 0);
    let counts_itself = task.strategy.is_exhaustive();
    let mut index = if counts_itself { 0 } else { task.from + task.shard.0 };
    let stride = task.shard.1;
    let slow = executor.is_slow();
    let named = !task.faults.named_victims().is_empty();
    executor.kernel().granularity = task.granularity;
    arm(executor, &task.faults, !counts_itself);
    let begun = Instant::now();
    // Where a worker is in the order of all: by its subtree, where others count as well.
    let shared = counts_itself && stride > 1;
    let place = |index, search: &dyn Search| if shared { search.subtree() } else { index };
    let mut turn = 0_u64;
    let mut unsaid = 0;
    // The workers of an exhaustive search share a bound, since no one knows how many
    // schedules each of them will find.
    let mut claimed = false;
    let mut first = None;
    loop {
        if turn.is_multiple_of(LOOK) || slow {
            if unsaid >= BATCH || slow {
                progress.add(tally.executions - reported.0, tally.violations - reported.1);
                reported = (tally.executions, tally.violations);
                unsaid = 0;
            }
            // However slow the machine is, something is run; and pilot runs take part of the
            // time, but never all of it.
            let early = turn == 0 || tally.executions == 0 && !counts_itself;
            let late = !early && task.time.is_some_and(|time| begun.elapsed() >= time);
            if late || place(index, &*search) > progress.last() {
                break;
            }
        }
        turn += 1;
        let over = !counts_itself && task.executions.is_some_and(|most| index >= most);
        executor.kernel().granularity = task.granularity;
        if over || !search.plan(index, executor.kernel()) {
            break;
        }
        if counts_itself && !claimed && !search.only_scouts() {
            claimed = task.executions.is_none_or(|most| progress.claim(most));
            if !claimed {
                break;
            }
        }
        let verify = task.verify && turn == 1;
        // As long as no execution showed that order can matter, each is asked; later some.
        let doubtful = tally.apart == tally.executions && !task.faults.any();
        let asked = doubtful && (tally.executions < 1_000 || tally.executions.is_multiple_of(16));
        executor.kernel().plan.record |= verify || asked;
        let recorded = executor.kernel().plan.record;
        label.clear();
        executor.number(index);
        let verdict = executor.execute(&mut label);
        unsaid += u64::from(executor.kernel().steps) + OVERHEAD;
        // What could not be judged is told, even of an execution that does not count.
        // Only what a strategy gives up on purpose, since other executions cover it, is not.
        let covered = executor.kernel().ending().0 == End::Blocked;
        let counts = search.learn(executor.kernel()) || verdict.is_undecided() && !covered;
        // What took too long, or could not be judged, is not run again.
        let verify = verify && !verdict.is_undecided();
        let trace = verify.then(|| Trace::of(executor, verdict.clone(), label.clone()));
        if counts {
            claimed = false;
            tally.apart += u64::from(doubtful && (!asked || executor.kernel().was_apart()));
            if recorded && tally.torn.is_none() {
                tally.torn = torn(executor);
            }
            let unharmed = named && tally.unharmed == tally.executions && !executor.kernel().has_victim();
            tally.unharmed += u64::from(unharmed);
            let verdict = match task.strategy {
                Strategy::Replay(_) => verdict,
                _ => unfit(executor, verdict),
            };
            if shared {
                tally.subtrees.count(search.subtree() / stride, verdict.is_violation());
            }
            tally.count(executor, index, verdict, &label);
        }
        if let Some(trace) = trace {
            // One that does not fit ends early, and is followed as far again only if all of it is asked for.
            let asked = match &task.strategy {
                Strategy::Replay(schedule) => schedule,
                _ => &trace.recording.schedule,
            };
            tally.nondeterministic =
                compare(executor, &task.faults, |executor| differs(executor, &trace, asked));
            first = Some(trace);
        }
        if counts && (tally.violations > 0 && !task.keep_going || tally.inconclusive.is_some()) {
            progress.stop_after(place(index, &*search));
            break;
        }
        // Executions that only find the way, and pilot runs, have no number.
        if counts_itself {
            index = tally.executions;
        } else if counts {
            index += stride;
        }
    }
    progress.add(tally.executions - reported.0, tally.violations - reported.1);
    // What a slow clock decides, or a counter that outlives executions, shows only now.
    if let Some(first) = first.filter(|_| turn > 1 && tally.nondeterministic.is_none()) {
        tally.nondeterministic = compare(executor, &task.faults, |executor| {
            differs_once(executor, &first, &first.recording.schedule, 0)
        });
    }
    tally.complete = search.complete();
    tally.blocked = search.blocked();
    tally.seconds = begun.elapsed().as_secs_f64();
    tally
}

/// Lets executions have faults: at places drawn by the length of other executions, if the
/// strategy is random.
pub(super) fn arm(executor: &mut dyn Executor, faults: &Faults, random: bool) {
    executor.kernel().arm(faults, None);
    if faults.any() && random {
        let horizon = longest(executor).saturating_add(1);
        executor.kernel().arm(faults, Some(horizon));
    }
}

/// Steps of the longest of a few executions, always the same ones, one of them without
/// preemption. The bound on steps tells nothing of the others.
fn longest(executor: &mut dyn Executor) -> u32 {
    let random = (0..SAMPLES).map(|nth| Plan::by(Policy::Random, Rng::derive(SALT, nth)));
    let mut longest = None;
    for plan in std::iter::once(Plan::STAY).chain(random) {
        executor.kernel().plan = plan;
        executor.execute(&mut String::new());
        let kernel = executor.kernel();
        match kernel.ending().0 {
            // Ten seconds were lost, and would be again.
            End::GivenUp => break,
            End::StepBound => {}
            _ => longest = longest.max(Some(kernel.steps)),
        }
    }
    longest.unwrap_or(executor.kernel().steps)
}

/// Compares with a recorded execution; what is still to be explored keeps its faults.
fn compare(
    executor: &mut dyn Executor,
    faults: &Faults,
    differs: impl FnOnce(&mut dyn Executor) -> Option<Difference>,
) -> Option<Difference> {
    let armed = executor.kernel().faults;
    executor.kernel().arm(faults, None);
    let found = differs(executor);
    executor.kernel().faults = armed;
    found
}

/// Which two steps of the last execution used an object that processes do not share, in words.
fn torn(executor: &mut dyn Executor) -> Option<String> {
    let kernel = executor.kernel();
    let [first, second] = kernel.torn()?.map(|&Event { choice, name, site, .. }| {
        let task = choice.task();
        (task, kernel.task(task).name, format!("{name} at {}", Place::of(site)))
    });
    let [first, second] = [first, second].map(|(task, given, what)| {
        format!("`{}` ({what})", task_name(executor.model(), task, given.as_str()))
    });
    Some(format!(
        "{first} and {second} use one object outside shared memory; real processes have a copy each: put it \
         into a `Shared`, or into the state of the program"
    ))
}

/// A strategy only plans what an earlier execution has shown to be possible: if it no
/// longer is, the program does not do the same twice.
fn unfit(executor: &mut dyn Executor, verdict: Verdict) -> Verdict {
    if !matches!(verdict, Verdict::Diverged { .. }) {
        return verdict;
    }
    match diverged(&record(executor, verdict.clone(), String::new())) {
        Some(difference) => Verdict::Nondeterministic(difference),
        None => verdict,
    }
}

impl Tally {
    fn count(&mut self, executor: &mut dyn Executor, index: u64, verdict: Verdict, label: &str) {
        let kernel = executor.kernel();
        self.executions += 1;
        self.steps += u64::from(kernel.steps);
        let violation = verdict.is_violation();
        self.violations += u64::from(violation);
        if !label.is_empty() {
            match self.outcomes.get_mut(label) {
                Some(count) => *count += 1,
                None => _ = self.outcomes.insert(label.to_owned(), 1),
            }
        }
        let slot = if violation { &mut self.first } else { &mut self.inconclusive };
        if verdict != Verdict::Pass && slot.is_none() {
            let schedule = kernel.schedule().to_vec();
            *slot = Some(Found { index, schedule, verdict, label: label.to_owned() });
        }
    }
}
