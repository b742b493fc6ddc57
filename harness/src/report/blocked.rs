//! A deadlock in words: who waits for what, who holds it, and the circle.

use super::style::clean;
use super::words;
use crate::judge::{Blocked, Recording, Verdict, blocked, cycle};
use selvedge::platform::Kind;
use std::fmt::Write;

/// Blocked tasks that get a line of their own.
const LINES: usize = 8;

/// Who is blocked, by what and by whom, one task a line, and the cycle if there is
/// one; `None` if the execution did not end in a deadlock.
pub fn deadlock(recording: &Recording) -> Option<String> {
    if recording.verdict != Verdict::Deadlock {
        return None;
    }
    let mut all = blocked(recording);
    let cycle = cycle(&all);
    // The tasks of the cycle first and in its order; the others follow by number.
    all.sort_by_key(|entry| cycle.iter().position(|&task| task == entry.task).unwrap_or(usize::MAX));
    let mut text = String::from("blocked:\n");
    for entry in all.iter().take(LINES) {
        let _ = writeln!(text, "  {}", sentence(recording, entry));
    }
    if all.len() > LINES {
        let rest: Vec<usize> = all[LINES..].iter().map(|entry| entry.task).collect();
        let _ = writeln!(
            text,
            "  and {}: {}",
            words::count(rest.len(), "more task"),
            words::names(recording, &rest)
        );
    }
    match path(recording, &cycle) {
        Some(path) => _ = write!(text, "cycle: {path}"),
        None => text.push_str("cycle: none; whoever was to wake them has ended or waits too"),
    }
    Some(text)
}

/// `client 0 -> client 1 -> client 0`
fn path(recording: &Recording, cycle: &[usize]) -> Option<String> {
    let first = *cycle.first()?;
    let mut names: Vec<String> = cycle.iter().map(|&task| words::task(recording, task)).collect();
    if names.len() > LINES {
        let left_out = names.len() - (LINES - 1);
        names.splice(LINES - 2..names.len() - 1, [format!("({left_out} more)")]);
    }
    names.push(words::task(recording, first));
    Some(names.join(" -> "))
}

/// `client 0 waits to lock "left" (tests/x.rs:12), held by client 1 since tests/x.rs:20`
fn sentence(recording: &Recording, entry: &Blocked) -> String {
    let pending = &entry.pending;
    let task = words::task(recording, entry.task);
    let place = clean(&pending.place.to_string());
    let name = words::object(recording, pending.object);
    if let Some(other) = entry.joins {
        return format!("{task} waits for the end of {} ({place})", words::task(recording, other));
    }
    match pending.kind {
        Kind::Acquire => {
            let holder = |holder: &crate::judge::Holder| {
                let ended = recording.tasks.get(holder.task).is_some_and(|task| task.status.is_some());
                let ended = if ended { ", which has ended," } else { "" };
                let place = clean(&holder.place.to_string());
                format!("{}{ended} since {place}", words::task(recording, holder.task))
            };
            let holders: Vec<String> = entry.holders.iter().take(3).map(holder).collect();
            let held = if holders.is_empty() {
                "held by nobody".to_owned()
            } else {
                format!("held by {}", holders.join(" and "))
            };
            format!("{task} waits to {} \"{name}\" ({place}), {held}", clean(&pending.name))
        }
        Kind::Park => format!("{task} sleeps on \"{name}\" ({place}), nobody notifies it"),
        // A read that cannot go on waits for what it shall find.
        Kind::Read => format!("{task} waits for \"{name}\" ({}, {place})", clean(&pending.name)),
        Kind::Wait => format!("{task} waits for \"{name}\" ({place})"),
        Kind::Input => format!("{task} waits to {} \"{name}\" ({place})", clean(&pending.name)),
        Kind::Output => format!("{task} waits for room to {} \"{name}\" ({place})", clean(&pending.name)),
        _ if name.is_empty() => format!("{task} stands before {} ({place})", clean(&pending.name)),
        _ => format!("{task} stands before {} \"{name}\" ({place})", clean(&pending.name)),
    }
}
