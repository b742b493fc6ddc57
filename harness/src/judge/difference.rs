//! Where two runs of one schedule part: the proof that something besides the scheduler
//! decides what a program does.
//!
//! Called with every finding before it is reported, with the first execution of an
//! exploration, and with every schedule that no longer fits. Pure functions of
//! recordings.
//!
//! A schedule decides everything a program can do, unless the program asks somebody
//! else: the clock, an address, the order of a hash map, a counter that outlives the
//! execution, an atomic of std's that is no checked one. Addresses of objects do not
//! count; recordings name objects by the order of their first use.

use super::recording::{Recording, Step};
use super::verdict::Verdict;
use crate::kernel::Outcome;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The first event that differs between two runs of one schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its number, from 1: all steps before it are equal.
    pub step: usize,
    /// The task that takes this step in the first run, if there is one.
    pub task: Option<usize>,
    /// The name of that task; empty for none.
    pub name: String,
    /// What happened in the first run.
    pub first: String,
    /// What happened in the second.
    pub second: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.name.is_empty() { String::new() } else { format!(", {}", self.name) };
        write!(
            f,
            "two runs of one schedule differ at step {}{who}: first {}, then {}",
            self.step, self.first, self.second
        )
    }
}

/// Where two runs of one schedule part; `None` if they are equal.
pub fn difference(first: &Recording, second: &Recording) -> Option<Difference> {
    difference_where(first, second, |_| false)
}

/// The same where recordings do not tell all objects apart: `moved` says whether an object
/// is another one in the second run, by its number in both.
pub(super) fn difference_where(
    first: &Recording,
    second: &Recording,
    moved: impl Fn(usize) -> bool,
) -> Option<Difference> {
    let both = first.steps.iter().zip(&second.steps);
    let another = |step: &Step| [step.object, step.also].into_iter().flatten().any(&moved);
    let differs = both.clone().position(|(a, b)| !same(first, a, second, b) || another(a));
    let step = differs.unwrap_or_else(|| first.steps.len().min(second.steps.len()));
    let over = differs.is_none() && first.steps.len() == second.steps.len();
    // What a message says may hold a time or an address that decides nothing.
    let ends_alike = first.verdict == second.verdict || first.verdict.is_like(&second.verdict);
    if over && ends_alike && first.label == second.label {
        return None;
    }
    let task = first.steps.get(step).or(second.steps.get(step)).map(|step| step.task);
    let (first_words, second_words) = told_apart(first, second, step);
    Some(Difference {
        step: step + 1,
        task,
        name: task.map_or_else(String::new, |task| first.task_name(task)),
        first: first_words,
        second: second_words,
    })
}

/// What happened at a step in two runs, in different words: two operations of one line that
/// look alike are told with what distinguishes them.
fn told_apart(first: &Recording, second: &Recording, step: usize) -> (String, String) {
    let words = (at(first, step, false), at(second, step, false));
    if words.0 != words.1 {
        return words;
    }
    let words = (at(first, step, true), at(second, step, true));
    if words.0 != words.1 {
        return words;
    }
    (words.0, format!("{}, of another object with that name", words.1))
}

/// Two runs that ended in different ways, of which only the second was recorded.
pub(crate) fn other_end(expected: &Verdict, recording: &Recording) -> Difference {
    let end = |verdict: &Verdict| format!("the end, {}", verdict.told(|task| recording.task_name(task)));
    Difference {
        step: recording.steps.len() + 1,
        task: None,
        name: String::new(),
        first: end(expected),
        second: end(&recording.verdict),
    }
}

/// Where a schedule ceased to fit: the step, the task it names, and what that task
/// stood before; `None` if it did fit.
pub fn divergence(recording: &Recording) -> Option<String> {
    let Verdict::Diverged { step, task } = recording.verdict else { return None };
    let name = recording.task_name(task);
    Some(format!(
        "the schedule does not fit: at step {} it names {name}, which {}",
        step + 1,
        standing(recording, task)
    ))
}

/// As a difference: some earlier run went on with a task that now cannot.
pub(crate) fn diverged(recording: &Recording) -> Option<Difference> {
    let Verdict::Diverged { step, task } = recording.verdict else { return None };
    let name = recording.task_name(task);
    Some(Difference {
        step: step + 1,
        task: Some(task),
        first: format!("{name} went on"),
        second: format!("{name} {}", standing(recording, task)),
        name,
    })
}

/// Why a task cannot go on.
fn standing(recording: &Recording, task: usize) -> String {
    match recording.tasks.get(task) {
        None => "does not exist".to_owned(),
        Some(record) => match &record.pending {
            None => "has ended".to_owned(),
            Some(pending) => {
                let act = acting(recording, &pending.name, pending.object);
                format!("stands before `{act}` ({}) and cannot go on", pending.place)
            }
        },
    }
}

fn same(first: &Recording, a: &Step, second: &Recording, b: &Step) -> bool {
    let names =
        |object: Option<usize>| object.map(|index| (first.objects.get(index), second.objects.get(index)));
    a == b && [a.object, a.also].into_iter().filter_map(names).all(|(a, b)| a == b)
}

/// What happened at a step, an operation or the end; an operation `closely` also with what
/// is left out where the rest tells it from others.
fn at(recording: &Recording, step: usize, closely: bool) -> String {
    match recording.steps.get(step) {
        Some(taken) if closely => {
            let also = match named(recording, taken.also) {
                other if other.is_empty() => other,
                other => format!(", with{other}"),
            };
            format!("{}{also}, in column {}", operation(recording, taken), taken.place.column)
        }
        Some(taken) => operation(recording, taken),
        None => match diverged(recording) {
            Some(difference) => difference.second,
            None => format!("the end, {}{}", recording.verdict, labelled(&recording.label)),
        },
    }
}

fn labelled(label: &str) -> String {
    if label.is_empty() { String::new() } else { format!(", outcome {label}") }
}

/// `get left -> 1 by client 0 (tests/x.rs:12)`
fn operation(recording: &Recording, step: &Step) -> String {
    let act = acting(recording, &step.name, step.object);
    let outcome = if step.outcome == Outcome::Run { String::new() } else { format!(" {:?}", step.outcome) };
    let value = match step.value {
        Some(value) => format!(" -> {}", value as i64),
        None => " (never finished)".to_owned(),
    };
    let task = recording.task_name(step.task);
    format!("`{act}{value}`{outcome} by {task} ({})", step.place)
}

/// `set left`, `lock 1`: an unnamed lock is not locked by `lock lock 1`.
fn acting(recording: &Recording, name: &str, object: Option<usize>) -> String {
    let object = named(recording, object);
    let names_itself = object.strip_prefix(' ').and_then(|object| object.strip_prefix(name));
    match names_itself.filter(|rest| rest.starts_with(' ')) {
        Some(rest) => format!("{name}{rest}"),
        None => format!("{name}{object}"),
    }
}

fn named(recording: &Recording, object: Option<usize>) -> String {
    let object = object.and_then(|index| recording.objects.get(index));
    object.map_or_else(String::new, |object| format!(" {}", object.name))
}
