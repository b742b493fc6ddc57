//! A livelock in words: which tasks go round in which loop, and who is left out.

use super::style::clean;
use super::words;
use crate::judge::{Recording, Spin, blocked, spins, starved};
use serde::Serialize;
use std::fmt::Write;

/// Tasks that get lines of their own, and operations of one loop.
const TASKS: usize = 6;
const OPERATIONS: usize = 12;

/// A task's loop, for machines.
#[derive(Serialize)]
pub(super) struct Loop {
    task: usize,
    name: String,
    /// How often it went round without a pause; 0 if nothing repeats.
    turns: usize,
    /// One turn of it.
    operations: Vec<Operation>,
}

#[derive(Serialize)]
struct Operation {
    operation: String,
    place: String,
}

/// Who goes round in which loop; empty if the execution did not end in a livelock.
pub(super) fn loops(recording: &Recording) -> Vec<Loop> {
    let operation = |&at: &usize| {
        let step = &recording.steps[at];
        Operation { operation: words::operation(recording, step), place: clean(&step.place.to_string()) }
    };
    let all = spins(recording).into_iter().map(|spin| Loop {
        task: spin.task,
        name: words::task(recording, spin.task),
        turns: spin.turns,
        operations: spin.operations.iter().map(operation).collect(),
    });
    all.collect()
}

/// The loops of an execution that hit the bound on steps, who was left out and who was
/// blocked meanwhile, and whether fairness helps; `None` for any other verdict.
pub fn livelock(recording: &Recording, ends_if_fair: Option<bool>) -> Option<String> {
    let spinning = spins(recording);
    if spinning.is_empty() {
        return None;
    }
    let mut text = String::from("going round and round:\n");
    for spin in spinning.iter().take(TASKS) {
        describe(&mut text, recording, spin);
    }
    if spinning.len() > TASKS {
        let rest: Vec<usize> = spinning[TASKS..].iter().map(|spin| spin.task).collect();
        let _ = writeln!(text, "  and {}", words::names(recording, &rest));
    }
    let left_out = starved(recording);
    if !left_out.is_empty() {
        let _ = writeln!(text, "left out by this schedule: {}", words::names(recording, &left_out));
    }
    // Who goes round by deadlines stands before the next of them, and is not blocked by anybody.
    let goes_round = |task: &usize| spinning.iter().any(|spin| spin.task == *task);
    let mut stuck: Vec<usize> = blocked(recording).iter().map(|entry| entry.task).collect();
    stuck.retain(|task| !goes_round(task));
    if !stuck.is_empty() {
        let _ = writeln!(text, "blocked meanwhile: {}", words::names(recording, &stuck));
    }
    match ends_if_fair {
        Some(true) => text.push_str(
            "once everybody gets a turn the program ends: who waits like this burns its turns;\n\
             a declared wait (await_eq, an event, a condition) is not chosen before its time",
        ),
        Some(false) => text.push_str("this goes on even if everybody gets a turn"),
        None => {}
    }
    Some(text.trim_end().to_owned())
}

fn describe(text: &mut String, recording: &Recording, spin: &Spin) {
    let task = words::task(recording, spin.task);
    let operation = |at: usize| {
        let step = &recording.steps[at];
        format!("{} ({})", words::operation(recording, step), clean(&step.place.to_string()))
    };
    match (spin.turns, &spin.operations[..]) {
        (0, _) => _ = writeln!(text, "  {task} repeats nothing exactly; its last operations:"),
        (turns, [only]) => {
            let _ = writeln!(text, "  {task}, {turns} times: {}", operation(*only));
            return;
        }
        (turns, _) => _ = writeln!(text, "  {task}, {turns} times:"),
    }
    for &at in spin.operations.iter().take(OPERATIONS) {
        let _ = writeln!(text, "    {}", operation(at));
    }
    if spin.operations.len() > OPERATIONS {
        let rest = words::count(spin.operations.len() - OPERATIONS, "more operation");
        let _ = writeln!(text, "    and {rest}");
    }
}
