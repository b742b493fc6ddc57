//! The table of the main job.

use super::judge::Judged;
use super::paint::Paint;
use super::text;
use crate::report;

const HEAD: [&str; 9] =
    ["scenario", "variant", "engine", "what broke", "verdict", "first", "switches", "executions/s", "replay"];
/// The column that carries the colour.
const VERDICT: usize = 4;
/// Numbers stand to the right.
const NUMBERS: [usize; 3] = [5, 6, 7];

fn row(judged: &Judged) -> [String; 9] {
    let tally = &judged.report.tally;
    let finding = judged.report.shown();
    let broken = tally.first.as_ref().map(|found| finding.map_or(&found.verdict, |f| &f.recording.verdict));
    let dash = || "-".to_owned();
    let verdict = match (judged.report.completeness(), tally.first.is_some()) {
        (Some(all), false) => format!("{} ({all})", judged.words()),
        _ => judged.words().to_owned(),
    };
    [
        judged.case.selection.scenario.name.to_owned(),
        judged.case.variant.name.to_owned(),
        judged.report.engine.name().to_owned(),
        broken.map_or_else(dash, text::broken),
        verdict,
        tally.first.as_ref().map_or_else(dash, |found| text::grouped(found.index + 1)),
        finding.map_or_else(dash, report::switches),
        text::measure(judged.rate()),
        finding.map_or_else(dash, |finding| finding.token.clone()),
    ]
}

/// One line a program, aligned.
pub(super) fn table(all: &[Judged], paint: Paint) -> String {
    let rows: Vec<[String; 9]> = all.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; 9] = std::array::from_fn(width);
    let pad = |column: usize, text: &str| {
        let width = widths[column];
        if NUMBERS.contains(&column) { format!("{text:>width$}") } else { format!("{text:width$}") }
    };
    let head: Vec<String> = HEAD.iter().enumerate().map(|(column, text)| pad(column, text)).collect();
    let mut table = format!("{}\n", paint.heading(head.join("  ").trim_end()));
    for (judged, row) in all.iter().zip(&rows) {
        let cells = row.iter().enumerate().map(|(column, text)| {
            let cell = pad(column, text);
            if column == VERDICT { paint.exit(judged.exit(), &cell) } else { cell }
        });
        let line: Vec<String> = cells.collect();
        table += line.join("  ").trim_end();
        table.push('\n');
    }
    table += "first: the execution that broke it first; switches: of the shrunk schedule, with ? if not proved minimal\n";
    table
}
