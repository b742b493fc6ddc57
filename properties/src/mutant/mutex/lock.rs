//! A lock whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free |
//! | 1 | somebody has it, nobody sleeps |
//! | 2 | somebody has it, somebody may sleep |
//!
//! What stands here is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies with it, it stays taken.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::Subject;
use crate::spec::{Mutex, MutexOp, MutexRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// A lock over a word.
pub trait Lock: Shareable + Send + Sync {
    /// A free one.
    fn new() -> Self;

    /// Its word.
    fn word(&self) -> &Word;

    /// Takes it, waiting.
    fn lock(&self) {
        if self.word().compare_exchange(0, 1, SeqCst, SeqCst).is_ok() {
            return;
        }
        while self.word().swap(2, SeqCst) != 0 {
            sleep(self.word(), 2);
        }
    }

    /// Takes it if it is free.
    fn try_lock(&self) -> bool {
        self.word().compare_exchange(0, 1, SeqCst, SeqCst).is_ok()
    }

    /// Gives it back.
    fn unlock(&self) {
        if self.word().swap(0, SeqCst) == 2 {
            wake(self.word(), 1);
        }
    }
}

shareable! {
    /// A lock around a number, as programs over mutexes use it.
    pub struct OfLock<L: Lock> { lock: L, number: AtomicU32 }
}

impl<L: Lock> Subject for OfLock<L> {
    type Spec = Mutex;
    type Held<'a> = bool;

    fn setups() -> BoxedStrategy<Mutex> {
        Just(Mutex).boxed()
    }

    fn new(_: &Mutex) -> Self {
        OfLock { lock: L::new(), number: AtomicU32::new(0) }
    }

    fn perform(&self, held: &mut bool, _: Task, op: &MutexOp) -> MutexRet {
        match op {
            MutexOp::Unlock if !*held => return MutexRet::Refused,
            MutexOp::Unlock => {
                self.number.store(self.number.load(Relaxed) + 1, Relaxed);
                *held = false;
                self.lock.unlock();
                return MutexRet::Done;
            }
            MutexOp::TryLock if !self.lock.try_lock() => return MutexRet::Refused,
            MutexOp::TryLock => {}
            MutexOp::Lock => self.lock.lock(),
        }
        *held = true;
        MutexRet::Holds(self.number.load(Relaxed))
    }

    fn closing(held: &bool) -> Option<MutexOp> {
        held.then_some(MutexOp::Unlock)
    }
}

/// Declares a lock: what it is called, and the methods that it replaces.
macro_rules! lock {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { word: $crate::mutant::word::Word }
        }

        impl $crate::mutant::mutex::Lock for $name {
            fn new() -> Self {
                $name { word: selvedge::platform::Atomic::new(0) }
            }
            fn word(&self) -> &$crate::mutant::word::Word {
                &self.word
            }
            $($method)*
        }
    };
}
pub(super) use lock;

lock! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
