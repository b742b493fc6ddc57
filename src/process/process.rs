//! A process as its parent sees it, from before it starts until after it ended.
//!
//! Called by programs.
//!
//! | state | `pid` | `is_alive` | `join` |
//! |---|---|---|---|
//! | new | none | no | error |
//! | started, running | its number | yes | waits |
//! | started, ended | its number | no | its [`ExitStatus`] at once |
//! | closed | none | no | error |
//!
//! 1. A process is started at most once. A start that the operating system refused did
//!    not happen: it can be tried again.
//! 2. The body runs in the child only. What it owns is dropped in both: in the child when
//!    it has run, in the parent when it has been started.
//! 3. Dropping a started process kills nobody. If it has ended by then it is reaped;
//!    otherwise it runs on, and its zombie goes with the parent's next start at the
//!    latest.
//! 4. When the code of a process ends, its daemons are sent `SIGTERM` and `SIGCONT`, then all of its
//!    children are waited for. After a panic of a child only its daemons are ended; after
//!    [`exit`](super::exit) or a kill, nobody is. A panic of `main`, and `std::process::exit`,
//!    are to a main process as if its code had ended.
//!
//! When the child dies, however it dies, [`join`](Process::join) says how. When the parent
//! dies first, the child runs on.

use super::authkey::AuthKey;
use super::child::Record;
use super::entry::{Closure, Entry, EntryCall, Job};
use super::{ExitStatus, Run, StartMethod, family, identity};
use crate::Error;
use crate::platform::{Child, Native, Site, Tasks};
use crate::sys::process::Signal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// `Send`, because the process value may be sent elsewhere before it is started. The lock
/// is never taken: it lets threads share a value whose body only `start`, which has it
/// exclusively, touches.
pub(super) type Body = Mutex<Box<dyn Job>>;

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
    pub(super) name: Arc<str>,
    pub(super) path: Option<Arc<[u32]>>,
    pub(super) daemon: bool,
    pub(super) authkey: AuthKey,
    pub(super) method: Option<StartMethod>,
    pub(super) despite_threads: bool,
    pub(super) state: State<P>,
}

pub(super) enum State<P: Tasks> {
    New(Body),
    Started(Arc<Record<P>>),
    /// Only while `start` is at work.
    Starting,
    Closed,
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
        Self::to_do(Box::new(Closure::new(move || drop(body()))))
    }

    fn to_do(job: Box<dyn Job>) -> Self {
        let creator = family::current::<P>();
        let path = creator.next_path();
        Process {
            name: identity::name(&path).into(),
            path: Some(path),
            daemon: creator.daemon,
            authkey: creator.authkey.clone(),
            method: None,
            despite_threads: false,
            state: State::New(Mutex::new(job)),
        }
    }

    /// A process that will run a registered [`entry!`](crate::entry) with this argument,
    /// and so can begin in each [`StartMethod`]; otherwise as [`new`](Self::new).
    ///
    /// The argument may hold shared memory of all kinds, such as a [`Queue`](crate::Queue) or a
    /// [`Shared`](crate::Shared) lock, connections, and a manager's proxies: see
    /// [`entry!`](crate::entry) for all of it.
    pub fn entry<T>(entry: &'static Entry<T>, argument: T) -> Self
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        Self::to_do(Box::new(EntryCall::new(entry, argument)))
    }

    /// Begins the process in this way, and not in that which was
    /// [chosen](super::set_start_method) for all.
    #[must_use]
    pub fn method(mut self, method: StartMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// A process that will run an object of your own; otherwise as [`new`](Self::new).
    ///
    /// ```
    /// use selvedge::Process;
    /// use selvedge::process::Run;
    ///
    /// struct Greeter(String);
    ///
    /// impl Run for Greeter {
    ///     fn run(self) {
    ///         println!("hello, {}", self.0);
    ///     }
    /// }
    ///
    /// let mut child: Process = Process::of(Greeter("world".to_owned()));
    /// child.start()?;
    /// assert!(child.join()?.success());
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    pub fn of(object: impl Run) -> Self {
        Self::new(move || object.run())
    }

    /// Makes a process and starts it.
    ///
    /// # Panics
    /// If it cannot be started, with the reason; [`start`](Self::start) returns that as an
    /// error.
    #[track_caller]
    pub fn spawn<R>(body: impl FnOnce() -> R + Send + 'static) -> Self {
        let mut process = Self::new(body);
        if let Err(error) = process.start() {
            panic!("process {} could not be started: {error}", process.name)
        }
        process
    }

    /// Gives the process another name than `Process-1` and so on. Once it was started, the
    /// handle and the reports of a harness have that name; the process knows itself by the old.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into().into();
        if let State::Started(record) = &self.state {
            record.child.rename(&self.name);
        }
        self
    }

    /// The name of the process.
    #[must_use]
    pub fn get_name(&self) -> &str {
        &self.name
    }

    /// Forks the process even if this one has other threads, which the child has not: what
    /// they hold or write at that moment stays locked or half written there. Without this,
    /// such a start is refused: in the main thread if there is any other, elsewhere if there
    /// is one that this crate started, for the threads of a runner of tests are none of the
    /// program's. See also [`allow_fork_with_threads`](super::allow_fork_with_threads).
    #[must_use]
    pub fn despite_threads(mut self) -> Self {
        self.despite_threads = true;
        self
    }

    /// Whether the process ends with its parent: a daemon is sent `SIGTERM` when the
    /// parent's code has come to its end, and may have no children of its own. Unless it
    /// is said here, a process is one if its creator is.
    ///
    /// # Panics
    /// If the process was started already; [`set_daemon`](Self::set_daemon) returns that
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
    /// [`Error::AlreadyStarted`]: a process that runs cannot become another.
    #[doc(alias = "setDaemon")]
    pub fn set_daemon(&mut self, daemon: bool) -> Result<(), Error> {
        self.check_new()?;
        self.daemon = daemon;
        Ok(())
    }

    /// Whether the process ends with its parent.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.daemon
    }

    /// Gives the process another secret than its creator's.
    ///
    /// # Errors
    /// [`Error::AlreadyStarted`]: a process that runs has its secret already.
    pub fn set_authkey(&mut self, authkey: AuthKey) -> Result<(), Error> {
        self.check_new()?;
        self.authkey = authkey;
        Ok(())
    }

    /// The secret that the process has, or will have.
    #[must_use]
    pub fn authkey(&self) -> &AuthKey {
        &self.authkey
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
    #[doc(alias = "ident")]
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.record().ok().map(|record| record.child.id())
    }

    /// A descriptor that is readable from the end of the process on, for
    /// `poll(2)` and its like. It is a pidfd.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] with `ENOTSUP` in an exploration by
    /// fibers, where processes are none of the operating system's.
    pub fn sentinel(&self) -> Result<BorrowedFd<'_>, Error> {
        self.record()?.child.sentinel().map_err(Error::os("pidfd"))
    }

    /// What the process said when it panicked; `None` if it did not, or has not ended.
    ///
    /// The first kibibyte of it is kept, for the real processes of a program. In an
    /// exploration a panic is a finding, which has the message.
    #[track_caller]
    #[must_use]
    pub fn panic_message(&self) -> Option<String> {
        self.exit_status()?;
        self.record().ok()?.child.last_words()
    }

    /// Asks the process to end, with `SIGTERM`. It runs no destructor: what it holds stays
    /// held. Of a process that has ended, nothing is asked.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] if the operating system refuses.
    #[track_caller]
    pub fn terminate(&self) -> Result<(), Error> {
        self.signal(Signal::SIGTERM)
    }

    /// Ends the process with `SIGKILL`, which it cannot refuse. Otherwise as
    /// [`terminate`](Self::terminate).
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] if the operating system refuses.
    #[track_caller]
    pub fn kill(&self) -> Result<(), Error> {
        self.signal(Signal::SIGKILL)
    }

    /// Sends any signal to the process. To one that has ended, nothing is sent.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::Os`] if the operating system refuses.
    #[doc(alias = "send_signal")]
    #[track_caller]
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.record()?.send(signal, P::Site::here())
    }

    /// Frees what this process keeps of the child: its descriptor and its place among
    /// the [`active_children`](super::active_children). Every later question is refused.
    ///
    /// # Errors
    /// [`Error::StillRunning`]: a child that runs must be joined first.
    #[track_caller]
    pub fn close(&mut self) -> Result<(), Error> {
        if self.is_alive() {
            return Err(Error::StillRunning { name: self.name.to_string() });
        }
        self.state = State::Closed;
        Ok(())
    }

    /// Lets a running child live on by itself: it is no daemon and no active child any
    /// more, and this process does not wait for it at its own end.
    ///
    /// # Errors
    /// [`Error::NotStarted`].
    pub fn detach(self) -> Result<(), Error> {
        Record::strike(self.record()?);
        Ok(())
    }

    pub(super) fn check_new(&self) -> Result<(), Error> {
        let name = || self.name.to_string();
        match &self.state {
            State::New(_) => Ok(()),
            State::Started(_) | State::Starting => Err(Error::AlreadyStarted { name: name() }),
            State::Closed => Err(Error::ProcessClosed { name: name() }),
        }
    }

    fn record(&self) -> Result<&Arc<Record<P>>, Error> {
        match &self.state {
            State::Started(record) => Ok(record),
            State::New(_) | State::Starting => Err(Error::NotStarted { name: self.name.to_string() }),
            State::Closed => Err(Error::ProcessClosed { name: self.name.to_string() }),
        }
    }

    fn wait(&self, deadline: Option<u64>, site: P::Site) -> Result<Option<ExitStatus>, Error> {
        Record::wait(self.record()?, deadline, site)
    }

    /// The handle of a child that was started by this process.
    pub(super) fn of_record(record: Arc<Record<P>>) -> Self {
        Process {
            name: Arc::clone(&record.name),
            path: None,
            daemon: record.daemon,
            authkey: family::current::<P>().authkey.clone(),
            method: None,
            despite_threads: false,
            state: State::Started(record),
        }
    }
}

impl<P: Tasks> Drop for Process<P> {
    fn drop(&mut self) {
        if let State::Started(record) = &self.state
            && record.child.has_ended()
        {
            // A zombie that nobody can ask about any more helps nobody.
            Record::strike(record);
        }
    }
}

impl<P: Tasks> fmt::Debug for Process<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(_) | State::Starting => "initial",
            State::Closed => "closed",
            State::Started(record) if record.child.has_ended() => "stopped",
            State::Started(_) => "started",
        };
        let mut text = f.debug_struct("Process");
        text.field("name", &self.name).field("pid", &self.pid()).field("state", &state);
        text.field("daemon", &self.daemon).finish()
    }
}
