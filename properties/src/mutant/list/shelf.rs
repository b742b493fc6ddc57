//! A list whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! For each item a word for its kind and one for its value, all under a lock. What stands here
//! is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies with the lock, it stays taken.

use crate::mutant::mutex::{Lock, Sound as SoundLock};
use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{List, ListOp, ListRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

/// How many items there are.
const LEN: usize = 2;

shareable! {
    /// What it consists of.
    pub struct Boards { pub(super) lock: SoundLock, kinds: [Word; LEN], values: [Word; LEN] }
}

impl Boards {
    /// Zeroes.
    pub fn new() -> Boards {
        let zeroes = || std::array::from_fn(|_| Word::new(0));
        Boards { lock: SoundLock::new(), kinds: zeroes(), values: zeroes() }
    }

    /// Reads an item, without the lock.
    pub fn read(&self, index: usize) -> (u32, u32) {
        (self.kinds[index].load(SeqCst), self.values[index].load(SeqCst))
    }

    /// Writes the kind of an item, without the lock.
    pub fn write_kind(&self, index: usize, kind: u32) {
        self.kinds[index].store(kind, SeqCst);
    }

    /// Writes the value of an item, without the lock.
    pub fn write_value(&self, index: usize, value: u32) {
        self.values[index].store(value, SeqCst);
    }
}

impl Default for Boards {
    fn default() -> Boards {
        Boards::new()
    }
}

/// A list.
pub trait Shelf: Shareable + Send + Sync {
    /// Zeroes.
    fn new() -> Self;

    /// What it consists of.
    fn boards(&self) -> &Boards;

    /// Kind and value of an item.
    fn get(&self, index: usize) -> (u32, u32) {
        self.boards().lock.lock();
        let item = self.boards().read(index);
        self.boards().lock.unlock();
        item
    }

    /// Writes both.
    fn set(&self, index: usize, kind: u32, value: u32) {
        self.boards().lock.lock();
        self.boards().write_kind(index, kind);
        self.boards().write_value(index, value);
        self.boards().lock.unlock();
    }
}

shareable! {
    /// A list as programs use it.
    pub struct OfShelf<S: Shelf> { shelf: S }
}

impl<S: Shelf> Subject for OfShelf<S> {
    type Spec = List;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<List> {
        Just(List { len: LEN }).boxed()
    }

    fn new(_: &List) -> Self {
        OfShelf { shelf: S::new() }
    }

    fn perform(&self, (): &mut (), _: Task, op: &ListOp) -> ListRet {
        match *op {
            ListOp::Get(index) => match self.shelf.get(index) {
                (kind, value) if kind == value % 2 => ListRet::Is(value as u8),
                _ => ListRet::Torn,
            },
            ListOp::Set(index, value) => {
                let value = u32::from(value);
                self.shelf.set(index, value % 2, value);
                ListRet::Done
            }
        }
    }
}

/// Declares a list: what it is called, and the methods that it replaces.
macro_rules! shelf {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { boards: $crate::mutant::list::Boards }
        }

        impl $crate::mutant::list::Shelf for $name {
            fn new() -> Self {
                $name { boards: $crate::mutant::list::Boards::new() }
            }
            fn boards(&self) -> &$crate::mutant::list::Boards {
                &self.boards
            }
            $($method)*
        }
    };
}
pub(super) use shelf;

shelf! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
