//! Programs over a condition variable and its mutex, and the two that they are run on.

use super::semaphore::WHILE;
use super::subject::{Generate, Subject};
use crate::spec::{Condvar, CondvarOp, MutexRet, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for Condvar {
    fn ops() -> BoxedStrategy<CondvarOp> {
        prop_oneof![
            4 => Just(CondvarOp::Unlock),
            2 => Just(CondvarOp::NotifyOne),
            1 => Just(CondvarOp::NotifyAll),
            3 => Just(CondvarOp::Lock),
            1 => Just(CondvarOp::WaitTimeout),
            4 => Just(CondvarOp::Wait),
        ]
        .boxed()
    }
}

impl<P: Tasks> Subject for (sync::Mutex<(), P>, sync::Condvar<P>) {
    type Spec = Condvar;
    type Held<'a> = Option<sync::MutexGuard<'a, (), P>>;

    fn setups() -> BoxedStrategy<Condvar> {
        Just(Condvar).boxed()
    }

    fn new(_: &Condvar) -> Self {
        (sync::Mutex::new(()), sync::Condvar::new())
    }

    fn perform<'a>(&'a self, held: &mut Self::Held<'a>, _: Task, op: &CondvarOp) -> MutexRet {
        let (mutex, condvar) = self;
        match (op, held.take()) {
            // Whoever has the mutex would wait for itself.
            (CondvarOp::Lock, before) => {
                let guard = mutex.lock().expect("nobody panics with it");
                drop(before);
                *held = Some(guard);
            }
            (CondvarOp::Unlock, Some(guard)) => drop(guard),
            (CondvarOp::Wait, Some(guard)) => *held = condvar.wait(guard).ok(),
            (CondvarOp::WaitTimeout, Some(guard)) => {
                *held = condvar.wait_timeout(guard, WHILE).ok().map(|(guard, _)| guard);
            }
            (CondvarOp::Unlock | CondvarOp::Wait | CondvarOp::WaitTimeout, None) => return MutexRet::Refused,
            (notify, before) => {
                *held = before;
                match notify {
                    CondvarOp::NotifyOne => condvar.notify_one(),
                    _ => condvar.notify_all(),
                }
            }
        }
        MutexRet::Done
    }

    fn closing(held: &Self::Held<'_>) -> Option<CondvarOp> {
        held.is_some().then_some(CondvarOp::Unlock)
    }
}
