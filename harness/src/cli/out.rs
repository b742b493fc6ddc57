//! Standard output and standard error.
//!
//! Data goes to standard output through [`Out`], never through `println!`: whoever reads it
//! may have seen enough (`selvedge replay TOKEN | head -1`). That is no error and changes
//! nothing of how the command ends, for its code is the verdict.

use crate::Error;
use crate::program::aloud;
use std::fmt::Display;
use std::io::{self, ErrorKind, StdoutLock, Write};

/// Standard output.
pub(super) struct Out(StdoutLock<'static>);

impl Out {
    /// Takes standard output for the moment. A fork in between would copy the lock, so
    /// this is never held while something is explored.
    pub(super) fn open() -> Out {
        Out(io::stdout().lock())
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Error> {
        self.write(format_args!("{text}\n"))
    }

    /// Writes text as it is.
    pub(super) fn write(&mut self, text: impl Display) -> Result<(), Error> {
        match write!(self.0, "{text}").and_then(|()| self.0.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::unwritable("standard output", error))
            }
            _ => Ok(()),
        }
    }
}

/// Says on standard error, in one line, what is wrong.
pub(super) fn complain(text: impl Display) {
    aloud(text);
}
