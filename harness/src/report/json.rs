//! A report as one line of JSON: the lines of `--json`.
//!
//! The order of the fields is that of the struct and part of what scripts may rely on.

use crate::program::Report;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    variant: &'a str,
    engine: &'a str,
    strategy: String,
    seed: u64,
    executions: u64,
    /// Everything that the strategy could plan was run.
    complete: bool,
    violations: u64,
    /// The number of the execution, from 0.
    first_violation: Option<u64>,
    outcomes: &'a BTreeMap<String, u64>,
    min_switches: Option<usize>,
    min_preemptions: Option<usize>,
    proved_minimal: bool,
    steps: u64,
    seconds: f64,
    executions_per_second: f64,
    /// What broke, in one line.
    violation: Option<String>,
    replay: Option<&'a str>,
    verdict: &'a str,
}

/// One JSON object in one line, without a line break at its end.
///
/// `verdict` is the caller's word for it, since only the caller knows what was
/// expected.
pub fn json(report: &Report, scenario: &str, variant: &str, verdict: &str) -> String {
    let tally = &report.tally;
    let finding = report.finding.as_ref().filter(|_| tally.first.is_some());
    let rate = if tally.seconds > 0.0 { tally.executions as f64 / tally.seconds } else { 0.0 };
    let line = Line {
        scenario,
        variant,
        engine: report.engine.name(),
        strategy: report.strategy.to_string(),
        seed: report.seed,
        executions: tally.executions,
        complete: tally.complete,
        violations: tally.violations,
        first_violation: tally.first.as_ref().map(|found| found.index),
        outcomes: &tally.outcomes,
        min_switches: finding.map(|finding| finding.switches),
        min_preemptions: finding.map(|finding| finding.preemptions),
        proved_minimal: finding.is_some_and(|finding| finding.proved_minimal),
        steps: tally.steps,
        seconds: tally.seconds,
        executions_per_second: rate,
        violation: tally.first.as_ref().map(|_| super::headline(report)),
        replay: finding.map(|finding| finding.token.as_str()),
        verdict,
    };
    serde_json::to_string(&line).expect("plain numbers and texts are always JSON")
}
