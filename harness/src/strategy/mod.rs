//! Which executions are run: one file per strategy.
//!
//! A `Search` writes a plan before each execution and looks at the kernel after
//! it. It never runs anything and knows no engine.
//!
//! | strategy | file | for |
//! |---|---|---|
//! | `portfolio` | `portfolio` | any program: the others in turn; the default |
//! | `random` | `random` | any program: each enabled task equally likely at each step |
//! | `pct:d` | `pct` | bugs that need d things in an order: rare switches, random priorities |
//! | `pos` | `pos` | bugs in the order of racing operations |
//! | `urw` | `urw` | each interleaving equally likely |
//! | `surw` | `surw` | each order of one object's operations equally likely |
//! | `delay:d` | `delay` | bugs that d delays of a round robin bring about |
//! | `dfs`, `dfs:p` | `dfs` | small programs: every schedule, or every one with at most p preemptions |
//! | `dpor` | `dpor` | small programs: every Mazurkiewicz trace once; one worker, no faults |
//! | `replay` | `replay` | one recorded schedule |
//!
//! `paced` has the walks that only the portfolio takes.
//!
//! The random ones but `random` begin with pilot runs, see `pilot`.
//!
//! 1. Execution k of a random strategy depends on the program, the seed and k alone.

mod delay;
mod dfs;
mod dpor;
mod name;
mod paced;
mod pct;
mod pilot;
mod portfolio;
mod pos;
mod random;
mod replay;
mod surw;
mod urw;

pub(crate) use dfs::{Bounds, Dfs};
pub(crate) use dpor::Dpor;
pub use name::NAMES;
pub(crate) use random::Random;
pub(crate) use replay::Replay;

use crate::kernel::{Choice, Kernel};
use delay::Delay;
use pct::Pct;
use pilot::Piloted;
use portfolio::Portfolio;
use pos::Pos;
use serde::{Deserialize, Serialize};
use surw::Surw;
use urw::Urw;

/// Plans executions one after the other.
pub(crate) trait Search {
    /// Writes the plan of execution `index` into the kernel; false if there is none.
    fn plan(&mut self, index: u64, kernel: &mut Kernel) -> bool;

    /// Whether the execution just planned is only run to find the way: `learn` will
    /// say that it does not count.
    fn only_scouts(&self) -> bool {
        false
    }

    /// Looks at the execution that was just run; false if it was only run to find
    /// the way and does not count.
    fn learn(&mut self, kernel: &Kernel) -> bool {
        let _ = kernel;
        true
    }

    /// Executions that were given up half-way because others cover them.
    fn blocked(&self) -> u64 {
        0
    }

    /// In which subtree of an exhaustive search the last execution was, in the order of
    /// the search.
    fn subtree(&self) -> u64 {
        0
    }

    /// Whether everything that the strategy could plan was run.
    fn complete(&self) -> bool {
        false
    }
}

/// Which strategy searches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Strategy {
    /// The others in turn, in measured shares.
    #[default]
    Portfolio,
    /// Uniform over enabled tasks.
    Random,
    /// Random priorities that fall at `depth - 1` random steps.
    Pct {
        /// How many ordering constraints a bug may need, 1 to 64.
        depth: u32,
    },
    /// Random priorities of pending operations, drawn anew where they race.
    Pos,
    /// Uniform over interleavings.
    Urw,
    /// Uniform over the orders of one object's operations.
    Surw,
    /// Round robin with random delays.
    Delay {
        /// How many delays at most, up to 64.
        delays: u32,
    },
    /// Depth-first over all schedules, or those with at most so many preemptions.
    Dfs {
        /// Most switches away from a task that could have gone on.
        preemptions: Option<u32>,
    },
    /// One execution for each Mazurkiewicz trace.
    Dpor,
    /// One recorded schedule.
    Replay(Vec<Choice>),
}

impl Strategy {
    /// The search of worker `shard.0` of `shard.1`.
    pub(crate) fn search(&self, seed: u64, shard: (u64, u64)) -> Box<dyn Search> {
        match *self {
            Strategy::Portfolio => Box::new(Piloted::new(seed, Portfolio)),
            Strategy::Pct { depth } => Box::new(Piloted::new(seed, Pct { depth })),
            Strategy::Pos => Box::new(Piloted::new(seed, Pos)),
            Strategy::Urw => Box::new(Piloted::new(seed, Urw)),
            Strategy::Surw => Box::new(Piloted::new(seed, Surw)),
            Strategy::Delay { delays } => Box::new(Piloted::new(seed, Delay { delays })),
            Strategy::Random => Box::new(Random::new(seed)),
            Strategy::Dfs { preemptions } => {
                Box::new(Dfs::new(Bounds { preemptions, switches: None }, shard))
            }
            Strategy::Dpor => Box::new(Dpor::new()),
            Strategy::Replay(ref schedule) => Box::new(Replay::new(schedule.clone())),
        }
    }

    /// Whether it can come to an end by itself.
    pub fn is_exhaustive(&self) -> bool {
        matches!(self, Strategy::Dfs { .. } | Strategy::Dpor | Strategy::Replay(_))
    }
}
