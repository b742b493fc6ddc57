//! The part of a platform that calls on descriptors need: pipes, sockets, terminals.
//!
//! Called by [`Stream`](crate::channel::Stream) and everything else that reads, writes
//! or accepts. The kernel object is the operating system's own, on every platform; what
//! a platform decides is when the call is made, and what goes wrong with it.
//!
//! | platform | a call that would block | EINTR | fewer bytes than asked for |
//! |---|---|---|---|
//! | `Native` | blocks | as the operating system does | as the operating system does |
//! | `Checked` | its task is not enabled until it is ready | the fault `eintr` | the fault `short_io` |
//!
//! 1. A call is one step. Only a write on a blocking descriptor that has room for a part
//!    of the bytes is several: as many as it has to wait in between.
//! 2. Under a scheduler no call blocks: it is made when it is ready, and with the mark
//!    that lets it return instead of blocking.
//!
//! When a process dies here, the operating system closes its descriptors: a reader at the
//! other end meets the end of the file, a writer `EPIPE`.

use super::{Kind, Native, Platform};
use crate::sys::not_inherited::NotInherited;
use crate::sys::{ofd, ready, signal};
use nix::poll::PollFlags;
use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;

/// A call on a descriptor, as it is announced.
#[derive(Clone, Copy, Debug)]
pub struct Call<'fd, S> {
    /// [`Kind::Input`] for what waits for bytes or connections, [`Kind::Output`] for what
    /// waits for room.
    pub kind: Kind,
    /// The word for it in reports: `"read"`, `"accept"`.
    pub name: &'static str,
    /// The descriptor.
    pub fd: BorrowedFd<'fd>,
    /// The source line of the caller.
    pub site: S,
}

impl<S> Call<'_, S> {
    /// What poll(2) calls the direction of this call.
    #[must_use]
    pub fn direction(&self) -> PollFlags {
        if self.kind == Kind::Output { PollFlags::POLLOUT } else { PollFlags::POLLIN }
    }
}

/// A platform on which tasks can make calls on descriptors.
pub trait Io: Platform {
    /// What stands for an open stream where somebody keeps account of them; dropped before
    /// the stream's descriptor is closed.
    type Watch: Send + Sync + 'static;

    /// Takes note of a stream that was made over this descriptor.
    fn watch(fd: BorrowedFd<'_>) -> Self::Watch;

    /// What keeps a descriptor from forked children; dropped before the descriptor is closed.
    type Withheld: Send + Sync + 'static;

    /// Has the children that are forked from now on go without this descriptor, of which
    /// [`watch`](Io::watch) took note before.
    ///
    /// # Errors
    /// Where the operating system has no means for that to give; children have it then.
    fn withhold(fd: BorrowedFd<'_>) -> io::Result<Self::Withheld>;

    /// Makes a call that moves up to `len` bytes and returns how many it moved.
    ///
    /// `body` makes it for the bytes in the range that it is given, which is never longer
    /// than asked for, and returns how many it moved. It is called again, with the rest,
    /// only where a write on a blocking descriptor must wait for more room. What moves no
    /// bytes (accept(2), say) has a `len` of 1 and returns 1.
    ///
    /// # Errors
    /// Those of `body`, and `EINTR` where a signal or a fault comes first.
    fn transfer(
        call: Call<'_, Self::Site>,
        len: usize,
        body: impl FnMut(Range<usize>) -> io::Result<usize>,
    ) -> io::Result<usize>;

    /// Waits until the call would not block, or until `deadline` (nanoseconds on the
    /// platform's clock); false if the deadline passed first. A past deadline asks
    /// without waiting. The call itself is not made. To wait for several descriptors at
    /// once, give one of epoll(7).
    ///
    /// # Errors
    /// `EINTR` where a signal or a fault comes first, and whatever ppoll(2) refuses.
    fn ready(call: Call<'_, Self::Site>, deadline: Option<u64>) -> io::Result<bool>;

    /// Locks the file behind the call's descriptor, alone (`exclusive`) or shared, waiting
    /// until `deadline` (nanoseconds on the platform's clock); false if the deadline passed
    /// first. A past deadline asks without waiting. See [`ofd`].
    ///
    /// # Errors
    /// Whatever fcntl(2) refuses.
    fn lock_file(call: Call<'_, Self::Site>, exclusive: bool, deadline: Option<u64>) -> io::Result<bool>;

    /// The processes that have the lock, as far as anybody can tell: none under a
    /// scheduler, where pids differ from run to run.
    fn lock_holders(fd: BorrowedFd<'_>) -> Vec<u32>;

    /// Gives that lock back, whichever kind it is.
    ///
    /// # Errors
    /// Whatever fcntl(2) refuses.
    fn unlock_file(call: Call<'_, Self::Site>) -> io::Result<()>;
}

/// Waits until a call on a blocking descriptor would not block, or, where that is a socket
/// with a time limit, until that has passed: the call then fails as it would by itself.
#[cold]
fn await_ready(call: &Call<'_, ()>) -> io::Result<()> {
    let limit = ready::limit(call.fd, call.direction());
    let deadline = limit.map(|limit| Native::now().saturating_add(limit));
    loop {
        match signal::nap_until(deadline, |until| ready::wait(call.fd, call.direction(), Some(until))) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Io for Native {
    type Watch = ();

    #[inline(always)]
    fn watch(_: BorrowedFd<'_>) {}

    type Withheld = NotInherited;

    fn withhold(fd: BorrowedFd<'_>) -> io::Result<NotInherited> {
        NotInherited::mark(fd)
    }

    #[inline(always)]
    fn transfer(
        call: Call<'_, ()>,
        len: usize,
        mut body: impl FnMut(Range<usize>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if signal::handles_any() && ready::blocks(call.fd) {
            await_ready(&call)?;
        }
        body(0..len)
    }

    fn ready(call: Call<'_, ()>, deadline: Option<u64>) -> io::Result<bool> {
        let wait = |until| ready::wait(call.fd, call.direction(), until);
        // Without naps, a signal that comes just before the wait would not end it.
        if signal::handles_any() {
            signal::nap_until(deadline, |until| wait(Some(until)))
        } else {
            wait(deadline)
        }
    }

    fn lock_file(call: Call<'_, ()>, exclusive: bool, deadline: Option<u64>) -> io::Result<bool> {
        let Some(deadline) = deadline else { return ofd::lock(call.fd, exclusive).map(|()| true) };
        let mut round = 0;
        loop {
            if ofd::try_lock(call.fd, exclusive)? {
                return Ok(true);
            }
            if Native::now() >= deadline {
                return Ok(false);
            }
            Native::pause(round, || unreachable!("nobody asks"));
            round += 1;
        }
    }

    fn lock_holders(fd: BorrowedFd<'_>) -> Vec<u32> {
        ofd::holders(fd)
    }

    fn unlock_file(call: Call<'_, ()>) -> io::Result<()> {
        ofd::unlock(call.fd)
    }
}
