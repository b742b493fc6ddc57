//! Counts permits without knowing who has them.

use crate::mutant::semaphore::{Permits, Sound as Counted};
use crate::program::Subject;
use crate::spec::{PermitOp, RobustSemaphore, SemaphoreRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::prelude::shareable;
use std::sync::atomic::Ordering::SeqCst;

shareable! {
    /// A permit is gone with its dead holder.
    pub struct LostWithTheDead { counted: Counted }
}

impl Subject for LostWithTheDead {
    type Spec = RobustSemaphore;
    /// How many permits the task has.
    type Held<'a> = u32;

    fn setups() -> BoxedStrategy<RobustSemaphore> {
        (1..=2_u32).prop_map(|permits| RobustSemaphore { permits }).boxed()
    }

    fn new(setup: &RobustSemaphore) -> Self {
        LostWithTheDead { counted: Counted::new(setup.permits) }
    }

    fn perform(&self, held: &mut u32, _: Task, op: &PermitOp) -> SemaphoreRet {
        match op {
            PermitOp::Acquire => self.counted.acquire(),
            PermitOp::TryAcquire if self.counted.try_acquire() => {}
            PermitOp::Release if *held > 0 => {
                *held -= 1;
                self.counted.release(1, u32::MAX);
                return SemaphoreRet::Done;
            }
            PermitOp::Value => return SemaphoreRet::Value(self.counted.words().0.load(SeqCst)),
            PermitOp::TryAcquire | PermitOp::Release => return SemaphoreRet::Refused,
        }
        *held += 1;
        SemaphoreRet::Done
    }

    fn closing(held: &u32) -> Option<PermitOp> {
        (*held > 0).then_some(PermitOp::Release)
    }
}
