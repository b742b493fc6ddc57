//! Two connected ends for two processes.
//!
//! Called by programs before they start the processes that use the ends.
//!
//! When a process dies here, its copies of both ends are closed.

use super::connection::Connection;
use super::transport::Kind;
use crate::Error;
use crate::platform::Io;
use crate::sys::socket;

/// A pipe for messages. Two-way (`duplex`): both ends send and receive. One-way: the
/// first end receives, the second sends, and each chunk costs less.
///
/// Any number of processes may send at one end at a time; one should receive.
///
/// # Errors
/// [`Error::Os`] if the operating system refuses, typically because too many descriptors
/// are open.
#[doc(alias = "Pipe")]
#[track_caller]
pub fn pipe<P: Io>(duplex: bool) -> Result<(Connection<P>, Connection<P>), Error> {
    P::made("pipe");
    if duplex {
        let (left, right) = socket::packets().map_err(Error::os("socketpair"))?;
        let end = |fd| Connection::new(Kind::Packets, fd, true, true);
        return Ok((end(left), end(right)));
    }
    let (reader, writer) = socket::pipe().map_err(Error::os("pipe"))?;
    let reader = Connection::new(Kind::Pipe, reader, true, false);
    Ok((reader, Connection::new(Kind::Pipe, writer, false, true)))
}
