//! A client that has connected.
//!
//! Made by [`Server`](super::Server), used by its handler.
//!
//! | moment | what happens |
//! |---|---|
//! | the handler runs | it reads and writes |
//! | it has returned, failed or panicked | nothing more is sent; what has come unread is dropped; it is closed |
//!
//! 1. What was written arrives: the kernel forgets it if a socket is closed while something
//!    is unread there, so that is read first.
//!
//! When a process dies here, the client meets the end of the file.
//!
//! Source: tcp(7), RFC 2525 on sockets that are closed with unread bytes.

use crate::channel::Stream;
use crate::platform::{Io, Native};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, shutdown};
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// The most that is read to be dropped, in bytes.
const DRAIN: usize = 1 << 20;

/// A stream to a client, and its address.
pub struct Client<S, A, P: Io = Native> {
    stream: Stream<S, P>,
    address: A,
}

impl<S: AsFd, A, P: Io> Client<S, A, P> {
    pub(super) fn new(stream: S, address: A) -> Self {
        Client { stream: Stream::new(stream), address }
    }

    /// Where the client is.
    #[doc(alias = "client_address")]
    pub fn address(&self) -> &A {
        &self.address
    }

    /// The socket itself, for its options. Calls on it directly are not announced to a
    /// scheduler.
    pub fn socket(&self) -> &S {
        self.stream.get_ref()
    }

    /// The stream, to wait until it can be read or written.
    pub fn stream(&self) -> &Stream<S, P> {
        &self.stream
    }

    /// Says that nothing more comes, and drops what the client had sent in vain.
    pub(super) fn finish(&self) {
        let fd = self.as_fd().as_raw_fd();
        // Who has left already needs no farewell.
        if shutdown(fd, Shutdown::Write).is_err() {
            return;
        }
        let (mut left, mut buffer) = (DRAIN, [0; 4096]);
        while left > 0 {
            match recv(fd, &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(count) if count > 0 => left = left.saturating_sub(count),
                Err(Errno::EINTR) => {}
                _ => return,
            }
        }
    }
}

impl<S: AsFd, A, P: Io> Read for Client<S, A, P>
where
    for<'a> &'a S: Read,
{
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    #[track_caller]
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.stream.read_exact(buffer)
    }

    #[track_caller]
    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.stream.read_to_end(bytes)
    }
}

impl<S: AsFd, A, P: Io> Write for Client<S, A, P>
where
    for<'a> &'a S: Write,
{
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    #[track_caller]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<S: AsFd, A, P: Io> AsFd for Client<S, A, P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl<S: fmt::Debug, A: fmt::Debug, P: Io> fmt::Debug for Client<S, A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("stream", &self.stream).field("address", &self.address).finish()
    }
}
