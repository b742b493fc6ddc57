//! The same finding with fewer faults and context switches.
//!
//! | stage | file | what it tries |
//! |---|---|---|
//! | 0 | here | the found schedule with fewer faults, then any schedule without |
//! | 1 | `greedy` | the found schedule without the choices of half of the tasks, of a quarter ... |
//! | 2 | `greedy` | the run without preemption, with one preemption anywhere |
//! | 3 | `greedy` | the best so far, cut short or with a task's pieces joined |
//! | 4 | here | all schedules with 0, 1, 2 ... switches, by depth-first search |
//!
//! `fair` tells a livelock that only an unfair schedule causes from one that stays.
//!
//! Stage 4 is the proof: the first number of switches at which the finding appears,
//! after every smaller number was exhausted without it, is the minimum. Where the
//! budget ends first, the smallest schedule known is reported, unproved.

mod fair;
mod greedy;

pub(crate) use fair::ends_if_fair;

use crate::engine::Executor;
use crate::fault::Faults;
use crate::judge::Verdict;
use crate::kernel::{Choice, Mismatch, Plan, faults, switches};
use crate::program::Found;
use crate::strategy::{Bounds, Dfs, Search};
use std::time::{Duration, Instant};

/// The result of shrinking.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Shrunk {
    pub(crate) schedule: Vec<Choice>,
    pub(crate) preemptions: usize,
    pub(crate) proved_minimal: bool,
    pub(crate) executions: u64,
}

impl Shrunk {
    /// The schedule as it was found.
    pub(crate) fn unchanged(found: &Found) -> Shrunk {
        Shrunk { schedule: found.schedule.clone(), preemptions: 0, proved_minimal: false, executions: 0 }
    }
}

/// What part of its time a livelock is shrunk at most: each attempt runs to the bound on steps,
/// and the loop is told without it.
const LIVELOCK: u32 = 50;

/// A search for smaller schedules with a finding.
struct Shrinker<'e> {
    executor: &'e mut dyn Executor,
    verdict: &'e Verdict,
    best: Vec<Choice>,
    left: u64,
    /// When to stop, whatever is left.
    until: Instant,
    spent: u64,
    label: String,
    /// Each execution takes as long as the bound on steps.
    slow: bool,
    /// The finding does not go away when everybody gets a turn, so a schedule that only
    /// leaves somebody out does not show it.
    stubborn: bool,
    /// The last schedule that showed the finding.
    shown: Vec<Choice>,
}

impl Shrinker<'_> {
    /// Runs `prefix`, skipping what is impossible, and then without preemption;
    /// keeps the schedule if it shows the finding with fewer switches.
    fn attempt(&mut self, prefix: &[Choice]) -> bool {
        let kernel = self.executor.kernel();
        kernel.plan = Plan { mismatch: Mismatch::Skip, ..Plan::STAY };
        kernel.set_prefix(prefix);
        let Some(verdict) = self.run() else { return false };
        if !self.shows(&verdict) {
            return false;
        }
        let schedule = &self.shown;
        let better = size(schedule) < size(&self.best);
        if better {
            self.best.clone_from(schedule);
            self.rest();
        }
        better
    }

    /// Stops where nothing can be smaller: a livelock always takes as many steps as there may
    /// be, so one without faults and switches is as small as it gets.
    fn rest(&mut self) {
        if self.slow && matches!(size(&self.best), (0, 0, _)) {
            self.left = 0;
        }
    }

    /// Whether the execution that was just run ended in the finding; keeps its schedule.
    fn shows(&mut self, verdict: &Verdict) -> bool {
        if !verdict.is_like(self.verdict) {
            return false;
        }
        self.shown.clear();
        self.shown.extend_from_slice(self.executor.kernel().schedule());
        !self.stubborn || !ends_if_fair(self.executor, &self.shown)
    }

    /// One execution, if the budget allows.
    fn run(&mut self) -> Option<Verdict> {
        let looks = self.slow || self.executor.is_slow() || self.spent.is_multiple_of(16);
        if looks && Instant::now() >= self.until {
            self.left = 0;
        }
        self.left = self.left.checked_sub(1)?;
        self.spent += 1;
        self.label.clear();
        Some(self.executor.execute(&mut self.label))
    }

    /// Does `work` with one part in `parts` of the executions and of the time that are left.
    fn spend_part(&mut self, parts: u32, work: impl FnOnce(&mut Self)) {
        let (left, until, spent, now) = (self.left, self.until, self.spent, Instant::now());
        self.left = left / u64::from(parts);
        self.until = now + until.saturating_duration_since(now) / parts;
        work(self);
        self.left = left.saturating_sub(self.spent - spent);
        self.until = until;
    }

    /// Runs all schedules within `bounds` until one shows the finding: `Some(true)`
    /// if one did, `Some(false)` if none does, `None` if the budget ended.
    fn exhaust(&mut self, bounds: Bounds) -> Option<bool> {
        let mut dfs = Dfs::new(bounds, (0, 1));
        while dfs.plan(0, self.executor.kernel()) {
            let verdict = self.run()?;
            let counts = dfs.learn(self.executor.kernel());
            if counts && self.shows(&verdict) {
                return Some(true);
            }
        }
        Some(false)
    }
}

/// What makes one schedule smaller than another: first fewer faults, then fewer
/// switches, then fewer steps.
fn size(schedule: &[Choice]) -> (usize, usize, usize) {
    (faults(schedule), switches(schedule), schedule.len())
}

/// Searches for the schedule with the fewest faults and context switches that shows the
/// same finding, spending at most `budget` executions and `time`. `allowed` is what could
/// go wrong when it was found.
pub(crate) fn shrink(
    executor: &mut dyn Executor,
    found: &Found,
    allowed: &Faults,
    budget: u64,
    time: Duration,
) -> Shrunk {
    let slow = matches!(found.verdict, Verdict::Livelock { .. });
    let time = if slow { time / LIVELOCK } else { time };
    let stubborn = slow && !ends_if_fair(executor, &found.schedule);
    let mut shrinker = Shrinker {
        executor,
        verdict: &found.verdict,
        best: found.schedule.clone(),
        left: budget / 2,
        until: Instant::now() + time / 2,
        spent: 0,
        label: String::new(),
        slow,
        stubborn,
        shown: Vec::new(),
    };
    shrinker.rest();
    shrinker.drop_faults(allowed);
    greedy::drop_tasks(&mut shrinker);
    greedy::one_preemption(&mut shrinker);
    greedy::join_pieces(&mut shrinker);
    let mut proved_minimal = false;
    shrinker.left = budget - shrinker.spent;
    shrinker.until = Instant::now() + time / 2;
    let used = allowed.used_by(&shrinker.best);
    shrinker.executor.kernel().arm(&used, None);
    let most = switches(&shrinker.best);
    for bound in 0..=most as u32 {
        match shrinker.exhaust(Bounds { preemptions: None, switches: Some(bound) }) {
            Some(false) => proved_minimal = bound as usize + 1 == switches(&shrinker.best),
            Some(true) => {
                proved_minimal = true;
                shrinker.best.clone_from(&shrinker.shown);
            }
            None => {}
        }
        if proved_minimal || shrinker.left == 0 {
            break;
        }
    }
    let preemptions = shrinker.fewest_preemptions();
    Shrunk { schedule: shrinker.best, preemptions, proved_minimal, executions: shrinker.spent }
}

impl Shrinker<'_> {
    /// Leaves faults out one by one; if some seem to be needed, looks for a schedule without
    /// any, with a quarter of what may be spent.
    fn drop_faults(&mut self, allowed: &Faults) {
        let mut at = 0;
        while at < self.best.len() && self.left > 0 {
            if self.best[at].outcome().is_fault() {
                let mut without = self.best.clone();
                without.remove(at);
                if self.attempt(&without) {
                    continue;
                }
            }
            at += 1;
        }
        if faults(&self.best) == 0 {
            return;
        }
        self.executor.kernel().arm(&allowed.harmless(), None);
        self.spend_part(4, Self::look_for_harmless);
        self.executor.kernel().arm(&allowed.used_by(&self.best), None);
    }

    /// Looks for any schedule, without more switches than are known to do, in what is armed.
    fn look_for_harmless(&mut self) {
        for bound in 0..=switches(&self.best) as u32 + 1 {
            match self.exhaust(Bounds { preemptions: None, switches: Some(bound) }) {
                Some(false) => {}
                Some(true) => return self.best.clone_from(&self.shown),
                None => return,
            }
        }
    }

    /// The fewest preemptions with which the finding can be shown, as far as the
    /// budget tells; else those of the smallest schedule.
    fn fewest_preemptions(&mut self) -> usize {
        let of_best = self.preemptions_of_best();
        // A slow program was given a small budget for a reason.
        self.left = self.left.max(self.spent.min(1000));
        (0..of_best)
            .find(|&bound| {
                self.exhaust(Bounds { preemptions: Some(bound as u32), switches: None }) == Some(true)
            })
            .unwrap_or(of_best)
    }

    fn preemptions_of_best(&mut self) -> usize {
        let best = self.best.clone();
        let kernel = self.executor.kernel();
        kernel.plan = Plan { log_enabled: true, ..Plan::STAY };
        kernel.set_prefix(&best);
        self.label.clear();
        self.executor.execute(&mut self.label);
        self.spent += 1;
        self.executor.kernel().preemptions().len()
    }
}
