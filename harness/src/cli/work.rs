//! Exploring one program and making its finding small.

use super::judge::Judged;
use crate::Error;
use crate::catalogue::Case;
use crate::program::{Config, Job, Report, Watcher, check_model, shrink_model};
use crate::token::Token;
use std::time::Duration;

/// The fewest executions that are worth a try at shrinking.
const FEWEST: u64 = 100;

/// Explores a program and shrinks what was found, spending about `patience` on that.
pub(super) fn explore(
    case: &Case,
    config: &Config,
    patience: Duration,
    watcher: Option<Watcher<'_>>,
) -> Result<Judged, Error> {
    let program = case.build()?;
    let job = Job { name: case.name(), identity: case.identity(), watcher };
    let search = Config { shrink: false, ..config.clone() };
    let mut report = check_model(program.model(), &job, &search)?;
    if let (true, Some(finding)) = (config.shrink, &mut report.finding) {
        // How fast the program is was just measured.
        let rate = report.tally.executions as f64 / report.tally.seconds.max(1e-9);
        let affordable = (rate * patience.as_secs_f64()) as u64;
        let shrink_budget = affordable.clamp(FEWEST, config.shrink_budget.max(FEWEST));
        let token: Token = finding.token.parse()?;
        let shrunk = shrink_model(program.model(), &job, &Config { shrink_budget, ..config.clone() }, &token)?;
        if let Some(smaller) = shrunk.finding {
            let found = finding.found.clone();
            *finding = smaller;
            finding.found = found;
        }
    }
    Ok(Judged { case: case.clone(), report })
}

/// Whether a replayed schedule showed anything: a violation, a pass, or neither.
pub(super) fn shows(report: &Report) -> Shows {
    match (&report.tally.first, &report.tally.inconclusive) {
        (Some(_), _) => Shows::Violation,
        (None, Some(found)) => Shows::Nothing(found.verdict.to_string()),
        (None, None) => Shows::Pass,
    }
}

/// See [`shows`].
pub(super) enum Shows {
    Violation,
    Pass,
    /// The schedule does not fit; why.
    Nothing(String),
}
