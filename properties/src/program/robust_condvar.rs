//! Programs over a condition variable and its robust mutex, and the two that they are run on.

use super::robust_mutex::taken;
use super::semaphore::WHILE;
use super::subject::{Generate, Subject};
use crate::spec::{RobustCondvar, RobustCondvarOp, RobustMutex, RobustOp, RobustRet, Task};
use proptest::prelude::*;
use selvedge::LockError;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for RobustCondvar {
    fn ops() -> BoxedStrategy<RobustCondvarOp> {
        prop_oneof![
            8 => RobustMutex::ops().prop_map(RobustCondvarOp::Mutex),
            2 => Just(RobustCondvarOp::NotifyOne),
            1 => Just(RobustCondvarOp::NotifyAll),
            1 => Just(RobustCondvarOp::WaitTimeout),
            4 => Just(RobustCondvarOp::Wait),
        ]
        .boxed()
    }
}

/// What came of a wait with a timeout: that of one without.
fn untimed<G, T>(result: Result<(G, T), LockError<(G, T)>>) -> Result<G, LockError<G>> {
    match result {
        Ok((guard, _)) => Ok(guard),
        Err(LockError::OwnerDied((guard, _))) => Err(LockError::OwnerDied(guard)),
        Err(LockError::Unrecoverable) => Err(LockError::Unrecoverable),
        Err(_) => Err(LockError::WouldBlock),
    }
}

impl<P: Tasks> Subject for (sync::RobustMutex<u32, P>, sync::Condvar<P>) {
    type Spec = RobustCondvar;
    type Held<'a> = Option<sync::RobustMutexGuard<'a, u32, P>>;

    fn setups() -> BoxedStrategy<RobustCondvar> {
        Just(RobustCondvar).boxed()
    }

    fn new(_: &RobustCondvar) -> Self {
        (sync::RobustMutex::new(0), sync::Condvar::new())
    }

    fn perform<'a>(&'a self, held: &mut Self::Held<'a>, me: Task, op: &RobustCondvarOp) -> RobustRet {
        let (mutex, condvar) = self;
        let waited = match op {
            RobustCondvarOp::Mutex(op) => return mutex.perform(held, me, op),
            RobustCondvarOp::NotifyOne => {
                condvar.notify_one();
                return RobustRet::Done;
            }
            RobustCondvarOp::NotifyAll => {
                condvar.notify_all();
                return RobustRet::Done;
            }
            RobustCondvarOp::Wait | RobustCondvarOp::WaitTimeout => {
                let Some(guard) = held.take() else { return RobustRet::Refused };
                if *op == RobustCondvarOp::Wait {
                    condvar.wait(guard)
                } else {
                    untimed(condvar.wait_timeout(guard, WHILE))
                }
            }
        };
        let (ret, guard) = taken(waited, |guard| **guard);
        *held = guard;
        ret
    }

    fn closing(held: &Self::Held<'_>) -> Option<RobustCondvarOp> {
        held.is_some().then_some(RobustCondvarOp::Mutex(RobustOp::Unlock))
    }
}
