//! Ending a wait of a selector's from another thread or process.
//!
//! Made by [`Selector::waker`](super::Selector::waker); called by whoever has something for
//! the one that waits.
//!
//! | counter | `wake` | the wait |
//! |---|---|---|
//! | 0 | 1 | goes on |
//! | more | one more, up to what a counter holds | ends, and sets it to 0 |
//!
//! 1. A wake-up is never lost: one that comes while nobody waits ends the next wait.
//! 2. A wake-up never blocks: a counter that is full says all that one more would.
//!
//! Orderings: what was done before `wake` is seen after the wait that it ended; the kernel
//! locks the counter.
//!
//! When a process dies here, it has woken or not. A forked child that has a copy can wake
//! too.
//!
//! Source: eventfd(2).

use crate::Error;
use crate::platform::{Call, Io, Kind, Native, Site};
use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::fmt;
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;

/// Ends a wait from elsewhere; cheap to clone.
pub struct Waker<P: Io = Native> {
    counter: Arc<EventFd>,
    platform: PhantomData<fn() -> P>,
}

impl<P: Io> Waker<P> {
    pub(super) fn new() -> Result<Waker<P>, Error> {
        let counter = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let counter = counter.map_err(|errno| Error::os("eventfd")(errno.into()))?;
        Ok(Waker { counter: Arc::new(counter), platform: PhantomData })
    }

    /// Ends the wait of now, or the next one.
    ///
    /// # Errors
    /// [`Error::Os`], which nothing is known to cause.
    #[track_caller]
    pub fn wake(&self) -> Result<(), Error> {
        self.wake_from(P::Site::here())
    }

    pub(super) fn wake_from(&self, site: P::Site) -> Result<(), Error> {
        loop {
            let call = Call { kind: Kind::Output, name: "wake", fd: self.as_fd(), site };
            match P::transfer(call, 1, |_| self.add_one()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result.map(drop).map_err(Error::os("wake")),
            }
        }
    }

    fn add_one(&self) -> std::io::Result<usize> {
        match self.counter.write(1) {
            // It is full.
            Ok(_) | Err(Errno::EAGAIN) => Ok(1),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Forgets the wake-ups that came so far. Part of the step that found them.
    pub(super) fn clear(&self) {
        // There may be none any more: somebody else has waited too.
        let _ = self.counter.read();
    }
}

impl<P: Io> Clone for Waker<P> {
    fn clone(&self) -> Self {
        Waker { counter: Arc::clone(&self.counter), platform: PhantomData }
    }
}

impl<P: Io> AsFd for Waker<P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}

impl<P: Io> fmt::Debug for Waker<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waker").field(&self.counter.as_raw_fd()).finish()
    }
}
