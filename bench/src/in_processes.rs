//! The programs of the bench `real`, explored in real processes.
//!
//! Used by the bench, and by the binary `one`, which runs them for a profiler.

use selvedge_harness::prelude::*;
use selvedge_harness::strategy::Strategy;
use selvedge_harness::{Report, check};
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

shareable! {
    struct Pair { value: Value<u32>, last: AtomicU32, switches: AtomicU32 }
    struct Stock { left: Value<u32>, sold: Value<u32> }
}

const STEPS: u32 = 2_000;

fn config(executions: u64) -> Config {
    Config::default()
        .strategy(Strategy::Random)
        .engine(Engine::Real)
        .executions(executions)
        .ignore_environment()
}

/// The report of an exploration that found nothing, as none here can.
fn sound(report: Result<Report, selvedge_harness::Error>) -> Report {
    let report = report.expect("the configuration is right");
    assert!(report.tally.violations == 0 && report.tally.inconclusive.is_none(), "found: {report:?}");
    report
}

fn rate(report: &Report) -> f64 {
    report.tally.executions as f64 / report.tally.seconds
}

/// Nanoseconds for each context switch of two warm processes.
///
/// # Panics
/// If they cannot be explored.
pub fn switching(executions: u64) -> f64 {
    let init = || Pair { value: Value::new(0), last: AtomicU32::new(0), switches: AtomicU32::new(0) };
    let program = Program::new("hand-over", init)
        .tasks("task", 2, |pair, me| {
            for _ in 0..STEPS {
                pair.value.get();
                if pair.last.swap(me as u32, Ordering::Relaxed) != me as u32 {
                    pair.switches.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
        .label(|pair, label| {
            // Writing to a String does not fail.
            let _ = write!(label, "{}", pair.switches.load(Ordering::Relaxed));
        });
    let report = sound(program.check(&config(executions)));
    let switches = report
        .tally
        .outcomes
        .iter()
        .map(|(label, count)| label.parse::<u64>().expect("the label is a number") * count);
    report.tally.seconds * 1e9 / switches.sum::<u64>() as f64
}

/// Executions a second of `clients` warm processes that want 5 tickets.
///
/// # Panics
/// If they cannot be explored.
pub fn tickets(clients: usize, executions: u64) -> f64 {
    let program = Program::new("ticket", || Stock { left: Value::new(5), sold: Value::new(0) }).tasks(
        "client",
        clients,
        |stock, _| {
            let left = stock.left.get();
            if left > 0 {
                stock.left.set(left - 1);
                stock.sold.fetch_add(1);
            }
        },
    );
    rate(&sound(program.check(&config(executions))))
}

/// Executions a second of a main process that starts two and joins them.
///
/// # Panics
/// If they cannot be explored.
pub fn family(executions: u64) -> f64 {
    rate(&sound(check(&config(executions), || {
        let count = Shared::new(Value::<u32>::new(0));
        let children = [0; 2].map(|_| {
            let count = count.clone();
            Process::spawn(move || count.fetch_add(1))
        });
        for child in children {
            assert!(child.join().expect("a child can be joined").success());
        }
    })))
}
