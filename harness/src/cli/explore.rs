//! `selvedge explore`: one scenario, one variant or all.

use super::args::{Explore, Replay};
use super::exit::Exit;
use super::out::{Out, Stop};
use super::paint::Paint;
use super::progress::Bar;
use super::{settings, text, tokens, work};
use crate::Error;
use crate::catalogue::{Case, Catalogue};
use crate::program::{Config, environment};
use crate::report;
use std::time::Duration;

/// How long a finding is shrunk.
const PATIENCE: Duration = Duration::from_secs(5);

/// Explores and prints a report for each variant.
pub(super) fn run(catalogue: &Catalogue, args: &Explore) -> Result<Exit, Stop> {
    let selection = catalogue.parse(&args.name)?;
    let cases = match &args.variant {
        Some(name) => vec![selection.case(name)?],
        None => selection.cases(),
    };
    if let Some(token) = environment::replay()? {
        if cases.iter().all(|case| case.identity() != token.identity) {
            let other = catalogue.find(&token)?.name();
            return Err(Error::Token(format!("in SELVEDGE_REPLAY belongs to `{other}`")).into());
        }
        let replay = Replay { token: token.to_string(), engine: args.engine.clone() };
        return tokens::replay(catalogue, &replay);
    }
    let base = Config { shrink_time: PATIENCE, ..Config::default().engine(selection.scenario.engine) };
    let config = settings::configure(base, args.engine.as_deref(), &args.search, args.exhaust)?;
    let config = Config { faults: settings::faults(&args.faults)?, ..config };
    let folder = settings::report_folder(&args.search)?;
    if let Some(folder) = &folder {
        settings::prepare(folder)?;
    }
    let mut worst = Exit::AsExpected;
    let mut all = Vec::new();
    for case in &cases {
        let judged = one(case, &config)?;
        worst = worst.max(judged.exit());
        print(&judged, args.search.json, all.is_empty())?;
        all.push(judged);
    }
    if let Some(folder) = folder {
        let page = super::page::write(&folder, &all)?;
        if !args.search.json {
            Out::open().line(format_args!("\nreport       {}", page.display()))?;
        }
    }
    Ok(worst)
}

fn one(case: &Case, config: &Config) -> Result<super::judge::Judged, Error> {
    let bar = Bar::spinner(&case.name());
    let watch = |executions, violations| bar.count(executions, violations);
    work::explore(case, config, &watch)
}

fn print(judged: &super::judge::Judged, json: bool, first: bool) -> Result<(), Stop> {
    let mut out = Out::open();
    if json {
        let (selection, variant) = (&judged.case.selection, judged.case.variant.name);
        return out.line(report::json(&judged.report, &selection.name(), variant, judged.words()));
    }
    if !first {
        out.line("")?;
    }
    out.write(text::report(judged, Paint::of_stdout()))
}
