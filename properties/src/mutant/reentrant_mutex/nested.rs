//! A lock that its holder can take again, whose parts can be replaced by broken ones, and the
//! programs that it is put to.
//!
//! The word is the number of its holder plus 1, or 0; beside it stands how often it holds it,
//! which the holder alone looks at. What stands here is right ([`Sound`] shows that); each
//! mutant replaces one method.
//!
//! When a process dies with it, it stays taken.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::Subject;
use crate::spec::{RobustMutex, RobustOp, RobustRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

shareable! {
    /// What it consists of.
    pub struct Parts { pub(super) holder: Word, pub(super) depth: AtomicU32 }
}

/// A lock that can be nested.
pub trait Nested: Shareable + Send + Sync {
    /// A free one.
    fn new() -> Self;

    /// What it consists of.
    fn parts(&self) -> &Parts;

    /// Takes it once more, if `me` has it.
    fn deepen(&self, me: u32) -> bool {
        let Parts { holder, depth } = self.parts();
        let mine = holder.load(SeqCst) == me;
        if mine {
            depth.fetch_add(1, Relaxed);
        }
        mine
    }

    /// Takes it if it is free or the caller's.
    fn try_lock(&self, me: u32) -> bool {
        if self.deepen(me) {
            return true;
        }
        let Parts { holder, depth } = self.parts();
        let taken = holder.compare_exchange(0, me, SeqCst, SeqCst).is_ok();
        if taken {
            depth.store(1, Relaxed);
        }
        taken
    }

    /// Takes it, waiting.
    fn lock(&self, me: u32) {
        while !self.try_lock(me) {
            match self.parts().holder.load(SeqCst) {
                0 => {}
                other => sleep(&self.parts().holder, other),
            }
        }
    }

    /// Gives it back once.
    fn unlock(&self) {
        if self.parts().depth.fetch_sub(1, Relaxed) == 1 {
            self.release();
        }
    }

    /// Gives it back for good.
    fn release(&self) {
        self.parts().holder.store(0, SeqCst);
        wake(&self.parts().holder, u32::MAX);
    }
}

shareable! {
    /// A lock around a number, as programs use it.
    pub struct OfNested<L: Nested> { lock: L, number: AtomicU32 }
}

impl<L: Nested> Subject for OfNested<L> {
    type Spec = RobustMutex;
    /// How often the task holds it.
    type Held<'a> = u32;

    fn setups() -> BoxedStrategy<RobustMutex> {
        Just(RobustMutex { reentrant: true }).boxed()
    }

    fn new(_: &RobustMutex) -> Self {
        OfNested { lock: L::new(), number: AtomicU32::new(0) }
    }

    fn perform(&self, held: &mut u32, me: Task, op: &RobustOp) -> RobustRet {
        let me = u32::from(me) + 1;
        match op {
            RobustOp::Lock => self.lock.lock(me),
            RobustOp::TryLock if self.lock.try_lock(me) => {}
            RobustOp::TryLock => return RobustRet::Refused,
            _ if *held == 0 => return RobustRet::Refused,
            RobustOp::Write => {
                self.number.store(self.number.load(Relaxed) + 1, Relaxed);
                return RobustRet::Done;
            }
            RobustOp::Repair => return RobustRet::Done,
            RobustOp::Unlock => {
                *held -= 1;
                self.lock.unlock();
                return RobustRet::Done;
            }
        }
        *held += 1;
        RobustRet::Holds(self.number.load(Relaxed))
    }

    fn closing(held: &u32) -> Option<RobustOp> {
        (*held > 0).then_some(RobustOp::Unlock)
    }
}

/// Declares a lock: what it is called, and the methods that it replaces.
macro_rules! nested {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { parts: $crate::mutant::reentrant_mutex::Parts }
        }

        impl $crate::mutant::reentrant_mutex::Nested for $name {
            fn new() -> Self {
                let holder = selvedge::platform::Atomic::new(0);
                let depth = std::sync::atomic::AtomicU32::new(0);
                $name { parts: $crate::mutant::reentrant_mutex::Parts { holder, depth } }
            }
            fn parts(&self) -> &$crate::mutant::reentrant_mutex::Parts {
                &self.parts
            }
            $($method)*
        }
    };
}
pub(super) use nested;

nested! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
