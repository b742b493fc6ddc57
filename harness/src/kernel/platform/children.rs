//! A handle of a started task, as the primitives meet it: waiting for its end, asking
//! whether it has ended, sending it a signal.
//!
//! Outside an exploration it is a handle of the native platform.

use super::checked::perform;
use super::handlers;
use crate::kernel::data::current;
use crate::kernel::data::state::Mode;
use crate::kernel::data::task::{Role, Task, logical_id};
use crate::kernel::tasks::outside;
use nix::sys::signal::Signal;
use selvedge::platform::{Child, Cmp, Guard, Kind, Op, Site};
use selvedge::process::ExitStatus;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A child of the checked platform: a task of an exploration, or a native child.
pub struct CheckedChild<N>(pub(super) Inner<N>);

// Small, because a handle is moved from hand to hand: what is large is boxed.
pub(super) enum Inner<N> {
    Native(Box<N>),
    Task(TaskChild),
}

pub(super) struct TaskChild {
    task: u32,
    /// The operating system keeps nothing of it: in `real`, its process was waited for, or
    /// its thread joined.
    reaped: AtomicBool,
    /// `real`: the thread, to be joined for good at the end.
    pub(super) thread: Option<Box<Thread>>,
}

type Thread = Mutex<Option<std::thread::JoinHandle<()>>>;

impl<N> std::fmt::Debug for CheckedChild<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Inner::Native(_) => f.write_str("CheckedChild(native)"),
            Inner::Task(child) => write!(f, "CheckedChild(task {})", child.task),
        }
    }
}

fn decode(status: i32) -> ExitStatus {
    if status < 0 { ExitStatus::Signal(-status) } else { ExitStatus::Code(status) }
}

fn no_exploration() -> io::Error {
    io::Error::other("this task belongs to an exploration that is over")
}

impl<N: Child> Child for CheckedChild<N> {
    fn id(&self) -> u32 {
        match &self.0 {
            Inner::Native(child) => child.id(),
            Inner::Task(child) => logical_id(child.task as usize),
        }
    }

    #[inline(always)]
    fn wait(&self, deadline: Option<u64>, site: impl Site) -> io::Result<Option<ExitStatus>> {
        match &self.0 {
            Inner::Native(child) => match (deadline, outside::patience()) {
                (None, until @ Some(_)) => match child.wait(until, site)? {
                    None => outside::accuse_at("join", site.location()),
                    ended => Ok(ended),
                },
                _ => child.wait(deadline, site),
            },
            Inner::Task(child) => child.wait(deadline, site.location()),
        }
    }

    fn rename(&self, name: &str) {
        if let Inner::Task(child) = &self.0 {
            child.rename(name);
        }
    }

    fn has_ended(&self) -> bool {
        match &self.0 {
            Inner::Native(child) => child.has_ended(),
            Inner::Task(child) => {
                let this = current::get();
                // SAFETY: a current kernel is alive, and the caller has the turn.
                this.is_null() || unsafe { (*this).has_ended(child.task as usize) }
            }
        }
    }

    fn sentinel(&self) -> io::Result<BorrowedFd<'_>> {
        match &self.0 {
            Inner::Native(child) => child.sentinel(),
            Inner::Task(_) => {
                let text = "a process of an exploration has no descriptor (ENOTSUP); join it";
                Err(io::Error::new(io::ErrorKind::Unsupported, text))
            }
        }
    }

    fn last_words(&self) -> Option<String> {
        match &self.0 {
            Inner::Native(child) => child.last_words(),
            Inner::Task(_) => None,
        }
    }

    fn signal(&self, signal: Signal, site: impl Site) -> io::Result<()> {
        match &self.0 {
            Inner::Native(child) => child.signal(signal, site),
            Inner::Task(child) => child.signal(signal, site.location()),
        }
    }
}

impl TaskChild {
    /// A new one, of which nothing is left to take away in `sim`.
    pub(super) fn new(task: usize, mode: Mode) -> TaskChild {
        TaskChild { task: task as u32, reaped: AtomicBool::new(mode == Mode::Sim), thread: None }
    }

    /// Gives it another name; it runs already, or has ended.
    fn rename(&self, name: &str) {
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if let Some(kernel) = unsafe { current::get().as_mut() }
            && self.task < kernel.tasks
        {
            kernel.task(self.task as usize).name.set(name);
        }
    }

    /// Takes the zombie or the ended thread away.
    #[inline]
    fn reap(&self, task: &Task) {
        if self.reaped.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(thread) = &self.thread {
            let thread = thread.lock().ok().and_then(|mut thread| thread.take());
            if let Some(thread) = thread {
                // Its panic, if any, is a finding already.
                let _ = thread.join();
            }
        } else {
            // Somebody else's child is reaped by the controller.
            selvedge::sys::process::reap(task.pid());
        }
    }

    #[inline(always)]
    fn wait(
        &self,
        deadline: Option<u64>,
        site: &'static Location<'static>,
    ) -> io::Result<Option<ExitStatus>> {
        let this = current::get();
        if this.is_null() {
            return Err(no_exploration());
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &*this };
        let word = &kernel.task(self.task as usize).ended;
        let object = std::ptr::from_ref(word) as usize;
        let now = kernel.clock;
        let has_ended = || word.load(Ordering::Relaxed) == 1;
        let ended = if deadline.is_some_and(|deadline| deadline <= now) {
            // SAFETY: as above.
            !unsafe { perform(this, || Op::new(Kind::Read, "is_alive", object, site), || !has_ended()) }
        } else {
            let guard = Guard::on(word, !0, Cmp::Eq, 1);
            let op = || Op::new(Kind::Join, "join", object, site).when(guard).until(deadline);
            // SAFETY: as above.
            unsafe { perform(this, op, has_ended) }
        };
        if !ended {
            return Ok(None);
        }
        // SAFETY: as above.
        unsafe { (*this).order_join(self.task as usize) };
        if !self.reaped.load(Ordering::Relaxed) {
            self.reap(kernel.task(self.task as usize));
        }
        Ok(Some(decode(kernel.task(self.task as usize).status)))
    }

    fn signal(&self, signal: Signal, site: &'static Location<'static>) -> io::Result<()> {
        let this = current::get();
        if this.is_null() {
            return Err(no_exploration());
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &*this };
        if kernel.task(self.task as usize).role == Role::Thread {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a thread cannot be sent a signal of its own",
            ));
        }
        // SAFETY: as above.
        unsafe { handlers::send(this, self.task as usize, signal, site) }
    }
}
