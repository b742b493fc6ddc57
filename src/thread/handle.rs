//! Starting a thread and getting its result.
//!
//! Called by programs.
//!
//! | state | packet | `join` |
//! |---|---|---|
//! | running | empty | waits |
//! | returned | the value | gives it |
//! | panicked | the message | gives it as the error |
//! | ended by its platform | empty | an error that says so |
//!
//! 1. The packet is filled before the platform sees the thread end.
//! 2. A panic is passed on to the platform after its message was kept, so that a
//!    scheduler sees the thread die of it.
//!
//! Orderings: the end of a thread happens before its join, by the platform's promise.
//!
//! When the process dies, its threads are gone. A handle that a forked child inherits
//! cannot be joined there; the error says so.

use crate::Error;
use crate::platform::{Child, Native, Site, Tasks};
use crate::process::family::{self, RunningThread};
use crate::sys::packet::{Packet, packet};
use crate::sys::panics;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::Result as Outcome;
use std::time::Duration;

/// Starts `body` in a thread.
///
/// # Panics
/// If the operating system refuses to start one; see [`Builder::spawn`].
///
/// ```
/// use selvedge::{platform::Native, thread};
///
/// let answer = thread::spawn::<Native, _, _>(|| 6 * 7);
/// assert_eq!(answer.join().unwrap(), 42);
/// ```
#[track_caller]
#[inline]
pub fn spawn<P, T, F>(body: F) -> JoinHandle<T, P>
where
    P: Tasks,
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    match Builder::<P>::new().spawn(body) {
        Ok(handle) => handle,
        Err(error) => panic!("{error}"),
    }
}

/// Lets `duration` pass on the platform's clock.
#[track_caller]
pub fn sleep<P: Tasks>(duration: Duration) {
    P::made("thread::sleep");
    P::sleep(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), P::Site::here());
}

/// A thread that is about to be started, and its name.
#[derive(Clone, Debug)]
pub struct Builder<P: Tasks = Native> {
    name: String,
    platform: PhantomData<P>,
}

impl<P: Tasks> Builder<P> {
    /// A thread without a name.
    #[must_use]
    pub fn new() -> Self {
        Builder { name: String::new(), platform: PhantomData }
    }

    /// Names the thread.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Starts `body` in the thread.
    ///
    /// # Errors
    /// [`Error::Os`] if the operating system refuses, or does not like the name.
    #[track_caller]
    #[inline]
    pub fn spawn<T, F>(self, body: F) -> Result<JoinHandle<T, P>, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        P::made("thread::spawn");
        let (filler, packet) = packet();
        let running = family::thread::<P>();
        let run = move || {
            let running = running;
            running.iter().for_each(RunningThread::belong);
            match catch_unwind(AssertUnwindSafe(body)) {
                Ok(value) => filler.fill(Ok(value)),
                Err(payload) => {
                    filler.fill(Err(panics::text(&*payload)));
                    resume_unwind(payload);
                }
            }
        };
        let child = P::thread(&self.name, run, P::Site::here()).map_err(Error::os("thread start"))?;
        Ok(JoinHandle { child, packet })
    }
}

impl<P: Tasks> Default for Builder<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// A started thread; dropping it lets the thread run on by itself.
pub struct JoinHandle<T, P: Tasks = Native> {
    child: P::Thread,
    /// Its value, or the message of its panic.
    packet: Packet<Result<T, String>>,
}

impl<T, P: Tasks> JoinHandle<T, P> {
    /// Waits until the thread has ended and returns its value.
    ///
    /// # Errors
    /// If the thread panicked or was ended; the error is a `String` that says how.
    #[track_caller]
    #[inline]
    pub fn join(self) -> Outcome<T> {
        match self.child.wait(None, P::Site::here()) {
            Ok(_) => self.outcome(),
            Err(error) => Err(Box::new(format!("the thread cannot be joined: {error}"))),
        }
    }

    /// As [`join`](Self::join), but not much longer than `timeout`.
    ///
    /// # Errors
    /// The handle itself if the thread still runs.
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Outcome<T>, Self> {
        match self.child.wait(Some(P::deadline(timeout)), P::Site::here()) {
            Ok(None) => Err(self),
            Ok(Some(_)) => Ok(self.outcome()),
            Err(error) => Ok(Err(Box::new(format!("the thread cannot be joined: {error}")))),
        }
    }

    /// Whether the thread has ended.
    #[track_caller]
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.child.wait(Some(0), P::Site::here()), Ok(Some(_)))
    }

    /// The number by which the platform knows the thread.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn outcome(self) -> Outcome<T> {
        match self.packet.open() {
            Some(Ok(value)) => Ok(value),
            Some(Err(message)) => Err(Box::new(message)),
            None => Err(Box::new("the thread was ended before it returned".to_owned())),
        }
    }
}

impl<T, P: Tasks> fmt::Debug for JoinHandle<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::alone;
    use std::sync::mpsc::channel;

    #[test]
    fn a_thread_returns_its_value() {
        alone(|| {
            let (go, gate) = channel::<()>();
            let answer = move || (gate.recv().is_err(), 7);
            let handle = Builder::<Native>::new().name("seven").spawn(answer).unwrap();
            assert!(!handle.is_finished());
            let handle = handle.join_timeout(Duration::ZERO).unwrap_err();
            drop(go);
            assert_eq!(handle.join().unwrap(), (true, 7));
        });
    }

    #[test]
    fn a_panic_reaches_the_joiner_as_its_message() {
        alone(|| {
            let handle = spawn::<Native, (), _>(|| resume_unwind(Box::new("too late")));
            let payload = handle.join().unwrap_err();
            assert_eq!(payload.downcast_ref::<String>().unwrap(), "too late");
        });
    }
}
