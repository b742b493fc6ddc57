//! By what a server learns that the process that started it has died: a pipe into which nobody
//! writes.
//!
//! Made by `manager`, watched by `server`. Only the starter has the end to write to; forked
//! children go without it, the server among them. So the other end can be read, and is at its
//! end, once the starter is gone, however it went.
//!
//! When the starter dies here, its end is closed.

use crate::Error;
use crate::channel::{Connection, pipe};
use crate::platform::Io;
use std::os::fd::AsFd;

/// The starter's end, as long as the server is to live.
pub(super) struct Lifeline<P: Io> {
    /// Where it cannot be withheld, the server lives as long as a child that has a copy.
    _withheld: Option<P::Withheld>,
    _end: Connection<P>,
}

impl<P: Io> Lifeline<P> {
    /// A pipe: the starter's end, and the server's.
    pub(super) fn new() -> Result<(Lifeline<P>, Connection<P>), Error> {
        let (server, starter) = pipe::<P>(false)?;
        Ok((Lifeline { _withheld: P::withhold(starter.as_fd()).ok(), _end: starter }, server))
    }
}
