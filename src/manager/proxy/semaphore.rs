//! A semaphore of a manager.
//!
//! Made by [`Manager::semaphore`] and [`Manager::bounded_semaphore`].
//!
//! When a client dies, permits of a bounded semaphore that it took are given back; those
//! of a plain one are not, because they may be signals.

use super::handle::{Handle, done, number, proxy};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::unexpected;
use crate::manager::message::Reply;
use crate::manager::state::{Kind, Method, SemaphoreCall};
use crate::platform::{Io, Tasks};
use std::time::Duration;

proxy! {
    /// A number of permits. Every method can fail with [`Error::ManagerGone`].
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let seats = manager.bounded_semaphore(1)?;
    /// seats.acquire()?;
    /// assert!(!seats.try_acquire()?);
    /// seats.release()?;
    /// assert!(seats.release().is_err());
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    Semaphore
}

impl<P: Io + Tasks> Manager<P> {
    /// A new semaphore with so many permits.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn semaphore(&self, permits: usize) -> Result<Semaphore<P>, Error> {
        self.any_semaphore(permits, false)
    }

    /// A new semaphore with so many permits and never more.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn bounded_semaphore(&self, permits: usize) -> Result<Semaphore<P>, Error> {
        self.any_semaphore(permits, true)
    }

    #[track_caller]
    fn any_semaphore(&self, permits: usize, bounded: bool) -> Result<Semaphore<P>, Error> {
        let kind = Kind::Semaphore { permits: permits as u64, bounded };
        Ok(Semaphore::of(Handle::new(&self.link, self.link.create(kind)?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<P: Io + Tasks> Semaphore<P> {
    /// Takes a permit, waiting until there is one.
    #[track_caller]
    pub fn acquire(&self) -> Result<(), Error> {
        self.acquire_until(None).map(drop)
    }

    /// Takes a permit if there is one; false if not.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<bool, Error> {
        self.acquire_until(Some(Duration::ZERO))
    }

    /// Takes a permit, waiting not much longer than `timeout`; false if the time passed
    /// first.
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<bool, Error> {
        self.acquire_until(Some(timeout))
    }

    #[track_caller]
    fn acquire_until(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        match self.handle.wait(timeout, Method::Semaphore(SemaphoreCall::Acquire))? {
            Reply::Yes(_) => Ok(true),
            Reply::TimedOut => Ok(false),
            other => Err(unexpected(other)),
        }
    }

    /// Gives a permit back; [`Error::Remote`] if it is bounded and all are there.
    #[track_caller]
    pub fn release(&self) -> Result<(), Error> {
        self.release_many(1)
    }

    /// Gives several permits back in one step.
    #[track_caller]
    pub fn release_many(&self, permits: usize) -> Result<(), Error> {
        done(self.handle.now(Method::Semaphore(SemaphoreCall::Release(permits as u64)))?)
    }

    /// How many permits are there.
    #[doc(alias = "get_value")]
    #[track_caller]
    pub fn available_permits(&self) -> Result<usize, Error> {
        number(self.handle.now(Method::Semaphore(SemaphoreCall::Permits))?)
    }
}
