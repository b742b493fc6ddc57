//! Programs over a semaphore, and the semaphores that they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Semaphore, SemaphoreOp, SemaphoreRet, Task};
use proptest::prelude::*;
use selvedge::platform::{Native, Tasks};
use selvedge::sync;
use std::time::Duration;

/// How long a timed acquire waits: on a clock that moves only when nobody can go on.
pub(super) const WHILE: Duration = Duration::from_secs(1);

impl Generate for Semaphore {
    fn ops() -> BoxedStrategy<SemaphoreOp> {
        prop_oneof![
            2 => (1..=3_u32).prop_map(SemaphoreOp::Release),
            1 => Just(SemaphoreOp::Value),
            2 => Just(SemaphoreOp::TryAcquire),
            1 => Just(SemaphoreOp::AcquireTimeout),
            4 => Just(SemaphoreOp::Acquire),
        ]
        .boxed()
    }
}

/// Semaphores to which permits can be added.
pub fn unbounded() -> BoxedStrategy<Semaphore> {
    (0..=2_u32).prop_map(|permits| Semaphore { permits, limit: sync::Semaphore::<Native>::MAX }).boxed()
}

/// Semaphores to which none can.
pub fn bounded() -> BoxedStrategy<Semaphore> {
    (1..=2_u32).prop_map(|permits| Semaphore { permits, limit: permits }).boxed()
}

/// What came of something that may be refused.
pub(crate) fn done(done: bool) -> SemaphoreRet {
    if done { SemaphoreRet::Done } else { SemaphoreRet::Refused }
}

macro_rules! semaphores {
    ($($semaphore:ident: $setups:expr;)*) => {$(
        impl<P: Tasks> Subject for sync::$semaphore<P> {
            type Spec = Semaphore;
            type Held<'a> = ();

            fn setups() -> BoxedStrategy<Semaphore> {
                $setups
            }

            fn new(setup: &Semaphore) -> Self {
                sync::$semaphore::new(setup.permits)
            }

            fn perform(&self, (): &mut (), _: Task, op: &SemaphoreOp) -> SemaphoreRet {
                match *op {
                    SemaphoreOp::Acquire => {
                        self.acquire();
                        SemaphoreRet::Done
                    }
                    SemaphoreOp::TryAcquire => done(self.try_acquire()),
                    SemaphoreOp::AcquireTimeout => done(self.acquire_timeout(WHILE)),
                    SemaphoreOp::Release(count) => done(self.release_n(count).is_ok()),
                    SemaphoreOp::Value => SemaphoreRet::Value(self.value()),
                }
            }
        }
    )*};
}

semaphores! {
    Semaphore: unbounded();
    BoundedSemaphore: bounded();
}
