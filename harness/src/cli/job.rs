//! The main job: every scenario and variant for a short while, in both engines.

use super::args::Line;
use super::exit::Exit;
use super::judge::Judged;
use super::out::{Out, complain};
use super::paint::Paint;
use super::progress::Bar;
use super::tokens::Asked;
use super::{conflicts, page, settings, table, text, tokens, work};
use crate::Error;
use crate::catalogue::{Case, Catalogue};
use crate::engine::Engine;
use crate::program::{Budget, Config, check_scratch, environment};
use crate::report;
use std::time::{Duration, Instant};

/// How long all searches together take if nobody says otherwise; shrinking comes on
/// top, with at most as much again.
const WHOLE: Duration = Duration::from_secs(24);
/// The longest time for one program that is not asked for.
const LONGEST: Duration = Duration::from_secs(1);

/// A program and the engine that runs it.
struct Cell {
    case: Case,
    engine: Engine,
}

fn cells(catalogue: &Catalogue, only: Option<Engine>) -> Result<Vec<Cell>, Error> {
    let engines: Vec<Engine> = match only {
        Some(engine) => vec![engine],
        None => vec![Engine::Sim, Engine::Real],
    };
    let mut cells = Vec::new();
    for case in catalogue.cases()? {
        cells.extend(engines.iter().map(|&engine| Cell { case: case.clone(), engine }));
    }
    Ok(cells)
}

/// Runs everything and prints the table.
pub(super) fn run(catalogue: &Catalogue, line: &Line) -> Result<Exit, Error> {
    if let Some(token) = environment::replay()? {
        conflicts::refuse_search_beside_token(&line.search)?;
        let asked = Asked {
            engine: line.engine.as_deref(),
            json: line.search.form.json,
            report: settings::report_folder(&line.search)?,
        };
        return tokens::replay(catalogue, &token.to_string(), &asked);
    }
    let begun = Instant::now();
    let asked = match &line.engine {
        Some(name) => Some(name.parse()?),
        None => std::env::var_os("SELVEDGE_ENGINE")
            .map(|_| environment::overlay(&Config::default()))
            .transpose()?
            .map(|config| config.engine),
    };
    let cells = cells(catalogue, asked)?;
    let share = (WHOLE / cells.len().max(1) as u32).min(LONGEST);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let budget = Budget { executions: None, time: Some(share) };
    let base = Config { budget, shrink_time: share, ..Config::default() };
    let config = settings::configure(base.jobs(cores.min(2)), line.engine.as_deref(), &line.search, false)?;
    let folder = settings::report_folder(&line.search)?.unwrap_or_else(settings::default_folder);
    settings::prepare(&folder)?;
    check_scratch()?;

    let all = explore(&cells, &config, config.budget == budget, line.search.form.json)?;
    let worst = all.iter().map(Judged::exit).max().unwrap_or(Exit::NothingRan);
    let page = page::write(&folder, &all)?;
    let mut out = Out::open();
    if line.search.form.json {
        for judged in &all {
            let (selection, variant) = (&judged.case.selection, judged.case.variant.name);
            out.line(report::json(&judged.report, &selection.name(), variant, judged.words()))?;
        }
        return Ok(worst);
    }
    print(&all, &mut out)?;
    let seconds = begun.elapsed().as_secs_f64();
    out.line(format_args!("{} programs explored in {seconds:.0} s; report: {}", all.len(), page.display()))?;
    Ok(worst)
}

/// Explores each of them. Unless its time was asked for, one that should fail and did not is
/// explored once more, as long as `explore` would: on a machine with other work to do a share of
/// the time may be over after an execution or two.
fn explore(cells: &[Cell], config: &Config, hasty: bool, json: bool) -> Result<Vec<Judged>, Error> {
    let bar = Bar::of(cells.len());
    let mut all = Vec::new();
    for cell in cells {
        bar.begin(&format!("{}, {}", cell.case.name(), cell.engine.name()));
        let watch = |executions, violations| bar.count(executions, violations);
        let mut config = config.clone().engine(cell.engine);
        let mut judged = work::explore(&cell.case, &config, json, &watch, None)?;
        if hasty && judged.exit() == Exit::Surprise && judged.report.tally.first.is_none() {
            config.budget = Config::default().budget;
            judged = work::explore(&cell.case, &config, json, &watch, None)?;
        }
        // The table has no place for it.
        if let Some(warning) = judged.report.warning() {
            complain(format_args!("warning: {}: {warning}", judged.report.program));
        }
        all.push(judged);
        bar.advance();
    }
    Ok(all)
}

/// The table, the first finding told in full, and the sum of it all.
fn print(all: &[Judged], out: &mut Out) -> Result<(), Error> {
    let paint = Paint::of_stdout();
    out.write(table::table(all, paint))?;
    // A surprise is what the reader wants to see, also one without a finding; only where there
    // is none, the first finding shows what one looks like.
    let (which, told) = match all.iter().find(|judged| judged.exit() != Exit::AsExpected) {
        Some(surprise) => ("the first surprise", Some(surprise)),
        None => ("the first finding", all.iter().find(|judged| judged.report.tally.first.is_some())),
    };
    if let Some(judged) = told {
        let message = match judged.exit() {
            Exit::Surprise | Exit::AsExpected => report::explain(&judged.report, paint.0),
            _ => None,
        };
        let message = message.unwrap_or_else(|| text::report(judged, paint));
        out.line(format_args!("\n{}\n{}", paint.heading(which), message.trim_end()))?;
    }
    let surprises = all.iter().filter(|judged| judged.exit() != Exit::AsExpected).count();
    let sum = match surprises {
        0 => "every verdict is as expected".to_owned(),
        n => format!("{} of {} verdicts are not as expected", text::grouped(n as u64), all.len()),
    };
    let exit = if surprises == 0 { Exit::AsExpected } else { Exit::Surprise };
    out.line(format_args!("\n{}", paint.exit(exit, &sum)))
}

#[cfg(test)]
mod tests {
    use super::super::alone::failing;
    use super::*;
    use crate::catalogue::Arguments;
    use crate::prelude::{Program, Value};
    use crate::program::AnyProgram;

    fn build(_: &str, _: &Arguments) -> Result<AnyProgram, Error> {
        let program = Program::new("lost update", || (Value::new(0),))
            .tasks("adder", 2, |(sum,), _| sum.set(sum.get() + 1))
            .finally(|(sum,)| assert_eq!(sum.get(), 2));
        Ok(program.into())
    }

    /// With next to no time `real` runs only the first execution, which loses nothing.
    #[test]
    fn too_little_time_is_no_surprise_unless_it_was_asked_for() {
        let cells =
            cells(&Catalogue::new(&[failing("lost-update", build)]).unwrap(), Some(Engine::Real)).unwrap();
        let config = Config::default().time(Duration::from_nanos(1)).ignore_environment();
        let exits = |hasty| -> Vec<Exit> {
            explore(&cells, &config, hasty, true).unwrap().iter().map(Judged::exit).collect()
        };
        assert_eq!(exits(false), [Exit::Surprise]);
        assert_eq!(exits(true), [Exit::AsExpected]);
    }
}
