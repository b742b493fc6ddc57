//! `sim`: which process has which stream, so that its death closes them.
//!
//! Fibers share the descriptors of one process, and a killed fiber drops nothing. So the
//! `Checked` platform keeps a list of the streams of its thread: one that only the killed
//! process has used is closed for it, as the operating system would have done, and what
//! is left over after an execution is closed too. In `real` the list stays empty.
//!
//! | a stream | used by | closed by |
//! |---|---|---|
//! | lives | whoever announced a call on it | its own destructor, which takes it off the list |
//! | of a killed process | that process alone | the kernel, at the kill |
//! | lost with a fiber | nobody who lives | the engine, after the execution |
//!
//! 1. A descriptor on the list is open, and nobody else will close it unless the stream's
//!    destructor runs.
//!
//! When a process dies here that never used a stream that it was given, nobody can tell
//! that it had it: the stream stays open until the end of the execution. `real` knows.

use super::current;
use super::state::{Kernel, Mode};
use std::cell::RefCell;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A stream that fibers of this thread have open.
struct Open {
    number: u64,
    fd: i32,
    /// The processes that announced a call on it.
    users: Vec<u32>,
}

#[derive(Default)]
struct List {
    next: u64,
    open: Vec<Open>,
}

thread_local! {
    static LIST: RefCell<List> = RefCell::default();
}

/// A stream's place on the list, while the stream lives.
#[derive(Debug)]
pub struct Watched(Option<u64>);

impl Watched {
    /// Puts a stream on the list, if fibers run.
    pub(super) fn new(fd: BorrowedFd<'_>) -> Watched {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() || unsafe { (*this).mode } != Mode::Sim {
            return Watched(None);
        }
        LIST.with_borrow_mut(|list| {
            list.next += 1;
            list.open.push(Open { number: list.next, fd: fd.as_raw_fd(), users: Vec::new() });
            Watched(Some(list.next))
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // The thread may be ending, and its list with it.
        let _ = LIST.try_with(|list| {
            if let (Some(number), Ok(mut list)) = (self.0, list.try_borrow_mut()) {
                list.open.retain(|open| open.number != number);
            }
        });
    }
}

fn close(open: &Open) {
    // SAFETY: invariant 1: the stream's destructor has not run, and the fiber that could
    // have run it is gone.
    drop(unsafe { OwnedFd::from_raw_fd(open.fd) });
}

impl Kernel {
    /// The running task is about to announce a call on a descriptor.
    pub(super) fn note_user(&self, fd: BorrowedFd<'_>) {
        if self.mode == Mode::Sim {
            let process = self.task(self.current as usize).process;
            LIST.with_borrow_mut(|list| {
                for open in list.open.iter_mut().filter(|open| open.fd == fd.as_raw_fd()) {
                    if !open.users.contains(&process) {
                        open.users.push(process);
                    }
                }
            });
        }
    }

    /// `sim`: a process was killed.
    pub(super) fn close_streams_of(&self, process: u32) {
        if self.mode == Mode::Sim {
            LIST.with_borrow_mut(|list| {
                list.open.iter_mut().for_each(|open| {
                    if open.users == [process] {
                        close(open);
                        open.fd = -1;
                    }
                });
                list.open.retain(|open| open.fd != -1);
            });
        }
    }
}

/// After an execution: closes what was lost with fibers that were thrown away.
pub(crate) fn close_lost_streams() {
    LIST.with_borrow_mut(|list| list.open.drain(..).for_each(|open| close(&open)));
}
