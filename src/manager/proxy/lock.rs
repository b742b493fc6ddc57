//! Locks of a manager.
//!
//! Made by [`Manager::lock`] and [`Manager::reentrant_lock`].
//!
//! When the holder dies, its lock is free, and `acquire` of the next one says
//! [`Held::Abandoned`].

use super::handle::{Handle, done, proxy, yes};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::unexpected;
use crate::manager::message::Reply;
use crate::manager::state::{Kind, LockCall, Method};
use crate::platform::{Io, Tasks};
use std::time::Duration;

proxy! {
    /// A lock that any process can release, as Python's can.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let lock = manager.lock()?;
    /// let guard = lock.lock()?;
    /// assert!(!guard.was_abandoned());
    /// assert!(lock.try_lock()?.is_none());
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// Every method can fail with [`Error::ManagerGone`].
    Lock
}

proxy! {
    /// A lock that its holder, a thread of a process, can take again, and that only its
    /// holder can release.
    ///
    /// Every method can fail with [`Error::ManagerGone`].
    #[doc(alias = "RLock")]
    ReentrantLock
}

/// How a lock was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// As it was released.
    Clean,
    /// From a holder that died: what the lock protects may be half changed.
    Abandoned,
}

impl<P: Io + Tasks> Manager<P> {
    /// A new free lock.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn lock(&self) -> Result<Lock<P>, Error> {
        Ok(Lock::of(Handle::new(&self.link, self.link.create(Kind::Lock { reentrant: false })?)))
    }

    /// A new free lock that its holder can take again.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[doc(alias = "RLock")]
    #[track_caller]
    pub fn reentrant_lock(&self) -> Result<ReentrantLock<P>, Error> {
        Ok(ReentrantLock::of(Handle::new(&self.link, self.link.create(Kind::Lock { reentrant: true })?)))
    }
}

/// The methods of both locks.
macro_rules! lock {
    ($name:ident) => {
        #[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
        impl<P: Io + Tasks> $name<P> {
            /// Takes the lock, waiting until it is free.
            #[track_caller]
            pub fn acquire(&self) -> Result<Held, Error> {
                self.acquire_until(None).and_then(|held| held.ok_or_else(|| unexpected(Reply::TimedOut)))
            }

            /// Takes the lock if that is possible at once.
            #[track_caller]
            pub fn try_acquire(&self) -> Result<Option<Held>, Error> {
                self.acquire_until(Some(Duration::ZERO))
            }

            /// Takes the lock, waiting not much longer than `timeout`; `None` if the time
            /// passed first.
            #[track_caller]
            pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<Held>, Error> {
                self.acquire_until(Some(timeout))
            }

            #[track_caller]
            fn acquire_until(&self, timeout: Option<Duration>) -> Result<Option<Held>, Error> {
                match self.handle.wait(timeout, Method::Lock(LockCall::Acquire))? {
                    Reply::Yes(abandoned) => Ok(Some(if abandoned { Held::Abandoned } else { Held::Clean })),
                    Reply::TimedOut => Ok(None),
                    other => Err(unexpected(other)),
                }
            }

            /// Releases the lock; [`Error::Remote`] if that is not possible.
            #[track_caller]
            pub fn release(&self) -> Result<(), Error> {
                done(self.handle.now(Method::Lock(LockCall::Release))?)
            }

            /// Whether somebody holds it.
            #[track_caller]
            pub fn is_locked(&self) -> Result<bool, Error> {
                yes(self.handle.now(Method::Lock(LockCall::IsLocked))?)
            }
        }
    };
}
pub(super) use lock;
lock!(Lock);
lock!(ReentrantLock);

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<P: Io + Tasks> Lock<P> {
    /// Takes the lock until the guard is dropped.
    #[track_caller]
    pub fn lock(&self) -> Result<LockGuard<'_, P>, Error> {
        self.acquire().map(|held| LockGuard { lock: self, held })
    }

    /// Takes the lock until the guard is dropped, if that is possible at once.
    #[track_caller]
    pub fn try_lock(&self) -> Result<Option<LockGuard<'_, P>>, Error> {
        Ok(self.try_acquire()?.map(|held| LockGuard { lock: self, held }))
    }
}

/// A held [`Lock`], which is released by dropping this.
#[derive(Debug)]
#[must_use = "it is released at once otherwise"]
pub struct LockGuard<'lock, P: Io + Tasks> {
    lock: &'lock Lock<P>,
    held: Held,
}

impl<P: Io + Tasks> LockGuard<'_, P> {
    /// Whether the holder before died.
    #[must_use]
    #[track_caller]
    pub fn was_abandoned(&self) -> bool {
        self.held == Held::Abandoned
    }
}

impl<P: Io + Tasks> Drop for LockGuard<'_, P> {
    fn drop(&mut self) {
        // A server that is gone has no locks.
        let _ = self.lock.release();
    }
}
