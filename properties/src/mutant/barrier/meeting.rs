//! A barrier whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! One word counts who is here, another one generations, both under a lock. What stands here is right
//! ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies here, it has arrived for good.

use crate::mutant::mutex::{Lock, Sound as SoundLock};
use crate::mutant::word::{Word, sleep, wake};
use crate::program::{Subject, barrier_setups};
use crate::spec::{Barrier, BarrierOp, BarrierRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

shareable! {
    /// What it consists of.
    pub struct Place { pub(super) lock: SoundLock, pub(super) here: Word, pub(super) generation: Word }
}

/// A barrier over two words and a lock.
pub trait Meeting: Shareable + Send + Sync {
    /// One where nobody is.
    fn new() -> Self;

    /// What it consists of.
    fn place(&self) -> &Place;

    /// One more is here; how many were before.
    fn arrive(&self) -> u32 {
        let before = self.place().here.load(SeqCst);
        self.place().here.store(before + 1, SeqCst);
        before
    }

    /// Lets all go on.
    fn release(&self) {
        let Place { here, generation, .. } = self.place();
        here.store(0, SeqCst);
        generation.fetch_add(1, SeqCst);
        wake(generation, u32::MAX);
    }

    /// Arrives; the place among those who did, and the generation to wait for the end of.
    fn enter(&self, parties: u32) -> (u32, u32) {
        self.place().lock.lock();
        let seen = self.place().generation.load(SeqCst);
        let index = self.arrive();
        if index + 1 == parties {
            self.release();
        }
        self.place().lock.unlock();
        (index, seen)
    }

    /// Waits until all are here; the place among them.
    fn wait(&self, parties: u32) -> u32 {
        let (index, seen) = self.enter(parties);
        while self.place().generation.load(SeqCst) == seen {
            sleep(&self.place().generation, seen);
        }
        index
    }
}

shareable! {
    /// A barrier as programs use it.
    pub struct OfMeeting<M: Meeting> { meeting: M, parties: u32 }
}

impl<M: Meeting> Subject for OfMeeting<M> {
    type Spec = Barrier;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Barrier> {
        barrier_setups()
    }

    /// It cannot be broken.
    fn ops() -> BoxedStrategy<BarrierOp> {
        Just(BarrierOp::Wait).boxed()
    }

    fn new(setup: &Barrier) -> Self {
        OfMeeting { meeting: M::new(), parties: setup.parties }
    }

    fn perform(&self, (): &mut (), _: Task, op: &BarrierOp) -> BarrierRet {
        match op {
            BarrierOp::Wait => BarrierRet::Passed(self.meeting.wait(self.parties)),
            other => unreachable!("{other:?} is not among its operations"),
        }
    }
}

/// Declares a barrier: what it is called, and the methods that it replaces.
macro_rules! meeting {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { place: $crate::mutant::barrier::Place }
        }

        impl $crate::mutant::barrier::Meeting for $name {
            fn new() -> Self {
                use selvedge::platform::Atomic;
                let lock = $crate::mutant::mutex::Lock::new();
                let (here, generation) = (Atomic::new(0), Atomic::new(0));
                $name { place: $crate::mutant::barrier::Place { lock, here, generation } }
            }
            fn place(&self) -> &$crate::mutant::barrier::Place {
                &self.place
            }
            $($method)*
        }
    };
}
pub(super) use meeting;

meeting! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
