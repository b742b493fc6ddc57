//! Whether a call on a descriptor would block, and making it come back instead.
//!
//! Called by [`Native`](crate::platform::Native) for waits with a deadline, and by the
//! harness, which never lets a task block: it asks first, and for the time of the call
//! sets the mark that turns blocking into an error. See poll(2) and fcntl(2).
//!
//! 1. The mark belongs to the open file, which other processes may share: whoever sets it
//!    with [`NonBlocking`] takes it away again before anybody else can run.
//!
//! When a process dies here, the mark may stay set on a file that others share. Only the
//! harness sets it, and it kills nobody in the middle of a call.

use super::clock;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::{ReceiveTimeout, SendTimeout};
use nix::sys::time::TimeValLike;
use std::io;
use std::os::fd::BorrowedFd;

/// How many are asked at once: fewer than a process may have open in any case.
const AT_ONCE: usize = 64;

/// Waits until a call in one of these directions would not block, or until `deadline`
/// (nanoseconds on [`clock::monotonic`]); false if the deadline passed first. A past
/// deadline asks without waiting. An end of file, a broken pipe and an error count as
/// ready: the call returns at once and tells.
///
/// # Errors
/// `EINTR` if a signal handler ran meanwhile, and whatever else ppoll(2) refuses.
pub fn wait(fd: BorrowedFd<'_>, direction: PollFlags, deadline: Option<u64>) -> io::Result<bool> {
    let left = deadline.map(|at| at.saturating_sub(clock::monotonic()));
    let mut fds = [PollFd::new(fd, direction)];
    Ok(ppoll(&mut fds, left.map(clock::timespec), None)? > 0)
}

/// Whether a call would not block now. A descriptor that cannot be asked is ready: the
/// call itself will say what is wrong.
#[must_use]
pub fn is_ready(fd: BorrowedFd<'_>, direction: PollFlags) -> bool {
    let mut ready = true;
    are_ready(&mut [PollFd::new(fd, direction)], |_, is_ready| ready = is_ready);
    ready
}

/// The same of many, with few system calls: tells `ready` the place of each and whether it is.
pub fn are_ready(fds: &mut [PollFd<'_>], mut ready: impl FnMut(usize, bool)) {
    for (nth, some) in fds.chunks_mut(AT_ONCE).enumerate() {
        let asked = ask(some);
        for (place, fd) in some.iter().enumerate() {
            ready(nth * AT_ONCE + place, !asked || fd.any().unwrap_or(true));
        }
    }
}

/// Asks each, without waiting; false if they cannot be asked.
fn ask(fds: &mut [PollFd<'_>]) -> bool {
    loop {
        match ppoll(fds, Some(clock::timespec(0)), None) {
            Ok(_) => return true,
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

/// Whether calls on this descriptor block where they cannot go on.
#[must_use]
pub fn blocks(fd: BorrowedFd<'_>) -> bool {
    !flags(fd).contains(OFlag::O_NONBLOCK)
}

/// How many nanoseconds a blocking call on this socket may take, if it has a limit for that
/// direction (`SO_RCVTIMEO`, `SO_SNDTIMEO`).
#[must_use]
pub fn limit(fd: BorrowedFd<'_>, direction: PollFlags) -> Option<u64> {
    let limit = if direction == PollFlags::POLLOUT {
        getsockopt(&fd, SendTimeout)
    } else {
        getsockopt(&fd, ReceiveTimeout)
    };
    // What is no socket has none; zero stands for none, too.
    let micros = u64::try_from(limit.ok()?.num_microseconds()).unwrap_or(0);
    (micros > 0).then(|| micros.saturating_mul(1000))
}

fn flags(fd: BorrowedFd<'_>) -> OFlag {
    // A descriptor that is not open fails at the call that follows.
    fcntl(fd, FcntlArg::F_GETFL).map_or(OFlag::empty(), OFlag::from_bits_retain)
}

/// While it lives, calls on a descriptor return `EWOULDBLOCK` instead of blocking.
#[derive(Debug)]
pub struct NonBlocking<'fd> {
    fd: BorrowedFd<'fd>,
    before: OFlag,
}

impl<'fd> NonBlocking<'fd> {
    /// Sets the mark; on a descriptor that has it already nothing changes.
    #[must_use]
    pub fn begin(fd: BorrowedFd<'fd>) -> NonBlocking<'fd> {
        let before = flags(fd);
        if !before.contains(OFlag::O_NONBLOCK) {
            let _ = fcntl(fd, FcntlArg::F_SETFL(before | OFlag::O_NONBLOCK));
        }
        NonBlocking { fd, before }
    }
}

impl Drop for NonBlocking<'_> {
    fn drop(&mut self) {
        if !self.before.contains(OFlag::O_NONBLOCK) {
            let _ = fcntl(self.fd, FcntlArg::F_SETFL(self.before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    #[test]
    fn a_pipe_is_ready_when_it_has_bytes_or_ends() {
        let (reader, mut writer) = io::pipe().unwrap();
        let readable = || is_ready(reader.as_fd(), PollFlags::POLLIN);
        assert!(!readable() && is_ready(writer.as_fd(), PollFlags::POLLOUT));
        assert!(!wait(reader.as_fd(), PollFlags::POLLIN, Some(0)).unwrap());
        writer.write_all(b"x").unwrap();
        assert!(readable() && wait(reader.as_fd(), PollFlags::POLLIN, None).unwrap());
        assert_eq!((&reader).read(&mut [0; 4]).unwrap(), 1);
        assert!(!readable());
        drop(writer);
        // A child that another test forked meanwhile may have a copy of the end for a while.
        let deadline = Some(crate::sys::clock::monotonic() + 120_000_000_000);
        let ended = wait(reader.as_fd(), PollFlags::POLLIN, deadline).unwrap();
        assert!(ended && readable(), "the end of the file is something to read");
    }

    #[test]
    fn many_are_asked_like_one() {
        let pipes: Vec<_> = (0..2 * AT_ONCE + 1).map(|_| io::pipe().unwrap()).collect();
        let is_written = |place: usize| place.is_multiple_of(3);
        let mut fds = Vec::new();
        for (place, (reader, writer)) in pipes.iter().enumerate() {
            if is_written(place) {
                (&*writer).write_all(b"x").unwrap();
            }
            fds.push(PollFd::new(reader.as_fd(), PollFlags::POLLIN));
        }
        let mut told = Vec::new();
        are_ready(&mut fds, |place, is_ready| told.push((place, is_ready)));
        let expected: Vec<_> = (0..pipes.len()).map(|place| (place, is_written(place))).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_mark_goes_away_again() {
        let (reader, _writer) = io::pipe().unwrap();
        assert!(blocks(reader.as_fd()));
        {
            let _mark = NonBlocking::begin(reader.as_fd());
            assert!(!blocks(reader.as_fd()));
            let error = (&reader).read(&mut [0; 4]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
        assert!(blocks(reader.as_fd()));
    }
}
