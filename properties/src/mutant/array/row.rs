//! An array whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! What stands here is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies here, each word keeps what was last written.

use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{Array, Task, ValueOp, ValueRet};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

/// How many numbers there are.
pub const LEN: usize = 3;

/// Numbers side by side.
pub trait Row: Shareable + Send + Sync {
    /// All are 0.
    fn new() -> Self;

    /// The words.
    fn words(&self) -> &[Word; LEN];

    /// Reads one.
    fn get(&self, index: usize) -> u32 {
        self.words()[index].load(SeqCst)
    }

    /// Writes one.
    fn set(&self, index: usize, value: u32) {
        self.words()[index].store(value, SeqCst);
    }

    /// Adds to one.
    fn add(&self, index: usize, value: u32) -> u32 {
        self.words()[index].fetch_add(value, SeqCst)
    }
}

shareable! {
    /// An array as programs use it.
    pub struct OfRow<R: Row> { row: R }
}

impl<R: Row> Subject for OfRow<R> {
    type Spec = Array;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Array> {
        Just(Array { len: LEN }).boxed()
    }

    fn new(_: &Array) -> Self {
        OfRow { row: R::new() }
    }

    fn perform(&self, (): &mut (), _: Task, &(index, op): &(usize, ValueOp)) -> ValueRet {
        match op {
            ValueOp::Get => ValueRet::Was(self.row.get(index)),
            ValueOp::Set(value) => {
                self.row.set(index, value);
                ValueRet::Done
            }
            ValueOp::Add(value) => ValueRet::Was(self.row.add(index, value)),
            ValueOp::Exchange(current, new) => {
                let result = self.row.words()[index].compare_exchange(current, new, SeqCst, SeqCst);
                result.map_or_else(ValueRet::Refused, ValueRet::Was)
            }
        }
    }
}

/// Declares an array: what it is called, and the methods that it replaces.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { words: [$crate::mutant::word::Word; $crate::mutant::array::LEN] }
        }

        impl $crate::mutant::array::Row for $name {
            fn new() -> Self {
                $name { words: std::array::from_fn(|_| selvedge::platform::Atomic::new(0)) }
            }
            fn words(&self) -> &[$crate::mutant::word::Word; $crate::mutant::array::LEN] {
                &self.words
            }
            $($method)*
        }
    };
}
pub(super) use row;

row! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
