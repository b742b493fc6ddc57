//! What the server of a manager waits for: its listener, its clients, and their ends.
//!
//! Called by `server`. Under a scheduler waiting is one step, enabled when any of the
//! descriptors is ready.
//!
//! When the server dies here, nothing is left.

use crate::Error;
use crate::platform::{Io, PollSet};
use nix::sys::epoll::{EpollEvent, EpollFlags};
use std::os::fd::{AsFd, BorrowedFd};

/// How many are told at a time.
const AT_ONCE: usize = 64;

/// Descriptors, each with a number by which it is told.
pub(super) struct Poller<P: Io>(PollSet<P>);

impl<P: Io> Poller<P> {
    pub(super) fn new() -> Result<Self, Error> {
        PollSet::new().map(Poller)
    }

    /// Also waits for this one; it is told as `number` for as long as it can be read.
    /// Those whose other end was closed are told before the others.
    pub(super) fn add(&self, fd: BorrowedFd<'_>, number: u64) -> Result<(), Error> {
        let added = self.0.add(fd, EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP, number);
        added.map_err(|errno| Error::os("epoll_ctl")(errno.into()))
    }

    /// No longer waits for this one, although it stays open.
    pub(super) fn remove(&self, fd: BorrowedFd<'_>) {
        self.0.remove(fd);
    }

    /// Whether any of them can be read.
    pub(super) fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// Those that can be read now, as [`wait`](Self::wait) tells them: no step of a
    /// scheduler's.
    pub(super) fn ready(&self) -> Result<Vec<u64>, Error> {
        self.0.ready(AT_ONCE).map(numbers)
    }

    /// The numbers of those that can be read, first those that are at their end, in
    /// ascending order each; none if the deadline passed first.
    pub(super) fn wait(&self, deadline: Option<u64>, site: P::Site) -> Result<Vec<u64>, Error> {
        self.0.wait("wait", AT_ONCE, deadline, site).map(numbers)
    }
}

fn numbers(mut events: Vec<EpollEvent>) -> Vec<u64> {
    let over = EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
    events.sort_unstable_by_key(|event| (!event.events().intersects(over), event.data()));
    events.iter().map(EpollEvent::data).collect()
}

impl<P: Io> AsFd for Poller<P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
