//! Who has got which share of the work and not finished it yet, and who died with some.
//!
//! Called by [`JoinableQueue`](super::JoinableQueue), beside whose queue it lies.
//!
//! | word | meaning |
//! |---|---|
//! | a desk: its lock | held by a task from its first unfinished item to its last |
//! | a desk: `owed` | how many that are |
//! | `done` | how many items were finished, or written off, ever, modulo 2^32 |
//! | `claiming` | the lock of whoever takes a desk, or looks at all of them |
//! | `claims` | how often an item was claimed; what a joiner sleeps on |
//! | `used` | desks behind this one were never taken |
//!
//! 1. Who gets an item has a desk before the item is taken, and takes desks under `claiming`. Who
//!    finds none free gets none.
//! 2. What was finished is counted before the desk is given back. So with `claiming` in hand,
//!    whoever first finds no desk taken, and then looks at `done`, knows that whatever was got
//!    and is not done was lost with a dead task.
//! 3. Nobody sleeps with `claiming`.
//!
//! Orderings: the locks'.
//!
//! When a process dies here, its desk is let go by the kernel, which wakes the joiner that
//! waits for it; the items that it had are written off by that one.

use crate::platform::{Atomic, Kind, Op, Robust, Site, Tasks, Woken};
use crate::raw::{Left, RawRobustMutex, Taken};
use crate::shm::Shareable;
use std::cell::Cell;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// How many tasks at a time can have unfinished items.
pub(super) const DESKS: usize = 256;

#[repr(C, align(64))]
struct Desk<P: Robust> {
    lock: RawRobustMutex<P>,
    owed: Cell<u32>,
}

/// The unfinished items of one queue.
#[repr(C)]
pub(super) struct Unfinished<P: Robust> {
    claiming: RawRobustMutex<P>,
    claims: P::Futex,
    joiners: P::AtomicU32,
    done: P::AtomicU32,
    used: P::AtomicU32,
    desks: [Desk<P>; DESKS],
}

// SAFETY: a desk's cell is used by whoever has its lock.
unsafe impl<P: Robust> Sync for Unfinished<P> {}
// SAFETY: words that mean the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for Unfinished<P> {}

impl<P: Robust> Unfinished<P> {
    pub(super) fn new() -> Self {
        Unfinished {
            claiming: RawRobustMutex::new(),
            claims: P::Futex::new(0),
            joiners: P::AtomicU32::new(0),
            done: P::AtomicU32::new(0),
            used: P::AtomicU32::new(0),
            desks: std::array::from_fn(|_| Desk { lock: RawRobustMutex::new(), owed: Cell::new(0) }),
        }
    }

    /// The calling task is about to take an item; `None` if it must not.
    pub(super) fn claim(&self, site: P::Site) -> Option<()> {
        self.claiming.lock(site);
        let desk = self.mine().or_else(|| self.sit_down(site));
        if let Some(desk) = desk {
            self.announce();
            desk.owed.set(desk.owed.get() + 1);
        }
        self.claiming.unlock_mine(P::me(), Left::Clean, site);
        desk.map(drop)
    }

    /// The calling task has finished an item; says whether it had one.
    pub(super) fn finish(&self, site: P::Site) -> bool {
        let op = || Op::new(Kind::ReadWrite, "task_done", self.address(), site.location());
        P::step(op, || {
            let Some(desk) = self.mine() else { return false };
            self.done.fetch_add(1, AcqRel);
            desk.owed.set(desk.owed.get() - 1);
            if desk.owed.get() == 0 {
                desk.lock.unlock_mine(P::me(), Left::Clean, site);
            }
            true
        })
    }

    /// How many items are done, or were written off.
    pub(super) fn done(&self) -> u32 {
        self.done.load(Acquire)
    }

    /// Waits until everything that was put is done, or `deadline` passes; `None` if it did.
    /// `row` tells how many items were ever put and how many got. Returns how many it found
    /// lost, and wrote off.
    pub(super) fn join(
        &self,
        deadline: Option<u64>,
        site: P::Site,
        row: impl Fn() -> (u32, u32),
    ) -> Option<u32> {
        self.joiners.fetch_add(1, AcqRel);
        let mut lost = 0;
        let joined = loop {
            self.claiming.lock(site);
            let seen = self.claims.load(Relaxed);
            let used = self.used.load(Relaxed) as usize;
            let busy = self.desks[..used].iter().find(|desk| !self.is_free(desk, site));
            // Before the row is looked at: who comes later may put, get and finish meanwhile.
            let mut done = self.done();
            let (put, got) = row();
            // Invariant 2.
            if busy.is_none() {
                let missing = got.wrapping_sub(done);
                self.done.fetch_add(missing, AcqRel);
                lost += missing;
                done = got;
            }
            self.claiming.unlock_mine(P::me(), Left::Clean, site);
            if put == done {
                break Some(lost);
            }
            let in_time = match busy {
                Some(desk) => self.outwait(desk, deadline, site),
                None => self.await_claim(seen, deadline, site),
            };
            if !in_time {
                break None;
            }
        };
        self.joiners.fetch_sub(1, Relaxed);
        joined
    }

    /// Whether nobody has a desk: nobody living. The caller has `claiming`.
    fn is_free(&self, desk: &Desk<P>, site: P::Site) -> bool {
        let taken = desk.lock.try_lock(site);
        if let Some(taken) = taken {
            self.clear(desk, taken, site);
        }
        taken.is_some()
    }

    /// Waits until a desk is given back, or its task dead; says whether that was in time.
    fn outwait(&self, desk: &Desk<P>, deadline: Option<u64>, site: P::Site) -> bool {
        let taken = match deadline {
            Some(deadline) => desk.lock.lock_until(deadline, site),
            // A task that joins before it is done with its own item waits for itself.
            None => Some(desk.lock.outwait(site)),
        };
        if let Some(taken) = taken {
            self.clear(desk, taken, site);
        }
        taken.is_some()
    }

    /// Gives back a desk that was taken only to see whether it is free.
    fn clear(&self, desk: &Desk<P>, taken: Taken, site: P::Site) {
        if taken != Taken::Clean {
            desk.owed.set(0);
        }
        desk.lock.unlock_mine(P::me(), Left::Clean, site);
    }

    /// Sleeps until something was claimed; says whether that was in time.
    fn await_claim(&self, seen: u32, deadline: Option<u64>, site: P::Site) -> bool {
        let op = || Op::new(Kind::Wait, "join", self.address(), site.location()).until(deadline);
        P::futex_wait(&self.claims, seen, deadline, op, None::<fn() -> Op>) != Woken::TimedOut
    }

    /// The desk of the calling task.
    fn mine(&self) -> Option<&Desk<P>> {
        let used = self.used.load(Relaxed) as usize;
        self.desks[..used].iter().find(|desk| desk.lock.is_mine())
    }

    /// Takes a free desk. The caller has `claiming`.
    fn sit_down(&self, site: P::Site) -> Option<&Desk<P>> {
        let at = self.desks.iter().position(|desk| desk.lock.try_lock(site).is_some())?;
        self.desks[at].owed.set(0);
        if self.used.load(Relaxed) as usize <= at {
            self.used.store(at as u32 + 1, Relaxed);
        }
        Some(&self.desks[at])
    }

    /// Lets joiners know that something was claimed.
    fn announce(&self) {
        self.claims.fetch_add(1, AcqRel);
        if self.joiners.load(Acquire) != 0 {
            P::futex_wake(&self.claims, u32::MAX);
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(&self.claims) as usize
    }
}
