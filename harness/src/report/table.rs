//! The lane table before anybody draws it: which tasks get a lane, which steps a row.
//!
//! The text and the page both draw this. Every step has a place in the table: either a
//! row of its own or inside a row that says what it leaves out.
//!
//! 1. Rows are in the order of the steps, and each step is in exactly one row.
//! 2. The steps of the critical pair, those around the first preemptions, the failing
//!    one, the first and the last have rows of their own, if their task has a lane. Where
//!    there is room, so have the first and the last step of each task in each line of the
//!    program, and the neighbours of all those.

use super::style::clean;
use super::words;
use crate::judge::{CriticalPair, Place, Recording, Step, Verdict, blocked, cycle};
use crate::program::{Finding, Swap};
use selvedge::process::ExitStatus;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Tasks that get a lane.
const LANES: usize = 6;
/// Steps that get a row of their own.
const ROWS: usize = 36;
/// Steps shown on either side of what matters, where not all can be.
const AROUND: usize = 5;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// The step with this index.
    Step(usize),
    /// After the step with this index another task went on although this one could.
    Preempted(usize),
    /// Steps without rows of their own, and what they were.
    Omitted(Range<usize>, String),
    /// How it ended: in the lane of a task, or for all.
    End { task: Option<usize>, text: String, place: Option<Place>, failed: bool },
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// The task of each lane.
    pub(super) lanes: Vec<usize>,
    /// The rows, top to bottom.
    pub(super) rows: Vec<Row>,
    /// The pair that made the difference.
    pub(super) critical: Option<CriticalPair>,
}

impl Table {
    /// The table of a finding, whose critical pair is known.
    pub(super) fn of_finding(finding: &Finding) -> Table {
        let critical = match &finding.swap {
            Some(Swap::Passes { pair, .. }) => Some(*pair),
            _ => None,
        };
        Table::of(&finding.recording, critical)
    }

    /// The table of a recording.
    pub(super) fn of(recording: &Recording, critical: Option<CriticalPair>) -> Table {
        let preempted = &recording.preemptions;
        let lanes = lanes(recording, critical, preempted);
        let shown = shown(recording, &lanes, critical, preempted);
        let last = recording.steps.len();
        // The end of a task stands behind its last step, which need not be the last of all.
        let end_at = match recording.verdict {
            Verdict::Panic { step, .. } | Verdict::Died { step, .. } | Verdict::Race { step, .. } => {
                step.min(last)
            }
            _ => last,
        };
        let mut rows = Vec::new();
        let mut at = 0;
        while at <= last {
            if at == end_at {
                rows.extend(ends(recording, &lanes));
            }
            if at == last {
                break;
            }
            if shown.contains(&at) {
                rows.push(Row::Step(at));
                if preempted.binary_search(&at).is_ok() && shown.contains(&(at + 1)) {
                    rows.push(Row::Preempted(at));
                }
                at += 1;
            } else {
                let bound = if at < end_at { end_at } else { last };
                let to = shown.range(at..).next().map_or(bound, |&next| next.min(bound));
                rows.push(Row::Omitted(at..to, omitted(recording, at..to, preempted)));
                at = to;
            }
        }
        Table { lanes, rows, critical }
    }
}

/// The tasks that get lanes, by number.
fn lanes(recording: &Recording, critical: Option<CriticalPair>, preempted: &[usize]) -> Vec<usize> {
    let steps = &recording.steps;
    let mut took_part: BTreeSet<usize> = steps.iter().map(|step| step.task).collect();
    took_part.extend((0..recording.tasks.len()).filter(|&task| recording.tasks[task].pending.is_some()));
    took_part.retain(|&task| task < recording.tasks.len());
    if took_part.len() <= LANES {
        return took_part.into_iter().collect();
    }
    let mut wanted = Vec::new();
    match recording.verdict {
        Verdict::Panic { task, .. } | Verdict::Died { task, .. } | Verdict::Diverged { task, .. } => {
            wanted.push(task)
        }
        Verdict::Race { ref first, ref second, .. } => wanted.extend([first.task, second.task]),
        _ => {}
    }
    if recording.verdict == Verdict::Deadlock {
        let blocked = blocked(recording);
        wanted.extend(cycle(&blocked));
        wanted.extend(blocked.iter().map(|entry| entry.task));
    }
    if let Some(pair) = critical {
        wanted.extend(pair.tasks(recording));
    }
    // Those that the library runs for the program say less than its own, and come in at a
    // great many switches.
    let helps = |task: usize| recording.tasks.get(task).is_some_and(|task| task.helps);
    let switched = preempted.iter().flat_map(|&at| [steps[at].task, steps[at + 1].task]);
    wanted.extend(switched.filter(|&task| !helps(task)));
    if wanted.is_empty() {
        wanted.extend(steps.iter().rev().map(|step| step.task).take(ROWS));
    }
    let mut chosen = BTreeSet::new();
    for task in wanted.into_iter().filter(|task| took_part.contains(task)) {
        if chosen.len() < LANES {
            chosen.insert(task);
        }
    }
    chosen.into_iter().collect()
}

/// The steps that get rows of their own.
fn shown(
    recording: &Recording,
    lanes: &[usize],
    critical: Option<CriticalPair>,
    preempted: &[usize],
) -> BTreeSet<usize> {
    let steps = &recording.steps;
    let in_lane = |at: &usize| steps.get(*at).is_some_and(|step| lanes.contains(&step.task));
    let all: BTreeSet<usize> = (0..steps.len()).filter(in_lane).collect();
    if all.len() <= ROWS {
        return all;
    }
    let mut points: Vec<usize> = critical.iter().flat_map(CriticalPair::steps).collect();
    if let Verdict::Panic { step, .. } | Verdict::Died { step, .. } | Verdict::Race { step, .. } =
        recording.verdict
    {
        points.push(step.saturating_sub(1));
    }
    points.push(steps.len() - 1);
    points.extend(preempted.iter().take(6).flat_map(|&at| [at, at + 1]));
    points.push(0);
    let mut visits = visits(steps, &all);
    visits.sort_by_key(|&at| points.iter().map(|&point| point.abs_diff(at)).min());
    let circle = |distance: usize| {
        let sides = move |&point: &usize| [point.checked_sub(distance), point.checked_add(distance)];
        points.iter().flat_map(sides).flatten()
    };
    let mut chosen = BTreeSet::new();
    // What matters, then what each line of the program did, then ever wider circles around
    // what matters, until there is no room.
    for at in circle(0).chain(visits).chain((1..=AROUND).flat_map(circle)) {
        if chosen.len() < ROWS && in_lane(&at) {
            chosen.insert(at);
        }
    }
    chosen
}

/// Of the steps `among`, the first and the last of each task in each line.
fn visits(steps: &[Step], among: &BTreeSet<usize>) -> Vec<usize> {
    let mut seen: HashMap<_, (usize, usize)> = HashMap::new();
    for &at in among {
        let Step { task, place, .. } = &steps[at];
        seen.entry((task, &place.file, place.line)).or_insert((at, at)).1 = at;
    }
    let mut ends: Vec<usize> = seen.into_values().flat_map(|(first, last)| [first, last]).collect();
    ends.sort_unstable();
    ends
}

/// What a stretch of steps without rows was.
fn omitted(recording: &Recording, range: Range<usize>, preempted: &[usize]) -> String {
    let steps = &recording.steps[range.clone()];
    let tasks: Vec<usize> = steps.iter().map(|step| step.task).collect();
    let mut pieces = tasks.clone();
    pieces.dedup();
    let distinct: BTreeSet<usize> = tasks.iter().copied().collect();
    let names = words::names(recording, &tasks);
    let whole = |task: &usize| {
        let outside = |step: &Step| step.task == *task;
        recording.tasks.get(*task).is_some_and(|task| task.status.is_some())
            && !recording.steps[..range.start].iter().any(outside)
            && !recording.steps[range.end..].iter().any(outside)
    };
    let broken = preempted.iter().filter(|at| range.contains(at)).count();
    if broken > 0 {
        format!("{names}, {}", words::count(broken, "preemption"))
    } else if pieces.len() == distinct.len() && distinct.len() <= 200 && distinct.iter().all(whole) {
        format!("{names} ran alone, unpreempted")
    } else {
        names
    }
}

/// The rows that say how it ended.
fn ends(recording: &Recording, lanes: &[usize]) -> Vec<Row> {
    let everybody = |text: String, place: Option<Place>| {
        let failed = recording.verdict.is_violation();
        vec![Row::End { task: None, text, place, failed }]
    };
    let of_task = |task: usize, text: String, place: Option<Place>| Row::End {
        task: Some(task),
        text,
        place,
        failed: true,
    };
    match &recording.verdict {
        Verdict::Law { message, place } => everybody(first_line(message), Some(place.clone())),
        Verdict::Panic { task, message, place, .. } => {
            vec![of_task(*task, format!("panicked: {}", first_line(message)), Some(place.clone()))]
        }
        Verdict::Died { task, status, .. } => vec![of_task(*task, death(*status), None)],
        Verdict::Race { second, .. } => {
            vec![of_task(second.task, "data race".to_owned(), Some(second.place.clone()))]
        }
        Verdict::Deadlock => {
            let holdings = words::holdings(recording, recording.steps.len());
            let rows =
                blocked(recording).into_iter().filter(|entry| lanes.contains(&entry.task)).map(|entry| {
                    let held = words::held(holdings.get(entry.task).map_or(&[], |names| names));
                    let space = if held.is_empty() { "" } else { " " };
                    let text = format!("waits: {}{space}{held}", words::pending(recording, &entry.pending));
                    of_task(entry.task, text, Some(entry.pending.place))
                });
            let rows: Vec<Row> = rows.collect();
            if rows.is_empty() { everybody("nobody can go on".to_owned(), None) } else { rows }
        }
        Verdict::Livelock { steps } => {
            everybody(format!("still running after {}", words::count(*steps, "step")), None)
        }
        other => everybody(first_line(&other.to_string()), None),
    }
}

/// How a process ended although its code had not.
pub(super) fn death(status: i32) -> String {
    let status =
        if status < 0 { ExitStatus::Signal(status.saturating_neg()) } else { ExitStatus::Code(status) };
    status.to_string()
}

/// The first line of a message, fit for a table.
pub(super) fn first_line(message: &str) -> String {
    clean(message.lines().next().unwrap_or("").trim_end())
}
