//! A report as one line of JSON: the lines of `--json`.
//!
//! The order of the fields is that of the struct and part of what scripts may rely on.

use super::livelock::{Loop, loops};
use super::words;
use crate::engine::Engine;
use crate::judge::{Recording, Step};
use crate::program::{Finding, NOTHING_RAN, Report, Shard, Swap};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    variant: &'a str,
    engine: &'a str,
    strategy: String,
    seed: u64,
    /// What may go wrong, in the form of `--fault`.
    faults: Option<String>,
    /// Who may be killed, where that is said by name.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    victims: &'a [String],
    /// Which share of a run this is, if it is not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    executions: u64,
    /// Everything that the strategy could plan in this share was run.
    complete: bool,
    violations: u64,
    /// Executions given up half-way because others cover them.
    blocked: u64,
    /// How many executions it took, the one that broke a law included.
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
    /// The two operations that pass the other way round, and the schedule that shows it.
    critical_pair: Option<Pair<'a>>,
    /// Nothing passes, in whatever order.
    #[serde(skip_serializing_if = "Option::is_none")]
    fails_always: Option<bool>,
    /// How the same schedule ends without its kills, or else without its other faults; see
    /// [`Finding::control`].
    #[serde(skip_serializing_if = "Option::is_none")]
    without_faults: Option<&'a str>,
    /// For a livelock: who repeats what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    livelock: Vec<Loop>,
    /// For a livelock: whether the program ends once everybody gets a turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_if_fair: Option<bool>,
    /// What should be known although something was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    replay: Option<&'a str>,
    verdict: &'a str,
    /// Why nothing was decided.
    reason: Option<String>,
}

#[derive(Serialize)]
struct Pair<'a> {
    first: String,
    second: String,
    passes: &'a str,
}

/// What searched; where nobody schedules, nothing does.
fn strategy(report: &Report) -> String {
    if report.engine == Engine::Wild { "none".to_owned() } else { report.strategy.to_string() }
}

/// The critical pair, if one is known.
fn pair(finding: &Finding) -> Option<Pair<'_>> {
    let Some(Swap::Passes { pair, token, .. }) = &finding.swap else { return None };
    let [first, second] = super::critical::ends(&finding.recording, pair);
    Some(Pair { first, second, passes: token })
}

/// The fewest preemptions known; nobody looked for fewer than there are if it was not shrunk.
fn fewest_preemptions(finding: &Finding) -> usize {
    match finding.shrink_executions {
        0 => finding.recording.preemptions.len(),
        _ => finding.preemptions,
    }
}

/// One JSON object in one line, without a line break at its end.
///
/// `verdict` is the caller's word for it, since only the caller knows what was
/// expected.
pub fn json(report: &Report, scenario: &str, variant: &str, verdict: &str) -> String {
    let tally = &report.tally;
    let finding = report.shown();
    let rate = if tally.seconds > 0.0 { tally.executions as f64 / tally.seconds } else { 0.0 };
    let line = Line {
        scenario,
        variant,
        engine: report.engine.name(),
        strategy: strategy(report),
        seed: report.seed,
        faults: report.faults.any().then(|| report.faults.to_string()),
        victims: report.faults.named_victims(),
        shard: Some(report.shard).filter(|shard| *shard != Shard::WHOLE),
        executions: tally.executions,
        complete: tally.complete,
        violations: tally.violations,
        blocked: tally.blocked,
        first_violation: tally.first.as_ref().map(|found| found.index + 1),
        outcomes: &tally.outcomes,
        min_switches: finding.map(|finding| finding.switches),
        min_preemptions: finding.map(fewest_preemptions),
        proved_minimal: finding.is_some_and(|finding| finding.proved_minimal),
        steps: tally.steps,
        seconds: tally.seconds,
        executions_per_second: rate,
        violation: tally.first.as_ref().map(|_| super::headline(report)),
        critical_pair: finding.and_then(pair),
        fails_always: finding
            .and_then(|finding| matches!(finding.swap, Some(Swap::Always { .. })).then_some(true)),
        without_faults: finding.and_then(|finding| Some(finding.control.as_ref()?.verdict.word())),
        livelock: finding.map_or_else(Vec::new, |finding| loops(&finding.recording)),
        ends_if_fair: finding.and_then(|finding| finding.ends_if_fair),
        warning: report.warning(),
        replay: finding.map(|finding| finding.token.as_str()),
        verdict,
        reason: reason(report),
    };
    serde_json::to_string(&line).expect("plain numbers and texts are always JSON")
}

fn reason(report: &Report) -> Option<String> {
    let tally = &report.tally;
    match (&tally.first, &tally.inconclusive) {
        (Some(_), _) => None,
        (None, Some(found)) => {
            let why = report.undecided().unwrap_or_else(|| report.told(&found.verdict));
            Some(format!("{}{why}", found.which()))
        }
        (None, None) if tally.executions == 0 => Some(NOTHING_RAN.to_owned()),
        (None, None) => None,
    }
}

/// A step for machines.
#[derive(Serialize)]
pub(crate) struct Told {
    /// Its number, from 1.
    step: usize,
    task: String,
    /// What was done and what came out, as in the lane table.
    what: String,
    /// The operation's name alone.
    operation: String,
    object: Option<String>,
    /// The number it came out with; none if it never came to its end.
    value: Option<u64>,
    /// The source line.
    place: String,
}

/// What happened, step by step.
pub(crate) fn trace(recording: &Recording) -> Vec<Told> {
    let told = |(index, step): (usize, &Step)| Told {
        step: index + 1,
        task: recording.task_name(step.task),
        what: words::operation(recording, step),
        operation: step.name.clone(),
        object: step
            .object
            .and_then(|object| recording.objects.get(object))
            .map(|object| object.name.clone()),
        value: step.value,
        place: step.place.to_string(),
    };
    recording.steps.iter().enumerate().map(told).collect()
}
