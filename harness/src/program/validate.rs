//! What cannot be explored is refused before anything runs, in a line that says what could.
//!
//! Called before every exploration, census and replay.

use super::config::Config;
use super::explain::task_names;
use super::shard::Shard;
use crate::Error;
use crate::engine::{Engine, Model};
use crate::fault::{Faults, check_victims};
use crate::kernel::VICTIMS;
use crate::strategy::Strategy;
use crate::value;

/// Refuses what cannot be explored: a configuration, a share, or both for this program.
pub(crate) fn validate_all(model: &dyn Model, program: &str, config: &Config) -> Result<(), Error> {
    validate(config)?;
    validate_shard(config)?;
    has_tasks(model, program)?;
    has_victims(model, config)?;
    if config.strategy == Strategy::Dpor && config.faults_of(model) != Faults::none() {
        return Err(Error::Usage(format!("{program}: dpor does not explore faults; dfs does")));
    }
    Ok(())
}

/// Refuses a configuration that cannot come to an end or to a verdict.
fn validate(config: &Config) -> Result<(), Error> {
    let endless = config.budget.executions.is_none() && config.budget.time.is_none();
    if endless && (!config.strategy.is_exhaustive() || config.engine == Engine::Wild) {
        return Err(Error::Usage(format!(
            "{} in {} never ends by itself; give it a number of executions or a time",
            config.strategy,
            config.engine.name()
        )));
    }
    if config.engine == Engine::Wild && config.faults.as_ref().is_some_and(Faults::any) {
        return Err(Error::Usage(
            "wild has no scheduling points at which anything could go wrong; faults need sim or real"
                .to_owned(),
        ));
    }
    config.strategy.validate()?;
    if let Some(executions) = config.budget.executions {
        value::executions("executions", &executions.to_string())?;
    }
    value::jobs("jobs", &config.jobs.to_string())?;
    Ok(())
}

/// Whether tasks that may be killed are there, which of a dynamic program nobody knows before, and
/// there is room for their names.
pub(super) fn has_victims(model: &dyn Model, config: &Config) -> Result<(), Error> {
    let victims = config.faults_of(model).victims;
    if victims.iter().any(|victim| victim.trim().is_empty() || victim.contains('\n')) {
        return Err(Error::Usage("a task that may be killed needs a name, of one line".to_owned()));
    }
    let bytes = victims.join("\n").len();
    if bytes > VICTIMS {
        return Err(Error::Usage(format!(
            "the names of the tasks that may be killed have {bytes} bytes, at most {VICTIMS} are allowed: \
             `client` stands for `client 0`, `client 1` and so on"
        )));
    }
    if model.dynamic() {
        return Ok(());
    }
    check_victims(&victims, &task_names(model))
}

/// Refuses a program in which nothing runs: it would hold whatever it says.
pub(super) fn has_tasks(model: &dyn Model, program: &str) -> Result<(), Error> {
    if model.tasks() > 0 {
        return Ok(());
    }
    let why = "the program has no tasks; give it some with `task`, `tasks` or `threads`";
    Err(Error::NothingRan { program: program.to_owned(), why })
}

/// Refuses a share that does not say of what.
fn validate_shard(config: &Config) -> Result<(), Error> {
    let why = match &config.strategy {
        _ if config.shard == Shard::WHOLE => return Ok(()),
        _ if config.engine == Engine::Wild => "wild has no schedules to share; use sim or real",
        Strategy::Replay(_) => "one schedule cannot be shared",
        Strategy::Dpor => "dpor cannot be shared; dfs can",
        _ if config.budget.time.is_some() => {
            "a share of a run needs a number of executions that all shares know, or every schedule; not a time"
        }
        Strategy::Dfs { .. } if config.budget.executions.is_some() => {
            "dfs is shared by its subtrees and not by a number of executions; ask for every schedule (--exhaust)"
        }
        _ => return Ok(()),
    };
    Err(Error::Usage(format!("shard {}: {why}", config.shard)))
}
