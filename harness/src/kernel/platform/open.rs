//! `sim`: which process has which stream open.
//!
//! Fibers share the descriptors of one process. Real processes do not: a forked child has
//! its own copy of each of its parent's, and a pipe ends when the last copy is closed. So
//! the `Checked` platform keeps account of the streams of its thread. In `real` the list
//! stays empty, because the operating system keeps it.
//!
//! | what happens | what becomes of a stream |
//! |---|---|
//! | a process makes it | that process has it, and owns its value |
//! | that process forks | the child has it too, unless its closure owns it: then only the child; or unless it is withheld |
//! | its value is dropped | the owner has it no longer; the others keep it open |
//! | a process ends or is killed | it has it no longer |
//! | nobody has it | it is closed |
//! | nobody has it, but its value lives, for memory is shared here | it is closed, and the value is left a descriptor that refuses everything |
//! | the execution is over | it is closed |
//!
//! Which streams a closure owns nobody can tell but the closure itself, when it is dropped.
//! So a copy of this process is forked, drops it, and says which went: what a real parent
//! does after each fork. The answer is kept for the next execution in which the same task comes to
//! the same start, at the same source line and with the same streams open.
//!
//! 1. A descriptor on the list is open, and, unless its value lives, only the list closes it.
//! 2. The owner of a value that lives is among those who have the stream, until its process ends.
//!
//! Descriptors that are no checked streams are not on the list: they are closed when they
//! are dropped, whoever else would have inherited them.
//!
//! When a process dies here, see the table.

use crate::kernel::data::current;
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::tasks::alone::Alone;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use rustc_hash::FxHashMap;
use selvedge::platform::{Io, Native};
use selvedge::sys::ofd;
use std::cell::RefCell;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr;

/// Which stream it is: the task that made it, how many that had made before, and what kind of file
/// it is. In another order of the tasks the same stream has the same origin, but another number.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    maker: u32,
    nth: u32,
    kind: u32,
}

/// A stream that fibers of this thread have open.
struct Open {
    number: u32,
    origin: Origin,
    fd: i32,
    /// The process that has its value; none once that is gone.
    owner: Option<u32>,
    /// The processes that have it.
    holders: Vec<u32>,
    /// Forked children go without it.
    withheld: bool,
}

/// When an answer about a closure holds again: where it is started, by whom, how many children that
/// had started before, and what is open.
#[derive(PartialEq, Eq)]
struct Question {
    site: &'static Location<'static>,
    task: u32,
    nth: u32,
    open: Vec<(Origin, Option<u32>)>,
}

#[derive(Default)]
struct List {
    next: u32,
    /// How many each task has made in this execution.
    made: FxHashMap<u32, u32>,
    /// How many children each has started while streams were open.
    started: FxHashMap<u32, u32>,
    open: Vec<Open>,
    answers: Vec<(Question, Vec<Origin>)>,
}

thread_local! {
    static LIST: RefCell<List> = RefCell::default();
}

/// A stream's place on the list, while the stream lives.
#[derive(Debug)]
pub struct Watched(Option<u32>);

/// The process of the running task, if fibers run.
fn process_in_sim() -> Option<u32> {
    task_in_sim().map(|(_, process)| process)
}

/// The running task and its process, if fibers run.
fn task_in_sim() -> Option<(u32, u32)> {
    let this = current::get();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let kernel = unsafe { this.as_mut() }?;
    kernel.descriptors.listed |= kernel.mode == Mode::Sim;
    let task = kernel.current;
    (kernel.mode == Mode::Sim).then(|| (task, kernel.task(task as usize).process))
}

impl Watched {
    /// Puts a stream on the list, if fibers run.
    pub(in crate::kernel) fn new(fd: BorrowedFd<'_>) -> Watched {
        let Some((maker, process)) = task_in_sim() else { return Watched(None) };
        let kind = nix::sys::stat::fstat(fd).map_or(0, |stat| stat.st_mode & nix::libc::S_IFMT);
        LIST.with_borrow_mut(|list| {
            let (number, fd) = (list.next, fd.as_raw_fd());
            list.next += 1;
            let made = list.made.entry(maker).or_default();
            let origin = Origin { maker, nth: *made, kind };
            *made += 1;
            list.open.push(Open {
                number,
                origin,
                fd,
                owner: Some(process),
                holders: vec![process],
                withheld: false,
            });
            Watched(Some(number))
        })
    }
}

impl Drop for Watched {
    /// The value is about to be dropped, and its descriptor closed with it.
    fn drop(&mut self) {
        let this = current::get();
        if !this.is_null() {
            // SAFETY: a current kernel is alive, and the caller has the turn.
            unsafe { (*this).order_close() };
        }
        let Some(number) = self.0 else { return };
        let process = process_in_sim();
        // The thread may be ending, and its list with it.
        let _ = LIST.try_with(|list| {
            let Ok(mut list) = list.try_borrow_mut() else { return };
            let Some(at) = list.open.iter().position(|open| open.number == number) else { return };
            let open = &mut list.open[at];
            let owner = open.owner.take();
            open.holders.retain(|&holder| Some(holder) != owner && Some(holder) != process);
            if process.is_some() && !open.holders.is_empty() {
                // SAFETY: the value lives until this returns, and its descriptor is open.
                let copy = unsafe { BorrowedFd::borrow_raw(open.fd) }.try_clone_to_owned();
                if let Ok(copy) = copy {
                    open.fd = copy.into_raw_fd();
                    return;
                }
            }
            list.open.swap_remove(at);
        });
    }
}

/// What keeps a descriptor from forked children.
#[derive(Debug)]
pub struct Withheld {
    /// Where processes are real; on the list it stands beside the descriptor.
    _by_the_system: Option<<Native as Io>::Withheld>,
}

impl Withheld {
    /// Of a descriptor on the list, or, unless fibers run, of any.
    pub(in crate::kernel) fn new(fd: BorrowedFd<'_>) -> io::Result<Withheld> {
        if process_in_sim().is_none() {
            return Ok(Withheld { _by_the_system: Some(Native::withhold(fd)?) });
        }
        LIST.with_borrow_mut(|list| {
            let these = list.open.iter_mut().filter(|open| open.fd == fd.as_raw_fd());
            these.for_each(|open| open.withheld = true);
        });
        Ok(Withheld { _by_the_system: None })
    }
}

/// Closes each of those that left the list, which are not on it any more.
fn close(mut gone: Vec<Open>) {
    let is_open = |fd| LIST.with_borrow(|list| list.open.iter().any(|open| open.fd == fd));
    gone.sort_unstable_by_key(|open| open.fd);
    // Two streams may borrow one descriptor. It is closed once, and with the last: its number
    // may be somebody else's at once, on another thread.
    gone.dedup_by_key(|open| open.fd);
    for fd in gone.iter().map(|open| open.fd).filter(|&fd| !is_open(fd)) {
        // SAFETY: invariant 1: the value's destructor has not run, and the fiber that could
        // have run it is gone; or it has run, and this is the list's own copy.
        unsafe {
            // Whatever else this process forked in the meantime has copies of its
            // descriptors, and a lock would go with the last of them only. What cannot be
            // locked refuses.
            let _ = ofd::unlock(BorrowedFd::borrow_raw(fd));
            nix::libc::close(fd);
        }
    }
}

/// Closes a descriptor whose value outlives its process, forgotten or kept in memory that a real
/// process would have taken along. Its number stays taken, so that the value closes nobody else's.
fn bar(fd: i32) {
    // It can be neither read, written nor locked. Without one the stream stays open.
    let nowhere = OpenOptions::new().read(true).custom_flags(nix::libc::O_PATH).open("/");
    let Ok(nowhere) = nowhere else { return };
    // SAFETY: invariant 1: the value lives, so its descriptor is open, and nobody is left who
    // could be using it.
    unsafe {
        let _ = ofd::unlock(BorrowedFd::borrow_raw(fd));
        nix::libc::dup3(nowhere.as_raw_fd(), fd, nix::libc::O_CLOEXEC);
    }
}

/// The streams that `body` owns, by number: a copy of this process drops it and says.
fn owned_by<F>(body: &F, release: impl FnOnce()) -> Vec<u32> {
    let numbers = || LIST.with_borrow(|list| list.open.iter().map(|open| open.number).collect::<Vec<_>>());
    let before = numbers();
    let _alone = Alone::new();
    let Ok((mut reader, mut writer)) = std::io::pipe() else { return Vec::new() };
    // SAFETY: the copy only drops the closure, as a parent does after a fork, and leaves; the
    // locks of other threads that this may need (the allocator's) are the C library's
    // business.
    match unsafe { fork() } {
        Err(_) => Vec::new(),
        Ok(ForkResult::Child) => {
            // Nothing there is scheduled, and what it changes is this copy's own.
            current::set(ptr::null_mut());
            crate::kernel::tasks::panic::capture(ptr::null_mut());
            // SAFETY: the copy of the closure belongs to this copy of the process.
            let body = unsafe { ptr::read(body) };
            let _ = catch_unwind(AssertUnwindSafe(|| {
                drop(body);
                release();
            }));
            let after = numbers();
            let gone = before.into_iter().filter(|number| !after.contains(number));
            let bytes: Vec<u8> = gone.flat_map(u32::to_le_bytes).collect();
            let _ = writer.write_all(&bytes);
            selvedge::sys::process::exit_now(0);
        }
        Ok(ForkResult::Parent { child }) => {
            drop(writer);
            let mut bytes = Vec::new();
            let _ = reader.read_to_end(&mut bytes);
            while waitpid(child, None) == Err(nix::Error::EINTR) {}
            bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
        }
    }
}

/// `sim`: process `parent` forks `child`, which runs `body`; what of that the parent still
/// holds, `release` drops.
pub(in crate::kernel) fn share<F>(
    parent: u32,
    child: u32,
    body: &F,
    release: impl FnOnce(),
    site: &'static Location<'static>,
) {
    if LIST.with_borrow(|list| list.open.is_empty()) {
        return;
    }
    let Some((task, _)) = task_in_sim() else { return };
    let question = LIST.with_borrow_mut(|list| {
        let open = list.open.iter().map(|open| (open.origin, open.owner)).collect::<Vec<_>>();
        let started = list.started.entry(task).or_default();
        let nth = *started;
        *started += 1;
        Question { site, task, nth, open }
    });
    let known = LIST.with_borrow(|list| {
        list.answers.iter().find(|(other, _)| *other == question).map(|(_, moved)| moved.clone())
    });
    let moved = known.unwrap_or_else(|| {
        let numbers = owned_by(body, release);
        LIST.with_borrow_mut(|list| {
            let moved = list.open.iter().filter(|open| numbers.contains(&open.number));
            let moved: Vec<Origin> = moved.map(|open| open.origin).collect();
            list.answers.push((question, moved.clone()));
            moved
        })
    });
    LIST.with_borrow_mut(|list| {
        for open in list.open.iter_mut().filter(|open| open.holders.contains(&parent)) {
            let moves = moved.contains(&open.origin);
            if moves || !open.withheld {
                open.holders.push(child);
            }
            if moves {
                open.owner = Some(child);
                open.holders.retain(|&holder| holder != parent);
            }
        }
    });
}

impl Kernel {
    /// `sim`: a process has ended. Its values are `lost` if it did not drop them: then it
    /// was killed, or left in the middle.
    #[inline]
    pub(in crate::kernel) fn close_streams_of(&self, process: u32, lost: bool) {
        if self.descriptors.listed {
            close_streams_of(process, lost);
        }
    }
}

#[cold]
fn close_streams_of(process: u32, lost: bool) {
    close(LIST.with_borrow_mut(|list| {
        for open in &mut list.open {
            open.holders.retain(|&holder| holder != process);
            if lost {
                open.owner = open.owner.filter(|&owner| owner != process);
            }
        }
        for open in list.open.iter().filter(|open| open.owner == Some(process)) {
            let held = |other: &Open| other.fd == open.fd && !other.holders.is_empty();
            if !list.open.iter().any(held) {
                bar(open.fd);
            }
        }
        list.open.extract_if(.., |open| open.holders.is_empty() && open.owner.is_none()).collect()
    }));
}

impl Kernel {
    /// After an execution: closes what is still open, and forgets its numbers.
    #[inline]
    pub(crate) fn close_lost_streams(&mut self) {
        if self.used_descriptors() {
            self.unwatch_all();
            close_lost_streams();
        }
    }
}

#[cold]
fn close_lost_streams() {
    close(LIST.with_borrow_mut(|list| {
        list.next = 0;
        list.made.clear();
        list.started.clear();
        std::mem::take(&mut list.open)
    }));
}
