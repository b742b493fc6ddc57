//! Do both engines see how a task ends? Panics, crashes, exits and endless loops, of
//! tasks, of their children and of the code around them.

#[path = "deaths/exits.rs"]
mod exits;
#[path = "deaths/prologues.rs"]
mod prologues;

use nix::sys::signal::{Signal, raise};
use selvedge_harness::prelude::*;
use selvedge_harness::{Limits, Verdict, check};
use std::time::{Duration, Instant};

/// Explores in the quiet: no environment, no shrinking.
fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default().engine(engine).ignore_environment() }
}

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

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
        assert!(place.file.ends_with("deaths.rs") && place.line > 0, "{place}");
    }
}

#[test]
fn deaths_are_findings() {
    type Death = (&'static str, fn(&Count), i32);
    let deaths: [Death; 6] = [
        ("abort", |_| std::process::abort(), -nix::libc::SIGABRT),
        ("segmentation fault", |_| read_null(), -nix::libc::SIGSEGV),
        ("stack overflow", |_| _ = overflow(1), -nix::libc::SIGSEGV),
        // Sent, not caused: no instruction fails again when the handler has returned.
        ("raised SIGSEGV", |_| _ = raise(Signal::SIGSEGV), -nix::libc::SIGSEGV),
        ("raised SIGFPE", |_| _ = raise(Signal::SIGFPE), -nix::libc::SIGFPE),
        ("raised SIGILL", |_| _ = raise(Signal::SIGILL), -nix::libc::SIGILL),
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

/// A set-up that panics is told in every engine.
#[test]
fn a_panic_in_the_set_up_is_told() {
    for engine in [Engine::Sim, Engine::Real, Engine::Wild] {
        let program = Program::new("bad start", || -> Count { panic!("no paper") }).task("t", |_| ());
        let error = program.explore(&quiet(engine).executions(3)).unwrap_err().to_string();
        assert!(error.contains("the set-up panicked: no paper"), "{engine:?}: {error}");
    }
}

/// The main task of a program that starts its tasks as it runs judges them: only by its name
/// it can be killed.
#[test]
fn the_main_task_is_killed_only_by_name() {
    let program = || {
        let count = Shared::new(Value::<u32>::new(0));
        let other = count.clone();
        let child = Process::spawn(move || other.set(1));
        count.set(2);
        outcome(child.join().unwrap().to_string());
    };
    // How often the child was killed, and how often the main task did not come to its end.
    let killed = |engine: Engine, named: &[&str]| {
        let faults = selvedge_harness::fault::Faults {
            victims: named.iter().map(|&name| name.to_owned()).collect(),
            ..selvedge_harness::fault::Faults::none()
        };
        let faults = selvedge_harness::fault::Faults { kills: 1, ..faults };
        let report = selvedge_harness::check(&quiet(engine).exhaust().faults(faults), program).unwrap();
        assert!(report.tally.complete && report.tally.first.is_none());
        let whole = report.tally.outcomes["exit code 0"];
        let labelled: u64 = report.tally.outcomes.values().sum();
        (labelled - whole, report.tally.executions - labelled)
    };
    for engine in BOTH {
        let (child, main) = killed(engine, &[]);
        assert!(child > 0 && main == 0, "{engine:?}: {child}, {main}");
        let (child, main) = killed(engine, &["main"]);
        assert!(child == 0 && main > 0, "{engine:?}: {child}, {main}");
    }
}

/// Siblings have no handle on each other: they ask by number.
#[test]
fn a_task_can_ask_whether_another_is_dead() {
    use selvedge_harness::task_has_ended;
    let program = || {
        Program::new("asks", || Count { value: Value::new(0) })
            .task("victim", |s| {
                s.value.set(1);
                s.value.set(2);
            })
            .task("asker", |s| {
                let ended = task_has_ended(0);
                let value = s.value.get();
                // Who sees the end sees what came before it, and nothing comes after it.
                assert!(!ended || s.value.get() == value, "it goes on after its end");
                outcome(format!("ended {ended}, value {value}"));
            })
    };
    let count = |engine: Engine, faults: &str| {
        let config = quiet(engine).exhaust().faults(faults.parse().unwrap());
        let report = program().check(&config).unwrap();
        assert_eq!(report.tally.first, None, "{engine:?}");
        report.tally.outcomes
    };
    let [whole, killed] = ["timeouts", "kills"].map(|faults| {
        let [sim, real] = BOTH.map(|engine| count(engine, faults));
        assert_eq!(sim, real);
        sim
    });
    // Without a kill it has ended with everything done; with one, at any value.
    let ended = |outcomes: &std::collections::BTreeMap<String, u64>| -> Vec<String> {
        outcomes.keys().filter(|label| label.starts_with("ended true")).cloned().collect()
    };
    assert_eq!(ended(&whole), ["ended true, value 2"]);
    assert_eq!(ended(&killed), ["value 0", "value 1", "value 2"].map(|value| format!("ended true, {value}")));
}

/// What has no tasks cannot hold.
#[test]
fn a_program_without_tasks_is_refused() {
    for engine in [Engine::Sim, Engine::Real, Engine::Wild] {
        let empty = Program::new("empty", || Count { value: Value::new(0) }).tasks("nobody", 0, |_, _| ());
        let error = empty.check(&quiet(engine).executions(3)).unwrap_err().to_string();
        assert_eq!(
            error,
            "empty: nothing ran: the program has no tasks; give it some with `task`, `tasks` or `threads`"
        );
    }
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

/// What a report says of a look at a child is what the look returned.
#[test]
fn a_look_at_a_child_is_recorded_as_it_came_out() {
    for engine in BOTH {
        let finding = check(&quiet(engine), || {
            let gate = Shared::new(Event::new());
            let child = Process::spawn({
                let gate = gate.clone();
                move || gate.wait()
            });
            assert!(child.is_alive());
            gate.set();
            child.join().unwrap();
            panic!("look");
        })
        .unwrap()
        .finding
        .unwrap();
        let steps = &finding.recording.steps;
        let look = steps.iter().find(|step| step.name == "is_alive").unwrap();
        assert_eq!(look.value, Some(1), "{engine:?}");
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

/// A task that never reaches its next operation is ended, and it is said who it was and where
/// it was seen last.
#[test]
fn a_lost_task_is_given_up() {
    let spin = || while std::hint::black_box(true) {};
    for engine in BOTH {
        let limits = Limits { patience: Duration::from_secs(1), ..Limits::default() };
        let config = Config { limits, ..quiet(engine) };
        let why = |program: Program<Count>| {
            let report = program.name("value", |s: &Count| &s.value).check(&config).unwrap();
            match report.tally.inconclusive.map(|found| found.verdict) {
                Some(Verdict::Broken(why)) => why,
                other => panic!("{engine:?}: {other:?}"),
            }
        };
        let count = || Program::new("spin", || Count { value: Value::new(0) });
        let (line, file) = (line!() + 2, file!().trim_start_matches("harness/../"));
        let after = why(count().task("spinner", move |s| {
            s.value.set(1);
            spin();
        }));
        let last = format!("spinner ran for 1 s after `set value` ({file}:{line}) without reaching its");
        assert!(after.starts_with(&last), "{engine:?}: {after}");
        let before = why(count().task("spinner", move |_| spin()));
        assert!(before.starts_with("spinner ran for 1 s without reaching its first operation"), "{before}");
    }
}

/// A patience of less than a second is one of a second.
#[test]
fn a_slow_task_is_not_given_up() {
    for engine in BOTH {
        let limits = Limits { patience: Duration::ZERO, ..Limits::default() };
        let slow = Program::new("slow", || Count { value: Value::new(0) }).task("worker", |s| {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(50) {}
            s.value.set(1);
        });
        let report = slow.check(&Config { limits, ..quiet(engine) }.executions(1)).unwrap();
        assert_eq!((report.tally.executions, report.tally.inconclusive), (1, None), "{engine:?}");
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
