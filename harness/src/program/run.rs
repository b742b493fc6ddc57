//! The loop of executions of one worker.
//!
//! Runs where the engine's executor lives: in this thread, or in a controller
//! process.

use super::determinism::{differs, differs_once};
use super::progress::Progress;
use super::tally::Tally;
use crate::engine::{Executor, task_name};
use crate::fault::Faults;
use crate::judge::{Difference, Place, Trace, Verdict, diverged, record};
use crate::kernel::{End, Event, Granularity, Plan, Policy, Rng};
use crate::strategy::{Search, Strategy};
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
pub(super) fn torn(executor: &mut dyn Executor) -> Option<String> {
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
