//! Memory that has a name: files of the file system that lives in memory.
//!
//! Called by [`Native`](crate::platform::Native) for named segments, and by
//! [`shm`](crate::shm) to find and remove those of programs that are gone.
//!
//! | state | name | content |
//! |---|---|---|
//! | being made | none yet | being written, by its maker alone |
//! | there | `/dev/shm/selvedge.NAME` | complete |
//! | unlinked | free again | still there for those who have it open |
//!
//! 1. An object gets its name after its content is complete, in one action of the kernel,
//!    which refuses a name that is taken: nobody ever opens half an object.
//! 2. Its size never changes.
//! 3. Whoever has it open has a shared lock on it, which the kernel gives back with the last
//!    descriptor. Who gets it alone knows that nobody has it open.
//! 4. Names are removed under a lock on the directory, so that what is removed is what was
//!    looked at: a name that is taken can only become another object by being removed first.
//!
//! When a process dies here, at whatever instruction, there is either no name and no
//! object, or a complete object, and the kernel gives its locks back.
//!
//! Sources: open(2) on `O_TMPFILE`; linkat(2); flock(2); shm_overview(7).

use super::memory::Mapping;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::libc;
use nix::unistd::linkat;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

const FOLDER: &str = "/dev/shm";
/// What the names of our files begin with, so that nothing else is ever touched.
const PREFIX: &str = "selvedge.";
/// The longest name in bytes.
pub const LONGEST_NAME: usize = 255 - PREFIX.len();

fn path(name: &str) -> PathBuf {
    PathBuf::from(format!("{FOLDER}/{PREFIX}{name}"))
}

/// Makes an object of `size` bytes, has `fill` write what must be there before others see
/// it, and gives it its name.
///
/// # Errors
/// `EEXIST` if the name is taken, or whatever else open(2), fallocate(2), mmap(2) or
/// linkat(2) refuse.
pub fn create(name: &str, size: usize, fill: impl FnOnce(*mut u8)) -> io::Result<Mapping> {
    let mut options = File::options();
    options.read(true).write(true).mode(0o600).custom_flags(OFlag::O_TMPFILE.bits());
    let file = options.open(FOLDER)?;
    let length = libc::off_t::try_from(size).map_err(|_| io::Error::from(Errno::EFBIG))?;
    // Asks for the memory now: who finds out later finds out by SIGBUS.
    nix::fcntl::posix_fallocate(&file, 0, length)?;
    lock(&file, libc::LOCK_SH)?;
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mapping = Mapping::of_file(file, size)?;
    fill(mapping.base());
    linkat(AT_FDCWD, own.as_str(), AT_FDCWD, &path(name), AtFlags::AT_SYMLINK_FOLLOW)?;
    Ok(mapping)
}

/// Opens an object, whole.
///
/// # Errors
/// `ENOENT` if there is none, or whatever else open(2) or mmap(2) refuse.
pub fn open(name: &str) -> io::Result<Mapping> {
    let file = File::options().read(true).write(true).open(path(name))?;
    lock(&file, libc::LOCK_SH)?;
    let metadata = file.metadata()?;
    if metadata.nlink() == 0 {
        // It was removed before we had the lock.
        return Err(Errno::ENOENT.into());
    }
    Mapping::of_file(file, usize::try_from(metadata.len()).map_err(io::Error::other)?)
}

/// Takes the name away. The object stays for those who have it open.
///
/// # Errors
/// `ENOENT` if there is no such name, or whatever else unlink(2) refuses.
pub fn unlink(name: &str) -> io::Result<()> {
    let _folder = folder()?;
    fs::remove_file(path(name))
}

/// The names of all objects.
///
/// # Errors
/// Whatever the operating system refuses.
pub fn names() -> io::Result<Vec<String>> {
    let entries = fs::read_dir(FOLDER)?.filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned)).collect())
}

/// Removes an object that nobody has open if `doomed` says so of its first `N` bytes, and
/// says whether it did. One that is shorter, or that is not the caller's, stays.
///
/// # Errors
/// Whatever the operating system refuses, except that the object is gone by itself.
pub fn remove_if<const N: usize>(name: &str, doomed: impl FnOnce(&[u8; N]) -> bool) -> io::Result<bool> {
    let Ok(file) = File::options().read(true).write(true).open(path(name)) else { return Ok(false) };
    let mut start = [0; N];
    // What is alive is left alone without a lock: nobody who opens it shall wait.
    if file.read_exact_at(&mut start, 0).is_err() || !doomed(&start) {
        return Ok(false);
    }
    let _folder = folder()?;
    if lock(&file, libc::LOCK_EX | libc::LOCK_NB).is_err() {
        return Ok(false);
    }
    // Invariant 4.
    let (ours, named) = (file.metadata()?, fs::metadata(path(name)));
    let same = named.is_ok_and(|named| (named.dev(), named.ino()) == (ours.dev(), ours.ino()));
    let removed = if same { fs::remove_file(path(name)).map(|()| true) } else { Ok(false) };
    // A child that is being forked by another thread may have a copy of the descriptor.
    lock(&file, libc::LOCK_UN)?;
    removed
}

/// The directory, locked as long as this is open.
fn folder() -> io::Result<File> {
    let folder = File::open(FOLDER)?;
    lock(&folder, libc::LOCK_EX)?;
    Ok(folder)
}

fn lock(file: &File, how: i32) -> io::Result<()> {
    loop {
        // SAFETY: a system call on a descriptor that is open.
        match Errno::result(unsafe { libc::flock(file.as_raw_fd(), how) }) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusty_fork::rusty_fork_test;

    // In processes of their own: what a test beside them forks has copies of these descriptors,
    // and with them the locks.
    rusty_fork_test! {
        #![rusty_fork(timeout_ms = 600_000)]

        #[test]
        fn an_object_has_one_name_and_outlives_it() {
            let name = format!("object-{}", std::process::id());
            // SAFETY: the first of ten bytes, which nobody else has yet.
            let one = create(&name, 10, |base| unsafe { base.write(7) }).unwrap();
            let taken = create(&name, 10, |_| ()).unwrap_err();
            assert_eq!(taken.raw_os_error(), Some(libc::EEXIST));
            let two = open(&name).unwrap();
            assert_eq!((two.size(), names().unwrap().contains(&name)), (10, true));
            assert!(!remove_if::<1>(&name, |_| true).unwrap(), "it is open");
            unlink(&name).unwrap();
            assert_eq!(unlink(&name).unwrap_err().raw_os_error(), Some(libc::ENOENT));
            assert_eq!(open(&name).unwrap_err().raw_os_error(), Some(libc::ENOENT));
            drop(one);
            // SAFETY: as above; the other handle is gone.
            assert_eq!(unsafe { two.base().read() }, 7);
        }

        #[test]
        fn what_nobody_has_open_is_removed_if_it_shall_be() {
            let name = format!("doomed-{}", std::process::id());
            drop(create(&name, 10, |_| ()).unwrap());
            assert!(!remove_if::<11>(&name, |_| true).unwrap(), "it has ten bytes only");
            assert!(!remove_if::<10>(&name, |_| false).unwrap());
            assert!(remove_if::<10>(&name, |_| true).unwrap());
            assert!(!remove_if::<10>(&name, |_| true).unwrap(), "it is gone");
        }
    }
}
