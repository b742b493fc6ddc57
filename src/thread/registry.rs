//! The threads of a process that were started and have not ended.
//!
//! Asked by programs, and by [`Thread`](super::Thread) for the thread that calls.
//!
//! 1. A thread is on the list of its process from its start until somebody learns that it
//!    has ended; the next start takes those off whom nobody asks about.
//! 2. Who is on no list is the main thread, or was started by other means.
//!
//! When a process is forked, the child's list is empty: it has none of these threads.

use crate::platform::{Child, Owner, Site, Tasks};
use crate::process::ExitStatus;
use crate::process::family;
use crate::process::identity::Kept;
use std::fmt;
use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A thread, as it knows itself and as its process keeps it.
pub(super) struct Record<P: Tasks> {
    name: String,
    pub(super) daemon: bool,
    /// Set by whoever starts it, which may be after it began to run.
    child: OnceLock<P::Thread>,
    /// By which the thread knows itself; 0 before it runs. Relaxed: only the thread
    /// itself finds its own number there.
    owner: AtomicU32,
    /// Written at most once, before the thread ends.
    message: Mutex<Option<String>>,
}

impl<P: Tasks> Record<P> {
    /// Gives a thread that was started another name where a harness speaks of it.
    pub(super) fn rename(&self, name: &str) {
        if let Some(child) = self.child.get() {
            child.rename(name);
        }
    }

    /// Puts a thread that is about to be started on the list of its process.
    pub(super) fn enlist(name: String, daemon: bool) -> Arc<Record<P>> {
        let (child, owner, message) = (OnceLock::new(), AtomicU32::new(0), Mutex::new(None));
        let record = Arc::new(Record { name, daemon, child, owner, message });
        let process = family::current::<P>();
        // One handle is the list's own, the other this very look at it.
        process.forget::<Record<P>>(|other| Arc::strong_count(other) <= 2 && other.has_ended());
        process.keep(Arc::clone(&record) as Arc<dyn Kept>);
        record
    }

    /// Takes a thread off the list.
    pub(super) fn strike(record: &Arc<Record<P>>) {
        family::current::<P>().forget::<Record<P>>(|other| Arc::ptr_eq(record, other));
    }

    pub(super) fn started(&self, child: P::Thread) {
        let before = self.child.set(child);
        debug_assert!(before.is_ok(), "a thread is started once");
    }

    pub(super) fn has_ended(&self) -> bool {
        self.child.get().is_some_and(Child::has_ended)
    }

    /// Waits for the thread's end; `None` also if it is still being started.
    pub(super) fn wait(&self, deadline: Option<u64>, site: P::Site) -> io::Result<Option<ExitStatus>> {
        self.child.get().map_or(Ok(None), |child| child.wait(deadline, site))
    }

    pub(super) fn begin(&self, owner: u32) {
        self.owner.store(owner, Relaxed);
    }

    pub(super) fn is_me(&self, owner: u32) -> bool {
        self.owner.load(Relaxed) == owner
    }

    pub(super) fn panicked(&self, message: String) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
    }

    pub(super) fn message(&self) -> Option<String> {
        self.message.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<P: Tasks> Kept for Record<P> {
    fn stop(&self) {
        // A daemon ends with its process; nobody can end it before.
    }

    fn finish(&self) {
        if !self.daemon {
            // An error says that there is nobody to wait for.
            let _ = self.wait(None, P::Site::here());
        }
    }
}

impl<P: Tasks> fmt::Debug for Record<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The calling thread, if it is on the list.
pub(super) fn me<P: Tasks>() -> Option<Arc<Record<P>>> {
    let me = P::me().id();
    let mut all = family::current::<P>().all::<Record<P>>();
    // The last, because the number of one that has ended may be used again.
    all.reverse();
    all.into_iter().find(|record| record.is_me(me) && !record.has_ended())
}

/// A thread that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its name: `MainThread` for one that nobody of ours started.
    pub name: String,
    /// Whether the process does not wait for it at its end.
    pub daemon: bool,
}

fn main_thread() -> Running {
    Running { name: "MainThread".to_owned(), daemon: false }
}

/// The calling thread.
///
/// ```
/// use selvedge::{Thread, platform::Native, thread};
///
/// let mut thread = Thread::new(|| assert_eq!(thread::current::<Native>().name, "Thread-1"));
/// thread.start()?;
/// assert!(thread.join()?.success());
/// assert_eq!(thread::current::<Native>().name, "MainThread");
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "current_thread")]
#[must_use]
pub fn current<P: Tasks>() -> Running {
    me::<P>().map_or_else(main_thread, |record| Running { name: record.name.clone(), daemon: record.daemon })
}

/// The main thread and every [`Thread`](super::Thread) of this process that was started
/// and has not ended, in the order of their starts.
#[doc(alias = "enumerate")]
#[track_caller]
#[must_use]
pub fn running<P: Tasks>() -> Vec<Running> {
    let site = P::Site::here();
    let mut all = vec![main_thread()];
    for record in family::current::<P>().all::<Record<P>>() {
        if matches!(record.wait(Some(0), site), Ok(None)) {
            all.push(Running { name: record.name.clone(), daemon: record.daemon });
        } else {
            Record::strike(&record);
        }
    }
    all
}

/// How many threads [`running`] has: at least 1.
#[track_caller]
#[must_use]
pub fn active_count<P: Tasks>() -> usize {
    running::<P>().len()
}
