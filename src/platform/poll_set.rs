//! Several descriptors that are waited for together.
//!
//! Called by [`wait`](crate::channel::wait), by the server of a manager and by
//! [`Selector`](crate::net::Selector). To wait is one operation of the platform's; under a
//! scheduler it is enabled when any of the descriptors is ready.
//!
//! When the process dies here, the kernel forgets the set once nobody has it. A forked child
//! has the *same* set.
//!
//! Source: epoll(7).

use super::{Call, Io, Kind, Open};
use crate::Error;
use crate::sys::ready;
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};

/// Descriptors, each with a number by which it is told.
pub(crate) struct PollSet<P: Io>(Open<Set, P>);

fn os(operation: &'static str) -> impl FnOnce(Errno) -> Error {
    move |errno| Error::os(operation)(errno.into())
}

struct Set(Epoll);

impl AsFd for Set {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

impl<P: Io> PollSet<P> {
    pub(crate) fn new() -> Result<Self, Error> {
        let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(os("epoll_create"))?;
        Ok(PollSet(Open::new(Set(set))))
    }

    fn epoll(&self) -> &Epoll {
        &self.0.0
    }

    /// Also waits for this one.
    ///
    /// # Errors
    /// `EEXIST` if it is among them, `EPERM` for a plain file or a folder, which never have to
    /// be waited for.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, flags: EpollFlags, number: u64) -> Result<(), Errno> {
        self.epoll().add(fd, EpollEvent::new(flags, number))
    }

    /// Waits for something else of it.
    pub(crate) fn modify(&self, fd: BorrowedFd<'_>, flags: EpollFlags, number: u64) -> Result<(), Errno> {
        self.epoll().modify(fd, &mut EpollEvent::new(flags, number))
    }

    /// No longer waits for this one, although it stays open.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        // Where it is not among them any more, nothing is to be done.
        let _ = self.epoll().delete(fd);
    }

    /// Whether any of them is ready.
    pub(crate) fn is_ready(&self) -> bool {
        ready::is_ready(self.as_fd(), PollFlags::POLLIN)
    }

    /// At most so many of those that are ready now, and at least one is asked for: no step of a
    /// scheduler's.
    pub(crate) fn ready(&self, most: usize) -> Result<Vec<EpollEvent>, Error> {
        let mut events = vec![EpollEvent::empty(); most.max(1)];
        loop {
            match self.epoll().wait(&mut events, EpollTimeout::ZERO) {
                Ok(count) => {
                    events.truncate(count);
                    return Ok(events);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(os("epoll_wait")(errno)),
            }
        }
    }

    /// As [`ready`](PollSet::ready), once there is one; none if the deadline passed first.
    /// `name` is what the operation is called.
    pub(crate) fn wait(
        &self,
        name: &'static str,
        most: usize,
        deadline: Option<u64>,
        site: P::Site,
    ) -> Result<Vec<EpollEvent>, Error> {
        loop {
            match P::ready(Call { kind: Kind::Input, name, fd: self.as_fd(), site }, deadline) {
                Ok(true) => {}
                Ok(false) => return Ok(Vec::new()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::os(name)(error)),
            }
            let events = self.ready(most)?;
            // Where there are none, somebody else who has the set was told.
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }
}

impl<P: Io> AsFd for PollSet<P> {
    /// Readable when one of them is ready: a set can be in another one.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
