//! What to explore, with which engine, for how long.

use super::shard::Shard;
use crate::engine::{Engine, Model};
use crate::fault::Faults;
use crate::kernel::{Granularity, Limits};
use crate::strategy::Strategy;
use std::time::Duration;

/// How long an exploration lasts: until the first of these is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Executions at most.
    pub executions: Option<u64>,
    /// Wall-clock time at most.
    pub time: Option<Duration>,
}

/// How a program is explored.
///
/// ```
/// use selvedge_harness::prelude::*;
/// let config = Config { seed: 7, ..Config::default() }.executions(500);
/// assert_eq!(config.budget.executions, Some(500));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// What a task is; a fiber unless told otherwise.
    pub engine: Engine,
    /// Which executions are run.
    pub strategy: Strategy,
    /// What counts as one step.
    pub granularity: Granularity,
    /// The seed that decides everything random.
    pub seed: u64,
    /// How long: unless told otherwise, 10,000 executions or ten seconds, whichever is over
    /// first.
    pub budget: Budget,
    /// Workers side by side, each with a core of its own; one unless told otherwise.
    pub jobs: usize,
    /// The share of the run that is run.
    pub shard: Shard,
    /// Go on after a violation and count them all.
    pub keep_going: bool,
    /// Make a finding's schedule smaller.
    pub shrink: bool,
    /// Executions that the shrinker may spend.
    pub shrink_budget: u64,
    /// Time that the shrinker may spend, and then the search for a critical pair.
    pub shrink_time: Duration,
    /// What goes wrong; `None` leaves that to the program.
    pub faults: Option<Faults>,
    /// How large an execution may become.
    pub limits: Limits,
    /// That the tasks share nothing which the scheduler sees is no error, but a warning: it is
    /// meant.
    pub apart: bool,
    /// The environment may change this configuration.
    pub environment: bool,
    /// A test that fails keeps its schedule, and tries those that were kept before
    /// anything else; see `SELVEDGE_PERSIST` for where.
    pub persist: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            engine: Engine::Sim,
            strategy: Strategy::default(),
            granularity: Granularity::Operation,
            seed: 0,
            budget: Budget { executions: Some(10_000), time: Some(Duration::from_secs(10)) },
            jobs: 1,
            shard: Shard::WHOLE,
            keep_going: false,
            shrink: true,
            shrink_budget: 200_000,
            shrink_time: Duration::from_secs(10),
            faults: None,
            limits: Limits::default(),
            apart: false,
            environment: true,
            persist: true,
        }
    }
}

impl Config {
    /// This configuration with another engine.
    #[must_use]
    pub fn engine(self, engine: Engine) -> Config {
        Config { engine, ..self }
    }

    /// This configuration with another strategy.
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Config {
        Config { strategy, ..self }
    }

    /// This configuration with these faults.
    #[must_use]
    pub fn faults(self, faults: Faults) -> Config {
        Config { faults: Some(faults), ..self }
    }

    /// What goes wrong in a program under this configuration.
    pub(crate) fn faults_of(&self, model: &dyn Model) -> Faults {
        let own = model.faults();
        match &self.faults {
            None => own,
            Some(faults) if faults.victims.is_empty() => Faults { victims: own.victims, ..faults.clone() },
            Some(faults) => faults.clone(),
        }
    }

    /// This configuration with another seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Config {
        Config { seed, ..self }
    }

    /// This configuration with so many executions, however long they take.
    #[must_use]
    pub fn executions(self, executions: u64) -> Config {
        Config { budget: Budget { executions: Some(executions), time: None }, ..self }
    }

    /// This configuration with so much time, however many executions that is.
    #[must_use]
    pub fn time(self, time: Duration) -> Config {
        Config { budget: Budget { executions: None, time: Some(time) }, ..self }
    }

    /// Every schedule, however many there are, counting all violations.
    #[must_use]
    pub fn exhaust(self) -> Config {
        let strategy = match self.strategy {
            exhaustive if exhaustive.is_exhaustive() => exhaustive,
            _ => Strategy::Dfs { preemptions: None },
        };
        Config { strategy, budget: Budget { executions: None, time: None }, keep_going: true, ..self }
    }

    /// This configuration with so many workers.
    #[must_use]
    pub fn jobs(self, jobs: usize) -> Config {
        Config { jobs, ..self }
    }

    /// A share of the run that this configuration describes: it needs a number of
    /// executions, or an exhaustive strategy, and no time.
    #[must_use]
    pub fn shard(self, shard: Shard) -> Config {
        Config { shard, ..self }
    }

    /// This configuration at another granularity.
    #[must_use]
    pub fn granularity(self, granularity: Granularity) -> Config {
        Config { granularity, ..self }
    }

    /// This configuration for tasks that are meant to share nothing which the scheduler sees,
    /// or not. Without it `explore` refuses them: it could find nothing.
    #[must_use]
    pub fn apart(self, apart: bool) -> Config {
        Config { apart, ..self }
    }

    /// This configuration, keeping regressions and trying those that were kept, or not.
    #[must_use]
    pub fn persist(self, persist: bool) -> Config {
        Config { persist, ..self }
    }

    /// This configuration, whatever the environment says; also without regressions.
    #[must_use]
    pub fn ignore_environment(self) -> Config {
        Config { environment: false, ..self }
    }
}
