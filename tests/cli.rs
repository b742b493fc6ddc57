//! Does the `selvedge` command do what it says? Each test runs it for real, in an empty
//! folder of its own, and looks at what it prints, how it ends and what it leaves.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use selvedge::Signals;
use selvedge::signal::Action;
use selvedge_fixtures::catalogue;
use selvedge_harness::token::Token;
use selvedge_harness::{Choice, Granularity};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[path = "cli/hints.rs"]
mod hints;
#[path = "cli/machines.rs"]
mod machines;
#[path = "cli/mistakes.rs"]
mod mistakes;
#[path = "cli/room.rs"]
mod room;
#[path = "cli/surroundings.rs"]
mod surroundings;

use room::{Room, json, told};

/// The token of a finding of `name`.
fn token(room: &Room, name: &str, variant: &str) -> String {
    let (code, out, _) = room.run(&["explore", name, "--variant", variant, "--executions", "200", "--json"]);
    assert_eq!(code, 0, "{out}");
    json(&out)["replay"].as_str().unwrap().to_owned()
}

#[test]
fn the_environment_is_heard_and_options_beat_it() {
    let room = Room::new();
    let line = ["explore", "ticket", "--variant", "racy", "--json"];
    let run = |extra: &[&str], name: &str, value: &str| {
        let line: Vec<&str> = line.iter().chain(extra).copied().collect();
        told(room.command(&line).env(name, value).output().unwrap())
    };
    let (code, out, _) = run(&[], "SELVEDGE_EXECUTIONS", "17");
    assert_eq!((code, &json(&out)["executions"]), (0, &Value::from(17)));
    let (code, out, _) = run(&["--executions", "23"], "SELVEDGE_EXECUTIONS", "17");
    assert_eq!((code, &json(&out)["executions"]), (0, &Value::from(23)));
    let (_, out, _) = run(&["--executions", "23"], "SELVEDGE_ENGINE", "real");
    assert_eq!(json(&out)["engine"], "real");
    let (code, _, err) = run(&[], "SELVEDGE_SEED", "seven");
    assert_eq!(code, 2);
    assert!(err.contains("SELVEDGE_SEED: `seven` is not a whole number from 0 to 2^64 - 1, or 0x"), "{err}");
    let (code, _, err) = run(&["--executions", "23"], "SELVEDGE_SEDE", "1");
    assert_eq!(code, 0);
    assert!(err.contains("unknown variable SELVEDGE_SEDE; did you mean SELVEDGE_SEED?"), "{err}");
    let (code, _, err) = run(&[], "SELVEDGE_REPORT", "/proc/nowhere");
    assert_eq!(code, 2);
    assert!(err.contains("/proc/nowhere"), "{err}");
    let bank = token(&room, "bank:deposits=1,withdrawals=2", "racy");
    let (code, _, err) = run(&[], "SELVEDGE_REPLAY", &bank);
    assert_eq!(code, 2);
    assert!(err.contains("belongs to `bank:deposits=1,withdrawals=2, racy`"), "{err}");
    assert!(room.is_empty());
}

#[test]
fn exploring_counts_exactly() {
    let room = Room::new();
    for engine in ["sim", "real"] {
        let line = ["explore", "ticket:clients=2,stock=1", "--engine", engine, "--exhaust", "--json"];
        let (code, out, err) = room.run(&line);
        assert_eq!((code, &*err), (0, ""));
        let lines: Vec<Value> = out.lines().map(json).collect();
        let variants: Vec<&str> = lines.iter().map(|line| line["variant"].as_str().unwrap()).collect();
        assert_eq!(variants, ["racy", "wrong-fix", "locked"]);
        let racy = &lines[0];
        assert_eq!((&racy["executions"], &racy["violations"]), (&Value::from(6), &Value::from(4)));
        assert_eq!((&racy["complete"], &racy["proved_minimal"]), (&Value::from(true), &Value::from(true)));
        assert_eq!((&racy["min_switches"], &racy["min_preemptions"]), (&Value::from(2), &Value::from(1)));
        assert_eq!(racy["strategy"], "dfs");
        // The first schedule runs one client after the other and breaks nothing.
        let first = racy["first_violation"].as_u64().unwrap();
        assert!((2..=3).contains(&first), "{first}");
        assert!(racy["replay"].as_str().unwrap().starts_with("sv1:"));
        for key in
            ["scenario", "seed", "first_violation", "outcomes", "seconds", "executions_per_second", "verdict"]
        {
            assert!(!racy[key].is_null(), "{key}");
        }
        assert_eq!((&lines[2]["violations"], &lines[2]["complete"]), (&Value::from(0), &Value::from(true)));
    }
    let (code, out, _) =
        room.run(&["explore", "bank:deposits=1+1,withdrawals=1", "--variant", "racy", "--exhaust"]);
    assert_eq!(code, 0);
    assert!(out.contains("complete: every schedule") && out.contains("fails, as expected"), "{out}");
    assert!(room.is_empty());
}

#[test]
fn exit_codes_tell_surprises_from_nothing() {
    let room = Room::new();
    // One client alone cannot lose a race that it was expected to lose.
    let (code, out, _) = room.run(&["explore", "ticket:clients=1", "--variant", "racy", "--exhaust"]);
    assert_eq!(code, 1);
    assert!(out.contains("HOLDS, expected to fail"), "{out}");
    let (code, out, _) = room.run(&["explore", "ticket", "--variant", "locked", "--time", "0.000001ms"]);
    assert_eq!(code, 0, "however little time there is, something is run: {out}");
    let nothing = ["explore", "ticket", "--variant", "locked", "--executions", "2", "--shard", "4/4"];
    let (code, out, _) = room.run(&nothing);
    let reason = "no execution belongs to this share of the run";
    assert_eq!(code, 4);
    assert!(out.contains("nothing ran") && out.contains(reason), "{out}");
    let (_, out, _) = room.run(&[&nothing[..], &["--json"]].concat());
    assert_eq!(json(&out)["reason"], reason);
    let (code, _, err) =
        room.run(&["explore", "ticket", "--variant", "locked", "--time", "60s", "--timeout", "300ms"]);
    assert_eq!((code, &*err), (124, "selvedge: timed out after 0.3 s\n"));
    assert!(room.is_empty());
}

#[test]
fn a_token_replays_shrinks_and_shows() {
    let room = Room::new();
    let token = token(&room, "ticket:clients=3,stock=2", "racy");
    for engine in ["sim", "real"] {
        let (code, out, _) = room.run(&["replay", &token, "--engine", engine]);
        assert_eq!(code, 1, "{out}");
        assert!(
            out.contains("ticket:clients=3") && out.contains("get left") && out.contains(&token),
            "{out}"
        );
    }
    let (code, out, _) = room.run(&["shrink", &token]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("proved minimal") && out.contains("sv1:"), "{out}");
    let page = room.path().join("page.html");
    let (code, out, _) = room.run(&["show", &token, "--html", page.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("client 0") && out.contains("set left"), "{out}");
    assert!(page.exists());
    let (code, _, err) = room.run(&["replay", &token, "--engine", "wild"]);
    assert_eq!(code, 2);
    assert!(err.contains("wild follows no schedule"), "{err}");
}

#[test]
fn tokens_that_pass_diverge_or_belong_elsewhere() {
    let room = Room::new();
    let write = |scenario: &str, variant: &str, tasks: &[usize]| {
        let case = catalogue().unwrap().parse(scenario).unwrap().case(variant).unwrap();
        let schedule = tasks.iter().map(|&task| Choice::run(task)).collect();
        Token { identity: case.identity(), granularity: Granularity::Operation, schedule }
    };
    let passing = write("ticket", "racy", &[0, 0, 1, 1]).to_string();
    let (code, out, _) = room.run(&["replay", &passing]);
    assert_eq!(code, 0);
    assert!(out.contains("breaks no law"), "{out}");
    let (code, _, err) = room.run(&["shrink", &passing]);
    assert_eq!(code, 1);
    assert!(err.contains("nothing to shrink"), "{err}");
    let diverging = write("ticket", "racy", &[0, 0, 0]).to_string();
    for command in ["replay", "shrink", "show"] {
        let (code, out, err) = room.run(&[command, &diverging]);
        assert_eq!((code, &*out), (3, ""), "{command}");
        assert!(err.contains("does not fit"), "{err}");
    }
    let mut stranger = write("ticket", "racy", &[0]);
    stranger.identity.fingerprint ^= 0x5555;
    let (code, _, err) = room.run(&["replay", &stranger.to_string()]);
    assert_eq!(code, 2);
    assert!(err.contains("belongs to a program that is not in this catalogue"), "{err}");
    let mut garbled = write("ticket", "racy", &[0]);
    garbled.identity.parameters = vec![200, 1, 7];
    let (code, _, err) = room.run(&["replay", &garbled.to_string()]);
    assert_eq!(code, 2);
    assert!(err.contains("carries parameters that `ticket` does not have"), "{err}");
}

#[test]
fn the_main_job_prints_a_table_and_leaves_a_report() {
    let room = Room::new();
    let (code, out, err) = room.run(&["--executions", "100"]);
    assert_eq!((code, &*err), (0, ""), "{out}");
    assert!(!out.contains('\x1b'), "no colours off a terminal");
    for case in catalogue().unwrap().cases().unwrap() {
        let (name, variant) = (case.selection.scenario.name, case.variant.name);
        for engine in ["sim", "real"] {
            let row = |line: &&str| line.split_whitespace().take(3).eq([name, variant, engine]);
            let row = out
                .lines()
                .find(row)
                .unwrap_or_else(|| panic!("{name} {variant} {engine} is missing: {out}"));
            assert!(row.contains("as expected"), "{row}");
        }
    }
    assert!(out.contains("every verdict is as expected"), "{out}");
    assert!(out.contains("the first finding") && out.contains("oversold"), "{out}");
    assert!(room.path().join("selvedge-report/index.html").exists());
    fs::remove_dir_all(room.path().join("selvedge-report")).unwrap();
    assert!(room.is_empty(), "the main job left something behind");
}

#[test]
fn the_main_job_speaks_json_and_writes_where_it_is_told() {
    let room = Room::new();
    fs::create_dir(room.path().join("target")).unwrap();
    let (code, out, _) = room.run(&["--executions", "100", "--engine", "sim", "--json"]);
    assert_eq!(code, 0, "{out}");
    let programs = catalogue().unwrap().cases().unwrap().len();
    assert_eq!(out.lines().map(json).filter(|line| line["engine"] == "sim").count(), programs);
    assert!(room.path().join("target/selvedge-report/index.html").exists());
}

#[test]
fn a_reader_may_have_seen_enough() {
    let room = Room::new();
    let mut child = room.command(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), &*err), (Some(0), ""), "after {line}");
}

/// What a law came to is known to whoever asks for the code, also if nobody reads the text.
#[test]
fn the_code_is_the_verdict_whoever_reads() {
    let room = Room::new();
    let token = token(&room, "ticket", "racy");
    let logs = concat!(env!("CARGO_MANIFEST_DIR"), "/data/logs/register-bad.log");
    for line in [&["replay", &token][..], &["judge", logs, "--model", "register"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = room.command(line).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*err), (Some(1), ""), "{line:?}");
    }
}

/// Numbers of the processes whose environment names this room.
fn processes(room: &Room) -> Vec<String> {
    let place = room.path().to_str().unwrap();
    let all = fs::read_dir("/proc").unwrap().flatten();
    let here = |entry: &fs::DirEntry| {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(place)
    };
    all.filter(here).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Explores in `engine` until files are there, then sends the signal to the command, or
/// to its whole group as a terminal does, and looks for what is left.
fn ended_by(signal: Signal, engine: &str, group: bool) {
    let room = Room::new();
    // Whoever runs these tests may ignore it, as nohup(1) has one do.
    Signals::set(signal, Action::Default).unwrap();
    let line =
        ["explore", "ticket-file:clients=5", "--variant", "locked", "--time", "60s", "--engine", engine];
    let mut command = room.command(&line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    // Its scratch folder appears when it has begun to explore.
    while room.is_empty() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it began");
        std::thread::yield_now();
    }
    let pid = child.id() as i32;
    kill(Pid::from_raw(if group { -pid } else { pid }), signal).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let code = child.wait().unwrap().code();
    assert_eq!((code, &*err), (Some(128 + signal as i32), &*format!("selvedge: ended by {signal}\n")));
    assert_eq!(processes(&room), [""; 0], "{signal} in {engine} left processes behind");
    assert!(room.is_empty(), "{signal} in {engine} left something behind");
}

#[test]
fn no_signal_leaves_anything_behind() {
    use Signal::{SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV, SIGTERM, SIGUSR1, SIGXCPU};
    for engine in ["sim", "real", "wild"] {
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            ended_by(signal, engine, false);
            ended_by(signal, engine, true);
        }
    }
    for signal in [SIGABRT, SIGALRM, SIGSEGV, SIGUSR1, SIGXCPU] {
        ended_by(signal, "sim", false);
    }
}

/// Whoever cleans up may be killed itself: then everybody dies with it, also those that a task
/// of the program started.
#[test]
fn nobody_outlives_the_command() {
    for (scenario, engine) in [("tftp", "real"), ("ticket-file:clients=5", "real"), ("ticket-file", "wild")] {
        for _ in 0..5 {
            let room = Room::new();
            let mut command = room.command(&["explore", scenario, "--time", "60s", "--engine", engine]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            // The command, who works for it, a controller, and a task.
            while processes(&room).len() < 4 {
                assert_eq!(child.try_wait().unwrap(), None, "it ended before it began");
            }
            child.kill().unwrap();
            child.wait().unwrap();
            let killed = Instant::now();
            while !processes(&room).is_empty() {
                let left = || processes(&room).join(", ");
                assert!(killed.elapsed() < Duration::from_secs(30), "{scenario} in {engine} left {}", left());
            }
        }
    }
}

#[test]
fn the_help_is_as_reviewed() {
    let room = Room::new();
    let (code, out, err) = room.run(&["--help"]);
    assert_eq!((code, &*err), (0, ""));
    insta::assert_snapshot!("help", out);
    let (code, out, _) = room.run(&["explore", "--help"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("help-explore", out);
}

#[test]
fn the_list_is_as_reviewed() {
    let (code, out, err) = Room::new().run(&["list"]);
    assert_eq!((code, &*err), (0, ""));
    insta::assert_snapshot!("list", out);
}
