//! Who is told that a part of a program calls `exit`, in fibers and in processes?

use crate::{Count, dying, quiet};
use selvedge_harness::Verdict;
use selvedge_harness::prelude::*;

/// A part of a program that runs outside of its tasks.
const PARTS: [(&str, &str); 3] =
    [("init", "the set-up (init)"), ("label", "`label`"), ("finally", "`finally`")];

/// A program of which one part calls `exit`.
fn exits_in(place: &'static str) -> Program<Count> {
    let exit = move |here: &str| {
        if here == place {
            std::process::exit(3);
        }
        if here == "task" && place == "task at once" {
            // `_exit`, which runs no handler: a test that ended so would count as passed.
            selvedge::sys::process::exit_now(0);
        }
    };
    let build = move || {
        exit("init");
        Count { value: Value::new(0) }
    };
    Program::new("exits", build)
        .task("victim", move |s| {
            s.value.set(1);
            exit("task");
        })
        .task("other", |s| s.value.get())
        .label(move |_, _| exit("label"))
        .finally(move |_| exit("finally"))
}

/// Set for the child that the next test runs.
const EXITS: &str = "DEATHS_EXIT_IN_A_FIBER";

/// Ends this whole program if asked to: the subject of the next test.
#[test]
fn exits_if_asked() {
    if let Ok(place) = std::env::var(EXITS) {
        let place: &'static str = place.leak();
        let config = quiet(Engine::Sim).executions(64).seed(7);
        let config = Config { environment: place.starts_with("task"), ..config };
        let _ = exits_in(place).explore(&config);
    }
}

/// In fibers an exit ends the program; it says who did it, and fails.
#[test]
fn an_exit_in_a_fiber_is_blamed_on_who_called_it() {
    for (place, blamed) in PARTS {
        let text = exits(place, "off");
        assert!(text.contains(blamed) && text.contains("with exit()"), "{place}: {text}");
    }
}

/// What a program says that ends because one part of a program under test calls `exit`.
fn exits(place: &str, persist: &str) -> String {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "exits::exits_if_asked", "--nocapture"])
        .env(EXITS, place)
        .env("SELVEDGE_PERSIST", persist)
        .env_remove("CI")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(101), "{place}: {text}");
    text
}

/// What is known at that moment is told as any finding, and kept; and processes replay it.
#[test]
fn an_exit_of_a_fiber_is_a_finding() {
    let folder = std::env::temp_dir().join(format!("selvedge-exits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = exits("task", folder.to_str().unwrap());
    let told = [
        "victim called exit()",
        "--engine real",
        "exits: victim died at step ",
        "exit code 3",
        "not shrunk",
        " │ ",
        "set value 1 = 1",
        "exits.rs:",
        "reproduce: SELVEDGE_REPLAY=sv1:",
        "--exact exits::exits_if_asked",
    ];
    for part in told {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let kept = std::fs::read_to_string(folder.join("exits.txt")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let token = kept.lines().last().unwrap().split(' ').next().unwrap();
    assert!(text.contains(token), "{kept}\n{text}");
    let token: selvedge_harness::token::Token = token.parse().unwrap();
    let steps = token.schedule.len();
    let report = exits_in("task").check(&quiet(Engine::Real).strategy(Strategy::Replay(token.schedule)));
    let verdict = report.unwrap().tally.first.expect("processes show it as well").verdict;
    assert_eq!(verdict, Verdict::Died { task: 0, step: steps, status: 3 });
}

/// Also one that runs no handlers, and says that all is well.
#[test]
fn an_exit_at_once_is_a_finding() {
    let text = exits("task at once", "off");
    for part in ["victim called exit()", "exits: victim died at step ", "exit code 0", "set value 1 = 1"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let report = exits_in("task at once").check(&quiet(Engine::Real)).unwrap();
    let verdict = report.tally.first.expect("a finding").verdict;
    assert!(matches!(verdict, Verdict::Died { task: 0, status: 0, .. }), "{verdict}");
}

/// Where processes run the program, it is an error that says who did it.
#[test]
fn an_exit_outside_of_tasks_is_an_error_of_processes() {
    for engine in [Engine::Real, Engine::Wild] {
        for (place, blamed) in PARTS {
            let error = exits_in(place).check(&quiet(engine).executions(3)).unwrap_err().to_string();
            assert!(error.contains("ended with code 3") && error.contains(blamed), "{engine:?}: {error}");
        }
    }
}

/// In processes it is a finding like any other.
#[test]
fn an_unexpected_exit_is_a_finding() {
    let report = dying("exit", |_| std::process::exit(3)).check(&quiet(Engine::Real)).unwrap();
    let verdict = report.tally.first.map(|found| found.verdict);
    assert!(matches!(verdict, Some(Verdict::Died { task: 0, status: 3, .. })), "{verdict:?}");
}
