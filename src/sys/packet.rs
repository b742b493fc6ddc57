//! A place in which one thread leaves a value for another, once.
//!
//! Called by [`thread`](crate::thread): the started thread fills the packet as the last
//! thing it does, and whoever joins it opens the packet after the thread has ended.
//!
//! | state | who comes next | and does |
//! |---|---|---|
//! | `EMPTY` | the filler | writes the value, `FILLED`; or leaves without one, `LEFT` |
//! | `EMPTY` | the opener | does not wait: `LEFT` |
//! | `FILLED` | the opener | takes the value and frees the packet |
//! | `LEFT` | the other side | frees the packet, and the value that it may have |
//!
//! 1. Each side acts once. The first to act leaves its mark by a swap, and whoever finds
//!    a mark is the last one and frees the packet.
//! 2. The value is there if and only if the state is `FILLED`, or `LEFT` was found by the
//!    filler that has just written it.
//!
//! So a thread that is joined after it ended costs one locked instruction and its joiner
//! none, which a reference count under a lock could not do.
//!
//! Orderings: each mark is a release and finding one an acquire: what the filler wrote
//! happened before the opener reads it, and what either did happened before the free.
//!
//! When the process dies, its packets are gone. A thread that ends without running to
//! its end leaves its packet `EMPTY`; the packet is then never freed.

use super::spare;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

const EMPTY: u8 = 0;
const FILLED: u8 = 1;
const LEFT: u8 = 2;

struct Inner<T> {
    state: AtomicU8,
    value: UnsafeCell<Option<T>>,
}

/// The side that leaves a value.
pub(crate) struct Filler<T>(NonNull<Inner<T>>, PhantomData<T>);

/// The side that finds it.
pub(crate) struct Packet<T>(NonNull<Inner<T>>, PhantomData<T>);

/// An empty packet, and the right to fill it.
#[inline]
pub(crate) fn packet<T>() -> (Filler<T>, Packet<T>) {
    let inner = spare::put(Inner { state: AtomicU8::new(EMPTY), value: UnsafeCell::new(None) });
    (Filler(inner, PhantomData), Packet(inner, PhantomData))
}

// SAFETY: the two sides share nothing but the packet, whose state orders their accesses;
// a value goes from one side to the other, which is what `Send` permits.
unsafe impl<T: Send> Send for Filler<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Packet<T> {}
// SAFETY: nothing can be done with a reference to a packet.
unsafe impl<T: Send> Sync for Packet<T> {}

// A value is moved in and out as a whole: no panic leaves one half written.
impl<T> UnwindSafe for Filler<T> {}
impl<T> UnwindSafe for Packet<T> {}
impl<T> RefUnwindSafe for Packet<T> {}

impl<T> Filler<T> {
    /// Leaves `value`.
    #[inline(always)]
    pub(crate) fn fill(self, value: T) {
        let inner = ManuallyDrop::new(self).0;
        // SAFETY: the packet lives until both sides have acted (invariant 1), and the
        // other side does not look at the value before it finds `FILLED` (invariant 2).
        unsafe {
            *inner.as_ref().value.get() = Some(value);
            leave(inner, FILLED);
        }
    }
}

impl<T> Drop for Filler<T> {
    fn drop(&mut self) {
        // SAFETY: this side has not acted yet: `fill` drops no filler.
        unsafe { leave(self.0, LEFT) };
    }
}

impl<T> Packet<T> {
    /// The value, if one has been left.
    pub(crate) fn open(self) -> Option<T> {
        // SAFETY: this side acts now, and the packet is not dropped.
        unsafe { open(ManuallyDrop::new(self).0) }
    }
}

impl<T> Drop for Packet<T> {
    fn drop(&mut self) {
        // SAFETY: this side has not acted yet: `open` drops no packet.
        drop(unsafe { open(self.0) });
    }
}

/// Leaves a mark, or frees the packet if the other side has left one.
///
/// # Safety
/// The calling side has not acted yet.
#[inline]
unsafe fn leave<T>(inner: NonNull<Inner<T>>, mark: u8) -> Option<T> {
    // SAFETY: the packet lives until both sides have acted.
    if unsafe { inner.as_ref().state.swap(mark, AcqRel) } == EMPTY {
        return None;
    }
    // SAFETY: the other side has acted: nobody else has the packet any more.
    unsafe { free(inner) }
}

/// # Safety
/// Both sides have acted, and only the caller goes on.
#[inline]
unsafe fn free<T>(inner: NonNull<Inner<T>>) -> Option<T> {
    // SAFETY: the caller's promise; the packet was put there when it was made.
    unsafe { spare::take(inner) }.value.into_inner()
}

/// The opener's only act.
///
/// # Safety
/// It has not acted yet.
#[inline]
unsafe fn open<T>(inner: NonNull<Inner<T>>) -> Option<T> {
    // SAFETY: the packet lives until both sides have acted.
    if unsafe { inner.as_ref().state.load(Acquire) } == EMPTY {
        // SAFETY: the caller's promise.
        return unsafe { leave(inner, LEFT) };
    }
    // SAFETY: the filler has acted, and this is the opener's act.
    unsafe { free(inner) }
}

#[cfg(test)]
mod tests {
    use super::packet;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn each_order_of_the_two_sides_drops_the_value_once() {
        let value = Arc::new(());
        let (filler, opener) = packet();
        filler.fill(Arc::clone(&value));
        assert_eq!(Arc::strong_count(&value), 2, "it waits in the packet");
        assert!(opener.open().is_some());

        let (filler, opener) = packet();
        filler.fill(Arc::clone(&value));
        drop(opener);

        let (filler, opener) = packet();
        assert!(opener.open().is_none());
        filler.fill(Arc::clone(&value));

        let (filler, opener) = packet::<Arc<()>>();
        drop(filler);
        assert!(opener.open().is_none());
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn two_threads_agree_on_who_is_the_last() {
        for round in 0..200 {
            let value = Arc::new(round);
            let (filler, opener) = packet();
            let left = Arc::clone(&value);
            let other = thread::spawn(move || filler.fill(left));
            let found = opener.open();
            assert!(found.is_none_or(|found| *found == round));
            other.join().unwrap();
            assert_eq!(Arc::strong_count(&value), 1);
        }
    }
}
