//! A number whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! What stands here is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies here, the word keeps what was last written.

use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{Task, Value, ValueOp, ValueRet};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

/// A number in a word.
pub trait Number: Shareable + Send + Sync {
    /// It is 0.
    fn new() -> Self;

    /// Its word.
    fn word(&self) -> &Word;

    /// Writes it.
    fn set(&self, value: u32) {
        self.word().store(value, SeqCst);
    }

    /// Adds to it.
    fn add(&self, value: u32) -> u32 {
        self.word().fetch_add(value, SeqCst)
    }

    /// Writes `new` if it is `current`.
    fn exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        self.word().compare_exchange(current, new, SeqCst, SeqCst)
    }
}

shareable! {
    /// A number as programs use it.
    pub struct OfNumber<N: Number> { number: N }
}

impl<N: Number> Subject for OfNumber<N> {
    type Spec = Value;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Value> {
        Just(Value).boxed()
    }

    fn new(_: &Value) -> Self {
        OfNumber { number: N::new() }
    }

    fn perform(&self, (): &mut (), _: Task, op: &ValueOp) -> ValueRet {
        match *op {
            ValueOp::Get => ValueRet::Was(self.number.word().load(SeqCst)),
            ValueOp::Set(value) => {
                self.number.set(value);
                ValueRet::Done
            }
            ValueOp::Add(value) => ValueRet::Was(self.number.add(value)),
            ValueOp::Exchange(current, new) => {
                self.number.exchange(current, new).map_or_else(ValueRet::Refused, ValueRet::Was)
            }
        }
    }
}

/// Declares a number: what it is called, and the methods that it replaces.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { word: $crate::mutant::word::Word }
        }

        impl $crate::mutant::value::Number for $name {
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
pub(super) use number;

number! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
