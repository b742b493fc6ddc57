//! What the engines promise besides their schedules: time, crowds, children of any
//! task, and the engine that leaves it all to the operating system.

use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
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
    struct Count {
        value: Value<u32>,
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

/// Threads of one process count its children together, in each execution from the start.
#[test]
fn children_of_threads_have_the_same_names_in_both_engines() {
    let record = |engine| {
        Program::new("threads with children", || Count { value: Value::new(0) })
            .threads("parent", 2, |count, _| {
                let child = Process::spawn(|| ());
                count.value.fetch_add(1);
                child.join().unwrap();
            })
            .record(&quiet(engine), 0..20)
            .unwrap()
    };
    let [sim, real] = BOTH.map(record);
    for recording in &sim {
        // A name is given before the step that starts the child, so either can be the first.
        let mut children: Vec<_> = recording.tasks[2..].iter().map(|task| task.name.as_str()).collect();
        children.sort_unstable();
        assert_eq!(children, ["Process-1", "Process-2"]);
    }
    assert_eq!(sim, real);
}

/// Unscheduled, a program without a race holds, and a task that panics is named.
#[test]
fn wild_runs_without_a_scheduler() {
    let config = || quiet(Engine::Wild).executions(30);
    let panics = Program::new("panics", || Count { value: Value::new(0) })
        .task("victim", |_| panic!("out of stock"))
        .task("other", |s| s.value.get());
    let report = panics.check(&config()).unwrap();
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

/// An object that is a number, 0 too, is the same one in all processes.
#[test]
fn a_small_number_is_one_object_in_both_engines() {
    let program = AnyProgram::dynamic(|| {
        let children = [0, 1].map(|object| {
            Process::spawn(move || {
                visible(Kind::Write, "write", 0, || ());
                visible(Kind::Write, "write", object, || ());
            })
        });
        children.into_iter().for_each(|child| _ = child.join().unwrap());
    });
    let [sim, real] = BOTH.map(|engine| program.record(&quiet(engine), 0..20).unwrap());
    assert_eq!(sim, real);
}

/// Outcomes are told apart by their ends, too.
#[test]
fn long_labels_are_counted_by_all_that_they_say() {
    for engine in BOTH {
        let report = check(&quiet(engine).exhaust(), || {
            let first = Shared::new(Value::new(0));
            let claim = |mark| {
                let first = first.clone();
                Process::spawn(move || _ = first.compare_exchange(0, mark))
            };
            [claim(1), claim(2)].into_iter().for_each(|process| _ = process.join().unwrap());
            outcome(format!("{}{}", "先".repeat(300), first.get()));
        });
        let outcomes = report.unwrap().tally.outcomes;
        assert_eq!(outcomes.len(), 2, "{outcomes:?}");
        assert!(outcomes.keys().all(|label| label.len() == 901), "{outcomes:?}");
    }
}
