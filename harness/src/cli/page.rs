//! Writing the HTML report.

use super::judge::Judged;
use crate::Error;
use crate::program::Report;
use crate::report;
use std::path::{Path, PathBuf};

/// Writes one page about all reports and returns where it lies.
pub(super) fn write(folder: &Path, all: &[Judged]) -> Result<PathBuf, Error> {
    let names: Vec<String> =
        all.iter().map(|judged| format!("{}, {}", judged.case.name(), judged.report.engine.name())).collect();
    let entries: Vec<(&str, &Report)> =
        names.iter().map(String::as_str).zip(all.iter().map(|judged| &judged.report)).collect();
    let page = folder.join("index.html");
    let written = std::fs::write(&page, report::html(&entries));
    written
        .map_err(|error| Error::Usage(format!("the report {} cannot be written: {error}", page.display())))?;
    Ok(page)
}
