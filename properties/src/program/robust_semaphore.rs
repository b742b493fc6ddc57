//! Programs over a robust semaphore, and the semaphore that they are run on.

use super::semaphore::done;
use super::subject::{Generate, Subject};
use crate::spec::{PermitOp, RobustSemaphore, SemaphoreRet, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for RobustSemaphore {
    fn ops() -> BoxedStrategy<PermitOp> {
        prop_oneof![
            3 => Just(PermitOp::Release),
            1 => Just(PermitOp::Value),
            2 => Just(PermitOp::TryAcquire),
            3 => Just(PermitOp::Acquire),
        ]
        .boxed()
    }
}

impl<P: Tasks> Subject for sync::RobustSemaphore<P> {
    type Spec = RobustSemaphore;
    type Held<'a> = Vec<sync::RobustPermit<'a, P>>;

    fn setups() -> BoxedStrategy<RobustSemaphore> {
        (1..=2_u32).prop_map(|permits| RobustSemaphore { permits }).boxed()
    }

    fn new(setup: &RobustSemaphore) -> Self {
        sync::RobustSemaphore::new(setup.permits).expect("a small number of permits")
    }

    fn perform<'a>(&'a self, held: &mut Self::Held<'a>, _: Task, op: &PermitOp) -> SemaphoreRet {
        match op {
            PermitOp::Acquire => {
                held.push(self.acquire());
                SemaphoreRet::Done
            }
            PermitOp::TryAcquire => {
                let permit = self.try_acquire();
                let taken = permit.is_some();
                held.extend(permit);
                done(taken)
            }
            PermitOp::Release => done(held.pop().is_some()),
            PermitOp::Value => SemaphoreRet::Value(self.value()),
        }
    }

    fn closing(held: &Self::Held<'_>) -> Option<PermitOp> {
        (!held.is_empty()).then_some(PermitOp::Release)
    }
}
