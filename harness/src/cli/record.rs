//! The results of a share of a run as lines of text, one JSON object each.
//!
//! Written by `explore --out` while it runs, and by `explore --shard --json` at the end;
//! read by `merge`.
//!
//! | line | keys | when |
//! |---|---|---|
//! | head | `run` | before a variant is explored |
//! | progress | `tally` | between two slices of its executions |
//! | result | those of `--json`, and `run`, `tally`, `finding` | at its end |
//!
//! 1. Each line is written with one call, and says everything counted so far: the last
//!    whole line of a file that was cut off is as good as the file was then.
//! 2. A result stands for itself, without a head.
//!
//! When this process dies, or the disk is full, the file ends with a whole line or with a
//! part of one.

use super::input;
use super::judge::Judged;
use crate::Error;
use crate::catalogue::Case;
use crate::fault::Faults;
use crate::program::{AnyProgram, Config, Finding, Shard, Tally};
use crate::report;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Write};

/// Bytes of the longest file that is read.
const LONGEST: usize = 1 << 30;

/// Steps of a finding that a result carries; of a longer one it carries none.
const STEPS: usize = 5_000;

/// Which share of which run: what all shares must agree on, and what they must not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    /// Of selvedge: another one may draw other schedules. None is one from before it was kept.
    #[serde(default)]
    pub(super) version: Option<String>,
    pub(super) scenario: String,
    pub(super) variant: String,
    /// All that are explored, in their order: a file may end before it comes to one.
    pub(super) variants: Vec<String>,
    pub(super) engine: String,
    pub(super) strategy: String,
    pub(super) seed: u64,
    /// The executions of all shares together; none: every schedule.
    pub(super) executions: Option<u64>,
    pub(super) faults: Faults,
    pub(super) shard: Shard,
}

impl Run {
    pub(super) fn of(case: &Case, cases: &[Case], config: &Config, program: &AnyProgram) -> Run {
        Run {
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            scenario: case.selection.name(),
            variant: case.variant.name.to_owned(),
            variants: cases.iter().map(|case| case.variant.name.to_owned()).collect(),
            engine: config.engine.name().to_owned(),
            strategy: config.strategy.to_string(),
            seed: config.seed,
            executions: config.budget.executions,
            faults: config.faults_of(program.model()),
            shard: config.shard,
        }
    }

    /// What differs from another run besides the share, if it is not a share of this one.
    pub(super) fn differs(&self, other: &Run) -> Option<String> {
        let executions =
            |run: &Run| run.executions.map_or_else(|| "every schedule".to_owned(), |n| n.to_string());
        let version = |run: &Run| run.version.clone().unwrap_or_else(|| "unknown".to_owned());
        let pairs = [
            ("version of selvedge", version(self), version(other)),
            ("scenario", self.scenario.clone(), other.scenario.clone()),
            ("variants", self.variants.join(" and "), other.variants.join(" and ")),
            ("engine", self.engine.clone(), other.engine.clone()),
            ("strategy", self.strategy.clone(), other.strategy.clone()),
            ("seed", self.seed.to_string(), other.seed.to_string()),
            ("executions", executions(self), executions(other)),
            ("shares", self.shard.of().to_string(), other.shard.of().to_string()),
        ];
        let differing = pairs.into_iter().find(|(_, mine, its)| mine != its);
        match differing {
            Some((what, mine, its)) => Some(format!("{what} {its}, not {mine}")),
            // The default may differ from variant to variant, but not within one.
            None if self.variant == other.variant && self.faults != other.faults => {
                Some("other faults".to_owned())
            }
            None => None,
        }
    }

    pub(super) fn head(&self) -> String {
        line(&serde_json::json!({ "run": self }))
    }

    pub(super) fn progress(&self, tally: &Tally) -> String {
        line(&serde_json::json!({ "tally": tally }))
    }

    pub(super) fn result(&self, judged: &Judged) -> String {
        let json = report::json(&judged.report, &self.scenario, &self.variant, judged.words());
        let finding = judged.report.shown().filter(|finding| finding.recording.steps.len() <= STEPS);
        let more = serde_json::json!({ "run": self, "tally": judged.report.tally, "finding": finding });
        join(&json, &more)
    }
}

/// One object of the members of two, the first one's first and in their order.
pub(super) fn join(first: &str, second: &Value) -> String {
    let second = line(second);
    // Both are objects with at least one member.
    format!("{},{}", first.strip_suffix('}').unwrap_or(first), second.strip_prefix('{').unwrap_or(&second))
}

fn line(value: &Value) -> String {
    value.to_string()
}

/// The file in which a share is written down.
pub(super) struct Record {
    file: File,
    name: String,
}

impl Record {
    pub(super) fn create(name: &str) -> Result<Record, Error> {
        let file = File::create(name).map_err(|error| unwritable(name, error))?;
        Ok(Record { file, name: name.to_owned() })
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Error> {
        let written = self.file.write_all(format!("{text}\n").as_bytes());
        written.map_err(|error| unwritable(&self.name, error))
    }
}

fn unwritable(name: &str, error: io::Error) -> Error {
    Error::unwritable(format_args!("--out: the file {name}"), error)
}

/// What a file says about one variant.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) run: Run,
    pub(super) tally: Tally,
    pub(super) finding: Option<Finding>,
    /// The result is there: nothing was cut off.
    pub(super) finished: bool,
}

#[derive(Deserialize)]
struct Line {
    run: Option<Run>,
    tally: Option<Tally>,
    finding: Option<Finding>,
}

/// The parts in a file, and what is wrong with it if it can be used all the same.
///
/// # Errors
/// What is wrong with it otherwise: a line that is none of these, unless it is the last and
/// was cut off.
pub(super) fn read(file: &str) -> Result<(Vec<Part>, Option<String>), Error> {
    let bytes = input::read(file, LONGEST, ", which no share of a run is")?;
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut parts: Vec<Part> = Vec::new();
    let mut wrong = None;
    for (index, text) in lines.iter().enumerate() {
        match (serde_json::from_slice::<Line>(text), parts.last_mut()) {
            (Ok(Line { run: Some(run), tally, finding }), open) => {
                let finished = tally.is_some();
                let tally = tally.unwrap_or_default();
                let part = Part { file: file.to_owned(), run, tally, finding, finished };
                match open {
                    Some(open) if !open.finished && open.run == part.run => *open = part,
                    _ => parts.push(part),
                }
            }
            (Ok(Line { tally: Some(tally), .. }), Some(open)) if !open.finished => open.tally = tally,
            _ if index + 1 == lines.len() && !bytes.ends_with(b"\n") => {
                wrong = Some(format!("{file}: the last line was cut off and is left out"));
            }
            _ => {
                return Err(Error::Usage(format!(
                    "{file}:{}: this is no line of a share of a run",
                    index + 1
                )));
            }
        }
    }
    if lines.is_empty() {
        wrong = Some(format!("{file} is empty"));
    }
    Ok((parts, wrong))
}
