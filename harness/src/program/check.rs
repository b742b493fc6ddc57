//! From a program to a report: search, shrink, record.

use super::config::Config;
use super::environment;
use super::progress::Progress;
use super::run::{Found, Tally, Task, arm, search};
use crate::engine::{Engine, Executor, Model, session, wild, workers};
use crate::fault::Faults;
use crate::judge::{Recording, Verdict, record};
use crate::kernel::{Choice, Mismatch, Plan, Rng, faults};
use crate::shrink::{Shrunk, shrink};
use crate::strategy::Strategy;
use crate::token::{Identity, Token};
use crate::{Error, Granularity};
use serde::{Deserialize, Serialize};

/// What is explored, under which name it is known, and who watches.
pub(crate) struct Job<'a> {
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) watcher: Option<Watcher<'a>>,
}

/// Called now and then with the executions and violations so far.
pub(crate) type Watcher<'a> = &'a (dyn Fn(u64, u64) + Sync);

impl Job<'_> {
    /// A program known by a name alone.
    pub(crate) fn named(name: &str) -> Job<'static> {
        Job { name: name.to_owned(), identity: Identity::of(name), watcher: None }
    }
}

/// A violation, shrunk and recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The violation as it was found.
    pub found: Found,
    /// The smallest schedule known that shows it.
    pub schedule: Vec<Choice>,
    /// Context switches of that schedule.
    pub switches: usize,
    /// Fewest preemptions of any schedule known that shows it.
    pub preemptions: usize,
    /// No schedule with fewer switches shows it.
    pub proved_minimal: bool,
    /// Executions that the shrinker ran.
    pub shrink_executions: u64,
    /// Everything that happened in the small schedule.
    pub recording: Recording,
    /// The small schedule as text.
    pub token: String,
    /// The same schedule without its faults; none if it has none.
    pub control: Option<Control>,
}

/// A finding's schedule, run again without what went wrong in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// How that run ended: a pass shows that the fault is what it takes.
    pub verdict: Verdict,
}

/// What an exploration came out with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The program.
    pub program: String,
    /// The engine that ran it.
    pub engine: Engine,
    /// The strategy that searched.
    pub strategy: Strategy,
    /// What counted as a step.
    pub granularity: Granularity,
    /// The seed.
    pub seed: u64,
    /// What was counted.
    pub tally: Tally,
    /// The first violation, shrunk; none if no law was broken.
    pub finding: Option<Finding>,
}

impl Report {
    /// The report, if it decides anything; a violation is a panic that explains it.
    #[track_caller]
    pub(crate) fn demand(self) -> Result<Report, Error> {
        if let Some(message) = crate::report::failure(&self) {
            panic!("{message}");
        }
        if self.tally.executions == 0 {
            return Err(Error::Usage(format!(
                "{}: nothing ran: the budget ended before the first execution",
                self.program
            )));
        }
        match &self.tally.inconclusive {
            Some(found) => Err(Error::Inconclusive {
                program: self.program.clone(),
                executions: self.tally.executions,
                why: found.verdict.to_string(),
            }),
            None => Ok(self),
        }
    }
}

/// Refuses a configuration that cannot come to an end or to a verdict.
fn validate(config: &Config) -> Result<(), Error> {
    let value = |what: &str, value: &str, form: &str| {
        Err(Error::Value { what: what.to_owned(), value: value.to_owned(), form: form.to_owned() })
    };
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
    if config.budget.executions == Some(0) {
        return value("executions", "0", "a number of at least 1");
    }
    if config.jobs == 0 || config.jobs > 1024 {
        return value("jobs", &config.jobs.to_string(), "a number from 1 to 1024");
    }
    if config.limits.tasks == 0 || config.limits.steps == 0 || config.limits.steps > u32::MAX as usize {
        return value("limits", &format!("{:?}", config.limits), "room for at least one task and one step");
    }
    Ok(())
}

/// Explores a program as the configuration and the environment say.
pub(crate) fn check_model(model: &dyn Model, job: &Job<'_>, config: &Config) -> Result<Report, Error> {
    let (config, token) = if config.environment {
        environment::apply(config, &job.identity, &job.name)?
    } else {
        (config.clone(), None)
    };
    if let Some(token) = token {
        return replay_model(model, job, &config, &token);
    }
    validate(&config)?;
    if config.engine != Engine::Sim && !crate::kernel::current::get().is_null() {
        return Err(Error::Usage(format!(
            "{} cannot be explored in {} from inside a task of another exploration",
            job.name,
            config.engine.name()
        )));
    }
    let progress = Progress::new()?;
    let tally = match config.engine {
        Engine::Wild => wild::run(model, &config, &progress)?,
        Engine::Sim | Engine::Real => {
            let jobs = config.jobs.max(1) as u64;
            let tasks: Vec<Task> = (0..jobs).map(|worker| task(&config, model, (worker, jobs))).collect();
            let tallies = workers(
                config.engine,
                model,
                config.limits,
                job.watcher,
                &progress,
                &tasks,
                |executor, task| search(executor, task, &progress),
            )?;
            let mut all = tallies.into_iter();
            let mut total = all.next().unwrap_or_default();
            all.for_each(|tally| total.merge(tally));
            total
        }
    };
    let finding = match (&tally.first, config.engine) {
        (Some(found), Engine::Sim | Engine::Real) => Some(explain(model, job, &config, found)?),
        _ => None,
    };
    Ok(report(job, &config, tally, finding))
}

fn report(job: &Job<'_>, config: &Config, tally: Tally, finding: Option<Finding>) -> Report {
    Report {
        program: job.name.clone(),
        engine: config.engine,
        strategy: config.strategy.clone(),
        granularity: config.granularity,
        seed: config.seed,
        tally,
        finding,
    }
}

fn task(config: &Config, model: &dyn Model, shard: (u64, u64)) -> Task {
    Task {
        strategy: config.strategy.clone(),
        granularity: config.granularity,
        seed: config.seed,
        executions: config.budget.executions,
        time: config.budget.time,
        keep_going: config.keep_going,
        faults: config.faults_of(model),
        shard,
    }
}

/// Shrinks and records a violation.
fn explain(model: &dyn Model, job: &Job<'_>, config: &Config, found: &Found) -> Result<Finding, Error> {
    let faults = config.faults_of(model);
    let (shrunk, recording, control) = session(config.engine, model, config.limits, |executor| {
        executor.kernel().granularity = config.granularity;
        executor.kernel().arm(&faults, None);
        let shrunk = if config.shrink {
            shrink(executor, found, &faults, config.shrink_budget, config.shrink_time)
        } else {
            Shrunk::unchanged(found)
        };
        let recording = run_once(executor, &shrunk.schedule);
        let control = without_faults(executor, &recording.schedule);
        (shrunk, recording, control)
    })?;
    Ok(Finding { control, ..finding(job, config, found, shrunk, recording) })
}

fn finding(job: &Job<'_>, config: &Config, found: &Found, shrunk: Shrunk, recording: Recording) -> Finding {
    let token = Token {
        identity: job.identity.clone(),
        granularity: config.granularity,
        schedule: recording.schedule.clone(),
    };
    Finding {
        found: found.clone(),
        switches: crate::kernel::switches(&recording.schedule),
        preemptions: shrunk.preemptions,
        proved_minimal: shrunk.proved_minimal,
        shrink_executions: shrunk.executions,
        schedule: recording.schedule.clone(),
        token: token.to_string(),
        recording,
        control: None,
    }
}

/// Runs a schedule without its faults, as far as its choices can be followed then.
fn without_faults(executor: &mut dyn Executor, schedule: &[Choice]) -> Option<Control> {
    if faults(schedule) == 0 {
        return None;
    }
    let rest: Vec<Choice> = schedule.iter().copied().filter(|choice| !choice.outcome().is_fault()).collect();
    let kernel = executor.kernel();
    kernel.arm(&Faults::none(), None);
    kernel.plan = Plan { mismatch: Mismatch::Skip, ..Plan::STAY };
    kernel.set_prefix(&rest);
    Some(Control { verdict: executor.execute(&mut String::new()) })
}

/// Runs one schedule with a full record.
pub(crate) fn run_once(executor: &mut dyn Executor, schedule: &[Choice]) -> Recording {
    let kernel = executor.kernel();
    kernel.plan = Plan { record: true, rng: Rng::new(0), ..Plan::STAY };
    kernel.set_prefix(schedule);
    let mut label = String::new();
    let verdict = executor.execute(&mut label);
    record(executor, verdict, label)
}

/// Runs the executions with these numbers, each with a full record.
pub(crate) fn record_model(
    model: &dyn Model,
    config: &Config,
    indices: impl IntoIterator<Item = u64>,
) -> Result<Vec<Recording>, Error> {
    session(config.engine, model, config.limits, |executor| {
        let mut search = config.strategy.search(config.seed, (0, 1));
        let mut recordings = Vec::new();
        executor.kernel().granularity = config.granularity;
        let exhaustive = config.strategy.is_exhaustive();
        arm(executor, &config.faults_of(model), !exhaustive);
        'indices: for index in indices {
            loop {
                executor.kernel().granularity = config.granularity;
                if !search.plan(index, executor.kernel()) {
                    break 'indices;
                }
                executor.kernel().plan.record = true;
                let mut label = String::new();
                let verdict = executor.execute(&mut label);
                // A pilot run is not one of the executions asked for.
                if search.learn(executor.kernel()) || exhaustive {
                    recordings.push(record(executor, verdict, label));
                    break;
                }
            }
        }
        recordings
    })
}

/// Runs the schedule of a token.
pub(crate) fn replay_model(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    token: &Token,
) -> Result<Report, Error> {
    let config = Config { strategy: Strategy::Replay(token.schedule.clone()), ..config.clone() };
    let (recording, control, seconds) = session(config.engine, model, config.limits, |executor| {
        executor.kernel().granularity = token.granularity;
        let begun = std::time::Instant::now();
        let recording = run_once(executor, &token.schedule);
        let control = without_faults(executor, &recording.schedule);
        (recording, control, begun.elapsed().as_secs_f64())
    })?;
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
    let finding = Finding { control, ..finding(job, &config, &found, shrunk, recording) };
    Ok(report(job, &config, tally, Some(finding)))
}

/// Shrinks the schedule of a token.
pub(crate) fn shrink_model(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    token: &Token,
) -> Result<Report, Error> {
    let replayed = replay_model(model, job, config, token)?;
    let Some(found) = replayed.tally.first.clone() else { return Ok(replayed) };
    let config = Config { granularity: token.granularity, ..config.clone() };
    let finding = explain(model, job, &config, &found)?;
    Ok(Report { finding: Some(finding), ..replayed })
}
