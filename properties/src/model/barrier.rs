//! The barrier: nobody passes before all have come, with all that they did before.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawBarrier`] over [`Loom`] | yes |
//! | [`CountOnly`] | no: without generations, a fast task is counted with the slow ones |
//! | [`RelaxedRelease`] | no: those released do not see what was done before |
//!
//! When a process dies, its arrival is taken back: not modelled.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::{Arrival, Patience, RawBarrier};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

type Word = <Loom as Platform>::Futex;

/// What the law below asks of a barrier for two.
pub trait RawMeeting: 'static {
    /// One where nobody waits.
    fn new() -> Self;
    /// Waits for the other one.
    fn wait(&self);
}

impl<const WHAT: u8> RawMeeting for RawBarrier<Lacking<WHAT>, 1> {
    fn new() -> Self {
        RawBarrier::new(2).expect("there is room for two")
    }
    fn wait(&self) {
        let passed = match self.arrive(Patience::Forever, ()) {
            Ok(Arrival::Last { seen }) => self.release(seen, ()),
            Ok(Arrival::Early { seen, slot }) => RawBarrier::wait(self, seen, slot, Patience::Forever, ()),
            Err(error) => Err(error),
        };
        passed.expect("nobody breaks it");
    }
}

fn sleep_on(word: &Word, expected: u32) {
    let op = || unreachable!("loom does not look at operations");
    Loom::futex_wait(word, expected, None, op, None::<fn() -> Op>);
}

/// Broken: the number of those who wait, and nothing else.
#[derive(Debug)]
pub struct CountOnly(Word);

impl RawMeeting for CountOnly {
    fn new() -> Self {
        CountOnly(Word::new(0))
    }
    fn wait(&self) {
        if self.0.fetch_add(1, AcqRel) == 1 {
            self.0.store(0, Release);
            Loom::futex_wake(&self.0, u32::MAX);
        } else {
            while self.0.load(Acquire) == 1 {
                sleep_on(&self.0, 1);
            }
        }
    }
}

/// Broken: the generation changes, but publishes nothing.
#[derive(Debug)]
pub struct RelaxedRelease {
    here: Word,
    generation: Word,
}

impl RawMeeting for RelaxedRelease {
    fn new() -> Self {
        RelaxedRelease { here: Word::new(0), generation: Word::new(0) }
    }
    fn wait(&self) {
        let now = self.generation.load(Acquire);
        if self.here.fetch_add(1, AcqRel) == 1 {
            self.here.store(0, Relaxed);
            self.generation.store(now + 1, Relaxed);
            Loom::futex_wake(&self.generation, u32::MAX);
        } else {
            while self.generation.load(Acquire) == now {
                sleep_on(&self.generation, now);
            }
        }
    }
}

/// Two write what is theirs, meet, read what is the other's, meet, and so on: loom reports
/// what nothing orders. Returns the number of executions.
pub fn two_meet<B: RawMeeting>(rounds: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let hall = Arc::new((B::new(), [Cell::new(0_u32), Cell::new(0_u32)]));
        let party = move |hall: &(B, [Cell<u32>; 2]), me: usize| {
            for round in 1..=rounds {
                hall.1[me].set(round);
                hall.0.wait();
                assert_eq!(hall.1[1 - me].get(), round, "the other one had not come");
                hall.0.wait();
            }
        };
        let other = {
            let hall = Arc::clone(&hall);
            thread::spawn(move || party(&hall, 1))
        };
        party(&hall, 0);
        other.join().expect("the other one panicked");
    })
}
