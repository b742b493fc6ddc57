//! The monitor: the laws of a [queue](super::queue), for one lock around everything.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`Monitored`]: [`RawMonitor`] over [`Loom`] | yes |
//! | [`Guarded`] | yes |
//! | [`RelaxedGuard`] | no: the store is used by two at a time, as far as memory goes |
//! | [`LoudBell`] | no: it rings before the sleeper is asleep, and changes nothing that it looks at |
//! | [`LateMark`] | no: a sleeper marks the bell after it gave the lock back |
//! | [`SharedMark`] | no: what one side does takes the other one's mark away unheard |
//! | [`LateClose`] | no: closing rings, and then closes |
//!
//! The broken ones are one machine with something left out; with nothing left out it goes
//! through too.
//!
//! Nobody dies here: the repair after a death is left to the harness.

use super::mutex::{RawLock, RelaxedUnlock};
use super::queue::RawEnds;
use super::{Lacking, Loom};
use loom::cell::Cell;
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::{Patience, RawMonitor, RawMutex, Refusal, Watched};
use std::sync::atomic::Ordering::AcqRel;

/// How many items were put and got: what the lock protects. loom reports two uses of a cell
/// that nothing orders.
struct Counts {
    put: Cell<u32>,
    got: Cell<u32>,
}

impl Counts {
    fn new() -> Self {
        Counts { put: Cell::new(0), got: Cell::new(0) }
    }

    /// Puts or gets one item of at most one, if that is possible.
    fn change(&self, puts: bool, with: impl FnOnce(u32)) -> bool {
        let (put, got) = (self.put.get(), self.got.get());
        if puts != (put == got) {
            return false;
        }
        let (cell, number) = if puts { (&self.put, put) } else { (&self.got, got) };
        with(number);
        cell.set(number + 1);
        true
    }
}

impl Watched for Counts {
    fn repair(&self) {
        unreachable!("nobody dies here");
    }
    fn count(&self) -> u32 {
        self.put.get() - self.got.get()
    }
}

/// The shipped monitor around two counts.
pub struct Monitored<const WHAT: u8 = 0> {
    monitor: RawMonitor<Lacking<WHAT>>,
    counts: Counts,
}

impl<const WHAT: u8> RawEnds for Monitored<WHAT> {
    fn new() -> Self {
        Monitored { monitor: RawMonitor::new(1), counts: Counts::new() }
    }
    fn put(&self, write: impl Fn(u32)) -> bool {
        let put = || self.counts.change(true, &write).then_some(());
        let put = self.monitor.put(&self.counts, Patience::Forever, (), put);
        assert_ne!(put, Err(Refusal::WouldBlock));
        put.is_ok()
    }
    fn get(&self, read: impl FnOnce(u32)) -> bool {
        let get = || assert!(self.counts.change(false, read), "nothing to get");
        self.monitor.get(&self.counts, Patience::Forever, (), get).is_ok()
    }
    fn close(&self) {
        self.monitor.close(&self.counts, ());
    }
}

type Futex = <Loom as Platform>::Futex;

const QUIET: u32 = 0;
const PUTTER: u32 = 1;
const GETTER: u32 = 2;

const LOUD: u32 = 1;
const LATE: u32 = 2;
const SHARED: u32 = 3;
const CLOSES_LATE: u32 = 4;

/// One lock, one lock for those of each side who wait, and a bell; with one flaw.
pub struct Guard<L, const FLAW: u32> {
    core: L,
    sides: [RawMutex<Loom>; 2],
    bell: Futex,
    awaited: Cell<u32>,
    closed: Cell<bool>,
    counts: Counts,
}

/// Nothing is wrong with it.
pub type Guarded = Guard<RawMutex<Loom>, 0>;
/// Broken: giving the lock back publishes nothing.
pub type RelaxedGuard = Guard<RelaxedUnlock, 0>;
/// Broken: the bell is not made quiet before a sleeper is woken.
pub type LoudBell = Guard<RawMutex<Loom>, LOUD>;
/// Broken: who wants to sleep marks the bell without the lock.
pub type LateMark = Guard<RawMutex<Loom>, LATE>;
/// Broken: whoever looks and cannot go on takes the other side's mark for its own.
pub type SharedMark = Guard<RawMutex<Loom>, SHARED>;
/// Broken: closing wakes everybody before it closes.
pub type LateClose = Guard<RawMutex<Loom>, CLOSES_LATE>;

impl<L: RawLock, const FLAW: u32> Guard<L, FLAW> {
    /// Tries once; `None` if it must wait, and then the bell is marked.
    fn attempt(&self, side: u32, with: &mut Option<impl FnOnce(u32)>) -> Option<bool> {
        self.core.lock();
        let others = if FLAW == SHARED { 0 } else { self.awaited.get() & !side };
        if others != 0 && FLAW != LOUD {
            self.bell.swap(QUIET, AcqRel);
        }
        let refused = self.closed.get() && (side == PUTTER || self.counts.count() == 0);
        let done = !refused
            && self.counts.change(side == PUTTER, |number| {
                if let Some(with) = with.take() {
                    with(number);
                }
            });
        if others != 0 {
            self.awaited.set(self.awaited.get() & side);
            Loom::futex_wake(&self.bell, u32::MAX);
        }
        let waits = !refused && !done;
        if waits {
            self.awaited.set(self.awaited.get() | side);
            if FLAW != LATE {
                self.bell.swap(side, AcqRel);
            }
        }
        self.core.unlock();
        if waits { None } else { Some(done) }
    }

    fn perform(&self, side: u32, with: impl FnOnce(u32)) -> bool {
        let mut with = Some(with);
        if let Some(done) = self.attempt(side, &mut with) {
            return done;
        }
        let turn = &self.sides[side as usize - 1];
        turn.lock(());
        let done = loop {
            if let Some(done) = self.attempt(side, &mut with) {
                break done;
            }
            if FLAW == LATE {
                self.bell.swap(side, AcqRel);
            }
            let op = || unreachable!("loom does not look at operations");
            Loom::futex_wait(&self.bell, side, None, op, None::<fn() -> Op>);
        };
        turn.unlock(());
        done
    }
}

impl<L: RawLock, const FLAW: u32> RawEnds for Guard<L, FLAW> {
    fn new() -> Self {
        Guard {
            core: L::new(),
            sides: [RawMutex::new(), RawMutex::new()],
            bell: Futex::new(QUIET),
            awaited: Cell::new(0),
            closed: Cell::new(false),
            counts: Counts::new(),
        }
    }
    fn put(&self, write: impl Fn(u32)) -> bool {
        self.perform(PUTTER, write)
    }
    fn get(&self, read: impl FnOnce(u32)) -> bool {
        self.perform(GETTER, read)
    }
    fn close(&self) {
        let ring = || {
            self.bell.swap(QUIET, AcqRel);
            Loom::futex_wake(&self.bell, u32::MAX);
        };
        if FLAW == CLOSES_LATE {
            ring();
        }
        self.core.lock();
        self.closed.set(true);
        if FLAW != CLOSES_LATE {
            ring();
        }
        self.core.unlock();
    }
}
