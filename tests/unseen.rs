//! Does a search say so where it sees nothing of what a program does?

use selvedge_harness::prelude::{Event, Faults, Process, Program, RaceCell, Value, shareable, step, thread};
use selvedge_harness::{Config, Engine, check, explore_with, unobserved};
use std::panic::catch_unwind;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

fn config(engine: Engine) -> Config {
    Config::default().ignore_environment().engine(engine).executions(20)
}

fn refusal(engine: Engine, body: impl Fn() + Sync) -> String {
    explore_with(&config(engine), body).map(|_| ()).expect_err("a search that sees nothing").to_string()
}

/// What a main task makes, and what it is called.
fn shipped() -> Vec<(&'static str, fn())> {
    vec![
        ("Queue", || _ = selvedge::Queue::<u32>::bounded(1)),
        ("Queue", || _ = selvedge::JoinableQueue::<u32>::unbounded()),
        ("Queue", || _ = selvedge::PriorityQueue::<u32>::builder().capacity(1).build()),
        ("Value", || _ = selvedge::Value::<u32>::new(1)),
        ("RawValue", || _ = selvedge::RawValue::<u32>::new(1)),
        ("Array", || _ = selvedge::Array::<u32>::new(1)),
        ("Array", || _ = selvedge::RawArray::from_slice(&[1_u32])),
        ("Mutex", || _ = selvedge::Mutex::new(1)),
        ("RobustMutex", || _ = selvedge::RobustMutex::new(1)),
        ("ReentrantMutex", || _ = selvedge::ReentrantMutex::new(1)),
        ("RwLock", || _ = selvedge::RwLock::new(1)),
        ("Condvar", || _ = selvedge::Condvar::new()),
        ("Semaphore", || _ = selvedge::Semaphore::new(1)),
        ("BoundedSemaphore", || _ = selvedge::BoundedSemaphore::try_new(1)),
        ("RobustSemaphore", || _ = selvedge::RobustSemaphore::new(1)),
        ("Event", || _ = selvedge::Event::new()),
        ("Barrier", || _ = selvedge::Barrier::new(1)),
        ("Once", || _ = selvedge::Once::new()),
        ("OnceCell", || _ = selvedge::OnceCell::<u32>::new()),
        ("LazyLock", || _ = selvedge::LazyLock::new(|| 1)),
        ("Shared", || _ = selvedge::Shared::new(1_u32)),
        ("SharedMap", || _ = selvedge::SharedMap::<u32, u32>::new(1)),
        ("spsc", || _ = selvedge::spsc::<u32>(1)),
        ("pipe", || _ = selvedge::pipe(true)),
        ("Process", || _ = selvedge::Process::spawn(|| ())),
        ("thread::spawn", || _ = selvedge::spawn(|| ())),
        ("thread::sleep", || selvedge::sleep(Duration::ZERO)),
        ("Manager", || _ = selvedge::Manager::start()),
        ("Pool", || _ = selvedge::Pool::new(1)),
        ("ThreadPool", || _ = selvedge::ThreadPool::new(1)),
    ]
}

#[test]
fn a_shipped_primitive_in_an_exploration_is_refused_by_name() {
    for (name, make) in shipped() {
        let why = refusal(Engine::Sim, make);
        let told = format!("the scheduler sees nothing of selvedge::{name} (tests/unseen.rs:");
        assert!(why.contains(&told), "{name}: {why}");
        assert!(why.contains(&format!("use selvedge_harness::prelude::{name},")), "{name}: {why}");
    }
}

#[test]
fn so_it_is_in_a_child_and_in_real_processes() {
    for engine in [Engine::Sim, Engine::Real] {
        let why = refusal(engine, || {
            let child = Process::spawn(|| {
                let items = selvedge::Queue::bounded(1);
                let _ = items.try_put(1);
            });
            child.join().unwrap();
        });
        assert!(why.contains("sees nothing of selvedge::Queue ("), "{why}");
    }
}

#[test]
fn a_state_of_shipped_values_is_refused() {
    shareable! { struct Stock { left: selvedge::Value<u32> } }
    let program =
        Program::new("stock", || Stock { left: selvedge::Value::new(1) })
            .tasks("client", 2, |stock, _| stock.left.set(0));
    let why = program.check(&config(Engine::Sim)).unwrap().undecided().expect("it sees nothing");
    assert!(why.contains("sees nothing of selvedge::Value ("), "{why}");
}

#[test]
fn a_wait_in_what_was_made_before_is_refused() {
    let queue = selvedge::Queue::<u32>::bounded(1);
    let why = refusal(Engine::Sim, || _ = queue.get());
    assert!(why.contains("sees nothing of a wait inside a shipped primitive:"), "{why}");
}

#[test]
fn what_is_no_part_of_the_program_may_be_anything() {
    let report = check(&config(Engine::Sim), || {
        let count = unobserved(|| selvedge::Value::<u32>::new(1));
        assert_eq!(count.get(), 1);
    });
    assert!(report.unwrap().undecided().is_none());
    // Nor is what the set-up does for itself, and what a task explores that is another program.
    let program = Program::new("set-up", || {
        unobserved(|| _ = selvedge::Mutex::new(1));
        Value::<u32>::new(0)
    });
    assert!(program.tasks("writer", 2, |value, _| value.set(1)).explore(&config(Engine::Sim)).is_ok());
    let report = check(&config(Engine::Sim), || {
        assert!(explore_with(&config(Engine::Sim), || _ = Value::<u32>::new(1).get()).is_ok());
    });
    assert!(report.unwrap().undecided().is_none());
    // Outside of tasks nobody is told.
    assert_eq!(selvedge::Value::<u32>::new(2).get(), 2);
}

#[test]
fn who_unwinds_from_a_panic_tells_of_that() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            _ = selvedge::Mutex::new(1);
        }
    }
    for engine in [Engine::Sim, Engine::Real] {
        let report = check(&config(engine).persist(false), || {
            let _last = Last;
            panic!("the law");
        });
        assert!(report.unwrap().finding.is_some(), "{engine:?}");
    }
}

#[test]
fn who_is_refused_at_once_leaves_its_code() {
    static MADE: LazyLock<selvedge::Mutex<u32>> = LazyLock::new(|| selvedge::Mutex::new(1));
    assert!(refusal(Engine::Sim, || _ = MADE.lock()).contains("sees nothing of selvedge::Mutex"));
    // Whoever comes next does not wait for it.
    assert!(catch_unwind(|| _ = MADE.lock()).is_err());
}

/// Two tasks that take one ticket, and share it in a way that the scheduler does not see.
fn blind() {
    let left = Arc::new(AtomicU32::new(1));
    let sold = Arc::new(AtomicU32::new(0));
    let clients = [0, 1].map(|_| {
        let (left, sold) = (Arc::clone(&left), Arc::clone(&sold));
        thread::spawn(move || {
            if left.load(SeqCst) > 0 {
                left.store(0, SeqCst);
                sold.fetch_add(1, SeqCst);
            }
        })
    });
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert!(sold.load(SeqCst) <= 1);
}

const NOTHING: &str = "the tasks share nothing that the scheduler sees, so no schedule differs from another";

#[test]
fn tasks_that_share_nothing_that_is_seen_are_refused() {
    for engine in [Engine::Sim, Engine::Real] {
        let why = refusal(engine, blind);
        assert!(why.contains(NOTHING) && why.contains("(20 executions)"), "{why}");
    }
    // Whoever only reports warns.
    let report = check(&config(Engine::Sim).jobs(2), blind).unwrap();
    assert_eq!(report.warning().as_deref(), Some(NOTHING));
    let exhausted = check(&config(Engine::Sim).exhaust(), blind).unwrap();
    assert!(exhausted.tally.complete && exhausted.warning().is_some());
    // It may be meant.
    assert!(explore_with(&config(Engine::Sim).apart(true), blind).is_ok());
}

/// Set for the child that the next test runs.
const BLIND: &str = "UNSEEN_EXPLORES";

#[test]
fn explores_if_asked() {
    match std::env::var(BLIND).as_deref() {
        Ok("refused") => explore_with(&config(Engine::Sim), blind).map(|_| ()).unwrap(),
        Ok("meant") => _ = explore_with(&config(Engine::Sim).apart(true), blind).unwrap(),
        _ => {}
    }
}

#[test]
fn it_is_said_once() {
    for (how, code) in [("refused", 101), ("meant", 0)] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "explores_if_asked", "--nocapture"])
            .env(BLIND, how)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert_eq!(text.matches(NOTHING).count(), 1, "{how}: {text}");
    }
}

#[test]
fn so_are_declared_ones_unless_two_of_them_do_anything() {
    shareable! { struct Numbers { own: [Value<u32>; 2] } }
    let program = |seen: usize| {
        let left = AtomicU32::new(1);
        Program::new("numbers", || Numbers { own: [Value::new(0), Value::new(0)] }).tasks(
            "client",
            2,
            move |numbers, task| {
                left.fetch_sub(1, SeqCst);
                if task < seen {
                    numbers.own[task].set(1);
                }
            },
        )
    };
    let config = config(Engine::Sim).persist(false);
    for seen in [0, 1] {
        assert!(program(seen).explore(&config).unwrap_err().to_string().contains(NOTHING), "{seen}");
    }
    assert!(program(2).explore(&config).is_ok());
    let waits = Program::new("waits", Event::new).tasks("waiter", 2, |event, _| event.wait()).stuck(|_| ());
    assert!(waits.explore(&config).is_ok());
}

#[test]
fn whatever_tasks_share_is_enough() {
    let shares: [fn(); 7] = [
        || {
            let count = Arc::new(Value::<u32>::new(0));
            let child = thread::spawn({
                let count = Arc::clone(&count);
                move || count.set(1)
            });
            count.get();
            child.join().unwrap();
        },
        || {
            let cell = Arc::new(RaceCell::new(0));
            let child = thread::spawn({
                let cell = Arc::clone(&cell);
                move || cell.set(1)
            });
            child.join().unwrap();
        },
        || {
            let (near, far) = selvedge_harness::prelude::pipe(true).unwrap();
            let child = Process::spawn(move || near.send(&1).unwrap());
            let mut far = far;
            assert_eq!(far.recv::<i32>().unwrap(), 1);
            child.join().unwrap();
        },
        || {
            let child = thread::spawn(step);
            child.join().unwrap();
        },
        || {
            let child = thread::spawn(|| ());
            let _ = child.is_finished();
        },
        // Whether it is over by then is up to the schedule.
        || {
            let nap = Duration::from_millis(1);
            let child = Process::spawn(move || thread::sleep(nap));
            let _ = child.join_timeout(nap);
            child.join().unwrap();
        },
        // A task of its own has nobody to share with.
        || _ = Value::<u32>::new(1).get(),
    ];
    for (number, body) in shares.into_iter().enumerate() {
        let report = explore_with(&config(Engine::Sim), body);
        assert_eq!(report.unwrap().warning(), None, "{number}");
    }
    // Where tasks are killed, the schedules differ by that.
    let faults = Faults { kills: 1, ..Faults::none() };
    let alone = || _ = Process::spawn(|| ()).join();
    assert_eq!(check(&config(Engine::Sim).faults(faults), alone).unwrap().warning(), None);
}
