//! A queue of work, and waiting until all of it is done; also if somebody dies at work.
//!
//! Called by programs that hand work out and must know when it is finished.
//!
//! | an item is | since |
//! |---|---|
//! | in the queue | it was put |
//! | with a task | that task got it |
//! | done | that task called [`task_done`](JoinableQueue::task_done) |
//! | lost | that task died before it did |
//!
//! 1. `join` waits until every item that was put is done or lost.
//! 2. Who got an item says when it is done; nobody else can.
//! 3. An item that was got and cannot be decoded is done.
//! 4. No more tasks have unfinished items at a time than can be told apart when they die.
//!
//! Orderings: what was done before `task_done` is seen after `join`.
//!
//! When a process dies here, the items that it had got are lost, and the next `join` that
//! finds out tells it: [`LostTasks`]. All else is as with [`Queue`].

use super::build::QueueBuilder;
use super::tasks::{DESKS, Unfinished};
use super::{Fifo, GetError, PutError, Queue, Serial};
use crate::Error;
use crate::platform::{Native, Site, Tasks};
use crate::raw::Patience;
use crate::shm::{Shareable, Shared};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// A queue whose items are work: whoever gets one says when it is done, and `join` waits for
/// all.
///
/// ```
/// use selvedge::{JoinableQueue, Process};
///
/// let work = JoinableQueue::bounded(10);
/// let worker = Process::spawn({
///     let work = work.clone();
///     move || {
///         while let Ok(number) = work.get() {
///             println!("{}", number * number);
///             work.task_done().unwrap();
///         }
///     }
/// });
/// for number in 0..10_u32 {
///     work.put(number)?;
/// }
/// work.join()?;
/// work.close();
/// assert!(worker.join()?.success());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JoinableQueue<T, P: Tasks = Native> {
    queue: Queue<T, P>,
    unfinished: Shared<Unfinished<P>, P>,
}

// SAFETY: two handles, each of which is its segment.
unsafe impl<T: 'static, P: Tasks> Shareable for JoinableQueue<T, P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

/// Items that were got by tasks which died before they said that these were done. They will
/// not be waited for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("everything else is done, but {tasks} of the tasks were lost with whoever had got them")]
pub struct LostTasks {
    /// How many.
    pub tasks: usize,
}

impl<T: Serialize + DeserializeOwned, P: Tasks> JoinableQueue<T, P> {
    /// A queue for at most `capacity` items.
    ///
    /// # Panics
    /// As [`Queue::bounded`]; see [`try_bounded`](Self::try_bounded).
    #[track_caller]
    #[must_use]
    pub fn bounded(capacity: usize) -> Self {
        match Self::try_bounded(capacity) {
            Ok(queue) => queue,
            Err(error) => panic!("no queue for {capacity} items: {error}"),
        }
    }

    /// A queue for at most `capacity` items.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    #[track_caller]
    pub fn try_bounded(capacity: usize) -> Result<Self, Error> {
        Self::build(Queue::builder().capacity(capacity))
    }

    /// A queue for as many items as there is memory for.
    ///
    /// # Panics
    /// As [`Queue::unbounded`]; see [`try_unbounded`](Self::try_unbounded).
    #[track_caller]
    #[must_use]
    pub fn unbounded() -> Self {
        match Self::try_unbounded() {
            Ok(queue) => queue,
            Err(error) => panic!("no queue: {error}"),
        }
    }

    /// A queue for as many items as there is memory for.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    #[track_caller]
    pub fn try_unbounded() -> Result<Self, Error> {
        Self::build(Queue::builder())
    }

    /// The queue that `builder` makes.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    #[track_caller]
    pub fn build(builder: QueueBuilder<T, P, Fifo, Serial>) -> Result<Self, Error> {
        Ok(JoinableQueue { queue: builder.build()?, unfinished: Shared::try_new(Unfinished::new())? })
    }

    /// Puts an item in, waiting for room as long as it takes.
    ///
    /// # Errors
    /// As [`Queue::put`].
    #[track_caller]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.queue.put(item)
    }

    /// Puts an item in if there is room.
    ///
    /// # Errors
    /// As [`Queue::try_put`].
    #[track_caller]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.queue.try_put(item)
    }

    /// Puts an item in unless there is no room for longer than `timeout`.
    ///
    /// # Errors
    /// As [`Queue::put_timeout`].
    #[track_caller]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.queue.put_timeout(item, timeout)
    }

    /// Gets an item to work on, waiting for one as long as it takes.
    ///
    /// # Errors
    /// As [`Queue::get`]; and [`GetError::Crowded`] if 256 other threads and processes have items
    /// that are not done.
    #[track_caller]
    pub fn get(&self) -> Result<T, GetError> {
        self.get_now(Patience::Forever, P::Site::here())
    }

    /// Gets an item to work on if there is one.
    ///
    /// # Errors
    /// As [`Queue::try_get`] and [`get`](Self::get).
    #[track_caller]
    pub fn try_get(&self) -> Result<T, GetError> {
        self.get_now(Patience::Never, P::Site::here())
    }

    /// Gets an item to work on unless there is none for longer than `timeout`.
    ///
    /// # Errors
    /// As [`Queue::get_timeout`] and [`get`](Self::get).
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_now(Patience::within::<P>(timeout), P::Site::here())
    }

    fn get_now(&self, wait: Patience, site: P::Site) -> Result<T, GetError> {
        let claim = || self.unfinished.claim(site).ok_or(GetError::Crowded { most: DESKS });
        let item = self.queue.get_claiming(wait, site, claim);
        if matches!(item, Err(GetError::Undecodable(_))) {
            self.unfinished.finish(site);
        }
        item
    }

    /// Says that an item which the calling task got is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if everything that this task got is done already.
    #[track_caller]
    pub fn task_done(&self) -> Result<(), Error> {
        if self.unfinished.finish(P::Site::here()) {
            return Ok(());
        }
        Err(Error::InvalidArgument {
            what: "the number of calls of task_done()",
            given: "one too many".to_owned(),
            allowed: "at most that of the items that the calling thread or process has got".to_owned(),
        })
    }

    /// Waits until every item that was put is done.
    ///
    /// # Errors
    /// [`LostTasks`] if some never will be.
    #[track_caller]
    pub fn join(&self) -> Result<(), LostTasks> {
        let lost = self.unfinished.join(None, P::Site::here(), || self.queue.passed());
        told(lost.unwrap_or_default())
    }

    /// Waits until every item that was put is done, but no longer than `timeout`; says whether
    /// it was in time.
    ///
    /// # Errors
    /// [`LostTasks`] if some never will be.
    #[track_caller]
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, LostTasks> {
        let deadline = Some(P::deadline(timeout));
        match self.unfinished.join(deadline, P::Site::here(), || self.queue.passed()) {
            Some(lost) => told(lost).map(|()| true),
            None => Ok(false),
        }
    }

    /// Closes the queue; see [`Queue::close`]. What is in it can still be got and done.
    #[track_caller]
    pub fn close(&self) -> bool {
        self.queue.close()
    }

    /// Whether the queue was closed.
    #[track_caller]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// How many items nobody has got yet, at one moment within the call.
    #[doc(alias = "len")]
    #[track_caller]
    #[must_use]
    pub fn qsize(&self) -> usize {
        self.queue.qsize()
    }

    /// Whether there are none, at one moment within the call.
    #[doc(alias = "empty")]
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether there are as many as its capacity, at one moment within the call.
    #[doc(alias = "full")]
    #[track_caller]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.queue.is_full()
    }
}

fn told(lost: u32) -> Result<(), LostTasks> {
    if lost == 0 { Ok(()) } else { Err(LostTasks { tasks: lost as usize }) }
}

impl<T: Serialize + DeserializeOwned, P: Tasks> Clone for JoinableQueue<T, P> {
    fn clone(&self) -> Self {
        JoinableQueue { queue: self.queue.clone(), unfinished: self.unfinished.clone() }
    }
}

/// As part of a message it is what a [`Queue`] is.
impl<T: Serialize + DeserializeOwned, P: Tasks> Serialize for JoinableQueue<T, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.queue, &self.unfinished).serialize(serializer)
    }
}

impl<'de, T: Serialize + DeserializeOwned, P: Tasks> Deserialize<'de> for JoinableQueue<T, P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (queue, unfinished) = Deserialize::deserialize(deserializer)?;
        Ok(JoinableQueue { queue, unfinished })
    }
}

impl<T, P: Tasks> fmt::Debug for JoinableQueue<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinableQueue").finish_non_exhaustive()
    }
}
