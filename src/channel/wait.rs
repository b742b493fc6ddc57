//! Waiting for any of several connections, sockets and ends of processes.
//!
//! Called by programs that serve many at a time.
//!
//! Under a scheduler this is one step, enabled when one of the descriptors is ready.
//!
//! When a process dies whose end is waited for here, what it held becomes readable: its
//! connections say that they are at their end, its sentinel that it has ended.

use super::connection::Connection;
use crate::Error;
use crate::platform::{Io, PollSet, Site};
use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

/// Something that can be waited for: made with `from` a connection, or a descriptor such
/// as a socket or the [sentinel](crate::process::Process::sentinel) of a process.
#[derive(Clone, Copy, Debug)]
pub struct Source<'fd> {
    fd: Option<BorrowedFd<'fd>>,
    /// It has something to give without looking at the descriptor.
    ready: bool,
}

impl<'fd, P: Io> From<&'fd Connection<P>> for Source<'fd> {
    fn from(connection: &'fd Connection<P>) -> Self {
        let fd = (!connection.is_closed()).then(|| connection.as_fd());
        Source { fd, ready: connection.has_message() }
    }
}

impl<'fd> From<BorrowedFd<'fd>> for Source<'fd> {
    fn from(fd: BorrowedFd<'fd>) -> Self {
        Source { fd: Some(fd), ready: false }
    }
}

/// Waits until at least one of the sources is ready, but not much longer than `timeout`
/// (`None` for ever), and returns the places of those that are, ascending; none if the
/// time passed first, or if there are no sources.
///
/// ```
/// use selvedge::{pipe, wait};
/// use std::time::Duration;
///
/// let ((quiet, _one), (loud, two)) = (pipe(false)?, pipe(false)?);
/// two.send_bytes(b"here")?;
/// assert_eq!(wait(&[(&quiet).into(), (&loud).into()], None)?, [1]);
/// assert_eq!(wait(&[(&quiet).into()], Duration::ZERO)?, []);
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// # Errors
/// [`Error::ConnectionClosed`] if one of them was closed, or [`Error::Os`].
#[track_caller]
pub fn wait<P: Io>(
    sources: &[Source<'_>],
    timeout: impl Into<Option<Duration>>,
) -> Result<Vec<usize>, Error> {
    let site = P::Site::here();
    let deadline = timeout.into().map(P::deadline);
    if sources.iter().any(|source| source.fd.is_none()) {
        return Err(Error::ConnectionClosed);
    }
    let ready_already = sources.iter().any(|source| source.ready);
    let deadline = if ready_already || sources.is_empty() { Some(0) } else { deadline };
    let set = PollSet::<P>::new()?;
    let mut always = vec![false; sources.len()];
    for (place, source) in sources.iter().enumerate() {
        let Some(fd) = source.fd else { continue };
        match set.add(fd, EpollFlags::EPOLLIN, fd.as_raw_fd() as u64) {
            // The same descriptor may be among them twice.
            Ok(()) | Err(Errno::EEXIST) => {}
            // A plain file is never waited for.
            Err(Errno::EPERM) => always[place] = true,
            Err(errno) => return Err(Error::os("epoll_ctl")(errno.into())),
        }
    }
    let deadline = if always.contains(&true) { Some(0) } else { deadline };
    let events = set.wait("wait", sources.len(), deadline, site)?;
    let fds: Vec<u64> = events.iter().map(EpollEvent::data).collect();
    let is_ready = |(place, source): (usize, &Source<'_>)| {
        let signalled = source.fd.is_some_and(|fd| fds.contains(&(fd.as_raw_fd() as u64)));
        (source.ready || always[place] || signalled).then_some(place)
    };
    Ok(sources.iter().enumerate().filter_map(is_ready).collect())
}
