//! A queue of work whose parts can be replaced by broken ones, and the programs that it is put
//! to.
//!
//! A sound queue, and a word that counts what is not done. What stands here is right
//! ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies here, what it has got is never done.

use crate::mutant::queue::{Buffer, Sound as SoundQueue};
use crate::mutant::word::{Word, sleep, wake};
use crate::program::Subject;
use crate::spec::{JoinableOp, JoinableQueue, JoinableRet, QueueOp, QueueRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

shareable! {
    /// What it consists of.
    pub struct Pile { pub(super) queue: SoundQueue, pub(super) unfinished: Word }
}

impl Pile {
    /// No work, of so much.
    pub fn new(most: usize) -> Pile {
        Pile { queue: SoundQueue::new(most), unfinished: Word::new(0) }
    }
}

/// A queue of work.
pub trait Work: Shareable + Send + Sync {
    /// One for so much.
    fn new(most: usize) -> Self;

    /// What it consists of.
    fn pile(&self) -> &Pile;

    /// Puts work in.
    fn put(&self, item: u8) -> QueueRet {
        // Counted before anybody can have done it.
        self.pile().unfinished.fetch_add(1, SeqCst);
        self.pile().queue.put(item, true)
    }

    /// Says that some work is done.
    fn finish(&self) {
        if self.pile().unfinished.fetch_sub(1, SeqCst) == 1 {
            wake(&self.pile().unfinished, u32::MAX);
        }
    }

    /// Waits until all is.
    fn join(&self) {
        loop {
            match self.pile().unfinished.load(SeqCst) {
                0 => return,
                some => sleep(&self.pile().unfinished, some),
            }
        }
    }
}

shareable! {
    /// A queue of work as programs use it.
    pub struct OfWork<W: Work> { work: W }
}

impl<W: Work> OfWork<W> {
    fn take(&self, has: &mut u32, waits: bool) -> QueueRet {
        let ret = self.work.pile().queue.get(waits);
        *has += u32::from(matches!(ret, QueueRet::Took(_)));
        ret
    }
}

impl<W: Work> Subject for OfWork<W> {
    type Spec = JoinableQueue;
    /// How many items the task has.
    type Held<'a> = u32;

    fn setups() -> BoxedStrategy<JoinableQueue> {
        Just(JoinableQueue { capacity: None }).boxed()
    }

    /// It has room for all that a program can put, and is never closed: a put that is
    /// refused counts for a moment.
    fn ops() -> BoxedStrategy<JoinableOp> {
        let queue = prop_oneof![
            4 => (0..10_u8).prop_map(QueueOp::Put),
            2 => Just(QueueOp::TryGet),
            4 => Just(QueueOp::Get),
        ];
        prop_oneof![
            6 => queue.prop_map(JoinableOp::Queue),
            4 => Just(JoinableOp::TaskDone),
            2 => Just(JoinableOp::Join),
        ]
        .boxed()
    }

    fn new(_: &JoinableQueue) -> Self {
        OfWork { work: W::new(30) }
    }

    fn perform(&self, has: &mut u32, _: Task, op: &JoinableOp) -> JoinableRet {
        JoinableRet::Queue(match op {
            JoinableOp::TaskDone if *has == 0 => return JoinableRet::Refused,
            JoinableOp::TaskDone => {
                *has -= 1;
                self.work.finish();
                return JoinableRet::Done;
            }
            JoinableOp::Join => {
                self.work.join();
                return JoinableRet::Done;
            }
            JoinableOp::Queue(QueueOp::Put(item)) => self.work.put(*item),
            JoinableOp::Queue(QueueOp::Get) => self.take(has, true),
            JoinableOp::Queue(QueueOp::TryGet) => self.take(has, false),
            JoinableOp::Queue(other) => unreachable!("{other:?} is not among its operations"),
        })
    }
}

/// Declares a queue of work: what it is called, and the methods that it replaces.
macro_rules! work {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { pile: $crate::mutant::joinable_queue::Pile }
        }

        impl $crate::mutant::joinable_queue::Work for $name {
            fn new(most: usize) -> Self {
                $name { pile: $crate::mutant::joinable_queue::Pile::new(most) }
            }
            fn pile(&self) -> &$crate::mutant::joinable_queue::Pile {
                &self.pile
            }
            $($method)*
        }
    };
}
pub(super) use work;

work! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
