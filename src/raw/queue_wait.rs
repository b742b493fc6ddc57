//! The half of a queue that is rarely needed: who waits, who is told, and what is owed by the
//! dead.
//!
//! Called by [`RawQueue`], whose file tells why it is right; the numbers of invariants here
//! are that file's.
//!
//! When a process dies here, see there.

use super::bell::{GETTER, PUTTER};
use super::position::{AWAITED, CLOSED, Position};
use super::queue::{End, RawQueue};
use super::refusal::OVER;
use super::robust::locked_twice;
use super::{Left, Patience, Refusal, Taken};
use crate::platform::{Atomic, Guard, Kind, Op, Robust, Site, Woken};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// How long somebody who does not want to wait waits for somebody who is at work, before it
/// looks whether that one has fallen asleep, or is in place; in nanoseconds.
pub(super) const PATIENCE: u64 = 1_000_000;

/// How long somebody who found no room waits for more than a little, in nanoseconds.
const NAP: u64 = 200_000;

/// How often somebody looks again before it sleeps, each time after as many turns of a loop as
/// a lock would spin. Together that is about what it takes to be put to sleep and woken on
/// another core. Less would be no use: while one side is being woken, the other one would find
/// its end full or empty for longer than it looks, sleep too, and they would never again be
/// awake at the same time.
const LOOKS: u32 = 16;

impl<P: Robust> RawQueue<P> {
    /// Closes the queue: nothing is put any more, and who waits for room or for an item that
    /// never comes is told. Says whether it was open.
    pub fn close(&self, site: P::Site) -> bool {
        P::step(
            || Op::new(Kind::Write, "close", self.address(), site.location()),
            || {
                let me = P::me();
                self.closing.lock(site);
                self.bell.begin(me);
                self.bell.close();
                let before = self.tail.position.fetch_or(CLOSED, Release);
                self.show();
                self.bell.wake();
                self.bell.end(me);
                self.closing.unlock_mine(me, Left::Clean, site);
                before & CLOSED == 0
            },
        )
    }

    /// Takes a lock that somebody has, if that one is at work, and neither asleep nor in place.
    /// To refuse at once would be to call a queue empty or full that is not.
    #[cold]
    pub(super) fn insist(&self, end: &End<P>, site: P::Site) -> Result<Taken, Refusal> {
        loop {
            // The order of the two looks makes the answer true at one moment between them.
            if std::ptr::eq(end, &self.head) {
                let head = self.head.position.load(Acquire);
                let tail = self.tail.position.load(Acquire);
                if Position::of(head) == Position::of(tail) {
                    return Err(if tail & CLOSED != 0 { Refusal::Closed } else { Refusal::WouldBlock });
                }
            } else {
                let tail = self.tail.position.load(Acquire);
                let head = self.head.position.load(Acquire);
                if tail & CLOSED != 0 {
                    return Err(Refusal::Closed);
                }
                // The head may have moved past that tail meanwhile, which then looks like a
                // number of items that no queue has: there was room.
                let count = Position::of(tail).since(Position::of(head));
                // Whoever sleeps until the head moves found too little room, and is first. Who
                // sleeps a little for more room than there is may have some, and looks soon.
                let wants_more = head & AWAITED != 0 && !self.is_early(head);
                if (self.limit..OVER).contains(&count) || wants_more {
                    return Err(Refusal::WouldBlock);
                }
            }
            if end.lock.is_mine() {
                locked_twice();
            }
            end.in_place.check(&end.lock)?;
            if let Some(taken) = end.lock.lock_until(P::now().saturating_add(PATIENCE), site) {
                return Ok(taken);
            }
        }
    }

    /// The same where somebody may wait for it, or the queue was just closed.
    #[cold]
    pub(super) fn advance_awaited(&self, end: &End<P>, to: Position, me: P::Owner) -> Result<(), Refusal> {
        if P::SPIN > 0 && std::ptr::eq(end, &self.head) && self.advance_early(to) {
            return Ok(());
        }
        self.bell.begin(me);
        let moved = loop {
            // An acquire: what the sleeper did to the bell comes before what follows.
            let word = end.position.fetch_and(!AWAITED, Acquire) & !AWAITED;
            self.bell.quiet();
            if word & CLOSED != 0 {
                break Err(Refusal::Closed);
            }
            if end.position.compare_exchange(word, to.word(), Release, Relaxed).is_ok() {
                self.show();
                break Ok(());
            }
        };
        self.bell.wake();
        self.bell.end(me);
        moved
    }

    /// The last holder of a side's lock died: it may have owed somebody a wake-up, and it may
    /// have slept itself.
    #[cold]
    pub(super) fn ring(&self, end: &End<P>, me: P::Owner) {
        Self::unmark(if std::ptr::eq(end, &self.head) { &self.tail } else { &self.head });
        self.bell.begin(me);
        self.bell.quiet();
        self.show();
        self.bell.wake();
        self.bell.end(me);
    }

    /// Sleeps until the other side's end, last seen as `seen`, may have moved, or the queue
    /// was closed, or it is late; says whether it is late.
    #[cold]
    pub(super) fn sleep(&self, side: u32, seen: u64, wait: Patience, site: P::Site) -> bool {
        let deadline = match wait {
            Patience::Until(deadline) => Some(deadline),
            Patience::Never | Patience::Forever => None,
        };
        if self.moves_soon(side, seen) {
            return false;
        }
        if P::SPIN > 0 && side == PUTTER {
            // Where room for one item wakes a putter, it fills that and sleeps again: two
            // changes of the running task for an item. So it first waits a little for more.
            let head = Position::of(seen).number();
            let items = Position::of(self.tail.position.load(Relaxed)).since(Position::of(seen));
            self.wake_at.store(head.wrapping_add(items / 4), Relaxed);
            let soon = P::now().saturating_add(NAP);
            let first = deadline.map_or(soon, |deadline| deadline.min(soon));
            self.sleep_until(side, seen, Some(first), wait, site);
            self.wake_at.store(head, Relaxed);
            if (self.head.position.load(Relaxed) ^ seen) & !AWAITED != 0 {
                return false;
            }
        }
        self.sleep_until(side, seen, deadline, wait, site)
    }

    /// Looks a few times whether the other end moves on, as long as that pays off. Not more
    /// often: each look takes the line with the position away from the other side, and what is
    /// put or got between two looks is then dealt with at once.
    fn moves_soon(&self, side: u32, seen: u64) -> bool {
        let (own, other) = if side == GETTER { (&self.head, &self.tail) } else { (&self.tail, &self.head) };
        let look = |_| {
            (0..P::SPIN).for_each(|_| spin_loop());
            ((other.position.load(Relaxed) ^ seen) & !AWAITED != 0).then_some(())
        };
        own.spin.while_it_pays::<P, ()>(|| (0..LOOKS).find_map(look)).is_some()
    }

    /// One sleep; says whether it ended with the deadline.
    fn sleep_until(
        &self,
        side: u32,
        seen: u64,
        deadline: Option<u64>,
        wait: Patience,
        site: P::Site,
    ) -> bool {
        let other = if side == GETTER { &self.tail } else { &self.head };
        if self.closer_is_done(side, site) {
            return false;
        }
        if !Self::mark(other, seen) {
            return false;
        }
        let op = || if side == GETTER { self.get_op(wait, site) } else { self.put_op(wait, site) };
        let late = self.bell.sleep(side, deadline, op) == Woken::TimedOut;
        if !late && Position::of(other.position.load(Relaxed)) == Position::of(seen) {
            // Somebody is about to move it, and cannot while this marks it again and again.
            P::pause(0, || op().when(Guard::ALWAYS));
        }
        Self::unmark(other);
        late
    }

    /// Marks the other side's end as awaited, unless it has moved since it was seen: an end is
    /// never marked for somebody who has something to do. Says whether it did.
    fn mark(other: &End<P>, seen: u64) -> bool {
        let mut word = other.position.load(Relaxed);
        while (word ^ seen) & !AWAITED == 0 {
            // A release, of the mark on the bell; what the other side did is looked at again.
            match other.position.compare_exchange(word, word | AWAITED, Release, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Nobody sleeps any more until this end moves.
    fn unmark(other: &End<P>) {
        other.position.fetch_and(!AWAITED, Relaxed);
    }

    /// Moves the head on for a putter that waits for more room than there is yet; says whether
    /// that is so. That putter does not sleep long in any case.
    fn advance_early(&self, to: Position) -> bool {
        let word = self.head.position.load(Relaxed);
        let moves = || self.head.position.compare_exchange(word, to.word() | AWAITED, Release, Relaxed);
        word & AWAITED != 0 && self.is_early(to.word()) && moves().is_ok()
    }

    /// Whether a putter that waits for more room than there is would sleep on with the head here.
    fn is_early(&self, head: u64) -> bool {
        let here = Position::of(head).number();
        P::SPIN > 0 && self.wake_at.load(Relaxed).wrapping_sub(here).cast_signed() > 0
    }

    /// Marks the bell, or finds that the queue was closed.
    fn closer_is_done(&self, side: u32, site: P::Site) -> bool {
        while !self.bell.mark(side) {
            // Whoever has this lock is closing the queue. Once it is ours, that one has
            // closed the queue or is dead.
            self.closing.lock(site);
            let closed = self.tail.position.load(Relaxed) & CLOSED != 0;
            if !closed {
                self.bell.reopen();
            }
            self.closing.unlock_mine(P::me(), Left::Clean, site);
            if closed {
                return true;
            }
        }
        false
    }
}
