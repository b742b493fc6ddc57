//! Do pools survive their workers, and keep their promises under every schedule?
//!
//! Natively with real kills, and in fibers and processes under the scheduler.
//!
//! One test runs at a time: a command that a test beside it starts has, for a moment, copies of
//! the pipes of the fibers, and as long as it has them, none of these meets its end.

use rusty_fork::rusty_fork_test;
use selvedge::pool::{Pending, Workers};
use selvedge::process::{State, state};
use selvedge::sys::process::Signal;
use selvedge::{Event, Pool, PoolError, Shared, Value};
use selvedge_harness::prelude::{Config, Engine, Granularity};
use selvedge_harness::program::AnyProgram;
use serial_test::serial;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

/// How often each task was begun.
static RUNS: OnceLock<Shared<Value<u32>>> = OnceLock::new();
/// Lets a task that waits for it go on.
static GO: OnceLock<Shared<Event>> = OnceLock::new();

fn runs() -> &'static Value<u32> {
    RUNS.get_or_init(|| Shared::new(Value::new(0)))
}

/// Ends its own process where the number can be divided by 7.
fn deadly(x: u32) -> u32 {
    runs().fetch_add(1);
    if x % 7 == 3 {
        selvedge::sys::process::kill_self();
    }
    x + 1
}

fn is_lost(outcome: &Result<u32, PoolError>) -> bool {
    matches!(outcome, Err(PoolError::WorkerLost { end, .. }) if end.contains("SIGKILL"))
}

/// Leaves a child behind that has copies of all that its worker had, and dies.
fn survived_by_a_child((): ()) {
    let child = selvedge::sys::process::fork(|| {
        loop {
            // Ended by whoever reads the number.
            drop(selvedge::signal::Signals::<selvedge::platform::Native>::pause());
        }
    });
    runs().set(child.unwrap().id());
    selvedge::sys::process::kill_self();
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    #[serial]
    fn the_end_of_a_worker_is_seen_although_a_child_of_it_lives_on() {
        runs();
        let pool = Pool::new(1).unwrap();
        for _ in 0..3 {
            let lost = pool.apply(survived_by_a_child, ());
            assert!(matches!(lost, Err(PoolError::WorkerLost { .. })), "{lost:?}");
            selvedge::signal::Signals::<selvedge::platform::Native>::send(runs().get(), Signal::SIGKILL).unwrap();
        }
        assert_eq!(pool.apply(|x: u32| x + 1, 1), Ok(2));
    }

    #[test]
    #[serial]
    fn a_killed_workers_task_fails_and_the_others_arrive_once() {
        runs();
        let pool = Pool::new(3).unwrap();
        let outcomes: Vec<_> = pool.imap(deadly, 0..70, 1).unwrap().collect();
        assert_eq!(outcomes.len(), 70);
        for (x, outcome) in (0..).zip(&outcomes) {
            if x % 7 == 3 {
                assert!(is_lost(outcome), "{x}: {outcome:?}");
            } else {
                assert_eq!(*outcome, Ok(x + 1));
            }
        }
        assert_eq!(runs().get(), 70);
        let now = pool.worker_pids();
        let dead = |outcome: &_| matches!(outcome, Err(PoolError::WorkerLost { pid, .. }) if now.contains(pid));
        assert!(now.len() == 3 && !outcomes.iter().any(dead), "{outcomes:?} {now:?}");
        assert!(is_lost(&pool.apply(deadly, 3)));
        assert_eq!(pool.map(deadly, [0, 1, 2]), Ok(vec![1, 2, 3]));
        assert!(matches!(pool.map_chunked(deadly, 0..70, 1), Err(PoolError::WorkerLost { .. })));
        pool.close();
        assert_eq!(pool.join(), Ok(()));
    }

    #[test]
    #[serial]
    fn idle_workers_that_are_killed_are_replaced() {
        let pool = Pool::new(2).unwrap();
        for round in 0..20 {
            for child in selvedge::active_children() {
                child.signal(Signal::SIGKILL).unwrap();
                child.join().unwrap();
            }
            assert_eq!(pool.map_chunked(|x: u32| x * 2, 0..4, 1), Ok(vec![0, 2, 4, 6]), "round {round}");
        }
    }

    #[test]
    #[serial]
    fn a_worker_that_is_ready_and_killed_is_replaced_however_often() {
        runs();
        let started = Shared::new(Value::new(0_u32));
        let (initializer, go) = (started.clone(), Shared::new(Event::new()));
        GO.set(go.clone()).unwrap();
        let prepared = Pool::builder().initializer(move || _ = initializer.fetch_add(1));
        for builder in [Pool::builder(), prepared] {
            let pool: Pool = builder.workers(2).build().unwrap();
            let busy = pool.apply_async(|()| { runs().set(std::process::id()); GO.get().unwrap().wait(); }, ()).unwrap();
            runs().await_ne(0);
            for _ in 0..30 {
                let idle = pool.worker_pids().into_iter().find(|pid| *pid != runs().get()).unwrap();
                while !matches!(state(idle), Ok(State::Sleeping)) {
                    std::thread::yield_now();
                }
                selvedge::signal::Signals::<selvedge::platform::Native>::send(idle, Signal::SIGKILL).unwrap();
                while pool.worker_pids().contains(&idle) {
                    assert!(!busy.wait_timeout(Duration::from_millis(1)), "{:?}", busy.get());
                }
            }
            go.set();
            assert_eq!(busy.get(), Ok(()));
            assert_eq!(pool.apply(|x: u32| x + 1, 1), Ok(2));
            go.clear();
            runs().set(0);
        }
        assert!(started.get() > 30);
    }

    #[test]
    #[serial]
    fn workers_killed_by_others_at_any_moment_lose_what_they_were_at_and_nothing_else() {
        // A kill for every fifty: a thousand in a release build.
        const TASKS: u32 = if cfg!(debug_assertions) { 3000 } else { 52_000 };
        runs();
        let pool = Pool::new(3).unwrap();
        let results = pool.imap(|x: u32| { runs().fetch_add(1); x }, 0..TASKS, 1).unwrap();
        let (mut lost, mut killed, mut got) = (0, 0, 0);
        for outcome in results {
            match outcome {
                Ok(x) => assert_eq!(x, got + lost),
                Err(error) => {
                    assert!(matches!(error, PoolError::WorkerLost { .. }), "{error}");
                    lost += 1;
                    continue;
                }
            }
            got += 1;
            if got % 50 == 0 {
                let children = selvedge::active_children();
                children[got as usize / 50 % children.len()].kill().unwrap();
                killed += 1;
            }
        }
        assert_eq!(got + lost, TASKS);
        assert!(killed >= TASKS / 60 && lost <= killed, "{lost} of {killed}");
        // One that is lost may not have been begun, or be run by another worker.
        assert!(runs().get() >= got && runs().get() <= TASKS + lost, "{} {got} {lost}", runs().get());
    }
}

#[track_caller]
fn holds(program: impl Fn() -> AnyProgram, allowed: &str, executions: u64) {
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in [Engine::Sim, Engine::Real] {
            let executions = if engine == Engine::Sim { executions } else { executions / 10 };
            let mut config = Config { shrink: false, ..Config::default() }.engine(engine);
            config = config.granularity(granularity).executions(executions).ignore_environment();
            if !allowed.is_empty() {
                config = config.faults(allowed.parse().unwrap());
            }
            let report = program().check("pools", &config).unwrap();
            let found = report.tally.first.map(|found| found.verdict);
            assert_eq!((found, report.tally.inconclusive), (None, None), "{engine:?} {granularity:?}");
        }
    }
}

#[test]
#[serial]
fn a_map_is_a_map_in_every_schedule() {
    holds(
        || {
            AnyProgram::dynamic(|| {
                let pool = selvedge_harness::prelude::Pool::new(2).unwrap();
                assert_eq!(pool.map_chunked(|x: u32| x * x, 0..4, 1), Ok(vec![0, 1, 4, 9]));
                pool.close();
                assert_eq!(pool.join(), Ok(()));
            })
        },
        "",
        100,
    );
}

#[test]
#[serial]
fn whatever_moment_a_worker_dies_at_each_result_or_error_arrives_once() {
    let program = || {
        AnyProgram::dynamic(|| {
            let pool = selvedge_harness::prelude::Pool::new(2).unwrap();
            let outcomes: Vec<_> = pool.imap(|x: u32| x + 1, 0..4, 1).unwrap().collect();
            assert_eq!(outcomes.len(), 4);
            let mut lost = 0;
            for (x, outcome) in (0..).zip(outcomes) {
                match outcome {
                    Ok(result) => assert_eq!(result, x + 1),
                    Err(error) => {
                        assert!(matches!(error, PoolError::WorkerLost { .. }), "{error}");
                        lost += 1;
                    }
                }
            }
            assert!(lost <= 2, "{lost} tasks are lost with two workers");
            pool.close();
            assert_eq!(pool.join(), Ok(()));
        })
    };
    holds(program, "kills:2", 300);
}

#[test]
#[serial]
fn a_callback_may_use_its_pool_and_a_terminated_pool_fails_what_is_out() {
    let program = || {
        AnyProgram::dynamic(|| {
            let pool = Rc::new(selvedge_harness::prelude::Pool::new(1).unwrap());
            let (again, second) = (Rc::downgrade(&pool), Rc::new(RefCell::new(None)));
            let keep = Rc::clone(&second);
            let first = pool.apply_async_then(
                |x: u32| x + 1,
                1,
                move |outcome| {
                    assert_eq!(outcome, Ok(&2));
                    let pool = again.upgrade().unwrap();
                    *keep.borrow_mut() = Some(pool.apply_async(|x: u32| x + 2, 2).unwrap());
                },
            );
            assert_eq!(first.unwrap().get(), Ok(2));
            assert_eq!(second.take().unwrap().get(), Ok(4));
            let out = pool.map_async(|x: u32| x, 0..3, Some(1)).unwrap();
            pool.terminate();
            assert!(matches!(out.get(), Ok(_) | Err(PoolError::Terminated)));
        })
    };
    holds(program, "", 100);
}

#[test]
fn a_pool_of_threads_maps_reports_panics_and_ends() {
    let pool = selvedge::ThreadPool::new(2).unwrap();
    let factor = 3;
    assert_eq!(pool.map(move |x: u32| x * factor, 0..50), Ok((0..50).map(|x| x * 3).collect()));
    let line = line!() + 1;
    let panicked = pool.apply(|x: u32| if x == 1 { panic!("not {x}") } else { x }, 1);
    let Err(PoolError::Panicked { message, location }) = &panicked else { panic!("{panicked:?}") };
    assert_eq!(message, "not 1");
    assert!(location.starts_with(&format!("{}:{line}:", file!())), "{location}");
    assert_eq!(pool.map_async(|x: u32| x, 0..3, Some(0)).unwrap_err(), PoolError::NoChunk);
    assert_eq!(pool.join(), Err(PoolError::StillOpen));
    pool.close();
    assert_eq!(pool.apply(|x: u32| x, 1), Err(PoolError::Closed));
    assert_eq!((pool.join(), pool.join()), (Ok(()), Ok(())));
    let refused = selvedge::ThreadPool::new(0).unwrap_err().to_string();
    assert_eq!(refused, "the number of threads is 0, but must be from 1 to 4096");
}

#[test]
#[serial]
fn a_pool_of_threads_settles_everything_in_every_schedule() {
    let program = || {
        AnyProgram::dynamic(|| {
            let pool = selvedge_harness::prelude::ThreadPool::new(2).unwrap();
            assert_eq!(pool.map_async(|x: u32| x + 1, 0..3, Some(1)).unwrap().get(), Ok(vec![1, 2, 3]));
            let out = pool.map_async(|x: u32| x, 0..3, Some(1)).unwrap();
            pool.terminate();
            assert_eq!(pool.join(), Ok(()));
            assert!(matches!(out.get(), Ok(_) | Err(PoolError::Terminated)));
        })
    };
    holds(program, "", 100);
}

/// What both kinds of pool do in the same way.
fn does_it_all(workers: &impl Workers) {
    let double = |x: u32| 2 * x;
    let in_order = workers.imap(double, 0..50, 3).unwrap();
    assert_eq!(in_order.map(Result::unwrap).collect::<Vec<_>>(), (0..50).map(double).collect::<Vec<_>>());
    let as_they_come = workers.imap_unordered(double, 0..50, 1).unwrap();
    let mut all: Vec<u32> = as_they_come.map(Result::unwrap).collect();
    all.sort_unstable();
    assert_eq!(all, (0..50).map(double).collect::<Vec<_>>());
    let endless = workers.imap(double, 1.., 2).unwrap();
    assert_eq!(endless.take(3).map(Result::unwrap).collect::<Vec<_>>(), [2, 4, 6]);

    let picky = |x: u32| if x == 4 { panic!("not {x}") } else { x };
    let mut outcomes: Vec<_> = workers.imap_unordered(picky, 0..6, 2).unwrap().collect();
    outcomes.sort_by_key(|outcome| outcome.clone().unwrap_or(9));
    assert_eq!(outcomes[..4], [0, 1, 2, 3].map(Ok));
    assert!(outcomes[4..].iter().all(|outcome| matches!(outcome, Err(PoolError::Panicked { .. }))));

    let (told, tell) = std::sync::mpsc::channel();
    let say = |told: &std::sync::mpsc::Sender<_>| {
        let told = told.clone();
        move |outcome: Result<&u32, &PoolError>| told.send(outcome.ok().copied()).unwrap()
    };
    let good = workers.apply_async_then(double, 21, say(&told)).unwrap();
    assert_eq!(good.get(), Ok(42));
    assert_eq!(tell.recv(), Ok(Some(42)));
    let bad = workers.apply_async_then(picky, 4, say(&told)).unwrap();
    assert!(bad.get().is_err() && bad.ready() && !bad.successful().unwrap());
    assert_eq!((tell.recv(), bad.get()), (Ok(None), Err(PoolError::Taken)));
    let sum = told.clone();
    let all = move |outcome: Result<&Vec<u32>, &PoolError>| {
        sum.send(outcome.map(|all| all.iter().sum()).ok()).unwrap();
    };
    let out = workers.map_async_then(double, 0..10, Some(4), all).unwrap();
    assert_eq!(out.get().unwrap().len(), 10);
    assert_eq!(tell.recv(), Ok(Some(90)));
    assert!(matches!(workers.imap(double, 0..1, 0).map(drop), Err(PoolError::NoChunk)));
    workers.close();
    assert!(matches!(workers.imap_unordered(double, 0..1, 1).map(drop), Err(PoolError::Closed)));
    workers.join().unwrap();
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    #[serial]
    fn pools_of_threads_and_of_processes_do_the_same() {
        let processes = Pool::builder().workers(2).build().unwrap();
        does_it_all(&processes);
        does_it_all(&selvedge::ThreadPool::new(2).unwrap());
    }
}

#[test]
#[serial]
fn results_of_threads_come_one_by_one_in_every_schedule() {
    let program = || {
        AnyProgram::dynamic(|| {
            let pool = selvedge_harness::prelude::ThreadPool::new(2).unwrap();
            let all: Vec<u32> = pool.imap_unordered(|x: u32| x + 1, 0..3, 1).unwrap().flatten().collect();
            assert_eq!(all.iter().sum::<u32>(), 6);
            pool.terminate();
            assert_eq!(pool.join(), Ok(()));
        })
    };
    holds(program, "", 100);
}

#[test]
#[serial]
fn a_pool_that_waits_for_several_results_is_woken_whatever_moment_a_worker_dies_at() {
    let program = || {
        AnyProgram::dynamic(|| {
            let pool = selvedge_harness::prelude::Pool::new(2).unwrap();
            match pool.map_chunked(|x: u32| x + 1, 0..5, 1) {
                Ok(results) => assert_eq!(results, [1, 2, 3, 4, 5]),
                Err(error) => assert!(matches!(error, PoolError::WorkerLost { .. }), "{error}"),
            }
            pool.close();
            assert_eq!(pool.join(), Ok(()));
        })
    };
    holds(program, "kills:2", 300);
}

/// A worker that finds nothing more to do ends while another one is at work.
#[test]
#[serial]
fn a_closed_pool_finishes_what_is_out() {
    let program = || {
        AnyProgram::dynamic(|| {
            let pool = selvedge_harness::prelude::Pool::new(2).unwrap();
            let out: Vec<_> = (0..3).map(|x| pool.apply_async(|x: u32| x + 1, x).unwrap()).collect();
            pool.close();
            for (x, result) in (1..).zip(out) {
                assert_eq!(result.get(), Ok(x));
            }
        })
    };
    holds(program, "", 300);
}

#[test]
#[serial]
fn everybody_who_joins_a_pool_of_threads_waits_for_its_end() {
    let program = || {
        AnyProgram::dynamic(|| {
            let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
            let pool = std::sync::Arc::new(selvedge_harness::prelude::ThreadPool::new(1).unwrap());
            let mark = std::sync::Arc::clone(&done);
            drop(pool.apply_async(move |()| mark.store(true, std::sync::atomic::Ordering::SeqCst), ()));
            pool.close();
            let other = std::sync::Arc::clone(&pool);
            let second = selvedge_harness::prelude::thread::spawn(move || other.join());
            assert_eq!(pool.join(), Ok(()));
            assert!(done.load(std::sync::atomic::Ordering::SeqCst), "a join came back before the end");
            assert_eq!(second.join().unwrap(), Ok(()));
        })
    };
    holds(program, "", 300);
}
