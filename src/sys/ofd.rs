//! Locks of open files: shared or exclusive, on the whole file, kept by the kernel.
//!
//! Called by [`Native`](crate::platform::Native) and by the harness, for
//! [`FileLock`](crate::sync::FileLock).
//!
//! | who has the lock | whether another open of the file gets it shared | exclusive |
//! |---|---|---|
//! | nobody | yes | yes |
//! | some, shared | yes | no |
//! | one, exclusive | no | no |
//!
//! 1. The lock belongs to the open file description, and not to a process: whoever opened
//!    the file once has one lock, and all copies of the descriptor stand for it.
//! 2. The kernel keeps no pid for it (`F_OFD_GETLK` and `/proc/locks` say -1), so
//!    [`holders`] asks every process of which it may whether one of its descriptors
//!    carries the lock: `/proc/PID/fdinfo` says so.
//!
//! When a process dies, its descriptors are closed, and with the last copy of a
//! descriptor goes its lock.
//!
//! Sources: fcntl(2), "Open file description locks"; proc_pid_fdinfo(5).

use nix::errno::Errno;
use nix::libc;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is wanted of a file.
fn request(exclusive: Option<bool>) -> libc::flock {
    let kind = match exclusive {
        Some(true) => libc::F_WRLCK,
        Some(false) => libc::F_RDLCK,
        None => libc::F_UNLCK,
    };
    // The whole file, however long it becomes. The pid must be 0.
    libc::flock { l_type: kind as i16, l_whence: libc::SEEK_SET as i16, l_start: 0, l_len: 0, l_pid: 0 }
}

fn ask(fd: BorrowedFd<'_>, command: i32, flock: &mut libc::flock) -> io::Result<()> {
    loop {
        // SAFETY: the descriptor is open, and `flock` is valid for reads and writes.
        let result = unsafe { libc::fcntl(fd.as_raw_fd(), command, &raw mut *flock) };
        match Errno::result(result) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Takes the lock, or turns the one that is held into the other kind, waiting as long as it
/// takes.
///
/// # Errors
/// `EBADF` if the descriptor cannot be written to (for an exclusive lock) or read from (for
/// a shared one), or whatever else fcntl(2) refuses.
pub fn lock(fd: BorrowedFd<'_>, exclusive: bool) -> io::Result<()> {
    ask(fd, libc::F_OFD_SETLKW, &mut request(Some(exclusive)))
}

/// The same without waiting; false if another open of the file is in the way.
///
/// # Errors
/// As for [`lock`].
pub fn try_lock(fd: BorrowedFd<'_>, exclusive: bool) -> io::Result<bool> {
    match ask(fd, libc::F_OFD_SETLK, &mut request(Some(exclusive))) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether [`try_lock`] would succeed. A descriptor that cannot be asked counts as free:
/// the attempt itself will say what is wrong.
#[must_use]
pub fn is_free(fd: BorrowedFd<'_>, exclusive: bool) -> bool {
    let mut flock = request(Some(exclusive));
    ask(fd, libc::F_OFD_GETLK, &mut flock).is_err() || flock.l_type == libc::F_UNLCK as i16
}

/// Gives the lock back, whichever kind it is. Without one, nothing happens.
///
/// # Errors
/// Whatever fcntl(2) refuses.
pub fn unlock(fd: BorrowedFd<'_>) -> io::Result<()> {
    ask(fd, libc::F_OFD_SETLK, &mut request(None))
}

/// The processes that have a lock on this file, as far as the caller may ask: its own
/// user's, and as root all. Several have one lock in common if one of them forked while
/// it had it. It takes some milliseconds, and the answer may be old when it comes.
#[must_use]
pub fn holders(fd: BorrowedFd<'_>) -> Vec<u32> {
    let own = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let Ok(file) = fs::metadata(own) else { return Vec::new() };
    let inode = format!(":{}", file.ino());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut holders: Vec<u32> = numbers.filter(|&pid| holds(pid, &file, &inode)).collect();
    holders.sort_unstable();
    holders
}

fn holds(pid: u32, file: &fs::Metadata, inode: &str) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    // Only the file in question is looked into: most processes do not have it open.
    let same = descriptors.filter(|fd| {
        fs::metadata(fd.path()).is_ok_and(|other| (other.dev(), other.ino()) == (file.dev(), file.ino()))
    });
    let is_lock = |line: &str| {
        line.starts_with("lock:")
            && line.contains("OFDLCK")
            && line.split(' ').any(|word| word.ends_with(inode))
    };
    same.into_iter().any(|fd| {
        let text = fs::read_to_string(process.join("fdinfo").join(fd.file_name()));
        text.is_ok_and(|text| text.lines().any(is_lock))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusty_fork::rusty_fork_test;
    use std::os::fd::AsFd;

    rusty_fork_test! {
        #![rusty_fork(timeout_ms = 600_000)]

        // In a process of its own: what a test beside it forks has copies of these opens.
        #[test]
        fn one_open_of_a_file_excludes_another() {
            let path = std::env::temp_dir().join(format!("selvedge-ofd-{}", std::process::id()));
            let open =
                || fs::File::options().create(true).truncate(false).read(true).write(true).open(&path).unwrap();
            let (one, two) = (open(), open());
            fs::remove_file(&path).unwrap();
            lock(one.as_fd(), false).unwrap();
            assert!(try_lock(two.as_fd(), false).unwrap(), "two may share it");
            assert!(!try_lock(two.as_fd(), true).unwrap() && !is_free(two.as_fd(), true));
            unlock(one.as_fd()).unwrap();
            assert!(try_lock(two.as_fd(), true).unwrap() && !is_free(one.as_fd(), false));
            assert_eq!(holders(one.as_fd()), [std::process::id()]);
            drop(two);
            assert!(is_free(one.as_fd(), true) && holders(one.as_fd()).is_empty());
        }
    }
}
