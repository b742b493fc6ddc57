//! What is known of the two operations whose order did the harm.
//!
//! A pair is only ever told if a run showed that it passes the other way round; see
//! `program::swap`.

use super::style::clean;
use super::words;
use crate::judge::{CriticalPair, Later, Place, Recording};
use crate::program::{Finding, Swap};

/// What is known of the two operations whose order did the harm.
pub fn critical(finding: &Finding) -> Option<String> {
    let recording = &finding.recording;
    Some(match finding.swap.as_ref()? {
        Swap::Passes { pair, .. } => {
            let [first, second] = ends(recording, pair);
            format!("critical pair: {first}\n         then  {second}\n               swapped, it passes")
        }
        Swap::None { tried: 0, .. } => {
            "no critical pair: no two operations could have been swapped".to_owned()
        }
        Swap::None { tried, all: true } => {
            format!("no critical pair: no single swap makes it pass ({})", words::count(*tried, "pair"))
        }
        Swap::None { tried, all: false } => {
            let pairs = words::count(*tried, "pair");
            format!("no critical pair: no single swap of the {pairs} that were tried makes it pass")
        }
        Swap::Always { schedules } => {
            let many = match schedules {
                1 => "there is only one".to_owned(),
                _ => format!("{} that differ", words::count(*schedules, "schedule")),
            };
            format!("no critical pair: it fails in every schedule ({many}), so no order matters")
        }
    })
}

/// Both operations with their tasks and source lines.
pub(super) fn ends(recording: &Recording, pair: &CriticalPair) -> [String; 2] {
    let step = |index: usize| {
        let step = &recording.steps[index];
        let task = words::task(recording, step.task);
        let operation = words::operation(recording, step);
        format!("{task}: {operation} at step {} ({})", index + 1, place(&step.place, step.inside))
    };
    let second = match pair.second {
        Later::Step(index) => step(index),
        Later::Pending(task) => {
            let name = words::task(recording, task);
            recording.tasks[task].pending.as_ref().map_or_else(String::new, |pending| {
                let place = place(&pending.place, pending.inside);
                format!("{name}: {}, which never happened ({place})", words::pending(recording, pending))
            })
        }
    };
    [step(pair.first), second]
}

/// The line of the program, and whether the operation is only a part of what that line calls.
fn place(place: &Place, inside: bool) -> String {
    let part = if inside { "inside " } else { "" };
    format!("{part}{}", clean(&place.to_string()))
}
