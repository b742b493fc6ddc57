//! Many reports as one page that opens from disk: no server, no framework.
//!
//! Called by the command line. The page draws the same [`Table`] as the text does, so
//! both leave out the same rows. Every text from a program is escaped, since names and
//! messages are the program's own.

use super::blocked::deadlock;
use super::critical::critical;
use super::explain::{counts, headline, shrunk};
use super::livelock::livelock;
use super::reproduce::command;
use super::style::clean;
use super::table::{Row, Table};
use super::words;
use crate::judge::Recording;
use crate::program::{Finding, Report};
use std::fmt::Write;

const PAGE: &str = include_str!("page.html");

/// A report on the page.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    title: &'a str,
    report: &'a Report,
    /// What came out of it in words, and whether that was expected.
    judged: Option<(&'a str, bool)>,
}

impl<'a> Entry<'a> {
    /// A report under a title, such as scenario and variant. A broken law is bad.
    pub fn new(title: &'a str, report: &'a Report) -> Entry<'a> {
        Entry { title, report, judged: None }
    }

    /// What came out in words, such as `fails, as expected`, and whether it was
    /// expected: what was is not shown as bad, even if a law was broken.
    #[must_use]
    pub fn judged(self, words: &'a str, expected: bool) -> Entry<'a> {
        Entry { judged: Some((words, expected)), ..self }
    }

    fn is_expected(&self) -> bool {
        self.judged.is_some_and(|(_, expected)| expected)
    }
}

/// Switches of the shrunk schedule, with `?` if nobody proved that fewer do not do.
pub fn switches(finding: &Finding) -> String {
    format!("{}{}", finding.switches, if finding.proved_minimal { "" } else { "?" })
}

/// The page: a table of all reports, and under it each finding with its lanes.
///
/// ```
/// use selvedge_harness::prelude::*;
/// use selvedge_harness::report::{Entry, html};
///
/// let report = Program::new("deposit", || (Value::new(0),))
///     .tasks("teller", 2, |(money,), _| money.set(money.get() + 1))
///     .finally(|(money,)| assert_eq!(money.get(), 2))
///     .check(&Config::default())?;
/// let page = html(&[Entry::new("deposit", &report)]);
/// assert!(page.contains("teller 1"));
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
pub fn html(entries: &[Entry<'_>]) -> String {
    let mut findings = String::new();
    for (number, entry) in entries.iter().enumerate() {
        if let Some(finding) = &entry.report.finding {
            section(&mut findings, number, entry, finding);
        }
    }
    // In two cuts, so that a text that looks like a placeholder stays what it is.
    let (head, rest) = PAGE.split_once("{{index}}").expect("the page has an index");
    let (middle, tail) = rest.split_once("{{findings}}").expect("the page has findings");
    [head, &index(entries), middle, &findings, tail].concat()
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && c != '\n' => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

fn index(entries: &[Entry<'_>]) -> String {
    let mut text = String::from(
        "<div class=\"scroll\"><table class=\"index\"><thead><tr><th>scenario</th><th>verdict</th><th>engine</th>\
         <th>strategy</th><th class=\"n\">executions</th><th class=\"n\">failed</th><th class=\"n\">first</th>\
         <th class=\"n\">switches</th><th class=\"n\">executions/s</th><th>token</th></tr></thead><tbody>\n",
    );
    for (number, entry) in entries.iter().enumerate() {
        let (title, report) = (entry.title, entry.report);
        let tally = &report.tally;
        let all = format!("holds in all{}", report.of_share());
        let (own, word) = match (&tally.first, &tally.inconclusive) {
            (Some(found), _) => ("bad", found.verdict.word()),
            (None, Some(found)) => ("quiet", found.verdict.word()),
            (None, None) if tally.executions == 0 => ("quiet", "nothing ran"),
            (None, None) if tally.complete => ("good", &*all),
            (None, None) => ("good", "holds"),
        };
        let class = match entry.judged {
            Some((_, true)) => "good",
            Some((_, false)) if own == "good" => "bad",
            _ => own,
        };
        let word = match entry.judged {
            Some((words, _)) => format!("{word}<br><small>{}</small>", escape(words)),
            None => word.to_owned(),
        };
        let title = match &report.finding {
            Some(_) => format!("<a href=\"#f{number}\">{}</a>", escape(title)),
            None => escape(title),
        };
        let finding = report.shown();
        let first = tally.first.as_ref().map_or_else(String::new, |found| (found.index + 1).to_string());
        let switches = finding.map_or_else(String::new, switches);
        let token = finding.map_or_else(String::new, |finding| escape(&finding.token));
        let rate = if tally.seconds > 0.0 { tally.executions as f64 / tally.seconds } else { 0.0 };
        let _ = writeln!(
            text,
            "<tr><td>{title}</td><td class=\"{class}\">{word}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{first}</td><td class=\"n\">{switches}</td>\
             <td class=\"n\">{rate:.0}</td><td><code>{token}</code></td></tr>",
            report.engine.name(),
            escape(&report.strategy.to_string()),
            tally.executions,
            tally.violations,
        );
    }
    text.push_str("</tbody></table></div>\n<p class=\"legend\">first: the execution that broke it first; switches: of the shrunk schedule, with ? if not proved minimal</p>\n");
    text
}

fn section(text: &mut String, number: usize, entry: &Entry<'_>, finding: &Finding) {
    let (title, report) = (entry.title, entry.report);
    let recording = &finding.recording;
    let table = Table::of_finding(finding);
    let failed = report.tally.first.is_some();
    let class = if entry.is_expected() { " class=\"expected\"" } else { "" };
    let _ = writeln!(text, "<section id=\"f{number}\"{class}>\n<h2>{}</h2>", escape(title));
    if let Some((words, expected)) = entry.judged {
        let class = if expected { "good" } else { "bad" };
        let _ = writeln!(text, "<p class=\"{class}\">{}</p>", escape(words));
    }
    let class = if failed { "headline" } else { "good" };
    let _ = writeln!(text, "<p class=\"{class}\">{}</p>", escape(&headline(report)));
    if failed {
        let _ = writeln!(text, "<pre>{}\n{}</pre>", escape(&counts(report)), escape(&shrunk(finding)));
    }
    lanes(text, recording, &table);
    if let Some(blocked) = deadlock(recording) {
        let _ = writeln!(text, "<pre>{}</pre>", escape(&blocked));
    }
    if let Some(livelock) = livelock(recording, finding.ends_if_fair) {
        let _ = writeln!(text, "<pre>{}</pre>", escape(&livelock));
    }
    if let Some(pair) = critical(finding) {
        let _ = writeln!(text, "<pre class=\"pair\">{}</pre>", escape(&pair));
    }
    let command = escape(&command(&finding.token, report.engine));
    let _ = writeln!(text, "<pre class=\"token\">{command}</pre>\n</section>");
}

fn lanes(text: &mut String, recording: &Recording, table: &Table) {
    text.push_str(
        "<p class=\"legend\">Click a step for its source line, its value and the locks held after it.</p>\n",
    );
    text.push_str("<div class=\"scroll\"><table class=\"lanes\"><thead><tr><th class=\"n\">step</th>");
    for &task in &table.lanes {
        let _ = write!(text, "<th>{}</th>", escape(&words::task(recording, task)));
    }
    text.push_str("<th>where</th></tr></thead><tbody>\n");
    for row in &table.rows {
        draw(text, recording, table, row);
    }
    text.push_str("</tbody></table></div>\n");
}

fn draw(text: &mut String, recording: &Recording, table: &Table, row: &Row) {
    let lanes = table.lanes.len();
    match row {
        Row::Step(index) => step(text, recording, table, *index),
        Row::Preempted(index) => {
            let preempted = recording.steps[*index].task;
            let holdings = words::holdings(recording, index + 1);
            text.push_str("<tr class=\"preempted\"><td></td>");
            for &task in &table.lanes {
                let held = holdings.get(task).map_or_else(String::new, |names| words::held(names));
                let what = if task == preempted { "preempted, could go on" } else { "" };
                let space = if what.is_empty() || held.is_empty() { "" } else { ", " };
                let holds = if held.is_empty() { String::new() } else { format!("holds {held}") };
                let _ = write!(text, "<td class=\"lane\">{what}{space}{}</td>", escape(&holds));
            }
            text.push_str("<td></td></tr>\n");
        }
        Row::Omitted(range, what) => {
            let (from, to) = (range.start + 1, range.end);
            let _ = writeln!(
                text,
                "<tr class=\"omitted\"><td class=\"n\">{from}–{to}</td><td colspan=\"{}\">{}</td></tr>",
                lanes + 1,
                escape(what)
            );
        }
        Row::End { task, text: what, place, failed } => {
            let class = if *failed { "end" } else { "fine" };
            let sign = if *failed { "✗" } else { "✓" };
            let place = place.as_ref().map_or_else(String::new, |place| escape(short(&place.to_string())));
            let _ = write!(text, "<tr class=\"{class}\"><td class=\"n\">{sign}</td>");
            let lane = task.and_then(|task| table.lanes.iter().position(|&other| other == task));
            match lane {
                Some(lane) => {
                    for other in 0..lanes {
                        let what = if other == lane { escape(what) } else { String::new() };
                        let _ = write!(text, "<td class=\"lane\">{what}</td>");
                    }
                }
                None => {
                    _ = write!(text, "<td class=\"lane\" colspan=\"{}\">{}</td>", lanes.max(1), escape(what))
                }
            }
            let _ = writeln!(text, "<td>{place}</td></tr>");
        }
    }
}

/// A place without its folders.
fn short(place: &str) -> &str {
    place.rsplit_once('/').map_or(place, |(_, short)| short)
}

/// The row of a step, and the hidden row with everything known about it.
fn step(text: &mut String, recording: &Recording, table: &Table, index: usize) {
    let step = &recording.steps[index];
    let critical = if table.critical.is_some_and(|pair| pair.contains(index)) { " critical" } else { "" };
    let _ = write!(
        text,
        "<tr class=\"step{critical}\" tabindex=\"0\" aria-expanded=\"false\"><td class=\"n\">{}</td>",
        index + 1
    );
    for (lane, &task) in table.lanes.iter().enumerate() {
        if task == step.task {
            let operation = escape(&words::operation(recording, step));
            let _ = write!(text, "<td class=\"lane l{}\">{operation}</td>", lane % 6);
        } else {
            text.push_str("<td class=\"lane\"></td>");
        }
    }
    let file = step.place.to_string();
    let _ = writeln!(text, "<td class=\"quiet\">{}</td></tr>", escape(short(&file)));
    let value = step
        .value
        .map_or_else(|| "never finished".to_owned(), |value| format!("value {}", words::number(value)));
    let holdings = words::holdings(recording, index + 1);
    let held: Vec<String> = holdings
        .iter()
        .enumerate()
        .filter(|(_, names)| !names.is_empty())
        .map(|(task, names)| format!("{} holds {}", words::task(recording, task), words::held(names)))
        .collect();
    let held = if held.is_empty() { "nobody holds a lock".to_owned() } else { held.join("; ") };
    let place = format!("{}:{}", clean(&file), step.place.column);
    let _ = writeln!(
        text,
        "<tr class=\"detail\" hidden><td></td><td colspan=\"{}\">{}, {:?}, {value}; {}</td></tr>",
        table.lanes.len() + 1,
        escape(&place),
        step.kind,
        escape(&held)
    );
}
