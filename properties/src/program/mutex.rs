//! Programs over a mutex, and the mutex that they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Mutex, MutexOp, MutexRet, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for Mutex {
    fn ops() -> BoxedStrategy<MutexOp> {
        prop_oneof![4 => Just(MutexOp::Unlock), 2 => Just(MutexOp::TryLock), 2 => Just(MutexOp::Lock)].boxed()
    }
}

impl<P: Tasks> Subject for sync::Mutex<u32, P> {
    type Spec = Mutex;
    type Held<'a> = Option<sync::MutexGuard<'a, u32, P>>;

    fn setups() -> BoxedStrategy<Mutex> {
        Just(Mutex).boxed()
    }

    fn new(_: &Mutex) -> Self {
        sync::Mutex::new(0)
    }

    fn perform<'a>(&'a self, held: &mut Self::Held<'a>, _: Task, op: &MutexOp) -> MutexRet {
        let taken = match op {
            MutexOp::Unlock => {
                let Some(mut guard) = held.take() else { return MutexRet::Refused };
                *guard += 1;
                return MutexRet::Done;
            }
            MutexOp::Lock => self.lock().ok(),
            MutexOp::TryLock => self.try_lock().ok(),
        };
        let Some(guard) = taken else { return MutexRet::Refused };
        let number = *guard;
        *held = Some(guard);
        MutexRet::Holds(number)
    }

    fn closing(held: &Self::Held<'_>) -> Option<MutexOp> {
        held.is_some().then_some(MutexOp::Unlock)
    }
}
