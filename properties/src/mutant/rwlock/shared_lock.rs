//! A lock for readers and writers whose parts can be replaced by broken ones, and the
//! programs that it is put to.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free |
//! | n | read by n |
//! | `WRITTEN` | written |
//!
//! What stands here is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies with it, it stays taken.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::Subject;
use crate::spec::{RobustRet, RwLock, RwLockOp, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Somebody writes.
pub const WRITTEN: u32 = u32::MAX;

/// A lock over a word.
pub trait SharedLock: Shareable + Send + Sync {
    /// A free one.
    fn new() -> Self;

    /// Its word.
    fn word(&self) -> &Word;

    /// Takes it to read if nobody writes.
    fn try_read(&self) -> bool {
        let mut seen = self.word().load(SeqCst);
        while seen != WRITTEN {
            match self.word().compare_exchange(seen, seen + 1, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Takes it to write if it is free.
    fn try_write(&self) -> bool {
        self.word().compare_exchange(0, WRITTEN, SeqCst, SeqCst).is_ok()
    }

    /// Takes it to write, waiting.
    fn write(&self) {
        while !self.try_write() {
            match self.word().load(SeqCst) {
                0 => {}
                taken => sleep(self.word(), taken),
            }
        }
    }

    /// Gives back what one read.
    fn end_read(&self) {
        if self.word().fetch_sub(1, SeqCst) == 1 {
            wake(self.word(), u32::MAX);
        }
    }

    /// Gives back what one wrote; keeps it to read if `keep` is 1.
    fn end_write(&self, keep: u32) {
        self.word().store(keep, SeqCst);
        wake(self.word(), u32::MAX);
    }
}

shareable! {
    /// A lock around a number, as programs use it.
    pub struct OfSharedLock<L: SharedLock> { lock: L, number: AtomicU32 }
}

/// What a task has of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Has {
    /// Nothing.
    #[default]
    Nothing,
    /// The right to read.
    Read,
    /// The right to write.
    Write,
}

impl<L: SharedLock> OfSharedLock<L> {
    fn take(&self, op: RwLockOp) -> Has {
        match op {
            RwLockOp::Read => {
                while !self.lock.try_read() {
                    sleep(self.lock.word(), WRITTEN);
                }
                Has::Read
            }
            RwLockOp::TryRead if self.lock.try_read() => Has::Read,
            RwLockOp::Write => {
                self.lock.write();
                Has::Write
            }
            RwLockOp::TryWrite if self.lock.try_write() => Has::Write,
            _ => Has::Nothing,
        }
    }
}

impl<L: SharedLock> Subject for OfSharedLock<L> {
    type Spec = RwLock;
    type Held<'a> = Has;

    fn setups() -> BoxedStrategy<RwLock> {
        Just(RwLock).boxed()
    }

    fn new(_: &RwLock) -> Self {
        OfSharedLock { lock: L::new(), number: AtomicU32::new(0) }
    }

    fn perform(&self, held: &mut Has, _: Task, op: &RwLockOp) -> RobustRet {
        match (op, *held) {
            (RwLockOp::Read | RwLockOp::TryRead | RwLockOp::Write | RwLockOp::TryWrite, Has::Nothing) => {
                *held = self.take(*op);
                return match *held {
                    Has::Nothing => RobustRet::Refused,
                    _ => RobustRet::Holds(self.number.load(Relaxed)),
                };
            }
            (RwLockOp::Set, Has::Write) => self.number.store(self.number.load(Relaxed) + 1, Relaxed),
            (RwLockOp::Repair, Has::Write) => {}
            (RwLockOp::Downgrade, Has::Write) => {
                self.lock.end_write(1);
                *held = Has::Read;
            }
            (RwLockOp::Unlock, Has::Write) => {
                *held = Has::Nothing;
                self.lock.end_write(0);
            }
            (RwLockOp::Unlock, Has::Read) => {
                *held = Has::Nothing;
                self.lock.end_read();
            }
            _ => return RobustRet::Refused,
        }
        RobustRet::Done
    }

    fn closing(held: &Has) -> Option<RwLockOp> {
        (*held != Has::Nothing).then_some(RwLockOp::Unlock)
    }
}

/// Declares a lock: what it is called, and the methods that it replaces.
macro_rules! shared_lock {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { word: $crate::mutant::word::Word }
        }

        impl $crate::mutant::rwlock::SharedLock for $name {
            fn new() -> Self {
                $name { word: selvedge::platform::Atomic::new(0) }
            }
            fn word(&self) -> &$crate::mutant::word::Word {
                &self.word
            }
            $($method)*
        }
    };
}
pub(super) use shared_lock;

shared_lock! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
