//! The clients of a manager as its server knows them.
//!
//! Called by `server`.
//!
//! | what | is | ends when |
//! |---|---|---|
//! | [`Peer`] | a connection | its other end is closed, or it sends what is no request |
//! | [`Client`] | a process | it dies |
//!
//! 1. The end of a process on this machine is known from its pidfd: a copy of its
//!    connections may live on in a child. That of another, or of a task that shares the
//!    server's own process, is that of its last connection.
//! 2. A client that does not read its answer holds up nobody but itself.

use super::message::Reply;
use crate::Error;
use crate::channel::{Connection, Lane, wire};
use crate::platform::{Io, Tasks};
use crate::thread;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The longest answer in bytes that surely finds room in an empty socket, whether the client
/// reads it or not.
const SHORT: usize = 1 << 15;

/// A connection to a client.
pub(super) struct Peer<P: Io> {
    pub(super) connection: Connection<P>,
    /// Whose it is, once it has said so.
    pub(super) client: Option<u64>,
    /// A request of it waits.
    pub(super) waits: bool,
    /// The short way to it.
    pub(super) lane: Option<Arc<Lane<P>>>,
    /// Its request came by the lane.
    pub(super) by_lane: bool,
}

impl<P: Io + Tasks> Peer<P> {
    /// Whoever is at the other end has not said who it is.
    pub(super) fn new(connection: Connection<P>) -> Peer<P> {
        Peer { connection, client: None, waits: false, lane: None, by_lane: false }
    }

    /// Answers its request, and waits for nobody.
    pub(super) fn answer(&mut self, reply: &Reply) -> Result<(), Error> {
        if matches!(reply, Reply::Welcome { .. }) {
            return self.connection.send(reply);
        }
        let (bytes, _) = wire::encode(reply)?;
        let by_lane = std::mem::take(&mut self.by_lane);
        if by_lane && self.lane.as_ref().is_some_and(|lane| lane.answer(&bytes)) {
            return Ok(());
        }
        if bytes.len() <= SHORT { self.connection.send_bytes(&bytes) } else { self.answer_aside(bytes) }
    }

    /// Has a thread send what a client that is slow, or stopped, could keep the loop waiting
    /// with. The client asks for nothing more before it has all of it.
    fn answer_aside(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let way = self.connection.for_sending()?;
        // Who is gone is seen at the other end of the connection.
        let send = move || {
            P::helps();
            drop(way.send_bytes(&bytes));
        };
        thread::Builder::<P>::new().name("Manager: long answer").spawn(send).map(drop)
    }
}

/// A process.
#[derive(Default)]
pub(super) struct Client {
    pub(super) connections: usize,
    /// The number by which its end is told, and the descriptor that tells.
    pub(super) end: Option<(u64, OwnedFd)>,
}

#[cfg(test)]
mod tests {
    use super::super::message::Bytes;
    use super::*;
    use crate::channel::pipe;
    use crate::platform::Native;
    use std::sync::mpsc;
    use std::time::Duration;

    /// As a client does that was stopped, or is slow.
    #[test]
    fn who_does_not_read_its_answer_is_not_waited_for() {
        crate::sys::process::alone(|| {
            let (mut client, server) = pipe::<Native>(true).unwrap();
            let (tell, told) = mpsc::channel();
            std::thread::spawn(move || {
                let mut peer = Peer::new(server);
                let long = Reply::Maybe(Some(Bytes(vec![7; 1 << 20])));
                tell.send(peer.answer(&long).is_ok()).unwrap();
                // The server keeps its end until the client has gone.
                peer.connection.recv_bytes(1)
            });
            assert_eq!(
                told.recv_timeout(Duration::from_secs(120)),
                Ok(true),
                "the answer waits for the client"
            );
            match client.recv::<Reply>().unwrap() {
                Reply::Maybe(Some(Bytes(bytes))) => assert_eq!(bytes, vec![7; 1 << 20]),
                other => panic!("{other:?}"),
            }
        });
    }
}
