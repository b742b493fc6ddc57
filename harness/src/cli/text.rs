//! Reports and tables for people.

use super::judge::Judged;
use super::paint::Paint;
use crate::engine::Engine;
use crate::judge::Verdict;
use crate::program::{NOTHING_RAN, Tally};
use crate::report::picture;
use crate::strategy::Strategy;
use std::fmt::Write;

/// Outcomes that are listed before the rest is summed up.
const OUTCOMES: usize = 12;

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate or another measure: three digits are enough below 100.
pub(super) fn measure(value: f64) -> String {
    if value >= 100.0 { grouped(value as u64) } else { format!("{value:.1}") }
}

/// `1 schedule`, `2 schedules`.
pub(super) fn plural(count: usize, noun: &str, many: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {many}") }
}

/// The outcomes with their counts, most frequent first if there are too many to list.
fn outcomes(tally: &Tally) -> String {
    let all = tally.outcomes.len();
    let mut entries: Vec<(&String, &u64)> = tally.outcomes.iter().collect();
    if all > OUTCOMES {
        entries.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        entries.truncate(OUTCOMES);
    }
    let texts: Vec<String> = entries.iter().map(|(label, count)| format!("{label}: {count}")).collect();
    let rest = if all > OUTCOMES { format!(" and {} more", all - OUTCOMES) } else { String::new() };
    format!("{}{rest}", texts.join(", "))
}

/// What broke, short enough for a table.
pub(super) fn broken(verdict: &Verdict) -> String {
    let first = |message: &str| {
        let part = message.split(['\n', ':']).next().unwrap_or_default().trim();
        let part = part.chars().map(|c| if c.is_control() { ' ' } else { c });
        if part.clone().count() <= 28 {
            part.collect()
        } else {
            part.take(27).chain(['…']).collect::<String>()
        }
    };
    match verdict {
        Verdict::Law { message, .. } => first(message),
        Verdict::Panic { message, .. } => format!("panic: {}", first(message)),
        other => other.word().to_owned(),
    }
}

/// A report as aligned lines.
pub(super) fn report(judged: &Judged, paint: Paint) -> String {
    let (report, tally) = (&judged.report, &judged.report.tally);
    let mut text = String::new();
    let mut line = |key: &str, value: &str| _ = writeln!(text, "{key:12} {value}");
    line("scenario", judged.case.selection.scenario.name);
    let arguments = judged.case.selection.arguments.to_string();
    if !arguments.is_empty() {
        line("parameters", &arguments);
    }
    line("variant", &format!("{} ({})", judged.case.variant.name, judged.case.variant.about));
    line("engine", report.engine.name());
    if report.engine == Engine::Wild {
        line("strategy", "none: the operating system schedules");
    } else {
        line("strategy", &report.strategy.to_string());
        line("seed", &report.seed.to_string());
    }
    if report.faults.any() {
        let victims = match report.faults.named_victims() {
            [] => String::new(),
            victims => format!("; who may be killed: {}", victims.join(", ")),
        };
        line("faults", &format!("{}{victims}", report.faults));
    }
    let noun = if tally.executions == 1 { "schedule" } else { "schedules" };
    let schedules = report.completeness().map_or_else(String::new, |all| format!(" {noun}, complete: {all}"));
    line("executions", &format!("{}{schedules}", grouped(tally.executions)));
    let share = if report.engine == Engine::Wild && tally.executions > 0 {
        format!(" ({:.3} % of the executions)", 100.0 * tally.violations as f64 / tally.executions as f64)
    } else {
        String::new()
    };
    if report.engine != Engine::Wild && report.strategy == Strategy::Dpor {
        line("blocked", &format!("{} given up half-way, covered by others", grouped(tally.blocked)));
    }
    line("violations", &format!("{}{share}", grouped(tally.violations)));
    if let Some(found) = &tally.first {
        let number = grouped(found.index + 1);
        line("first", &format!("execution {number}: {}", one_line(&report.told(&found.verdict))));
    }
    if let Some(found) = &tally.inconclusive {
        line("undecided", &format!("{}{}", found.which(), one_line(&report.told(&found.verdict))));
    }
    if let Some(warning) = report.warning() {
        line("warning", &one_line(&warning));
    }
    if !tally.outcomes.is_empty() {
        line("outcomes", &outcomes(tally));
    }
    if let Some(finding) = report.shown() {
        let proof = if finding.proved_minimal { "proved minimal" } else { "not proved minimal" };
        let preemptions = plural(finding.preemptions, "preemption", "preemptions");
        line("switches", &format!("{} after shrinking, {proof}; {preemptions}", finding.switches));
    }
    line("speed", &format!("{} executions/s", measure(judged.rate())));
    if let Some(finding) = report.shown() {
        line("replay", &finding.token);
    }
    line("verdict", &paint.exit(judged.exit(), judged.words()));
    if tally.executions == 0 {
        line("reason", NOTHING_RAN);
    }
    if let Some(finding) = report.shown() {
        for part in picture(finding, paint.0) {
            text += &format!("\n{part}\n");
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(measure(12.34), "12.3");
        assert_eq!(measure(12_345.6), "12,345");
    }
}
