//! A list of a fixed number of items of several kinds, in memory that has a name.
//!
//! Called by programs whose processes exchange small records without a server.
//!
//! | offset in the content | what is there |
//! |---|---|
//! | 0 | the lock of the writers |
//! | 192 | the number of items |
//! | 200 | for each item its state, the offset of its bytes, and its room |
//! | then | for each item two places of its room |
//!
//! | bits of a state | what they say |
//! |---|---|
//! | 0..8 | the kind of the item |
//! | 8..32 | its length in bytes |
//! | 32..64 | how often it was written; the last of them, which place has it |
//!
//! 1. An item is written into the place that does not have it, and is there when its state
//!    is written: in one word.
//! 2. Who writes has the lock. Who reads has none, and reads again if the state changed
//!    meanwhile, since then the place may have been written anew.
//! 3. Number, offsets and rooms never change. They are checked when a list is opened.
//!
//! Orderings: a writer's fence before the bytes and its release of the state pair with the
//! reader's acquire of the state and its fence after the bytes: a reader that has seen a
//! byte of the next but one item sees a later state too (H.-J. Boehm, Can seqlocks get
//! along with programming language memory models?, 2012).
//!
//! When a process dies here, at whatever instruction, each item is the old or the new one,
//! whole, and the next writer gets the lock.

use super::list_item::Item;
use super::robust::{LockError, RobustMutex, RobustMutexGuard};
use crate::Error;
use crate::platform::{Atomic, Kind, Native, Observe, Op, Site, Tasks};
use crate::shm::by_name::{named, sent_by_name};
use crate::shm::{Layout, NamedSegment};
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::fence;

/// Where the number of items stands: behind the lock, in a cache line of its own.
const COUNT: usize = 192;
const TABLE: usize = COUNT + 8;
const ROW: usize = 24;
/// The least room of an item, so that a number can become any other.
const LEAST_ROOM: usize = 8;
const LONGEST_ITEM: usize = (1 << 24) - 1;

/// The content of a list.
struct Slots;

/// A list of a fixed number of items of several kinds.
///
/// An item can be replaced by one of another kind that is no longer than the first one was
/// (8 bytes if that was shorter). The name, and what becomes of the memory, are as with
/// [`SharedMemory`](crate::SharedMemory); a message takes the list along as its name.
///
/// ```
/// use selvedge::{ShareableList, sync::Item};
///
/// let name = format!("record-{}", std::process::id());
/// let list = ShareableList::create(&name, &["howdy".into(), 100.into(), 3.5.into(), ().into()])?;
/// let same = ShareableList::open(&name)?;
/// same.set(0, "hello")?;
/// assert_eq!(list.get(0)?, Item::Text("hello".into()));
/// assert_eq!((list.len(), list.index_of(&3.5.into())), (4, Some(2)));
/// assert!(list.set(0, "much too long").is_err());
/// list.unlink()?;
/// # Ok::<(), selvedge::Error>(())
/// ```
pub struct ShareableList<P: Tasks = Native> {
    segment: NamedSegment<P>,
}

/// One row of the table.
struct Slot<'a, P: Tasks> {
    state: &'a P::AtomicU64,
    bytes: *mut u8,
    room: usize,
}

impl<P: Tasks> ShareableList<P> {
    /// Makes a list of these items, named `name`.
    ///
    /// # Errors
    /// [`Error::SegmentExists`] if the name is taken; [`Error::InvalidArgument`] if it is no
    /// name, or if an item has 16 MiB or more; [`Error::Os`] if the operating system has no
    /// memory to give.
    #[track_caller]
    pub fn create(name: &str, items: &[Item]) -> Result<Self, Error> {
        let size = Self::size(items)?;
        let fill = |content| Self::fill(content, items);
        let segment = NamedSegment::create(name, Self::layout(), size, fill, P::Site::here())?;
        Ok(ShareableList { segment })
    }

    /// The same under a name that is still free; see [`name`](Self::name).
    ///
    /// # Errors
    /// As for [`create`](Self::create), but that no name can be taken.
    #[track_caller]
    pub fn create_unnamed(items: &[Item]) -> Result<Self, Error> {
        let size = Self::size(items)?;
        let fill = |content| Self::fill(content, items);
        let segment = NamedSegment::create_unnamed(Self::layout(), size, fill, P::Site::here())?;
        Ok(ShareableList { segment })
    }

    /// Opens the list named `name`.
    ///
    /// # Errors
    /// [`Error::NoSegment`] if there is none, [`Error::SegmentRefused`] if something else
    /// has this name, or as [`create`](Self::create).
    #[track_caller]
    pub fn open(name: &str) -> Result<Self, Error> {
        let segment = NamedSegment::open(name, Self::layout(), P::Site::here())?;
        let list = ShareableList { segment };
        // Invariant 3: what the loops below rely on.
        if list.is_sound() {
            return Ok(list);
        }
        Err(Error::SegmentRefused { name: name.to_owned(), why: "its table of items is damaged".to_owned() })
    }

    fn layout() -> Layout {
        Layout::named::<ShareableList, Slots, Native>(0)
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        // SAFETY: a list has a number, aligned, which never changes.
        unsafe { self.segment.content().add(COUNT).cast::<u64>().read() as usize }
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads one item: one visible action.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no item `index`.
    #[track_caller]
    pub fn get(&self, index: usize) -> Result<Item, Error> {
        let (slot, site) = (self.slot(index)?, P::Site::here());
        Ok(P::step(|| slot.op(Kind::Read, "get", site), || slot.read()))
    }

    /// Replaces one item: takes the lock, writes in one visible action, gives the lock back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no item `index`, or if the new one is longer
    /// than there is room; the old one stays then.
    #[track_caller]
    pub fn set(&self, index: usize, item: impl Into<Item>) -> Result<(), Error> {
        let (slot, site, item) = (self.slot(index)?, P::Site::here(), item.into());
        let bytes = item.encode();
        if bytes.len() > slot.room {
            let given = format!("{} bytes long", bytes.len());
            return Err(Error::InvalidArgument {
                what: "the item",
                given,
                allowed: format!("at most {}", slot.room),
            });
        }
        let _writing = self.write();
        let write = || {
            slot.write(item.tag(), &bytes);
            item.observed()
        };
        P::step(|| slot.op(Kind::Write, "set", site), write);
        Ok(())
    }

    /// All items, read one after the other. Others may write in between.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<Item> {
        let site = P::Site::here();
        let slots = (0..self.len()).filter_map(|index| self.slot(index).ok());
        slots.map(|slot| P::step(|| slot.op(Kind::Read, "get", site), || slot.read())).collect()
    }

    /// Where the first item stands that is equal to `item`.
    #[track_caller]
    #[must_use]
    pub fn index_of(&self, item: &Item) -> Option<usize> {
        self.to_vec().iter().position(|other| other == item)
    }

    /// How many items are equal to `item`.
    #[track_caller]
    #[must_use]
    pub fn count(&self, item: &Item) -> usize {
        self.to_vec().iter().filter(|other| *other == item).count()
    }

    /// The lock of the writers. What a dead one had begun, nobody sees.
    #[track_caller]
    fn write(&self) -> RobustMutexGuard<'_, (), P> {
        // SAFETY: every list begins with its lock.
        let lock = unsafe { &*self.segment.content().cast::<RobustMutex<(), P>>() };
        match lock.lock() {
            Ok(guard) => guard,
            Err(LockError::OwnerDied(mut guard)) => {
                guard.mark_consistent();
                guard
            }
            Err(error) => unreachable!("every death is repaired at once, but: {error}"),
        }
    }

    fn slot(&self, index: usize) -> Result<Slot<'_, P>, Error> {
        if index < self.len() {
            return Ok(self.row(index));
        }
        let (given, allowed) = (index.to_string(), format!("less than {}", self.len()));
        Err(Error::InvalidArgument { what: "the index of the item", given, allowed })
    }

    /// A row of the table, which has it.
    fn row(&self, index: usize) -> Slot<'_, P> {
        let content = self.segment.content();
        // SAFETY: the row lies inside, aligned to 8 bytes; offset and room never change.
        unsafe {
            let row = content.add(TABLE + index * ROW);
            let [offset, room] = row.add(8).cast::<[u64; 2]>().read().map(|word| word as usize);
            Slot { state: &*row.cast::<P::AtomicU64>(), bytes: content.wrapping_add(offset), room }
        }
    }

    /// Whether table and places lie inside the content, and no place over the table.
    fn is_sound(&self) -> bool {
        let size = self.segment.size();
        let end = |count: usize| count.checked_mul(ROW)?.checked_add(TABLE).filter(|end| *end <= size);
        let Some(table_end) = end(self.len()).filter(|_| size >= TABLE) else { return false };
        (0..self.len()).all(|index| {
            let row = self.row(index);
            let offset = (row.bytes as usize).wrapping_sub(self.segment.content() as usize);
            let end = row.room.checked_mul(2).and_then(|places| places.checked_add(offset));
            end.is_some_and(|end| table_end <= offset && end <= size)
        })
    }

    fn size(items: &[Item]) -> Result<usize, Error> {
        let mut size = TABLE + items.len() * ROW;
        for item in items {
            let len = item.encode().len();
            if len > LONGEST_ITEM {
                let (given, allowed) = (format!("{len} bytes long"), format!("at most {LONGEST_ITEM}"));
                return Err(Error::InvalidArgument { what: "the item", given, allowed });
            }
            size += 2 * len.max(LEAST_ROOM);
        }
        Ok(size)
    }

    fn fill(content: *mut u8, items: &[Item]) {
        const { assert!(size_of::<RobustMutex<(), P>>() <= COUNT && size_of::<P::AtomicU64>() == 8) };
        let mut offset = TABLE + items.len() * ROW;
        // SAFETY: the content is new, zero, aligned to 64 bytes and has the size above.
        unsafe {
            content.cast::<RobustMutex<(), P>>().write(RobustMutex::new(()));
            content.add(COUNT).cast::<u64>().write(items.len() as u64);
            for (index, item) in items.iter().enumerate() {
                let bytes = item.encode();
                let room = bytes.len().max(LEAST_ROOM);
                let row = content.add(TABLE + index * ROW);
                row.cast::<P::AtomicU64>().write(P::AtomicU64::new(state(0, bytes.len(), item.tag())));
                row.add(8).cast::<[u64; 2]>().write([offset as u64, room as u64]);
                content.add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                offset += 2 * room;
            }
        }
    }
}

fn state(version: u32, len: usize, tag: u8) -> u64 {
    u64::from(version) << 32 | (len as u64) << 8 | u64::from(tag)
}

impl<P: Tasks> Slot<'_, P> {
    fn op(&self, kind: Kind, name: &'static str, site: P::Site) -> Op {
        Op::new(kind, name, std::ptr::from_ref(self.state) as usize, site.location())
    }

    /// A byte of the place that has the item in this version.
    fn cell(&self, version: u32, index: usize) -> &P::AtomicU8 {
        let place = (version & 1) as usize * self.room;
        // SAFETY: invariant 3, and no caller's index reaches the room.
        unsafe { &*self.bytes.add(place + index).cast() }
    }

    fn read(&self) -> Item {
        loop {
            let before = self.state.load(Acquire);
            let (version, tag) = ((before >> 32) as u32, before as u8);
            let len = ((before >> 8) as usize & LONGEST_ITEM).min(self.room);
            let bytes = (0..len).map(|index| self.cell(version, index).load(Relaxed)).collect();
            fence(Acquire);
            // Invariant 2.
            if self.state.load(Relaxed) == before {
                return Item::decode(tag, bytes);
            }
        }
    }

    /// Writes an item that has room, under the lock.
    fn write(&self, tag: u8, bytes: &[u8]) {
        let version = ((self.state.load(Relaxed) >> 32) as u32).wrapping_add(1);
        fence(Release);
        for (index, byte) in bytes.iter().enumerate() {
            self.cell(version, index).store(*byte, Relaxed);
        }
        self.state.store(state(version, bytes.len(), tag), Release);
    }
}

named!(ShareableList);
sent_by_name!(ShareableList);

impl<P: Tasks> Clone for ShareableList<P> {
    fn clone(&self) -> Self {
        ShareableList { segment: self.segment.clone() }
    }
}

impl<P: Tasks> fmt::Debug for ShareableList<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareableList").field("name", &self.name()).field("len", &self.len()).finish()
    }
}
