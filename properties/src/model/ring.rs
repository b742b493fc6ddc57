//! The ring of one sender and one receiver: the laws of a [queue](super::queue), for two.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawRing`] over [`Loom`] | yes |
//! | [`SoundRing`] | yes |
//! | [`RelaxedRing`] | no: the tail moves before the item is seen to be there |
//! | [`RelaxedLook`] | no: the head is seen to move, and not that the item was read |
//! | [`HastySleep`] | no: it marks the other end and does not look again |
//! | [`Unmarked`] | no: moving an end leaves the mark, which the next sleeper takes for its own |
//! | [`HalfClosed`] | no: closing tells whoever receives, and nobody else |
//! | [`BlindSender`] | no: it sleeps until the head changes, which was closed before it looked |
//!
//! The broken ones are one machine with something left out; with nothing left out it goes
//! through too.
//!
//! When a process dies here, the other side waits for ever: not modelled.

use super::queue::RawEnds;
use super::{Lacking, Loom};
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::{Patience, RawRing, Refusal};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

impl<const WHAT: u8> RawEnds for RawRing<Lacking<WHAT>> {
    fn new() -> Self {
        RawRing::new(1)
    }
    fn put(&self, write: impl Fn(u32)) -> bool {
        let sent = self.send(Patience::Forever, (), write);
        assert_ne!(sent, Err(Refusal::WouldBlock));
        sent.is_ok()
    }
    fn get(&self, read: impl FnOnce(u32)) -> bool {
        self.recv(Patience::Forever, (), read).is_ok()
    }
    fn close(&self) {
        RawRing::close(self, ());
    }
}

type Futex = <Loom as Platform>::Futex;

const AWAITED: u32 = 1;
const CLOSED: u32 = 2;
const ONE: u32 = 4;

const RELAXED: u32 = 1;
const OLD_LOOK: u32 = 2;
const HASTY: u32 = 3;
const UNMARKED: u32 = 4;
const HALF: u32 = 5;
const BLIND: u32 = 6;

/// Two ends of a ring for one item, with one flaw.
#[derive(Debug)]
pub struct Ring<const FLAW: u32> {
    tail: Futex,
    head: Futex,
}

/// Nothing is wrong with it.
pub type SoundRing = Ring<0>;
/// Broken: moving an end releases nothing.
pub type RelaxedRing = Ring<RELAXED>;
/// Broken: the sender looks at the head without acquiring what the receiver did.
pub type RelaxedLook = Ring<OLD_LOOK>;
/// Broken: a sleeper marks the other end and does not look whether it has moved.
pub type HastySleep = Ring<HASTY>;
/// Broken: whoever moves an end wakes nobody if the mark came after its first look.
pub type Unmarked = Ring<UNMARKED>;
/// Broken: closing wakes only whoever receives.
pub type HalfClosed = Ring<HALF>;

/// Broken: a sender looks only at its own end to learn that the ring is closed.
pub type BlindSender = Ring<BLIND>;

impl<const FLAW: u32> Ring<FLAW> {
    fn sleep(other: &Futex, seen: u32) {
        let order = if FLAW == OLD_LOOK { Relaxed } else { AcqRel };
        let now = other.fetch_or(AWAITED, order);
        if FLAW == HASTY || (now ^ seen) & !AWAITED == 0 {
            let op = || unreachable!("loom does not look at operations");
            Loom::futex_wait(other, now | AWAITED, None, op, None::<fn() -> Op>);
        }
    }

    /// Moves an end on from `word`; says whether it could.
    fn advance(end: &Futex, mut word: u32, unless: u32) -> bool {
        let order = if FLAW == RELAXED { Relaxed } else { AcqRel };
        let first = word;
        loop {
            if word & unless != 0 {
                return false;
            }
            let next = ((word & !(AWAITED | CLOSED)) + ONE) | (word & CLOSED);
            match end.compare_exchange(word, next, order, Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if if FLAW == UNMARKED { first } else { word } & AWAITED != 0 {
            Loom::futex_wake(end, 1);
        }
        true
    }
}

impl<const FLAW: u32> RawEnds for Ring<FLAW> {
    fn new() -> Self {
        Ring { tail: Futex::new(0), head: Futex::new(0) }
    }

    fn put(&self, write: impl Fn(u32)) -> bool {
        loop {
            let tail = self.tail.load(Relaxed);
            let head = self.head.load(if FLAW == OLD_LOOK { Relaxed } else { Acquire });
            if tail & CLOSED != 0 {
                return false;
            }
            if tail / ONE == head / ONE {
                write(tail / ONE);
                return Self::advance(&self.tail, tail, CLOSED);
            }
            if head & CLOSED != 0 && FLAW != BLIND {
                return false;
            }
            Self::sleep(&self.head, head);
        }
    }

    fn get(&self, read: impl FnOnce(u32)) -> bool {
        loop {
            let (head, tail) = (self.head.load(Relaxed), self.tail.load(Acquire));
            if head / ONE != tail / ONE {
                read(head / ONE);
                return Self::advance(&self.head, head, 0);
            }
            if tail & CLOSED != 0 {
                return false;
            }
            Self::sleep(&self.tail, tail);
        }
    }

    fn close(&self) {
        self.tail.fetch_or(CLOSED, AcqRel);
        Loom::futex_wake(&self.tail, u32::MAX);
        if FLAW != HALF {
            self.head.fetch_or(CLOSED, AcqRel);
            Loom::futex_wake(&self.head, u32::MAX);
        }
    }
}
