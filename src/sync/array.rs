//! A fixed number of numbers in shared memory, and a lock beside them.
//!
//! Called by programs that start processes. Unlike the other types this is a handle on
//! a segment of its own, because its length is known only when the program runs; cloning
//! gives another handle on the same numbers.
//!
//! | offset in the segment | what is there |
//! |---|---|
//! | 0 | the lock |
//! | 64 | cell 0, cell 1, ... |
//!
//! 1. The lock and all cells are written before the first handle exists.
//! 2. Each element access is one visible action on its cell. The lock makes several of
//!    them one, for all who lock.
//! 3. Elements are numbers, never addresses.
//!
//! Orderings: element accesses are relaxed, as those of a [`Value`](super::Value).
//!
//! When a process dies with the lock, it stays taken; each element is an old or a new
//! number.

use super::element::{Element, Integer, Word};
use super::value;
use crate::Error;
use crate::platform::{Atomic, Cmp, Native, Segment, Site, Tasks};
use crate::raw::RawMutex;
use crate::shm::carried::{Carried, carried};
use crate::shm::{Layout, Shareable};
use std::fmt;
use std::marker::PhantomData;

/// Where the cells begin: a cache line of its own for the lock.
const CELLS: usize = 64;

/// A fixed number of numbers that this process has in common with its later children, and with
/// whatever process they are sent to, as a [`Shared`](crate::Shared) value is.
///
/// ```
/// let squares = selvedge::Array::from_slice(&[0_u64, 1, 4]);
/// squares.set(0, 9);
/// assert_eq!(squares.to_vec(), [9, 1, 4]);
/// ```
pub struct Array<T: Element, P: Tasks = Native> {
    segment: P::Segment,
    len: usize,
    element: PhantomData<T>,
}

/// The lock of an [`Array`], until this is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct ArrayGuard<'a, T: Element, P: Tasks = Native> {
    array: &'a Array<T, P>,
    site: P::Site,
}

impl<T: Element, P: Tasks> Array<T, P> {
    /// `len` zeroes.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see [`try_new`](Self::try_new).
    #[track_caller]
    #[must_use]
    pub fn new(len: usize) -> Self {
        match Self::try_new(len) {
            Ok(array) => array,
            Err(error) => panic!("no shared memory for {len} elements: {error}"),
        }
    }

    /// `len` zeroes.
    ///
    /// # Errors
    /// [`Error::Os`] if the operating system has no memory to give, or
    /// [`Error::InvalidArgument`] if no address space could hold them.
    #[track_caller]
    pub fn try_new(len: usize) -> Result<Self, Error> {
        Self::fill(len, |_| T::ZERO)
    }

    /// A copy of `elements` in shared memory.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see
    /// [`try_from_slice`](Self::try_from_slice).
    #[track_caller]
    #[must_use]
    pub fn from_slice(elements: &[T]) -> Self {
        match Self::try_from_slice(elements) {
            Ok(array) => array,
            Err(error) => panic!("no shared memory for {} elements: {error}", elements.len()),
        }
    }

    /// A copy of `elements` in shared memory.
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new).
    #[track_caller]
    pub fn try_from_slice(elements: &[T]) -> Result<Self, Error> {
        Self::fill(elements.len(), |index| elements[index])
    }

    #[track_caller]
    fn fill(len: usize, element: impl Fn(usize) -> T) -> Result<Self, Error> {
        P::made("Array");
        const { assert!(size_of::<RawMutex<P>>() <= CELLS && align_of::<T::Cell<P>>() <= CELLS) };
        let Some(size) = len.checked_mul(size_of::<T::Cell<P>>()).and_then(|size| size.checked_add(CELLS))
        else {
            let most = (usize::MAX - CELLS) / size_of::<T::Cell<P>>();
            let (given, allowed) = (len.to_string(), format!("at most {most}"));
            return Err(Error::InvalidArgument { what: "the length of the array", given, allowed });
        };
        let segment = P::segment(size).map_err(Error::os("mmap"))?;
        let array = Self { segment, len, element: PhantomData };
        // SAFETY: the segment is new, and aligned and large enough for all of it.
        unsafe {
            array.segment.base().cast::<RawMutex<P>>().write(RawMutex::new());
            for index in 0..len {
                array.cells().add(index).write(T::Cell::<P>::new(element(index).to_bits()));
            }
        }
        Ok(array)
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads one element.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> T {
        value::get::<T, P>(self.cell(index), P::Site::here())
    }

    /// Writes one element.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    pub fn set(&self, index: usize, element: T) {
        value::set::<T, P>(self.cell(index), element, P::Site::here());
    }

    /// Writes `new` to one element if that is `current`, bit for bit; one action either
    /// way. Returns what was there before.
    ///
    /// # Errors
    /// What was there instead.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    pub fn compare_exchange(&self, index: usize, current: T, new: T) -> Result<T, T> {
        value::compare_exchange::<T, P>(self.cell(index), current, new, P::Site::here())
    }

    /// Reads the elements one after the other, each when it is asked for. Others may
    /// write in between.
    #[track_caller]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'_, T, P> {
        let site = P::Site::here();
        (0..self.len).map(move |index| value::get::<T, P>(self.cell(index), site))
    }

    /// All elements, read one after the other. Others may write in between.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }

    /// Takes the lock beside the elements, waiting as long as it takes.
    #[doc(alias = "get_lock")]
    #[track_caller]
    pub fn lock(&self) -> ArrayGuard<'_, T, P> {
        let site = P::Site::here();
        self.raw().lock(site);
        ArrayGuard { array: self, site }
    }

    fn raw(&self) -> &RawMutex<P> {
        // SAFETY: invariant 1; the segment lives as long as self.
        unsafe { &*self.segment.base().cast::<RawMutex<P>>() }
    }

    fn cells(&self) -> *mut T::Cell<P> {
        // SAFETY: the segment is at least `CELLS` bytes long.
        unsafe { self.segment.base().add(CELLS) }.cast()
    }

    #[track_caller]
    #[inline]
    fn cell(&self, index: usize) -> &T::Cell<P> {
        if index >= self.len {
            out_of_range(index, self.len);
        }
        // SAFETY: invariant 1, and the index was checked.
        unsafe { &*self.cells().add(index) }
    }
}

impl<T: Integer, P: Tasks> Array<T, P> {
    /// Adds to one element, wrapping around, and returns what it was before.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    #[inline]
    pub fn fetch_add(&self, index: usize, value: T) -> T {
        value::fetch_add::<T, P>(self.cell(index), value, P::Site::here())
    }
}

impl<T: Word, P: Tasks> Array<T, P> {
    /// Waits until one element is `value`; see [`Value::await_eq`](super::Value::await_eq).
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    pub fn await_eq(&self, index: usize, value: T) {
        let _ = value::wait::<T, P>(self.cell(index), Cmp::Eq, value, P::Site::here());
    }

    /// Waits until one element is anything but `value`, and returns what it is.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    pub fn await_ne(&self, index: usize, value: T) -> T {
        value::wait::<T, P>(self.cell(index), Cmp::Ne, value, P::Site::here())
    }
}

impl<P: Tasks> Array<u32, P> {
    /// Waits until one element is `least` or more, and returns what it is.
    ///
    /// # Panics
    /// If there is no element `index`.
    #[track_caller]
    pub fn await_at_least(&self, index: usize, least: u32) -> u32 {
        value::wait_at_least::<P>(self.cell(index), least, P::Site::here())
    }
}

#[cold]
#[track_caller]
fn out_of_range(index: usize, len: usize) -> ! {
    panic!("index {index} is out of range for an Array of length {len}")
}

impl<T: Element, P: Tasks> ArrayGuard<'_, T, P> {
    /// Reads one element; panics as [`Array::get`].
    #[track_caller]
    #[must_use]
    pub fn get(&self, index: usize) -> T {
        self.array.get(index)
    }

    /// Writes one element; panics as [`Array::set`].
    #[track_caller]
    pub fn set(&self, index: usize, element: T) {
        self.array.set(index, element);
    }

    /// All elements, as they are at one moment if everybody who writes locks.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.array.to_vec()
    }
}

impl<T: Element, P: Tasks> Drop for ArrayGuard<'_, T, P> {
    fn drop(&mut self) {
        self.array.raw().unlock(self.site);
    }
}

impl<T: Element, P: Tasks> Carried for Array<T, P> {
    type Platform = P;

    fn layout() -> Layout {
        Layout::named::<Self, T::Cell<P>, P>(0)
    }

    fn segment(&self) -> &P::Segment {
        &self.segment
    }

    fn of_segment(segment: P::Segment) -> Result<Self, String> {
        let room = segment.size().checked_sub(CELLS).filter(|room| room % size_of::<T::Cell<P>>() == 0);
        let room = room.ok_or_else(|| format!("{} bytes are no lock and numbers", segment.size()))?;
        Ok(Array { segment, len: room / size_of::<T::Cell<P>>(), element: PhantomData })
    }
}

carried!([T: Element, P: Tasks] Array<T, P>);

// SAFETY: a handle is its segment and a number.
unsafe impl<T: Element, P: Tasks> Shareable for Array<T, P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<T: Element, P: Tasks> Clone for Array<T, P> {
    fn clone(&self) -> Self {
        Array { segment: self.segment.clone(), len: self.len, element: PhantomData }
    }
}

impl<T: Element, P: Tasks> fmt::Debug for Array<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<T: Element, P: Tasks> fmt::Debug for ArrayGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrayGuard").field("len", &self.array.len).finish_non_exhaustive()
    }
}
