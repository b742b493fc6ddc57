//! A number that is kept twice, a lock on a file around it, and what can go wrong between the
//! two.
//!
//! The lock is the real one, which each task opens for itself; each mutant replaces a method
//! between it and its user. What stands here is right ([`Sound`] shows that).
//!
//! When a process dies inside, the next one gets the lock, and may find the number half raised.

use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{FileLock, FileLockOp, FileLockRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::prelude::shareable;
use selvedge_harness::{Checked, Shareable, prelude, scratch};
use std::sync::atomic::Ordering::SeqCst;

/// The real one.
pub type Real = prelude::FileLock;

/// Its guard; nothing if others have it.
pub type Inside<'a> = Option<selvedge::sync::FileLockGuard<'a, Checked>>;

shareable! {
    /// The number, twice.
    pub struct Numbers { first: Word, second: Word }
}

impl Numbers {
    /// Both are 0.
    pub fn zero() -> Numbers {
        Numbers { first: Word::new(0), second: Word::new(0) }
    }

    /// Reads both.
    pub fn read(&self) -> (u32, u32) {
        (self.first.load(SeqCst), self.second.load(SeqCst))
    }

    /// Writes both.
    pub fn write(&self, number: u32) {
        self.first.store(number, SeqCst);
        self.second.store(number, SeqCst);
    }
}

/// What lies between the lock and its user.
pub trait Page: Shareable + Send + Sync {
    /// Nothing is written on it.
    fn new() -> Self;

    /// What is written on it.
    fn numbers(&self) -> &Numbers;

    /// Takes the lock alone, waiting if asked to.
    fn alone<'a>(&self, lock: &'a mut Real, waits: bool) -> Inside<'a> {
        if waits { lock.lock().ok() } else { lock.try_lock().ok() }
    }

    /// Takes the lock with others who read, waiting if asked to.
    fn shared<'a>(&self, lock: &'a mut Real, waits: bool) -> Inside<'a> {
        if waits { lock.lock_shared().ok() } else { lock.try_lock_shared().ok() }
    }

    /// Raises the number, alone; what it was.
    fn raise(&self, lock: &mut Real, waits: bool) -> Option<u32> {
        let _inside = self.alone(lock, waits)?;
        let number = self.numbers().read().0;
        self.numbers().write(number + 1);
        Some(number)
    }

    /// Reads the number, twice.
    fn read(&self, lock: &mut Real, waits: bool) -> Option<(u32, u32)> {
        let _inside = self.shared(lock, waits)?;
        Some(self.numbers().read())
    }
}

shareable! {
    /// A page as programs use it.
    pub struct OfPage<P: Page> { page: P }
}

impl<P: Page> Subject for OfPage<P> {
    type Spec = FileLock;
    /// The task's own open of the file.
    type Held<'a> = Option<Real>;

    fn setups() -> BoxedStrategy<FileLock> {
        Just(FileLock).boxed()
    }

    fn new(_: &FileLock) -> Self {
        OfPage { page: P::new() }
    }

    fn perform(&self, opened: &mut Option<Real>, _: Task, op: &FileLockOp) -> FileLockRet {
        let lock = opened.get_or_insert_with(|| {
            Real::open(scratch().join("page.lock")).expect("a file can be made in a fresh directory")
        });
        let waits = matches!(op, FileLockOp::Raise | FileLockOp::Read);
        let ret = match op {
            FileLockOp::Raise | FileLockOp::TryRaise => self.page.raise(lock, waits).map(FileLockRet::Was),
            FileLockOp::Read | FileLockOp::TryRead => {
                self.page.read(lock, waits).map(|(first, second)| FileLockRet::Found(first, second))
            }
        };
        ret.unwrap_or(FileLockRet::Refused)
    }
}

/// Declares a page: what it is called, and the methods that it replaces.
macro_rules! page {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { numbers: $crate::mutant::file_lock::Numbers }
        }

        impl $crate::mutant::file_lock::Page for $name {
            fn new() -> Self {
                $name { numbers: $crate::mutant::file_lock::Numbers::zero() }
            }
            fn numbers(&self) -> &$crate::mutant::file_lock::Numbers {
                &self.numbers
            }
            $($method)*
        }
    };
}
pub(super) use page;

page! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
