//! The lane table as text: a column per task, a row per step, the source line behind.
//!
//! Only one task takes a step at a time, so where the lanes are too many for the line a
//! lane is made narrow and its text runs on over the empty lanes to its right.

use super::style::{ALARM, NOTE, QUIET, STRONG, Style, cut, lane, pad, width};
use super::table::{Row, Table};
use super::words;
use crate::judge::{Place, Recording};
use crate::program::Finding;
use anstyle::Style as Paint;

/// Columns that a line takes at most, where that is possible.
pub(super) const LINE: usize = 110;
/// A lane is not made narrower than this.
const NARROW: usize = 9;
/// Columns of a row before its first lane: margin, marker, number, rule.
const NUMBERS: usize = 11;
/// An end is written across the lanes rather than make its lane wider than this.
const ENDS: usize = 32;
/// Names of tasks are cut in the header, and only there.
const NAMES: usize = 24;

/// A row as it will be drawn.
struct Line {
    number: String,
    paint: Option<Paint>,
    cells: Vec<Option<String>>,
    /// Text over all lanes instead of cells, or where its cell is too narrow.
    across: Option<String>,
    place: String,
}

/// The interleaving as a table: what each task did, in order, with what result.
///
/// `✗` marks the failure. Where a task was preempted the
/// row under it says so and names the locks that each task holds at that moment.
pub fn lanes(recording: &Recording, style: Style) -> String {
    draw(recording, &Table::of(recording, None), style)
}

/// The same of a finding, with `*` beside the critical pair.
pub(crate) fn lanes_of(finding: &Finding, style: Style) -> String {
    draw(&finding.recording, &Table::of_finding(finding), style)
}

pub(super) fn draw(recording: &Recording, table: &Table, style: Style) -> String {
    let mut lines: Vec<Line> = table.rows.iter().map(|row| line(recording, table, row)).collect();
    let names: Vec<String> =
        table.lanes.iter().map(|&task| cut(&words::task(recording, task), NAMES)).collect();
    let natural = |lane: usize| {
        let cells = lines.iter().filter_map(|line| Some((line, width(line.cells.get(lane)?.as_ref()?))));
        let cells = cells.filter(|(line, width)| line.across.is_none() || *width <= ENDS);
        cells.map(|(_, width)| width).chain([width(&names[lane]), NARROW]).max().unwrap_or(NARROW)
    };
    let mut widths: Vec<usize> = (0..names.len()).map(natural).collect();
    let columns = |widths: &[usize]| NUMBERS + widths.iter().map(|width| width + 3).sum::<usize>();
    let place = |lines: &[Line]| lines.iter().map(|line| width(&line.place)).max().unwrap_or(0);
    if columns(&widths) + place(&lines) > LINE {
        shorten_places(&mut lines);
    }
    let room = LINE.saturating_sub(place(&lines));
    let slack = |widths: &[usize], lane: usize| widths[lane] > width(&names[lane]).max(NARROW);
    // The widest lane gives way first; the last one, which has nobody to run over, last.
    while !widths.is_empty() && columns(&widths) > room {
        let (last, others) = (widths.len() - 1, 0..widths.len() - 1);
        let yielding = others.filter(|&lane| slack(&widths, lane)).max_by_key(|&lane| widths[lane]);
        let Some(widest) = yielding.or_else(|| slack(&widths, last).then_some(last)) else { break };
        widths[widest] -= 1;
    }
    let mut text = String::new();
    let mut header = format!("{:>8} ", "step");
    for (index, name) in names.iter().enumerate() {
        let space = if index == 0 { "  " } else { "   " };
        header.push_str(space);
        header.push_str(&style.paint(lane(index).bold(), &pad(name, widths[index])));
    }
    text.push_str(header.trim_end());
    text.push('\n');
    for line in &lines {
        text.push_str(compose(line, &widths, style).trim_end());
        text.push('\n');
    }
    text
}

/// File names without folders.
fn shorten_places(lines: &mut [Line]) {
    for line in lines {
        if let Some((_, short)) = line.place.rsplit_once('/') {
            line.place = short.to_owned();
        }
    }
}

fn line(recording: &Recording, table: &Table, row: &Row) -> Line {
    let lane_of = |task: usize| table.lanes.iter().position(|&other| other == task);
    let mut cells = vec![None; table.lanes.len()];
    let place_text = |place: &Place| super::style::clean(&place.to_string());
    match row {
        Row::Step(index) => {
            let step = &recording.steps[*index];
            if let Some(lane) = lane_of(step.task) {
                cells[lane] = Some(words::operation(recording, step));
            }
            let critical = table.critical.is_some_and(|pair| pair.contains(*index));
            let at = index + 1;
            let number = if critical { format!(" *{at:>5}") } else { format!("{at:>7}") };
            Line { number, paint: None, cells, across: None, place: place_text(&step.place) }
        }
        Row::Preempted(index) => {
            let task = recording.steps[*index].task;
            let holdings = words::holdings(recording, index + 1);
            for (lane, &other) in table.lanes.iter().enumerate() {
                let held = holdings.get(other).map_or_else(String::new, |names| words::held(names));
                cells[lane] = match (other == task, held.is_empty()) {
                    (true, true) => Some("~~ preempted".to_owned()),
                    (true, false) => Some(format!("~~ preempted, holds {held}")),
                    (false, true) => None,
                    (false, false) => Some(format!("   holds {held}")),
                };
            }
            Line { number: String::new(), paint: Some(NOTE), cells, across: None, place: String::new() }
        }
        Row::Omitted(range, what) => {
            let number = format!("{:>7}", "...");
            let first = range.start + 1;
            let across = if range.len() == 1 {
                format!("step {first}: {what}")
            } else {
                format!("steps {first} to {}: {what}", range.end)
            };
            Line { number, paint: Some(QUIET), cells, across: Some(across), place: String::new() }
        }
        Row::End { task, text, place, failed } => {
            let number = format!("{:>7}", if *failed { "✗" } else { "end" });
            let place = place.as_ref().map_or_else(String::new, place_text);
            let paint = Some(if *failed { ALARM } else { STRONG });
            let mut across = text.clone();
            if let Some(task) = *task {
                across = format!("{} {text}", words::task(recording, task));
                if let Some(lane) = lane_of(task) {
                    cells[lane] = Some(text.clone());
                }
            }
            Line { number, paint, cells, across: Some(across), place }
        }
    }
}

/// An operation cut to `columns`, if possible without losing its value.
fn cut_operation(text: &str, columns: usize) -> String {
    let value = text.rfind(" -> ").or_else(|| text.rfind(" = ")).unwrap_or(text.len());
    let (head, tail) = text.split_at(value);
    if width(text) <= columns || width(tail) + NARROW > columns {
        return cut(text, columns);
    }
    cut(head, columns - width(tail)) + tail
}

fn compose(line: &Line, widths: &[usize], style: Style) -> String {
    let all: usize = widths.iter().map(|width| width + 3).sum::<usize>().saturating_sub(3);
    let mut text = String::from(" ");
    text.push_str(&style.paint(
        line.paint.unwrap_or(if line.number.contains('*') { NOTE } else { QUIET }),
        &pad(&line.number, 7),
    ));
    text.push_str(&style.paint(QUIET, " │ "));
    let cell = line.cells.iter().enumerate().find_map(|(lane, cell)| Some((lane, cell.as_ref()?)));
    let fits = cell.is_some_and(|(lane, cell)| {
        width(cell) <= widths[lane..].iter().sum::<usize>() + 3 * (widths.len() - 1 - lane)
    });
    if let (Some(across), false) = (&line.across, fits) {
        // The headline has the whole message; here it may be cut.
        let room = (LINE - NUMBERS).saturating_sub(width(&line.place) + 3).max(all);
        text.push_str(&style.paint(line.paint.unwrap_or_default(), &pad(&cut(across, room), all)));
        if !line.place.is_empty() {
            text.push_str(&style.paint(QUIET, &format!("   {}", line.place)));
        }
        return text;
    }
    let mut lane_index = 0;
    while lane_index < widths.len() {
        let mut room = widths[lane_index];
        let mut end = lane_index + 1;
        let content = line.cells[lane_index].as_deref().unwrap_or("");
        while width(content) > room && end < widths.len() && line.cells[end].is_none() {
            room += 3 + widths[end];
            end += 1;
        }
        let shown = cut_operation(content, room);
        let paint = line.paint.unwrap_or_else(|| lane(lane_index));
        text.push_str(&style.paint(paint, &pad(&shown, room)));
        if end < widths.len() || !line.place.is_empty() {
            text.push_str(&style.paint(QUIET, " │ "));
        }
        lane_index = end;
    }
    text.push_str(&style.paint(QUIET, &line.place));
    text
}
