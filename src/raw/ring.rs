//! The two ends of a ring for one task that sends and one that receives. It does without
//! locks, and it does not survive whoever uses it.
//!
//! Called by [`channel::spsc`](crate::channel::spsc()), which lays the items out in memory.
//! Where several tasks send or receive, or one of them may be killed, [`RawQueue`] is right.
//!
//! Each end is one word: how many items passed it, modulo 2^30, and two marks.
//!
//! | state | `send` | `recv` |
//! |---|---|---|
//! | empty | writes, moves the tail | marks the tail, sleeps on it |
//! | neither | writes, moves the tail | reads, moves the head |
//! | full | marks the head, sleeps on it | reads, moves the head |
//! | closed | is refused | takes what is left, then is refused |
//!
//! 1. Only the sender moves the tail, and only the receiver moves the head, each by one
//!    compare-and-exchange. An item is in the ring from the one to the other.
//! 2. Who wants to sleep marks the other side's word by a read-modify-write, which also
//!    tells it whether that word has moved since. It sleeps only while the word is as it was
//!    with the mark. Who moves a word takes the mark away in the same instruction, and wakes
//!    if there was one. So either the sleeper sees the move, or the mover sees the mark.
//! 3. A closed tail never moves. The head is closed after the tail, and only to tell the
//!    sender: one that finds its ring full and the head closed does not sleep.
//! 4. Both sides never sleep at a time, since what is empty has room.
//!
//! Orderings: moving an end releases, and looking at the other side's end acquires: an item
//! is seen whole, and its place is written again only after it was read. Read-modify-writes
//! by the other side keep a release in force. Closing is one too, of both ends: whichever side
//! is told sees what was done before. A sleeper's mark is on the word that it sleeps on, and
//! relaxed. `seen` is a number of its own side's only.
//!
//! **When a process dies here**, nobody is told: the other side waits for ever, or until its
//! deadline. What was sent stays, an item that was being sent is not there, and one that was
//! being received still is. Killed between moving its end and waking, a task leaves the
//! sleeper asleep.
//!
//! Sources: L. Lamport, "Specifying Concurrent Program Modules" (1983), for the ring with two
//! counters; J. Giacomoni et al., "FastForward for Efficient Pipeline Parallelism" (PPoPP
//! 2008), for why the sides are kept out of each other's cache; Rigtorp's SPSCQueue for
//! remembering the other side's counter.

#[cfg(doc)]
use super::RawQueue;
use super::refusal::OVER;
use super::spin::Spin;
use super::{Patience, Refusal};
use crate::platform::{Atomic, Cmp, Kind, Observe, Op, Platform, Site, Tasks, Woken};
use crate::shm::Shareable;
use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The other side sleeps, or is about to, until this end moves or is closed.
const AWAITED: u32 = 1;
/// This end of the ring is closed.
const CLOSED: u32 = 2;
/// From one number to the next.
const ONE: u32 = 4;
/// The bits of the number.
const NUMBER: u32 = !(AWAITED | CLOSED);

/// What belongs to one side, in a cache line of its own.
#[repr(C, align(64))]
struct End<P: Platform> {
    position: P::Futex,
    /// The other side's number, as this side saw it last. No word of the platform: nobody
    /// else looks at it.
    seen: AtomicU32,
    spin: Spin,
}

/// The ends of a ring, without what is in it.
#[repr(C)]
pub struct RawRing<P: Platform> {
    tail: End<P>,
    // Processors fetch lines in pairs.
    apart: [u64; 8],
    head: End<P>,
    limit: u32,
    /// For guards only: how many items there are, and how much room.
    items: P::Futex,
    room: P::Futex,
}

// SAFETY: words that mean the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for RawRing<P> {}

/// A result and the number of its item, which is what a trace shows.
pub(crate) struct Numbered<R>(pub(crate) R, u32);

impl<R> Observe for Numbered<R> {
    #[inline(always)]
    fn observed(&self) -> u64 {
        self.1.into()
    }
}

/// How many items lie between the positions of two words.
#[inline(always)]
fn between(head: u32, tail: u32) -> u32 {
    (tail & NUMBER).wrapping_sub(head & NUMBER) / ONE
}

impl<P: Platform> RawRing<P> {
    /// The most items that a ring can have room for.
    pub const MOST: u32 = 1 << 29;

    /// An empty ring for at most `limit` items, which are at least 1 and at most
    /// [`MOST`](Self::MOST).
    #[must_use]
    pub fn new(limit: u32) -> Self {
        let end = || End { position: P::Futex::new(0), seen: AtomicU32::new(0), spin: Spin::new() };
        let limit = limit.clamp(1, Self::MOST);
        RawRing {
            tail: end(),
            apart: [0; 8],
            head: end(),
            limit,
            items: P::Futex::new(0),
            room: P::Futex::new(limit),
        }
    }

    /// The address that names this ring in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(&self.tail.position) as usize
    }

    /// The most items that it holds.
    #[inline(always)]
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Sends an item: `write` gets its number, counted from 0 modulo 2^30, and writes it to
    /// where nobody else looks, as long as one task sends at a time. If it panics, nothing
    /// was sent.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was sent.
    #[inline(always)]
    pub fn send(&self, wait: Patience, site: P::Site, write: impl FnOnce(u32)) -> Result<(), Refusal> {
        P::step(|| self.send_op(wait, site), || self.send_within(wait, site, write)).map(|done| done.0)
    }

    /// Receives the first item: `read` gets its number and reads it where nobody writes, as
    /// long as one task receives at a time. If it panics, the item stays.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was received.
    #[inline(always)]
    pub fn recv<R>(&self, wait: Patience, site: P::Site, read: impl FnOnce(u32) -> R) -> Result<R, Refusal> {
        P::step(|| self.recv_op(wait, site), || self.recv_within(wait, site, read)).map(|done| done.0)
    }

    /// Closes the ring: nothing is sent any more, and the other side is told. Says whether
    /// it was open.
    pub fn close(&self, site: P::Site) -> bool {
        P::step(|| self.close_op(site), || self.close_within())
    }

    /// Closes it as a part of the caller's step.
    pub(crate) fn close_within(&self) -> bool {
        let before = self.tail.position.fetch_or(CLOSED, Release);
        self.head.position.fetch_or(CLOSED, Release);
        self.show();
        P::futex_wake(&self.tail.position, u32::MAX);
        P::futex_wake(&self.head.position, u32::MAX);
        before & CLOSED == 0
    }

    /// What `look` finds, told how many items there are and whether the ring is closed. Both
    /// are true at one moment within the call if a side calls, and else nearly.
    #[inline]
    pub fn look<R: Observe>(
        &self,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R {
        P::step(
            || Op::new(Kind::Read, name, self.address(), site.location()),
            || {
                let (count, closed) = self.standing();
                look(count, closed)
            },
        )
    }

    fn standing(&self) -> (u32, bool) {
        // The head first: what moves between the two looks is then counted, and not negative.
        let head = self.head.position.load(Acquire);
        let tail = self.tail.position.load(Acquire);
        (between(head, tail).min(self.limit), tail & CLOSED != 0)
    }

    /// Sends as a part of the caller's step.
    #[inline(always)]
    pub(crate) fn send_within(
        &self,
        wait: Patience,
        site: P::Site,
        write: impl FnOnce(u32),
    ) -> Result<Numbered<()>, Refusal> {
        let mut late = wait == Patience::Never;
        let word = loop {
            let word = self.tail.position.load(Acquire);
            if word & CLOSED != 0 {
                return Err(Refusal::Closed);
            }
            if between(self.tail.seen.load(Relaxed), word) < self.limit {
                break word;
            }
            let head = self.head.position.load(Acquire);
            self.tail.seen.store(head, Relaxed);
            if between(head, word) < self.limit {
                break word;
            }
            if head & CLOSED != 0 {
                return Err(Refusal::Closed);
            }
            if late {
                return Err(Refusal::WouldBlock);
            }
            let op = || self.send_op(wait, site);
            late = Self::sleep(&self.tail.spin, &self.head.position, head, wait, op);
        };
        let number = (word & NUMBER) / ONE;
        write(number);
        self.advance(&self.tail.position, word, CLOSED).map(|()| Numbered((), number))
    }

    /// Receives as a part of the caller's step.
    #[inline(always)]
    pub(crate) fn recv_within<R>(
        &self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(u32) -> R,
    ) -> Result<Numbered<R>, Refusal> {
        let mut late = wait == Patience::Never;
        let word = self.head.position.load(Relaxed);
        while between(word, self.head.seen.load(Relaxed)) == 0 {
            let tail = self.tail.position.load(Acquire);
            self.head.seen.store(tail, Relaxed);
            if between(word, tail) != 0 {
                break;
            }
            if tail & CLOSED != 0 {
                return Err(Refusal::Closed);
            }
            if late {
                return Err(Refusal::WouldBlock);
            }
            let op = || self.recv_op(wait, site);
            late = Self::sleep(&self.head.spin, &self.tail.position, tail, wait, op);
        }
        let number = (word & NUMBER) / ONE;
        let result = read(number);
        // A closed head moves: what is left can be received. So this is never refused.
        self.advance(&self.head.position, word, 0)?;
        Ok(Numbered(result, number))
    }

    /// Moves an end on by one, unless it has one of the marks `unless`, and wakes the other
    /// side if it sleeps.
    #[inline(always)]
    fn advance(&self, end: &P::Futex, mut word: u32, unless: u32) -> Result<(), Refusal> {
        loop {
            if word & unless != 0 {
                return Err(Refusal::Closed);
            }
            let next = (word & NUMBER).wrapping_add(ONE) | word & CLOSED;
            match end.compare_exchange(word, next, Release, Acquire) {
                Ok(_) => break,
                // Only marks came: one that it is closed brings what was done before.
                Err(now) => word = now,
            }
        }
        self.show();
        if word & AWAITED != 0 {
            P::futex_wake(end, 1);
        }
        Ok(())
    }

    /// Sleeps until `other`, last seen as `seen`, has moved or was closed, or it is late; says
    /// whether it is late. It may come back early.
    #[cold]
    fn sleep(spin: &Spin, other: &P::Futex, seen: u32, wait: Patience, op: impl FnOnce() -> Op) -> bool {
        let changed = |now: u32| (now ^ seen) & !AWAITED != 0;
        let deadline = wait.deadline();
        if spin
            .until_sparsely::<P, ()>(Spin::LINE, deadline, || changed(other.load(Relaxed)).then_some(()))
            .is_some()
        {
            return false;
        }
        let now = other.fetch_or(AWAITED, Relaxed);
        !changed(now)
            && P::futex_wait(other, now | AWAITED, deadline, op, None::<fn() -> Op>) == Woken::TimedOut
    }

    /// The operation that [`send`](Self::send) announces.
    pub(crate) fn send_op(&self, wait: Patience, site: P::Site) -> Op {
        self.op(wait, ["send", "try_send"], &self.room, site)
    }

    /// The operation that [`recv`](Self::recv) announces.
    pub(crate) fn recv_op(&self, wait: Patience, site: P::Site) -> Op {
        self.op(wait, ["recv", "try_recv"], &self.items, site)
    }

    /// The operation that [`close`](Self::close) announces.
    pub(crate) fn close_op(&self, site: P::Site) -> Op {
        Op::new(Kind::Release, "close", self.address(), site.location())
    }

    /// The operation that a side announces: enabled while `enough` is not 0.
    fn op(&self, wait: Patience, names: [&'static str; 2], enough: &P::Futex, site: P::Site) -> Op {
        let op = |name| Op::new(Kind::ReadWrite, name, self.address(), site.location());
        wait.announce(names, op, || P::guard(enough, !0, Cmp::Ne, 0))
    }

    /// Lets guards know how the ring stands.
    #[inline(always)]
    fn show(&self) {
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

impl<P: Platform> fmt::Debug for RawRing<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRing").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;

    const NEVER: Patience = Patience::Never;

    #[test]
    fn it_is_empty_then_full_then_closed() {
        let ring = RawRing::<Native>::new(2);
        assert_eq!(ring.recv(NEVER, (), |number| number), Err(Refusal::WouldBlock));
        for number in 0..2 {
            assert_eq!(ring.send(NEVER, (), |at| assert_eq!(at, number)), Ok(()));
        }
        assert_eq!(ring.send(NEVER, (), |_| unreachable!("there is no room")), Err(Refusal::WouldBlock));
        assert_eq!(ring.send(Patience::Until(0), (), |_| unreachable!()), Err(Refusal::WouldBlock));
        assert!(ring.close(()) && !ring.close(()));
        assert_eq!(ring.look("look", (), |count, closed| u32::from(closed) * 10 + count), 12);
        assert_eq!(ring.send(Patience::Forever, (), |_| unreachable!()), Err(Refusal::Closed));
        assert_eq!([(); 2].map(|()| ring.recv(NEVER, (), |number| number)), [Ok(0), Ok(1)]);
        assert_eq!(ring.recv(Patience::Forever, (), |number| number), Err(Refusal::Closed));
    }

    #[test]
    fn numbers_wrap_around() {
        let ring = RawRing::<Native>::new(3);
        let last = NUMBER.wrapping_sub(ONE);
        for end in [&ring.tail, &ring.head] {
            end.position.store(last, Relaxed);
            end.seen.store(last, Relaxed);
        }
        for round in 0..5_u32 {
            assert!(ring.send(NEVER, (), |_| ()).is_ok() && ring.send(NEVER, (), |_| ()).is_ok());
            let got = [(); 2].map(|()| ring.recv(NEVER, (), |number| number).unwrap());
            let first = (last / ONE).wrapping_add(round * 2) % (1 << 30);
            assert_eq!(got, [first, (first + 1) % (1 << 30)]);
        }
    }
}
