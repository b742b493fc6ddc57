//! An event whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! The word is how often it was set or cleared: odd while it is set. What stands here is
//! right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies here, nothing follows, unless it was between setting and waking.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::Subject;
use crate::spec::{Event, EventOp, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

/// An event over a word.
pub trait Flag: Shareable + Send + Sync {
    /// An unset one.
    fn new() -> Self;

    /// Its word.
    fn word(&self) -> &Word;

    /// Waits until it is set, or was since the call.
    fn wait(&self) {
        let first = self.word().load(SeqCst);
        while first & 1 == 0 && self.word().load(SeqCst) == first {
            sleep(self.word(), first);
        }
    }

    /// Makes it odd or even, if it is not.
    fn turn(&self, odd: u32) -> bool {
        let mut seen = self.word().load(SeqCst);
        while seen & 1 != odd {
            match self.word().compare_exchange(seen, seen + 1, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Sets it.
    fn set(&self) {
        if self.turn(1) {
            wake(self.word(), u32::MAX);
        }
    }

    /// Unsets it.
    fn clear(&self) {
        self.turn(0);
    }
}

shareable! {
    /// An event as programs use it.
    pub struct OfFlag<F: Flag> { flag: F }
}

impl<F: Flag> Subject for OfFlag<F> {
    type Spec = Event;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Event> {
        Just(Event).boxed()
    }

    fn new(_: &Event) -> Self {
        OfFlag { flag: F::new() }
    }

    fn perform(&self, (): &mut (), _: Task, op: &EventOp) -> bool {
        match op {
            EventOp::Wait => self.flag.wait(),
            EventOp::Set => self.flag.set(),
            EventOp::Clear => self.flag.clear(),
            EventOp::IsSet | EventOp::WaitTimeout => return self.flag.word().load(SeqCst) & 1 == 1,
        }
        true
    }
}

/// Declares an event: what it is called, and the methods that it replaces.
macro_rules! flag {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { word: $crate::mutant::word::Word }
        }

        impl $crate::mutant::event::Flag for $name {
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
pub(super) use flag;

flag! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
