//! A thread as an object: made, then started, then joined; the counterpart of
//! [`Process`](crate::process::Process).
//!
//! Called by programs. [`spawn`](super::spawn()) is std's way and gives a value back; this
//! one has a name by default, may be a daemon, and is waited for at the end of its process.
//!
//! | state | `is_alive` | `join` |
//! |---|---|---|
//! | initial | no | error |
//! | started | yes | waits, unless it would wait for itself: error |
//! | stopped | no | its status at once |
//!
//! 1. A thread is started at most once. A start that the operating system refused did not
//!    happen: it leaves no trace, and can be tried again.
//! 2. A process whose code has ended waits for its threads that are no daemons. So does
//!    the main process when it returns from `main` or calls `exit(3)`.
//! 3. A thread that has ended is on no list; a handle that a forked child inherited is of
//!    a thread that is not there, hence not alive.
//!
//! When the process dies, its threads are gone. When a thread panics, whoever joins it
//! learns it, and its message.

use super::registry::{self, Record};
use crate::Error;
use crate::platform::{Native, Owner, Site, Tasks};
use crate::process::family::{self, RunningThread};
use crate::process::{ExitStatus, end};
use crate::sys::panics;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Body = Mutex<Box<dyn FnOnce() + Send>>;

/// A thread: made, then started, then joined.
///
/// ```
/// use selvedge::Thread;
///
/// let mut greeter = Thread::new(|| println!("hello")).name("greeter");
/// greeter.start()?;
/// assert!(greeter.join()?.success());
/// # Ok::<(), selvedge::Error>(())
/// ```
pub struct Thread<P: Tasks = Native> {
    name: String,
    daemon: bool,
    state: State<P>,
}

enum State<P: Tasks> {
    New(Body),
    Started(Arc<Record<P>>),
}

impl<P: Tasks> Thread<P> {
    /// A thread that will run `body`; it does not run before [`start`](Self::start). Its
    /// name is `Thread-1` and so on, and it is a daemon if its creator is one.
    pub fn new<R>(body: impl FnOnce() -> R + Send + 'static) -> Self {
        let body: Box<dyn FnOnce() + Send> = Box::new(move || drop(body()));
        let name = format!("Thread-{}", family::current::<P>().next_thread());
        let daemon = registry::me::<P>().is_some_and(|record| record.daemon);
        Thread { name, daemon, state: State::New(Mutex::new(body)) }
    }

    /// Gives the thread another name. Once it was started, the handle and the reports of a
    /// harness have that name; the thread knows itself by the old one.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        if let State::Started(record) = &self.state {
            record.rename(&self.name);
        }
        self
    }

    /// Whether the process does not wait for the thread at its end.
    ///
    /// # Panics
    /// If the thread was started already; [`set_daemon`](Self::set_daemon) returns that
    /// as an error.
    #[track_caller]
    #[must_use]
    pub fn daemon(mut self, daemon: bool) -> Self {
        match self.set_daemon(daemon) {
            Ok(()) => self,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`daemon`](Self::daemon).
    ///
    /// # Errors
    /// [`Error::Thread`] if it was started already.
    #[doc(alias = "setDaemon")]
    pub fn set_daemon(&mut self, daemon: bool) -> Result<(), Error> {
        if let State::Started(_) = self.state {
            return Err(self.wrong("was already started; whether it is a daemon is said before"));
        }
        self.daemon = daemon;
        Ok(())
    }

    /// The name of the thread.
    #[must_use]
    pub fn get_name(&self) -> &str {
        &self.name
    }

    /// Whether the process does not wait for the thread at its end.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.daemon
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// [`Error::Thread`] if it was started before, or [`Error::Os`] if the operating
    /// system refuses, or does not like the name; then it can be tried again.
    #[track_caller]
    pub fn start(&mut self) -> Result<(), Error> {
        let site = P::Site::here();
        let taken: Body = Mutex::new(Box::new(|| ()));
        let body = match &mut self.state {
            State::New(body) => std::mem::replace(body, taken),
            State::Started(_) => return Err(self.wrong("was already started; a thread can be started once")),
        };
        end::arrange::<P>();
        // Kept in a slot, so that it is still here when the start fails.
        let slot = Arc::new(Mutex::new(Some(body)));
        let in_thread = Arc::clone(&slot);
        let record = Record::<P>::enlist(self.name.clone(), self.daemon);
        let own = Arc::clone(&record);
        let running = family::thread::<P>();
        let run = move || {
            let running = running;
            running.iter().for_each(RunningThread::belong);
            own.begin(P::me().id());
            let body = in_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            let body: Body = body.expect("the body is run once");
            let body = body.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
                own.panicked(panics::text(&*payload));
                resume_unwind(payload);
            }
        };
        match P::thread(&self.name, run, site) {
            Ok(child) => {
                record.started(child);
                self.state = State::Started(record);
                Ok(())
            }
            Err(source) => {
                Record::strike(&record);
                let body = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let (Some(body), State::New(place)) = (body, &mut self.state) {
                    *place = body;
                }
                Err(Error::Os { operation: "thread start", source })
            }
        }
    }

    /// Waits until the thread has ended, and says how: with code 0, or 101 if it panicked.
    ///
    /// # Errors
    /// [`Error::Thread`] if it was not started, or is the calling thread, or [`Error::Os`]
    /// in a forked child, where the thread is not.
    #[track_caller]
    pub fn join(&self) -> Result<ExitStatus, Error> {
        let site = P::Site::here();
        loop {
            if let Some(status) = self.wait(None, site)? {
                return Ok(status);
            }
        }
    }

    /// As [`join`](Self::join), but not much longer than `timeout`; `None` if it still
    /// runs.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn join_timeout(&self, timeout: Duration) -> Result<Option<ExitStatus>, Error> {
        self.wait(Some(P::deadline(timeout)), P::Site::here())
    }

    /// Whether the thread was started and has not ended.
    #[track_caller]
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let site = P::Site::here();
        match &self.state {
            State::Started(record) => matches!(record.wait(Some(0), site), Ok(None)),
            State::New(_) => false,
        }
    }

    /// The message of the panic that ended the thread.
    #[must_use]
    pub fn panic_message(&self) -> Option<String> {
        match &self.state {
            State::Started(record) => record.message(),
            State::New(_) => None,
        }
    }

    fn wait(&self, deadline: Option<u64>, site: P::Site) -> Result<Option<ExitStatus>, Error> {
        let State::Started(record) = &self.state else {
            return Err(self.wrong("was not started; call start() first"));
        };
        if record.is_me(P::me().id()) {
            return Err(self.wrong("cannot join itself: it would wait for ever"));
        }
        let status = record.wait(deadline, site).map_err(Error::os("wait"))?;
        if status.is_some() {
            Record::strike(record);
        }
        Ok(status)
    }

    fn wrong(&self, why: &'static str) -> Error {
        Error::Thread { name: self.name.clone(), why }
    }
}

impl<P: Tasks> fmt::Debug for Thread<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(_) => "initial",
            State::Started(record) if record.has_ended() => "stopped",
            State::Started(_) => "started",
        };
        let mut text = f.debug_struct("Thread");
        text.field("name", &self.name).field("state", &state).field("daemon", &self.daemon).finish()
    }
}
