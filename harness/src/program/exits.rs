//! The finding that a task exits where tasks are fibers: told at the last moment.
//!
//! Called by the engine when that happens: the program that explores is about to end, and
//! nothing can stop that. The finding is what `real` would say of a process that ends
//! although its code has not; its record is made in a process of its own, which follows the
//! schedule up to the last step before the exit. It is not shrunk: the same `exit` would end
//! every attempt.
//!
//! When the process that makes the record dies here, the finding is told without a record of
//! its steps.

use super::config::Config;
use super::explain::{finding, report};
use super::finding::Report;
use super::job::Job;
use super::tally::{Found, Tally};
use crate::engine::{Engine, Exit, Model, Teller, apart, session};
use crate::judge::{Recording, TaskRecord, Verdict, record};
use crate::kernel::{Choice, Plan};
use crate::report::Caller;
use crate::shrink::Shrunk;
use std::sync::Arc;

/// Tells a report of an exit, and returns the code with which the program ends.
pub(crate) type Tell = Arc<dyn Fn(&Report) -> i32 + Send + Sync>;

/// The code of a failed test.
const FAILED: i32 = 101;

/// Who tells of exits while a program is explored.
pub(super) fn teller(job: &Job<'_>, config: &Config) -> Teller {
    let (name, identity, tell, config) =
        (job.name.clone(), job.identity.clone(), job.tell.clone(), config.clone());
    let caller = Arc::new(Caller::here());
    Arc::new(move |model, exit| {
        let job = Job::new(&name, identity.clone());
        let tell = || {
            let report = found(model, &job, &config, exit);
            tell.as_ref().map_or_else(|| say(&report), |tell| tell(&report))
        };
        let caller = caller.clone();
        let tell = || {
            caller.deputize();
            tell()
        };
        std::thread::scope(|scope| {
            let teller = std::thread::Builder::new().spawn_scoped(scope, tell);
            teller.map_or(FAILED, |told| told.join().unwrap_or(FAILED))
        })
    })
}

/// Tells a report on standard error; the code of a failed test.
pub(super) fn say(report: &Report) -> i32 {
    eprintln!("{}\n\n{}", note(report), crate::report::failure(report).unwrap_or_default());
    FAILED
}

/// What is not as usual.
pub(crate) fn note(report: &Report) -> String {
    let task = report.tally.first.as_ref().map(|found| &found.verdict);
    let who = match task {
        Some(Verdict::Died { task, .. }) => report.task_name(*task),
        _ => "a task".to_owned(),
    };
    format!(
        "selvedge: {who} called exit(), which ends the exploration as well: in fibers all tasks share one \
         process. The finding is not shrunk; --engine real (SELVEDGE_ENGINE=real) shrinks it."
    )
}

/// The report of an exit.
fn found(model: &dyn Model, job: &Job<'_>, config: &Config, exit: &Exit) -> Report {
    let verdict = Verdict::Died { task: exit.task, step: exit.schedule.len(), status: exit.code };
    let recorded = |steps: &[Choice]| recorded(model, config, steps, exit.code);
    let recording = match exit.schedule.as_slice() {
        [] => None,
        steps => apart(&|| (), || recorded(steps)).ok().flatten(),
    };
    let recording = recording.filter(|recording| recording.schedule == exit.schedule);
    let recording = recording.unwrap_or_else(|| without_steps(model, exit));
    let recording = Recording { verdict: verdict.clone(), ..recording };
    let found = Found { index: exit.index, schedule: exit.schedule.clone(), verdict, label: String::new() };
    let tally = Tally {
        executions: exit.index + 1,
        steps: exit.schedule.len() as u64,
        violations: 1,
        first: Some(found.clone()),
        ..Tally::default()
    };
    let finding = finding(job, config, &found, Shrunk::unchanged(&found), recording);
    report(model, job, config, tally, Some(finding))
}

/// The record of a schedule up to the exit after its last step.
fn recorded(model: &dyn Model, config: &Config, steps: &[Choice], code: i32) -> Option<Recording> {
    let run = session(Engine::Sim, model, config.limits, |executor| {
        let kernel = executor.kernel();
        kernel.granularity = config.granularity;
        kernel.arm(&config.faults_of(model), None);
        let exit = Some((steps.len() as u32 - 1, code));
        kernel.plan = Plan { record: true, exit, ..Plan::STAY };
        kernel.set_prefix(steps);
        let mut label = String::new();
        let verdict = executor.execute(&mut label);
        record(executor, verdict, label)
    });
    run.ok()
}

/// A record of nothing but the tasks.
fn without_steps(model: &dyn Model, exit: &Exit) -> Recording {
    let task = |task: usize| TaskRecord {
        name: model.task_name(task),
        role: model.role(task),
        status: (task == exit.task).then_some(exit.code),
        pending: None,
        helps: false,
    };
    Recording {
        tasks: (0..model.tasks()).map(task).collect(),
        steps: Vec::new(),
        objects: Vec::new(),
        schedule: exit.schedule.clone(),
        preemptions: Vec::new(),
        verdict: Verdict::Pass,
        label: String::new(),
    }
}
