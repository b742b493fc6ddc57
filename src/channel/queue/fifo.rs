//! First in, first out: a row of messages between the two ends of a raw queue.
//!
//! Called by [`Queue`](super::Queue).
//!
//! | in memory | what it is |
//! |---|---|
//! | [`RawQueue`] | the ends: locks, positions, who waits |
//! | [`Shape`] | how the memory behind it is divided |
//! | the [ring](super::ring) | the messages |
//!
//! 1. The row is written under the putters' lock and read under the getters' lock.
//! 2. Puts and gets meet only where the queue is full or empty.
//!
//! Orderings: those of [`RawQueue`].
//!
//! When a process dies here, an item that was being put is not in the queue, and an item that
//! was being got still is; see [`RawQueue`].

use super::ring::{Ring, Shape};
use super::store::{Item, Order, Room, Store};
use crate::platform::{Observe, Tasks};
use crate::raw::{Patience, RawQueue, Refusal};

/// First in, first out.
#[derive(Clone, Copy, Debug)]
pub enum Fifo {}

impl Order for Fifo {
    type Store<P: Tasks> = FifoStore<P>;
}

/// A row of messages.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct FifoStore<P: Tasks> {
    ends: RawQueue<P>,
    shape: Shape,
}

// SAFETY: words, and a shape that never changes.
unsafe impl<P: Tasks> Store<P> for FifoStore<P> {
    type Shape = Shape;

    fn shape(room: &Room) -> Option<Shape> {
        match room.each {
            Some(bytes) if room.limit < u32::MAX => Shape::fixed(room.limit as usize, bytes),
            _ => Some(Shape::growing(room.bytes)),
        }
    }

    fn bytes(shape: Shape) -> usize {
        shape.size()
    }

    fn largest(&self) -> usize {
        self.shape.largest()
    }

    fn new(room: &Room, shape: Shape) -> Self {
        FifoStore { ends: RawQueue::new(room.limit), shape }
    }

    #[inline(always)]
    unsafe fn put(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        item: &mut impl Item,
    ) -> Result<(), Refusal> {
        // SAFETY: the caller's promise.
        let ring = unsafe { Ring::new(memory, self.shape) };
        self.ends.put(wait, site, |tail, head, fresh| {
            let (payload, next) = ring.claim(tail, head, item.bytes(), fresh)?;
            // SAFETY: the ring has that much room there, and we have the putters' lock.
            unsafe { item.write(payload) };
            Some(next)
        })
    }

    #[inline(always)]
    unsafe fn get<R>(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8, usize) -> (bool, R),
    ) -> Result<R, Refusal> {
        // SAFETY: the caller's promise.
        let ring = unsafe { Ring::new(memory, self.shape) };
        self.ends.get(wait, site, |head| {
            let (payload, bytes, next) = ring.first(head);
            let (taken, result) = read(payload, bytes);
            (taken.then_some(next), result)
        })
    }

    fn filling<R>(&self, fill: impl FnOnce() -> R) -> R {
        self.ends.putting_in_place(fill)
    }

    fn looking<R>(&self, look: impl FnOnce() -> R) -> R {
        self.ends.getting_in_place(look)
    }

    fn address(&self) -> usize {
        self.ends.address()
    }

    fn limit(&self) -> u32 {
        self.ends.limit()
    }

    unsafe fn close(&self, _: *mut u8, site: P::Site) -> bool {
        self.ends.close(site)
    }

    unsafe fn look<R: Observe>(
        &self,
        _: *mut u8,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R {
        self.ends.look(name, site, look)
    }
}

impl<P: Tasks> FifoStore<P> {
    /// How many items were ever put, and how many got, modulo 2^32.
    pub(super) fn passed(&self) -> (u32, u32) {
        self.ends.passed()
    }
}
