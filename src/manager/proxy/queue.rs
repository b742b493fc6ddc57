//! A queue of a manager.
//!
//! Made by [`Manager::queue`].
//!
//! When a process dies here, an item that it was putting is in the queue or not, and one
//! that it was getting may be gone with it.

use super::handle::{Handle, done, number, proxy, value};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::encode;
use crate::manager::message::Reply;
use crate::manager::state::{Kind, Method, QueueCall};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

proxy! {
    /// Items that leave in the order in which they came, and whose work can be waited for.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let queue = manager.queue::<String>(2)?;
    /// queue.put("first")?;
    /// assert_eq!(queue.get()?, "first");
    /// assert_eq!(queue.try_get()?, None);
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// Every method can fail with [`Error::ManagerGone`], and with [`Error::Value`] if an
    /// item cannot be encoded or is of another type.
    #[doc(alias = "JoinableQueue")]
    Queue<T>
}

impl<P: Io + Tasks> Manager<P> {
    /// A new queue for at most `room` items, or for any number with `None`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is room for none, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn queue<T>(&self, room: impl Into<Option<usize>>) -> Result<Queue<T, P>, Error> {
        let room = room.into();
        if room == Some(0) {
            return Err(Error::InvalidArgument {
                what: "the room of the queue",
                given: "0".to_owned(),
                allowed: "at least 1, or None for any number of items".to_owned(),
            });
        }
        let kind = Kind::Queue { room: room.map(|room| room as u64) };
        Ok(Queue::of(Handle::new(&self.link, self.link.create(kind)?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<T: Serialize + DeserializeOwned, P: Io + Tasks> Queue<T, P> {
    /// Adds an item, waiting until there is room.
    #[track_caller]
    pub fn put<Q: Serialize + ?Sized>(&self, item: &Q) -> Result<(), Error>
    where
        T: std::borrow::Borrow<Q>,
    {
        done(self.handle.wait(None, Method::Queue(QueueCall::Put(encode(item)?)))?)
    }

    /// Adds an item, waiting for room not much longer than `timeout`; false if the time
    /// passed first.
    #[track_caller]
    pub fn put_timeout<Q: Serialize + ?Sized>(&self, item: &Q, timeout: Duration) -> Result<bool, Error>
    where
        T: std::borrow::Borrow<Q>,
    {
        match self.handle.wait(Some(timeout), Method::Queue(QueueCall::Put(encode(item)?)))? {
            Reply::TimedOut => Ok(false),
            other => done(other).map(|()| true),
        }
    }

    /// Adds an item if there is room; false if not.
    #[doc(alias = "put_nowait")]
    #[track_caller]
    pub fn try_put<Q: Serialize + ?Sized>(&self, item: &Q) -> Result<bool, Error>
    where
        T: std::borrow::Borrow<Q>,
    {
        self.put_timeout(item, Duration::ZERO)
    }

    /// Takes the first item, waiting until there is one.
    #[track_caller]
    pub fn get(&self) -> Result<T, Error> {
        value(self.handle.wait(None, Method::Queue(QueueCall::Get))?)
    }

    /// Takes the first item, waiting not much longer than `timeout`; `None` if the time
    /// passed first.
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<Option<T>, Error> {
        match self.handle.wait(Some(timeout), Method::Queue(QueueCall::Get))? {
            Reply::TimedOut => Ok(None),
            other => value(other).map(Some),
        }
    }

    /// Takes the first item if there is one.
    #[doc(alias = "get_nowait")]
    #[track_caller]
    pub fn try_get(&self) -> Result<Option<T>, Error> {
        self.get_timeout(Duration::ZERO)
    }

    /// How many items there are.
    #[doc(alias = "qsize")]
    #[track_caller]
    pub fn len(&self) -> Result<usize, Error> {
        number(self.handle.now(Method::Queue(QueueCall::Len))?)
    }

    /// Whether there are none.
    #[track_caller]
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// The work of an item that was taken is done; [`Error::Remote`] if that was said of
    /// every item already.
    #[track_caller]
    pub fn task_done(&self) -> Result<(), Error> {
        done(self.handle.now(Method::Queue(QueueCall::TaskDone))?)
    }

    /// Waits until the work of every item that was put is done.
    #[track_caller]
    pub fn join(&self) -> Result<(), Error> {
        done(self.handle.wait(None, Method::Queue(QueueCall::Join))?)
    }
}
