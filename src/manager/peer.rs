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

use crate::channel::Connection;
use crate::platform::Io;
use std::os::fd::OwnedFd;

/// A connection to a client.
pub(super) struct Peer<P: Io> {
    pub(super) connection: Connection<P>,
    /// Whose it is, once it has said so.
    pub(super) client: Option<u64>,
    /// A request of it waits.
    pub(super) waits: bool,
}

/// A process.
#[derive(Default)]
pub(super) struct Client {
    pub(super) connections: usize,
    /// The number by which its end is told, and the descriptor that tells.
    pub(super) end: Option<(u64, OwnedFd)>,
}
