//! Descriptors that a forked child must not keep: as long as one copy of a connection is open,
//! its other end does not learn that the process which made it is dead.
//!
//! Called by a manager's link, through its platform.
//!
//! | a place holds | in the process that wrote it | in a child, as it is forked |
//! |---|---|---|
//! | nothing | | nothing happens |
//! | a descriptor | keeps it | its number stands for `/dev/null` from then on |
//!
//! 1. A number is never free in the child while something there may still close it: it is made
//!    to stand for something else, in one step, and not closed.
//! 2. What the child does to that end is safe there whatever other threads of the parent did:
//!    system calls, and loads of words that are never freed.
//! 3. A place is emptied before its descriptor is closed.
//!
//! Only a fork by the C library is noticed, as all of this crate's are. A process that was
//! executed has no copies at all.
//!
//! When a process dies here, its descriptors are closed, and no child of it has them open.
//!
//! Sources: pthread_atfork(3), dup(2).

use nix::errno::Errno;
use nix::libc;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Once, OnceLock};

const NONE: RawFd = -1;
/// What stands in the place of a descriptor; opened once, by the parent.
static NOTHING: OnceLock<File> = OnceLock::new();
static FIRST: Block = Block::new();

/// Some places, and where there are more.
struct Block {
    places: [AtomicI32; 32],
    next: OnceLock<Box<Block>>,
}

impl Block {
    const fn new() -> Block {
        Block { places: [const { AtomicI32::new(NONE) }; 32], next: OnceLock::new() }
    }

    /// Writes a descriptor into a place that holds nothing.
    fn put(&'static self, fd: RawFd) -> &'static AtomicI32 {
        let free = |place: &&AtomicI32| place.compare_exchange(NONE, fd, Relaxed, Relaxed).is_ok();
        self.places
            .iter()
            .find(free)
            .unwrap_or_else(|| self.next.get_or_init(|| Box::new(Block::new())).put(fd))
    }
}

/// The mark that a forked child must not keep a descriptor, until this is dropped. That is to
/// be before the descriptor is closed.
#[derive(Debug)]
pub struct NotInherited(&'static AtomicI32);

impl NotInherited {
    /// Marks this descriptor.
    ///
    /// # Errors
    /// If there is no `/dev/null`, or no memory for the handler of forks.
    pub fn mark(fd: BorrowedFd<'_>) -> io::Result<NotInherited> {
        static FORK: Once = Once::new();
        if NOTHING.get().is_none() {
            let _ = NOTHING.set(File::open("/dev/null")?);
        }
        let mut arranged = Ok(());
        FORK.call_once(|| {
            // SAFETY: the handler does nothing but what is safe in a forked child (invariant 2).
            let refused = unsafe { libc::pthread_atfork(None, None, Some(let_go)) };
            if refused != 0 {
                arranged = Err(Errno::from_raw(refused).into());
            }
        });
        arranged.map(|()| NotInherited(FIRST.put(fd.as_raw_fd())))
    }
}

impl Drop for NotInherited {
    fn drop(&mut self) {
        self.0.store(NONE, Relaxed);
    }
}

/// In a forked child: what was marked is the parent's.
extern "C" fn let_go() {
    let Some(nothing) = NOTHING.get() else { return };
    let mut block = Some(&FIRST);
    while let Some(this) = block {
        for place in &this.places {
            let fd = place.load(Relaxed);
            if fd != NONE {
                // SAFETY: dup3(2) takes numbers. The one is a copy of a descriptor that this
                // process does not use (invariant 1); nobody else can be told if it fails.
                let _ = unsafe { libc::dup3(nothing.as_raw_fd(), fd, libc::O_CLOEXEC) };
            }
        }
        block = this.next.get().map(Box::as_ref);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    /// Whether a child keeps both ends of many connections, of which the one end is `marked`.
    #[test]
    fn a_child_keeps_what_was_not_marked() {
        let mut pairs: Vec<_> = (0..100).map(|_| UnixStream::pair().unwrap()).collect();
        let marks: Vec<_> = pairs.iter().map(|(one, _)| NotInherited::mark(one.as_fd()).unwrap()).collect();
        let (mut end, mut told) = UnixStream::pair().unwrap();
        let child = process::fork(move || {
            drop(end.read(&mut [0]));
            0
        })
        .unwrap();
        // The parent's still work, and are the last.
        for (one, other) in &mut pairs {
            one.write_all(b"a").unwrap();
            other.read_exact(&mut [0]).unwrap();
        }
        drop(marks);
        for (one, mut other) in pairs {
            drop(one);
            assert_eq!(other.read(&mut [0]).unwrap(), 0, "the child has a copy");
        }
        told.write_all(b"e").unwrap();
        assert!(child.wait(None).unwrap().unwrap().success());
        assert!(FIRST.places.iter().all(|place| place.load(Relaxed) == NONE), "all places are free");
    }
}
