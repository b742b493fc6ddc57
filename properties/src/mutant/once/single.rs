//! Something done once whose parts can be replaced by broken ones, and the programs that it is
//! put to.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | not done |
//! | 1 | somebody does it |
//! | 2 | done |
//!
//! What stands here is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies doing it, everybody waits for ever.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::Subject;
use crate::spec::{Once, OnceOp, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::Shareable;
use selvedge_harness::prelude::{shareable, step};
use std::sync::atomic::Ordering::SeqCst;

/// Something done once, over a word.
pub trait Single: Shareable + Send + Sync {
    /// Not done.
    fn new() -> Self;

    /// Its word.
    fn word(&self) -> &Word;

    /// Whether the caller is to do it.
    fn begin(&self) -> bool {
        self.word().compare_exchange(0, 1, SeqCst, SeqCst).is_ok()
    }

    /// It is done.
    fn finish(&self) {
        self.word().store(2, SeqCst);
        wake(self.word(), u32::MAX);
    }

    /// Waits until it is done.
    fn wait(&self) {
        loop {
            match self.word().load(SeqCst) {
                2 => return,
                // The word changes once more if nobody has begun yet.
                seen => sleep(self.word(), seen),
            }
        }
    }
}

shareable! {
    /// Something done once as programs use it.
    pub struct OfSingle<S: Single> { single: S }
}

impl<S: Single> Subject for OfSingle<S> {
    type Spec = Once;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Once> {
        Just(Once).boxed()
    }

    fn new(_: &Once) -> Self {
        OfSingle { single: S::new() }
    }

    fn perform(&self, (): &mut (), _: Task, op: &OnceOp) -> bool {
        match op {
            OnceOp::CallOnce if self.single.begin() => {
                step();
                self.single.finish();
                true
            }
            OnceOp::CallOnce => {
                self.single.wait();
                false
            }
            OnceOp::Wait => {
                self.single.wait();
                true
            }
            OnceOp::IsCompleted => self.single.word().load(SeqCst) == 2,
        }
    }
}

/// Declares something done once: what it is called, and the methods that it replaces.
macro_rules! single {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { word: $crate::mutant::word::Word }
        }

        impl $crate::mutant::once::Single for $name {
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
pub(super) use single;

single! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
