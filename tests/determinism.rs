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

/// In processes forked from one, each of which would begin with the same keys.
#[test]
fn the_order_of_a_small_hash_map_is_noticed_each_time() {
    for _ in 0..30 {
        let first = |cell: &Cell| {
            let map: HashMap<u64, ()> = (0..8).map(|key| (key, ())).collect();
            cell.value.set(*map.keys().next().unwrap());
        };
        let report = selvedge_harness::check(&quiet(Engine::Real).executions(1), || once(first)).unwrap();
        assert!(report.tally.nondeterministic.is_some());
    }
}

#[test]
fn an_address_is_noticed() {
    warns("address", |cell| {
        let block = std::hint::black_box(Box::new([0_u8; 48]));
        cell.value.set(std::ptr::from_ref(&*block) as u64);
    });
}

/// The same for tasks that are known from the start, whose processes `real` keeps warm.
fn warns_of_tasks(name: &str, body: impl Fn(&Cell) + Copy + Send + Sync + 'static) {
    for engine in [Engine::Sim, Engine::Real] {
        let report = program(name, body, |_| ()).check(&quiet(engine)).unwrap();
        let difference =
            report.tally.nondeterministic.as_ref().unwrap_or_else(|| panic!("{name}, {engine:?}"));
        assert_eq!(difference.name, "writer", "{difference}");
        assert!(difference.first.contains("value"), "{difference}");
        assert!(report.tally.first.is_none() && report.tally.executions == 20);
    }
}

/// One bit of an address that decides between two operations.
fn branch(cell: &Cell, address: usize, bit: u32) {
    if address >> bit & 1 == 0 {
        cell.value.set(1);
    } else {
        _ = cell.value.get();
    }
}

#[test]
fn the_address_of_a_block_is_noticed() {
    warns_of_tasks("small", |cell| {
        let block = std::hint::black_box(Box::new(1_u64));
        branch(cell, std::ptr::from_ref(&*block) as usize, 5);
    });
    warns_of_tasks("large", |cell| {
        let block = std::hint::black_box(vec![1_u8; 1 << 20]);
        cell.value.set(block.as_ptr() as u64);
    });
}

/// Where it lies is the same in all processes forked from one, whatever small blocks are taken.
#[test]
fn one_bit_of_the_address_of_a_large_block_is_noticed() {
    let bit = |cell: &Cell| branch(cell, std::hint::black_box(vec![1_u8; 1 << 20]).as_ptr() as usize, 20);
    let noticed = (0..10).filter(|_| {
        let report = program("bit", bit, |_| ()).check(&quiet(Engine::Real).executions(1)).unwrap();
        report.tally.nondeterministic.is_some()
    });
    assert!(noticed.count() > 5);
}

#[test]
fn the_address_of_what_lies_on_the_stack_is_noticed() {
    warns_of_tasks("stack", |cell| {
        let local = std::hint::black_box([1_u8; 16]);
        cell.value.set(local.as_ptr() as u64);
    });
}

#[test]
fn the_address_of_a_shared_object_is_noticed() {
    warns_of_tasks("shared", |cell| cell.value.set(std::ptr::from_ref(cell) as u64));
}

/// Where the tasks are processes they get other numbers.
#[test]
fn the_number_of_a_process_is_noticed() {
    let numbered = program("pid", |cell| cell.value.set(u64::from(std::process::id())), |_| ());
    let report = numbered.check(&quiet(Engine::Real)).unwrap();
    assert!(report.tally.nondeterministic.unwrap().first.starts_with("`set value -> "));
    // Whether it is odd is the same in one of two, unless they are counted on in two ways.
    let noticed = (0..20).filter(|_| {
        let odd = |cell: &Cell| branch(cell, std::process::id() as usize, 0);
        let declared = program("odd", odd, |_| ()).check(&quiet(Engine::Real).executions(1)).unwrap();
        let begun = selvedge_harness::check(&quiet(Engine::Real).executions(1), || once(odd)).unwrap();
        [declared, begun].iter().all(|report| report.tally.nondeterministic.is_some())
    });
    assert!(noticed.count() > 10);
}

/// Two objects without names are the first and the second that are touched, whichever they
/// are: what is told first is what is done to the other one, and in other words.
#[test]
fn objects_without_a_name_are_told_apart() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let config = quiet(Engine::Sim);
    let report = selvedge_harness::check(&config, || {
        let cells = [0, 0].map(|_| Shared::new(Value::<u64>::new(0)));
        let first = RUNS.fetch_add(1, Ordering::Relaxed) as usize % 2;
        cells[first].set(1);
        cells[0].set(2);
    });
    let difference = report.unwrap().tally.nondeterministic.unwrap();
    assert_eq!(difference.step, 1, "{difference}");
    assert!(difference.first.starts_with("`set value 1 -> 1` by main (tests/determinism.rs:"));
    assert!(difference.second.ends_with(", of another object with that name"), "{difference}");
    // From one line: the columns tell them apart.
    let report = selvedge_harness::check(&config, || {
        let cell = Shared::new(Value::<u64>::new(0));
        let even = RUNS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        #[rustfmt::skip]
        #[allow(clippy::if_same_then_else, reason = "they differ in their columns")]
        let () = if even { cell.set(1) } else { cell.set(1) };
    });
    let difference = report.unwrap().tally.nondeterministic.unwrap();
    assert_ne!(difference.first, difference.second);
    assert!(difference.first.contains(", in column "), "{difference}");
}

/// A counter that outlives executions, or a clock that seldom ticks: the first execution is
/// the same for a while.
#[test]
fn what_changes_later_is_noticed_at_the_end() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let changes = |cell: &Cell| {
        if RUNS.fetch_add(1, Ordering::Relaxed) > 100 {
            cell.value.set(1);
        }
        cell.other.set(1);
    };
    let report = program("later", changes, |_| ()).check(&quiet(Engine::Sim).executions(500)).unwrap();
    let difference = report.tally.nondeterministic.expect("the first execution is run again at the end");
    assert!(difference.second.starts_with("`set value -> 1` by writer"), "{difference}");
}

/// The run that broke the law was not recorded; another one that breaks it is.
#[test]
fn what_seldom_happens_is_named_by_its_first_event() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let seldom = program(
        "seldom",
        |cell| {
            cell.other.set(1);
            cell.value.set(u64::from(RUNS.fetch_add(1, Ordering::Relaxed) % 100 == 60));
            cell.other.set(2);
        },
        |cell| assert_eq!(cell.value.get(), 0, "one in a hundred"),
    );
    let report = seldom.check(&quiet(Engine::Sim).executions(100)).unwrap();
    let difference = undecided(&report);
    assert!(difference.first.starts_with("`set value -> 1` by writer"), "{difference}");
    assert!(difference.second.starts_with("`set value -> 0` by writer"), "{difference}");
}

#[test]
fn a_replay_that_does_not_repeat_itself_decides_nothing() {
    let program = |name: &str| {
        program(
            name,
            |cell| {
                cell.other.set(1);
                branch(cell, std::ptr::from_ref(&*std::hint::black_box(Box::new(1_u64))) as usize, 5);
                cell.other.set(2);
            },
            |_| panic!("always"),
        )
    };
    let schedule = [0, 0, 0, 1].map(Choice::run).to_vec();
    for engine in [Engine::Sim, Engine::Real] {
        let config = quiet(engine).strategy(Strategy::Replay(schedule.clone()));
        let report = program("replayed").check(&config).unwrap();
        let difference = undecided(&report);
        assert_eq!((difference.step, difference.name.as_str()), (2, "writer"), "{difference}");
    }
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
    assert_eq!(report.tally.nondeterministic, None, "it does not fit again and again");
}
