//! A place that is filled once.
//!
//! Called by [`process`](crate::process) for the chain of ancestors, whose newest link is
//! written by a child that has just begun. It is std's `OnceLock` for somebody who has made
//! the value already: there is no code for those who wait, which a child of many processes in
//! a short time would have to map each time.
//!
//! | the pointer | `get` | `set` |
//! |---|---|---|
//! | null | none | fills it |
//! | other | the value | gives the new one back |
//!
//! 1. The value stays where it is until the place is dropped.
//!
//! Orderings: filling releases the value, looking acquires it.
//!
//! When a process dies here, its copy of the place is filled or is not.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

/// A place that is filled once, with what somebody made before.
pub(crate) struct SetOnce<T> {
    place: AtomicPtr<T>,
    /// It owns what is there, and any thread may look.
    owns: PhantomData<Box<T>>,
}

impl<T> SetOnce<T> {
    pub(crate) const fn new() -> SetOnce<T> {
        SetOnce { place: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// What is there.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: null, or a box that was filled before it was put there and stays (1).
        unsafe { self.place.load(Acquire).as_ref() }
    }

    /// Fills the place, unless it is; what is there then, and the new value if it was not
    /// needed.
    #[inline]
    pub(crate) fn set(&self, value: Box<T>) -> (&T, Option<Box<T>>) {
        let new = Box::into_raw(value);
        match self.place.compare_exchange(ptr::null_mut(), new, AcqRel, Acquire) {
            // SAFETY: it is there for good (1).
            Ok(_) => (unsafe { &*new }, None),
            // SAFETY: the other one is as in `get`, and nobody has seen the new one.
            Err(other) => unsafe { (&*other, Some(Box::from_raw(new))) },
        }
    }
}

impl<T> Drop for SetOnce<T> {
    fn drop(&mut self) {
        let last = *self.place.get_mut();
        if !last.is_null() {
            // SAFETY: the box that was put there; nobody borrows what is dropped.
            drop(unsafe { Box::from_raw(last) });
        }
    }
}

impl<T> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.get().is_some() { "SetOnce(filled)" } else { "SetOnce(empty)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_first_value_stays_and_goes_with_the_place() {
        let values = [1, 2].map(Arc::new);
        let place = SetOnce::new();
        assert!(place.get().is_none());
        let (first, refused) = place.set(Box::new(Arc::clone(&values[0])));
        assert!(Arc::ptr_eq(first, &values[0]) && refused.is_none());
        let (first, refused) = place.set(Box::new(Arc::clone(&values[1])));
        assert!(Arc::ptr_eq(first, &values[0]) && refused.is_some_and(|value| **value == 2));
        assert_eq!(place.get().map(|value| **value), Some(1));
        drop(place);
        assert_eq!(values.map(|value| Arc::strong_count(&value)), [1, 1]);
    }

    #[test]
    fn of_several_threads_one_fills_it_and_all_see_the_same() {
        let place = SetOnce::new();
        std::thread::scope(|scope| {
            let set = |value: u32| *place.set(Box::new(value)).0;
            let seen: Vec<u32> = [1, 2, 3, 4]
                .map(|value| scope.spawn(move || set(value)))
                .map(|thread| thread.join().unwrap())
                .into();
            assert!(seen.iter().all(|value| Some(value) == place.get()), "{seen:?}");
        });
    }
}
