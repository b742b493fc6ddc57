//! Who is showing the key to a manager's server.
//!
//! Called by `server` for each connection that arrives, and by the threads in which they show it.
//!
//! | state | a connection arrives | one has shown the key, failed, or let its time pass |
//! |---|---|---|
//! | room | it is let in | it goes |
//! | [`MOST`] are in | the one that came first is turned away for it | it goes |
//!
//! 1. Whoever has the key needs a moment to show it, so that those who are in for long are those
//!    who have none: a crowd of them keeps nobody out, as long as it does not grow by [`MOST`]
//!    in that moment.
//! 2. Who is turned away meets the end of the file; the thread that waits for it does, too, and
//!    takes it out of here.
//!
//! When the server dies here, all of them are turned away.

use crate::platform::{Io, Open};
use nix::sys::socket::{Shutdown, shutdown};
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many may be showing the key at a time.
const MOST: usize = 64;

/// All of them.
pub(super) struct Unproven<P: Io>(Arc<Mutex<Crowd<P>>>);

struct Crowd<P: Io> {
    /// How many ever came.
    came: u64,
    /// With the number of each, the first to come first.
    sockets: VecDeque<(u64, Socket<P>)>,
}

/// A copy of the descriptor of one.
type Socket<P> = Open<OwnedFd, P>;

/// One of them, until this is dropped.
pub(super) struct Place<P: Io> {
    all: Unproven<P>,
    number: u64,
}

impl<P: Io> Unproven<P> {
    pub(super) fn new() -> Unproven<P> {
        Unproven(Arc::new(Mutex::new(Crowd { came: 0, sockets: VecDeque::new() })))
    }

    /// Lets a connection in; `None` if there is no descriptor to know it by.
    pub(super) fn enter(&self, connection: impl AsFd) -> Option<Place<P>> {
        let socket = Open::new(connection.as_fd().try_clone_to_owned().ok()?);
        let mut all = self.all();
        let oldest = if all.sockets.len() >= MOST { all.sockets.pop_front() } else { None };
        all.came += 1;
        let number = all.came;
        all.sockets.push_back((number, socket));
        drop(all);
        if let Some((_, oldest)) = oldest {
            // It may have gone by itself.
            let _ = shutdown(oldest.as_raw_fd(), Shutdown::Both);
        }
        Some(Place { all: Unproven(self.0.clone()), number })
    }

    fn all(&self) -> MutexGuard<'_, Crowd<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Io> Drop for Place<P> {
    fn drop(&mut self) {
        let mut all = self.all.all();
        let place = all.sockets.iter().position(|(number, _)| *number == self.number);
        let socket = place.and_then(|place| all.sockets.remove(place));
        // A scheduler may want to know of the end of a socket, but nothing of this lock.
        drop(all);
        drop(socket);
    }
}
