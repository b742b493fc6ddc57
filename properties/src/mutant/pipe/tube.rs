//! A pipe whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! A sound queue, and a word that counts the writers whose ends are open. What stands here is
//! right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies here, its end stays open for ever.

use crate::mutant::queue::{Buffer, Sound as SoundQueue};
use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{Pipe, PipeOp, PipeRet, QueueRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

shareable! {
    /// What it consists of.
    pub struct Channel { pub(super) queue: SoundQueue, pub(super) writers: Word }
}

impl Channel {
    /// One for so many writers.
    pub fn new(writers: u32) -> Channel {
        Channel { queue: SoundQueue::new(30), writers: Word::new(writers) }
    }
}

/// A pipe.
pub trait Tube: Shareable + Send + Sync {
    /// One for so many writers.
    fn new(writers: u32) -> Self;

    /// What it consists of.
    fn channel(&self) -> &Channel;

    /// Receives, waiting.
    fn recv(&self) -> PipeRet {
        match self.channel().queue.get(true) {
            QueueRet::Took(message) => PipeRet::Got(message),
            _ => PipeRet::EndOfFile,
        }
    }

    /// A writer closes its end.
    fn hang_up(&self) {
        if self.channel().writers.fetch_sub(1, SeqCst) == 1 {
            self.channel().queue.close();
        }
    }
}

shareable! {
    /// A pipe as programs use it.
    pub struct OfTube<T: Tube> { tube: T }
}

impl<T: Tube> Subject for OfTube<T> {
    type Spec = Pipe;
    /// Whether the task has closed its end.
    type Held<'a> = bool;

    fn setups() -> BoxedStrategy<Pipe> {
        Just(Pipe::default()).boxed()
    }

    fn new(setup: &Pipe) -> Self {
        OfTube { tube: T::new(setup.writers) }
    }

    fn perform(&self, closed: &mut bool, me: Task, op: &PipeOp) -> PipeRet {
        match *op {
            PipeOp::Close => {
                *closed = true;
                if me != 0 {
                    self.tube.hang_up();
                }
                PipeRet::Done
            }
            PipeOp::Send(message) if me != 0 => match self.tube.channel().queue.put(message, true) {
                QueueRet::Done => PipeRet::Done,
                _ => PipeRet::Broken,
            },
            PipeOp::Recv if me == 0 => self.tube.recv(),
            _ => PipeRet::Refused,
        }
    }

    fn closing(closed: &bool) -> Option<PipeOp> {
        (!closed).then_some(PipeOp::Close)
    }
}

/// Declares a pipe: what it is called, and the methods that it replaces.
macro_rules! tube {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { channel: $crate::mutant::pipe::Channel }
        }

        impl $crate::mutant::pipe::Tube for $name {
            fn new(writers: u32) -> Self {
                $name { channel: $crate::mutant::pipe::Channel::new(writers) }
            }
            fn channel(&self) -> &$crate::mutant::pipe::Channel {
                &self.channel
            }
            $($method)*
        }
    };
}
pub(super) use tube;

tube! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
