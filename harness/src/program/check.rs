//! From a program to a report: what was asked for is checked, run and explained.

use super::aloud::aloud;
use super::config::Config;
use super::environment;
use super::exits::teller;
use super::explain::{examine, report};
use super::finding::Report;
use super::job::Job;
use super::progress::Progress;
use super::run::{Task, search};
use super::shard::together;
use super::tally::Tally;
use super::validate::validate_all;
use crate::Error;
use crate::engine::{Engine, Model, wild, workers};
use crate::judge::Verdict;
use crate::strategy::Strategy;

/// Explores a program as the configuration and the environment say; what its reader should know
/// besides is said aloud.
pub(crate) fn check_model(model: &dyn Model, job: &Job<'_>, config: &Config) -> Result<Report, Error> {
    explore_model(model, job, config).inspect(warn)
}

/// Says what the reader of a report should know although something was decided.
pub(super) fn warn(report: &Report) {
    if let Some(warning) = report.warning() {
        aloud(format_args!("warning: {}: {warning}", report.program));
    }
}

/// Explores a program as the configuration and the environment say, for a caller that passes
/// the report's warning on by itself.
pub(crate) fn explore_model(model: &dyn Model, job: &Job<'_>, config: &Config) -> Result<Report, Error> {
    let (config, token) = if config.environment {
        environment::apply(config, &job.identity, &job.name)?
    } else {
        (config.clone(), None)
    };
    if let Some(token) = token {
        let report = super::replay::replay_model(model, job, &config, &token)?;
        if report.undecided().is_some() {
            aloud(format_args!(
                "{}: the schedule in SELVEDGE_REPLAY decides nothing; unset that to explore",
                report.program
            ));
        }
        return Ok(report);
    }
    validate_all(model, &job.name, &config)?;
    if config.engine != Engine::Sim && !crate::kernel::current::get().is_null() {
        return Err(Error::Usage(format!(
            "{} cannot be explored in {} from inside a task of another exploration",
            job.name,
            config.engine.name()
        )));
    }
    // A task may explore something else, which is no part of its program.
    let progress = crate::unobserved(Progress::new)?;
    let tally = match config.engine {
        Engine::Wild => wild::run(model, &config, &progress)?,
        Engine::Sim | Engine::Real => run(model, job, &config, &progress)?,
    };
    if let Some(found) = &tally.inconclusive {
        refused(&found.verdict)?;
    }
    let (tally, finding) = examine(model, job, &config, tally)?;
    Ok(report(model, job, &config, tally, finding))
}

/// What an execution was refused is nothing to report of its program, but a mistake of whoever
/// runs it.
pub(super) fn refused(verdict: &Verdict) -> Result<(), Error> {
    match verdict {
        Verdict::Refused(why) => Err(Error::Usage(why.clone())),
        _ => Ok(()),
    }
}

/// Executions of a slice at least, and at most: seconds, not minutes.
const SLICE: (u64, u64) = (1_000, 200_000);

/// Runs the share of the run, in one slice or in several.
fn run(model: &dyn Model, job: &Job<'_>, config: &Config, progress: &Progress) -> Result<Tally, Error> {
    // One schedule is run once, whoever could help; and dpor does not share its work.
    let alone = matches!(config.strategy, Strategy::Replay(_) | Strategy::Dpor);
    let jobs = if alone { 1 } else { config.jobs as u64 };
    let exhaustive = config.strategy.is_exhaustive();
    let end = config.budget.executions;
    let all = u64::from(config.shard.of()) * jobs;
    let slice = match (job.keeper, end) {
        (Some(_), Some(end)) if !exhaustive && config.budget.time.is_none() => {
            (end / 32).clamp(SLICE.0, SLICE.1).next_multiple_of(all)
        }
        _ => u64::MAX,
    };
    let teller = teller(job, config);
    let mut total: Option<Tally> = None;
    let mut from = 0_u64;
    loop {
        let last = from.saturating_add(slice);
        let to = end.map(|end| end.min(last));
        let tasks: Vec<Task> = (0..jobs)
            .map(|worker| Task {
                from,
                executions: to,
                verify: worker == 0 && from == 0,
                ..task(config, model, config.shard.worker(worker, jobs))
            })
            .collect();
        let parts =
            workers(config.engine, model, config.limits, job.watcher, progress, &tasks, |executor, task| {
                executor.tell_exits(&teller);
                search(executor, task, progress)
            })?;
        let part = together(parts, exhaustive);
        let now = match total {
            Some(total) => total.then(part),
            None => part,
        };
        if let Some(keep) = job.keeper {
            keep(&now);
        }
        let done = now.inconclusive.is_some() || now.first.is_some() && !config.keep_going;
        if done || end.is_none_or(|end| last >= end) {
            return Ok(now);
        }
        total = Some(now);
        from = last;
    }
}

fn task(config: &Config, model: &dyn Model, shard: (u64, u64)) -> Task {
    Task {
        strategy: config.strategy.clone(),
        granularity: config.granularity,
        seed: config.seed,
        from: 0,
        executions: config.budget.executions,
        time: config.budget.time,
        keep_going: config.keep_going,
        faults: config.faults_of(model),
        shard,
        verify: false,
    }
}
