//! A process as its parent sees it, from before it starts until after it ended.
//!
//! Called by programs.
//!
//! | state | `pid` | `is_alive` | `join` |
//! |---|---|---|---|
//! | new | none | no | error |
//! | started, running | its number | yes | waits |
//! | started, ended | its number | no | its [`ExitStatus`] at once |
//!
//! 1. A process is started at most once. A start that the operating system refused did
//!    not happen: it can be tried again.
//! 2. The body runs in the child only. What it owns is dropped in both: in the child when
//!    it has run, in the parent when it has been started.
//! 3. Dropping a started process kills nobody. If it has ended by then it is reaped;
//!    otherwise it runs on, and stays a zombie afterwards until this process ends.
//!
//! When the child dies, however it dies, [`join`](Process::join) says how. When the parent
//! dies first, the child runs on.

use super::{ExitStatus, names};
use crate::Error;
use crate::platform::{Child, Native, Site, Tasks};
use crate::sys::process::Signal;
use nix::errno::Errno;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// `Send`, because the process value may be sent elsewhere before it is started. The lock
/// is never taken: it lets threads share a value whose body only `start`, which has it
/// exclusively, touches.
type Body = Mutex<Box<dyn FnOnce() + Send>>;

/// A child process: made, then started, then joined.
///
/// ```
/// use selvedge::Process;
///
/// let mut child = Process::new(|| println!("in the child")).name("greeter");
/// assert_eq!(child.pid(), None);
/// child.start()?;
/// assert!(child.join()?.success());
/// # Ok::<(), selvedge::Error>(())
/// ```
pub struct Process<P: Tasks = Native> {
    name: String,
    state: State<P>,
}

enum State<P: Tasks> {
    New(Body),
    Started(P::Process),
    /// Only while `start` is at work.
    Starting,
}

impl<P: Tasks> Process<P> {
    /// A process that will run `body`; it does not run before [`start`](Self::start).
    ///
    /// It ends with code 0 when `body` returns, whatever that returns, and with 101 when
    /// `body` panics.
    ///
    /// As for a thread, `body` is `Send`: a `Process` can be made in one thread and started
    /// in another. What a thread must not give away, a child must not get a copy of either,
    /// such as the guard of a lock:
    ///
    /// ```compile_fail,E0277
    /// let mutex: &'static _ = Box::leak(Box::new(selvedge::Mutex::new(1)));
    /// let guard = mutex.lock().unwrap();
    /// selvedge::Process::spawn(move || drop(guard));
    /// ```
    pub fn new<R>(body: impl FnOnce() -> R + Send + 'static) -> Self {
        let body = Mutex::new(Box::new(move || drop(body())) as Box<_>);
        Process { name: names::next::<P>(), state: State::New(body) }
    }

    /// Makes a process and starts it.
    ///
    /// # Panics
    /// If the operating system refuses to fork.
    #[track_caller]
    pub fn spawn<R>(body: impl FnOnce() -> R + Send + 'static) -> Self {
        let mut process = Self::new(body);
        if let Err(error) = process.start() {
            panic!("process {} could not be started: {error}", process.name);
        }
        process
    }

    /// Gives the process another name than `Process-1` and so on.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name of the process.
    #[must_use]
    pub fn get_name(&self) -> &str {
        &self.name
    }

    /// Starts the process.
    ///
    /// # Errors
    /// [`Error::AlreadyStarted`] if it was started before, or [`Error::Os`] if the
    /// operating system refuses; then it can be tried again.
    #[track_caller]
    pub fn start(&mut self) -> Result<(), Error> {
        let site = P::Site::here();
        let body = match std::mem::replace(&mut self.state, State::Starting) {
            State::New(body) => body,
            other => {
                self.state = other;
                return Err(Error::AlreadyStarted { name: self.name.clone() });
            }
        };
        // Kept in a slot, so that it is still here when the fork fails.
        let slot = Rc::new(Cell::new(Some(body)));
        let in_child = Rc::clone(&slot);
        let run = move || {
            let body: Body = in_child.take().expect("the body is run once");
            body.into_inner().unwrap_or_else(PoisonError::into_inner)();
            0
        };
        match P::fork(&self.name, run, site) {
            Ok(child) => {
                self.state = State::Started(child);
                Ok(())
            }
            Err(source) => {
                self.state = slot.take().map_or(State::Starting, State::New);
                Err(Error::Os { operation: "fork", source })
            }
        }
    }

    /// Waits until the process has ended, and says how.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] with `ECHILD` if this process is not the
    /// one that started it, or if it ignores `SIGCHLD`.
    #[track_caller]
    pub fn join(&self) -> Result<ExitStatus, Error> {
        let site = P::Site::here();
        loop {
            if let Some(status) = self.wait(None, site)? {
                return Ok(status);
            }
        }
    }

    /// Waits until the process has ended, but not much longer than `timeout`; `None` if
    /// it still runs.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn join_timeout(&self, timeout: Duration) -> Result<Option<ExitStatus>, Error> {
        self.wait(Some(P::deadline(timeout)), P::Site::here())
    }

    /// Whether the process was started and has not ended.
    #[track_caller]
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self.wait(Some(0), P::Site::here()), Ok(None))
    }

    /// How the process ended; `None` if it did not start or has not ended.
    #[doc(alias = "exitcode")]
    #[track_caller]
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.wait(Some(0), P::Site::here()).ok().flatten()
    }

    /// The number of the process; `None` before it was started.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child().ok().map(Child::id)
    }

    /// Asks the process to end, with `SIGTERM`. It runs no destructor: what it holds stays
    /// held. Of a process that has ended, nothing is asked.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] if the operating system refuses.
    #[track_caller]
    pub fn terminate(&self) -> Result<(), Error> {
        self.send(Signal::SIGTERM, P::Site::here())
    }

    /// Ends the process with `SIGKILL`, which it cannot refuse. Otherwise as
    /// [`terminate`](Self::terminate).
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] if the operating system refuses.
    #[track_caller]
    pub fn kill(&self) -> Result<(), Error> {
        self.send(Signal::SIGKILL, P::Site::here())
    }

    /// Sends any signal to the process. To one that has ended, nothing is sent.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] if the operating system refuses.
    #[doc(alias = "send_signal")]
    #[track_caller]
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.send(signal, P::Site::here())
    }

    fn child(&self) -> Result<&P::Process, Error> {
        match &self.state {
            State::Started(child) => Ok(child),
            State::New(_) | State::Starting => Err(Error::NotStarted { name: self.name.clone() }),
        }
    }

    fn wait(&self, deadline: Option<u64>, site: P::Site) -> Result<Option<ExitStatus>, Error> {
        self.child()?.wait(deadline, site).map_err(Error::os("wait"))
    }

    fn send(&self, signal: Signal, site: P::Site) -> Result<(), Error> {
        match self.child()?.signal(signal, site) {
            // Who has ended needs no more ending.
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Ok(()),
            other => other.map_err(Error::os("signal")),
        }
    }
}

impl<P: Tasks> fmt::Debug for Process<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("name", &self.name).field("pid", &self.pid()).finish()
    }
}
