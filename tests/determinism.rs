//! Is a program noticed that asks somebody else than the scheduler? The clock, a static
//! counter, the order of a hash map, an address: each is told with the first event that
//! differs, and a finding that does not come out the same is none.

use selvedge_harness::judge::{Difference, difference};
use selvedge_harness::prelude::*;
use selvedge_harness::program::Report;
use selvedge_harness::{Choice, Error, Verdict, report};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

shareable! {
    struct Cell { value: Value<u64>, other: Value<u64> }
}

fn program(
    name: &str,
    body: impl Fn(&Cell) + Send + Sync + 'static,
    law: impl Fn(&Cell) + Send + Sync + 'static,
) -> Program<Cell> {
    Program::new(name, || Cell { value: Value::new(0), other: Value::new(0) })
        .name("value", |cell| &cell.value)
        .task("writer", body)
        .task("reader", |cell| _ = cell.other.get())
        .finally(law)
}

fn quiet(engine: Engine) -> Config {
    Config::default().engine(engine).executions(20).ignore_environment()
}

/// The difference that kept a finding from being one.
fn undecided(report: &Report) -> &Difference {
    assert!(report.tally.first.is_none() && report.finding.is_none(), "{:?}", report.tally);
    match &report.tally.inconclusive.as_ref().expect("nothing was decided").verdict {
        Verdict::Nondeterministic(difference) => difference,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_finding_that_a_counter_decides_is_none() {
    for engine in [Engine::Sim, Engine::Real] {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let program = program(
            "counter",
            |cell| {
                cell.other.set(1);
                cell.value.set(COUNTER.fetch_add(1, Ordering::Relaxed).into());
            },
            |cell| assert_ne!(cell.value.get() % 7, 3, "every seventh"),
        );
        let report = program.check(&quiet(engine)).unwrap();
        let difference = undecided(&report);
        assert_eq!((difference.name.as_str(), difference.task), ("writer", Some(0)));
        for text in [&difference.first, &difference.second] {
            assert!(text.starts_with("`set value -> ") && text.contains("tests/determinism.rs:"), "{text}");
        }
        assert_ne!(difference.first, difference.second);
        let line: serde_json::Value =
            serde_json::from_str(&report::json(&report, "counter", "racy", "inconclusive")).unwrap();
        assert!(line["reason"].as_str().unwrap().contains("not deterministic"), "{line}");
        match program.explore(&quiet(engine)) {
            Err(Error::Inconclusive { why, .. }) => assert!(why.contains("`set value -> "), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Programs that break no law but do not do the same twice: the report warns.
fn warns(name: &str, body: impl Fn(&Cell) + Sync) {
    for engine in [Engine::Sim, Engine::Real] {
        let report = selvedge_harness::check(&quiet(engine), || once(&body)).unwrap();
        let difference =
            report.tally.nondeterministic.as_ref().unwrap_or_else(|| panic!("{name}, {engine:?}"));
        assert!(difference.first != difference.second, "{difference}");
        assert!(report.tally.first.is_none() && report.tally.executions == 20);
        let warning = report.warning().unwrap();
        assert!(warning.contains("not deterministic"), "{warning}");
        let line: serde_json::Value =
            serde_json::from_str(&report::json(&report, name, "", "holds")).unwrap();
        assert_eq!(line["warning"], warning);
    }
}

fn once(body: impl Fn(&Cell)) {
    let cell = Cell { value: Value::new(0), other: Value::new(0) };
    body(&cell);
}

#[test]
fn the_clock_is_noticed() {
    static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(Instant::now);
    warns("clock", |cell| cell.value.set(BEGUN.get().unwrap().elapsed().as_nanos() as u64));
}

#[test]
fn the_order_of_a_hash_map_is_noticed() {
    warns("map", |cell| {
        let map: HashMap<u64, ()> = (0..64).map(|key| (key, ())).collect();
        for (key, ()) in map {
            cell.value.set(key);
        }
    });
}

#[test]
fn an_address_is_noticed() {
    warns("address", |cell| {
        let block = std::hint::black_box(Box::new([0_u8; 48]));
        cell.value.set(std::ptr::from_ref(&*block) as u64);
    });
}

#[test]
fn how_many_steps_there_are_is_noticed() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let program = program(
        "longer",
        |cell| {
            for _ in 0..RUNS.fetch_add(1, Ordering::Relaxed) {
                cell.value.get();
            }
        },
        |_| (),
    );
    let report = program.check(&quiet(Engine::Sim)).unwrap();
    let difference = report.tally.nondeterministic.unwrap();
    assert_eq!(difference.step, 2, "{difference}");
    assert!(difference.first.starts_with("the end, ") && difference.second.starts_with("`get value"));
}

/// Depth-first search forces choices that an earlier run has shown to be possible.
#[test]
fn a_plan_that_no_longer_fits_is_a_difference() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let program = program(
        "shrinks",
        |cell| {
            // The same for as long as the first execution is run again.
            for _ in 0..if RUNS.fetch_add(1, Ordering::Relaxed) < 3 { 3 } else { 1 } {
                cell.value.set(1);
            }
        },
        |_| (),
    );
    let report = program.check(&quiet(Engine::Sim).exhaust()).unwrap();
    let difference = undecided(&report);
    assert_eq!(difference.name, "writer", "{difference}");
    assert!(difference.second.contains("writer has ended"), "{difference}");
}

#[test]
fn what_the_scheduler_decides_is_no_difference() {
    for engine in [Engine::Sim, Engine::Real] {
        let program = program("sound", |cell| cell.value.set(3), |cell| assert_eq!(cell.value.get(), 3));
        let report = program.check(&quiet(engine).exhaust()).unwrap();
        assert!(report.tally.complete && report.warning().is_none() && report.undecided().is_none());
        let recordings = program.record(&quiet(engine), [1, 1]).unwrap();
        assert_eq!(difference(&recordings[0], &recordings[1]), None);
    }
}

#[test]
fn a_schedule_of_another_program_names_where_it_ceases_to_fit() {
    let program = program("short", |cell| cell.value.set(3), |_| ());
    let schedule = vec![Choice::run(0), Choice::run(0), Choice::run(1)];
    let report = program.check(&quiet(Engine::Sim).strategy(Strategy::Replay(schedule))).unwrap();
    let found = report.tally.inconclusive.expect("it does not fit");
    assert_eq!(found.verdict, Verdict::Diverged { step: 1, task: 0 });
}
