//! A channel for one sender and one receiver whose parts can be replaced by broken ones, and
//! the programs that it is put to.
//!
//! Two words count what was sent and what was received, in steps of 2; both are odd once it is
//! closed. Each side sleeps on the word of the other. What stands here is right ([`Sound`]
//! shows that); each mutant replaces one method.
//!
//! When a process dies here, the other one is not told.

use crate::mutant::word::{Word, sleep, wake};
use crate::program::{Subject, spsc_setups};
use crate::spec::{RECEIVER, SENDER, Spsc, SpscOp, SpscRet, Task};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::{Shareable, prelude::shareable};
use std::sync::atomic::Ordering::SeqCst;

const CLOSED: u32 = 1;
const ONE: u32 = 2;

/// Places, more than the most items.
const PLACES: u32 = 4;

shareable! {
    /// What it consists of.
    pub struct Ring {
        pub(super) tail: Word,
        pub(super) head: Word,
        places: [Word; PLACES as usize],
        capacity: u32,
    }
}

impl Ring {
    /// One for so many items.
    pub fn new(capacity: u32) -> Ring {
        let [tail, head] = std::array::from_fn(|_| Word::new(0));
        Ring { tail, head, places: std::array::from_fn(|_| Word::new(u32::from(u8::MAX))), capacity }
    }

    /// The most items.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// The place of the item before which so much was sent.
    pub fn place(&self, sent: u32) -> &Word {
        &self.places[(sent / ONE % PLACES) as usize]
    }

    /// Counts an item at one end, and wakes the other side; false if that end is closed.
    pub fn advance(&self, end: &Word, seen: u32) -> bool {
        let moved = end.compare_exchange(seen, seen + ONE, SeqCst, SeqCst).is_ok();
        if moved {
            wake(end, 1);
        }
        moved
    }
}

fn between(head: u32, tail: u32) -> u32 {
    (tail & !CLOSED).wrapping_sub(head & !CLOSED) / ONE
}

/// A channel over a ring.
pub trait Chute: Shareable + Send + Sync {
    /// One for so many items.
    fn new(capacity: u32) -> Self;

    /// What it consists of.
    fn ring(&self) -> &Ring;

    /// Whether there is no room for one more than so many.
    fn is_full(&self, items: u32) -> bool {
        items >= self.ring().capacity()
    }

    /// Sends; may wait for room.
    fn send(&self, item: u8, waits: bool) -> SpscRet {
        let ring = self.ring();
        loop {
            let head = ring.head.load(SeqCst);
            let tail = ring.tail.load(SeqCst);
            if tail & CLOSED != 0 {
                return SpscRet::Closed;
            }
            if !self.is_full(between(head, tail)) {
                return if self.put(tail, item) { SpscRet::Done } else { SpscRet::Closed };
            }
            if !waits {
                return SpscRet::Full;
            }
            sleep(&ring.head, head);
        }
    }

    /// Writes the item, and counts it; false if it was closed.
    fn put(&self, tail: u32, item: u8) -> bool {
        self.ring().place(tail).store(item.into(), SeqCst);
        self.ring().advance(&self.ring().tail, tail)
    }

    /// Receives; may wait for an item.
    fn recv(&self, waits: bool) -> SpscRet {
        let ring = self.ring();
        loop {
            let tail = ring.tail.load(SeqCst);
            let head = ring.head.load(SeqCst);
            if self.is_over(head, tail) {
                return SpscRet::Closed;
            }
            if between(head, tail) > 0 {
                let item = ring.place(head).load(SeqCst);
                // Who closes it at that moment takes nothing away.
                while !ring.advance(&ring.head, ring.head.load(SeqCst)) {}
                return SpscRet::Got(item as u8);
            }
            if !waits {
                return SpscRet::Empty;
            }
            sleep(&ring.tail, tail);
        }
    }

    /// Whether nothing will ever be received again.
    fn is_over(&self, head: u32, tail: u32) -> bool {
        between(head, tail) == 0 && tail & CLOSED != 0
    }

    /// Closes it; says whether it was open.
    fn close(&self) -> bool {
        let ring = self.ring();
        let before = ring.tail.fetch_or(CLOSED, SeqCst);
        ring.head.fetch_or(CLOSED, SeqCst);
        self.tell();
        before & CLOSED == 0
    }

    /// Tells both sides that it was closed.
    fn tell(&self) {
        wake(&self.ring().tail, 1);
        wake(&self.ring().head, 1);
    }
}

shareable! {
    /// A channel as programs use it.
    pub struct OfChute<C: Chute> { chute: C }
}

impl<C: Chute> Subject for OfChute<C> {
    type Spec = Spsc;
    /// Whether the task has dropped its end.
    type Held<'a> = bool;

    fn setups() -> BoxedStrategy<Spsc> {
        spsc_setups()
    }

    fn new(setup: &Spsc) -> Self {
        let chute = C::new(setup.capacity as u32);
        if setup.ends < 2 {
            chute.close();
        }
        OfChute { chute }
    }

    fn perform(&self, dropped: &mut bool, me: Task, op: &SpscOp) -> SpscRet {
        match *op {
            SpscOp::Send(item) if me == SENDER => self.chute.send(item, true),
            SpscOp::TrySend(item) if me == SENDER => self.chute.send(item, false),
            SpscOp::Recv if me == RECEIVER => self.chute.recv(true),
            SpscOp::TryRecv if me == RECEIVER => self.chute.recv(false),
            SpscOp::Len => {
                let ring = self.chute.ring();
                // One of the two is the caller's own.
                SpscRet::Len(between(ring.head.load(SeqCst), ring.tail.load(SeqCst)) as usize)
            }
            SpscOp::Close => SpscRet::WasOpen(self.chute.close()),
            SpscOp::Drop => {
                *dropped = true;
                self.chute.close();
                SpscRet::Done
            }
            _ => SpscRet::Refused,
        }
    }

    fn closing(dropped: &bool) -> Option<SpscOp> {
        (!dropped).then_some(SpscOp::Drop)
    }
}

/// Declares a channel: what it is called, and the methods that it replaces.
macro_rules! chute {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { ring: $crate::mutant::spsc::Ring }
        }

        impl $crate::mutant::spsc::Chute for $name {
            fn new(capacity: u32) -> Self {
                $name { ring: $crate::mutant::spsc::Ring::new(capacity) }
            }
            fn ring(&self) -> &$crate::mutant::spsc::Ring {
                &self.ring
            }
            $($method)*
        }
    };
}
pub(super) use chute;

chute! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
