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

use super::message::Reply;
use crate::Error;
use crate::channel::{Connection, Lane, wire};
use crate::platform::Io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

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

impl<P: Io> Peer<P> {
    /// Whoever is at the other end has not said who it is.
    pub(super) fn new(connection: Connection<P>) -> Peer<P> {
        Peer { connection, client: None, waits: false, lane: None, by_lane: false }
    }

    /// Answers its request.
    pub(super) fn answer(&mut self, reply: &Reply) -> Result<(), Error> {
        let (Some(lane), true) = (&self.lane, std::mem::take(&mut self.by_lane)) else {
            return self.connection.send(reply);
        };
        let (bytes, _) = wire::encode(reply)?;
        if lane.answer(&bytes) { Ok(()) } else { self.connection.send_bytes(&bytes) }
    }
}

/// A process.
#[derive(Default)]
pub(super) struct Client {
    pub(super) connections: usize,
    /// The number by which its end is told, and the descriptor that tells.
    pub(super) end: Option<(u64, OwnedFd)>,
}
