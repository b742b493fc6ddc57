//! Programs over a robust mutex, and the two mutexes that they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{RobustMutex, RobustOp, RobustRet, Task};
use proptest::prelude::*;
use selvedge::LockError;
use selvedge::platform::Tasks;
use selvedge::sync;
use std::cell::Cell;

impl Generate for RobustMutex {
    fn ops() -> BoxedStrategy<RobustOp> {
        prop_oneof![
            4 => Just(RobustOp::Unlock),
            2 => Just(RobustOp::Write),
            1 => Just(RobustOp::Repair),
            2 => Just(RobustOp::TryLock),
            3 => Just(RobustOp::Lock),
        ]
        .boxed()
    }
}

/// What came of taking a lock, with the guard if there is one.
pub(super) fn taken<G>(
    result: Result<G, LockError<G>>,
    number: impl Fn(&G) -> u32,
) -> (RobustRet, Option<G>) {
    match result {
        Ok(guard) => (RobustRet::Holds(number(&guard)), Some(guard)),
        Err(LockError::OwnerDied(guard)) => (RobustRet::Died(number(&guard)), Some(guard)),
        Err(LockError::Unrecoverable) => (RobustRet::Lost, None),
        Err(_) => (RobustRet::Refused, None),
    }
}

impl<P: Tasks> Subject for sync::RobustMutex<u32, P> {
    type Spec = RobustMutex;
    type Held<'a> = Option<sync::RobustMutexGuard<'a, u32, P>>;

    fn setups() -> BoxedStrategy<RobustMutex> {
        Just(RobustMutex { reentrant: false }).boxed()
    }

    fn new(_: &RobustMutex) -> Self {
        sync::RobustMutex::new(0)
    }

    fn perform<'a>(&'a self, held: &mut Self::Held<'a>, _: Task, op: &RobustOp) -> RobustRet {
        let result = match (op, &mut *held) {
            (RobustOp::Lock, _) => self.lock(),
            (RobustOp::TryLock, _) => self.try_lock(),
            (_, None) => return RobustRet::Refused,
            (RobustOp::Write, Some(guard)) => {
                **guard += 1;
                return RobustRet::Done;
            }
            (RobustOp::Repair, Some(guard)) => {
                guard.mark_consistent();
                return RobustRet::Done;
            }
            (RobustOp::Unlock, _) => {
                *held = None;
                return RobustRet::Done;
            }
        };
        let (ret, guard) = taken(result, |guard| **guard);
        if guard.is_some() {
            *held = guard;
        }
        ret
    }

    fn closing(held: &Self::Held<'_>) -> Option<RobustOp> {
        held.is_some().then_some(RobustOp::Unlock)
    }
}

impl<P: Tasks> Subject for sync::ReentrantMutex<Cell<u32>, P> {
    type Spec = RobustMutex;
    type Held<'a> = Vec<sync::ReentrantMutexGuard<'a, Cell<u32>, P>>;

    fn setups() -> BoxedStrategy<RobustMutex> {
        Just(RobustMutex { reentrant: true }).boxed()
    }

    fn new(_: &RobustMutex) -> Self {
        sync::ReentrantMutex::new(Cell::new(0))
    }

    fn perform<'a>(&'a self, held: &mut Self::Held<'a>, _: Task, op: &RobustOp) -> RobustRet {
        let result = match (op, held.last()) {
            (RobustOp::Lock, _) => self.lock(),
            (RobustOp::TryLock, _) => self.try_lock(),
            (_, None) => return RobustRet::Refused,
            (RobustOp::Write, Some(guard)) => {
                guard.set(guard.get() + 1);
                return RobustRet::Done;
            }
            (RobustOp::Repair, Some(guard)) => {
                guard.mark_consistent();
                return RobustRet::Done;
            }
            (RobustOp::Unlock, _) => {
                held.pop();
                return RobustRet::Done;
            }
        };
        let (ret, guard) = taken(result, |guard| guard.get());
        held.extend(guard);
        ret
    }

    fn closing(held: &Self::Held<'_>) -> Option<RobustOp> {
        (!held.is_empty()).then_some(RobustOp::Unlock)
    }
}
