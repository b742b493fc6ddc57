//! The part of a platform that only whole programs need: processes, threads and
//! memory that survives a fork.
//!
//! Called by `process`, `thread` and `shm`. Kept apart from
//! [`Platform`](super::Platform) so that a model checker of plain state machines
//! has nothing to pretend.
//!
//! When a child dies here, its handle's [`wait`](Child::wait) says how.

use super::{Robust, Site};
use crate::sys::process::Signal;
use crate::sys::status::ExitStatus;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A started process or thread, as its parent sees it.
pub trait Child: Send + Sync + 'static {
    /// The number by which the platform knows the task: a pid where it is real,
    /// a logical number under a scheduler.
    fn id(&self) -> u32;

    /// Waits until the child has ended or `deadline` (nanoseconds on the
    /// platform's clock) passed; `Ok(None)` if it passed. A past deadline asks
    /// without waiting.
    ///
    /// # Errors
    /// Whatever the operating system refuses, with its errno.
    fn wait(&self, deadline: Option<u64>, site: impl Site) -> io::Result<Option<ExitStatus>>;

    /// Whether the child has ended, or can never be asked by this process. For
    /// bookkeeping: no step, and nothing that a program sees may depend on it.
    fn has_ended(&self) -> bool;

    /// Gives the child the name by which reports speak of it, where there are reports.
    fn rename(&self, name: &str) {
        let _ = name;
    }

    /// A descriptor that is readable once the child has ended.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported) where there is none.
    fn sentinel(&self) -> io::Result<BorrowedFd<'_>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this child has no descriptor (ENOTSUP)"))
    }

    /// The message of the panic that ended the child, where the platform keeps it.
    fn last_words(&self) -> Option<String> {
        None
    }

    /// Sends a signal to the child.
    ///
    /// # Errors
    /// `ESRCH` if it has ended, or whatever else the operating system refuses.
    fn signal(&self, signal: Signal, site: impl Site) -> io::Result<()>;
}

/// Zeroed memory that this process shares with every child it forks from now on, and with
/// whoever is sent its descriptor.
pub trait Segment: Clone + Send + Sync {
    /// Its first byte, page-aligned or at least aligned to 64.
    fn base(&self) -> *mut u8;
    /// Its length in bytes.
    fn size(&self) -> usize;

    /// A descriptor by which any process can map it, or with an [`address`](Self::address) any
    /// other that is open.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported) if it has none.
    fn descriptor(&self) -> io::Result<BorrowedFd<'_>>;

    /// Where it lies for every task that can ever have it, if that is the same everywhere.
    fn address(&self) -> Option<u64> {
        None
    }

    /// The `size` bytes of memory that have this descriptor, or this address; the memory of the
    /// calling process that is the same, if there is such.
    ///
    /// # Errors
    /// `EINVAL` if they are no such memory, or whatever else the operating system refuses.
    fn arrived(descriptor: OwnedFd, address: Option<u64>, size: usize) -> io::Result<Self>;
}

/// A platform on which programs can start tasks and share memory with them.
pub trait Tasks: Robust {
    /// A process that was started.
    type Process: Child;
    /// A thread that was started.
    type Thread: Child;
    /// Memory that forked children see.
    type Segment: Segment;

    /// Starts `body` in a forked child. The child ends with the code that `body`
    /// returns, without running anything else of the parent's; a panic ends it
    /// with code 101.
    ///
    /// # Errors
    /// Whatever `fork(2)` refuses.
    fn fork<F: FnOnce() -> i32 + 'static>(name: &str, body: F, site: Self::Site)
    -> io::Result<Self::Process>;

    /// [`fork`](Tasks::fork), for a caller that still holds what `body` will own: once the
    /// child is there, it drops that, as `release` does. A platform whose processes share
    /// one memory asks a copy of itself to do so, to learn what the child owns.
    ///
    /// # Errors
    /// As for [`fork`](Tasks::fork).
    fn fork_holding<F: FnOnce() -> i32 + 'static>(
        name: &str,
        body: F,
        release: impl FnOnce(),
        site: Self::Site,
    ) -> io::Result<Self::Process> {
        let _ = release;
        Self::fork(name, body, site)
    }

    /// Whether the calling process has memory that nobody else has, and that goes with it.
    fn has_own_memory() -> bool {
        true
    }

    /// Whether processes may begin otherwise than by a fork.
    fn executes() -> bool;

    /// The process that is this child, where [`executes`](Self::executes) says yes.
    fn adopt(child: crate::sys::process::Child) -> Self::Process;

    /// Starts `body` in a thread of this process.
    ///
    /// # Errors
    /// Whatever `pthread_create(3)` refuses.
    fn thread<F: FnOnce() + Send + 'static>(
        name: &str,
        body: F,
        site: Self::Site,
    ) -> io::Result<Self::Thread>;

    /// Whether the platform keeps account of the threads that were started here itself.
    fn knows_threads() -> bool {
        false
    }

    /// Then how many of the calling process have not ended.
    fn running_threads() -> usize {
        0
    }

    /// The calling task is no part of the program but of this library: reports show it after
    /// the program's own, where there are reports. No step.
    #[inline(always)]
    fn helps() {}

    /// How many bytes something reserves that grows as it is used, unless it is told.
    const RESERVE: usize = 256 << 20;

    /// Maps `size` bytes of zeroed memory that forked children share.
    ///
    /// # Errors
    /// Whatever `mmap(2)` refuses.
    fn segment(size: usize) -> io::Result<Self::Segment>;

    /// Makes `size` bytes of zeroed memory, has `fill` write what must be there before
    /// others see it, and gives it a name by which every process can open it.
    ///
    /// # Errors
    /// `EEXIST` if the name is taken, or whatever else the operating system refuses.
    fn create_named(name: &str, size: usize, fill: &mut dyn FnMut(*mut u8)) -> io::Result<Self::Segment>;

    /// Opens memory that has a name.
    ///
    /// # Errors
    /// `ENOENT` if there is none, or whatever else the operating system refuses.
    fn open_named(name: &str) -> io::Result<Self::Segment>;

    /// Takes a name away; who has the memory open keeps it.
    ///
    /// # Errors
    /// `ENOENT` if there is no such name, or whatever else the operating system refuses.
    fn unlink_named(name: &str) -> io::Result<()>;

    /// Lets `nanos` pass on the platform's clock.
    fn sleep(nanos: u64, site: Self::Site);

    /// Ends the calling process with `code`, running nothing else.
    fn exit(code: i32) -> !;

    /// The number of the calling process: its pid, or a logical number under a
    /// scheduler.
    fn process_id() -> u32;
}
