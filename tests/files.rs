//! Does the lock on a file keep its law under the scheduler, in fibers and in processes,
//! and does it go with whoever dies?

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Error, Report, Verdict, scratch};

shareable! { struct Page { inside: Value<u32>, written: Value<u32> } }

fn open() -> FileLock {
    FileLock::open(scratch().join("page.lock")).unwrap()
}

/// Readers share the file, writers have it alone; `locked` says whether writers lock it.
fn page(readers: usize, writers: usize, locked: bool) -> Program<Page> {
    Program::new("page", || Page { inside: Value::new(0), written: Value::new(0) })
        .tasks("reader", readers, |page, index| {
            let mut lock = open();
            let guard = if index % 2 == 0 { lock.lock_shared() } else { lock.lock_shared_until(10_000) };
            if guard.is_ok() {
                assert_eq!(page.inside.get(), 0, "somebody writes");
            }
        })
        .tasks("writer", writers, move |page, index| {
            let mut lock = open();
            let guard = match index % 3 {
                _ if !locked => lock.lock_shared(),
                0 => lock.lock(),
                1 => lock.lock_until(10_000),
                _ => lock.try_lock(),
            };
            if guard.is_ok() {
                page.inside.set(1);
                page.written.fetch_add(1);
                page.inside.set(0);
            }
        })
}

fn look(program: Program<Page>, engine: Engine, granularity: Granularity) -> Report {
    let executions = if engine == Engine::Sim { 400 } else { 60 };
    let config = Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity);
    program.check(&config.executions(executions).ignore_environment()).unwrap()
}

#[track_caller]
fn each(program: impl Fn() -> Program<Page>, holds: bool) {
    for engine in [Engine::Sim, Engine::Real] {
        for granularity in [Granularity::Operation, Granularity::Word] {
            let report = look(program(), engine, granularity);
            let first = report.tally.first.map(|found| found.verdict);
            assert_eq!(
                (first.is_none(), report.tally.inconclusive),
                (holds, None),
                "{engine:?} {granularity:?} {first:?}"
            );
        }
    }
}

#[test]
fn a_file_is_locked_alone_or_shared() {
    each(|| page(2, 3, true), true);
}

#[test]
fn writers_who_share_the_file_do_not_exclude() {
    each(|| page(1, 2, false), false);
}

/// Who dies inside leaves the mark of writing, so nobody looks for it here: the law is that
/// all others come to their end.
#[test]
fn the_lock_of_the_dead_is_free() {
    let crowd = || {
        Program::new("crowd", || Page { inside: Value::new(0), written: Value::new(0) })
            .tasks("writer", 3, |page, _| {
                let mut lock = open();
                let _guard = lock.lock().unwrap();
                page.written.fetch_add(1);
            })
            .faults(Faults::kills(1))
    };
    each(crowd, true);
    for engine in [Engine::Sim, Engine::Real] {
        let config =
            Config { shrink: false, ..Config::default() }.engine(engine).exhaust().ignore_environment();
        let report = crowd().check(&config.strategy(Strategy::Dfs { preemptions: Some(0) })).unwrap();
        assert_eq!(report.tally.first.map(|found| found.verdict), None, "{engine:?}");
    }
}

/// Two files taken in two orders: the report says who waits for whom.
#[test]
fn two_files_in_two_orders_come_to_a_halt() {
    let program = || {
        Program::new("orders", || Page { inside: Value::new(0), written: Value::new(0) }).tasks(
            "task",
            2,
            |_, index| {
                let names = if index == 0 { ["a", "b"] } else { ["b", "a"] };
                let [mut first, mut second] = names.map(|name| FileLock::open(scratch().join(name)).unwrap());
                let _first = first.lock().unwrap();
                let _second = second.lock().unwrap();
            },
        )
    };
    for engine in [Engine::Sim, Engine::Real] {
        let report = look(program(), engine, Granularity::Operation);
        assert_eq!(report.tally.first.as_ref().map(|first| &first.verdict), Some(&Verdict::Deadlock));
        let text = selvedge_harness::report::failure(&report).expect("a violation");
        assert!(text.contains("waits to lock \"file 2\"") && text.contains("held by task 1"), "{text}");
    }
}

#[test]
fn both_engines_see_the_same() {
    let record = |engine| {
        let config = Config { shrink: false, ..Config::default() }.engine(engine).seed(5);
        let config = config.faults(Faults::kills(1)).ignore_environment();
        page(2, 3, true).record(&config, 0..60).unwrap()
    };
    let (sim, real) = (record(Engine::Sim), record(Engine::Real));
    for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
        assert_eq!(a, b, "execution {index}");
    }
}

/// Pids differ from run to run, so nobody is named here; natively they are.
#[test]
fn who_has_it_is_not_said_under_a_scheduler() {
    let program =
        Program::new("named", || Page { inside: Value::new(0), written: Value::new(0) }).task("task", |_| {
            let (mut one, mut two) = (open(), open());
            let _guard = one.lock().unwrap();
            match two.try_lock() {
                Err(selvedge::Error::Locked { holders, .. }) => assert!(holders.is_empty(), "{holders:?}"),
                other => panic!("{other:?}"),
            }
        });
    let config = Config { shrink: false, ..Config::default() }.executions(2).ignore_environment();
    let checked: Result<Report, Error> = program.check(&config);
    assert_eq!(checked.unwrap().tally.first.map(|found| found.verdict), None);
}
