//! Which executions are run: one file per strategy.
//!
//! A `Search` writes a plan before each execution and looks at the kernel after
//! it. It never runs anything and knows no engine.
//!
//! | strategy | file | for |
//! |---|---|---|
//! | `random` | `random` | any program: each enabled task equally likely at each step |
//! | `dfs`, `dfs:p` | `dfs` | small programs: every schedule, or every one with at most p preemptions |
//! | `replay` | `replay` | one recorded schedule |

mod dfs;
mod random;
mod replay;

pub(crate) use dfs::{Bounds, Dfs};
pub(crate) use random::Random;
pub(crate) use replay::Replay;

use crate::error::{Error, nearest};
use crate::kernel::{Choice, Kernel};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Plans executions one after the other.
pub(crate) trait Search {
    /// Writes the plan of execution `index` into the kernel; false if there is none.
    fn plan(&mut self, index: u64, kernel: &mut Kernel) -> bool;

    /// Looks at the execution that was just run; false if it was only run to find
    /// the way and does not count.
    fn learn(&mut self, kernel: &Kernel) -> bool {
        let _ = kernel;
        true
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
    /// Uniform over enabled tasks.
    #[default]
    Random,
    /// Depth-first over all schedules, or those with at most so many preemptions.
    Dfs {
        /// Most switches away from a task that could have gone on.
        preemptions: Option<u32>,
    },
    /// One recorded schedule.
    Replay(Vec<Choice>),
}

/// The names under which strategies are known.
pub const NAMES: [&str; 3] = ["random", "dfs", "dfs:p"];

impl Strategy {
    /// The search of worker `shard.0` of `shard.1`.
    pub(crate) fn search(&self, seed: u64, shard: (u64, u64)) -> Box<dyn Search> {
        match self {
            Strategy::Random => Box::new(Random::new(seed)),
            Strategy::Dfs { preemptions } => {
                Box::new(Dfs::new(Bounds { preemptions: *preemptions, switches: None }, shard))
            }
            Strategy::Replay(schedule) => Box::new(Replay::new(schedule.clone())),
        }
    }

    /// Whether it can come to an end by itself.
    pub fn is_exhaustive(&self) -> bool {
        !matches!(self, Strategy::Random)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Strategy::Random => f.write_str("random"),
            Strategy::Dfs { preemptions: None } => f.write_str("dfs"),
            Strategy::Dfs { preemptions: Some(p) } => write!(f, "dfs:{p}"),
            Strategy::Replay(_) => f.write_str("replay"),
        }
    }
}

impl FromStr for Strategy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Strategy, Error> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        match (name, argument) {
            ("random", None) => Ok(Strategy::Random),
            ("dfs", None) => Ok(Strategy::Dfs { preemptions: None }),
            ("dfs", Some(bound)) => match bound.parse() {
                Ok(bound) => Ok(Strategy::Dfs { preemptions: Some(bound) }),
                Err(_) => Err(Error::Value {
                    what: "strategy dfs".to_owned(),
                    value: bound.to_owned(),
                    form: "a number of preemptions, as in dfs:2".to_owned(),
                }),
            },
            _ => Err(Error::Unknown {
                what: "strategy",
                name: text.to_owned(),
                nearest: nearest(text, NAMES.iter().copied()),
            }),
        }
    }
}
