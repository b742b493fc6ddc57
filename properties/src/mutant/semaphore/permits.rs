//! A semaphore whose parts can be replaced by broken ones, and the programs that it is put
//! to.
//!
//! One word counts the permits, another those who wait or are about to. What stands here is
//! right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies with a permit, the permit is gone.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::{Subject, bounded_setups};
use crate::spec::{Semaphore, SemaphoreOp, SemaphoreRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

/// The words.
pub type Words = (Word, Word);

/// A semaphore over two words.
pub trait Permits: Shareable + Send + Sync {
    /// One with so many permits.
    fn new(permits: u32) -> Self;

    /// Its permits, and how many wait.
    fn words(&self) -> &Words;

    /// Takes a permit, waiting.
    fn acquire(&self) {
        let (free, waiting) = self.words();
        while !self.try_acquire() {
            waiting.fetch_add(1, SeqCst);
            sleep(free, 0);
            waiting.fetch_sub(1, SeqCst);
        }
    }

    /// Takes a permit if one is free.
    fn try_acquire(&self) -> bool {
        let (free, _) = self.words();
        let mut seen = free.load(SeqCst);
        while seen > 0 {
            match free.compare_exchange(seen, seen - 1, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Gives so many, unless more than `limit` would be free.
    fn release(&self, count: u32, limit: u32) -> bool {
        let (free, waiting) = self.words();
        let mut seen = free.load(SeqCst);
        loop {
            if seen + count > limit {
                return false;
            }
            match free.compare_exchange(seen, seen + count, SeqCst, SeqCst) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        if waiting.load(SeqCst) > 0 {
            wake(free, count);
        }
        true
    }
}

shareable! {
    /// A semaphore as programs use it.
    pub struct OfPermits<S: Permits> { semaphore: S, limit: u32 }
}

impl<S: Permits> Subject for OfPermits<S> {
    type Spec = Semaphore;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Semaphore> {
        bounded_setups()
    }

    fn new(setup: &Semaphore) -> Self {
        OfPermits { semaphore: S::new(setup.permits), limit: setup.limit }
    }

    fn perform(&self, (): &mut (), _: Task, op: &SemaphoreOp) -> SemaphoreRet {
        let done = match *op {
            SemaphoreOp::Acquire => {
                self.semaphore.acquire();
                true
            }
            SemaphoreOp::TryAcquire | SemaphoreOp::AcquireTimeout => self.semaphore.try_acquire(),
            SemaphoreOp::Release(count) => self.semaphore.release(count, self.limit),
            SemaphoreOp::Value => return SemaphoreRet::Value(self.semaphore.words().0.load(SeqCst)),
        };
        if done { SemaphoreRet::Done } else { SemaphoreRet::Refused }
    }
}

/// Declares a semaphore: what it is called, and the methods that it replaces.
macro_rules! permits {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { words: $crate::mutant::semaphore::Words }
        }

        impl $crate::mutant::semaphore::Permits for $name {
            fn new(permits: u32) -> Self {
                use selvedge::platform::Atomic;
                $name { words: (Atomic::new(permits), Atomic::new(0)) }
            }
            fn words(&self) -> &$crate::mutant::semaphore::Words {
                &self.words
            }
            $($method)*
        }
    };
}
pub(super) use permits;

permits! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
