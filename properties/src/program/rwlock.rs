//! Programs over a lock for readers and writers, and the lock that they are run on.

use super::robust_mutex::taken;
use super::subject::{Generate, Subject};
use crate::spec::{RobustRet, RwLock, RwLockOp, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for RwLock {
    fn ops() -> BoxedStrategy<RwLockOp> {
        prop_oneof![
            5 => Just(RwLockOp::Unlock),
            1 => Just(RwLockOp::Set),
            1 => Just(RwLockOp::Repair),
            1 => Just(RwLockOp::Downgrade),
            1 => Just(RwLockOp::TryRead),
            1 => Just(RwLockOp::TryWrite),
            2 => Just(RwLockOp::Read),
            2 => Just(RwLockOp::Write),
        ]
        .boxed()
    }
}

/// What a task has of the lock.
#[derive(Default)]
pub enum Holding<'a, P: Tasks> {
    /// Nothing.
    #[default]
    Nothing,
    /// The right to read.
    Read(sync::RwLockReadGuard<'a, u32, P>),
    /// The right to write.
    Write(sync::RwLockWriteGuard<'a, u32, P>),
}

impl<P: Tasks> Subject for sync::RwLock<u32, P> {
    type Spec = RwLock;
    type Held<'a> = Holding<'a, P>;

    fn setups() -> BoxedStrategy<RwLock> {
        Just(RwLock).boxed()
    }

    fn new(_: &RwLock) -> Self {
        sync::RwLock::new(0)
    }

    fn perform<'a>(&'a self, held: &mut Holding<'a, P>, _: Task, op: &RwLockOp) -> RobustRet {
        match (op, std::mem::take(held)) {
            // A task that has it already would wait for itself, or have it twice.
            (RwLockOp::Read | RwLockOp::TryRead | RwLockOp::Write | RwLockOp::TryWrite, Holding::Nothing) => {
                let read = |result| {
                    let (ret, guard) = taken(result, |guard: &sync::RwLockReadGuard<'a, u32, P>| **guard);
                    (ret, guard.map_or(Holding::Nothing, Holding::Read))
                };
                let write = |result| {
                    let (ret, guard) = taken(result, |guard: &sync::RwLockWriteGuard<'a, u32, P>| **guard);
                    (ret, guard.map_or(Holding::Nothing, Holding::Write))
                };
                let (ret, now) = match op {
                    RwLockOp::Read => read(self.read()),
                    RwLockOp::TryRead => read(self.try_read()),
                    RwLockOp::Write => write(self.write()),
                    _ => write(self.try_write()),
                };
                *held = now;
                ret
            }
            (RwLockOp::Set, Holding::Write(mut guard)) => {
                *guard += 1;
                *held = Holding::Write(guard);
                RobustRet::Done
            }
            (RwLockOp::Repair, Holding::Write(mut guard)) => {
                guard.mark_consistent();
                *held = Holding::Write(guard);
                RobustRet::Done
            }
            (RwLockOp::Downgrade, Holding::Write(guard)) => {
                *held = Holding::Read(guard.downgrade());
                RobustRet::Done
            }
            (RwLockOp::Unlock, Holding::Read(_) | Holding::Write(_)) => RobustRet::Done,
            (_, before) => {
                *held = before;
                RobustRet::Refused
            }
        }
    }

    fn closing(held: &Holding<'_, P>) -> Option<RwLockOp> {
        (!matches!(held, Holding::Nothing)).then_some(RwLockOp::Unlock)
    }
}
