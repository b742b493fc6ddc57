//! Programs over something done once, and what they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Once, OnceOp, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;
use selvedge_harness::prelude::step;

impl Generate for Once {
    fn ops() -> BoxedStrategy<OnceOp> {
        prop_oneof![1 => Just(OnceOp::IsCompleted), 3 => Just(OnceOp::CallOnce), 2 => Just(OnceOp::Wait)]
            .boxed()
    }
}

impl<P: Tasks> Subject for sync::Once<P> {
    type Spec = Once;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Once> {
        Just(Once).boxed()
    }

    fn new(_: &Once) -> Self {
        sync::Once::new()
    }

    fn perform(&self, (): &mut (), _: Task, op: &OnceOp) -> bool {
        match op {
            OnceOp::CallOnce => {
                let mut mine = false;
                self.call_once(|| {
                    // The others run, and this task may be killed here.
                    step();
                    mine = true;
                });
                mine
            }
            OnceOp::Wait => {
                self.wait();
                true
            }
            OnceOp::IsCompleted => self.is_completed(),
        }
    }
}
