//! A lock on a file, between whoever opens it: processes that share nothing else.
//!
//! Called by programs that agree on a path and not on memory.
//!
//! | state of the file | `lock` | `lock_shared` |
//! |---|---|---|
//! | free | a guard | a guard |
//! | locked shared by others | waits | a guard |
//! | locked by another | waits | waits |
//!
//! 1. A [`FileLock`] is one open of the file, and has at most one guard: threads have one
//!    each. One that comes into a forked child opens the file anew there before it locks, so that
//!    parent and child exclude each other.
//! 2. A guard gives back only what its own process took: a copy that came into a forked
//!    child gives back nothing.
//! 3. The lock is advisory: who does not ask for it is not kept out. The content of the
//!    file means nothing, and the lock writes nothing.
//!
//! A wait with a deadline looks again and again, at least a thousand times a second: the
//! kernel has none. A wait without one is the kernel's own, in the order of coming.
//!
//! When a process dies here, at whatever instruction, the kernel closes its files, and the
//! next one gets the lock; nobody is told that the last holder died. There is one limit: a
//! child that was forked while its parent had the lock has a copy of the descriptor. It
//! keeps the lock of its dead parent until it ends, calls `execve`, or locks the file itself.
//!
//! Sources: fcntl(2), "Open file description locks". Who has the lock the kernel does not
//! say; see [`ofd::holders`](crate::sys::ofd::holders) for how it is found.

use crate::Error;
use crate::platform::{Call, Io, Kind, Native, Open, Site};
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One open of a file that can be locked.
///
/// ```
/// use selvedge::{Error, FileLock};
///
/// let path = std::env::temp_dir().join(format!("selvedge-{}.lock", std::process::id()));
/// let (mut one, mut two) = (FileLock::open(&path)?, FileLock::open(&path)?);
/// let guard = one.lock()?;
/// match two.try_lock() {
///     Err(Error::Locked { holders, .. }) => assert_eq!(holders, [std::process::id()]),
///     other => panic!("the first one has it, but: {other:?}"),
/// };
/// drop(guard);
/// assert!(two.try_lock().is_ok());
/// # std::fs::remove_file(path).map_err(|source| Error::Os { operation: "unlink", source })?;
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "flock")]
pub struct FileLock<P: Io = Native> {
    file: Open<File, P>,
    path: PathBuf,
    /// The process that opened it.
    process: u32,
}

/// The lock of a file, until it is dropped. It dereferences to the open file.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct FileLockGuard<'a, P: Io = Native> {
    lock: &'a FileLock<P>,
    site: P::Site,
}

/// What locking a file comes to.
pub type FileLockResult<'a, P = Native> = Result<FileLockGuard<'a, P>, Error>;

/// Asks once, and waits for nothing.
const NOW: Option<u64> = Some(0);

impl<P: Io> FileLock<P> {
    /// Opens the file at `path` for reading and writing, and creates it if there is none.
    ///
    /// # Errors
    /// [`Error::Os`] with what open(2) refuses.
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        P::made("FileLock");
        let options = File::options().read(true).write(true).create(true).truncate(false).clone();
        let file = options.open(path.as_ref()).map_err(Error::os("open"))?;
        let (file, path) = (Open::new(file), path.as_ref().to_owned());
        Ok(FileLock { file, path, process: std::process::id() })
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Locks the file for the caller alone, waiting as long as it takes.
    ///
    /// # Errors
    /// [`Error::Os`] with what the operating system refuses.
    #[track_caller]
    pub fn lock(&mut self) -> FileLockResult<'_, P> {
        self.take(true, None, P::Site::here())
    }

    /// Locks the file for the caller alone, if nobody has it.
    ///
    /// # Errors
    /// [`Error::Locked`] with the pids of those who have it, or as [`lock`](Self::lock).
    #[track_caller]
    pub fn try_lock(&mut self) -> FileLockResult<'_, P> {
        self.take(true, NOW, P::Site::here())
    }

    /// As [`lock`](Self::lock), but no longer than until `deadline` (nanoseconds on the
    /// platform's clock).
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    #[track_caller]
    pub fn lock_until(&mut self, deadline: u64) -> FileLockResult<'_, P> {
        self.take(true, Some(deadline), P::Site::here())
    }

    /// As [`lock`](Self::lock), but not much longer than `timeout`.
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    #[track_caller]
    pub fn try_lock_for(&mut self, timeout: Duration) -> FileLockResult<'_, P> {
        self.take(true, Some(P::deadline(timeout)), P::Site::here())
    }

    /// Locks the file together with others who share it, waiting as long as it takes.
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    #[track_caller]
    pub fn lock_shared(&mut self) -> FileLockResult<'_, P> {
        self.take(false, None, P::Site::here())
    }

    /// Locks the file together with others, if nobody has it alone.
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    #[track_caller]
    pub fn try_lock_shared(&mut self) -> FileLockResult<'_, P> {
        self.take(false, NOW, P::Site::here())
    }

    /// As [`lock_shared`](Self::lock_shared), but no longer than until `deadline`
    /// (nanoseconds on the platform's clock).
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    #[track_caller]
    pub fn lock_shared_until(&mut self, deadline: u64) -> FileLockResult<'_, P> {
        self.take(false, Some(deadline), P::Site::here())
    }

    /// As [`lock_shared`](Self::lock_shared), but not much longer than `timeout`.
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    #[track_caller]
    pub fn try_lock_shared_for(&mut self, timeout: Duration) -> FileLockResult<'_, P> {
        self.take(false, Some(P::deadline(timeout)), P::Site::here())
    }

    fn take(&mut self, exclusive: bool, deadline: Option<u64>, site: P::Site) -> FileLockResult<'_, P> {
        self.own().map_err(Error::os("open"))?;
        let name = if exclusive { "lock" } else { "lock shared" };
        let kind = if deadline == NOW { Kind::TryAcquire } else { Kind::Acquire };
        let call = Call { kind, name, fd: self.file.as_fd(), site };
        if P::lock_file(call, exclusive, deadline).map_err(Error::os("fcntl"))? {
            return Ok(FileLockGuard { lock: self, site });
        }
        Err(Error::Locked { path: self.path.clone(), holders: P::lock_holders(self.file.as_fd()) })
    }

    /// Invariant 1: in a forked child, an open of its own.
    fn own(&mut self) -> io::Result<()> {
        if self.process != std::process::id() {
            // By the descriptor, and not by the path, which may be another file by now.
            let same = format!("/proc/self/fd/{}", self.file.as_raw_fd());
            let file = File::options().read(true).write(true).open(same)?;
            self.file = Open::new(file);
            self.process = std::process::id();
        }
        Ok(())
    }
}

impl<P: Io> Deref for FileLockGuard<'_, P> {
    type Target = File;

    fn deref(&self) -> &File {
        &self.lock.file
    }
}

impl<P: Io> Drop for FileLockGuard<'_, P> {
    fn drop(&mut self) {
        // Invariant 2.
        if self.lock.process == std::process::id() {
            let fd = self.lock.file.as_fd();
            let call = Call { kind: Kind::Release, name: "unlock", fd, site: self.site };
            // The operating system refuses to unlock only what is not open.
            let _ = P::unlock_file(call);
        }
    }
}

impl<P: Io> fmt::Debug for FileLock<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLock").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<P: Io> fmt::Debug for FileLockGuard<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLockGuard").field("path", &self.lock.path).finish_non_exhaustive()
    }
}
