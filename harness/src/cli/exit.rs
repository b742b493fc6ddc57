//! Exit codes: what each means, in one place.
//!
//! | code | name | meaning |
//! |---|---|---|
//! | 0 | [`AsExpected`](Exit::AsExpected) | everything came out as expected; a replayed schedule breaks no law |
//! | 1 | [`Surprise`](Exit::Surprise) | a violation that was not expected, or an expected one that was not found; a replayed schedule breaks a law; nothing to shrink |
//! | 2 | [`Usage`](Exit::Usage) | the command, a name, a value, a variable or a token is wrong; or what comes out cannot be written where it shall go, or a program's files not where `TMPDIR` says |
//! | 3 | [`Inconclusive`](Exit::Inconclusive) | a schedule does not fit its program, or an execution could not be judged |
//! | 4 | [`NothingRan`](Exit::NothingRan) | the budget ended before the first execution, or the program has no tasks |
//! | 70 | [`Internal`](Exit::Internal) | an error of selvedge itself, or of the operating system |
//! | 124 | [`TimedOut`](Exit::TimedOut) | the time of `--timeout` passed |
//! | 101 | | a part of the program under test outside of its tasks ended the command with `exit` |
//! | 128 + n | | ended by signal n, as shells count; Ctrl-C is 130 |
//!
//! Where several programs are explored, the command ends with the code of the worst
//! outcome: 1 before 3 before 4 before 0.

use crate::Error;
use std::process::ExitCode;

/// How a command ended; ordered from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything came out as expected.
    AsExpected,
    /// The budget ended before the first execution, or there are no tasks.
    NothingRan,
    /// Nothing was decided.
    Inconclusive,
    /// Something came out as nobody expected.
    Surprise,
    /// The command was wrong.
    Usage,
    /// An error of selvedge, or of the operating system.
    Internal,
    /// The time of `--timeout` passed.
    TimedOut,
}

impl Exit {
    /// All of them, with what `--help` says.
    pub const ALL: [(Exit, &'static str); 7] = [
        (Exit::AsExpected, "as expected"),
        (Exit::Surprise, "a violation that was not expected, or an expected one that was not found"),
        (
            Exit::Usage,
            "usage: a name, value, variable or token is wrong, or a place for results cannot be written to",
        ),
        (Exit::Inconclusive, "inconclusive: a schedule did not fit, or an execution could not be judged"),
        (Exit::NothingRan, "nothing ran"),
        (Exit::Internal, "an internal error"),
        (Exit::TimedOut, "timed out"),
    ];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::AsExpected => 0,
            Exit::Surprise => 1,
            Exit::Usage => 2,
            Exit::Inconclusive => 3,
            Exit::NothingRan => 4,
            Exit::Internal => 70,
            Exit::TimedOut => 124,
        }
    }

    /// What an error means for the exit code.
    pub(super) fn of(error: &Error) -> Exit {
        match error {
            Error::Unknown { .. }
            | Error::Value { .. }
            | Error::Token(_)
            | Error::Log { .. }
            | Error::Usage(_) => Exit::Usage,
            Error::Inconclusive { .. } | Error::Apart { .. } => Exit::Inconclusive,
            Error::NothingRan { .. } => Exit::NothingRan,
            _ => Exit::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
