//! Standard output, and what can end a command early.
//!
//! Data goes to standard output through [`Out`], never through `println!`: whoever
//! reads it may have seen enough (`selvedge list | head -1`), which is no error.

use crate::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, StdoutLock, Write};

/// Why a command ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is wrong.
    Error(Error),
    /// Nobody reads the output any more.
    Pipe,
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Error(error.into())
    }
}

/// Standard output.
pub(super) struct Out(StdoutLock<'static>);

impl Out {
    /// Takes standard output for the moment. A fork in between would copy the lock, so
    /// this is never held while something is explored.
    pub(super) fn open() -> Out {
        Out(io::stdout().lock())
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Stop> {
        self.write(format_args!("{text}\n"))
    }

    /// Writes text as it is.
    pub(super) fn write(&mut self, text: impl Display) -> Result<(), Stop> {
        write!(self.0, "{text}").and_then(|()| self.0.flush()).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Stop::Pipe,
            _ => Stop::Error(Error::os("writing to standard output", error)),
        })
    }
}

/// Says on standard error, in one line, what is wrong.
pub(super) fn complain(text: impl Display) {
    let text: String = text.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr(), "selvedge: {text}");
}
