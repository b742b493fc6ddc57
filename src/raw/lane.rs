//! A lane: one request at a time, and its answer, by words that both sides look at.
//!
//! Called by [`channel::lane`](crate::channel), which adds the bytes. The two sides also
//! have a way on which they can sleep, a connection; the lane is for as long as both are
//! awake and on different cores.
//!
//! | turn | who acts | and does |
//! |---|---|---|
//! | `IDLE` | client | writes a request, `ASKED` |
//! | `ASKED` | server | takes the request, `TAKEN` |
//! | `ASKED` | client, tired of looking | takes it back, `IDLE`: it asks by the connection |
//! | `TAKEN` | server | writes the answer, `ANSWERED`; or sends it by the connection, `ELSEWHERE` |
//! | `TAKEN` | client, tired of looking | `AWAITED`: it sleeps until the answer comes by the connection |
//! | `AWAITED` | server | `IDLE`, and sends the answer by the connection |
//! | `ANSWERED`, `ELSEWHERE` | client | reads the answer, or receives it: `IDLE` |
//!
//! 1. The bytes belong to whoever acts next; where both can act, whoever changes the turn
//!    by a compare-and-exchange.
//! 2. So a request is taken once or taken back, and its answer comes one way.
//! 3. `served` is a hint: a client that believes it for too long looks in vain, once.
//!
//! Orderings: asking and answering are releases, and the look that finds either is an
//! acquire, so that whoever gets the bytes sees what the other one wrote. Whoever goes on from
//! a turn that is its own has seen all that led there, and looks without acquiring; and where
//! the connection has the answer, it orders what follows.
//!
//! When a process dies here, at whatever instruction: a request of which the turn was not
//! `ASKED` yet is never taken; of a dead client the answer is read by nobody. A client of a
//! dead server stops looking and asks by, or waits at, the connection, which is at its end.

use crate::platform::{Atomic, Platform, Tasks};
use crate::shm::Shareable;
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const IDLE: u32 = 0;
const ASKED: u32 = 1;
const TAKEN: u32 = 2;
const ANSWERED: u32 = 3;
const ELSEWHERE: u32 = 4;
const AWAITED: u32 = 5;

/// What became of a request, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The answer is there; call [`RawLane::read`] once it was read.
    Here,
    /// The answer comes by the connection.
    Elsewhere,
    /// It was not taken, and will not be.
    TakenBack,
}

/// The words of a lane.
#[repr(C, align(64))]
pub struct RawLane<P: Platform> {
    turn: P::AtomicU32,
    served: P::AtomicU32,
}

// SAFETY: words that mean the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for RawLane<P> {}

impl<P: Platform> RawLane<P> {
    /// A lane at which nobody asks and nobody looks.
    #[must_use]
    pub fn new() -> Self {
        RawLane { turn: Atomic::new(IDLE), served: Atomic::new(0) }
    }

    /// The client: whether it can write a request, and is likely to be heard.
    #[inline]
    pub fn is_served(&self) -> bool {
        self.served.load(Relaxed) != 0 && self.turn.load(Relaxed) == IDLE
    }

    /// The client: a request was written.
    #[inline]
    pub fn ask(&self) {
        self.turn.store(ASKED, Release);
    }

    /// The client that has asked: looks once.
    #[inline]
    pub fn look(&self) -> Option<Heard> {
        match self.turn.load(Acquire) {
            ANSWERED => Some(Heard::Here),
            ELSEWHERE => {
                self.turn.store(IDLE, Relaxed);
                Some(Heard::Elsewhere)
            }
            _ => None,
        }
    }

    /// The client that has asked: does not look any more.
    #[cold]
    pub fn give_up(&self) -> Heard {
        if self.turn.compare_exchange(ASKED, IDLE, Relaxed, Relaxed).is_ok() {
            return Heard::TakenBack;
        }
        if self.turn.compare_exchange(TAKEN, AWAITED, Relaxed, Relaxed).is_ok() {
            return Heard::Elsewhere;
        }
        // Nothing else can follow on `TAKEN` (invariant 1).
        self.look().unwrap_or(Heard::Elsewhere)
    }

    /// The client: the answer was read.
    #[inline]
    pub fn read(&self) {
        self.turn.store(IDLE, Relaxed);
    }

    /// The server: says whether it looks here.
    #[inline]
    pub fn serve(&self, looks: bool) {
        if (self.served.load(Relaxed) != 0) != looks {
            self.served.store(u32::from(looks), Relaxed);
        }
    }

    /// The server: takes the request, if there is one.
    #[inline]
    pub fn take(&self) -> bool {
        self.turn.load(Relaxed) == ASKED && self.turn.compare_exchange(ASKED, TAKEN, Acquire, Relaxed).is_ok()
    }

    /// The server that has taken a request and, if `here`, written the answer: true if
    /// the client reads it here, false if it must be sent by the connection.
    #[inline]
    pub fn answer(&self, here: bool) -> bool {
        let turn = if here { ANSWERED } else { ELSEWHERE };
        if self.turn.compare_exchange(TAKEN, turn, Release, Relaxed).is_ok() {
            return here;
        }
        // It is awaited, and the client writes nothing here before the connection has told it
        // the answer; of a client that broke the rules nothing is believed either.
        self.turn.store(IDLE, Relaxed);
        false
    }
}

impl<P: Platform> Default for RawLane<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> fmt::Debug for RawLane<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawLane").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;

    #[test]
    fn an_answer_comes_one_way() {
        let lane = RawLane::<Native>::new();
        assert!(!lane.is_served() && !lane.take());
        lane.serve(true);
        assert!(lane.is_served());
        lane.ask();
        assert!(!lane.is_served() && lane.look().is_none());
        assert!(lane.take() && !lane.take());
        assert!(lane.answer(true));
        assert_eq!((lane.look(), lane.give_up()), (Some(Heard::Here), Heard::Here));
        lane.read();
        // Too long for the lane.
        lane.ask();
        assert!(lane.take() && !lane.answer(false));
        assert_eq!(lane.look(), Some(Heard::Elsewhere));
        // Too late for the lane.
        lane.ask();
        assert!(lane.take());
        assert_eq!(lane.give_up(), Heard::Elsewhere);
        assert!(!lane.answer(true) && lane.is_served());
        // Not taken in time.
        lane.ask();
        assert_eq!(lane.give_up(), Heard::TakenBack);
        assert!(!lane.take());
    }
}
