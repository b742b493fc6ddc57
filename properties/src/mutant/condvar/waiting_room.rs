//! A condition variable whose parts can be replaced by broken ones, and the programs that it
//! is put to.
//!
//! The word counts notifications; a sound lock is beside it. What stands here is right
//! ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies with the lock, it stays taken.

use crate::mutant::mutex::{Lock, Sound as SoundLock};
use crate::mutant::word::{Word, change_and_wake, sleep};
use crate::program::Subject;
use crate::spec::{Condvar, CondvarOp, MutexRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

/// The lock, and the word that counts.
pub type Room = (SoundLock, Word);

/// A condition variable over a word.
pub trait WaitingRoom: Shareable + Send + Sync {
    /// One that nobody waits for.
    fn new() -> Self;

    /// What it consists of.
    fn room(&self) -> &Room;

    /// Gives the lock up, waits, and takes it again.
    fn wait(&self) {
        let (lock, word) = self.room();
        let seen = word.load(SeqCst);
        lock.unlock();
        sleep(word, seen);
        lock.lock();
    }

    /// Wakes so many, or more.
    fn notify(&self, count: u32) {
        let _ = count;
        change_and_wake(&self.room().1);
    }
}

shareable! {
    /// A condition variable as programs use it.
    pub struct OfRoom<W: WaitingRoom> { room: W }
}

impl<W: WaitingRoom> Subject for OfRoom<W> {
    type Spec = Condvar;
    /// Whether the task has the lock.
    type Held<'a> = bool;

    fn setups() -> BoxedStrategy<Condvar> {
        Just(Condvar).boxed()
    }

    /// Without `wait_timeout`.
    fn ops() -> BoxedStrategy<CondvarOp> {
        prop_oneof![
            3 => Just(CondvarOp::Unlock),
            2 => Just(CondvarOp::NotifyOne),
            1 => Just(CondvarOp::NotifyAll),
            3 => Just(CondvarOp::Lock),
            4 => Just(CondvarOp::Wait),
        ]
        .boxed()
    }

    fn new(_: &Condvar) -> Self {
        OfRoom { room: W::new() }
    }

    fn perform(&self, held: &mut bool, _: Task, op: &CondvarOp) -> MutexRet {
        match op {
            CondvarOp::Lock => {
                self.room.room().0.lock();
                *held = true;
            }
            CondvarOp::NotifyOne => self.room.notify(1),
            CondvarOp::NotifyAll => self.room.notify(u32::MAX),
            _ if !*held => return MutexRet::Refused,
            CondvarOp::Unlock => {
                *held = false;
                self.room.room().0.unlock();
            }
            CondvarOp::Wait | CondvarOp::WaitTimeout => self.room.wait(),
        }
        MutexRet::Done
    }

    fn closing(held: &bool) -> Option<CondvarOp> {
        held.then_some(CondvarOp::Unlock)
    }
}

/// Declares a condition variable: what it is called, and the methods that it replaces.
macro_rules! waiting_room {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { room: $crate::mutant::condvar::Room }
        }

        impl $crate::mutant::condvar::WaitingRoom for $name {
            fn new() -> Self {
                let lock = $crate::mutant::mutex::Lock::new();
                $name { room: (lock, selvedge::platform::Atomic::new(0)) }
            }
            fn room(&self) -> &$crate::mutant::condvar::Room {
                &self.room
            }
            $($method)*
        }
    };
}
pub(super) use waiting_room;

waiting_room! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
