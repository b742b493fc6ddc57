//! A vector of a fixed capacity in shared memory.
//!
//! Called by programs whose processes collect or exchange plain values. A handle, as an
//! [`Array`](super::Array) is: cloning gives another handle on the same vector.
//!
//! | offset in the content | what is there |
//! |---|---|
//! | 0 | the lock, the [journal](super::journal) with the length, the capacity |
//! | [`Head`]'s size, rounded up to 64 | the elements |
//!
//! 1. Each method is one action under the lock, for all who use the vector.
//! 2. It happens or it does not, whoever is killed: elements behind the length are written
//!    before that, and everything else goes by the journal.
//! 3. The capacity never changes. It is checked against the size when a vector is opened.
//! 4. There are values in it, and no addresses: every process maps it elsewhere.
//!
//! Orderings: those of the lock.
//!
//! When a process dies here, at whatever instruction, its last method has happened or not;
//! the next one to come gets the lock, and carries out what was begun.

use super::element::{Shown, shown, shown_if};
use super::journal::Journal;
use super::robust::{RobustMutex, RobustMutexGuard};
use crate::Error;
use crate::platform::{Kind, Native, Observe, Op, Site, Tasks};
use crate::shm::by_name::perhaps_named;
use crate::shm::carried::Carried;
use crate::shm::{Place, Shareable};
use std::fmt;
use std::marker::PhantomData;

/// A vector of at most so many elements, which this process has in common with its later
/// children and with whatever process it is sent to, as a [`Shared`](crate::Shared) value is;
/// and if it has a name, with all processes of this user.
///
/// ```
/// use selvedge::{Process, SharedVec};
///
/// let found: SharedVec<u32> = SharedVec::new(100)?;
/// let children = [3, 4].map(|number| {
///     let found = found.clone();
///     Process::spawn(move || found.push(number).unwrap())
/// });
/// for child in children {
///     child.join()?;
/// }
/// assert_eq!(found.to_vec().iter().sum::<u32>(), 7);
/// assert_eq!((found.len(), found.get(2)), (2, None));
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// Elements are their bytes, which mean the same to every process:
///
/// ```compile_fail,E0277
/// let _ = selvedge::SharedVec::<String>::new(1);
/// ```
/// ```compile_fail,E0277
/// let _ = selvedge::SharedVec::<&'static u32>::new(1);
/// ```
/// ```compile_fail,E0277
/// let _ = selvedge::SharedVec::<*const u32>::new(1);
/// ```
pub struct SharedVec<T, P: Tasks = Native> {
    place: Place<P>,
    capacity: usize,
    element: PhantomData<fn() -> T>,
}

#[repr(C, align(64))]
struct Head<T, P: Tasks> {
    lock: RobustMutex<(), P>,
    journal: Journal<T, P>,
    capacity: u64,
}

type Guard<'a, P> = RobustMutexGuard<'a, (), P>;

impl<T: Shareable + Send + Copy, P: Tasks> SharedVec<T, P> {
    /// An empty vector for at most `capacity` elements.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `capacity` is 0 or no address space could hold it;
    /// [`Error::Os`] if the operating system has no memory to give.
    #[track_caller]
    pub fn new(capacity: usize) -> Result<Self, Error> {
        Self::make(None, capacity, P::Site::here())
    }

    /// The same under a name, by which it can be opened; what becomes of it then is as with
    /// [`SharedMemory`](crate::SharedMemory).
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::SegmentExists`] if the name is taken, or
    /// [`Error::InvalidArgument`] if it is empty, too long or has a slash in it.
    #[track_caller]
    pub fn create(name: &str, capacity: usize) -> Result<Self, Error> {
        Self::make(Some(name), capacity, P::Site::here())
    }

    fn make(name: Option<&str>, capacity: usize, site: P::Site) -> Result<Self, Error> {
        const { assert!(align_of::<T>() <= 64, "segments are aligned to 64 bytes") };
        let size = capacity.checked_mul(size_of::<T>()).and_then(|size| size.checked_add(Self::ELEMENTS));
        // The journal counts lengths in a quarter of a word.
        let size = size.filter(|size| *size <= isize::MAX as usize / 8);
        let (Some(size), 1..) = (size, capacity) else {
            let most = (isize::MAX as usize / 8 - Self::ELEMENTS) / size_of::<T>().max(1);
            let (given, allowed) = (capacity.to_string(), format!("1 to {most}"));
            return Err(Error::InvalidArgument { what: "the capacity of the vector", given, allowed });
        };
        let head =
            Head::<T, P> { lock: RobustMutex::new(()), journal: Journal::new(), capacity: capacity as u64 };
        // SAFETY: the memory is new, aligned and large enough; nobody else has it yet.
        let fill = |content: *mut u8| unsafe { content.cast::<Head<T, P>>().write(head) };
        let place = Place::new(name, Self::layout(), size, fill, site)?;
        Ok(SharedVec { place, capacity, element: PhantomData })
    }

    /// Opens the vector that has this name.
    ///
    /// # Errors
    /// [`Error::NoSegment`] if nothing has it, [`Error::SegmentRefused`] if something else
    /// has it, such as a vector of other elements.
    #[track_caller]
    pub fn open(name: &str) -> Result<Self, Error> {
        let place = Place::open(name, Self::layout(), P::Site::here())?;
        Self::on(place).map_err(|why| Error::SegmentRefused { name: name.to_owned(), why })
    }

    /// The vector on memory of its layout, or why there can be none.
    fn on(place: Place<P>) -> Result<Self, String> {
        if place.size() < Self::ELEMENTS {
            return Err(format!("its {} bytes are too few for a vector", place.size()));
        }
        // SAFETY: the memory has this layout, and room for a head; the word never changes.
        let capacity = unsafe { (*place.content().cast::<Head<T, P>>()).capacity };
        let room = (place.size() - Self::ELEMENTS) as u64;
        let needed = (size_of::<T>() as u64).checked_mul(capacity);
        match (usize::try_from(capacity), needed) {
            (Ok(capacity), Some(needed)) if needed <= room => {
                let vector = SharedVec { place, capacity, element: PhantomData };
                match vector.journal().len() {
                    len if len <= capacity => Ok(vector),
                    len => Err(format!("it says that it has {len} elements, of at most {capacity}")),
                }
            }
            _ => Err(format!("it says that it holds {capacity} elements, for which it is too short")),
        }
    }

    /// How many elements there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many elements there are.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.under_lock(Kind::Read, "len", || self.count(), |len| *len as u64)
    }

    /// Whether there are no elements.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element there, if there is one.
    #[track_caller]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<T> {
        self.under_lock(Kind::Read, "get", || self.read(index), |element| shown_if(element.as_ref()))
    }

    /// All elements, as they are at one moment.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        let all = || (0..self.count()).map_while(|index| self.read(index)).collect();
        self.under_lock(Kind::Read, "to_vec", all, |all: &Vec<T>| all.len() as u64)
    }

    /// Adds an element at the end, and returns its index.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the vector is full.
    #[doc(alias = "append")]
    #[track_caller]
    pub fn push(&self, element: T) -> Result<usize, Error> {
        self.extend_from_slice(&[element])
    }

    /// Adds elements at the end, all or none, and returns the index of the first.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no room for all of them.
    #[track_caller]
    pub fn extend_from_slice(&self, elements: &[T]) -> Result<usize, Error> {
        let push = || {
            let len = self.count();
            if elements.len() > self.capacity - len {
                let (given, allowed) =
                    ((len + elements.len()).to_string(), format!("at most {}", self.capacity));
                let what = "the number of elements of the vector";
                return Err(Error::InvalidArgument { what, given, allowed });
            }
            for (place, element) in elements.iter().enumerate() {
                self.write(len + place, *element);
            }
            self.journal().set_len(len + elements.len());
            Ok(len)
        };
        // Of several elements, the first one speaks for all.
        let first = |pushed: &Result<usize, Error>| match (pushed, elements) {
            (Ok(_), [first, ..]) => shown(first),
            (Ok(_), []) => 0,
            (Err(_), _) => u64::MAX,
        };
        self.under_lock(Kind::Write, "push", push, first)
    }

    /// Takes the last element.
    #[track_caller]
    pub fn pop(&self) -> Option<T> {
        let pop = || {
            let last = self.count().checked_sub(1)?;
            let element = self.read(last);
            self.journal().set_len(last);
            element
        };
        self.under_lock(Kind::ReadWrite, "pop", pop, |element| shown_if(element.as_ref()))
    }

    /// Puts an element in the place of another, and returns that.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such index.
    #[track_caller]
    pub fn set(&self, index: usize, element: T) -> Result<T, Error> {
        self.change("set", index, |_| element).map(|(before, _)| before)
    }

    /// Changes an element in one action, and returns what it is then. While `change` runs,
    /// everybody else waits; if it panics, nothing has happened.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such index.
    #[track_caller]
    pub fn update(&self, index: usize, change: impl FnOnce(T) -> T) -> Result<T, Error> {
        self.change("update", index, change).map(|(_, after)| after)
    }

    #[track_caller]
    fn change(&self, name: &'static str, index: usize, change: impl FnOnce(T) -> T) -> Result<(T, T), Error> {
        let change = || {
            let before = self.element(index)?;
            let after = change(before);
            self.commit(&[(index, after)], self.count());
            Ok((before, after))
        };
        let after = |changed: &Result<(T, T), Error>| shown_if(changed.as_ref().ok().map(|(_, after)| after));
        self.under_lock(Kind::Write, name, change, after)
    }

    /// Exchanges two elements.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such index.
    #[track_caller]
    pub fn swap(&self, one: usize, other: usize) -> Result<(), Error> {
        let swap = || {
            let (first, second) = (self.element(one)?, self.element(other)?);
            self.commit(&[(one, second), (other, first)], self.count());
            Ok(())
        };
        self.under_lock(Kind::Write, "swap", swap, Observe::observed)
    }

    /// Takes the element there, and puts the last one in its place.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such index.
    #[track_caller]
    pub fn swap_remove(&self, index: usize) -> Result<T, Error> {
        let swap_remove = || {
            let removed = self.element(index)?;
            let last = self.count() - 1;
            self.commit(&[(index, self.element(last)?)], last);
            Ok(removed)
        };
        let removed = |removed: &Result<T, Error>| shown_if(removed.as_ref().ok());
        self.under_lock(Kind::ReadWrite, "swap_remove", swap_remove, removed)
    }

    /// Takes away all elements from this index on.
    #[track_caller]
    pub fn truncate(&self, len: usize) {
        let truncate = || self.journal().set_len(self.count().min(len));
        self.under_lock(Kind::Write, "truncate", truncate, Observe::observed);
    }

    /// Takes all elements away.
    #[track_caller]
    pub fn clear(&self) {
        self.truncate(0);
    }
}

impl<T: Copy, P: Tasks> SharedVec<T, P> {
    /// Where the elements begin.
    const ELEMENTS: usize = size_of::<Head<T, P>>().next_multiple_of(64);

    /// Does `body` with the lock, as one visible action; `show` says how a trace shows what it
    /// came to.
    #[track_caller]
    fn under_lock<R>(
        &self,
        kind: Kind,
        name: &'static str,
        body: impl FnOnce() -> R,
        show: impl FnOnce(&R) -> u64,
    ) -> R {
        let site = P::Site::here();
        let _guard: Guard<'_, P> = match self.head().lock.lock_or_repair(|()| self.repair()) {
            Ok(guard) => guard,
            Err(error) => unreachable!("every death is repaired at once, but: {error}"),
        };
        let object = self.place.content() as usize + Self::ELEMENTS;
        let shown = || {
            let result = body();
            let number = show(&result);
            Shown(result, number)
        };
        P::step(|| Op::new(kind, name, object, site.location()), shown).0
    }

    fn head(&self) -> &Head<T, P> {
        // SAFETY: every vector begins with its head, of which only the journal's notes
        // change by other than atomic accesses, and those under the lock.
        unsafe { &*self.place.content().cast::<Head<T, P>>() }
    }

    fn journal(&self) -> &Journal<T, P> {
        &self.head().journal
    }

    /// How many elements there are. A number of somebody who broke into the memory is none of
    /// ours: nothing behind the capacity is touched.
    fn count(&self) -> usize {
        self.journal().len().min(self.capacity)
    }

    fn at(&self, index: usize) -> *mut T {
        debug_assert!(index < self.capacity);
        // SAFETY: the memory has room for so many elements.
        unsafe { self.place.content().add(Self::ELEMENTS).cast::<T>().add(index) }
    }

    /// Under the lock: the element there, if there is one.
    fn read(&self, index: usize) -> Option<T> {
        // SAFETY: what is before the length was written; nobody writes, under the lock.
        (index < self.count()).then(|| unsafe { self.at(index).read_volatile() })
    }

    fn element(&self, index: usize) -> Result<T, Error> {
        self.read(index).ok_or_else(|| Error::InvalidArgument {
            what: "the index into the vector",
            given: index.to_string(),
            allowed: format!("less than its length, {}", self.count()),
        })
    }

    /// Under the lock: writes an element.
    fn write(&self, index: usize, element: T) {
        // As in `count`: a note of the journal may be such an index.
        if index < self.capacity {
            // SAFETY: inside the memory, and nobody else reads or writes.
            unsafe { self.at(index).write_volatile(element) };
        }
    }

    fn commit(&self, elements: &[(usize, T)], len: usize) {
        // SAFETY: the caller has the lock, and the elements are inside.
        unsafe { self.journal().change(elements, len, |index, element| self.write(index, element)) };
    }

    fn repair(&self) {
        // SAFETY: who repairs has the lock.
        unsafe { self.journal().repair(|index, element| self.write(index, element)) };
    }
}

perhaps_named!(SharedVec<T> as Head<T, P>);

// SAFETY: a handle is its place and a number.
unsafe impl<T: 'static, P: Tasks> Shareable for SharedVec<T, P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<T, P: Tasks> Clone for SharedVec<T, P> {
    fn clone(&self) -> Self {
        SharedVec { place: self.place.clone(), capacity: self.capacity, element: PhantomData }
    }
}

impl<T, P: Tasks> fmt::Debug for SharedVec<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("SharedVec");
        text.field("name", &self.name()).field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
