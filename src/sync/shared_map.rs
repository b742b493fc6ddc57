//! A map of a fixed capacity in shared memory, without a server.
//!
//! Called by programs whose processes look things up far more often than they change them.
//! A handle, as an [`Array`](super::Array) is: cloning gives another handle on the same map.
//!
//! | offset in the segment | what is there |
//! |---|---|
//! | 0 | the lock of the writers, and in it the number of entries; the capacity |
//! | 256 | the slots: state, key, two places for the value |
//!
//! | state of a slot | its low bits | what a search does |
//! |---|---|---|
//! | never used, or free again | 0 | ends |
//! | full | 1 | compares the key |
//! | removed | 2 | goes on |
//!
//! The other bits of a state count how often it was written; the last of them says which
//! place has the value.
//!
//! 1. A value is written into the place that does not have it, a key into a slot that is not
//!    full; both are there when the state is written: in one word.
//! 2. Who writes has the lock. Who looks up has none, and reads a slot again if its state
//!    changed meanwhile. A key never moves from one slot to another while it is in the map.
//! 3. A slot becomes free again only if the next one is free, so that no search ends early.
//! 4. At least half of the slots are not full, so that every search ends.
//!
//! Orderings: those of [`ShareableList`](super::ShareableList). Keys and values are copied by
//! volatile reads, and looked at only if the state shows that nobody wrote them meanwhile.
//!
//! When a process dies here, at whatever instruction, each entry is the old or the new one,
//! and the next writer counts the entries anew.

use super::element::{Keyed, Shown, shown, shown_if};
use super::robust::{RobustMutex, RobustMutexGuard};
use crate::Error;
use crate::platform::{Atomic, Kind, Native, Op, Segment, Site, Tasks};
use crate::shm::carried::{Carried, carried};
use crate::shm::{Layout, Shareable};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::fence;

const SLOTS: usize = 256;
const FREE: u64 = 0;
const FULL: u64 = 1;
const REMOVED: u64 = 2;
const KINDS: u64 = 3;
/// What a state counts by.
const ONE: u64 = 4;

/// A map of a fixed capacity that this process has in common with its later children, and with
/// whatever process it is sent to, as a [`Shared`](crate::Shared) value is.
///
/// ```
/// use selvedge::{Process, SharedMap};
///
/// let squares: SharedMap<u32, u64> = SharedMap::new(100)?;
/// let child = Process::spawn({
///     let squares = squares.clone();
///     move || (0..10).for_each(|n| _ = squares.insert(n, u64::from(n * n)).unwrap())
/// });
/// child.join()?;
/// assert_eq!((squares.get(&9), squares.get(&10), squares.len()), (Some(81), None, 10));
/// assert_eq!(squares.remove(&9), Some(81));
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// Keys and values are their bytes:
///
/// ```compile_fail,E0277
/// let _ = selvedge::SharedMap::<u32, String>::new(1);
/// ```
#[doc(alias = "dict")]
pub struct SharedMap<K, V, P: Tasks = Native> {
    segment: P::Segment,
    capacity: usize,
    entries: PhantomData<fn() -> (K, V)>,
}

#[repr(C)]
struct Head<P: Tasks> {
    lock: RobustMutex<usize, P>,
    /// It never changes.
    capacity: usize,
}

#[repr(C)]
struct Slot<K, V, P: Tasks> {
    state: P::AtomicU64,
    key: MaybeUninit<K>,
    values: [MaybeUninit<V>; 2],
}

type Guard<'a, P> = RobustMutexGuard<'a, usize, P>;

impl<K: Shareable + Send + Copy + Eq + Hash, V: Shareable + Send + Copy, P: Tasks> SharedMap<K, V, P> {
    /// An empty map for at most `capacity` entries.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `capacity` is 0 or no address space could hold it;
    /// [`Error::Os`] if the operating system has no memory to give.
    #[track_caller]
    pub fn new(capacity: usize) -> Result<Self, Error> {
        P::made("SharedMap");
        const { assert!(size_of::<Head<P>>() <= SLOTS && align_of::<Slot<K, V, P>>() <= 64) };
        let (Some(size), 1..) = (Self::size(capacity), capacity) else {
            let most = isize::MAX as usize / size_of::<Slot<K, V, P>>() / 4;
            let (given, allowed) = (capacity.to_string(), format!("1 to {most}"));
            return Err(Error::InvalidArgument { what: "the capacity of the map", given, allowed });
        };
        let segment = P::segment(size).map_err(Error::os("mmap"))?;
        let head = Head { lock: RobustMutex::new(0), capacity };
        // SAFETY: the segment is new, aligned and large enough; a slot of zeroes is free.
        unsafe { segment.base().cast::<Head<P>>().write(head) };
        Ok(SharedMap { segment, capacity, entries: PhantomData })
    }

    /// How many bytes there are for so many entries, if any address space could hold them.
    fn size(capacity: usize) -> Option<usize> {
        let slots = capacity.checked_mul(2)?.checked_next_power_of_two()?;
        let size = slots.checked_mul(size_of::<Slot<K, V, P>>())?.checked_add(SLOTS)?;
        isize::try_from(size).is_ok().then_some(size)
    }

    /// How many entries there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many entries there are; takes the lock.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        *self.write()
    }

    /// Whether there are no entries; takes the lock.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key: one visible action, which waits for nobody.
    #[track_caller]
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        let site = P::Site::here();
        let mut value = None;
        let find = || {
            value = self.find(key).map(|(_, value)| value);
            Keyed(Shown((), shown_if(value.as_ref())), key)
        };
        P::step(|| self.op(Kind::Read, "get", site), find);
        value
    }

    /// Gives a key a value, and returns the one it had.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the map is full and the key is not in it.
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Result<Option<V>, Error> {
        let (site, mut len) = (P::Site::here(), self.write());
        let mut before = None;
        let mut put = || {
            let found = self.find(&key);
            let slot = match found {
                Some((slot, _)) => slot,
                None if *len == self.capacity => return Keyed(Shown(false, u64::MAX), &key),
                None => self.vacant(&key),
            };
            before = found.map(|(_, value)| value);
            self.fill(slot, before.is_none().then_some(key), value);
            *len += usize::from(before.is_none());
            Keyed(Shown(true, shown(&value)), &key)
        };
        if P::step(|| self.op(Kind::Write, "insert", site), &mut put).0.0 {
            return Ok(before);
        }
        Err(self.full())
    }

    /// Changes the value of a key in one step: `change` gets what there is and returns what
    /// there is to be, `None` for nothing. Returns what there is then. While `change` runs,
    /// everybody else who writes waits; if it panics, nothing has happened.
    ///
    /// ```
    /// let hits: selvedge::SharedMap<u32, u64> = selvedge::SharedMap::new(10)?;
    /// hits.update(404, |count| Some(count.unwrap_or(0) + 1))?;
    /// assert_eq!(hits.get(&404), Some(1));
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the map is full, the key is not in it, and there is to
    /// be a value.
    #[track_caller]
    pub fn update(&self, key: K, change: impl FnOnce(Option<V>) -> Option<V>) -> Result<Option<V>, Error> {
        let (site, mut len) = (P::Site::here(), self.write());
        let mut after = None;
        let step = || {
            let found = self.find(&key);
            after = change(found.map(|(_, value)| value));
            match (found, after) {
                (Some((slot, _)), Some(value)) => self.fill(slot, None, value),
                (Some((slot, _)), None) => {
                    self.empty(slot);
                    *len -= 1;
                }
                (None, Some(_)) if *len == self.capacity => return Keyed(Shown(false, u64::MAX), &key),
                (None, Some(value)) => {
                    self.fill(self.vacant(&key), Some(key), value);
                    *len += 1;
                }
                (None, None) => {}
            }
            Keyed(Shown(true, shown_if(after.as_ref())), &key)
        };
        if P::step(|| self.op(Kind::Write, "update", site), step).0.0 {
            return Ok(after);
        }
        Err(self.full())
    }

    fn full(&self) -> Error {
        let (given, allowed) = (format!("{}", self.capacity + 1), format!("at most {}", self.capacity));
        Error::InvalidArgument { what: "the number of entries of the map", given, allowed }
    }

    /// Removes a key, and returns the value it had.
    #[track_caller]
    pub fn remove(&self, key: &K) -> Option<V> {
        let (site, mut len) = (P::Site::here(), self.write());
        let mut before = None;
        let take = || {
            if let Some((slot, value)) = self.find(key) {
                self.empty(slot);
                *len -= 1;
                before = Some(value);
            }
            Keyed(Shown((), shown_if(before.as_ref())), key)
        };
        P::step(|| self.op(Kind::ReadWrite, "remove", site), take);
        before
    }

    /// The lock of the writers; after a death, with the entries counted anew.
    #[track_caller]
    fn write(&self) -> Guard<'_, P> {
        // SAFETY: every map begins with its head.
        let lock = unsafe { &(*self.segment.base().cast::<Head<P>>()).lock };
        let full = |at: &usize| self.state(*at).load(Relaxed) & KINDS == FULL;
        match lock.lock_or_repair(|len| *len = (0..self.slots()).filter(full).count()) {
            Ok(guard) => guard,
            Err(error) => unreachable!("every death is repaired at once, but: {error}"),
        }
    }

    fn slots(&self) -> usize {
        (self.capacity * 2).next_power_of_two()
    }

    fn slot(&self, at: usize) -> *mut Slot<K, V, P> {
        debug_assert!(at < self.slots());
        // SAFETY: the segment has so many slots.
        unsafe { self.segment.base().add(SLOTS).cast::<Slot<K, V, P>>().add(at) }
    }

    fn state(&self, at: usize) -> &P::AtomicU64 {
        // SAFETY: a state is an atomic word from the beginning.
        unsafe { &(*self.slot(at)).state }
    }

    /// The slots in which a key may be, in the order of the search.
    fn way(&self, key: &K) -> impl Iterator<Item = usize> + use<K, V, P> {
        // Without a seed of the process: all processes must find the same slot.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let (start, slots) = (hasher.finish() as usize, self.slots());
        (0..slots).map(move |step| start.wrapping_add(step) & (slots - 1))
    }

    /// The slot of a key, and its value.
    fn find(&self, key: &K) -> Option<(usize, V)> {
        for at in self.way(key) {
            loop {
                let before = self.state(at).load(Acquire);
                if before & KINDS == FREE {
                    return None;
                }
                if before & KINDS == REMOVED {
                    break;
                }
                let (slot, place) = (self.slot(at), ((before / ONE) & 1) as usize);
                // SAFETY: inside the slot. What is copied while somebody writes is not
                // looked at: the state has changed then.
                let (its_key, value) = unsafe {
                    (
                        (&raw const (*slot).key).read_volatile(),
                        (&raw const (*slot).values[place]).read_volatile(),
                    )
                };
                fence(Acquire);
                if self.state(at).load(Relaxed) != before {
                    continue;
                }
                // SAFETY: a slot that is full has a key and, in this place, a value
                // (invariant 1), and both were copied while it was.
                if unsafe { its_key.assume_init() } == *key {
                    // SAFETY: as above.
                    return Some((at, unsafe { value.assume_init() }));
                }
                break;
            }
        }
        None
    }

    /// Under the lock: the first slot for a key that is not in the map.
    fn vacant(&self, key: &K) -> usize {
        let vacant = self.way(key).find(|at| self.state(*at).load(Relaxed) & KINDS != FULL);
        vacant.expect("half of the slots are not full")
    }

    /// Under the lock: a new value, with a new key if the slot is not full.
    fn fill(&self, at: usize, key: Option<K>, value: V) {
        let next = (self.state(at).load(Relaxed) & !KINDS).wrapping_add(ONE);
        let (slot, place) = (self.slot(at), ((next / ONE) & 1) as usize);
        fence(Release);
        // SAFETY: inside the slot; nobody else writes, and invariant 1 for those who read.
        unsafe {
            if let Some(key) = key {
                (&raw mut (*slot).key).write_volatile(MaybeUninit::new(key));
            }
            (&raw mut (*slot).values[place]).write_volatile(MaybeUninit::new(value));
        }
        self.state(at).store(next | FULL, Release);
    }

    /// Under the lock: takes an entry away, and frees what no search has to pass any more.
    fn empty(&self, mut at: usize) {
        let last = self.slots() - 1;
        let change = |at: usize, kind: u64| {
            let next = (self.state(at).load(Relaxed) & !KINDS).wrapping_add(ONE);
            self.state(at).store(next | kind, Release);
        };
        change(at, REMOVED);
        // Invariant 3.
        while self.state(at).load(Relaxed) & KINDS == REMOVED
            && self.state((at + 1) & last).load(Relaxed) & KINDS == FREE
        {
            change(at, FREE);
            at = at.wrapping_sub(1) & last;
        }
    }

    fn op(&self, kind: Kind, name: &'static str, site: P::Site) -> Op {
        Op::new(kind, name, self.segment.base() as usize + SLOTS, site.location())
    }
}

impl<K, V, P: Tasks> Carried for SharedMap<K, V, P>
where
    K: Shareable + Send + Copy + Eq + Hash,
    V: Shareable + Send + Copy,
{
    type Platform = P;

    fn layout() -> Layout {
        Layout::named::<Self, (Head<P>, Slot<K, V, P>), P>(0)
    }

    fn segment(&self) -> &P::Segment {
        &self.segment
    }

    fn of_segment(segment: P::Segment) -> Result<Self, String> {
        if segment.size() < SLOTS {
            return Err(format!("its {} bytes are too few for a map", segment.size()));
        }
        // SAFETY: the memory has this layout, and room for a head; the word never changes.
        let capacity = unsafe { (*segment.base().cast::<Head<P>>()).capacity };
        match Self::size(capacity) {
            Some(size) if size == segment.size() && capacity > 0 => {
                Ok(SharedMap { segment, capacity, entries: PhantomData })
            }
            _ => Err(format!("it says that it has room for {capacity} entries, and has another size")),
        }
    }
}

carried!([K: Shareable + Send + Copy + Eq + Hash, V: Shareable + Send + Copy, P: Tasks] SharedMap<K, V, P>);

// SAFETY: a handle is its segment and a number.
unsafe impl<K: 'static, V: 'static, P: Tasks> Shareable for SharedMap<K, V, P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<K, V, P: Tasks> Clone for SharedMap<K, V, P> {
    fn clone(&self) -> Self {
        SharedMap { segment: self.segment.clone(), capacity: self.capacity, entries: PhantomData }
    }
}

impl<K, V, P: Tasks> fmt::Debug for SharedMap<K, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMap").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
