//! The kill census: every place at which a victim can be killed, and what came of it.
//!
//! Called by the command line and by tests of crash programs. A kill point is a task and
//! one of its operations, counted from its start: the kill comes before that operation.
//!
//! | mode | kill points of |
//! |---|---|
//! | along one run | the run without preemption: one execution for each point |
//! | exhaustive | every schedule with at most one kill |
//!
//! 1. A point counts as killed only if its task was seen dead by SIGKILL afterwards.
//! 2. The program is also run without any kill; one that fails then is *vacuous*: its
//!    kills prove nothing.
//!
//! In `real` the processes are killed for real, before each further execution the
//! controller forks those that are missing.

use super::check::refused;
use super::config::Config;
use super::job::Job;
use super::record::run_once;
use super::validate::has_victims;
use crate::Error;
use crate::engine::{Executor, Model, session};
use crate::fault::Faults;
use crate::judge::{Place, Recording, Verdict};
use crate::kernel::{Choice, Outcome, Plan};
use crate::strategy::{Bounds, Dfs, Search};
use crate::token::Token;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// A place at which a task can be killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillPoint {
    /// The victim.
    pub task: String,
    /// Which of its operations the kill comes before, from 1.
    pub nth: usize,
    /// That operation.
    pub operation: String,
    /// Where it is called.
    pub place: Place,
    /// Executions in which the victim came to this point and went on or was killed.
    pub reached: u64,
    /// Executions in which it was killed there, and seen dead.
    pub killed: u64,
    /// Those of them that broke a law.
    pub failed: u64,
    /// What the first of these broke.
    pub verdict: Option<Verdict>,
    /// The schedule of the first of these.
    pub token: Option<String>,
}

/// What a census came out with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Census {
    /// The kill points, in the order in which they were met.
    pub points: Vec<KillPoint>,
    /// How the program ends without a kill; with an exhaustive census, the first that is
    /// a violation.
    pub baseline: Verdict,
    /// Executions that were run.
    pub executions: u64,
    /// Every schedule was run.
    pub complete: bool,
}

impl Census {
    /// Kill points that break a law.
    pub fn breaking(&self) -> usize {
        self.points.iter().filter(|point| point.failed > 0).count()
    }

    /// Kill points at which a task was killed.
    pub fn killed(&self) -> usize {
        self.points.iter().filter(|point| point.killed > 0).count()
    }

    /// The program fails without a kill: its kills prove nothing.
    pub fn is_vacuous(&self) -> bool {
        self.baseline.is_violation()
    }
}

/// How much an exhaustive census may run.
struct Until {
    executions: u64,
    time: Option<Instant>,
}

/// The census of a program: along the run without preemption, or over all schedules.
pub(crate) fn census_model(
    model: &dyn Model,
    job: &Job<'_>,
    config: &Config,
    exhaustive: bool,
) -> Result<Census, Error> {
    has_victims(model, config)?;
    let wanted = config.faults_of(model);
    let faults = Faults { victims: wanted.victims, ..Faults::kills(1) };
    let until = Until {
        executions: config.budget.executions.unwrap_or(u64::MAX),
        time: config.budget.time.map(|time| Instant::now() + time.max(Duration::from_millis(1))),
    };
    let census = session(config.engine, model, config.limits, |executor| {
        executor.kernel().granularity = config.granularity;
        executor.kernel().arm(&faults, None);
        let mut book = Book {
            census: Census { points: Vec::new(), baseline: Verdict::Pass, executions: 0, complete: false },
            job,
            config,
        };
        if exhaustive {
            book.all_runs(executor, &until);
        } else {
            book.one_run(executor);
        }
        book.census
    })?;
    refused(&census.baseline)?;
    Ok(census)
}

/// The census while it is taken.
struct Book<'b> {
    census: Census,
    job: &'b Job<'b>,
    config: &'b Config,
}

impl Book<'_> {
    fn one_run(&mut self, executor: &mut dyn Executor) {
        let base = run_once(executor, &[]);
        self.census.executions += 1;
        self.census.baseline = base.verdict.clone();
        let victims: Vec<bool> =
            (0..base.tasks.len()).map(|task| executor.kernel().task(task).victim).collect();
        for (at, choice) in base.schedule.iter().enumerate() {
            if !choice.outcome().is_turn() || !victims[choice.task()] {
                continue;
            }
            let mut schedule = base.schedule[..at].to_vec();
            schedule.push(Choice::new(choice.task(), Outcome::Kill));
            let recording = run_once(executor, &schedule);
            self.census.executions += 1;
            let point = self.point(&base, at);
            self.census.points[point].reached += 1;
            self.killed(point, &recording);
        }
        self.census.complete = true;
    }

    fn all_runs(&mut self, executor: &mut dyn Executor, until: &Until) {
        let mut dfs = Dfs::new(Bounds::default(), (0, 1));
        while self.census.executions < until.executions
            && until.time.is_none_or(|end| Instant::now() < end)
            && dfs.plan(0, executor.kernel())
        {
            executor.kernel().plan = Plan { record: true, ..executor.kernel().plan };
            let mut label = String::new();
            let verdict = executor.execute(&mut label);
            dfs.learn(executor.kernel());
            let recording = crate::judge::record(executor, verdict, label);
            self.census.executions += 1;
            let mut kill = None;
            for (at, step) in recording.steps.iter().enumerate() {
                if executor.kernel().task(step.task).victim {
                    let point = self.point(&recording, at);
                    self.census.points[point].reached += 1;
                    if step.outcome == Outcome::Kill {
                        kill = Some(point);
                    }
                }
            }
            match kill {
                Some(point) => self.killed(point, &recording),
                None if !self.census.baseline.is_violation() => {
                    self.census.baseline = recording.verdict.clone();
                }
                None => {}
            }
        }
        self.census.complete = dfs.complete();
        self.census.points.sort_by(|a, b| (&a.task, a.nth).cmp(&(&b.task, b.nth)));
    }

    /// The entry of the kill point before the step with this index.
    fn point(&mut self, recording: &Recording, at: usize) -> usize {
        let step = &recording.steps[at];
        let earlier = recording.steps[..at].iter();
        let nth = earlier.filter(|other| other.task == step.task && other.outcome.is_turn()).count() + 1;
        let task = recording.task_name(step.task);
        let operation = crate::report::announced(recording, step);
        let same = |point: &KillPoint| {
            point.task == task
                && point.nth == nth
                && point.operation == operation
                && point.place == step.place
        };
        if let Some(index) = self.census.points.iter().position(same) {
            return index;
        }
        self.census.points.push(KillPoint {
            task,
            nth,
            operation,
            place: step.place.clone(),
            reached: 0,
            killed: 0,
            failed: 0,
            verdict: None,
            token: None,
        });
        self.census.points.len() - 1
    }

    /// An execution in which a task was killed at this point.
    fn killed(&mut self, point: usize, recording: &Recording) {
        let point = &mut self.census.points[point];
        let mut kills = recording.steps.iter().filter(|step| step.outcome == Outcome::Kill);
        let seen_dead = |task: usize| recording.tasks[task].status == Some(-(nix::libc::SIGKILL));
        if !kills.next().is_some_and(|step| seen_dead(step.task)) {
            return;
        }
        point.killed += 1;
        if !recording.verdict.is_violation() {
            return;
        }
        point.failed += 1;
        if point.verdict.is_none() {
            let token = Token {
                identity: self.job.identity.clone(),
                granularity: self.config.granularity,
                schedule: recording.schedule.clone(),
            };
            point.verdict = Some(recording.verdict.clone());
            point.token = Some(token.to_string());
        }
    }
}
