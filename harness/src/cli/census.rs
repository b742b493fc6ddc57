//! `selvedge census`: every place at which a task can be killed, and what came of it.

use super::args::CensusArgs;
use super::exit::Exit;
use super::out::{Out, Stop};
use super::paint::Paint;
use super::settings;
use crate::Error;
use crate::catalogue::{Case, Catalogue, Expect};
use crate::engine::Engine;
use crate::judge::Verdict;
use crate::program::{Census, Config, Job, KillPoint, census_model};
use std::fmt::Write;

/// Takes the census of each variant and prints it.
pub(super) fn run(catalogue: &Catalogue, args: &CensusArgs) -> Result<Exit, Stop> {
    let selection = catalogue.parse(&args.name)?;
    let cases = match &args.variant {
        Some(name) => vec![selection.case(name)?],
        None => selection.cases(),
    };
    let base = Config::default().engine(selection.scenario.engine);
    let mut config = settings::configure(base, args.engine.as_deref(), &args.search, false)?;
    config.faults = settings::faults(&args.faults)?;
    if config.engine == Engine::Wild {
        return Err(
            Error::Usage("wild has no kill points; use --engine sim or --engine real".to_owned()).into()
        );
    }
    if args.exhaust {
        config.budget = crate::program::Budget { executions: None, time: None };
    }
    let mut worst = Exit::AsExpected;
    for (place, case) in cases.iter().enumerate() {
        let program = case.build()?;
        let job = Job { name: case.name(), identity: case.identity(), watcher: None, keeper: None };
        let census = census_model(program.model(), &job, &config, args.exhaust)?;
        let exit = judge(case, &census);
        worst = worst.max(exit);
        let mut out = Out::open();
        if args.search.json {
            json(case, &config, &census, &mut out)?;
        } else {
            if place > 0 {
                out.line("")?;
            }
            out.write(text(case, &config, args.exhaust, &census, exit, Paint::of_stdout()))?;
        }
    }
    Ok(worst)
}

/// What a census means for the command.
fn judge(case: &Case, census: &Census) -> Exit {
    let breaks = census.breaking() > 0;
    match case.variant.expect {
        _ if census.killed() == 0 => Exit::NothingRan,
        _ if census.is_vacuous() => Exit::Surprise,
        Expect::Fails if breaks => Exit::AsExpected,
        Expect::Holds if !breaks => Exit::AsExpected,
        _ => Exit::Surprise,
    }
}

fn text(case: &Case, config: &Config, exhaust: bool, census: &Census, exit: Exit, paint: Paint) -> String {
    let mut text = String::new();
    let which = if exhaust { "in every schedule" } else { "along the run without preemption" };
    let _ = writeln!(text, "{}, in {}: kill points {which}", case.name(), config.engine.name());
    let rows: Vec<[String; 6]> = census.points.iter().map(row).collect();
    let head = ["task", "before operation", "reached", "killed", "broke", "verdict"].map(str::to_owned);
    let width =
        |column: usize| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    for row in [&head].into_iter().chain(&rows) {
        let cells: Vec<String> =
            row.iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if (2..5).contains(&column) {
                        format!("{cell:>width$}")
                    } else {
                        format!("{cell:width$}")
                    }
                })
                .collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
    for point in census.points.iter().filter(|point| point.token.is_some()).take(1) {
        let _ = writeln!(text, "replay       {}", point.token.as_deref().unwrap_or_default());
    }
    let _ =
        writeln!(text, "total        {} of {} kill points break it", census.breaking(), census.points.len());
    let without = match &census.baseline {
        Verdict::Pass => "every law holds".to_owned(),
        verdict if verdict.is_violation() => format!("VACUOUS: it fails without a kill: {verdict}"),
        verdict => verdict.to_string(),
    };
    let _ = writeln!(text, "without      {without}");
    let complete = if exhaust && !census.complete { ", not complete" } else { "" };
    let _ = writeln!(text, "executions   {}{complete}", census.executions);
    let words = match exit {
        Exit::NothingRan => "nothing was killed",
        Exit::Surprise if census.is_vacuous() => "vacuous: the kills prove nothing",
        Exit::Surprise if census.breaking() > 0 => "BREAKS, expected to survive",
        Exit::Surprise => "SURVIVES, expected to break",
        _ if census.breaking() > 0 => "breaks, as expected",
        _ => "survives, as expected",
    };
    let _ = writeln!(text, "verdict      {}", paint.exit(exit, words));
    text
}

fn row(point: &KillPoint) -> [String; 6] {
    let verdict =
        point.verdict.as_ref().map_or_else(|| "holds".to_owned(), |verdict| verdict.word().to_owned());
    [
        point.task.clone(),
        format!("{} {} ({})", point.nth, point.operation, point.place),
        point.reached.to_string(),
        point.killed.to_string(),
        point.failed.to_string(),
        verdict,
    ]
}

/// One object for each kill point, and one for the whole.
fn json(case: &Case, config: &Config, census: &Census, out: &mut Out) -> Result<(), Stop> {
    let (scenario, variant) = (case.selection.name(), case.variant.name);
    for point in &census.points {
        out.line(serde_json::json!({
            "scenario": scenario, "variant": variant, "engine": config.engine.name(),
            "task": point.task, "nth": point.nth, "operation": point.operation,
            "place": point.place.to_string(), "reached": point.reached, "killed": point.killed,
            "failed": point.failed, "verdict": point.verdict.as_ref().map(Verdict::word),
            "replay": point.token,
        }))?;
    }
    out.line(serde_json::json!({
        "scenario": scenario, "variant": variant, "engine": config.engine.name(),
        "kill_points": census.points.len(), "killed": census.killed(), "breaking": census.breaking(),
        "executions": census.executions, "complete": census.complete,
        "without_kill": census.baseline.word(), "vacuous": census.is_vacuous(),
    }))
}
