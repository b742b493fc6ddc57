//! Are schedules that once failed kept, tried first, and never lost? The subjects are
//! tests of this binary, which it runs again in a process with an environment of its own.

#[path = "regressions/files.rs"]
mod files;
#[path = "regressions/package.rs"]
mod package;

use package::*;
use selvedge_harness::prelude::*;
use selvedge_harness::token::{Identity, Token};
use selvedge_harness::{Choice, Granularity};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

shareable! {
    struct Counter { value: Value<u32> }
}

/// What the subjects shall do; they do nothing if this is not set.
const ASKED: &str = "REGRESSIONS_ASKED";

fn asked() -> Option<String> {
    std::env::var(ASKED).ok()
}

fn add(locked: bool, counter: &Counter) {
    if locked {
        counter.value.lock().update(|value| value + 1);
    } else {
        counter.value.set(counter.value.get() + 1);
    }
}

/// `racy` loses updates; `fixed` takes a lock; `other` has another shape; `counting` does something
/// else each time.
fn adders(kind: &str) -> Program<Counter> {
    let kind = kind.to_owned();
    let locked = kind == "fixed";
    let program = Program::new("lost update", || Counter { value: Value::new(0) })
        .name("counter", |counter| &counter.value);
    match &*kind {
        "counting" => program.task("counter", |counter| {
            static RUNS: AtomicU32 = AtomicU32::new(0);
            counter.value.set(RUNS.fetch_add(1, Ordering::Relaxed));
        }),
        "other" => program.tasks("adder", 2, |counter, _| counter.value.fetch_add(1)),
        _ => program
            .tasks("adder", 2, move |counter, _| add(locked, counter))
            .finally(|counter| assert_eq!(counter.value.get(), 2, "an update was lost")),
    }
}

#[test]
fn subject_declared() {
    let Some(kind) = asked() else { return };
    let engine = if kind == "real" { Engine::Real } else { Engine::Sim };
    // A budget too small to find anything by itself, if the kind says so.
    let config = match kind.strip_prefix("once ") {
        Some(_) => Config::default().strategy(Strategy::Dfs { preemptions: None }).executions(1),
        None => Config::default().engine(engine),
    };
    adders(kind.trim_start_matches("once ")).explore(&config).unwrap();
}

#[test]
fn subject_dynamic() {
    if asked().is_none() {
        return;
    }
    explore(|| {
        let counter = Shared::new(Value::<u32>::new(0));
        let other = counter.clone();
        let child = Process::spawn(move || other.set(other.get() + 1));
        counter.set(counter.get() + 1);
        child.join().unwrap();
        assert_eq!(counter.get(), 2, "an update was lost");
    });
}

/// A test that passes has something to say, too.
#[test]
fn what_a_passing_test_should_tell_is_heard() {
    let package = Package::new();
    let (passed, said) = package.run_unheard("subject_declared", "counting", &[("SELVEDGE_ENGIN", "real")]);
    assert!(passed, "{said}");
    assert!(said.contains("unknown variable SELVEDGE_ENGIN; did you mean SELVEDGE_ENGINE?"), "{said}");
    assert!(said.contains("lost update: the program is not deterministic: two runs of one"), "{said}");
}

/// Two programs in one function, of which the second fails.
#[test]
fn subject_two() {
    if asked().is_none() {
        return;
    }
    explore(|| two_adders(1));
    explore(|| two_adders(2));
}

fn two_adders(least: u32) {
    let counter = Shared::new(Value::<u32>::new(0));
    let other = counter.clone();
    let child = Process::spawn(move || other.set(other.get() + 1));
    counter.set(counter.get() + 1);
    child.join().unwrap();
    assert!(counter.get() >= least, "an update was lost");
}

/// Many threads find the same and different things at once.
#[test]
fn subject_crowd() {
    if asked().is_none() {
        return;
    }
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let explore =
                move || adders("racy").explore(&Config { shrink: false, ..Config::default().seed(seed) });
            scope.spawn(move || assert!(std::panic::catch_unwind(explore).is_err()));
        }
    });
}

#[test]
fn subject_without_regressions() {
    let Some(kind) = asked() else { return };
    let config = Config::default();
    let config = if kind == "ignore" { config.ignore_environment() } else { config.persist(false) };
    adders("racy").explore(&config).unwrap();
}

#[test]
fn a_finding_is_kept_and_tried_first() {
    for kind in ["racy", "real"] {
        let package = Package::new();
        let (passed, said) = package.run("subject_declared", kind, &[]);
        assert!(!passed && said.contains("an update was lost"), "{said}");
        assert!(said.contains(&format!("the schedule was added to fixtures/regressions/{NAME}")), "{said}");
        assert_eq!(package.files(), [format!("fixtures/regressions/{NAME}")]);
        let kept = fs::read_to_string(package.file()).unwrap();
        let engine = if kind == "real" { "real" } else { "sim" };
        assert!(kept.starts_with("# Schedules that broke a law of `lost update`."), "{kept}");
        assert!(kept.contains("# lost update: law broken after 4 steps: "), "{kept}");
        assert!(kept.trim_end().ends_with(&format!("; engine {engine}")), "{kept}");
        // One execution of depth-first search finds nothing: only what was kept does.
        let empty = Package::new();
        assert!(empty.run("subject_declared", "once racy", &[]).0);
        let (passed, said) = package.run("subject_declared", "once racy", &[]);
        let token = tokens(&kept)[0];
        assert!(!passed, "{said}");
        assert!(
            said.contains(&format!("the regression fixtures/regressions/{NAME}:3 still fails")),
            "{said}"
        );
        assert!(said.contains(token) && said.contains("by replaying a schedule"), "{said}");
        // Nothing is written twice, and what was fixed is quiet.
        assert_eq!(fs::read_to_string(package.file()).unwrap(), kept);
        let (passed, said) = package.run("subject_declared", "fixed", &[]);
        assert!(passed, "{said}");
    }
}

#[test]
fn any_code_that_explores_keeps_its_findings() {
    let package = Package::new();
    for still in [false, true] {
        let (passed, said) = package.run("subject_dynamic", "racy", &[]);
        assert!(!passed && said.contains("an update was lost"), "{said}");
        assert_eq!(said.contains("still fails"), still, "{said}");
    }
    let files = package.files();
    assert_eq!(files.len(), 1);
    // Called after its function, so that no line that moves voids it.
    assert!(files[0].contains("/regressions--subject_dynamic-"), "{files:?}");
    let kept = fs::read_to_string(package.0.join(&files[0])).unwrap();
    assert!(kept.contains("of `regressions::subject_dynamic`"), "{kept}");
}

#[test]
fn two_programs_of_one_function_are_told_apart() {
    let package = Package::new();
    let (passed, said) = package.run("subject_two", "racy", &[]);
    assert!(!passed && said.contains("an update was lost"), "{said}");
    let files = package.files();
    assert_eq!(files.len(), 1, "{files:?}");
    let kept = fs::read_to_string(package.0.join(&files[0])).unwrap();
    assert!(kept.contains("of `regressions::subject_two (2)`"), "{kept}");
    // The first one is explored on the way to the second, whose token it is.
    let token = tokens(&kept)[0];
    let (passed, said) = package.run("subject_two", "racy", &[("SELVEDGE_REPLAY", token)]);
    assert!(!passed && said.contains("by replaying a schedule"), "{said}");
    assert!(said.contains("another program; regressions::subject_two is explored as usual"), "{said}");
    assert!(!said.contains("nothing was replayed"), "{said}");
}

#[test]
fn a_token_of_another_program_is_an_error() {
    let package = Package::new();
    let stranger = Token {
        identity: Identity::of("another"),
        granularity: Granularity::Operation,
        schedule: vec![Choice::run(0)],
    };
    let stranger = stranger.to_string();
    let mut command = package.command("subject_declared", "fixed", &[("SELVEDGE_REPLAY", &*stranger)]);
    let output = command.output().unwrap();
    let (_, said) = told(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let message =
        "selvedge: nothing was replayed: the token in SELVEDGE_REPLAY belongs neither to `lost update`";
    assert!(said.contains(message), "{said}");
    // Its own is no error, and nor is none.
    for variables in [vec![("SELVEDGE_REPLAY", token(&[0, 0, 0, 1, 1, 1]))], vec![]] {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, text)| (*name, &**text)).collect();
        let (_, said) = package.run("subject_declared", "fixed", &variables);
        assert!(!said.contains("nothing was replayed"), "{said}");
    }
    // One that no longer fits fails, and says what to do about it.
    let (passed, said) = package.run("subject_declared", "fixed", &[("SELVEDGE_REPLAY", &token(&[0, 1, 1]))]);
    assert!(!passed && said.contains("SELVEDGE_REPLAY decides nothing; unset that to explore"), "{said}");
}

#[test]
fn the_environment_says_whether_and_where() {
    let package = Package::new();
    let elsewhere = package.0.join("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    for (variables, files) in [
        (vec![("CI", "true")], vec![]),
        (vec![("CI", "true"), ("SELVEDGE_PERSIST", elsewhere)], vec![]),
        (vec![("SELVEDGE_PERSIST", "off")], vec![]),
        (vec![("SELVEDGE_PERSIST", "0")], vec![]),
        (vec![("SELVEDGE_PERSIST", elsewhere)], vec![format!("elsewhere/{NAME}")]),
        (
            vec![("SELVEDGE_PERSIST", "on")],
            vec![format!("elsewhere/{NAME}"), format!("fixtures/regressions/{NAME}")],
        ),
    ] {
        let (passed, said) = package.run("subject_declared", "racy", &variables);
        assert!(!passed && said.contains("an update was lost"), "{variables:?}: {said}");
        assert_eq!(package.files(), files, "{variables:?}");
    }
    // On a build server they are tried all the same; where they are off they are not.
    let (passed, said) = package.run("subject_declared", "once racy", &[("CI", "true")]);
    assert!(!passed && said.contains("still fails"), "{said}");
    let (passed, said) = package.run("subject_declared", "once racy", &[("SELVEDGE_PERSIST", "off")]);
    assert!(passed, "{said}");
    let file = package.file();
    for wrong in ["", "yes", "no", "true", "false", "maybe", file.to_str().unwrap()] {
        let (passed, said) = package.run("subject_declared", "racy", &[("SELVEDGE_PERSIST", wrong)]);
        let message = format!("SELVEDGE_PERSIST: `{wrong}` is not on, off or a folder");
        assert!(!passed && said.contains(&message), "{said}");
    }
}

#[test]
fn a_configuration_can_do_without() {
    let package = Package::new();
    for kind in ["persist", "ignore"] {
        let (passed, said) = package.run("subject_without_regressions", kind, &[]);
        assert!(!passed && said.contains("an update was lost"), "{said}");
        assert_eq!(package.files(), [""; 0]);
    }
}

#[test]
fn a_package_called_fixtures_keeps_its_own() {
    let package = Package::new();
    let inner = package.0.join("fixtures");
    fs::create_dir(&inner).unwrap();
    let variables = [("CARGO_MANIFEST_DIR", inner.to_str().unwrap())];
    assert!(!package.run("subject_declared", "racy", &variables).0);
    assert_eq!(package.files(), [format!("fixtures/regressions/{NAME}")]);
}

/// Tests that fail on purpose must not leave anything in the repository.
#[test]
fn the_repository_has_no_regressions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for package in ["", "harness", "properties", "bench", "fixtures"] {
        for folder in
            [root.join(package).join("regressions"), root.join(package).join("fixtures/regressions")]
        {
            let mut files = Vec::new();
            if folder.is_dir() {
                walk(&folder, &mut files);
            }
            assert!(files.is_empty(), "{files:?}");
        }
    }
}
