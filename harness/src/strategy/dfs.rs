//! `dfs` and `dfs:p`: every schedule, depth first, optionally within bounds.
//!
//! Stateless: each execution is a prefix of forced choices and then the run without
//! preemption, with the set of enabled tasks recorded at each step. The next prefix
//! changes the deepest choice that has an alternative left. The alternatives of a
//! step have a fixed order (the task that ran last first, then by number), so the
//! choice made tells which were tried, and nothing else is remembered.
//!
//! Bounds: preemptions as in "Iterative context bounding" (Musuvathi, Qadeer, PLDI
//! 2007), and context switches of any kind, which the shrinker uses.
//!
//! Workers share the tree by its subtrees at a fixed depth: the k-th subtree
//! belongs to worker k modulo their number. A worker runs one execution to see the
//! root of each foreign subtree and then skips it.

use super::Search;
use crate::kernel::{Choice, Kernel, Outcome, Plan};

/// What a schedule may have at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) preemptions: Option<u32>,
    pub(crate) switches: Option<u32>,
}

/// Depth at which the tree is cut into subtrees for several workers.
const CUT: usize = 8;

pub(crate) struct Dfs {
    bounds: Bounds,
    shard: (u64, u64),
    prefix: Vec<Choice>,
    /// Preemptions and switches before each step of the last execution.
    costs: Vec<(u32, u32)>,
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
            costs: Vec::new(),
            subtrees: 0,
            fresh: true,
            exhausted: false,
        }
    }

    /// The cost of choosing `task` after `last`, which was enabled or not.
    fn cost(first: bool, last: usize, last_enabled: bool, task: usize) -> (u32, u32) {
        if first || task == last { (0, 0) } else { (u32::from(last_enabled), 1) }
    }

    fn within(&self, (preemptions, switches): (u32, u32)) -> bool {
        self.bounds.preemptions.is_none_or(|bound| preemptions <= bound)
            && self.bounds.switches.is_none_or(|bound| switches <= bound)
    }

    /// Writes the next prefix: keeps `depth` steps at most of the last execution.
    fn backtrack(&mut self, kernel: &Kernel, depth: usize) {
        let schedule = kernel.schedule();
        for step in (0..depth.min(schedule.len())).rev() {
            if schedule[step].outcome() != Outcome::Run {
                continue;
            }
            let last = if step == 0 { 0 } else { schedule[step - 1].task() };
            let enabled = kernel.enabled_at(step);
            let (preemptions, switches) = self.costs[step];
            let next = alternatives(enabled, last)
                .skip_while(|&task| task != schedule[step].task())
                .skip(1)
                .find(|&task| {
                    let (p, s) = Dfs::cost(step == 0, last, contains(enabled, last), task);
                    self.within((preemptions + p, switches + s))
                });
            if let Some(task) = next {
                self.prefix.clear();
                self.prefix.extend_from_slice(&schedule[..step]);
                self.prefix.push(Choice::run(task));
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

/// The enabled tasks in the order in which they are tried.
fn alternatives(enabled: &[u64], last: usize) -> impl Iterator<Item = usize> + '_ {
    let stay = contains(enabled, last).then_some(last);
    let others = enabled.iter().enumerate().flat_map(|(index, &word)| {
        std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|&rest| rest != 0)
            .map(move |rest| index * 64 + rest.trailing_zeros() as usize)
    });
    stay.into_iter().chain(others.filter(move |&task| Some(task) != stay))
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
        self.costs.clear();
        let (mut preemptions, mut switches) = (0, 0);
        let mut inside = schedule.len();
        for (step, choice) in schedule.iter().enumerate() {
            self.costs.push((preemptions, switches));
            let last = if step == 0 { 0 } else { schedule[step - 1].task() };
            let (p, s) = Dfs::cost(step == 0, last, contains(kernel.enabled_at(step), last), choice.task());
            preemptions += p;
            switches += s;
            if !self.within((preemptions, switches)) {
                inside = step;
                break;
            }
        }
        let mut counts = inside == schedule.len();
        let mut depth = inside;
        if self.fresh {
            self.fresh = false;
            self.subtrees += 1;
        }
        if (self.subtrees - 1) % self.shard.1 != self.shard.0 {
            counts = false;
            depth = depth.min(CUT);
        }
        self.backtrack(kernel, depth);
        counts
    }

    fn complete(&self) -> bool {
        self.exhausted
    }
}
