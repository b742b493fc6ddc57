//! Programs over a barrier, and the barrier that they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Barrier, BarrierOp, BarrierRet, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for Barrier {
    fn ops() -> BoxedStrategy<BarrierOp> {
        prop_oneof![
            1 => Just(BarrierOp::IsBroken),
            1 => Just(BarrierOp::Reset),
            1 => Just(BarrierOp::Abort),
            9 => Just(BarrierOp::Wait),
        ]
        .boxed()
    }
}

/// Barriers for a few tasks.
pub fn setups() -> BoxedStrategy<Barrier> {
    (1..=3_u32).prop_map(|parties| Barrier { parties }).boxed()
}

impl<P: Tasks> Subject for sync::Barrier<P> {
    type Spec = Barrier;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Barrier> {
        setups()
    }

    fn new(setup: &Barrier) -> Self {
        sync::Barrier::new(setup.parties)
    }

    fn perform(&self, (): &mut (), _: Task, op: &BarrierOp) -> BarrierRet {
        match op {
            BarrierOp::Wait => match self.wait() {
                Ok(passed) => BarrierRet::Passed(passed.index()),
                Err(_) => BarrierRet::Broken,
            },
            BarrierOp::Abort => {
                self.abort();
                BarrierRet::Done
            }
            BarrierOp::Reset => {
                self.reset();
                BarrierRet::Done
            }
            BarrierOp::IsBroken => BarrierRet::IsBroken(self.is_broken()),
        }
    }
}
