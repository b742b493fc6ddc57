//! What the server of a manager waits for: its listener, its clients, and their ends.
//!
//! Called by `server`. Under a scheduler waiting is one step, enabled when any of the
//! descriptors is ready.
//!
//! When the server dies here, nothing is left.
//!
//! Source: epoll(7).

use crate::Error;
use crate::platform::{Call, Io, Kind};
use crate::sys::ready;
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};

/// How many are told at a time.
const AT_ONCE: usize = 64;

/// Descriptors, each with a number by which it is told.
pub(super) struct Poller(Epoll);

fn os(operation: &'static str) -> impl FnOnce(Errno) -> Error {
    move |errno| Error::os(operation)(errno.into())
}

impl Poller {
    pub(super) fn new() -> Result<Poller, Error> {
        Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map(Poller).map_err(os("epoll_create"))
    }

    /// Also waits for this one; it is told as `number` for as long as it can be read.
    /// Those whose other end was closed are told before the others.
    pub(super) fn add(&self, fd: BorrowedFd<'_>, number: u64) -> Result<(), Error> {
        self.0
            .add(fd, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP, number))
            .map_err(os("epoll_ctl"))
    }

    /// No longer waits for this one, although it stays open.
    pub(super) fn remove(&self, fd: BorrowedFd<'_>) {
        // Where it is not among them any more, nothing is to be done.
        let _ = self.0.delete(fd);
    }

    /// Whether any of them can be read.
    pub(super) fn is_ready(&self) -> bool {
        ready::is_ready(self.0.0.as_fd(), PollFlags::POLLIN)
    }

    /// Those that can be read now, as [`wait`](Self::wait) tells them: no step of a
    /// scheduler's.
    pub(super) fn ready(&self) -> Result<Vec<u64>, Error> {
        let mut events = [EpollEvent::empty(); AT_ONCE];
        loop {
            match self.0.wait(&mut events, EpollTimeout::ZERO) {
                Err(Errno::EINTR) => {}
                result => return result.map(|count| numbers(&mut events[..count])).map_err(os("epoll_wait")),
            }
        }
    }

    /// The numbers of those that can be read, first those that are at their end, in
    /// ascending order each; none if the deadline passed first.
    pub(super) fn wait<P: Io>(&self, deadline: Option<u64>, site: P::Site) -> Result<Vec<u64>, Error> {
        loop {
            let call = Call { kind: Kind::Input, name: "wait", fd: self.0.0.as_fd(), site };
            match P::ready(call, deadline) {
                Ok(_) => return self.ready(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::os("wait")(error)),
            }
        }
    }
}

fn numbers(events: &mut [EpollEvent]) -> Vec<u64> {
    let over = EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
    events.sort_unstable_by_key(|event| (!event.events().intersects(over), event.data()));
    events.iter().map(EpollEvent::data).collect()
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}
