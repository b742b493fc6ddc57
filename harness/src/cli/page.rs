//! Writing the HTML report.

use super::exit::Exit;
use super::judge::Judged;
use crate::Error;
use crate::report::{self, Entry};
use std::path::{Path, PathBuf};

/// Writes one page about all reports and returns where it lies.
pub(super) fn write(folder: &Path, all: &[Judged]) -> Result<PathBuf, Error> {
    let names: Vec<String> =
        all.iter().map(|judged| format!("{}, {}", judged.case.name(), judged.report.engine.name())).collect();
    let entry = |(name, judged)| {
        let judged: &Judged = judged;
        Entry::new(name, &judged.report).judged(judged.words(), judged.exit() == Exit::AsExpected)
    };
    let entries: Vec<Entry<'_>> = names.iter().map(String::as_str).zip(all).map(entry).collect();
    put(folder, &entries)
}

/// Writes one page about these and returns where it lies.
pub(super) fn put(folder: &Path, entries: &[Entry<'_>]) -> Result<PathBuf, Error> {
    let page = folder.join("index.html");
    let written = std::fs::write(&page, report::html(entries));
    written.map_err(|error| Error::unwritable(format_args!("the report {}", page.display()), error))?;
    Ok(page)
}
