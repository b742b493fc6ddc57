//! A datagram that has come.
//!
//! Made by [`Server`](super::Server), used by its handler.
//!
//! When a process dies here, its datagram is lost, as datagrams may be.
//!
//! Source: udp(7).

use super::socket::Datagrams;
use crate::platform::{Call, Io, Kind, Native, Site};
use std::fmt;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::sync::Arc;

/// What somebody has sent, and the way back to him.
pub struct Datagram<S: Datagrams, P: Io = Native> {
    socket: Arc<S>,
    bytes: Vec<u8>,
    sender: S::Address,
    platform: PhantomData<fn() -> P>,
}

impl<S: Datagrams, P: Io> Datagram<S, P> {
    pub(super) fn new(socket: Arc<S>, bytes: Vec<u8>, sender: S::Address) -> Self {
        Datagram { socket, bytes, sender, platform: PhantomData }
    }

    /// What was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Who has sent it.
    #[doc(alias = "client_address")]
    pub fn sender(&self) -> &S::Address {
        &self.sender
    }

    /// The socket at which it came, which is the server's.
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// Sends one datagram back.
    ///
    /// # Errors
    /// What sendto(2) refuses: `EMSGSIZE` if it is too long, `ENOTCONN` or `EDESTADDRREQ` for
    /// a sender without an address.
    #[track_caller]
    pub fn reply(&self, bytes: &[u8]) -> io::Result<()> {
        self.send_to(bytes, &self.sender)
    }

    /// Sends one datagram to somebody else, from the server's address.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    #[track_caller]
    pub fn send_to(&self, bytes: &[u8], address: &S::Address) -> io::Result<()> {
        let site = P::Site::here();
        let call = |name| Call { kind: Kind::Output, name, fd: self.socket.as_fd(), site };
        loop {
            let sent = P::transfer(call("send"), 1, |_| self.socket.send(bytes, address).map(|_| 1));
            match sent {
                // The socket does not block, for the sake of the server's loop.
                Err(error) if error.kind() == ErrorKind::WouldBlock => match P::ready(call("poll"), None) {
                    Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                    _ => {}
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result.map(drop),
            }
        }
    }
}

impl<S: Datagrams, P: Io> fmt::Debug for Datagram<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram").field("len", &self.bytes.len()).field("sender", &self.sender).finish()
    }
}
