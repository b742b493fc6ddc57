//! Running the schedule of a token, and making it smaller.
//!
//! Called by the command line, for `SELVEDGE_REPLAY`, and for regressions.
//!
//! When a process dies here, see the engines: the error says how its controller ended.

use super::check::refused;
use super::config::Config;
use super::determinism::run_again;
use super::exits::teller;
use super::explain::{control, examine, finding, report};
use super::finding::{Finding, Report};
use super::job::Job;
use super::run::torn;
use super::swap::{swap, with_token};
use super::tally::{Found, Tally};
use super::validate::has_tasks;
use crate::Error;
use crate::engine::{Engine, Model, session};
use crate::fault::Faults;
use crate::judge::Verdict;
use crate::shrink::{Shrunk, ends_if_fair};
use crate::strategy::Strategy;
use crate::token::Token;

/// Runs the schedule of a token.
pub(crate) fn replay_model(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    token: &Token,
) -> Result<Report, Error> {
    has_tasks(model, &job.name)?;
    if config.engine == Engine::Wild {
        return Err(Error::Usage(format!(
            "{}: a schedule cannot be replayed in wild, where nobody schedules; use sim or real",
            job.name
        )));
    }
    let (steps, most) = (token.schedule.len(), config.limits.steps);
    if steps > most {
        return Err(Error::Token(format!("has {steps} steps, and {most} is the most; see `Config::limits`")));
    }
    let config = Config {
        strategy: Strategy::Replay(token.schedule.clone()),
        granularity: token.granularity,
        ..config.clone()
    };
    let teller = teller(job, &config);
    let (mut recording, differs, torn, seconds, fair, control, swapped) =
        session(config.engine, model, config.limits, |executor| {
            executor.tell_exits(&teller);
            executor.kernel().granularity = token.granularity;
            let begun = std::time::Instant::now();
            let (recording, differs) = run_again(executor, &token.schedule);
            let seconds = begun.elapsed().as_secs_f64();
            let torn = torn(executor);
            let livelock = matches!(recording.verdict, Verdict::Livelock { .. });
            let fair = livelock.then(|| ends_if_fair(executor, &recording.schedule));
            let swapped = swap(executor, &recording, config.shrink_time);
            let control = control(executor, &recording, &Faults::none());
            (recording, differs, torn, seconds, fair, control, swapped)
        })?;
    refused(&recording.verdict)?;
    if let Some(difference) = differs {
        recording.verdict = Verdict::Nondeterministic(difference);
    }
    let verdict = recording.verdict.clone();
    let found = Found {
        index: 0,
        schedule: recording.schedule.clone(),
        verdict: verdict.clone(),
        label: recording.label.clone(),
    };
    let violation = verdict.is_violation();
    let mut tally = Tally {
        executions: 1,
        steps: recording.steps.len() as u64,
        violations: u64::from(violation),
        complete: true,
        torn,
        seconds,
        ..Tally::default()
    };
    if !recording.label.is_empty() {
        tally.outcomes.insert(recording.label.clone(), 1);
    }
    if violation {
        tally.first = Some(found.clone());
    } else if verdict != Verdict::Pass {
        tally.inconclusive = Some(found.clone());
    }
    // A passing replay is shown as well: its record is what `show` prints.
    let shrunk = Shrunk::unchanged(&found);
    let finding = Finding {
        control,
        swap: with_token(swapped, job, &config),
        ends_if_fair: fair,
        ..finding(job, &config, &found, shrunk, recording)
    };
    Ok(report(model, job, &config, tally, Some(finding)))
}

/// Shrinks the schedule of a token.
pub(crate) fn shrink_model(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    token: &Token,
) -> Result<Report, Error> {
    let replayed = replay_model(model, job, config, token)?;
    if replayed.tally.first.is_none() {
        return Ok(replayed);
    }
    let config = Config { granularity: token.granularity, ..config.clone() };
    let (tally, finding) = examine(model, job, &config, replayed.tally.clone())?;
    Ok(Report { tally, finding, ..replayed })
}
