//! `selvedge explore`: one scenario, one variant or all.

use super::args::Explore;
use super::exit::Exit;
use super::judge::Judged;
use super::out::Out;
use super::paint::Paint;
use super::progress::Bar;
use super::record::{Record, Run};
use super::tokens::Asked;
use super::{conflicts, settings, text, tokens, work};
use crate::Error;
use crate::catalogue::{Case, Catalogue};
use crate::program::{Config, Tally, environment, validate_all};
use crate::report;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a finding is shrunk.
const PATIENCE: Duration = Duration::from_secs(5);

/// Explores and prints a report for each variant.
pub(super) fn run(catalogue: &Catalogue, args: &Explore) -> Result<Exit, Error> {
    let selection = catalogue.parse(&args.which.name)?;
    let cases = selection.chosen(args.which.variant.as_deref())?;
    if let Some(token) = environment::replay()? {
        // Its parameters may be written in another way than they would be now.
        let own = catalogue.find(&token)?;
        if cases.iter().all(|case| case.identity() != own.identity()) {
            return Err(Error::Token(format!("in SELVEDGE_REPLAY belongs to `{}`", own.name())));
        }
        conflicts::refuse_beside_token(args)?;
        let asked = Asked {
            engine: args.which.place.engine.as_deref(),
            json: args.search.form.json,
            report: settings::report_folder(&args.search)?,
        };
        return tokens::replay(catalogue, &token.to_string(), &asked);
    }
    let mut base = Config { shrink_time: PATIENCE, ..Config::default().engine(selection.scenario.engine) };
    if let Some(text) = &args.shard {
        base.shard = text.parse()?;
        // All shares must come to the same end, so only executions can bound them.
        base.budget.time = None;
    }
    let config = settings::configure(base, args.which.place.engine.as_deref(), &args.search, args.exhaust)?;
    let config = Config { faults: settings::faults(&args.faults)?, ..config };
    let folder = settings::report_folder(&args.search)?;
    if let Some(folder) = &folder {
        settings::prepare(folder)?;
    }
    // What is refused leaves no file behind, and overwrites none.
    for case in &cases {
        validate_all(case.build()?.model(), &case.name(), &config)?;
    }
    let mut record = args.out.as_deref().map(Record::create).transpose()?;
    let mut worst = Exit::AsExpected;
    let mut all = Vec::new();
    for case in &cases {
        let run = Run::of(case, &cases, &config, &case.build()?);
        let judged = one(case, &config, args.search.form.json, &run, record.as_mut())?;
        worst = worst.max(judged.exit());
        if args.search.form.json && args.shard.is_some() {
            Out::open().line(run.result(&judged))?;
        } else {
            print(&judged, args.search.form.json, all.is_empty())?;
        }
        all.push(judged);
    }
    if let Some(folder) = folder {
        let page = super::page::write(&folder, &all)?;
        if !args.search.form.json {
            Out::open().line(format_args!("\nreport       {}", page.display()))?;
        }
    }
    Ok(worst)
}

fn one(
    case: &Case,
    config: &Config,
    json: bool,
    run: &Run,
    record: Option<&mut Record>,
) -> Result<Judged, Error> {
    let bar = Bar::spinner(&case.name());
    let watch = |executions, violations| bar.count(executions, violations);
    let Some(record) = record else { return work::explore(case, config, json, &watch, None) };
    record.line(&run.head())?;
    // Both written by the thread that counts; shared because a job may be.
    let book = Mutex::new((record, None));
    let keep = |tally: &Tally| {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        if book.1.is_none() {
            book.1 = book.0.line(&run.progress(tally)).err();
        }
    };
    let judged = work::explore(case, config, json, &watch, Some(&keep))?;
    match book.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (_, Some(error)) => Err(error),
        (record, None) => record.line(&run.result(&judged)).map(|()| judged),
    }
}

fn print(judged: &Judged, json: bool, first: bool) -> Result<(), Error> {
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
