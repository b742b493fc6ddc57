//! Happens-before: which task knows of what the others did.
//!
//! Called by whatever orders tasks, once a program has touched plain data (a
//! [`RaceCell`](crate::kernel::RaceCell)): before that, nothing is kept, and the orderings that
//! nobody kept cannot matter, since an order leads from one access to another through what
//! lies between the two. So programs without plain data pay nothing.
//!
//! | what | is known to |
//! |---|---|
//! | what a task did | itself; tasks that it starts from then on; whoever joins it |
//! | what was done before a release of a word (a store, a change) | who acquires the word and finds that release |
//! | the same | who finds a change of that word that came after it, by whomever |
//! | what was done before a plain store of a word | nobody: also what was released there before is forgotten |
//! | what was done before bytes went into a pipe or socket | who takes bytes out |
//! | what was done before a signal was sent | its handler, and who waits for it |
//! | what a killed task did, and its killer | who joins it, finds its robust lock, its file lock, or the end of its stream |
//! | what was done before a release of the user's own | who acquires the same object |
//!
//! Primitives are not known here: their words are. Their orderings count at either
//! granularity, because a primitive's own code runs within its step. So a release too weak
//! shows as a race of what it should have published.
//!
//! 1. `clocks` holds a clock for each task (its own time is never 0) and for each word.
//! 2. A task's time moves on when others can have learnt of it: accesses before and after
//!    that differ.
//! 3. When in doubt, there is an order: bytes of a pipe carry what all its writers did,
//!    sockets count as one. A race that is reported is one.
//!
//! Sources: C++20 [intro.races] for words; Flanagan and Freund, "FastTrack", PLDI 2009.
//!
//! When a process dies here, its clock stays: that is what its heirs learn.

use super::clock::{Clock, Key, Table};
use super::race::Shadow;
use crate::kernel::data::state::{Kernel, RACES};
use crate::kernel::data::task::Role;
use crate::kernel::step::decide::End;
use selvedge::platform::Kind;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

/// Keys that are no addresses.
const TASKS: u32 = u32::MAX;
const OTHERS: u32 = u32::MAX - 1;

/// What tasks did that have ended, or have closed a stream.
const ENDS: Key = Key { space: OTHERS, address: 1 };
/// What was put into sockets.
const SOCKETS: Key = Key { space: OTHERS, address: 2 };

/// What is known by whom.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(in crate::kernel) struct Order {
    clocks: Table<Clock>,
    pub(in crate::kernel) cells: Table<Shadow>,
    /// Numbers given to cells; they never come again.
    pub(in crate::kernel) numbered: u64,
}

impl Order {
    pub(in crate::kernel) const NONE: Order =
        Order { clocks: Table::EMPTY, cells: Table::EMPTY, numbered: 0 };
}

/// What an operation does with a word.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) enum Access {
    Load(Ordering),
    Store(Ordering),
    /// Reads and writes in one.
    Change(Ordering),
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl Key {
    fn task(task: usize) -> Key {
        Key { space: TASKS, address: task + 1 }
    }
}

impl Kernel {
    /// Forgets everything: another execution begins.
    pub(in crate::kernel) fn reset_order(&mut self) {
        self.order = Order { numbered: self.order.numbered, ..Order::NONE };
        self.raced = None;
    }

    /// Whether anything is kept.
    #[inline(always)]
    pub(in crate::kernel) fn keeps_order(&self) -> bool {
        self.quiet & RACES != 0
    }

    fn key(&self, address: usize) -> Key {
        Key { space: self.space(address), address }
    }

    /// The clock of a task.
    pub(in crate::kernel) fn clock_of(&mut self, task: usize) -> Clock {
        if let Some(clock) = self.order.clocks.get(Key::task(task)) {
            return clock;
        }
        let clock = Clock::EMPTY.with(self, task, 1);
        self.keep(Key::task(task), clock);
        clock.unwrap_or(Clock::EMPTY)
    }

    /// Writes a clock down, unless there was no memory for it.
    fn keep(&mut self, key: Key, clock: Option<Clock>) {
        let mut clocks = self.order.clocks;
        let kept = clock.and_then(|clock| clocks.put(self, key, clock));
        self.order.clocks = clocks;
        if kept.is_none() {
            self.lacks_memory();
        }
    }

    /// Nobody can tell any more what is a race: the execution ends undecided.
    pub(in crate::kernel) fn lacks_memory(&mut self) {
        self.note
            .message
            .set("there is no memory left to keep what happens before what; raise `Limits::memory`");
        self.finish_as(End::Undecided, self.current);
    }

    /// The time of a task moves on.
    fn tick(&mut self, task: usize) {
        let clock = self.clock_of(task);
        let clock = clock.with(self, task, clock.at(task).saturating_add(1));
        self.keep(Key::task(task), clock);
    }

    /// A task learns what stands under a key.
    fn learn(&mut self, task: usize, key: Key) {
        if let Some(known) = self.order.clocks.get(key) {
            let clock = self.clock_of(task).joined(self, known);
            self.keep(Key::task(task), clock);
        }
    }

    /// Under a key stands from now on, besides what stood there, what a task knows.
    fn teach(&mut self, task: usize, key: Key) {
        let known = self.clock_of(task);
        let clock = self.order.clocks.get(key).unwrap_or(Clock::EMPTY).joined(self, known);
        self.keep(key, clock);
        self.tick(task);
    }

    fn forget(&mut self, key: Key) {
        if let Some(clock) = self.order.clocks.get(key) {
            clock.clear();
        }
    }

    /// The running task accessed the word at `address`.
    #[cold]
    #[inline(never)]
    pub(in crate::kernel) fn order_word(&mut self, address: usize, access: Access) {
        let (me, key) = (self.current as usize, self.key(address));
        match access {
            Access::Load(order) | Access::Change(order) if acquires(order) => self.learn(me, key),
            Access::Store(_) => self.forget(key),
            _ => {}
        }
        match access {
            Access::Store(order) | Access::Change(order) if releases(order) => self.teach(me, key),
            _ => {}
        }
    }

    /// What lay at `address` is no more, and what comes to lie there knows nothing of it.
    pub(in crate::kernel) fn order_anew(&mut self, address: usize) {
        if self.keeps_order() {
            self.forget(self.key(address));
        }
    }

    /// Task `parent` starts task `child`.
    #[cold]
    pub(in crate::kernel) fn order_start(&mut self, parent: usize, child: usize) {
        self.learn(child, Key::task(parent));
        self.tick(parent);
    }

    /// Whoever joins `victim` learns of its killer, the running task.
    #[cold]
    pub(in crate::kernel) fn order_kill(&mut self, victim: usize) {
        self.order_start(self.current as usize, victim);
    }

    /// A task has ended.
    #[cold]
    pub(in crate::kernel) fn order_end(&mut self, task: usize) {
        self.teach(task, ENDS);
    }

    /// A robust lock of a task that ended was let go.
    #[cold]
    pub(in crate::kernel) fn order_heritage(&mut self, dead: usize, address: usize) {
        self.teach(dead, self.key(address));
    }

    /// The running task has seen that `joined` has ended, and with a process its threads.
    #[inline]
    pub(in crate::kernel) fn order_join(&mut self, joined: usize) {
        if self.keeps_order() {
            self.order_each_join(joined);
        }
    }

    #[inline(never)]
    fn order_each_join(&mut self, joined: usize) {
        let whole = self.task(joined).role == Role::Process;
        for task in 0..self.tasks as usize {
            if task == joined || whole && self.task(task).process as usize == joined {
                self.learn(self.current as usize, Key::task(task));
            }
        }
    }

    /// The running task closes a stream.
    pub(in crate::kernel) fn order_close(&mut self) {
        if self.keeps_order() {
            self.teach(self.current as usize, ENDS);
        }
    }

    /// The running task gives (`gives`) or takes what goes with the object at `address`.
    pub(in crate::kernel) fn order_object(&mut self, address: usize, gives: bool) {
        if !self.keeps_order() || address == 0 {
            return;
        }
        let (me, key) = (self.current as usize, self.key(address));
        if gives { self.teach(me, key) } else { self.learn(me, key) }
    }

    /// The running task performed an operation of the user's own.
    pub(in crate::kernel) fn order_visible(&mut self, kind: Kind, address: usize) {
        let takes = matches!(
            kind,
            Kind::Acquire
                | Kind::TryAcquire
                | Kind::ReadWrite
                | Kind::Wait
                | Kind::Park
                | Kind::Join
                | Kind::Input
        );
        let gives =
            matches!(kind, Kind::Release | Kind::ReadWrite | Kind::Notify | Kind::Park | Kind::Output);
        if takes {
            self.order_object(address, false);
        }
        if gives {
            self.order_object(address, true);
        }
    }

    /// The running task moved bytes; `ended` if it found that none will come any more.
    pub(in crate::kernel) fn order_bytes(&mut self, fd: BorrowedFd<'_>, gives: bool, ended: bool) {
        if !self.keeps_order() {
            return;
        }
        let me = self.current as usize;
        let key = match crate::kernel::platform::stream::pipe(fd) {
            Some(file) => self.key(file),
            None => SOCKETS,
        };
        match (gives, ended) {
            (true, _) => self.teach(me, key),
            (false, false) => self.learn(me, key),
            (false, true) => {
                self.learn(me, key);
                self.learn(me, ENDS);
            }
        }
    }

    /// The running task locked (`gives` is false) or unlocked a file.
    pub(in crate::kernel) fn order_file(&mut self, file: usize, gives: bool) {
        self.order_object(file, gives);
        if !gives && self.keeps_order() {
            // Who ended let go of it without a word.
            self.learn(self.current as usize, ENDS);
        }
    }
}
