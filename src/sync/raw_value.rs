//! A number that everybody can read and write, with no lock beside it.
//!
//! Called by programs that need none, or that have one of their own: between threads as it
//! is, between processes inside [`Shared`](crate::shm::Shared) or
//! [`Named`](crate::shm::Named).
//!
//! Its actions are those of a [`Value`](super::Value), each of them indivisible; there is
//! no `lock`. It takes the room of its number.
//!
//! 1. Each call is one visible action on one word.
//!
//! Orderings: all accesses are relaxed, as those of a `Value`.
//!
//! When a process dies, the number is the old or the new one.

use super::element::{Element, Integer, Word};
use super::value;
use crate::platform::{Atomic, Cmp, Native, Platform, Site, Tasks};
use crate::shm::Shareable;
use std::fmt;

/// A number that everybody can read and write, without a lock.
///
/// ```
/// let money = selvedge::RawValue::new(2000_i64);
/// money.set(money.get() + 1);                    // two actions
/// money.fetch_add(1);                            // one
/// let copy = money.clone();                      // another number
/// money.set(0);
/// assert_eq!((money.get(), copy.get()), (0, 2002));
/// ```
#[repr(transparent)]
pub struct RawValue<T: Element, P: Platform = Native> {
    cell: T::Cell<P>,
}

// SAFETY: one word that means the same to every process, at whatever address.
unsafe impl<T: Element, P: Tasks> Shareable for RawValue<T, P> {}

impl<T: Element, P: Platform> RawValue<T, P> {
    /// A number that begins as `value`.
    #[inline]
    #[track_caller]
    pub fn new(value: T) -> Self {
        P::made("RawValue");
        RawValue { cell: T::Cell::<P>::new(value.to_bits()) }
    }

    /// Reads the number.
    #[track_caller]
    #[inline]
    pub fn get(&self) -> T {
        value::get::<T, P>(&self.cell, P::Site::here())
    }

    /// Writes the number.
    #[track_caller]
    #[inline]
    pub fn set(&self, value: T) {
        value::set::<T, P>(&self.cell, value, P::Site::here());
    }

    /// Writes `new` if the number is `current`, bit for bit; one action either way.
    ///
    /// # Errors
    /// The number that was there instead.
    #[track_caller]
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T) -> Result<T, T> {
        value::compare_exchange::<T, P>(&self.cell, current, new, P::Site::here())
    }
}

impl<T: Integer, P: Platform> RawValue<T, P> {
    /// Adds to the number, wrapping around, and returns what it was before.
    #[track_caller]
    #[inline]
    pub fn fetch_add(&self, value: T) -> T {
        value::fetch_add::<T, P>(&self.cell, value, P::Site::here())
    }
}

impl<T: Word, P: Platform> RawValue<T, P> {
    /// Waits until the number is `value`; see [`Value::await_eq`](super::Value::await_eq).
    #[track_caller]
    #[inline]
    pub fn await_eq(&self, value: T) {
        let _ = value::wait::<T, P>(&self.cell, Cmp::Eq, value, P::Site::here());
    }
}

impl<T: Element, P: Platform> Clone for RawValue<T, P> {
    /// Another number, which begins as this one is now.
    #[track_caller]
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}

impl<T: Element, P: Platform> fmt::Debug for RawValue<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawValue").finish_non_exhaustive()
    }
}
