//! Threads whose end can be waited for with a deadline.
//!
//! Called by [`Native`](crate::platform::Native). std's own handle can only be joined
//! without one.
//!
//! | word | meaning |
//! |---|---|
//! | `RUNNING` 0 | the body runs |
//! | `RETURNED` 1 | it returned |
//! | `PANICKED` 2 | it panicked |
//!
//! 1. The word changes once, after the body has ended, and then stays.
//! 2. The word is owned together by the thread and its handles, so that the wake-up
//!    after the last write never touches freed memory.
//!
//! The final write is a release and the read of a waiter an acquire: what the body did
//! happened before its joiner goes on.
//!
//! When the process dies, its threads are gone. A forked child inherits handles but no
//! threads, and is told so instead of waiting for ever.

use super::futex::{self, Woken};
use super::panics;
use super::process::{PANIC_CODE, Signal};
use super::status::ExitStatus;
use nix::errno::Errno;
use nix::libc;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};

const RUNNING: u32 = 0;
const RETURNED: u32 = 1;
const PANICKED: u32 = 2;

/// A started thread, as its process sees it. Dropping it detaches the thread.
#[derive(Debug)]
pub struct Thread {
    state: Arc<AtomicU32>,
    handle: Mutex<Option<JoinHandle<()>>>,
    id: u32,
    process: u32,
}

/// Starts `body` in a thread called `name` (unnamed if that is empty).
///
/// # Errors
/// Whatever `pthread_create(3)` refuses, or a NUL byte in the name.
pub fn spawn<F: FnOnce() + Send + 'static>(name: &str, body: F) -> io::Result<Thread> {
    // A number of our own: the kernel's is known only inside the new thread.
    static NEXT: AtomicU32 = AtomicU32::new(1);
    if name.contains('\0') {
        let text = format!("thread name {name:?} contains a NUL byte");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut builder = Builder::new();
    if !name.is_empty() {
        builder = builder.name(name.to_owned());
    }
    let state = Arc::new(AtomicU32::new(RUNNING));
    let seen = Arc::clone(&state);
    let handle = builder.spawn(move || {
        let last = match catch_unwind(AssertUnwindSafe(body)) {
            Ok(()) => RETURNED,
            Err(payload) => {
                panics::end(payload);
                PANICKED
            }
        };
        seen.store(last, Release);
        futex::wake(&seen, u32::MAX);
    })?;
    // Relaxed: only that the numbers differ matters.
    let id = NEXT.fetch_add(1, Relaxed);
    Ok(Thread { state, handle: Mutex::new(Some(handle)), id, process: std::process::id() })
}

/// How many other threads the process has, if the main thread asks; 0 if another does, or
/// if the file system cannot tell.
#[must_use]
pub fn others_of_main() -> usize {
    if is_surely_alone() {
        return 0;
    }
    if nix::unistd::gettid() != nix::unistd::getpid() {
        return 0;
    }
    // A folder has one link for itself, one in its parent, and one from each folder in it.
    match nix::sys::stat::stat("/proc/self/task") {
        Ok(folder) if folder.st_nlink > 3 => others_by_name(),
        _ => 0,
    }
}

/// What the C library knows of it, where it says so: glibc since 2.32. It says yes only if it
/// is so, but may go on saying no after all other threads have ended.
pub(super) fn is_surely_alone() -> bool {
    static SINGLE: OnceLock<usize> = OnceLock::new();
    // SAFETY: dlsym(3) takes a handle that is always valid and a string with a NUL.
    let find = || unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr()) };
    let single = *SINGLE.get_or_init(|| find() as usize) as *const u8;
    // SAFETY: the symbol is a byte that lives as long as the program. Only the thread that
    // makes a second thread, or joins the last one, writes it: nobody beside whom this reads.
    !single.is_null() && unsafe { single.read_volatile() } != 0
}

/// Counts one by one, because one that was joined may be there for a moment longer.
#[cold]
fn others_by_name() -> usize {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let me = std::process::id().to_string();
    let others = threads.flatten().filter(|thread| thread.file_name() != me.as_str());
    others.filter(|thread| !is_leaving(&thread.path())).count()
}

/// Whether a thread is on its way out, or gone: proc(5) on `stat`, `PF_EXITING`.
fn is_leaving(thread: &std::path::Path) -> bool {
    const EXITING: u64 = 4;
    // The flags are the seventh field after the name, which may contain anything.
    let flags = std::fs::read_to_string(thread.join("stat"))
        .ok()
        .and_then(|text| text.rsplit_once(')')?.1.split_whitespace().nth(6)?.parse::<u64>().ok());
    flags.is_none_or(|flags| flags & EXITING != 0)
}

impl Thread {
    /// The number of the thread: the n-th that its process started this way.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the thread has ended or `deadline` (nanoseconds on the monotonic
    /// clock) passed; `Ok(None)` if it passed. A past deadline asks without waiting.
    ///
    /// # Errors
    /// `ESRCH` in a forked child, which inherited the handle but not the thread.
    pub fn wait(&self, deadline: Option<u64>) -> io::Result<Option<ExitStatus>> {
        let code = loop {
            match self.state.load(Acquire) {
                RUNNING if std::process::id() != self.process => return Err(Errno::ESRCH.into()),
                RUNNING if futex::wait(&self.state, RUNNING, deadline) == Woken::TimedOut => return Ok(None),
                RUNNING => {}
                RETURNED => break 0,
                _ => break PANIC_CODE,
            }
        };
        // Who has no deadline gets std's promise too: the thread is gone, with its
        // thread-local values. Who has one does not wait for those.
        if deadline.is_none() {
            let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
            handle.map(JoinHandle::join);
        }
        Ok(Some(ExitStatus::Code(code)))
    }

    /// Whether the thread has ended, or never existed in this process.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.state.load(Acquire) != RUNNING || std::process::id() != self.process
    }

    /// Always refuses: a thread has no descriptor.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported), always.
    pub fn sentinel(&self) -> io::Result<BorrowedFd<'_>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "a thread has no descriptor (ENOTSUP)"))
    }

    /// None: the handle of a thread gets its panic whole.
    #[must_use]
    pub fn last_words(&self) -> Option<String> {
        None
    }

    /// Always refuses: there is no signal to one thread of a process.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported), always.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let text = format!("{signal} cannot be sent to a thread (ENOTSUP): it would hit the whole process");
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock;
    use std::sync::mpsc::channel;

    #[test]
    fn a_thread_is_waited_for_with_and_without_deadline() {
        let (go, gate) = channel::<()>();
        let thread = spawn("waiter", move || {
            // Ends when the sender is dropped.
            let _ = gate.recv();
        })
        .unwrap();
        assert_eq!(thread.wait(Some(0)).unwrap(), None);
        assert_eq!(thread.wait(Some(clock::monotonic() + 1_000_000)).unwrap(), None);
        drop(go);
        assert_eq!(thread.wait(None).unwrap(), Some(ExitStatus::Code(0)));
        assert_eq!(thread.wait(Some(0)).unwrap(), Some(ExitStatus::Code(0)));
    }

    #[test]
    fn a_panic_is_the_exit_code_101() {
        let thread = spawn("", || std::panic::resume_unwind(Box::new("no message, no hook"))).unwrap();
        assert_eq!(thread.wait(None).unwrap(), Some(ExitStatus::Code(101)));
    }

    #[test]
    fn what_a_thread_cannot_do_is_an_error() {
        let thread = spawn("idle", || {}).unwrap();
        let error = thread.signal(Signal::SIGTERM).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(spawn("a\0b", || {}).is_err());
        thread.wait(None).unwrap();
    }
}
