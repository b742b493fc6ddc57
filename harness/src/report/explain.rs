//! The whole explanation of a finding, put together from its parts.
//!
//! Called by a failing test, whose panic message it is, and by the command line.

use super::blocked::deadlock;
use super::critical::critical;
use super::lanes;
use super::livelock::livelock;
use super::reproduce::reproduce;
use super::style::{ALARM, NOTE, QUIET, STRONG, Style, clean};
use super::table::{Table, death, first_line};
use super::words;
use crate::engine::Engine;
use crate::judge::{Recording, Verdict, blocked, cycle};
use crate::kernel::{Outcome, switches};
use crate::program::{Control, Finding, Report};
use crate::strategy::Strategy;

/// What a failing test says; `None` if nothing failed.
pub fn failure(report: &Report) -> Option<String> {
    explain(report, Style::Plain)
}

/// As [`failure`], for a stream that may take colours.
pub fn explain(report: &Report, style: Style) -> Option<String> {
    report.tally.first.as_ref()?;
    let mut parts = vec![opening(report, style)];
    let mut facts = indent(&counts(report));
    if let Some(finding) = report.shown() {
        facts.push('\n');
        facts.push_str(&indent(&shrunk(finding)));
    }
    parts.push(style.paint(QUIET, &facts));
    if let Some(finding) = report.shown() {
        parts.extend(picture(finding, style));
        parts.push(style.paint(STRONG, &reproduce(&finding.token, report.engine)));
    } else {
        parts.push(
            "an unscheduled run has no schedule to replay; explore with sim or real to get one".to_owned(),
        );
    }
    Some(parts.join("\n\n"))
}

/// The headline, and the rest of a message of several lines.
fn opening(report: &Report, style: Style) -> String {
    let mut text = style.paint(ALARM, &headline(report));
    if let Some(Verdict::Law { message, .. } | Verdict::Panic { message, .. }) = verdict(report) {
        for line in message.lines().skip(1) {
            text.push_str(&format!("\n    {}", clean(line.trim())));
        }
    }
    text
}

/// How the execution ended that is told: the shrunk one, if there is one.
fn verdict(report: &Report) -> Option<&Verdict> {
    let found = report.tally.first.as_ref().map(|found| &found.verdict);
    if found.is_none() {
        return report.finding.as_ref().map(|finding| &finding.recording.verdict);
    }
    report.shown().map(|finding| &finding.recording.verdict).or(found)
}

/// One line: the program, what broke, in which task, at which step, where.
pub fn headline(report: &Report) -> String {
    let recording = report.finding.as_ref().map(|finding| &finding.recording);
    let what = verdict(report)
        .map_or_else(|| "every law holds".to_owned(), |verdict| sentence(report, verdict, recording));
    format!("{}: {what}", clean(&report.program))
}

/// What happened in the smallest schedule that shows a finding: the lane table, who waits for
/// whom, what goes on for ever, which order does the harm, and whether a fault does.
pub(crate) fn picture(finding: &Finding, style: Style) -> Vec<String> {
    let recording = &finding.recording;
    let mut parts = vec![lanes::draw(recording, &Table::of_finding(finding), style).trim_end().to_owned()];
    parts.extend(deadlock(recording).map(|text| indent(&text)));
    parts.extend(livelock(recording, finding.ends_if_fair).map(|text| indent(&text)));
    parts.extend(critical(finding).map(|text| style.paint(NOTE, &indent(&text))));
    let control = finding.control.as_ref().map(|control| indent(&without_faults(recording, control)));
    parts.extend(control.map(|text| style.paint(NOTE, &text)));
    parts
}

fn sentence(report: &Report, verdict: &Verdict, recording: Option<&Recording>) -> String {
    let name = |task: usize| clean(&report.task_name(task));
    match verdict {
        Verdict::Law { message, place } => {
            let after = recording.map_or_else(String::new, |recording| {
                format!(" after {}", words::count(recording.steps.len(), "step"))
            });
            format!("law broken{after}: {} ({})", first_line(message), clean(&place.to_string()))
        }
        Verdict::Panic { task, step, message, place } => {
            let place = clean(&place.to_string());
            format!("{} panicked at step {step}: {} ({place})", name(*task), first_line(message))
        }
        Verdict::Died { task, step, status } => {
            format!("{} died at step {step}: {}", name(*task), death(*status))
        }
        Verdict::Deadlock => recording.map_or_else(|| "deadlock".to_owned(), stuck),
        Verdict::Livelock { steps } => {
            format!("livelock: still running after {}", words::count(*steps, "step"))
        }
        other => clean(&report.told(other)),
    }
}

fn stuck(recording: &Recording) -> String {
    let blocked = blocked(recording);
    let cycle = cycle(&blocked);
    let after = words::count(recording.steps.len(), "step");
    match cycle.len() {
        0 => {
            let tasks: Vec<usize> = blocked.iter().map(|entry| entry.task).collect();
            format!("deadlock after {after}: {} can never go on", words::names(recording, &tasks))
        }
        1 => format!("deadlock after {after}: {} waits for itself", words::task(recording, cycle[0])),
        _ => format!("deadlock after {after}: {} wait for each other", words::names(recording, &cycle)),
    }
}

/// How it was found: execution, seed, strategy, engine, how many failed.
pub(super) fn counts(report: &Report) -> String {
    let engine = report.engine.name();
    if matches!(report.strategy, Strategy::Replay(_)) {
        return format!("found      by replaying a schedule, engine {engine}");
    }
    let tally = &report.tally;
    let first = tally.first.as_ref().map_or(0, |found| found.index + 1);
    let mut text = match report.engine {
        Engine::Wild => format!("found      in execution {first}, engine wild, unscheduled"),
        _ => format!(
            "found      in execution {first}, seed {}, strategy {}, engine {engine}",
            seed(report.seed),
            report.strategy
        ),
    };
    if tally.executions > first || tally.violations > 1 {
        text.push_str(&format!("; {} of {} executions failed", tally.violations, tally.executions));
    }
    text
}

/// A seed, short ones as numbers, long ones in hexadecimal.
fn seed(seed: u64) -> String {
    if seed < 1_000_000 { seed.to_string() } else { format!("{seed:#x}") }
}

/// What shrinking came to.
pub(super) fn shrunk(finding: &Finding) -> String {
    let preempted = finding.recording.preemptions.len();
    let now = words::count(finding.switches, "context switch");
    if finding.shrink_executions == 0 {
        return format!("not shrunk {now}, {}", words::count(preempted, "preemption"));
    }
    let before = switches(&finding.found.schedule);
    let from = if before > finding.switches { format!("from {before} to ") } else { "to ".to_owned() };
    let proof = if finding.proved_minimal { "proved minimal" } else { "the smallest found" };
    let preemptions = words::count(preempted, "preemption");
    let fewest = match finding.preemptions {
        // Another schedule does with fewer, at the price of a switch or not.
        fewest if fewest < preempted => format!(" ({fewest} would do)"),
        _ => String::new(),
    };
    let spent = words::count(usize::try_from(finding.shrink_executions).unwrap_or(usize::MAX), "execution");
    format!("shrunk     {from}{now}, {preemptions}{fewest}; {proof} ({spent})")
}

/// One line about a report, whatever came out: for lists of many.
pub fn summary_line(report: &Report) -> String {
    let tally = &report.tally;
    let executions = words::count(usize::try_from(tally.executions).unwrap_or(usize::MAX), "execution");
    match (&tally.first, &tally.inconclusive) {
        (Some(first), _) => {
            let token = report.shown().map_or_else(String::new, |finding| format!(", {}", finding.token));
            format!("{} (execution {}, seed {}{token})", headline(report), first.index + 1, seed(report.seed))
        }
        (None, Some(found)) => {
            format!("{}: inconclusive: {}", clean(&report.program), clean(&report.told(&found.verdict)))
        }
        (None, None) => {
            let all = if tally.complete { "all " } else { "" };
            let share = report.of_share();
            format!("{}: every law holds in {all}{executions}{share}", clean(&report.program))
        }
    }
}

/// What the control run without the faults came to.
fn without_faults(recording: &Recording, control: &Control) -> String {
    let told = || clean(&control.verdict.told(|task| words::task(recording, task)));
    let has = |wanted: fn(Outcome) -> bool| recording.schedule.iter().any(|choice| wanted(choice.outcome()));
    if !has(Outcome::is_fault) {
        return "control: VACUOUS, it fails without any of the faults".to_owned();
    }
    let what = if has(|outcome| outcome == Outcome::Kill) { "the kill" } else { "the fault" };
    if control.verdict.is_violation() {
        format!("control: VACUOUS, it fails without {what} as well: {}", told())
    } else if control.verdict == Verdict::Pass {
        format!("control: without {what} the same schedule passes")
    } else {
        format!("control: undecided without {what}: {}", told())
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
