//! Does the kill census count what is known of the crash programs? Every figure was worked
//! out by hand, from the code of the victim; both engines have to print the same.

use selvedge_fixtures::catalogue;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Report, Verdict};
use serde_json::Value;
use serial_test::serial;
use std::process::Command;

/// A crash program: the kill points of its victim and those that break it (numbers from 1),
/// along the run without preemption.
struct Row {
    name: &'static str,
    variant: &'static str,
    points: u64,
    breaking: &'static [u64],
    verdict: &'static str,
}

const ROWS: [Row; 6] = [
    row("crash-plain-mutex", "racy", 4, &[2, 3, 4], "deadlock"),
    row("crash-plain-mutex", "atomic", 1, &[], ""),
    row("crash-robust-mutex", "racy", 6, &[4, 5], "panic"),
    row("crash-robust-mutex", "fixed", 6, &[], ""),
    row("crash-publish", "racy", 2, &[2], "panic"),
    row("crash-publish", "fixed", 2, &[], ""),
];

const fn row(
    name: &'static str,
    variant: &'static str,
    points: u64,
    breaking: &'static [u64],
    verdict: &'static str,
) -> Row {
    Row { name, variant, points, breaking, verdict }
}

/// What `selvedge census` prints, line by line.
fn census(row: &Row, engine: &str, more: &[&str]) -> Vec<Value> {
    let line = ["census", row.name, "--variant", row.variant, "--engine", engine, "--json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SELVEDGE_") {
            command.env_remove(name);
        }
    }
    let output = command.args(line).args(more).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}, {}: {output:?}", row.name, row.variant);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn agrees(row: &Row, engine: &str, more: &[&str]) {
    let what = format!("{}, {}, in {engine} {more:?}", row.name, row.variant);
    let mut lines = census(row, engine, more);
    let total = lines.pop().unwrap();
    assert_eq!(total["kill_points"], row.points, "{what}");
    assert_eq!(total["killed"], row.points, "{what}");
    assert_eq!(total["breaking"], row.breaking.len() as u64, "{what}");
    assert_eq!(total["without_kill"], "pass", "{what}");
    assert_eq!(total["complete"], true, "{what}");
    for (point, number) in lines.iter().zip(1..) {
        assert_eq!(point["nth"], number, "{what}");
        let breaks = row.breaking.contains(&number);
        assert_eq!(point["failed"].as_u64().unwrap() > 0, breaks, "{what}, before operation {number}");
        assert_eq!(point["verdict"].as_str().unwrap_or(""), if breaks { row.verdict } else { "" }, "{what}");
        assert_eq!(point["replay"].is_string(), breaks, "{what}");
    }
}

#[test]
#[serial]
fn the_run_without_preemption_breaks_where_it_is_known_to() {
    for row in &ROWS {
        agrees(row, "sim", &[]);
        agrees(row, "real", &[]);
    }
}

/// No other order of the tasks makes another kill point break.
#[test]
#[serial]
fn every_schedule_breaks_at_the_same_points() {
    for row in &ROWS {
        agrees(row, "sim", &["--exhaust"]);
        agrees(row, "real", &["--exhaust"]);
    }
}

/// The verdict of a census as people read it, and the exit code.
fn verdict(line: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_selvedge")).arg("census").args(line).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let verdict = text.lines().find_map(|line| line.strip_prefix("verdict      "));
    (verdict.unwrap_or(&text).to_owned(), output.status.code())
}

/// A scenario that is about something else promises nothing about kills, whatever comes of them:
/// that it fails without is told where a census comes across it.
#[test]
#[serial]
fn what_nobody_promised_surprises_nobody() {
    let of = |line: &[&str]| verdict(line);
    let survives = "survives; what kills do to it is not promised".to_owned();
    assert_eq!(of(&["ticket", "--variant", "racy"]), (survives, Some(0)));
    let breaks = "breaks; what kills do to it is not promised".to_owned();
    assert_eq!(of(&["ticket", "--variant", "locked"]), (breaks, Some(0)));
    let vacuous = "vacuous: the kills prove nothing".to_owned();
    assert_eq!(of(&["ticket", "--variant", "racy", "--exhaust"]), (vacuous, Some(1)));
    assert_eq!(of(&["crash-publish", "--variant", "racy"]), ("breaks, as expected".to_owned(), Some(0)));
    assert_eq!(of(&["crash-publish", "--variant", "fixed"]), ("survives, as expected".to_owned(), Some(0)));
}

fn exhaust(row: &Row, engine: Engine, faults: Faults) -> Report {
    let case = catalogue().unwrap().parse(row.name).unwrap().case(row.variant).unwrap();
    let config = Config::default().engine(engine).ignore_environment().exhaust();
    case.check(&config.faults(faults)).unwrap()
}

/// Nothing fails without a kill; with one, no preemption is needed.
#[test]
#[serial]
fn it_takes_the_kill_and_nothing_else() {
    for (row, engine) in ROWS.iter().flat_map(|row| [(row, Engine::Sim), (row, Engine::Real)]) {
        let what = format!("{}, {}, {engine:?}", row.name, row.variant);
        let report = exhaust(row, engine, Faults::kills(1));
        assert!(report.tally.complete, "{what}");
        assert_eq!(report.finding.is_some(), !row.breaking.is_empty(), "{what}");
        if let Some(finding) = report.finding {
            assert_eq!(finding.preemptions, 0, "{what}");
            assert!(finding.proved_minimal, "{what}");
            assert_eq!(finding.control.map(|control| control.verdict), Some(Verdict::Pass), "{what}");
        }
        let report = exhaust(row, engine, Faults::none());
        assert_eq!((report.tally.complete, report.tally.violations), (true, 0), "{what}, nobody killed");
    }
}
