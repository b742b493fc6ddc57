//! Last in, first out: a stack of messages.
//!
//! Called by [`Queue`](super::Queue) as a [`LifoQueue`](super::LifoQueue).
//!
//! ```text
//!  unit 0                                        top
//!       | payload ... | length | payload | length |  free ...
//! ```
//!
//! 1. All of it is used under the lock of a [`RawMonitor`].
//! 2. The top is one word: how many messages lie below it, and where it is. An item is in the
//!    queue from the store that moves the top past it, and taken at the one that moves it back.
//!
//! Orderings: the lock's.
//!
//! When a process dies here, the top is the old one or the new one, and there is nothing to
//! repair.

use super::ring::{UNIT, units};
use super::store::{Item, Order, Room, Store};
use crate::platform::{Native, Observe, Tasks};
use crate::raw::{Patience, Position, RawMonitor, Refusal, Watched};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Last in, first out.
#[derive(Clone, Copy, Debug)]
pub enum Lifo {}

impl Order for Lifo {
    type Store<P: Tasks> = LifoStore<P>;
}

/// A queue whose last item leaves it first. Everything else is as in [`Queue`](super::Queue).
///
/// ```
/// use selvedge::LifoQueue;
///
/// let queue = LifoQueue::bounded(3);
/// for word in ["one", "two", "three"] {
///     queue.put(word.to_owned())?;
/// }
/// assert_eq!(queue.get()?, "three");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type LifoQueue<T, P = Native> = super::Queue<T, P, Lifo>;

/// A stack of messages.
#[repr(C, align(64))]
pub struct LifoStore<P: Tasks> {
    monitor: RawMonitor<P>,
    /// A [`Position`].
    top: AtomicU64,
    units: u64,
}

impl<P: Tasks> Watched for LifoStore<P> {
    fn repair(&self) {}

    fn count(&self) -> u32 {
        self.top().number()
    }
}

impl<P: Tasks> LifoStore<P> {
    fn top(&self) -> Position {
        Position::of(self.top.load(Acquire))
    }

    fn set_top(&self, number: u32, place: u32) {
        self.top.store(Position::new(number, place).word(), Release);
    }
}

// SAFETY: words; the top and the memory are used under the monitor's lock.
unsafe impl<P: Tasks> Store<P> for LifoStore<P> {
    type Shape = usize;

    fn shape(room: &Room) -> Option<usize> {
        let most = (Position::PLACES as usize - 1) * UNIT;
        match room.each {
            Some(bytes) if room.limit < u32::MAX => {
                let needed = (units(bytes) * UNIT).checked_mul(room.limit as usize)?;
                Some(needed).filter(|&needed| needed <= most)
            }
            _ => Some((room.bytes / UNIT * UNIT).min(most)),
        }
    }

    fn bytes(shape: usize) -> usize {
        shape
    }

    fn largest(&self) -> usize {
        (self.units as usize - 1) * UNIT
    }

    fn new(room: &Room, shape: usize) -> Self {
        let monitor = RawMonitor::new(room.limit);
        LifoStore { monitor, top: AtomicU64::new(Position::START.word()), units: (shape / UNIT) as u64 }
    }

    unsafe fn put(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        item: &mut impl Item,
    ) -> Result<(), Refusal> {
        self.monitor.put(self, wait, site, || {
            let (top, length) = (self.top(), units(item.bytes()) as u32);
            let next = top.place() + length;
            if u64::from(next) > self.units {
                return None;
            }
            // SAFETY: there is room between the top and the next one, and the lock is ours.
            unsafe {
                item.write(memory.add(top.place() as usize * UNIT));
                memory.cast::<u64>().add(next as usize - 1).write(item.bytes() as u64);
            }
            self.set_top(top.number() + 1, next);
            Some(())
        })
    }

    unsafe fn get<R>(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8, usize) -> (bool, R),
    ) -> Result<R, Refusal> {
        self.monitor.get(self, wait, site, || {
            let top = self.top();
            // SAFETY: below the top lies a message, and the lock is ours.
            let (bytes, place) = unsafe {
                let bytes = memory.cast::<u64>().add(top.place() as usize - 1).read() as usize;
                (bytes, top.place() - units(bytes) as u32)
            };
            // SAFETY: as above: that is where its payload begins.
            let from = unsafe { memory.add(place as usize * UNIT) };
            let (taken, result) = self.monitor.foreign(|| read(from, bytes));
            if taken {
                self.set_top(top.number() - 1, place);
            }
            result
        })
    }

    fn filling<R>(&self, fill: impl FnOnce() -> R) -> R {
        self.monitor.in_place(fill)
    }

    fn looking<R>(&self, look: impl FnOnce() -> R) -> R {
        self.monitor.in_place(look)
    }

    fn address(&self) -> usize {
        self.monitor.address()
    }

    fn limit(&self) -> u32 {
        self.monitor.limit()
    }

    unsafe fn close(&self, _: *mut u8, site: P::Site) -> bool {
        self.monitor.close(self, site)
    }

    unsafe fn look<R: Observe>(
        &self,
        _: *mut u8,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R {
        self.monitor.look(self, name, site, look)
    }
}

impl<P: Tasks> fmt::Debug for LifoStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LifoStore").finish_non_exhaustive()
    }
}
