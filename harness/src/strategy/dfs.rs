//! `dfs` and `dfs:p`: every schedule, depth first, optionally within bounds.
//!
//! Stateless: each execution is a prefix of forced choices and then the run without
//! preemption, with the set of enabled tasks recorded at each step. The next prefix
//! changes the deepest choice that has an alternative left. The alternatives of a
//! step have a fixed order (the task that ran last first, then by number, then the
//! faults that could happen), so the choice made tells which were tried, and nothing
//! else is remembered. Who is woken, where that is a choice, is a step with
//! alternatives of its own.
//!
//! Bounds: preemptions as in "Iterative context bounding" (Musuvathi, Qadeer, PLDI
//! 2007), and context switches of any kind, which the shrinker uses.
//!
//! Workers share the tree by its subtrees at a fixed depth: the k-th subtree
//! belongs to worker k modulo their number. A worker runs one execution to see the
//! root of each foreign subtree and then skips it.

use super::Search;
use crate::kernel::{Choice, Kernel, Outcome, Plan, fault};

/// What a schedule may have at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) preemptions: Option<u32>,
    pub(crate) switches: Option<u32>,
}

/// Depth at which the tree is cut into subtrees for several workers.
const CUT: usize = 8;

/// What a schedule has come to before a step.
#[derive(Clone, Copy, Default)]
struct Before {
    preemptions: u32,
    switches: u32,
    /// The task that went on last.
    last: Option<usize>,
}

impl Before {
    /// After `choice`, of tasks that were enabled.
    fn after(self, choice: Choice, enabled: &[u64]) -> Before {
        let task = choice.task();
        match self.last {
            _ if !choice.outcome().is_turn() => self,
            Some(last) if last != task => Before {
                preemptions: self.preemptions + u32::from(contains(enabled, last)),
                switches: self.switches + 1,
                last: Some(task),
            },
            _ => Before { last: Some(task), ..self },
        }
    }
}

pub(crate) struct Dfs {
    bounds: Bounds,
    shard: (u64, u64),
    prefix: Vec<Choice>,
    /// What stood before each step of the last execution.
    before: Vec<Before>,
    /// Subtrees begun so far.
    subtrees: u64,
    /// The last backtracking changed a choice above the cut.
    fresh: bool,
    exhausted: bool,
}

impl Dfs {
    pub(crate) fn new(bounds: Bounds, shard: (u64, u64)) -> Dfs {
        Dfs {
            bounds,
            shard,
            prefix: Vec::new(),
            before: Vec::new(),
            subtrees: 0,
            fresh: true,
            exhausted: false,
        }
    }

    /// Whether the subtree of the execution that is next, or was just run, belongs to
    /// another worker.
    fn is_foreign(&self) -> bool {
        let subtree = if self.fresh { self.subtrees } else { self.subtrees - 1 };
        subtree % self.shard.1 != self.shard.0
    }

    fn within(&self, before: Before) -> bool {
        self.bounds.preemptions.is_none_or(|bound| before.preemptions <= bound)
            && self.bounds.switches.is_none_or(|bound| before.switches <= bound)
    }

    /// Writes the next prefix: keeps `depth` steps at most of the last execution.
    fn backtrack(&mut self, kernel: &Kernel, depth: usize) {
        let schedule = kernel.schedule();
        for step in (0..depth.min(schedule.len())).rev() {
            let before = self.before[step];
            let enabled = kernel.enabled_at(step);
            let next = alternatives(kernel, step, before.last.unwrap_or(0))
                .skip_while(|choice| *choice != schedule[step])
                .skip(1)
                .find(|&choice| self.within(before.after(choice, enabled)));
            if let Some(choice) = next {
                self.prefix.clear();
                self.prefix.extend_from_slice(&schedule[..step]);
                self.prefix.push(choice);
                self.fresh = step < CUT;
                return;
            }
        }
        self.exhausted = true;
    }
}

fn contains(set: &[u64], task: usize) -> bool {
    set.get(task / 64).is_some_and(|word| word >> (task % 64) & 1 == 1)
}

/// The choices that there were at a step, in the order in which they are tried.
fn alternatives(kernel: &Kernel, step: usize, last: usize) -> impl Iterator<Item = Choice> + '_ {
    let logged = kernel.enabled_at(step);
    let woken = kernel.schedule()[step].outcome() == Outcome::Woken;
    let outcome = if woken { Outcome::Woken } else { Outcome::Run };
    let stay = (!woken && contains(logged, last)).then_some(last);
    let others = members(logged).filter(move |&task| Some(task) != stay);
    let kinds = if kernel.faults.any() && !woken { fault::KINDS } else { 0 };
    let faults = (0..kinds).flat_map(move |kind| {
        members(kernel.possible_at(kind, step)).map(move |task| Choice::new(task, fault::outcome(kind)))
    });
    stay.into_iter().chain(others).map(move |task| Choice::new(task, outcome)).chain(faults)
}

fn members(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    set.iter().enumerate().flat_map(|(index, &word)| {
        std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|&rest| rest != 0)
            .map(move |rest| index * 64 + rest.trailing_zeros() as usize)
    })
}

impl Search for Dfs {
    fn plan(&mut self, _: u64, kernel: &mut Kernel) -> bool {
        if self.exhausted {
            return false;
        }
        kernel.plan = Plan { log_enabled: true, ..Plan::STAY };
        kernel.set_prefix(&self.prefix);
        true
    }

    fn learn(&mut self, kernel: &Kernel) -> bool {
        let schedule = kernel.schedule();
        self.before.clear();
        let mut before = Before::default();
        let mut inside = schedule.len();
        for (step, &choice) in schedule.iter().enumerate() {
            self.before.push(before);
            before = before.after(choice, kernel.enabled_at(step));
            if !self.within(before) {
                inside = step;
                break;
            }
        }
        let mut counts = inside == schedule.len();
        // Where the bound was passed there may be another choice that keeps it: a fault.
        let mut depth = inside + 1;
        if self.fresh {
            self.fresh = false;
            self.subtrees += 1;
        }
        if self.is_foreign() {
            counts = false;
            depth = depth.min(CUT);
        }
        self.backtrack(kernel, depth);
        counts
    }

    fn only_scouts(&self) -> bool {
        self.is_foreign()
    }

    fn subtree(&self) -> u64 {
        self.subtrees.saturating_sub(1)
    }

    fn complete(&self) -> bool {
        self.exhausted
    }
}
