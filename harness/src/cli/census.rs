//! `selvedge census`: every place at which a task can be killed, and what came of it.
//!
//! | the scenario | verdict |
//! |---|---|
//! | is about kills: its program has some by itself | whether the variant breaks or survives, as it says |
//! | is about something else | what came of it; nobody promised anything, so nothing surprises |
//! | fails without a kill | vacuous: the kills prove nothing |

use super::args::CensusArgs;
use super::exit::Exit;
use super::out::Out;
use super::paint::Paint;
use super::{conflicts, settings};
use crate::Error;
use crate::catalogue::{Case, Catalogue, Expect};
use crate::engine::Engine;
use crate::judge::Verdict;
use crate::program::{Budget, Census, Config, Job, KillPoint, census_model, environment, task_names};
use std::fmt::Write;

/// Takes the census of each variant and prints it.
pub(super) fn run(catalogue: &Catalogue, args: &CensusArgs) -> Result<Exit, Error> {
    conflicts::refuse_token("a census kills in many schedules")?;
    let selection = catalogue.parse(&args.which.name)?;
    let cases = selection.chosen(args.which.variant.as_deref())?;
    let config = configure(args, selection.scenario.engine)?;
    let mut worst = Exit::AsExpected;
    for (place, case) in cases.iter().enumerate() {
        let program = case.build()?;
        let job = Job::new(&case.name(), case.identity());
        let census = census_model(program.model(), &job, &config, args.exhaust)?;
        let promised = (program.model().faults().kills > 0).then_some(case.variant.expect);
        let exit = judge(promised, &census);
        worst = worst.max(exit);
        let mut out = Out::open();
        if args.form.json {
            json(case, &config, promised, &census, &mut out)?;
        } else {
            if place > 0 {
                out.line("")?;
            }
            let names = task_names(program.model());
            let without = told(&census.baseline, &names);
            out.write(text(case, &config, args.exhaust, &census, &without))?;
            let words = Paint::of_stdout().exit(exit, words(promised, &census, exit)).to_string();
            out.line(format_args!("verdict      {words}"))?;
        }
    }
    Ok(worst)
}

/// The configuration of a census.
fn configure(args: &CensusArgs, engine: Engine) -> Result<Config, Error> {
    let base = environment::overlay(&Config::default().engine(engine))?;
    let mut config = Config { environment: false, ..base };
    if let Some(text) = &args.which.place.engine {
        config.engine = text.parse()?;
    }
    if config.engine == Engine::Wild {
        return Err(Error::Usage("wild has no kill points; use --engine sim or --engine real".to_owned()));
    }
    let bounds = settings::budget(&args.bounds)?;
    if bounds.is_some() && !args.exhaust {
        let which = if args.bounds.time.is_some() { "--time" } else { "--executions" };
        return Err(Error::Usage(format!(
            "{which}: the census along one run is complete by itself; give it a bound together with --exhaust"
        )));
    }
    config.budget = bounds.unwrap_or(Budget { executions: None, time: None });
    config.faults = settings::victims(&args.victims)?;
    Ok(config)
}

/// How the program ends without a kill.
fn told(baseline: &Verdict, names: &[String]) -> String {
    let name = |task: usize| names.get(task).cloned().unwrap_or_else(|| format!("task {task}"));
    match baseline {
        Verdict::Pass => "every law holds".to_owned(),
        verdict if verdict.is_violation() => {
            format!("VACUOUS: it fails without a kill: {}", verdict.told(name))
        }
        verdict => verdict.told(name),
    }
}

/// What a census means for the command, beside what was promised about kills, if anything was.
fn judge(promised: Option<Expect>, census: &Census) -> Exit {
    let breaks = census.breaking() > 0;
    match promised {
        _ if census.killed() == 0 => Exit::NothingRan,
        _ if census.is_vacuous() => Exit::Surprise,
        Some(Expect::Fails) if !breaks => Exit::Surprise,
        Some(Expect::Holds) if breaks => Exit::Surprise,
        _ => Exit::AsExpected,
    }
}

/// The verdict in a few words.
fn words(promised: Option<Expect>, census: &Census, exit: Exit) -> &'static str {
    match (exit, promised, census.breaking() > 0) {
        (Exit::NothingRan, _, _) => "nothing was killed",
        (_, _, _) if census.is_vacuous() => "vacuous: the kills prove nothing",
        (_, None, true) => "breaks; what kills do to it is not promised",
        (_, None, false) => "survives; what kills do to it is not promised",
        (Exit::Surprise, _, true) => "BREAKS, expected to survive",
        (Exit::Surprise, _, false) => "SURVIVES, expected to break",
        (_, _, true) => "breaks, as expected",
        (_, _, false) => "survives, as expected",
    }
}

fn text(case: &Case, config: &Config, exhaust: bool, census: &Census, without: &str) -> String {
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
    let _ = writeln!(text, "without      {without}");
    let complete = if exhaust && !census.complete { ", not complete" } else { "" };
    let _ = writeln!(text, "executions   {}{complete}", census.executions);
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
fn json(
    case: &Case,
    config: &Config,
    promised: Option<Expect>,
    census: &Census,
    out: &mut Out,
) -> Result<(), Error> {
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
    let promised = promised.map(|expect| match expect {
        Expect::Fails => "breaks",
        Expect::Holds => "survives",
    });
    out.line(serde_json::json!({
        "scenario": scenario, "variant": variant, "engine": config.engine.name(), "promised": promised,
        "kill_points": census.points.len(), "killed": census.killed(), "breaking": census.breaking(),
        "executions": census.executions, "complete": census.complete,
        "without_kill": census.baseline.word(), "vacuous": census.is_vacuous(),
    }))
}
