//! Room for a fixed number of values in shared memory, which refer to each other by
//! offsets.
//!
//! Called by programs that build lists, trees or graphs for several processes. A handle, as
//! an [`Array`](super::Array) is: cloning gives another handle on the same arena.
//!
//! | offset in the content | what is there |
//! |---|---|
//! | 0 | the lock, with the list of free cells, and the capacity |
//! | [`Head`]'s size, rounded up to 64 | the cells: a tag, the next free cell, two places for the value |
//!
//! | bits of a tag | what they say |
//! |---|---|
//! | 0 | there is a value |
//! | 1 | which place has it |
//! | 32..64 | how many values this cell had before |
//!
//! 1. Each method is one action under the lock, for all who use the arena.
//! 2. A value is written into the place that does not have it, and is there when the tag is
//!    written: in one word. The list of free cells and their number follow from the tags.
//! 3. An offset names one value: the next one in its cell has another number, until that
//!    begins anew after 2^32 of them.
//! 4. There are offsets in it, and no addresses: every process maps it elsewhere.
//!
//! Orderings: those of the lock; a tag is written after the value, by a release.
//!
//! When a process dies here, at whatever instruction, its last method has happened or not;
//! the next one to come gets the lock, and makes the list of free cells anew.

use super::at::At;
use super::element::{Shown, shown, shown_if};
use super::robust::{RobustMutex, RobustMutexGuard};
use crate::Error;
use crate::platform::{Atomic, Kind, Native, Op, Site, Tasks};
use crate::shm::by_name::perhaps_named;
use crate::shm::carried::Carried;
use crate::shm::{Place, Shareable};
use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::{Relaxed, Release};

const USED: u64 = 1;
const PLACE: u64 = 2;
const NUMBER: u32 = 32;
/// Stands for no cell.
const NONE: u32 = u32::MAX;

/// Room for a fixed number of values, which this process has in common with its later children
/// and with whatever process it is sent to, as a [`Shared`](crate::Shared) value is; and if it
/// has a name, with all processes of this user.
///
/// ```
/// use selvedge::{Arena, sync::At, shareable};
///
/// shareable! {
///     #[derive(Clone, Copy)]
///     struct Node { number: u32, next: Option<At<Node>> }
/// }
///
/// let arena = Arena::new(10)?;
/// let last = arena.insert(Node { number: 2, next: None })?;
/// let first = arena.insert(Node { number: 1, next: Some(last) })?;
/// let second = arena.get(first).and_then(|node| arena.get(node.next?));
/// assert_eq!(second.map(|node| node.number), Some(2));
///
/// arena.remove(last);
/// assert!(arena.get(last).is_none());
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// What leads into the memory of one process is refused:
///
/// ```compile_fail,E0277
/// #[derive(Clone, Copy)]
/// struct Node { next: Option<&'static Node> }
/// let _ = selvedge::Arena::<Node>::new(10);
/// ```
pub struct Arena<T, P: Tasks = Native> {
    place: Place<P>,
    capacity: u32,
    value: PhantomData<fn() -> T>,
}

/// What follows from the tags.
#[derive(Clone, Copy)]
struct Free {
    first: u32,
    used: u32,
}

// SAFETY: two numbers.
unsafe impl Shareable for Free {}

#[repr(C, align(64))]
struct Head<T, P: Tasks> {
    lock: RobustMutex<Free, P>,
    capacity: u32,
    value: PhantomData<fn() -> T>,
}

#[repr(C)]
struct Cell<T, P: Tasks> {
    tag: P::AtomicU64,
    /// Of a free cell: the next one. Used under the lock.
    next: u32,
    values: [MaybeUninit<T>; 2],
}

type Guard<'a, P> = RobustMutexGuard<'a, Free, P>;

impl<T: Shareable + Send + Copy, P: Tasks> Arena<T, P> {
    /// An arena with room for `capacity` values.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `capacity` is 0, or more than 2^32 - 2 or than any
    /// address space could hold; [`Error::Os`] if the operating system has no memory to
    /// give.
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
        const { assert!(align_of::<Cell<T, P>>() <= 64, "segments are aligned to 64 bytes") };
        let cells = u32::try_from(capacity).ok().filter(|cells| (1..NONE).contains(cells));
        let size =
            capacity.checked_mul(size_of::<Cell<T, P>>()).and_then(|size| size.checked_add(Self::CELLS));
        let (Some(cells), Some(size)) = (cells, size.filter(|size| isize::try_from(*size).is_ok())) else {
            let most = ((isize::MAX as usize - Self::CELLS) / size_of::<Cell<T, P>>()).min(NONE as usize - 1);
            let (given, allowed) = (capacity.to_string(), format!("1 to {most}"));
            return Err(Error::InvalidArgument { what: "the capacity of the arena", given, allowed });
        };
        let fill = |content: *mut u8| {
            let free = Free { first: 0, used: 0 };
            let head = Head::<T, P> { lock: RobustMutex::new(free), capacity: cells, value: PhantomData };
            // SAFETY: the memory is new, aligned and large enough; nobody else has it yet.
            // Tags of zeroes are those of free cells.
            unsafe {
                content.cast::<Head<T, P>>().write(head);
                let first = content.add(Self::CELLS).cast::<Cell<T, P>>();
                for cell in 0..cells {
                    let next = if cell + 1 < cells { cell + 1 } else { NONE };
                    (&raw mut (*first.add(cell as usize)).next).write(next);
                }
            }
        };
        let place = Place::new(name, Self::layout(), size, fill, site)?;
        Ok(Arena { place, capacity: cells, value: PhantomData })
    }

    /// Opens the arena that has this name.
    ///
    /// # Errors
    /// [`Error::NoSegment`] if nothing has it, [`Error::SegmentRefused`] if something else
    /// has it, such as an arena of other values.
    #[track_caller]
    pub fn open(name: &str) -> Result<Self, Error> {
        let place = Place::open(name, Self::layout(), P::Site::here())?;
        Self::on(place).map_err(|why| Error::SegmentRefused { name: name.to_owned(), why })
    }

    /// The arena on memory of its layout, or why there can be none.
    fn on(place: Place<P>) -> Result<Self, String> {
        if place.size() < Self::CELLS {
            return Err(format!("its {} bytes are too few for an arena", place.size()));
        }
        // SAFETY: the memory has this layout, and room for a head; the word never changes.
        let capacity = unsafe { (*place.content().cast::<Head<T, P>>()).capacity };
        if (place.size() - Self::CELLS) / size_of::<Cell<T, P>>() < capacity as usize {
            return Err(format!("it says that it holds {capacity} values, for which it is too short"));
        }
        Ok(Arena { place, capacity, value: PhantomData })
    }

    /// How many values there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// How many values there are.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.under_lock(Kind::Read, "len", |free| free.used as usize, |len| *len as u64)
    }

    /// Whether there are no values.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a value in, and returns where.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the arena is full.
    #[track_caller]
    pub fn insert(&self, value: T) -> Result<At<T>, Error> {
        let insert = |free: &mut Free| {
            let cell = free.first;
            if cell >= self.capacity {
                let (given, allowed) =
                    (format!("{}", self.capacity() + 1), format!("at most {}", self.capacity));
                let what = "the number of values of the arena";
                return Err(Error::InvalidArgument { what, given, allowed });
            }
            // SAFETY: under the lock, of a cell inside.
            free.first = unsafe { (*self.cell(cell)).next };
            free.used += 1;
            let tag = self.tag(cell).load(Relaxed);
            self.write(cell, tag | USED, value);
            Ok(At { cell, number: (tag >> NUMBER) as u32, value: PhantomData })
        };
        let inserted = |at: &Result<At<T>, Error>| if at.is_ok() { shown(&value) } else { u64::MAX };
        self.under_lock(Kind::Write, "insert", insert, inserted)
    }

    /// The value there, unless it was removed.
    #[track_caller]
    #[must_use]
    pub fn get(&self, at: At<T>) -> Option<T> {
        let get = |_: &mut Free| self.find(at).map(|(_, value)| value);
        self.under_lock(Kind::Read, "get", get, |value| shown_if(value.as_ref()))
    }

    /// Puts another value in its place, and returns it, unless it was removed.
    #[track_caller]
    pub fn set(&self, at: At<T>, value: T) -> Option<T> {
        self.change("set", at, |_| value).map(|(before, _)| before)
    }

    /// Changes the value in one action, and returns what it is then, unless it was removed.
    /// While `change` runs, everybody else waits; if it panics, nothing has happened.
    #[track_caller]
    pub fn update(&self, at: At<T>, change: impl FnOnce(T) -> T) -> Option<T> {
        self.change("update", at, change).map(|(_, after)| after)
    }

    #[track_caller]
    fn change(&self, name: &'static str, at: At<T>, change: impl FnOnce(T) -> T) -> Option<(T, T)> {
        let change = |_: &mut Free| {
            let (tag, before) = self.find(at)?;
            let after = change(before);
            self.write(at.cell, tag ^ PLACE, after);
            Some((before, after))
        };
        let after = |changed: &Option<(T, T)>| shown_if(changed.as_ref().map(|(_, after)| after));
        self.under_lock(Kind::Write, name, change, after)
    }

    /// Takes a value out, unless it was removed before; its room is free for another.
    #[track_caller]
    pub fn remove(&self, at: At<T>) -> Option<T> {
        let remove = |free: &mut Free| {
            let (tag, value) = self.find(at)?;
            self.tag(at.cell).store((tag & !USED).wrapping_add(1 << NUMBER), Release);
            self.release(free, at.cell);
            free.used -= 1;
            Some(value)
        };
        self.under_lock(Kind::ReadWrite, "remove", remove, |value| shown_if(value.as_ref()))
    }

    /// All values with where they are, at one moment.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<(At<T>, T)> {
        let all = |_: &mut Free| {
            let at = |cell| At {
                cell,
                number: (self.tag(cell).load(Relaxed) >> NUMBER) as u32,
                value: PhantomData,
            };
            (0..self.capacity).map(at).filter_map(|at| Some((at, self.find(at)?.1))).collect()
        };
        self.under_lock(Kind::Read, "to_vec", all, |all: &Vec<(At<T>, T)>| all.len() as u64)
    }
}

impl<T: Copy, P: Tasks> Arena<T, P> {
    /// Where the cells begin.
    const CELLS: usize = size_of::<Head<T, P>>().next_multiple_of(64);

    /// Does `body` with the lock, as one visible action; `show` says how a trace shows what it
    /// came to.
    #[track_caller]
    fn under_lock<R>(
        &self,
        kind: Kind,
        name: &'static str,
        body: impl FnOnce(&mut Free) -> R,
        show: impl FnOnce(&R) -> u64,
    ) -> R {
        let site = P::Site::here();
        // SAFETY: every arena begins with its head.
        let head = unsafe { &*self.place.content().cast::<Head<T, P>>() };
        let mut guard: Guard<'_, P> = match head.lock.lock_or_repair(|free| *free = self.count()) {
            Ok(guard) => guard,
            Err(error) => unreachable!("every death is repaired at once, but: {error}"),
        };
        let object = self.place.content() as usize + Self::CELLS;
        let shown = || {
            let result = body(&mut guard);
            let number = show(&result);
            Shown(result, number)
        };
        P::step(|| Op::new(kind, name, object, site.location()), shown).0
    }

    /// Under the lock, after a death: the list of free cells anew.
    fn count(&self) -> Free {
        let mut free = Free { first: NONE, used: 0 };
        for cell in (0..self.capacity).rev() {
            if self.tag(cell).load(Relaxed) & USED == 0 {
                self.release(&mut free, cell);
            } else {
                free.used += 1;
            }
        }
        free
    }

    /// Under the lock: a cell is the first of the free ones.
    fn release(&self, free: &mut Free, cell: u32) {
        // SAFETY: a cell inside, of which only the holder of the lock uses this.
        unsafe { (*self.cell(cell)).next = free.first };
        free.first = cell;
    }

    fn cell(&self, cell: u32) -> *mut Cell<T, P> {
        debug_assert!(cell < self.capacity);
        // SAFETY: the memory has room for so many cells.
        unsafe { self.place.content().add(Self::CELLS).cast::<Cell<T, P>>().add(cell as usize) }
    }

    fn tag(&self, cell: u32) -> &P::AtomicU64 {
        // SAFETY: a tag is an atomic word from the beginning.
        unsafe { &(*self.cell(cell)).tag }
    }

    /// Under the lock: the tag and the value there, unless it was removed.
    fn find(&self, at: At<T>) -> Option<(u64, T)> {
        if at.cell >= self.capacity {
            return None;
        }
        let tag = self.tag(at.cell).load(Relaxed);
        if tag & USED == 0 || (tag >> NUMBER) as u32 != at.number {
            return None;
        }
        let place = usize::from(tag & PLACE != 0);
        // SAFETY: the tag says that this place has a value (invariant 2), and nobody else
        // writes.
        Some((tag, unsafe { (&raw const (*self.cell(at.cell)).values[place]).read_volatile().assume_init() }))
    }

    /// Under the lock: writes a value into the place that the new tag names, and then that.
    fn write(&self, cell: u32, tag: u64, value: T) {
        let place = usize::from(tag & PLACE != 0);
        // SAFETY: a cell inside; the place has no value yet for whoever looks at the tag.
        unsafe { (&raw mut (*self.cell(cell)).values[place]).write_volatile(MaybeUninit::new(value)) };
        self.tag(cell).store(tag, Release);
    }
}

perhaps_named!(Arena<T> as (Head<T, P>, Cell<T, P>));

// SAFETY: a handle is its place and a number.
unsafe impl<T: 'static, P: Tasks> Shareable for Arena<T, P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<T, P: Tasks> Clone for Arena<T, P> {
    fn clone(&self) -> Self {
        Arena { place: self.place.clone(), capacity: self.capacity, value: PhantomData }
    }
}

impl<T, P: Tasks> fmt::Debug for Arena<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Arena");
        text.field("name", &self.name()).field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
