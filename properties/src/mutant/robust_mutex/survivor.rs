//! A mutex that survives its holders, with what can go wrong around it, and the programs that
//! it is put to.
//!
//! It is the real one; each mutant replaces a method between it and its user. What stands
//! here is right ([`Sound`] shows that).
//!
//! When a process dies with it, the next one is told, unless a mutant thinks otherwise.

use crate::program::Subject;
use crate::spec::{RobustMutex, RobustOp, RobustRet, Task};
use proptest::prelude::*;
use selvedge_harness::prelude::{LockError, shareable};
use selvedge_harness::{Checked, Shareable};

/// The real one.
pub type Real = selvedge::sync::RobustMutex<u32, Checked>;
/// Its guard.
pub type Guard<'a> = selvedge::sync::RobustMutexGuard<'a, u32, Checked>;
/// What comes of taking it.
pub type Taken<'a> = Result<Guard<'a>, LockError<Guard<'a>>>;

/// What lies between the real one and its user.
pub trait Survivor: Shareable + Send + Sync {
    /// One around a free one.
    fn new() -> Self;

    /// The real one.
    fn real(&self) -> &Real;

    /// Takes it, waiting.
    fn lock(&self) -> Taken<'_> {
        self.real().lock()
    }

    /// What the user is told.
    fn tell<'a>(&self, taken: Taken<'a>) -> Taken<'a> {
        taken
    }

    /// Gives it back.
    fn unlock(&self, guard: Guard<'_>) {
        drop(guard);
    }
}

shareable! {
    /// A mutex as programs use it.
    pub struct OfSurvivor<L: Survivor> { lock: L }
}

impl<L: Survivor> Subject for OfSurvivor<L> {
    type Spec = RobustMutex;
    type Held<'a> = Option<Guard<'a>>;

    fn setups() -> BoxedStrategy<RobustMutex> {
        Just(RobustMutex { reentrant: false }).boxed()
    }

    fn new(_: &RobustMutex) -> Self {
        OfSurvivor { lock: L::new() }
    }

    fn perform<'a>(&'a self, held: &mut Option<Guard<'a>>, _: Task, op: &RobustOp) -> RobustRet {
        let taken = match (op, held.take()) {
            (RobustOp::Lock, before) => {
                let taken = self.lock.lock();
                drop(before);
                taken
            }
            (RobustOp::TryLock, None) => self.lock.real().try_lock(),
            (RobustOp::TryLock, before) => {
                *held = before;
                return RobustRet::Refused;
            }
            (_, None) => return RobustRet::Refused,
            (RobustOp::Write, Some(mut guard)) => {
                *guard += 1;
                *held = Some(guard);
                return RobustRet::Done;
            }
            (RobustOp::Repair, Some(mut guard)) => {
                guard.mark_consistent();
                *held = Some(guard);
                return RobustRet::Done;
            }
            (RobustOp::Unlock, Some(guard)) => {
                self.lock.unlock(guard);
                return RobustRet::Done;
            }
        };
        let (ret, guard) = match self.lock.tell(taken) {
            Ok(guard) => (RobustRet::Holds(*guard), guard),
            Err(LockError::OwnerDied(guard)) => (RobustRet::Died(*guard), guard),
            Err(LockError::Unrecoverable) => return RobustRet::Lost,
            Err(_) => return RobustRet::Refused,
        };
        *held = Some(guard);
        ret
    }

    fn closing(held: &Option<Guard<'_>>) -> Option<RobustOp> {
        held.is_some().then_some(RobustOp::Unlock)
    }
}

/// Declares a mutex: what it is called, and the methods that it replaces.
macro_rules! survivor {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { real: $crate::mutant::robust_mutex::Real }
        }

        impl $crate::mutant::robust_mutex::Survivor for $name {
            fn new() -> Self {
                $name { real: $crate::mutant::robust_mutex::Real::new(0) }
            }
            fn real(&self) -> &$crate::mutant::robust_mutex::Real {
                &self.real
            }
            $($method)*
        }
    };
}
pub(super) use survivor;

survivor! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
