//! A fixed number of numbers in shared memory, with no lock beside them.
//!
//! Called by programs that need none, or that have one of their own. A handle, as
//! [`Array`] is: cloning gives another handle on the same numbers, and
//! [`duplicate`](RawArray::duplicate) other numbers.
//!
//! 1. Each element access is one visible action. A range is as many actions as it has
//!    elements, in their order.
//! 2. A range is checked before its first element is read or written.
//!
//! Orderings: all accesses are relaxed.
//!
//! When a process dies, each element is an old or a new number.

use super::array::Array;
use super::element::{Element, Integer};
use crate::Error;
use crate::platform::{Native, Tasks};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Range;

/// A fixed number of numbers, without a lock.
///
/// ```
/// let squares = selvedge::RawArray::from_slice(&[0_u64, 1, 4]);
/// squares.set(0, 9);
/// squares.set_range(1, &[25, 36]);
/// assert_eq!((squares.range(0..2), squares.len()), (vec![9, 25], 3));
/// ```
pub struct RawArray<T: Element, P: Tasks = Native>(Array<T, P>);

impl<T: Element, P: Tasks> RawArray<T, P> {
    /// `len` zeroes.
    ///
    /// # Errors
    /// [`Error::Os`] if the operating system has no memory to give, or
    /// [`Error::InvalidArgument`] if no address space could hold them.
    pub fn try_new(len: usize) -> Result<Self, Error> {
        Array::try_new(len).map(RawArray)
    }

    /// `len` zeroes.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see [`try_new`](Self::try_new).
    #[track_caller]
    #[must_use]
    pub fn new(len: usize) -> Self {
        RawArray(Array::new(len))
    }

    /// A copy of `elements` in shared memory.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see
    /// [`try_from_slice`](Self::try_from_slice).
    #[track_caller]
    #[must_use]
    pub fn from_slice(elements: &[T]) -> Self {
        RawArray(Array::from_slice(elements))
    }

    /// A copy of `elements` in shared memory.
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new).
    pub fn try_from_slice(elements: &[T]) -> Result<Self, Error> {
        Array::try_from_slice(elements).map(RawArray)
    }

    /// Other numbers in memory of their own, which begin as these are now.
    ///
    /// # Panics
    /// As [`from_slice`](Self::from_slice), with [`to_vec`](Self::to_vec).
    #[track_caller]
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::from_slice(&self.to_vec())
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads one element.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> T {
        self.0.get(index)
    }

    /// Writes one element.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    pub fn set(&self, index: usize, element: T) {
        self.0.set(index, element);
    }

    /// Writes `new` to one element if that is `current`; see [`Array::compare_exchange`].
    ///
    /// # Errors
    /// What was there instead.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    pub fn compare_exchange(&self, index: usize, current: T, new: T) -> Result<T, T> {
        self.0.compare_exchange(index, current, new)
    }

    /// Reads the elements of a range one after the other. Others may write in between.
    ///
    /// # Panics
    /// If the range does not lie inside.
    #[track_caller]
    #[must_use]
    pub fn range(&self, range: Range<usize>) -> Vec<T> {
        self.check(range.start, range.end.saturating_sub(range.start));
        range.map(|index| self.get(index)).collect()
    }

    /// Writes elements one after the other, from `start` on.
    ///
    /// # Panics
    /// If they do not all have a place; nothing is written then.
    #[track_caller]
    pub fn set_range(&self, start: usize, elements: &[T]) {
        self.check(start, elements.len());
        for (index, element) in (start..).zip(elements) {
            self.set(index, *element);
        }
    }

    /// All elements, read one after the other. Others may write in between.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.0.to_vec()
    }

    #[track_caller]
    fn check(&self, start: usize, len: usize) {
        let inside = start.checked_add(len).is_some_and(|end| end <= self.len());
        assert!(
            inside,
            "{len} elements from {start} on are out of range for a RawArray of length {}",
            self.len()
        );
    }
}

impl<T: Integer, P: Tasks> RawArray<T, P> {
    /// Adds to one element, wrapping around, and returns what it was before.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    pub fn fetch_add(&self, index: usize, value: T) -> T {
        self.0.fetch_add(index, value)
    }
}

impl<T: Element, P: Tasks> Clone for RawArray<T, P> {
    fn clone(&self) -> Self {
        RawArray(self.0.clone())
    }
}

/// As part of a message it is what an [`Array`] is.
impl<T: Element, P: Tasks> Serialize for RawArray<T, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Element, P: Tasks> Deserialize<'de> for RawArray<T, P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Array::deserialize(deserializer).map(RawArray)
    }
}

impl<T: Element, P: Tasks> fmt::Debug for RawArray<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawArray").field("len", &self.len()).finish_non_exhaustive()
    }
}
