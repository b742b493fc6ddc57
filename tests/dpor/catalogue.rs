//! Does `dpor` agree with `dfs` on every program of the catalogue that both can exhaust?
//! On its outcomes, and on the ways in which it breaks its laws.

use selvedge_fixtures::catalogue;
use selvedge_harness::catalogue::{Case, Form, Selection};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Recording, Verdict};
use std::collections::BTreeSet;

/// Schedules at most of a program that is compared.
const MOST: u64 = if cfg!(debug_assertions) { 500 } else { 50_000 };

/// Tasks at most: with more there are too many schedules in any case.
const TASKS: usize = 8;

fn config(strategy: Strategy) -> Config {
    Config { strategy, keep_going: true, shrink: false, ..Config::default().ignore_environment() }
        .faults(Faults::none())
}

/// How an execution came out, without what differs between schedules that are one trace.
fn outcome(recording: &Recording) -> String {
    let end = match &recording.verdict {
        Verdict::Panic { task, message, place, .. } => format!("task {task}: {message} ({place})"),
        Verdict::Died { task, status, .. } => format!("task {task} died: {status}"),
        other => other.to_string(),
    };
    let tasks = recording.tasks.iter().map(|task| match (&task.status, &task.pending) {
        (Some(status), _) => status.to_string(),
        // Who else was how far when the execution broke off is no part of how it ended.
        (None, Some(next)) if recording.verdict == Verdict::Deadlock => {
            format!("{} ({})", next.name, next.place)
        }
        (None, _) => "?".to_owned(),
    });
    let tasks: Vec<String> = match recording.verdict {
        Verdict::Panic { .. } | Verdict::Died { .. } | Verdict::Race { .. } => Vec::new(),
        _ => tasks.collect(),
    };
    format!("{end} [{}] {}", recording.label, tasks.join(", "))
}

/// All outcomes, how many executions that took, and how many were given up half-way; none
/// if there are too many.
fn exhaust(case: &Case, strategy: Strategy) -> Option<(BTreeSet<String>, u64, u64)> {
    let recordings = case.build().unwrap().record(&config(strategy), 0..MOST).unwrap();
    let is_complete = (recordings.len() as u64) < MOST;
    // What an execution came to that was given up half-way was not seen.
    let judged =
        |recording: &&Recording| !matches!(recording.verdict, Verdict::Broken(_) | Verdict::Diverged { .. });
    let judged: Vec<&Recording> = recordings.iter().filter(judged).collect();
    let given_up = (recordings.len() - judged.len()) as u64;
    let outcomes = judged.iter().map(|recording| outcome(recording)).collect();
    is_complete.then_some((outcomes, judged.len() as u64, given_up))
}

/// A scenario as small as it can be, and a bit larger in every parameter, in every mode.
fn small(selection: &Selection) -> Vec<String> {
    let scenario = &selection.scenario;
    let mut names = vec![String::new()];
    for extra in 0..3 {
        let mut forms: Vec<Vec<String>> = vec![Vec::new()];
        for parameter in scenario.parameters {
            let values: Vec<String> = match parameter.form {
                Form::Number { least, most } => vec![(least.max(1) + extra).min(most).to_string()],
                Form::Numbers { .. } => {
                    vec![(0..extra).map(|number| (number + 1).to_string()).collect::<Vec<_>>().join("+")]
                }
                Form::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            };
            let name = parameter.name;
            let mut longer = Vec::new();
            for form in &forms {
                longer.extend(values.iter().map(|value| [&form[..], &[format!("{name}={value}")]].concat()));
            }
            forms = longer;
        }
        names.extend(forms.iter().map(|form| form.join(",")));
    }
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(
            |form| {
                if form.is_empty() { scenario.name.to_owned() } else { format!("{}:{form}", scenario.name) }
            },
        )
        .collect()
}

/// Every number of traces that is known of a program of the catalogue.
const TRACES: [(&str, u64); 24] = [
    ("ainc:tasks=2", 2),
    ("ainc:tasks=3", 6),
    ("ainc:tasks=4", 24),
    ("ainc:tasks=5", 120),
    ("inc:tasks=2", 4),
    ("inc:tasks=3", 36),
    ("inc:tasks=4", 576),
    ("casrot:tasks=2", 2),
    ("casrot:tasks=3", 5),
    ("casrot:tasks=4", 14),
    ("casrot:tasks=5", 43),
    ("casrot:tasks=6", 144),
    ("readers:readers=2", 4),
    ("readers:readers=8", 256),
    ("lockinc:tasks=2", 2),
    ("lockinc:tasks=4", 24),
    ("lockinc:tasks=2,times=2", 6),
    ("lockinc:tasks=3,times=2", 90),
    ("sb", 3),
    ("mp", 3),
    ("lb", 3),
    ("iriw", 15),
    ("indep:tasks=2", 1),
    ("indep:tasks=9", 1),
];

#[test]
fn each_trace_is_run_once() {
    let catalogue = catalogue().unwrap();
    for (name, traces) in TRACES {
        let case = catalogue.parse(name).unwrap().case("plain").unwrap();
        let tally = case.check(&config(Strategy::Dpor).exhaust()).unwrap().tally;
        assert!(tally.complete, "{name}");
        assert_eq!((tally.executions, tally.blocked), (traces, 0), "{name}");
    }
}

#[test]
fn dpor_finds_what_dfs_finds() {
    let catalogue = catalogue().unwrap();
    let mut compared = BTreeSet::new();
    let mut scenarios = BTreeSet::new();
    for case in catalogue.cases().unwrap() {
        scenarios.insert(case.selection.scenario.name);
        for name in small(&case.selection) {
            let Ok(selection) = catalogue.parse(&name) else { continue };
            let case = selection.case(case.variant.name).unwrap();
            if case.build().map_or(usize::MAX, |program| program.tasks()) > TASKS {
                continue;
            }
            let what = case.name();
            let Some((all, schedules, _)) = exhaust(&case, Strategy::Dfs { preemptions: None }) else {
                continue;
            };
            let (reduced, traces, blocked) =
                exhaust(&case, Strategy::Dpor).expect("no more traces than schedules");
            assert_eq!(reduced, all, "{what}");
            assert!(traces <= schedules, "{what}: {traces} traces, {schedules} schedules");
            let counts = format!("{traces} traces, {blocked} blocked, {schedules} schedules");
            println!("{what}: {} outcomes, {counts}", all.len());
            compared.insert(case.selection.scenario.name);
        }
    }
    let missing: Vec<_> = scenarios.difference(&compared).collect();
    println!("{} of {} scenarios, not {missing:?}", compared.len(), scenarios.len());
    assert!(compared.len() * 10 >= scenarios.len() * 8, "too large to exhaust: {missing:?}");
}
