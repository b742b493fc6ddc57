//! Runs with a full record.
//!
//! Called for findings, replays and the census, and by tests that compare traces.

use super::config::Config;
use super::run::arm;
use crate::Error;
use crate::engine::{Executor, Model, session};
use crate::judge::{Recording, Trace, Verdict, record};
use crate::kernel::{Choice, Plan, Rng};

/// Runs one schedule with a full record.
pub(crate) fn run_once(executor: &mut dyn Executor, schedule: &[Choice]) -> Recording {
    let (verdict, label) = run_recorded(executor, schedule, 0);
    record(executor, verdict, label)
}

/// Runs one schedule with a record that other runs of it can be compared with.
pub(super) fn run_traced(executor: &mut dyn Executor, schedule: &[Choice]) -> Trace {
    let (verdict, label) = run_recorded(executor, schedule, 0);
    Trace::of(executor, verdict, label)
}

/// Runs one schedule with a crowd on the heap; the record stays in the kernel. How it ended,
/// and its label.
pub(super) fn run_recorded(executor: &mut dyn Executor, schedule: &[Choice], crowd: u8) -> (Verdict, String) {
    let kernel = executor.kernel();
    kernel.plan = Plan { record: true, crowd, rng: Rng::new(0), ..Plan::STAY };
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
