//! An event of a manager.
//!
//! Made by [`Manager::event`].
//!
//! When a process dies here, the flag stays as it is.

use super::handle::{Handle, done, proxy, yes};
use crate::Error;
use crate::manager::Manager;
use crate::manager::message::Reply;
use crate::manager::state::{EventCall, Kind, Method};
use crate::platform::{Io, Tasks};
use std::time::Duration;

proxy! {
    /// A flag to wait for. Every method can fail with [`Error::ManagerGone`].
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let ready = manager.event()?;
    /// assert!(!ready.wait_timeout(std::time::Duration::ZERO)?);
    /// ready.set()?;
    /// ready.wait()?;
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    Event
}

impl<P: Io + Tasks> Manager<P> {
    /// A new event that is not set.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn event(&self) -> Result<Event<P>, Error> {
        Ok(Event::of(Handle::new(&self.link, self.link.create(Kind::Event)?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<P: Io + Tasks> Event<P> {
    /// Sets the flag; all that wait go on.
    #[track_caller]
    pub fn set(&self) -> Result<(), Error> {
        done(self.handle.now(Method::Event(EventCall::Set))?)
    }

    /// Takes the flag back.
    #[track_caller]
    pub fn clear(&self) -> Result<(), Error> {
        done(self.handle.now(Method::Event(EventCall::Clear))?)
    }

    /// Whether the flag is set.
    #[track_caller]
    pub fn is_set(&self) -> Result<bool, Error> {
        yes(self.handle.now(Method::Event(EventCall::IsSet))?)
    }

    /// Waits until the flag is set.
    #[track_caller]
    pub fn wait(&self) -> Result<(), Error> {
        done(self.handle.wait(None, Method::Event(EventCall::Wait))?)
    }

    /// Waits until the flag is set, but not much longer than `timeout`; false if the time
    /// passed first.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, Error> {
        match self.handle.wait(Some(timeout), Method::Event(EventCall::Wait))? {
            Reply::TimedOut => Ok(false),
            other => yes(other),
        }
    }
}
