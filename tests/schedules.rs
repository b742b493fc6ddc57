//! Do both engines run the same schedules? Exact counts of them, whatever the program
//! is made of and however many workers share it, and equal traces.

use selvedge_harness::prelude::*;
use selvedge_harness::{Report, Verdict, check};
use std::time::Duration;

/// Explores in the quiet: no environment, no shrinking.
fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default().engine(engine).ignore_environment() }
}

fn counts(report: &Report) -> (u64, u64, bool) {
    (report.tally.executions, report.tally.violations, report.tally.complete)
}

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

shareable! {
    struct Signal {
        ready: Value<u32>,
        lock: Mutex<()>,
        woken: Condvar,
    }
}

fn lost_wakeup() -> Program<Signal> {
    Program::new("lost wake-up", || Signal {
        ready: Value::new(0),
        lock: Mutex::new(()),
        woken: Condvar::new(),
    })
    .task("waiter", |s| {
        if s.ready.get() == 0 {
            let guard = s.lock.lock().unwrap();
            drop(s.woken.wait(guard).unwrap());
        }
    })
    .task("signaller", |s| {
        s.ready.set(1);
        let guard = s.lock.lock().unwrap();
        s.woken.notify_one();
        drop(guard);
    })
    .name("lock", |s| &s.lock)
    .name("condition", |s| &s.woken)
}

/// 8 interleavings, 1 of which sleeps for ever: the counts say that a woken waiter
/// takes its lock again in one step of its own, and that waking is none.
#[test]
fn condition_variables_have_exact_counts() {
    for engine in BOTH {
        let report = lost_wakeup().check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(counts(&report), (8, 1, true), "{engine:?}");
        assert_eq!(report.tally.first.unwrap().verdict, Verdict::Deadlock);
    }
}

shareable! {
    struct Forks {
        left: Mutex<()>,
        right: Mutex<()>,
    }
}

fn opposite_order() -> Program<Forks> {
    Program::new("two locks", || Forks { left: Mutex::new(()), right: Mutex::new(()) })
        .task("a", |s| {
            let first = s.left.lock().unwrap();
            let second = s.right.lock().unwrap();
            drop(second);
            drop(first);
        })
        .task("b", |s| {
            let first = s.right.lock().unwrap();
            let second = s.left.lock().unwrap();
            drop(second);
            drop(first);
        })
}

#[test]
fn locks_have_exact_counts() {
    for engine in BOTH {
        let report = opposite_order().check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(counts(&report), (6, 2, true), "{engine:?}");
    }
}

/// The main task spawns and joins: each is one step, and a child's first operation
/// is known as soon as it is spawned.
#[test]
fn spawned_tasks_have_exact_counts() {
    for engine in BOTH {
        let report = check(&quiet(engine).exhaust(), || {
            let forks = Shared::new(Forks { left: Mutex::new(()), right: Mutex::new(()) });
            let a = Process::spawn({
                let s = forks.clone();
                move || {
                    let first = s.left.lock().unwrap();
                    let second = s.right.lock().unwrap();
                    drop(second);
                    drop(first);
                }
            });
            let b = Process::spawn({
                let s = forks.clone();
                move || {
                    let first = s.right.lock().unwrap();
                    let second = s.left.lock().unwrap();
                    drop(second);
                    drop(first);
                }
            });
            a.join().unwrap();
            b.join().unwrap();
        })
        .unwrap();
        assert_eq!(counts(&report), (46, 3, true), "{engine:?}");
    }
}

#[test]
fn spawned_threads_have_exact_counts() {
    for engine in BOTH {
        let report = check(&quiet(engine).exhaust(), || {
            let count = Shared::new(Value::<u32>::new(0));
            let adder = |count: Shared<Value<u32>>| {
                move || {
                    let seen = count.get();
                    count.set(seen + 1);
                }
            };
            let a = thread::spawn(adder(count.clone()));
            let b = thread::spawn(adder(count.clone()));
            a.join().unwrap();
            b.join().unwrap();
            outcome(format!("{}", count.get()));
        })
        .unwrap();
        assert_eq!(report.tally.violations, 0);
        assert!(report.tally.complete);
        assert_eq!(report.tally.outcomes.keys().collect::<Vec<_>>(), ["1", "2"], "{engine:?}");
        // Two chains of three steps, less the one order in which the first child is
        // joined before the second is spawned: C(6, 3) - 1.
        assert_eq!(report.tally.executions, 19, "{engine:?}");
    }
}

shareable! {
    struct Count {
        value: Value<u32>,
    }
}

/// Threads of one process, beside a process, scheduled together.
#[test]
fn threads_and_processes_mix() {
    for engine in BOTH {
        let program = Program::new("mixed", || Count { value: Value::new(0) })
            .threads("thread", 2, |s, _| s.value.fetch_add(1))
            .task("process", |s| s.value.fetch_add(10))
            .finally(|s| assert_eq!(s.value.get(), 12));
        let report = program.check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(counts(&report), (6, 0, true), "{engine:?}");
    }
}

/// At word granularity the same program has more steps, and still no lost update
/// under the lock.
#[test]
fn words_are_steps_too() {
    shareable! {
        struct Locked { lock: Mutex<()>, value: Value<u32> }
    }
    for engine in BOTH {
        let program = Program::new("words", || Locked { lock: Mutex::new(()), value: Value::new(0) })
            .tasks("adder", 2, |s, _| {
                let guard = s.lock.lock().unwrap();
                let seen = s.value.get();
                s.value.set(seen + 1);
                drop(guard);
            })
            .finally(|s| assert_eq!(s.value.get(), 2));
        let operations = program.check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(counts(&operations), (2, 0, true), "{engine:?}");
        let words = program.check(&quiet(engine).exhaust().granularity(Granularity::Word)).unwrap();
        assert!(words.tally.executions > 20 && words.tally.complete, "{words:?}");
        assert_eq!(words.tally.violations, 0);
    }
}

/// One seed, two engines, one trace: event for event, values and lines included.
#[test]
fn traces_are_equal() {
    for seed in 0..3 {
        let config = |engine| quiet(engine).seed(seed);
        let pairs = [
            BOTH.map(|engine| lost_wakeup().record(&config(engine), 0..200).unwrap()),
            BOTH.map(|engine| opposite_order().record(&config(engine), 0..200).unwrap()),
        ];
        for [fibers, processes] in pairs {
            assert_eq!(fibers.len(), 200);
            for (index, (a, b)) in fibers.iter().zip(&processes).enumerate() {
                assert_eq!(a, b, "seed {seed}, execution {index}");
            }
        }
    }
}

/// Three tasks that lose updates: 90 schedules, 84 of which do.
fn lossy() -> Program<Count> {
    Program::new("shared", || Count { value: Value::new(0) })
        .tasks("adder", 3, |s, _| {
            let seen = s.value.get();
            s.value.set(seen + 1);
        })
        .finally(|s| assert_eq!(s.value.get(), 3))
        .label(|s, out| out.push_str(&s.value.get().to_string()))
}

/// However many workers share a bound, they run exactly as many executions as asked,
/// or all there are.
#[test]
fn workers_share_a_bound() {
    for engine in BOTH {
        for jobs in [1, 2, 3, 5] {
            for asked in [1, 7, 50, 89, 90, 91] {
                let dfs = Config {
                    keep_going: true,
                    ..quiet(engine).strategy(Strategy::Dfs { preemptions: None })
                };
                let tally = lossy().check(&dfs.executions(asked).jobs(jobs)).unwrap().tally;
                assert_eq!(tally.executions, asked.min(90), "{engine:?}, {jobs} jobs, {asked} asked");
                assert_eq!(tally.complete, asked >= 90, "{engine:?}, {jobs} jobs, {asked} asked");
            }
        }
    }
}

/// However little time there is, every worker runs something: also where the time is over before
/// the run is done that shows how long one with faults is.
#[test]
fn no_time_is_too_short_for_one_execution() {
    for engine in BOTH {
        for (strategy, faults) in [
            (Strategy::Random, Faults::none()),
            (Strategy::default(), Faults::kills(1)),
            (Strategy::Dfs { preemptions: None }, Faults::kills(1)),
        ] {
            let config = quiet(engine).strategy(strategy).faults(faults).time(Duration::from_nanos(1));
            for jobs in [1, 2] {
                let tally = lossy().check(&config.clone().jobs(jobs)).unwrap().tally;
                assert!(tally.executions > 0, "{config:?}, {jobs} jobs");
            }
        }
    }
}

/// Workers share the executions: whatever their number, the same counts, and the same
/// first violation.
#[test]
fn workers_share_the_work() {
    for engine in BOTH {
        let one = lossy().check(&quiet(engine).exhaust()).unwrap().tally;
        assert_eq!((one.executions, one.violations), (90, 84));
        for jobs in [2, 3, 5] {
            let all = lossy().check(&quiet(engine).exhaust().jobs(jobs)).unwrap().tally;
            assert_eq!(
                (all.executions, all.violations, &all.outcomes),
                (90, 84, &one.outcomes),
                "{engine:?} {jobs}"
            );
            assert!(all.complete);
        }
        let random = |jobs| {
            let config = Config { keep_going: true, ..quiet(engine).executions(500).jobs(jobs) };
            lossy().check(&config).unwrap().tally
        };
        let (alone, together) = (random(1), random(2));
        assert_eq!(
            (alone.executions, alone.violations),
            (together.executions, together.violations),
            "{engine:?}"
        );
        assert_eq!((alone.outcomes, alone.first), (together.outcomes, together.first), "{engine:?}");
    }
}
