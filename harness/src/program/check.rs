//! From a program to a report: search, shrink, record.

use super::config::Config;
use super::determinism::{confirm, run_again};
use super::environment;
use super::exits::{Tell, teller};
use super::finding::{Control, Finding, Report};
use super::progress::Progress;
use super::run::{Found, Tally, Task, arm, search};
use super::shard::{Shard, together};
use super::swap::{swap, with_token};
use crate::Error;
use crate::engine::{Engine, Executor, Model, session, wild, workers};
use crate::fault::{Faults, check_victims};
use crate::judge::{Difference, Recording, Verdict, other_end, record};
use crate::kernel::{Choice, Mismatch, Plan, Rng, faults};
use crate::shrink::{Shrunk, ends_if_fair, shrink};
use crate::strategy::Strategy;
use crate::token::{Identity, Token};

/// What is explored, under which name it is known, and who watches.
pub(crate) struct Job<'a> {
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) watcher: Option<Watcher<'a>>,
    /// Gets what was counted so far, every now and then; the run is cut into slices then.
    pub(crate) keeper: Option<Keeper<'a>>,
    /// Tells of an exit that ends this program; where there is none, the library does.
    pub(crate) tell: Option<Tell>,
}

/// Called between two slices of a run.
pub(crate) type Keeper<'a> = &'a (dyn Fn(&Tally) + Sync);

/// Called now and then with the executions and violations so far.
pub(crate) type Watcher<'a> = &'a (dyn Fn(u64, u64) + Sync);

impl Job<'_> {
    /// A program known by a name alone.
    pub(crate) fn named(name: &str) -> Job<'static> {
        Job::new(name, Identity::of(name))
    }

    /// A program that nobody watches.
    pub(crate) fn new(name: &str, identity: Identity) -> Job<'static> {
        Job { name: name.to_owned(), identity, watcher: None, keeper: None, tell: None }
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
    config.strategy.validate()?;
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

/// The names of the tasks that are there from the start.
pub(crate) fn task_names(model: &dyn Model) -> Vec<String> {
    (0..model.tasks()).map(|task| model.task_name(task)).collect()
}

/// Whether tasks that may be killed are there; of a dynamic program nobody knows before.
pub(super) fn has_victims(model: &dyn Model, config: &Config) -> Result<(), Error> {
    if model.dynamic() {
        return Ok(());
    }
    check_victims(&config.faults_of(model).victims, &task_names(model))
}

/// Refuses a program in which nothing runs: it would hold whatever it says.
pub(super) fn has_tasks(model: &dyn Model, program: &str) -> Result<(), Error> {
    if model.tasks() > 0 {
        return Ok(());
    }
    let why = "the program has no tasks; give it some with `task`, `tasks` or `threads`";
    Err(Error::NothingRan { program: program.to_owned(), why })
}

/// Explores a program as the configuration and the environment say.
pub(crate) fn check_model(model: &dyn Model, job: &Job<'_>, config: &Config) -> Result<Report, Error> {
    let (config, token) = if config.environment {
        environment::apply(config, &job.identity, &job.name)?
    } else {
        (config.clone(), None)
    };
    if let Some(token) = token {
        return super::replay::replay_model(model, job, &config, &token);
    }
    validate(&config)?;
    validate_shard(&config)?;
    has_tasks(model, &job.name)?;
    has_victims(model, &config)?;
    if config.strategy == Strategy::Dpor && config.faults_of(model) != Faults::none() {
        return Err(Error::Usage(format!("{}: dpor does not explore faults; dfs does", job.name)));
    }
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
        Engine::Sim | Engine::Real => run(model, job, &config, &progress)?,
    };
    let (tally, finding) = examine(model, job, &config, tally)?;
    let report = report(model, job, &config, tally, finding);
    if let Some(warning) = report.warning() {
        eprintln!("selvedge: warning: {}: {warning}", report.program);
    }
    Ok(report)
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

pub(super) fn report(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    tally: Tally,
    finding: Option<Finding>,
) -> Report {
    Report {
        tasks: task_names(model),
        program: job.name.clone(),
        engine: config.engine,
        strategy: config.strategy.clone(),
        granularity: config.granularity,
        seed: config.seed,
        tally,
        finding,
    }
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
        let recording = confirm(executor, found)?;
        let shrunk = if config.shrink {
            shrink(executor, found, &faults, config.shrink_budget, config.shrink_time)
        } else {
            Shrunk::unchanged(found)
        };
        let recording = if shrunk.schedule == found.schedule {
            recording
        } else {
            let (small, differs) = run_again(executor, &shrunk.schedule);
            match differs {
                Some(difference) => return Err(difference),
                None if !small.verdict.is_like(&found.verdict) => {
                    return Err(other_end(&found.verdict, &small));
                }
                None => small,
            }
        };
        let livelock = matches!(recording.verdict, Verdict::Livelock { .. });
        let fair = livelock.then(|| ends_if_fair(executor, &recording.schedule));
        let swapped = swap(executor, &recording);
        let control = without_faults(executor, &recording.schedule);
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

/// Runs a schedule without its faults, as far as its choices can be followed then.
pub(super) fn without_faults(executor: &mut dyn Executor, schedule: &[Choice]) -> Option<Control> {
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
    let (verdict, label) = run_recorded(executor, schedule);
    record(executor, verdict, label)
}

/// Runs one schedule; the record stays in the kernel. How it ended, and its label.
pub(super) fn run_recorded(executor: &mut dyn Executor, schedule: &[Choice]) -> (Verdict, String) {
    let kernel = executor.kernel();
    kernel.plan = Plan { record: true, rng: Rng::new(0), ..Plan::STAY };
    kernel.set_prefix(schedule);
    let mut label = String::new();
    let verdict = executor.execute(&mut label);
    (verdict, label)
}

/// Runs the executions with these numbers, each with a full record.
pub(crate) fn record_model(
    model: &dyn Model,
    config: &Config,
    indices: impl IntoIterator<Item = u64> + Send,
) -> Result<Vec<Recording>, Error> {
    config.strategy.validate()?;
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
