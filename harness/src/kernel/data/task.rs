//! One task as the kernel sees it: a slot of plain data in the arena.
//!
//! Written by the running task and, between steps, by the engine; since one task
//! runs at a time, no field but the hand-over word needs to be atomic.
//!
//! | state | meaning | leaves it when |
//! |---|---|---|
//! | `Free` | the slot belongs to nobody | a task is created |
//! | `Starting` | runs its code before its first operation | it announces one, or ends |
//! | `Live` | stands before an operation, or runs | it ends |
//! | `Ended` | returned, with a status | the next execution |
//! | `Vanished` | was killed: its stack is gone and nothing was dropped | the next execution |
//!
//! When a process dies here, the engine learns it from the operating system and
//! moves the slot to `Ended` or `Vanished` itself.

use super::fixed::Text;
use crate::kernel::platform::watch::Watch;
use crate::kernel::schedule::choice::Outcome;
use crate::kernel::tasks::fiber::Coroutine;
use selvedge::platform::{Cmp, Guard, Kind, Op};
use selvedge::sys::futex::MOST_WORDS;
use selvedge::sys::robust::List;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Free,
    Starting,
    Live,
    Ended,
    Vanished,
}

/// What a task is outside the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Role {
    /// A process of its own.
    Process,
    /// A thread of its parent's process.
    Thread,
}

/// The slot of a task.
#[repr(C, align(64))]
pub(crate) struct Task {
    /// The announced operation.
    pub(crate) op: Op,
    // What follows up to `alarm` begins with the same values in every execution, and stands
    // side by side: so it is written with few wide instructions.
    /// Set to 1 to hand the task its turn; the task sleeps on it in `real`.
    pub(crate) turn: AtomicU32,
    /// 1 once the task has ended: the word that a join's guard looks at.
    pub(crate) ended: AtomicU32,
    /// Steps taken when time passed for it, until it takes its next one.
    pub(crate) since: u32,
    /// Address space of the announced guard's word.
    pub(crate) space: u32,
    /// How many bytes (or connections) its announced call on a descriptor asks for; 0 if
    /// it announces none.
    pub(crate) span: u32,
    /// How it ended, as an encoded exit status.
    pub(crate) status: i32,
    /// Its process id in `real`; 0 in `sim`. Written on both sides of the fork, of which
    /// only one has the turn.
    pub(crate) pid: AtomicU32,
    pub(in crate::kernel) robust_id: u32,
    /// Of a process: the signals that it was sent and has not taken yet.
    pub(crate) pending: AtomicU32,
    /// Handlers that have run.
    pub(crate) handled: AtomicU32,
    /// The code of a dynamic task: a function and its argument, both valid until
    /// the task has announced its first operation.
    pub(crate) entry: Option<unsafe fn(*mut ())>,
    /// Of a process: when its alarm rings, and (`interval`) how long after that it rings again.
    pub(crate) alarm: u64,
    /// A task that waits for the end of this one, besides those in guard classes.
    pub(crate) joiner: u32,
    /// The step that started or woke it, until it takes its next one.
    pub(crate) cause: u32,
    /// The objects of the sleep from which it was woken last.
    pub(crate) slept: [usize; 2],
    /// The objects of the operation in the middle of which it slept last.
    pub(in crate::kernel) within: [usize; 2],
    /// The step with which another task ended it; `NOBODY` if none did.
    pub(crate) ended_by: u32,
    /// Of a thread: the address of the `ended` word of its process; else 0.
    pub(crate) lives_by: usize,
    pub(crate) state: State,
    /// The task is a member of the guard class of `op.guard`, `class`.
    pub(crate) guarded: bool,
    /// The task sleeps on the first `parked_words` of the futex words `parked_on`.
    pub(crate) parked: bool,
    /// Its sleep ended by its deadline.
    pub(crate) timed_out: bool,
    /// When woken, it goes on with `resume` instead of returning from its sleep.
    pub(crate) resumes: bool,
    /// `sim`: its fiber runs, or waits for one that it resumed itself.
    pub(crate) active: bool,
    /// It waits in the middle of its unwinding, or may do so.
    pub(crate) unwinds: bool,
    /// It panicked while another task waited in the middle of its unwinding.
    pub(crate) fell: bool,
    /// When the execution ended it could have gone on.
    pub(crate) ready: bool,
    /// Then its announced operation, which could write, would have been a mere read.
    pub(crate) reads: bool,
    /// It may be killed as a fault.
    pub(crate) victim: bool,
    /// It runs a handler at its next turn.
    pub(crate) interrupted: bool,
    /// A handler of a signal runs.
    pub(crate) handling: bool,
    /// Signals that it handles for its process, by their place in the kernel's list.
    pub(crate) handlers: u8,
    /// Signals that it has blocked, in the same way.
    pub(crate) blocked: u8,
    /// Of a process: the signals that it ignores.
    pub(crate) ignored: u8,
    pub(in crate::kernel) parked_words: u8,
    /// It is a part of the library, and not of the program.
    pub(crate) helps: bool,
    /// With what outcome it was given its last turn, where that is not plain going on.
    pub(crate) outcome: Outcome,
    pub(crate) role: Role,
    /// The task that started this one.
    pub(crate) parent: u32,
    /// The process that the task belongs to: the task itself, or its parent's.
    pub(crate) process: u32,
    /// Its guard class, while `guarded` and not waiting for a descriptor.
    pub(in crate::kernel) class: u32,
    /// Neighbours in the list of sleepers, in order of falling asleep.
    pub(crate) parked_next: u32,
    pub(crate) parked_prev: u32,
    /// The number of its last wait for a descriptor, and how that is watched.
    pub(crate) wait: u32,
    pub(in crate::kernel) watch: Watch,
    /// The last round of looking at each descriptor that had a look at its own.
    pub(crate) round: u32,
    /// The argument of `entry`.
    pub(crate) argument: *mut (),
    /// In `sim`, its fiber, from execution to execution; null if none was made yet.
    pub(crate) fiber: *mut Coroutine,
    /// In `sim`, what the fiber suspends with.
    pub(crate) yielder: *const (),
    pub(crate) interval: u64,
    /// On whose behalf it does what the library does.
    pub(in crate::kernel) behalf: &'static Location<'static>,
    /// The robust locks that it holds; `robust_id` is its number in their words.
    pub(in crate::kernel) robust: List,
    /// What a sleeper does first when woken.
    pub(crate) resume: Op,
    /// While it is interrupted: the guard of its announced operation.
    pub(crate) guard: Guard,
    pub(crate) name: Text<40>,
    /// The words that it sleeps on. Last, because it is long and hardly ever used.
    pub(in crate::kernel) parked_on: [usize; MOST_WORDS],
}

/// No task.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Processes of an exploration are numbered from 1001, so that nobody takes them
/// for real ones and they are the same in every run.
pub(in crate::kernel) fn logical_id(task: usize) -> u32 {
    1001 + task as u32
}

/// The first task of the process with this number, if there is one.
pub(in crate::kernel) fn task_of(kernel: &crate::kernel::Kernel, id: u32) -> Option<usize> {
    let task = id.checked_sub(logical_id(0))? as usize;
    (task < kernel.tasks as usize && kernel.task(task).process as usize == task).then_some(task)
}

impl Task {
    /// Makes the slot that of a new task, which stands nowhere yet; its name is set apart.
    #[inline(always)]
    pub(in crate::kernel) fn begin(
        &mut self,
        role: Role,
        parent: u32,
        process: u32,
        site: &'static Location<'static>,
    ) {
        self.op = Op::new(Kind::Step, "start", 0, site);
        self.behalf = site;
        *self.turn.get_mut() = 0;
        *self.ended.get_mut() = 0;
        self.since = 0;
        self.space = 0;
        self.span = 0;
        self.status = 0;
        *self.pid.get_mut() = 0;
        self.robust_id = 0;
        *self.pending.get_mut() = 0;
        *self.handled.get_mut() = 0;
        self.entry = None;
        self.alarm = u64::MAX;
        self.joiner = NOBODY;
        self.ended_by = NOBODY;
        self.lives_by = 0;
        self.slept = [0; 2];
        self.state = State::Starting;
        self.guarded = false;
        self.parked = false;
        self.timed_out = false;
        self.resumes = false;
        self.active = false;
        self.unwinds = false;
        self.fell = false;
        self.ready = true;
        self.reads = false;
        self.victim = false;
        self.watch = Watch::Nowhere;
        self.interrupted = false;
        self.handling = false;
        self.handlers = 0;
        self.blocked = 0;
        self.ignored = 0;
        self.parked_words = 0;
        self.helps = false;
        self.outcome = Outcome::Run;
        self.role = role;
        self.parent = parent;
        self.process = process;
        self.robust = List::new(crate::kernel::platform::robust::TO_WORD);
        self.robust.clear();
    }

    /// The number of its process in `real`; 0 where it has none of its own.
    #[inline]
    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Whether it runs a handler before its operation. Then its guard is never `Always`;
    /// see [`Kernel::interrupt`](crate::kernel::Kernel::interrupt).
    #[inline(always)]
    pub(in crate::kernel) fn is_to_handle(&self) -> bool {
        self.op.guard.cmp != Cmp::Always && self.interrupted
    }

    /// Whether what it does next is the rest of an operation in which it slept.
    pub(in crate::kernel) fn is_within(&self) -> bool {
        self.op.guard.cmp == Cmp::Never && self.op.kind != Kind::Sleep
    }

    /// The objects of that operation; none if it is to begin one.
    pub(in crate::kernel) fn rest_of(&self) -> [usize; 2] {
        if self.is_within() { self.within } else { [0; 2] }
    }

    /// Whether it would be woken on the word at `address`, were it asleep.
    #[inline]
    pub(in crate::kernel) fn sleeps_on(&self, address: usize) -> bool {
        self.parked_on[..self.parked_words as usize].contains(&address)
    }
}
