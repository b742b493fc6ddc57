//! Findings in words.

use crate::program::Report;

/// What a failing test says; `None` if nothing failed.
pub fn failure(report: &Report) -> Option<String> {
    report.tally.first.as_ref().map(|found| format!("{:?}", found))
}
