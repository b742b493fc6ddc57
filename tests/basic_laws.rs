//! Does every primitive keep its basic law: under the scheduler, in fibers and in processes, at
//! both granularities; and natively under stress?
//!
//! The programs are one source, included twice. A primitive that has none is told by its name.
//! The bench `laws` runs the native ones for longer and with up to eight processes.

use rusty_fork::rusty_fork_test;
use serial_test::{parallel, serial};

/// Over real processes.
mod native {
    use selvedge::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    include!("laws/programs.rs");
}

/// Under the scheduler.
mod checked {
    use selvedge::Shareable;
    use selvedge_harness::prelude::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    include!("laws/programs.rs");
}

use selvedge_harness::prelude::{Config, Engine, Granularity};

/// What the aliases name that is no primitive of its own, and why it has no law here.
const OTHERS: &[(&str, &str)] = &[
    ("Agenda", "it waits for time, and for nobody: tests/conformance/thread.rs"),
    ("JoinHandle", "the end of a thread"),
    ("Listener", "where a Connection begins: tests/conformance/listener.rs"),
    ("Manager", "a server of objects: tests/managers.rs"),
    ("Named", "memory: tests/segments.rs"),
    ("Pool", "processes and queues: tests/pools.rs"),
    ("Process", "in every law here"),
    ("RawArray", "as RawValue, element by element"),
    ("Receiver", "the other end of Sender"),
    ("RobustPermit", "a guard"),
    ("Selector", "it waits for descriptors: tests/conformance/selector.rs"),
    ("Server", "sockets and handlers: tests/servers.rs"),
    ("ShareableList", "an array of values under locks: tests/conformance/shared_memory.rs"),
    ("Shared", "memory, in every law here"),
    ("SharedMemory", "memory: tests/segments.rs"),
    ("Signals", "tests/signals.rs"),
    ("Stream", "what Connection is built on: tests/streams.rs"),
    ("Thread", "tests/conformance/thread.rs"),
    ("ThreadPool", "threads and queues: tests/pools.rs"),
    ("Timer", "tests/conformance/thread.rs"),
];

/// Each alias of the native platform has a law, or a reason.
#[test]
fn no_primitive_is_without_a_law() {
    let aliases = include_str!("../src/native.rs").lines().filter_map(|line| {
        let name = line.strip_prefix("pub type ")?;
        name.split(['<', ' ']).next()
    });
    let mut named = 0;
    for alias in aliases.filter(|alias| !alias.ends_with("Guard")) {
        let law = native::LAWS.iter().any(|law| law.primitive == alias);
        let other = OTHERS.iter().any(|(other, _)| *other == alias);
        assert!(law != other, "{alias} has no basic law in tests/laws/programs.rs, or it has two answers");
        named += 1;
    }
    assert!(named > 30, "only {named} aliases were found");
    for pair in native::LAWS.windows(2) {
        assert!(pair[0].primitive < pair[1].primitive, "{} stands out of order", pair[1].primitive);
    }
}

fn keep_under(engine: Engine, granularity: Granularity, executions: u64) {
    for law in checked::LAWS {
        let config = Config { shrink: false, ..Config::default() }
            .engine(engine)
            .granularity(granularity)
            .executions(executions)
            .ignore_environment();
        let report = selvedge_harness::check(&config, || (law.program)(2, 2)).unwrap();
        if let Some(why) = selvedge_harness::report::failure(&report) {
            panic!("{}: {} under {engine:?} {granularity:?}:\n{why}", law.primitive, law.says);
        }
        assert_eq!(report.tally.inconclusive, None, "{}", law.primitive);
        assert_eq!(report.tally.executions, executions, "{}", law.primitive);
    }
}

#[test]
#[parallel]
fn all_laws_hold_in_fibers_call_by_call() {
    keep_under(Engine::Sim, Granularity::Operation, 200);
}

#[test]
#[parallel]
fn all_laws_hold_in_fibers_word_by_word() {
    keep_under(Engine::Sim, Granularity::Word, 200);
}

#[test]
#[parallel]
fn all_laws_hold_in_processes_call_by_call() {
    keep_under(Engine::Real, Granularity::Operation, 12);
}

#[test]
#[parallel]
fn all_laws_hold_in_processes_word_by_word() {
    keep_under(Engine::Real, Granularity::Word, 12);
}

/// The other half: a lock that locks nothing is caught.
#[test]
fn a_broken_law_is_caught() {
    use selvedge_harness::prelude::*;
    let config = Config { shrink: false, ..Config::default() }.executions(100).ignore_environment();
    let nobody_locks = || {
        let count = Shared::new(Value::<u32>::new(0));
        let children = [0; 2].map(|_| {
            let count = count.clone();
            Process::spawn(move || count.set(count.get() + 1))
        });
        children.into_iter().for_each(|child| assert!(child.join().unwrap().success()));
        assert_eq!(count.get(), 2, "somebody was not alone");
    };
    let report = selvedge_harness::check(&config, nobody_locks).unwrap();
    assert!(report.tally.first.is_some());
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    // Alone: the command by which it starts has, for a moment, copies of the pipes of the fibers.
    #[test]
    #[serial]
    fn all_laws_hold_natively() {
        for law in native::LAWS {
            println!("{}: {}", law.primitive, law.says);
            for processes in [2, 5] {
                (law.program)(processes, 60);
            }
        }
    }
}
