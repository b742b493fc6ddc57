//! The smallest first, and of equal ones the first: a heap of messages.
//!
//! Called by [`Queue`](super::Queue) as a [`PriorityQueue`](super::PriorityQueue).
//!
//! | memory | what is there |
//! |---|---|
//! | first the heap | one number of four bytes for each item: its block |
//! | then the [blocks](super::blocks) | mark, lengths, number of arrival, the item, its key |
//!
//! 1. All of it is used under the lock of a [`RawMonitor`].
//! 2. **An item is in the queue from the store that makes its block live, and taken at the
//!    one that ends that.** The heap only says in which order the live blocks are.
//! 3. The heap is in order whenever the lock is given back, and the number of items is that of
//!    the live blocks.
//! 4. When nothing is left, the memory is one piece again.
//!
//! Orderings: the lock's.
//!
//! When a process dies here, the next one makes the heap and the lists of free blocks anew
//! from the live blocks: a time in proportion to all the items.
//!
//! Source: J. W. J. Williams, "Algorithm 232: Heapsort" (1964).

use super::blocks::{Blocks, set_live};
use super::ring::UNIT;
use super::store::{Item, Order, Room, Store};
use crate::platform::{Native, Observe, Tasks};
use crate::raw::{Patience, Position, RawMonitor, Refusal, Watched};
use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt;
use std::slice;

/// Mark, lengths and number of arrival.
const HEADER: usize = 3;

/// The smallest first.
#[derive(Clone, Copy, Debug)]
pub enum Priority {}

impl Order for Priority {
    type Store<P: Tasks> = PriorityStore<P>;
    const KEYED: bool = true;
}

/// A queue whose smallest item leaves it first, and of equal ones the one that came first.
/// Everything else is as in [`Queue`](super::Queue).
///
/// What is smaller is decided by keys that are made of the items' serialised fields: numbers
/// by size, texts as `str` compares, `None` before `Some`, enum variants in the order of
/// declaration, structs and tuples by the first field that differs, lists by the first element
/// that differs and then the shorter first. So the order is that of a derived `Ord`. With
/// [`Keyed`](super::Keyed), only the first of two parts decides.
///
/// ```
/// use selvedge::PriorityQueue;
///
/// let queue = PriorityQueue::bounded(3);
/// for item in [(5, "eric"), (1, "alex"), (3, "liumj")] {
///     queue.put((item.0, item.1.to_owned()))?;
/// }
/// assert_eq!(queue.get()?, (1, "alex".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type PriorityQueue<T, P = Native> = super::Queue<T, P, Priority>;

/// A heap of messages.
#[repr(C, align(64))]
pub struct PriorityStore<P: Tasks> {
    monitor: RawMonitor<P>,
    count: Cell<u32>,
    arrivals: Cell<u64>,
    /// Items that the heap has room for.
    most: u32,
    blocks: Blocks,
}

// SAFETY: what is not the monitor is used under its lock.
unsafe impl<P: Tasks> Sync for PriorityStore<P> {}

/// The memory behind a store, and the store.
#[derive(Clone, Copy)]
struct Heap<'a, P: Tasks> {
    store: &'a PriorityStore<P>,
    memory: *mut u8,
}

impl<P: Tasks> Watched for Heap<'_, P> {
    fn repair(&self) {
        let (mut count, mut arrivals) = (0, 0);
        let visit = |block| {
            self.set(count, block);
            arrivals = arrivals.max(self.arrival(block) + 1);
            count += 1;
        };
        // SAFETY: the memory is the store's, and the lock is ours.
        unsafe { self.store.blocks.recover(self.blocks(), visit) };
        if count == 0 {
            self.store.blocks.forget();
        }
        self.store.count.set(count);
        self.store.arrivals.set(arrivals);
        for at in (0..count / 2).rev() {
            self.sink(at);
        }
    }

    fn count(&self) -> u32 {
        self.store.count.get()
    }
}

impl<P: Tasks> Heap<'_, P> {
    fn blocks(self) -> *mut u64 {
        // SAFETY: the heap has `most` numbers, rounded up to whole units.
        unsafe { self.memory.add(heap_bytes(self.store.most)).cast() }
    }

    fn at(self, index: u32) -> u32 {
        debug_assert!(index < self.store.most);
        // SAFETY: within the heap, and the lock is ours.
        unsafe { self.memory.cast::<u32>().add(index as usize).read() }
    }

    fn set(self, index: u32, block: u32) {
        debug_assert!(index < self.store.most);
        // SAFETY: as in `at`.
        unsafe { self.memory.cast::<u32>().add(index as usize).write(block) };
    }

    /// Word `word` of a block.
    fn word(self, block: u32, word: usize) -> *mut u64 {
        // SAFETY: a block has at least a header.
        unsafe { self.blocks().add(block as usize + word) }
    }

    fn arrival(self, block: u32) -> u64 {
        // SAFETY: in the header of a block.
        unsafe { self.word(block, 2).read() }
    }

    /// Where the item is, and the lengths of item and key.
    fn item(self, block: u32) -> (*mut u8, usize, usize) {
        // SAFETY: in the header of a block.
        let lengths = unsafe { self.word(block, 1).read() };
        (self.word(block, HEADER).cast(), lengths as u32 as usize, (lengths >> 32) as usize)
    }

    fn key(&self, block: u32) -> &[u8] {
        let (item, bytes, key) = self.item(block);
        // SAFETY: behind the item lies its key.
        unsafe { slice::from_raw_parts(item.add(bytes), key) }
    }

    fn before(self, one: u32, other: u32) -> bool {
        let keys = self.key(one).cmp(self.key(other));
        keys.then_with(|| self.arrival(one).cmp(&self.arrival(other))) == Ordering::Less
    }

    /// Moves what is at `index` up to its place.
    fn rise(self, mut index: u32) {
        let block = self.at(index);
        while index > 0 {
            let parent = (index - 1) / 2;
            if !self.before(block, self.at(parent)) {
                break;
            }
            self.set(index, self.at(parent));
            index = parent;
        }
        self.set(index, block);
    }

    /// Moves what is at `index` down to its place.
    fn sink(self, mut index: u32) {
        let (block, count) = (self.at(index), self.count());
        loop {
            let left = 2 * index + 1;
            if left >= count {
                break;
            }
            let right = left + 1;
            let child =
                if right < count && self.before(self.at(right), self.at(left)) { right } else { left };
            if !self.before(self.at(child), block) {
                break;
            }
            self.set(index, self.at(child));
            index = child;
        }
        self.set(index, block);
    }

    fn put(self, item: &mut impl Item) -> Option<()> {
        let (count, bytes, key) = (self.count(), item.bytes(), item.key().len());
        if count == self.store.most {
            return None;
        }
        let units = HEADER + (bytes + key).div_ceil(UNIT);
        // SAFETY: the memory is the store's, and the lock is ours. The block is as large as
        // all that is written into it.
        let block = unsafe {
            let block = self.store.blocks.take(self.blocks(), units as u32)?;
            self.word(block, 1).write((key as u64) << 32 | bytes as u64);
            self.word(block, 2).write(self.store.arrivals.get());
            let place = self.word(block, HEADER).cast::<u8>();
            item.write(place);
            place.add(bytes).copy_from_nonoverlapping(item.key().as_ptr(), key);
            set_live(self.blocks(), block, true);
            block
        };
        self.store.arrivals.set(self.store.arrivals.get() + 1);
        self.set(count, block);
        self.store.count.set(count + 1);
        self.rise(count);
        Some(())
    }

    fn get<R>(self, read: impl FnOnce(*const u8, usize) -> (bool, R)) -> R {
        let block = self.at(0);
        let (item, bytes, _) = self.item(block);
        let (taken, result) = self.store.monitor.foreign(|| read(item, bytes));
        if !taken {
            return result;
        }
        // SAFETY: a live block of this memory, and the lock is ours.
        unsafe { set_live(self.blocks(), block, false) };
        let count = self.count() - 1;
        self.store.count.set(count);
        if count == 0 {
            self.store.blocks.forget();
            return result;
        }
        self.set(0, self.at(count));
        self.sink(0);
        // SAFETY: as above.
        unsafe { self.store.blocks.give_back(self.blocks(), block) };
        result
    }
}

/// Bytes of a heap for so many items.
fn heap_bytes(items: u32) -> usize {
    (items as usize * size_of::<u32>()).next_multiple_of(UNIT)
}

impl<P: Tasks> PriorityStore<P> {
    fn heap(&self, memory: *mut u8) -> Heap<'_, P> {
        Heap { store: self, memory }
    }
}

// SAFETY: words, and memory that is used under the monitor's lock.
unsafe impl<P: Tasks> Store<P> for PriorityStore<P> {
    /// How many items the heap has room for, and how many units there are for the blocks.
    type Shape = (u32, u32);

    fn shape(room: &Room) -> Option<(u32, u32)> {
        // The smallest block has 4 units; a twelfth of the memory is for the heap at most.
        let most = room.limit.min(u32::try_from(room.bytes / 48).unwrap_or(u32::MAX)).max(1);
        let units = room.bytes.saturating_sub(heap_bytes(most)) / UNIT;
        Some((most, units.min(Position::PLACES as usize) as u32))
    }

    fn bytes((most, units): (u32, u32)) -> usize {
        heap_bytes(most) + units as usize * UNIT
    }

    fn largest(&self) -> usize {
        (Blocks::largest(self.blocks.units()) as usize).saturating_sub(HEADER) * UNIT
    }

    fn new(room: &Room, (most, units): (u32, u32)) -> Self {
        PriorityStore {
            monitor: RawMonitor::new(room.limit),
            count: Cell::new(0),
            arrivals: Cell::new(0),
            most,
            blocks: Blocks::new(units),
        }
    }

    unsafe fn put(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        item: &mut impl Item,
    ) -> Result<(), Refusal> {
        let heap = self.heap(memory);
        self.monitor.put(&heap, wait, site, || heap.put(item))
    }

    unsafe fn get<R>(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8, usize) -> (bool, R),
    ) -> Result<R, Refusal> {
        let heap = self.heap(memory);
        self.monitor.get(&heap, wait, site, || heap.get(read))
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

    unsafe fn close(&self, memory: *mut u8, site: P::Site) -> bool {
        self.monitor.close(&self.heap(memory), site)
    }

    unsafe fn look<R: Observe>(
        &self,
        memory: *mut u8,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R {
        self.monitor.look(&self.heap(memory), name, site, look)
    }
}

impl<P: Tasks> fmt::Debug for PriorityStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityStore").finish_non_exhaustive()
    }
}
