//! Options that mean nothing beside one another: refused, instead of quietly not heard.
//!
//! Called when all options have been read, before anything is explored. What a variable of
//! the environment says is not refused: it is there for many commands, and beaten by any.
//!
//! | chosen | means nothing beside it | because |
//! |---|---|---|
//! | `wild` | `--strategy`, `--seed`, `--jobs`, `--exhaust`, `--shard`, faults | the operating system schedules |
//! | `dfs`, `dpor` | `--seed` | nothing is drawn |
//! | `dpor` | `--jobs`, `--shard`, faults | it learns from one execution what the next must be |
//! | every other strategy | `--exhaust` | it never comes to an end |
//! | a token | all of them but `--engine`, `--report` and `--json` | one schedule is run |
//!
//! A token in `SELVEDGE_REPLAY` is the exception: whatever searches either runs its schedule
//! alone or refuses it, and what is given a token of its own has no use for another.
//!
//! `--shard` and faults are refused where shares are made and where faults are armed, since
//! tests ask for these as well.

use super::args::{Explore, Search};
use crate::Error;
use crate::engine::Engine;
use crate::program::{Config, environment};
use crate::strategy::Strategy;

/// Refuses options of a search that mean nothing in this configuration.
pub(super) fn refuse(config: &Config, search: &Search) -> Result<(), Error> {
    let wild = config.engine == Engine::Wild;
    let strategy = &config.strategy;
    let jobs = search.jobs.as_ref().filter(|_| config.jobs > 1);
    let no = |option: &str, value: &str, why: &str| Err(Error::Usage(format!("{option} {value}: {why}")));
    if let (true, Some(value)) = (wild, &search.strategy) {
        return no(
            "--strategy",
            value,
            "in wild the operating system decides; use --engine sim or --engine real",
        );
    }
    if let (true, Some(value)) = (wild, &search.seed) {
        return no("--seed", value, "in wild nothing comes from a seed; use --engine sim or --engine real");
    }
    if let (true, Some(value)) = (wild, jobs) {
        return no("--jobs", value, "wild runs one execution at a time; leave it out");
    }
    if let (true, Some(value)) = (strategy.is_exhaustive(), &search.seed) {
        let why = format!("{strategy} draws nothing; leave it out, or use a strategy such as random");
        return no("--seed", value, &why);
    }
    if let (Strategy::Dpor, Some(value)) = (strategy, jobs) {
        return no("--jobs", value, "dpor has one worker; leave it out, or use dfs, which shares its work");
    }
    Ok(())
}

/// Refuses a token of the environment where many schedules are run, and `why`.
pub(super) fn refuse_token(why: &str) -> Result<(), Error> {
    match environment::replay()? {
        Some(_) => Err(Error::Usage(format!(
            "SELVEDGE_REPLAY names one schedule, and {why}; unset it, or use `selvedge replay TOKEN`"
        ))),
        None => Ok(()),
    }
}

/// Refuses options of `explore` beside a token of the environment.
pub(super) fn refuse_beside_token(args: &Explore) -> Result<(), Error> {
    let faults = &args.faults;
    let own = [
        ("--exhaust", args.exhaust),
        ("--shard", args.shard.is_some()),
        ("--out", args.out.is_some()),
        ("--kills", faults.kills.is_some()),
        ("--fault", faults.fault.is_some()),
        ("--victim", !faults.victims.victim.is_empty()),
    ];
    refuse_given(&own)?;
    refuse_search_beside_token(&args.search)
}

/// Refuses options of a search beside a token of the environment.
pub(super) fn refuse_search_beside_token(search: &Search) -> Result<(), Error> {
    refuse_given(&[
        ("--strategy", search.strategy.is_some()),
        ("--executions", search.bounds.executions.is_some()),
        ("--time", search.bounds.time.is_some()),
        ("--seed", search.seed.is_some()),
        ("--jobs", search.jobs.is_some()),
    ])
}

fn refuse_given(options: &[(&str, bool)]) -> Result<(), Error> {
    match options.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Error::Usage(format!(
            "{option} means nothing while SELVEDGE_REPLAY names the one schedule to run; unset that"
        ))),
        None => Ok(()),
    }
}
