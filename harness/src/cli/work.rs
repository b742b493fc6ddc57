//! Exploring one program, and reading what a replay showed.

use super::judge::Judged;
use crate::Error;
use crate::catalogue::Case;
use crate::program::{Config, Job, Keeper, Report, Watcher, check_model};

/// Explores a program and makes its finding small.
pub(super) fn explore(
    case: &Case,
    config: &Config,
    watcher: Watcher<'_>,
    keeper: Option<Keeper<'_>>,
) -> Result<Judged, Error> {
    let program = case.build()?;
    let job = Job { name: case.name(), identity: case.identity(), watcher: Some(watcher), keeper };
    let report = check_model(program.model(), &job, config)?;
    Ok(Judged { case: case.clone(), report })
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
