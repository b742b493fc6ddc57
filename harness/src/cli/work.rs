//! Exploring one program, and reading what a replay showed.

use super::exit::Exit;
use super::judge::Judged;
use super::out::{Out, complain};
use super::paint::Paint;
use super::text;
use crate::Error;
use crate::catalogue::Case;
use crate::program::{Config, Job, Keeper, Report, Tell, Watcher, explore_model, note};
use crate::report;
use std::sync::Arc;

/// Explores a program and makes its finding small.
pub(super) fn explore(
    case: &Case,
    config: &Config,
    json: bool,
    watcher: Watcher<'_>,
    keeper: Option<Keeper<'_>>,
) -> Result<Judged, Error> {
    let program = case.build()?;
    let job = Job {
        watcher: Some(watcher),
        keeper,
        tell: Some(teller(case, json)),
        ..Job::new(&case.name(), case.identity())
    };
    let report = explore_model(program.model(), &job, config)?;
    Ok(Judged::new(case.clone(), report, program.model()))
}

/// Tells of an exit that ends this command, as its subcommand would tell any finding.
pub(super) fn teller(case: &Case, json: bool) -> Tell {
    let case = case.clone();
    Arc::new(move |report| {
        let judged = Judged::of_exit(case.clone(), report.clone());
        let mut out = Out::open();
        let _ = if json {
            let (scenario, variant) = (judged.case.selection.name(), judged.case.variant.name);
            out.line(report::json(report, &scenario, variant, judged.words()))
        } else {
            out.write(text::report(&judged, Paint::of_stdout()))
        };
        let note = note(report);
        complain(note.strip_prefix("selvedge: ").unwrap_or(&note));
        Exit::Surprise.code().into()
    })
}

/// What a replayed schedule showed.
pub(super) enum Shows {
    Violation,
    Pass,
    /// The schedule does not fit; why.
    Nothing(String),
}

/// What the report of a replay shows.
pub(super) fn shows(report: &Report) -> Shows {
    match (&report.tally.first, report.undecided()) {
        (Some(_), _) => Shows::Violation,
        (None, Some(why)) => Shows::Nothing(why),
        (None, None) => Shows::Pass,
    }
}
