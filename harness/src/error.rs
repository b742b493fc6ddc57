//! What can be wrong with what the user gave us. Verdicts on programs are not
//! errors; see [`Verdict`](crate::judge::Verdict).

use crate::nearest::hint;
use std::fmt::{self, Display};
use std::io;

/// An error of this crate: each names what was wrong and what would be right.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that nothing has.
    #[error("unknown {what} `{}`{hint}", shorten(name))]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name given.
        name: String,
        /// What follows in the message: the valid name that was meant, or which there are.
        hint: String,
    },
    /// A value of the wrong form.
    #[error("{what}: `{}` is not {form}", shorten(value))]
    Value {
        /// The option, parameter or variable.
        what: String,
        /// What was given.
        value: String,
        /// What would be right.
        form: String,
    },
    /// A token that cannot be read, or belongs to something else.
    #[error("the token {0}")]
    Token(String),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Os {
        /// What was tried.
        what: String,
        /// Its answer.
        source: io::Error,
    },
    /// A controller process ended without a result.
    #[error("the controller of the real engine {0}")]
    Controller(String),
    /// An execution that could not be judged.
    #[error("{program}: inconclusive after {executions} execution{}: {why}", if *.executions == 1 { "" } else { "s" })]
    Inconclusive {
        /// The program.
        program: String,
        /// Executions that were judged before, and this one.
        executions: u64,
        /// What happened instead of a verdict.
        why: String,
    },
    /// A line of a log that cannot be read.
    #[error("line {line}: {why}")]
    Log {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// There was nothing to judge.
    #[error("{program}: nothing ran: {why}")]
    NothingRan {
        /// The program.
        program: String,
        /// Why not.
        why: &'static str,
    },
    /// A search that could find nothing.
    #[error(
        "{program}: the tasks share nothing that the scheduler sees, so no schedule differs from another \
         ({executions} executions): use what selvedge_harness::prelude has in place of std's locks, channels \
         and atomics, announce operations of your own with `visible`, or say `Config::apart(true)` if it is meant"
    )]
    Apart {
        /// The program.
        program: String,
        /// Executions that were run.
        executions: u64,
    },
    /// Two things that do not go together.
    #[error("{0}")]
    Usage(String),
}

/// What was given, as far as it fits into a line of a terminal.
fn shorten(given: &str) -> String {
    match given.char_indices().nth(80) {
        None => given.to_owned(),
        Some(_) => given.chars().take(77).chain("...".chars()).collect(),
    }
}

/// As for display: most programs see an error by way of `unwrap`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Error {
    /// A name that none of `valid` is.
    pub(crate) fn unknown<'a>(
        what: &'static str,
        name: &str,
        valid: impl IntoIterator<Item = &'a str>,
    ) -> Error {
        Error::Unknown { what, name: name.to_owned(), hint: hint(name, valid) }
    }

    /// A value that is not of the form that `what` has.
    pub(crate) fn value(what: &str, value: &str, form: impl Into<String>) -> Error {
        Error::Value { what: what.to_owned(), value: value.to_owned(), form: form.into() }
    }

    /// The same error, told of the variable, option or file `whose` it is.
    pub(crate) fn of(self, whose: &str) -> Error {
        Error::Usage(format!("{whose}: {self}"))
    }

    /// The place `what`, which somebody named for what comes out, takes none of it.
    pub(crate) fn unwritable(what: impl Display, source: io::Error) -> Error {
        Error::Usage(format!("{what} cannot be written to: {source}"))
    }

    pub(crate) fn os(what: impl Into<String>, source: impl Into<io::Error>) -> Error {
        Error::Os { what: what.into(), source: source.into() }
    }
}
