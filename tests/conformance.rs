//! What users of Python's primitives rely on, row by row, asked of ours.
//!
//! Each file is an area of the table of checks, each test a row of it. Rows where Rust's
//! semantics differ stand in `docs/conformance.md`, with what replaces them.

#[path = "conformance/barrier.rs"]
mod barrier;
#[path = "conformance/condition.rs"]
mod condition;
#[path = "conformance/connection.rs"]
mod connection;
#[path = "conformance/connection_wait.rs"]
mod connection_wait;
#[path = "conformance/event.rs"]
mod event;
#[path = "conformance/features.rs"]
mod features;
#[path = "conformance/fork_wait.rs"]
mod fork_wait;
#[path = "conformance/listener.rs"]
mod listener;
#[path = "conformance/manager.rs"]
mod manager;
#[path = "conformance/manager_deaths.rs"]
mod manager_deaths;
#[path = "conformance/manager_sync.rs"]
mod manager_sync;
#[path = "conformance/mp_queue.rs"]
mod mp_queue;
#[path = "conformance/pool.rs"]
mod pool;
#[path = "conformance/process.rs"]
mod process;
#[path = "conformance/queue.rs"]
mod queue;
#[path = "conformance/scheduling.rs"]
mod scheduling;
#[path = "conformance/select.rs"]
mod select;
#[path = "conformance/selector.rs"]
mod selector;
#[path = "conformance/shared_memory.rs"]
mod shared_memory;
#[path = "conformance/signal.rs"]
mod signal;
#[path = "conformance/signal_mask.rs"]
mod signal_mask;
#[path = "conformance/signal_wakeup.rs"]
mod signal_wakeup;
#[path = "conformance/socket.rs"]
mod socket;
#[path = "conformance/socket_server.rs"]
mod socket_server;
#[path = "conformance/socket_time.rs"]
mod socket_time;
#[path = "conformance/tracker.rs"]
mod tracker;
#[path = "conformance/values.rs"]
mod values;

use selvedge_harness::prelude::{Config, Engine};
use selvedge_harness::program::AnyProgram;

/// Runs a program in many schedules, in fibers and in processes: nothing must be found.
#[track_caller]
fn under_the_scheduler(program: impl Fn() -> AnyProgram) {
    for (engine, executions) in [(Engine::Sim, 300), (Engine::Real, 30)] {
        let config = Config { shrink: false, ..Config::default() };
        let config = config.engine(engine).executions(executions).ignore_environment();
        let report = program().check("row", &config).unwrap();
        let found = report.tally.first.map(|found| found.verdict);
        assert_eq!((found, report.tally.inconclusive), (None, None), "{engine:?}");
    }
}
#[path = "conformance/lock.rs"]
mod lock;
#[path = "conformance/rlock.rs"]
mod rlock;
#[path = "conformance/semaphore.rs"]
mod semaphore;
#[path = "conformance/start_methods.rs"]
mod start_methods;
#[path = "conformance/thread.rs"]
mod thread;
