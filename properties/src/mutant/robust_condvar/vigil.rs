//! A condition variable over a mutex that survives its holders, whose parts can be replaced by
//! broken ones, and the programs that it is put to.
//!
//! The word counts notifications; the mutex is the real one. Every notification wakes all who
//! wait, so that none is lost with one of them. What stands here is right ([`Sound`] shows
//! that); each mutant replaces a method or two.
//!
//! When a process dies in a wait, others were woken with it; with the mutex, the next one is
//! told, unless a mutant thinks otherwise.

use crate::mutant::robust_mutex::{Guard, Real, Taken};
use crate::mutant::word::{Word, change_and_wake, sleep};
use crate::program::{Generate, Subject};
use crate::spec::{RobustCondvar, RobustCondvarOp, RobustMutex, RobustOp, RobustRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::prelude::{LockError, shareable};
use selvedge_harness::{Checked, Shareable};
use std::sync::atomic::Ordering::SeqCst;

/// The mutex, and the word that counts.
pub type Post = (Real, Word);

/// A condition variable over a word.
pub trait Vigil: Shareable + Send + Sync {
    /// One that nobody waits for.
    fn new() -> Self;

    /// What it consists of.
    fn post(&self) -> &Post;

    /// Gives the mutex up, waits, and takes it again.
    fn wait<'a>(&'a self, guard: Guard<'a>) -> Taken<'a> {
        let (mutex, word) = self.post();
        let seen = word.load(SeqCst);
        drop(guard);
        sleep(word, seen);
        mutex.lock()
    }

    /// Wakes so many, or more.
    fn notify(&self, count: u32) {
        let _ = count;
        change_and_wake(&self.post().1);
    }
}

shareable! {
    /// A condition variable with its mutex, as programs use them.
    pub struct OfVigil<V: Vigil> { vigil: V }
}

impl<V: Vigil> Subject for OfVigil<V> {
    type Spec = RobustCondvar;
    type Held<'a> = Option<Guard<'a>>;

    fn setups() -> BoxedStrategy<RobustCondvar> {
        Just(RobustCondvar).boxed()
    }

    /// Mostly such as wait and notify, without `wait_timeout`.
    fn ops() -> BoxedStrategy<RobustCondvarOp> {
        prop_oneof![
            2 => RobustMutex::ops().prop_map(RobustCondvarOp::Mutex),
            3 => Just(RobustCondvarOp::NotifyOne),
            1 => Just(RobustCondvarOp::NotifyAll),
            4 => Just(RobustCondvarOp::Mutex(RobustOp::Lock)),
            5 => Just(RobustCondvarOp::Wait),
        ]
        .boxed()
    }

    fn new(_: &RobustCondvar) -> Self {
        OfVigil { vigil: V::new() }
    }

    fn perform<'a>(&'a self, held: &mut Option<Guard<'a>>, me: Task, op: &RobustCondvarOp) -> RobustRet {
        let taken = match op {
            RobustCondvarOp::Mutex(op) => {
                return <selvedge::sync::RobustMutex<u32, Checked> as Subject>::perform(
                    &self.vigil.post().0,
                    held,
                    me,
                    op,
                );
            }
            RobustCondvarOp::NotifyOne => {
                self.vigil.notify(1);
                return RobustRet::Done;
            }
            RobustCondvarOp::NotifyAll => {
                self.vigil.notify(u32::MAX);
                return RobustRet::Done;
            }
            RobustCondvarOp::Wait | RobustCondvarOp::WaitTimeout => match held.take() {
                Some(guard) => self.vigil.wait(guard),
                None => return RobustRet::Refused,
            },
        };
        let (ret, guard) = match taken {
            Ok(guard) => (RobustRet::Holds(*guard), guard),
            Err(LockError::OwnerDied(guard)) => (RobustRet::Died(*guard), guard),
            Err(LockError::Unrecoverable) => return RobustRet::Lost,
            Err(_) => return RobustRet::Refused,
        };
        *held = Some(guard);
        ret
    }

    fn closing(held: &Option<Guard<'_>>) -> Option<RobustCondvarOp> {
        held.is_some().then_some(RobustCondvarOp::Mutex(RobustOp::Unlock))
    }
}

/// Declares a condition variable: what it is called, and the methods that it replaces.
macro_rules! vigil {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { post: $crate::mutant::robust_condvar::Post }
        }

        impl $crate::mutant::robust_condvar::Vigil for $name {
            fn new() -> Self {
                let mutex = $crate::mutant::robust_mutex::Real::new(0);
                $name { post: (mutex, selvedge::platform::Atomic::new(0)) }
            }
            fn post(&self) -> &$crate::mutant::robust_condvar::Post {
                &self.post
            }
            $($method)*
        }
    };
}
pub(super) use vigil;

vigil! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
