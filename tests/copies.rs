//! Is it said where processes of fibers have in common what real ones would have a copy each of?

use selvedge_harness::prelude::{Engine, Mutex, Process, Program, Shared, Value, explore, thread};
use selvedge_harness::{Config, check};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

fn config(engine: Engine) -> Config {
    Config::default().ignore_environment().engine(engine).executions(20)
}

fn warning(engine: Engine, body: impl Fn() + Sync) -> Option<String> {
    check(&config(engine), body).unwrap().warning()
}

/// Counts with a main task and another one, which `start` starts and joins.
fn count(start: fn(Box<dyn FnOnce() + Send>)) {
    let count = Arc::new(Mutex::new(0));
    let other = Arc::clone(&count);
    start(Box::new(move || *other.lock().unwrap() += 1));
    *count.lock().unwrap() += 1;
}

fn process(body: Box<dyn FnOnce() + Send>) {
    Process::spawn(body).join().unwrap();
}

#[test]
fn an_arc_between_processes_is_told_with_both_lines() {
    let line = line!() - 10;
    let warned = warning(Engine::Sim, || count(process)).expect("a copy each");
    let places = [line, line + 1].map(|line| format!("lock at tests/copies.rs:{line}"));
    assert!(places.iter().all(|place| warned.contains(place.as_str())), "{places:?}: {warned}");
    assert!(warned.contains("use one object outside shared memory") && warned.contains("`main`"), "{warned}");
}

#[test]
fn so_it_is_in_a_declared_program() {
    let tasks = |threads: bool| {
        let count = Arc::new(Value::new(0));
        let program = Program::new("copies", || Value::new(0_u32));
        let add = move |_: &Value<u32>, _| count.set(1);
        if threads { program.threads("adder", 2, add) } else { program.tasks("adder", 2, add) }
    };
    let warned = tasks(false).check(&config(Engine::Sim)).unwrap().warning();
    assert!(warned.is_some_and(|warned| warned.contains("`adder 0`") && warned.contains("`adder 1`")));
    assert_eq!(tasks(true).check(&config(Engine::Sim)).unwrap().warning(), None);
}

/// Threads of one process share everything, processes what lies in shared memory; and what lies
/// where something of another process lay before is not that.
#[test]
fn what_is_shared_and_what_is_not_used_by_two_is_not_told() {
    let own = || {
        for _ in 0..3 {
            process(Box::new(|| *Arc::new(Mutex::new(0)).lock().unwrap() += 1));
        }
        let count = Shared::new(Value::new(0));
        let other = count.clone();
        process(Box::new(move || _ = other.fetch_add(1)));
        count.fetch_add(1);
    };
    assert_eq!(warning(Engine::Sim, own), None);
    assert_eq!(warning(Engine::Sim, || count(|body| thread::spawn(body).join().unwrap())), None);
    assert_eq!(warning(Engine::Real, || count(|body| thread::spawn(body).join().unwrap())), None);
}

/// What happened before a process was started is in its copy.
#[test]
fn copies_that_stay_alike_are_not_told() {
    let value = |before: bool, after: bool, child: bool, nested: bool| {
        warning(Engine::Sim, move || {
            let value = Arc::new(Value::new(0));
            if before {
                value.set(1);
            }
            let copy = Arc::clone(&value);
            let body = move || if child { copy.set(2) } else { _ = copy.get() };
            let body: Box<dyn FnOnce() + Send> =
                if nested { Box::new(|| process(Box::new(body))) } else { Box::new(body) };
            process(body);
            if after {
                value.get();
            }
        })
    };
    for nested in [false, true] {
        assert_eq!(value(true, true, false, nested), None, "{nested}");
        assert_eq!(value(true, false, true, nested), None, "{nested}");
        assert!(value(false, true, true, nested).is_some(), "{nested}");
    }
}

/// One's copy has nothing of what a sibling did before it was started.
#[test]
fn siblings_are_told_whenever_they_came() {
    let warned = warning(Engine::Sim, || {
        let value = Arc::new(Value::new(0));
        for _ in 0..2 {
            let value = Arc::clone(&value);
            process(Box::new(move || value.set(value.get() + 1)));
        }
    });
    assert!(warned.is_some_and(|warned| warned.contains("`Process-1`") && warned.contains("`Process-2`")));
}

/// Set for the child that the next test runs.
const ASKED: &str = "COPIES_EXPLORE";

/// Explores as the environment says, if asked to: the subject of the next test.
#[test]
fn loses_a_count_if_asked() {
    if std::env::var_os(ASKED).is_some() {
        explore(|| {
            count(process);
            panic!("found");
        });
    }
}

/// Whoever looks into a finding runs its schedule, and not the exploration that found it.
#[test]
fn a_schedule_that_is_run_again_says_so_too() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("copies-{}", std::process::id()));
    let run = |variable: &str, value: &OsStr| {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "loses_a_count_if_asked", "--nocapture"])
            .env_remove("CI")
            .envs([(ASKED, OsStr::new("1")), (variable, value)])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("use one object outside shared memory"), "{text}");
        text
    };
    let found = run("SELVEDGE_PERSIST", folder.as_os_str());
    assert!(run("SELVEDGE_PERSIST", folder.as_os_str()).contains("still fails"));
    let token = found.split("SELVEDGE_REPLAY=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(run("SELVEDGE_REPLAY", OsStr::new(token)).contains("by replaying a schedule"));
    std::fs::remove_dir_all(folder).unwrap();
}

/// An `Arc` that was made before the program outlives its executions, too.
#[test]
fn all_that_there_is_to_warn_of_is_told() {
    let count = Arc::new(Value::new(0));
    let program = Program::new("kept", || Value::new(0_u32))
        .tasks("adder", 2, move |_: &Value<u32>, _| _ = count.fetch_add(1));
    let warned = program.check(&config(Engine::Sim)).unwrap().warning().unwrap();
    assert!(warned.contains("use one object outside shared memory"), "{warned}");
    assert!(warned.contains("; the program is not deterministic: "), "{warned}");
}
