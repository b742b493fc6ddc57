//! Schedules that once broke a law, kept as text and tried before anything else.
//!
//! Called by what panics on a violation ([`Program::explore`](super::Program::explore),
//! [`explore`](super::explore), [`explore_with`](super::explore_with)); never by what
//! only reports.
//!
//! Where the file of a program lies:
//!
//! | `SELVEDGE_PERSIST` | folder |
//! |---|---|
//! | not set, `on` or `1` | `fixtures/regressions` of the package under test, which cargo names in `CARGO_MANIFEST_DIR`; `regressions` in a package that is called `fixtures` itself |
//! | a folder | that one; a single word only if there is such a folder |
//! | `off` or `0` | none: nothing is kept, nothing is tried |
//!
//! Without a folder of its own choice only a test that cargo built keeps anything: no
//! example, no documentation test, no program. A configuration that ignores the
//! environment or does not [`persist`](super::Config::persist) keeps and tries nothing.
//!
//! The file is called after the program. A line is a token, and behind `#` what it
//! showed. Programs without a name of their own are known by the function in which they
//! stand: their regressions are lost from sight when it gets another name.
//!
//! 1. Nothing is written while `CI` is set.
//! 2. No line is ever changed or removed, and none is written twice: a writer holds the
//!    file's lock from reading it to the one write that appends its line.
//! 3. A line that cannot be read, or a schedule that no longer fits, is told on standard
//!    error and fails nothing.
//!
//! When a process dies here, the file ends with a whole line or a part of one; the next
//! writer ends that line first, and the part is told as one that cannot be read.

use super::aloud::aloud;
use super::check::{explore_model, warn};
use super::config::Config;
use super::environment::{self, Persist};
use super::exits::{Tell, say};
use super::finding::Report;
use super::job::Job;
use super::replay::replay_model;
use crate::engine::{Engine, Model};
use crate::judge::divergence;
use crate::token::Token;
use crate::{Error, report};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Explores a program, its regressions first; a violation is a panic that explains it.
#[track_caller]
pub(super) fn explore(model: &dyn Model, job: &Job<'_>, config: &Config) -> Result<Report, Error> {
    let Some(book) = Book::of(job, config)? else {
        return demand(explore_model(model, job, config)?, config);
    };
    if let Some(message) = book.try_all(model, job)? {
        panic!("{message}");
    }
    let keeper = book.clone();
    let tell: Tell = Arc::new(move |report| {
        keeper.keep(report);
        say(report)
    });
    let job = &Job { tell: Some(tell), ..Job::new(&job.name, job.identity.clone()) };
    let report = explore_model(model, job, config)?;
    book.keep(&report);
    demand(report, config)
}

/// The report, if it decides anything. What it warns of is said once: as an error, if it is one.
#[track_caller]
fn demand(report: Report, config: &Config) -> Result<Report, Error> {
    if config.apart || !report.is_blind() {
        warn(&report);
    }
    report.demand(config.apart)
}

/// The regressions of one program.
#[derive(Clone)]
struct Book {
    path: PathBuf,
    config: Config,
}

impl Book {
    /// The book of a program; none where nothing shall be kept.
    fn of(job: &Job<'_>, config: &Config) -> Result<Option<Book>, Error> {
        if !config.persist || !config.environment {
            return Ok(None);
        }
        let folder = match environment::persist()? {
            Persist::Off => return Ok(None),
            Persist::Folder(folder) => folder,
            Persist::Usual => match usual_folder() {
                Some(folder) => folder,
                None => return Ok(None),
            },
        };
        // Who asks for one schedule gets that one and no other.
        let asked = environment::replay()?.is_some_and(|token| token.identity == job.identity);
        let config = Config { environment: false, ..environment::overlay(config)? };
        if asked || config.engine == Engine::Wild {
            return Ok(None);
        }
        Ok(Some(Book { path: folder.join(file_name(&job.name)), config }))
    }

    /// Runs every schedule of the book; the message about the first that still fails.
    fn try_all(&self, model: &dyn Model, job: &Job<'_>) -> Result<Option<String>, Error> {
        for (number, token) in self.read(job) {
            let place = format!("{}:{number}", shown(&self.path));
            let report = match replay_model(model, job, &self.config, &token) {
                Err(Error::Token(why)) => {
                    aloud(format_args!("warning: {place}: the token {why}"));
                    continue;
                }
                other => other?,
            };
            if let Some(message) = report::failure(&report) {
                warn(&report);
                return Ok(Some(format!("the regression {place} still fails\n\n{message}")));
            }
            let stale = report.finding.as_ref().and_then(|finding| divergence(&finding.recording));
            if let Some(why) = stale {
                aloud(format_args!(
                    "{place}: stale: {why}; {token} shows nothing any more and can be deleted"
                ));
            } else if let Some(why) = report.undecided() {
                aloud(format_args!("warning: {place}: nothing was decided: {why}"));
            }
        }
        Ok(None)
    }

    /// The tokens in the book, with the numbers of their lines.
    fn read(&self, job: &Job<'_>) -> Vec<(usize, Token)> {
        let bytes = match plain(&self.path).and_then(|()| fs::read(&self.path)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                aloud(format_args!("warning: {} cannot be read: {error}", shown(&self.path)));
                return Vec::new();
            }
        };
        // Some editors begin a file with a mark of its encoding.
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes));
        let mut tokens = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match parse(line, job) {
                Ok(Some(token)) => tokens.push((index + 1, token)),
                Ok(None) => {}
                Err(why) => aloud(format_args!("warning: {}:{}: {why}", shown(&self.path), index + 1)),
            }
        }
        tokens
    }

    /// Writes the finding of a report down.
    fn keep(&self, report: &Report) {
        let Some(finding) = report.finding.as_ref().filter(|_| report.tally.first.is_some()) else { return };
        if std::env::var_os("CI").is_some() {
            return;
        }
        let headline = report::headline(report);
        let line = format!("{} # {headline}; engine {}", finding.token, report.engine.name());
        match append(&self.path, &report.program, &finding.token, &line) {
            Ok(true) => aloud(format_args!("the schedule was added to {}", shown(&self.path))),
            Ok(false) => {}
            Err(error) => {
                aloud(format_args!("warning: {} cannot be written: {error}", shown(&self.path)));
            }
        }
    }
}

/// The token of a line; none if it has none by intention.
fn parse(line: &str, job: &Job<'_>) -> Result<Option<Token>, String> {
    let said = line.split('#').next().unwrap_or_default().trim();
    if said.is_empty() {
        return Ok(None);
    }
    let token: Token = said.parse().map_err(|error: Error| error.to_string())?;
    if token.identity != job.identity {
        return Err(format!("the token belongs to another program than `{}`", job.name));
    }
    Ok(Some(token))
}

/// Refuses what is no file but can be opened like one: nobody may ever write into a pipe.
fn plain(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(ErrorKind::InvalidInput, "it is no file")),
    }
}

/// Adds a line, unless its token is there; whether it was added.
fn append(path: &Path, program: &str, token: &str, line: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match plain(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    file.lock()?;
    let added = append_locked(&mut file, program, token, line);
    // Explicitly: a process that somebody forked meanwhile holds the descriptor as well.
    file.unlock()?;
    added
}

fn append_locked(file: &mut File, program: &str, token: &str, line: &str) -> io::Result<bool> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let known = |line: &[u8]| {
        let word = line.split(|byte| byte.is_ascii_whitespace() || *byte == b'#').next();
        word == Some(token.as_bytes())
    };
    if bytes.split(|byte| *byte == b'\n').any(known) {
        return Ok(false);
    }
    let mut text = String::new();
    if bytes.is_empty() {
        let program: String = program.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text += &format!(
            "# Schedules that broke a law of `{program}`. They are tried before anything else;\n\
             # keep this file under version control.\n"
        );
    } else if bytes.last() != Some(&b'\n') {
        text.push('\n');
    }
    text += line;
    text.push('\n');
    file.write_all(text.as_bytes())?;
    Ok(true)
}

/// Where regressions lie if nobody says otherwise.
fn usual_folder() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    // Cargo builds tests in `deps`; what lies elsewhere is no test.
    if executable.parent()?.file_name()? != "deps" {
        return None;
    }
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    if package.file_name()? == "fixtures" {
        return Some(package.join("regressions"));
    }
    Some(package.join("fixtures").join("regressions"))
}

/// The file of a program. Names that differ only in what a file cannot be called get
/// different files.
fn file_name(program: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_plain = program.chars().all(plain) && program.len() <= LONGEST && !program.starts_with('.');
    if is_plain && !program.is_empty() {
        return format!("{program}.txt");
    }
    let text: String = program.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    let text = text.trim_start_matches(['.', '-']);
    // The end tells more than the beginning: `tests/shop.rs:12`.
    let text = &text[text.len().saturating_sub(LONGEST)..];
    format!("{text}-{:08x}.txt", crate::token::hash(program.as_bytes()))
}

/// The longest part of a file's name that a program's name becomes, in bytes.
const LONGEST: usize = 80;

/// A path as the user knows it: from the current folder, if it lies there.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.and_then(|here| path.strip_prefix(here).ok());
    inside.unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_names_of_files() {
        assert_eq!(file_name("two-locks"), "two-locks.txt");
        let names = ["a b", "a/b", "a-b", "", "..", ".", "../../x", "tests/shop.rs:12", "ü", "a\nb"];
        let mut files: Vec<String> = names.iter().map(|name| file_name(name)).collect();
        for file in &files {
            assert!(!file.starts_with('.') && !file.contains(['/', '\n']), "{file}");
        }
        files.sort();
        files.dedup();
        assert_eq!(files.len(), names.len());
        assert!(file_name(&"x".repeat(1000)).len() < 100);
    }
}
