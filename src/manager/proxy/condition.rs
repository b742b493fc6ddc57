//! A condition of a manager.
//!
//! Made by [`Manager::condition`].
//!
//! When the holder of its lock dies, the lock is free, and the next holder is told. When
//! a waiter dies that was notified, the next one is.

use super::handle::{Handle, done, proxy, yes};
use super::lock::{Held, lock};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::unexpected;
use crate::manager::message::Reply;
use crate::manager::state::{ConditionCall, Kind, LockCall, Method};
use crate::platform::{Io, Tasks};
use std::time::Duration;

proxy! {
    /// A reentrant lock, and a place to wait for a notification under it.
    ///
    /// Every method can fail with [`Error::ManagerGone`], and with [`Error::Remote`] if it
    /// needs the lock and the caller does not hold it.
    Condition
}
lock!(Condition);

impl<P: Io + Tasks> Manager<P> {
    /// A new condition with a lock of its own.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn condition(&self) -> Result<Condition<P>, Error> {
        Ok(Condition::of(Handle::new(&self.link, self.link.create(Kind::Condition)?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<P: Io + Tasks> Condition<P> {
    /// Gives the lock up, waits for a notification, and takes the lock again.
    #[track_caller]
    pub fn wait(&self) -> Result<(), Error> {
        self.wait_until(None).map(drop)
    }

    /// As [`wait`](Self::wait), but waits for a notification not much longer than
    /// `timeout`; false if the time passed first. The lock is taken again either way.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, Error> {
        self.wait_until(Some(timeout))
    }

    #[track_caller]
    fn wait_until(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        yes(self.handle.wait(timeout, Method::Condition(ConditionCall::Wait(Default::default())))?)
    }

    /// Notifies the one that waits longest.
    #[doc(alias = "notify")]
    #[track_caller]
    pub fn notify_one(&self) -> Result<(), Error> {
        self.notify_many(1)
    }

    /// Notifies several, those that wait longest first.
    #[track_caller]
    pub fn notify_many(&self, most: usize) -> Result<(), Error> {
        done(self.handle.now(Method::Condition(ConditionCall::Notify(most as u64)))?)
    }

    /// Notifies all that wait.
    #[track_caller]
    pub fn notify_all(&self) -> Result<(), Error> {
        self.notify_many(usize::MAX)
    }
}
