//! Histories from logs that other tools wrote.
//!
//! Called by `selvedge judge`. The time of an event is the number of its line, from 1.
//!
//! | file | what it reads |
//! |---|---|
//! | `jepsen` | what Jepsen's etcd test printed: reads, writes and compare-and-sets of a register |
//! | `kv` | maps in EDN, one a line: gets, puts and appends of strings by key |
//! | `edn` | the values in both |
//! | `clients` | whose operation an answer belongs to |
//! | `chatter` | lines about something else |
//!
//! 1. Lines about something else (nemesis, other loggers, stack traces) are skipped; a
//!    line that should be an event and is none is an error that names it.
//! 2. An operation without an answer, or whose answer is `:info`, may take effect at any
//!    time after its call, or never.

mod chatter;
mod clients;
mod edn;
mod jepsen;
mod kv;

pub use jepsen::read_jepsen;
pub use kv::read_kv;

use crate::Error;
use crate::nearest::hint;
use edn::shown;

/// What is wrong with a line.
type Wrong = String;

/// Calls `event` for each line, with its number, until one is wrong.
fn each_line(log: &[u8], mut event: impl FnMut(u64, &str) -> Result<(), Wrong>) -> Result<(), Error> {
    for (number, line) in (1..).zip(log.split(|&byte| byte == b'\n')) {
        let text = str::from_utf8(line).map_err(|_| "the line is not UTF-8 text".to_owned());
        text.and_then(|text| event(number, text.trim_end_matches('\r')))
            .map_err(|why| Error::Log { line: number, why })?;
    }
    Ok(())
}

/// Says that `word` is none of `words`.
fn unknown(what: &str, word: &str, words: &[&str]) -> Wrong {
    format!("unknown {what} `{}`{}", shown(word), hint(word, words.iter().copied()))
}
