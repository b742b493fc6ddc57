//! Do both engines do what the kernel says? Exact counts, every way in which a task
//! can end, and the same trace from fibers and from real processes.

use selvedge_harness::prelude::*;
use selvedge_harness::{Report, Verdict, check};

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

fn dying(name: &str, body: impl Fn(&Count) + Send + Sync + 'static) -> Program<Count> {
    Program::new(name, || Count { value: Value::new(0) })
        .task("victim", move |s| {
            s.value.set(1);
            body(s);
            s.value.set(2);
        })
        .task("other", |s| {
            s.value.get();
            s.value.get();
        })
}

#[test]
fn a_panic_is_a_finding_with_task_and_step() {
    for engine in BOTH {
        let report = dying("panic", |_| panic!("out of stock")).check(&quiet(engine)).unwrap();
        let Verdict::Panic { task, message, place, .. } = &report.finding.as_ref().unwrap().recording.verdict
        else {
            panic!("{report:?}")
        };
        assert_eq!((*task, message.as_str()), (0, "out of stock"), "{engine:?}");
        assert!(place.file.ends_with("engines.rs") && place.line > 0, "{place}");
    }
}

#[test]
fn deaths_are_findings() {
    type Death = (&'static str, fn(&Count), i32);
    let deaths: [Death; 3] = [
        ("abort", |_| std::process::abort(), -nix::libc::SIGABRT),
        ("segmentation fault", |_| read_null(), -nix::libc::SIGSEGV),
        ("stack overflow", |_| _ = overflow(1), -nix::libc::SIGSEGV),
    ];
    for (name, body, expected) in deaths {
        for engine in BOTH {
            let report = dying(name, body).check(&quiet(engine)).unwrap();
            let verdict = report.tally.first.map(|found| found.verdict);
            assert!(
                matches!(verdict, Some(Verdict::Died { task: 0, status, .. }) if status == expected),
                "{name} in {engine:?}: {verdict:?}"
            );
        }
    }
}

/// Set for the child that the next test runs.
const EXITS: &str = "ENGINES_EXIT_IN_A_FIBER";

/// Ends this whole program if asked to: the subject of the next test.
#[test]
fn exits_if_asked() {
    if std::env::var_os(EXITS).is_some() {
        let _ = dying("exit", |_| std::process::exit(3)).check(&quiet(Engine::Sim));
    }
}

/// In fibers an exit ends the program; it says which task did it, and fails.
#[test]
fn an_exit_in_a_fiber_is_blamed_on_its_task() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "exits_if_asked", "--nocapture"])
        .env(EXITS, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(101), "{text}");
    assert!(text.contains("task 0 ended the whole program with exit() at step "), "{text}");
}

/// In processes it is a finding like any other.
#[test]
fn an_unexpected_exit_is_a_finding() {
    let report = dying("exit", |_| std::process::exit(3)).check(&quiet(Engine::Real)).unwrap();
    let verdict = report.tally.first.map(|found| found.verdict);
    assert!(matches!(verdict, Some(Verdict::Died { task: 0, status: 3, .. })), "{verdict:?}");
}

#[allow(unsafe_code, reason = "the test is about a program that breaks the rules")]
fn read_null() {
    let address = std::hint::black_box(8_usize);
    // SAFETY: none; that is the point.
    let value = unsafe { std::ptr::read_volatile(address as *const u8) };
    std::hint::black_box(value);
}

#[allow(unconditional_recursion, reason = "it shall overflow its stack")]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    overflow(depth + 1) + room[7]
}

/// A finding does not spoil the executions after it, in either engine.
#[test]
fn engines_go_on_after_findings() {
    for engine in BOTH {
        for program in [dying("panic", |_| panic!("x")), dying("segv", |_| read_null())] {
            let config = Config { keep_going: true, ..quiet(engine).executions(100) };
            let report = program.check(&config).unwrap();
            assert_eq!((report.tally.executions, report.tally.violations), (100, 100), "{engine:?}");
        }
    }
}

/// The exit status of a child comes back to whoever joins it.
#[test]
fn children_report_how_they_ended() {
    for engine in BOTH {
        let report = check(&quiet(engine).executions(50), || {
            let gate = Shared::new(Event::new());
            let fine = Process::spawn(|| ());
            let code = Process::spawn(|| selvedge::process::exit::<selvedge_harness::Checked>(7));
            let stuck = |gate: Shared<Event>| Process::spawn(move || gate.wait());
            let (killed, terminated) = (stuck(gate.clone()), stuck(gate.clone()));
            assert!(killed.is_alive());
            killed.kill().unwrap();
            terminated.terminate().unwrap();
            let status = |child: &Process| child.join().unwrap().to_string();
            assert_eq!(status(&fine), "exit code 0");
            assert_eq!(status(&code), "exit code 7");
            assert!(status(&killed).contains("SIGKILL"), "{}", status(&killed));
            assert!(status(&terminated).contains("SIGTERM"));
            assert!(!killed.is_alive());
        })
        .unwrap();
        assert_eq!(report.tally.first, None, "{engine:?}");
    }
}

/// A timed wait whose event never comes ends when nobody else can go on; two sleeps
/// end in the order of their deadlines.
#[test]
fn deadlines_pass_on_the_virtual_clock() {
    use std::time::Duration;
    for engine in BOTH {
        let report = check(&quiet(engine).executions(200), || {
            let order = Array::<u32>::new(3);
            let sleeper = |millis: u64, mark: u32| {
                let order = order.clone();
                Process::spawn(move || {
                    thread::sleep(Duration::from_millis(millis));
                    let at = order.fetch_add(2, 1);
                    order.set(at as usize, mark);
                })
            };
            let (long, short) = (sleeper(1_000_000, 1), sleeper(10, 2));
            let never = Event::new();
            assert!(!never.wait_timeout(Duration::from_millis(500)));
            let early = long.join_timeout(Duration::from_secs(1)).unwrap();
            assert!(early.is_none());
            long.join().unwrap();
            short.join().unwrap();
            assert_eq!((order.get(0), order.get(1)), (2, 1));
        })
        .unwrap();
        assert_eq!(report.tally.first, None, "{engine:?}");
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

/// Unscheduled, a locked program holds and a deadlock is met now and then; a task
/// that panics is named.
#[test]
fn wild_runs_without_a_scheduler() {
    let config = || quiet(Engine::Wild).executions(30);
    let report = dying("panic", |_| panic!("out of stock")).check(&config()).unwrap();
    let verdict = report.tally.first.map(|found| found.verdict);
    assert!(
        matches!(&verdict, Some(Verdict::Panic { task: 0, message, .. }) if message == "out of stock"),
        "{verdict:?}"
    );
    let counted = Program::new("counted", || Count { value: Value::new(0) })
        .tasks("adder", 3, |s, _| s.value.fetch_add(1))
        .finally(|s| assert_eq!(s.value.get(), 3))
        .label(|s, out| out.push_str(&s.value.get().to_string()));
    let report = counted.check(&config()).unwrap();
    assert_eq!(report.tally.outcomes.into_iter().collect::<Vec<_>>(), [("3".to_owned(), 30)]);
}

/// A task that never reaches its next operation is ended, and named.
#[test]
fn a_lost_task_is_given_up() {
    for engine in BOTH {
        let spin = || while std::hint::black_box(true) {};
        let report = dying("spin", move |_| spin()).check(&quiet(engine)).unwrap();
        let verdict = report.tally.inconclusive.map(|found| found.verdict);
        assert!(
            matches!(&verdict, Some(Verdict::Broken(why)) if why.contains("without reaching its next operation")),
            "{engine:?}: {verdict:?}"
        );
    }
}

/// A thousand tasks, started and joined one by one, or there from the start.
#[test]
fn a_thousand_tasks() {
    let report = check(&quiet(Engine::Sim).executions(3), || {
        let count = Shared::new(Value::<u32>::new(0));
        let lock = Shared::new(Mutex::new(()));
        let children: Vec<_> = (0..1000)
            .map(|_| {
                let (count, lock) = (count.clone(), lock.clone());
                Process::spawn(move || {
                    let guard = lock.lock().unwrap();
                    count.set(count.get() + 1);
                    drop(guard);
                })
            })
            .collect();
        children.iter().for_each(|child| assert!(child.join().unwrap().success()));
        assert_eq!(count.get(), 1000);
    })
    .unwrap();
    assert_eq!(report.tally.first, None);
    for engine in BOTH {
        let program = Program::new("many", || Count { value: Value::new(0) })
            .tasks("adder", 200, |s, _| {
                let guard = s.value.lock();
                guard.set(guard.get() + 1);
            })
            .finally(|s| assert_eq!(s.value.get(), 200));
        let report = program.check(&quiet(engine).executions(5)).unwrap();
        assert_eq!(counts(&report), (5, 0, false), "{engine:?}");
    }
}

/// Workers share the executions: whatever their number, the same counts, and the same
/// first violation.
#[test]
fn workers_share_the_work() {
    let racy = || {
        Program::new("shared", || Count { value: Value::new(0) })
            .tasks("adder", 3, |s, _| {
                let seen = s.value.get();
                s.value.set(seen + 1);
            })
            .finally(|s| assert_eq!(s.value.get(), 3))
            .label(|s, out| out.push_str(&s.value.get().to_string()))
    };
    for engine in BOTH {
        let one = racy().check(&quiet(engine).exhaust()).unwrap().tally;
        assert_eq!((one.executions, one.violations), (90, 84));
        for jobs in [2, 3, 5] {
            let all = racy().check(&quiet(engine).exhaust().jobs(jobs)).unwrap().tally;
            assert_eq!(
                (all.executions, all.violations, &all.outcomes),
                (90, 84, &one.outcomes),
                "{engine:?} {jobs}"
            );
            assert!(all.complete);
        }
        let random = |jobs| {
            let config = Config { keep_going: true, ..quiet(engine).executions(500).jobs(jobs) };
            racy().check(&config).unwrap().tally
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

/// A declared task may start children of its own.
#[test]
fn declared_tasks_may_spawn() {
    for engine in BOTH {
        let program = Program::new("parents", || Count { value: Value::new(0) })
            .tasks("parent", 2, |_, number| {
                let child = Process::spawn(move || {
                    selvedge::process::exit::<selvedge_harness::Checked>(number as i32)
                });
                let forgotten = Process::spawn(|| ());
                assert_eq!(child.join().unwrap().code(), Some(number as i32));
                drop(forgotten);
            })
            .finally(|s| assert_eq!(s.value.get(), 0));
        let report = program.check(&quiet(engine).executions(100)).unwrap();
        assert_eq!(counts(&report), (100, 0, false), "{engine:?}: {:?}", report.tally.first);
    }
}

/// A thread that nobody joined ends with its process, in both engines alike.
#[test]
fn threads_end_with_their_process() {
    for engine in BOTH {
        let report = check(&quiet(engine).executions(100), || {
            let count = Shared::new(Value::<u32>::new(0));
            let child = Process::spawn({
                let count = count.clone();
                move || {
                    let count = count.clone();
                    thread::spawn(move || {
                        count.fetch_add(1);
                        count.fetch_add(1);
                    });
                }
            });
            assert_eq!(child.join().unwrap().code(), Some(0));
        })
        .unwrap();
        assert_eq!(report.tally.first, None, "{engine:?}");
    }
}

/// A controller that dies without a result is an error that says so, not a hang.
#[test]
fn a_dead_controller_is_an_error() {
    let program = Program::new("abort in finally", || Count { value: Value::new(0) })
        .task("reader", |s| s.value.get())
        .finally(|_| std::process::abort());
    let error = program.check(&quiet(Engine::Real).executions(5)).unwrap_err().to_string();
    assert!(error.contains("controller") && error.contains("SIGABRT"), "{error}");
}

/// Processes cannot be explored from inside a task; the error says so.
#[test]
fn real_inside_a_task_is_refused() {
    let report = check(&quiet(Engine::Sim).executions(1), || {
        let inner = check(&quiet(Engine::Real).executions(1), || ());
        assert!(inner.unwrap_err().to_string().contains("inside a task"));
    })
    .unwrap();
    assert_eq!(report.tally.first, None);
}
