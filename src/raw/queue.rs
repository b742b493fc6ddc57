//! The two ends of a queue: who may put, who may get, who waits, and when it is closed. It
//! survives whoever uses it. Where the items are is its caller's business.
//!
//! Called by [`channel`](crate::channel), which lays items out in memory in several ways.
//!
//! ```text
//!   putters -> [lock] tail ......... items ......... head [lock] <- getters
//!                      \____ the bell: one may sleep ____/
//! ```
//!
//! | state | `put` | `get` |
//! |---|---|---|
//! | empty | writes, moves the tail | marks the bell and the tail, sleeps |
//! | neither | writes, moves the tail | reads, moves the head |
//! | full | marks the bell and the head, sleeps | reads, moves the head |
//! | closed | is refused | takes what is left, then is refused |
//!
//! 1. Who puts has the putters' lock from before it looks at the tail to after it moved it,
//!    and who gets has the getters' lock; also while it sleeps. So each side has at most one
//!    sleeper, the others wait for the lock, and the next holder of a lock looks for itself.
//! 2. **An item is in the queue from the one store that moves the tail past it, and it is
//!    taken at the one store that moves the head past it.** All before that can be done again
//!    by somebody else.
//! 3. Who wants to sleep marks the bell, then the end of the other side by a
//!    read-modify-write; that also tells it whether that end has moved since. Who moves an
//!    end does so by a compare-and-exchange from a word without that mark. So either the
//!    sleeper sees the change, or the changer sees the sleeper, who is then handled as
//!    [the bell](super::bell) says: made unable to sleep, the end moved, the sleeper woken.
//! 4. Both sides never sleep at a time, since a queue that is empty has room. So one bell
//!    does, and it wakes one.
//! 5. The tail carries the mark that the queue is closed; no tail moves from there. A closer
//!    first makes sure that nobody falls asleep any more, under a lock of its own.
//!
//! 6. Who runs the program's own code with a lock says so [beside it](super::in_place), and who
//!    does not want to wait is refused meanwhile. It cannot have the next item: the first one
//!    comes back if its reader dies, and would then be behind one that came after it.
//! 7. Off a scheduler, who waits for room is woken early only once a quarter of the items is
//!    gone, and looks for itself after a fifth of a millisecond; from then on it is woken by
//!    the first that goes. That costs a wait some time and loses none.
//!
//! Orderings: moving an end releases what was written before it, and looking at the other
//! side's end acquires it; one's own end is one's own, and its lock has told what is there.
//! Closing is a release, and looking whether it was closed is an acquire, on either side: who
//! is told sees what was done before. `seen` is a plain word under the lock of its side: the
//! last that was seen of the other end, so that a queue that is neither full nor empty keeps
//! each side in its own cache.
//!
//! **When a task is killed here**, at whatever instruction:
//!
//! | it was | the others |
//! |---|---|
//! | waiting for a lock or asleep | go on; a lock that it held passes on |
//! | putting, tail not moved | never see the item; the next putter writes over it |
//! | putting, tail moved | see the item; who slept is woken by it, the next putter, or the kernel |
//! | getting, head not moved | get the item that it was reading |
//! | getting, head moved | never see the item again: it was taken |
//! | closing, not closed | find the queue open; who slept sleeps again |
//! | closing, closed | are told |
//!
//! Sources: the two-lock queue of M. Michael and M. Scott, "Simple, Fast, and Practical
//! Non-Blocking and Blocking Concurrent Queue Algorithms" (PODC 1996), for the two ends; the
//! kernel's robust futexes for the dead.

use super::bell::{GETTER, PUTTER, RawBell};
use super::in_place::InPlace;
use super::position::{AWAITED, CLOSED, Position};
use super::refusal::OVER;
use super::spin::Spin;
use super::{Left, Patience, RawRobustMutex, Refusal, Taken};
use crate::platform::{Atomic, Cmp, Kind, Observe, Op, Robust, Site, Tasks};
use crate::shm::Shareable;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// One side of the queue. All of it in one cache line.
#[repr(C, align(64))]
pub(super) struct End<P: Robust> {
    pub(super) lock: RawRobustMutex<P>,
    /// The other end, as this side saw it last.
    seen: Cell<u64>,
    pub(super) spin: Spin,
    pub(super) in_place: InPlace<P>,
    pub(super) position: Line<P::AtomicU64>,
}

/// A word that the other side looks at: in a cache line of its own, so that looking does not
/// take the lock away from those who use it.
#[repr(C, align(64))]
pub(super) struct Line<T>(T);

impl<T> std::ops::Deref for Line<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A queue of which only the ends are here.
#[repr(C)]
pub struct RawQueue<P: Robust> {
    pub(super) tail: End<P>,
    // Processors fetch lines in pairs.
    apart: [u64; 8],
    pub(super) head: End<P>,
    pub(super) bell: RawBell<P>,
    pub(super) closing: RawRobustMutex<P>,
    pub(super) limit: u32,
    /// Where the head must be before a putter is woken early.
    pub(super) wake_at: P::AtomicU32,
    /// For guards only: how many items there are, and how much room.
    items: P::Futex,
    room: P::Futex,
}

// SAFETY: words that mean the same to every process. `seen` is used under the lock of its
// side only.
unsafe impl<P: Robust> Sync for RawQueue<P> {}
// SAFETY: as above: it holds nothing that belongs to a process.
unsafe impl<P: Tasks> Shareable for RawQueue<P> {}

/// The lock of one side, until this is dropped.
struct Held<'a, P: Robust> {
    end: &'a End<P>,
    me: P::Owner,
    site: P::Site,
}

impl<P: Robust> Drop for Held<'_, P> {
    #[inline(always)]
    fn drop(&mut self) {
        // A child that was forked by who held it does not have it. And there is nothing to
        // repair, however this ends: see invariant 2.
        if self.end.lock.is_mine() {
            self.end.lock.unlock_mine(self.me, Left::Clean, self.site);
        }
    }
}

/// A result and the number of its item, which is what a trace shows.
struct Numbered<R>(R, u32);

impl<R> Observe for Numbered<R> {
    #[inline(always)]
    fn observed(&self) -> u64 {
        self.1.into()
    }
}

impl<P: Robust> RawQueue<P> {
    /// An empty queue for at most `limit` items, at most 2^31 - 1.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        let end = || End {
            lock: RawRobustMutex::new(),
            position: Line(P::AtomicU64::new(Position::START.word())),
            seen: Cell::new(Position::START.word()),
            spin: Spin::new(),
            in_place: InPlace::new(),
        };
        let limit = limit.min(OVER - 1);
        RawQueue {
            tail: end(),
            apart: [0; 8],
            head: end(),
            bell: RawBell::new(),
            closing: RawRobustMutex::new(),
            limit,
            wake_at: P::AtomicU32::new(0),
            items: P::Futex::new(0),
            room: P::Futex::new(limit),
        }
    }

    /// The address that names this queue in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        self.bell.address()
    }

    /// The most items that it holds.
    #[inline]
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Puts an item in. `write` gets the tail, a head, and whether that head is the latest. It
    /// writes the item where there is room between them, and returns the place after it;
    /// `None` if there is no room. It is called until it finds room, once if the head is the
    /// latest and the queue is empty.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was put.
    #[inline(always)]
    pub fn put(
        &self,
        wait: Patience,
        site: P::Site,
        write: impl FnMut(Position, Position, bool) -> Option<u32>,
    ) -> Result<(), Refusal> {
        let body = || self.put_now(wait, site, write).map(|number| Numbered((), number));
        P::step(|| self.put_op(wait, site), body).map(|done| done.0)
    }

    /// Gets the first item. `read` gets the head, reads the item there, and returns the place
    /// after it, or `None` if it is to stay. If it panics, the item stays.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was got.
    #[inline(always)]
    pub fn get<R>(
        &self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(Position) -> (Option<u32>, R),
    ) -> Result<R, Refusal> {
        P::step(|| self.get_op(wait, site), || self.get_now(wait, site, read)).map(|done| done.0)
    }

    /// Runs `fill`, which may take any time, inside what [`put`](Self::put) calls.
    pub fn putting_in_place<R>(&self, fill: impl FnOnce() -> R) -> R {
        self.tail.in_place.during(&self.tail.lock, fill)
    }

    /// Runs `look`, which may take any time, inside what [`get`](Self::get) calls.
    pub fn getting_in_place<R>(&self, look: impl FnOnce() -> R) -> R {
        self.head.in_place.during(&self.head.lock, look)
    }

    /// What `look` finds, told how many items there are and whether the queue is closed. Both
    /// are true at one moment within the call.
    #[inline]
    pub fn look<R: Observe>(
        &self,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R {
        let op = || Op::new(Kind::Read, name, self.address(), site.location());
        P::step(op, || {
            let (count, closed) = self.standing();
            look(count, closed)
        })
    }

    /// How many items were ever put, and how many got, modulo 2^32.
    pub(crate) fn passed(&self) -> (u32, u32) {
        let got = Position::of(self.head.position.load(Acquire)).number();
        (Position::of(self.tail.position.load(Acquire)).number(), got)
    }

    /// How many items there are, and whether the queue is closed.
    fn standing(&self) -> (u32, bool) {
        let mut head = self.head.position.load(Acquire);
        loop {
            let tail = self.tail.position.load(Acquire);
            let now = self.head.position.load(Acquire);
            if Position::of(now) == Position::of(head) {
                return (Position::of(tail).since(Position::of(head)), tail & CLOSED != 0);
            }
            head = now;
        }
    }

    #[inline]
    pub(super) fn put_op(&self, wait: Patience, site: P::Site) -> Op {
        self.op(wait, ["put", "try_put"], &self.room, site)
    }

    #[inline]
    pub(super) fn get_op(&self, wait: Patience, site: P::Site) -> Op {
        self.op(wait, ["get", "try_get"], &self.items, site)
    }

    /// The operation that an end announces: enabled while `enough` is not 0.
    fn op(&self, wait: Patience, names: [&'static str; 2], enough: &P::Futex, site: P::Site) -> Op {
        let op = |name| Op::new(Kind::ReadWrite, name, self.address(), site.location());
        wait.announce(names, op, || P::guard(enough, !0, Cmp::Ne, 0))
    }

    #[inline(always)]
    fn put_now(
        &self,
        wait: Patience,
        site: P::Site,
        mut write: impl FnMut(Position, Position, bool) -> Option<u32>,
    ) -> Result<u32, Refusal> {
        let held = self.enter(&self.tail, wait, site)?;
        let mut late = wait == Patience::Never;
        loop {
            let word = self.tail.position.load(Acquire);
            if word & CLOSED != 0 {
                return Err(Refusal::Closed);
            }
            let tail = Position::of(word);
            let mut room = |head: u64, latest| {
                let head = Position::of(head);
                if tail.since(head) < self.limit { write(tail, head, latest) } else { None }
            };
            let mut found = room(self.tail.seen.get(), false);
            if found.is_none() {
                self.tail.seen.set(self.head.position.load(Acquire));
                found = room(self.tail.seen.get(), true);
            }
            if let Some(place) = found {
                self.advance(&self.tail, word, tail.next(place), held.me)?;
                return Ok(tail.number());
            }
            if late {
                return Err(Refusal::WouldBlock);
            }
            late = self.sleep(PUTTER, self.tail.seen.get(), wait, site);
        }
    }

    #[inline(always)]
    fn get_now<R>(
        &self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(Position) -> (Option<u32>, R),
    ) -> Result<Numbered<R>, Refusal> {
        let held = self.enter(&self.head, wait, site)?;
        let mut late = wait == Patience::Never;
        let word = self.head.position.load(Relaxed);
        let head = Position::of(word);
        while Position::of(self.head.seen.get()) == head {
            let tail = self.tail.position.load(Acquire);
            self.head.seen.set(tail);
            if Position::of(tail) != head {
                break;
            }
            if tail & CLOSED != 0 {
                return Err(Refusal::Closed);
            }
            if late {
                return Err(Refusal::WouldBlock);
            }
            late = self.sleep(GETTER, tail, wait, site);
        }
        let (place, result) = read(head);
        if let Some(place) = place {
            // The head is never closed, so this is never refused.
            self.advance(&self.head, word, head.next(place), held.me)?;
        }
        Ok(Numbered(result, head.number()))
    }

    /// Takes the lock of one side.
    #[inline(always)]
    fn enter<'a>(&'a self, end: &'a End<P>, wait: Patience, site: P::Site) -> Result<Held<'a, P>, Refusal> {
        let taken = match wait {
            Patience::Never => end.lock.try_lock(site).map_or_else(|| self.insist(end, site), Ok)?,
            Patience::Until(deadline) => {
                end.lock.lock_until(deadline, site).ok_or_else(|| end.in_place.late(&end.lock))?
            }
            Patience::Forever => end.lock.lock(site),
        };
        let held = Held { end, me: P::me(), site };
        if taken != Taken::Clean {
            end.in_place.forget();
            self.ring(end, held.me);
        }
        Ok(held)
    }

    /// Moves an end on from `word`, whose lock the caller has, and wakes who waits for it.
    #[inline(always)]
    fn advance(&self, end: &End<P>, word: u64, to: Position, me: P::Owner) -> Result<(), Refusal> {
        if word & AWAITED == 0 && end.position.compare_exchange(word, to.word(), Release, Relaxed).is_ok() {
            self.show();
            return Ok(());
        }
        self.advance_awaited(end, to, me)
    }

    /// Lets guards know how the queue stands.
    #[inline(always)]
    pub(super) fn show(&self) {
        let mark = |closed| if closed { OVER } else { 0 };
        P::show(&self.items, || {
            let (count, closed) = self.standing();
            count | mark(closed)
        });
        P::show(&self.room, || {
            let (count, closed) = self.standing();
            (self.limit - count) | mark(closed)
        });
    }
}

impl<P: Robust> fmt::Debug for RawQueue<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawQueue").field("limit", &self.limit).finish_non_exhaustive()
    }
}
