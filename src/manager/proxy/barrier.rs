//! A barrier of a manager.
//!
//! Made by [`Manager::barrier`].
//!
//! When a process dies that waits here, the barrier is broken.

use super::handle::{Handle, done, number, proxy, yes};
use crate::Error;
use crate::manager::Manager;
use crate::manager::state::{BarrierCall, Kind, Method};
use crate::platform::{Io, Tasks};
use std::time::Duration;

proxy! {
    /// A place where so many wait for each other. Every method can fail with
    /// [`Error::ManagerGone`].
    Barrier
}

impl<P: Io + Tasks> Manager<P> {
    /// A new barrier for so many.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if that is none, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn barrier(&self, parties: usize) -> Result<Barrier<P>, Error> {
        if parties == 0 {
            return Err(Error::InvalidArgument {
                what: "the number of parties of the barrier",
                given: "0".to_owned(),
                allowed: "at least 1".to_owned(),
            });
        }
        Ok(Barrier::of(Handle::new(&self.link, self.link.create(Kind::Barrier(parties as u64))?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<P: Io + Tasks> Barrier<P> {
    /// Waits until all have come, and returns how many had come before;
    /// [`Error::Remote`] if the barrier is or gets broken.
    #[track_caller]
    pub fn wait(&self) -> Result<usize, Error> {
        number(self.handle.wait(None, Method::Barrier(BarrierCall::Wait(None)))?)
    }

    /// As [`wait`](Self::wait), but breaks the barrier when the time has passed.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, Error> {
        number(self.handle.wait(Some(timeout), Method::Barrier(BarrierCall::Wait(None)))?)
    }

    /// Breaks the barrier: all that wait are refused, and all that come, until a reset.
    #[track_caller]
    pub fn abort(&self) -> Result<(), Error> {
        done(self.handle.now(Method::Barrier(BarrierCall::Abort))?)
    }

    /// Makes the barrier as new; all that wait are refused.
    #[track_caller]
    pub fn reset(&self) -> Result<(), Error> {
        done(self.handle.now(Method::Barrier(BarrierCall::Reset))?)
    }

    /// How many wait.
    #[doc(alias = "n_waiting")]
    #[track_caller]
    pub fn waiting(&self) -> Result<usize, Error> {
        number(self.handle.now(Method::Barrier(BarrierCall::Waiting))?)
    }

    /// Whether it is broken.
    #[doc(alias = "broken")]
    #[track_caller]
    pub fn is_broken(&self) -> Result<bool, Error> {
        yes(self.handle.now(Method::Barrier(BarrierCall::IsBroken))?)
    }
}
