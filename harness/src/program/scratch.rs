//! A folder for the files of a program under exploration.
//!
//! Called by programs that use real files. Each worker of an exploration has one
//! folder, which all tasks of its executions see: the fibers of its thread, or the
//! processes that its controller forks. Two workers never see each other's files.
//!
//! | engine | reserved by | found by tasks through |
//! |---|---|---|
//! | sim | the engine, for the thread it runs in | that thread |
//! | real, wild | the controller, for its process | what a fork copies |
//!
//! 1. The name is `selvedge-PID-N` in the folder for temporary files; it is fixed
//!    before anything is forked, and made when it is first asked for.
//! 2. The folder is removed when its worker ends.
//!
//! When a worker is killed, whoever started it removes its folder; when everybody is
//! killed, the next exploration that uses a folder sweeps those of dead processes.

use crate::Error;
use crate::engine::real::status_if_dead;
use crate::kernel::panic::refuse;
use std::cell::Cell;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A folder's name as one word: the process in the high half, a number in the low
/// one; 0 is none. A word, because a lock could be held while another thread forks.
type Name = u64;

thread_local! {
    static OF_THREAD: Cell<Name> = const { Cell::new(0) };
}
static OF_PROCESS: AtomicU64 = AtomicU64::new(0);

fn name(pid: u32, number: u32) -> Name {
    u64::from(pid) << 32 | u64::from(number)
}

fn path(name: Name) -> PathBuf {
    std::env::temp_dir().join(format!("selvedge-{}-{}", name >> 32, name & 0xFFFF_FFFF))
}

/// The folder of this worker's tasks, which exists now.
///
/// Files stay from one execution to the next: a program writes those that it begins
/// with in its `init`. Outside an exploration the folder belongs to the process and
/// is swept some time after it ended.
///
/// # Panics
/// If the folder cannot be made. Of an exploration that is the end: an error that names the
/// variable `TMPDIR`.
#[track_caller]
pub fn scratch() -> PathBuf {
    let mut current = OF_THREAD.get();
    if current == 0 {
        current = OF_PROCESS.load(Ordering::Relaxed);
    }
    if current == 0 {
        current = name(std::process::id(), 0);
        OF_PROCESS.store(current, Ordering::Relaxed);
    }
    let path = path(current);
    match fs::create_dir(&path) {
        Ok(()) => sweep(),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => refuse(unwritable(&error).to_string()),
    }
    path
}

/// Whether programs can have folders here.
pub(crate) fn check() -> Result<(), Error> {
    let path = path(name(std::process::id(), 0));
    fs::create_dir(&path).and_then(|()| fs::remove_dir(&path)).map_err(|error| unwritable(&error))
}

/// What is wrong with the folder for temporary files, and what would be right.
fn unwritable(error: &std::io::Error) -> Error {
    let folder = std::env::temp_dir();
    let folder = folder.display();
    Error::Usage(format!(
        "TMPDIR: the folder for temporary files, {folder}, cannot be written to: {error}; name one that can"
    ))
}

/// A reserved folder, removed when this is dropped.
pub(crate) struct Scratch {
    name: Name,
    before: Name,
}

impl Scratch {
    /// For the executions that this thread runs as fibers.
    pub(crate) fn of_thread() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = name(std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Scratch { name, before: OF_THREAD.replace(name) }
    }

    /// For the processes that this process forks.
    pub(crate) fn of_process() -> Scratch {
        let name = name(std::process::id(), 0);
        OF_THREAD.set(name);
        Scratch { name, before: OF_PROCESS.swap(name, Ordering::Relaxed) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(path(self.name));
        OF_THREAD.set(self.before);
    }
}

/// Removes the folder of a controller that was killed.
pub(crate) fn remove_of(pid: u32) {
    let _ = fs::remove_dir_all(path(name(pid, 0)));
}

/// Removes all folders of processes that are dead.
pub(crate) fn remove_all_of(dead: &[u32]) {
    remove_where(&std::env::temp_dir(), |pid| dead.contains(&pid));
}

/// Removes the folders of processes that no longer exist.
pub(crate) fn sweep() {
    sweep_in(&std::env::temp_dir());
}

fn sweep_in(folder: &Path) {
    // A dead process that nobody has reaped still has its number.
    remove_where(folder, |pid| status_if_dead(pid).is_some());
}

fn remove_where(folder: &Path, condemned: impl Fn(u32) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if owner(&entry.path()).is_some_and(&condemned) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The process whose folder this is, judged by its name.
fn owner(path: &Path) -> Option<u32> {
    let (pid, number) = path.file_name()?.to_str()?.strip_prefix("selvedge-")?.split_once('-')?;
    number.parse::<u32>().ok()?;
    pid.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lives_as_long_as_its_worker() {
        std::thread::spawn(|| {
            let worker = Scratch::of_thread();
            let folder = scratch();
            assert_eq!(folder, scratch());
            fs::write(folder.join("db"), "1").unwrap();
            assert_eq!(owner(&folder), Some(std::process::id()));
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let other = Scratch::of_thread();
                    assert_ne!(scratch(), folder);
                    drop(other);
                });
            });
            assert!(folder.exists());
            drop(worker);
            assert!(!folder.exists());
        })
        .join()
        .unwrap();
    }

    #[test]
    fn folders_of_the_dead_are_swept() {
        // A folder of its own: other tests sweep the one they share at any moment.
        let folder = std::env::temp_dir().join(format!("swept-{}", std::process::id()));
        let dead = folder.join("selvedge-2147483632-3");
        let alive = folder.join(format!("selvedge-{}-3", std::process::id()));
        let foreign = folder.join("selvedge-report");
        for made in [&dead.join("inner"), &alive, &foreign] {
            fs::create_dir_all(made).unwrap();
        }
        sweep_in(&folder);
        let left = [&dead, &alive, &foreign].map(|path| path.exists());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left, [false, true, true], "of the dead, the living and nobody");
    }

    #[test]
    fn an_owner_is_read_from_a_whole_name() {
        assert_eq!(owner(Path::new("/tmp/selvedge-12-0")), Some(12));
        for other in ["selvedge-report", "selvedge-12-x", "selvedge-0-1", "selvedge-12"] {
            assert_eq!(owner(&Path::new("/tmp").join(other)), None, "{other}");
        }
    }
}
