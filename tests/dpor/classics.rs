//! Classic programs, whose numbers of traces are known.

use selvedge_harness::Verdict;
use selvedge_harness::prelude::*;
use selvedge_harness::program::Tally;

shareable! {
    struct Memory {
        x: Value<u32>,
        y: Value<u32>,
        m: Mutex<u32>,
        out: [Value<u32>; 16],
    }
}

fn memory() -> Memory {
    Memory {
        x: Value::new(0),
        y: Value::new(0),
        m: Mutex::new(0),
        out: std::array::from_fn(|_| Value::new(0)),
    }
}

fn program(name: &str) -> Program<Memory> {
    Program::new(name, memory)
}

pub(super) fn config() -> Config {
    let config = Config { strategy: Strategy::Dpor, keep_going: true, shrink: false, ..Config::default() };
    config.exhaust().ignore_environment()
}

/// Executions and blocked executions.
fn counts(program: &Program<Memory>) -> (u64, u64) {
    let tally: Tally = program.check(&config()).unwrap().tally;
    assert!(tally.complete, "{}", program.title());
    (tally.executions, tally.blocked)
}

fn is(program: &Program<Memory>, traces: u64) {
    assert_eq!(counts(program), (traces, 0), "{}", program.title());
}

#[test]
fn additions_come_in_every_order() {
    for (n, traces) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        is(&program("ainc").tasks("adder", n, |memory, _| memory.x.fetch_add(1)), traces);
    }
}

#[test]
fn lost_updates() {
    for (n, traces) in [(2, 4), (3, 36), (4, 576)] {
        is(&program("inc").tasks("adder", n, |memory, _| memory.x.set(memory.x.get() + 1)), traces);
    }
}

#[test]
fn a_failed_exchange_is_a_read() {
    for (n, traces) in [(2, 2), (3, 5), (4, 14), (5, 43), (6, 144)] {
        let body = |memory: &Memory, i: usize| memory.x.compare_exchange(i as u32, i as u32 + 1);
        is(&program("casrot").tasks("turn", n, body), traces);
    }
}

#[test]
fn readers_do_not_conflict() {
    for (n, traces) in [(2, 4), (8, 256)] {
        let readers = program("readers").task("writer", |memory| memory.x.set(1));
        is(&readers.tasks("reader", n, |memory, _| memory.x.get()), traces);
    }
    is(&program("indep").tasks("own", 6, |memory, i| memory.out[i].set(1)), 1);
}

#[test]
fn a_lock_makes_the_order_of_its_holders_the_trace() {
    for (n, traces) in [(2, 2), (3, 6), (4, 24)] {
        let locked = program("lockinc").tasks("adder", n, |memory, _| {
            let _held = memory.m.lock().unwrap();
            memory.x.set(memory.x.get() + 1);
        });
        is(&locked, traces);
    }
    for (n, traces) in [(2, 6), (3, 90)] {
        let twice = program("lockinc twice").tasks("adder", n, |memory, _| {
            for _ in 0..2 {
                let _held = memory.m.lock().unwrap();
                memory.x.set(memory.x.get() + 1);
            }
        });
        is(&twice, traces);
    }
}

#[test]
fn litmus_tests() {
    let sb = program("sb").task("a", |m| (m.x.set(1), m.y.get())).task("b", |m| (m.y.set(1), m.x.get()));
    is(&sb, 3);
    let mp = program("mp").task("a", |m| (m.x.set(1), m.y.set(1))).task("b", |m| (m.y.get(), m.x.get()));
    is(&mp, 3);
    let lb = program("lb").task("a", |m| (m.x.get(), m.y.set(1))).task("b", |m| (m.y.get(), m.x.set(1)));
    is(&lb, 3);
    let iriw = program("iriw")
        .task("a", |m| m.x.set(1))
        .task("b", |m| m.y.set(1))
        .task("c", |m| (m.x.get(), m.y.get()))
        .task("d", |m| (m.y.get(), m.x.get()));
    is(&iriw, 15);
}

/// An execution that a panic ends leaves others with operations announced; they are no
/// reason to run what was run already.
#[test]
fn a_panic_costs_no_execution_more() {
    let check = |memory: &Memory| {
        let old = memory.x.get() == 0 && memory.y.get() == 0;
        assert!(old || (memory.x.get() == 1 && memory.y.get() == 1), "half of the pair is old");
    };
    // How many traces end by themselves was counted over all schedules.
    for (setters, checkers, traces) in [(1, 1, 3), (1, 2, 9), (2, 1, 44), (2, 2, 488)] {
        let reorder = program("reorder")
            .tasks("setter", setters, |memory, _| (memory.x.set(1), memory.y.set(1)))
            .tasks("checker", checkers, move |memory, _| check(memory));
        assert_eq!(counts(&reorder).1, 0, "{setters} and {checkers}");
        let recordings = reorder.record(&config(), 0..u64::MAX).unwrap();
        let passing = recordings.iter().filter(|recording| recording.verdict == Verdict::Pass).count();
        assert_eq!(passing, traces, "{setters} and {checkers}");
    }
}
