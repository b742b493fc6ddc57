//! Single things in words: an operation, a value, a list of task names.
//!
//! Called by the table, the deadlock text and the page. A recorded value is 64 bits
//! without a type; numbers beyond half the range are taken as negative.

use super::style::clean;
use crate::judge::{Pending, Recording, Step, held_at};
use crate::kernel::Outcome;
use selvedge::platform::Kind;

/// A recorded value as people write it.
pub(super) fn number(value: u64) -> String {
    (value as i64).to_string()
}

/// The name of a task, fit for one line.
pub(super) fn task(recording: &Recording, task: usize) -> String {
    clean(&recording.task_name(task))
}

/// The name of an object; empty for none.
pub(super) fn object(recording: &Recording, object: Option<usize>) -> String {
    object
        .and_then(|index| recording.objects.get(index))
        .map_or_else(String::new, |object| clean(&object.name))
}

/// `get left -> 1`, `set left = 0`, `lock left`: what a step did and what came out.
pub(super) fn operation(recording: &Recording, step: &Step) -> String {
    let mut text = clean(&step.name);
    let mut name = object(recording, step.object);
    if step.kind == Kind::Spawn && name.is_empty() {
        // The value of a start is the number of the task that was started.
        name = step.value.map_or_else(String::new, |child| task(recording, child as usize));
    }
    text = acting(text, &name);
    if let Some(part) = step.part {
        text = format!("{text}[{}]", number(part));
    }
    if step.kind == Kind::Park && step.also.is_some() {
        text = format!("{text}, unlocks {}", object(recording, step.also));
    }
    if step.outcome == Outcome::TimeOut {
        return format!("{text}: timed out");
    }
    if step.outcome == Outcome::Short {
        text.push_str(", cut short");
    } else if !step.outcome.is_run() {
        return fault(step.outcome, &text);
    }
    match step.value {
        None => format!("{text} (never finished)"),
        Some(value) => text + &result(recording, step, value),
    }
}

/// `lock left`: what a task stood before when a step was taken or kept from it.
pub(crate) fn announced(recording: &Recording, step: &Step) -> String {
    match object(recording, step.object) {
        name if name.is_empty() => clean(&step.name),
        name => format!("{} {name}", clean(&step.name)),
    }
}

/// What a fault made of an operation.
fn fault(outcome: Outcome, operation: &str) -> String {
    match outcome {
        Outcome::Kill => format!("KILLED before {operation}"),
        Outcome::Spurious => format!("wakes without cause: {operation}"),
        Outcome::Woken => format!("is woken: {operation}"),
        Outcome::Interrupt => format!("{operation}: interrupted (EINTR)"),
        Outcome::Signal(signal) => {
            let name = nix::sys::signal::Signal::try_from(i32::from(signal));
            let name = name.map_or_else(|_| format!("signal {signal}"), |signal| signal.to_string());
            format!("receives {name} before {operation}")
        }
        Outcome::Run | Outcome::TimeOut | Outcome::Short => operation.to_owned(),
    }
}

/// What stands behind an operation: the value that it came out with, if that tells
/// anything. Operations without a result are recorded with the value 0.
fn result(recording: &Recording, step: &Step, value: u64) -> String {
    let refused = value == u64::MAX;
    match step.kind {
        Kind::Read => format!(" -> {}", number(value)),
        Kind::Write if is_event(recording, step.object) => String::new(),
        Kind::Write if value != 0 || matches!(&*step.name, "set" | "store") => {
            format!(" = {}", number(value))
        }
        Kind::ReadWrite if refused && step.name.starts_with("compare_exchange") => " -> refused".to_owned(),
        Kind::ReadWrite => format!(" -> {}", number(value)),
        Kind::Notify => format!(" -> woke {}", number(value)),
        Kind::Acquire | Kind::TryAcquire | Kind::Release if refused => " -> refused".to_owned(),
        Kind::TryAcquire => " -> taken".to_owned(),
        Kind::Input | Kind::Output if refused => " -> error".to_owned(),
        Kind::Input | Kind::Output => format!(" -> {}", number(value)),
        Kind::Step if value != 0 => format!(" -> {}", number(value)),
        _ => String::new(),
    }
}

/// An event is set and cleared, not given a value.
fn is_event(recording: &Recording, object: Option<usize>) -> bool {
    let marks = |kind: Kind, name: &str| kind == Kind::Wait || matches!(name, "is_set" | "clear");
    let of_step = |step: &Step| step.object == object && marks(step.kind, &step.name);
    let of_pending = |pending: &Pending| pending.object == object && marks(pending.kind, &pending.name);
    object.is_some()
        && (recording.steps.iter().any(of_step)
            || recording.tasks.iter().filter_map(|task| task.pending.as_ref()).any(of_pending))
}

/// What a task stands before: `lock left`.
pub(super) fn pending(recording: &Recording, pending: &Pending) -> String {
    acting(clean(&pending.name), &object(recording, pending.object))
}

/// An operation and what it acts on. An unnamed lock is called `lock 1`, and to lock it
/// reads `lock 1` too, not `lock lock 1`.
fn acting(operation: String, object: &str) -> String {
    let names_itself = object.strip_prefix(&*operation).is_some_and(|rest| rest.starts_with(' '));
    match (object.is_empty(), names_itself) {
        (true, _) => operation,
        (_, true) => object.to_owned(),
        _ => format!("{operation} {object}"),
    }
}

/// For each task the names of what it holds after so many steps.
pub(super) fn holdings(recording: &Recording, steps: usize) -> Vec<Vec<String>> {
    let mut holdings = vec![Vec::new(); recording.tasks.len()];
    for (index, holder) in held_at(recording, steps) {
        if let Some(names) = holdings.get_mut(holder.task) {
            names.push(object(recording, Some(index)));
        }
    }
    holdings
}

/// `[left, right]`: the locks that a task holds; empty for none.
pub(super) fn held(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("[{}]", names.join(", ")) }
}

/// Parts of a list of names that are written out before the rest is counted.
const NAMED: usize = 4;

/// `client 2, client 7 .. client 99`: the names of many tasks, by number.
pub(super) fn names(recording: &Recording, tasks: &[usize]) -> String {
    let mut tasks = tasks.to_vec();
    tasks.sort_unstable();
    tasks.dedup();
    let name = |index: usize| task(recording, index);
    let stem = |index: usize| name(index).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let runs: Vec<&[usize]> = tasks.chunk_by(|&a, &b| a + 1 == b && stem(a) == stem(b)).collect();
    let mut parts: Vec<(String, usize)> = Vec::new();
    for run in runs {
        if run.len() > 2 {
            parts.push((format!("{} .. {}", name(run[0]), name(run[run.len() - 1])), run.len()));
        } else {
            parts.extend(run.iter().map(|&index| (name(index), 1)));
        }
    }
    let rest: usize = parts.iter().skip(NAMED).map(|(_, count)| count).sum();
    let mut text: Vec<String> = parts.into_iter().take(NAMED).map(|(text, _)| text).collect();
    if rest > 0 {
        text.push(format!("and {rest} more"));
    }
    text.join(", ")
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let (plural, number) = (
        if number == 1 {
            ""
        } else if noun.ends_with("ch") {
            "es"
        } else {
            "s"
        },
        number,
    );
    format!("{number} {noun}{plural}")
}
