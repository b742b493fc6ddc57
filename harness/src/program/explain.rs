//! From a violation to a finding: confirmed, shrunk, recorded, compared with what passes.
//!
//! Called when a search has ended, and for the token that `selvedge shrink` is given.
//!
//! 1. A violation that does not come out the same again is no finding; what differs is told.
//!
//! When a process dies here, see the engines: only their executions run.

use super::config::Config;
use super::determinism::{confirm, glance};
use super::exits::teller;
use super::finding::{Control, Finding, Report};
use super::job::Job;
use super::swap::{swap, with_token};
use super::tally::{Found, Tally};
use crate::Error;
use crate::engine::{Engine, Executor, Model, session};
use crate::fault::Faults;
use crate::judge::{Difference, Recording, Verdict};
use crate::kernel::{Choice, Mismatch, Outcome, Plan, faults};
use crate::shrink::{Shrunk, ends_if_fair, shrink};
use crate::strategy::Strategy;
use crate::token::Token;

/// Explains what was found, unless it turns out to be nothing that the schedule decides.
pub(super) fn examine(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    mut tally: Tally,
) -> Result<(Tally, Option<Finding>), Error> {
    let mut finding = None;
    if let Some(found) = tally.first.take_if(|_| config.engine != Engine::Wild) {
        match explain(model, job, config, &found)? {
            Ok(explained) => {
                tally.first = Some(found);
                finding = Some(explained);
            }
            Err(difference) => {
                tally.inconclusive = Some(Found { verdict: Verdict::Nondeterministic(difference), ..found });
            }
        }
    }
    // The first execution tells more than a plan that no longer fitted.
    if let (Some(difference), Some(found)) = (&tally.nondeterministic, &mut tally.inconclusive)
        && matches!(found.verdict, Verdict::Nondeterministic(_))
    {
        found.verdict = Verdict::Nondeterministic(difference.clone());
    }
    Ok((tally, finding))
}

/// The names of the tasks that are there from the start.
pub(crate) fn task_names(model: &dyn Model) -> Vec<String> {
    (0..model.tasks()).map(|task| model.task_name(task)).collect()
}

pub(super) fn report(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    tally: Tally,
    finding: Option<Finding>,
) -> Report {
    let allowed = config.faults_of(model);
    let faults = match &config.strategy {
        // Nobody can make anything go wrong there.
        _ if config.engine == Engine::Wild => Faults::none(),
        Strategy::Replay(schedule) => allowed.used_by(schedule),
        _ => allowed,
    };
    Report {
        tasks: task_names(model),
        program: job.name.clone(),
        engine: config.engine,
        strategy: config.strategy.clone(),
        granularity: config.granularity,
        seed: config.seed,
        faults,
        shard: config.shard,
        tally,
        finding,
    }
}

/// Shrinks and records a violation; or, where it does not come out the same again, what
/// differs.
fn explain(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    found: &Found,
) -> Result<Result<Finding, Difference>, Error> {
    let faults = config.faults_of(model);
    let teller = teller(job, config);
    let explained = session(config.engine, model, config.limits, |executor| {
        executor.tell_exits(&teller);
        executor.number(found.index);
        executor.kernel().granularity = config.granularity;
        executor.kernel().arm(&faults, None);
        let shrunk = if config.shrink {
            glance(executor, found)?;
            shrink(executor, found, &faults, config.shrink_budget, config.shrink_time)
        } else {
            Shrunk::unchanged(found)
        };
        let recording = confirm(executor, found, &shrunk.schedule)?;
        let livelock = matches!(recording.verdict, Verdict::Livelock { .. });
        let fair = livelock.then(|| ends_if_fair(executor, &recording.schedule));
        let swapped = swap(executor, &recording, config.shrink_time);
        let control = control(executor, &recording, &faults);
        Ok((shrunk, recording, fair, control, swapped))
    })?;
    Ok(explained.map(|(shrunk, recording, ends_if_fair, control, swapped)| Finding {
        ends_if_fair,
        control,
        swap: with_token(swapped, job, config),
        ..finding(job, config, found, shrunk, recording)
    }))
}

pub(super) fn finding(
    job: &Job<'_>,
    config: &Config,
    found: &Found,
    shrunk: Shrunk,
    recording: Recording,
) -> Finding {
    let schedule = recording.schedule.clone();
    let token =
        Token { identity: job.identity.clone(), granularity: config.granularity, schedule: schedule.clone() };
    Finding {
        found: found.clone(),
        switches: crate::kernel::switches(&schedule),
        preemptions: shrunk.preemptions,
        proved_minimal: shrunk.proved_minimal,
        shrink_executions: shrunk.executions,
        schedule,
        token: token.to_string(),
        ends_if_fair: None,
        recording,
        control: None,
        swap: None,
    }
}

/// Runs a schedule without its kills or, where it has none, without its other faults, as far as its
/// choices can be followed then. Where nothing went wrong of what was `allowed`, it has been run so.
pub(super) fn control(
    executor: &mut dyn Executor,
    recording: &Recording,
    allowed: &Faults,
) -> Option<Control> {
    let schedule = &recording.schedule;
    if faults(schedule) == 0 {
        let as_usual = schedule.iter().all(|choice| choice.outcome().is_run());
        return (as_usual && allowed.strike()).then(|| Control { verdict: recording.verdict.clone() });
    }
    let kills = schedule.iter().any(|choice| choice.outcome() == Outcome::Kill);
    let goes = |outcome: Outcome| if kills { outcome == Outcome::Kill } else { outcome.is_fault() };
    let rest: Vec<Choice> = schedule.iter().copied().filter(|choice| !goes(choice.outcome())).collect();
    let kernel = executor.kernel();
    kernel.arm(allowed, None);
    kernel.plan = Plan { mismatch: Mismatch::Skip, ..Plan::STAY };
    kernel.set_prefix(&rest);
    Some(Control { verdict: executor.execute(&mut String::new()) })
}
