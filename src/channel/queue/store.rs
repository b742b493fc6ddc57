//! What a queue needs of the memory that its items are in, whatever their order.
//!
//! Called by [`Queue`](super::Queue); implemented by one file for each order.
//!
//! 1. A store lies at the start of its memory, and the items lie behind it. It holds no
//!    address, so that every process may map it elsewhere.
//! 2. What an item writes is in the queue only once `put` has said so, and what `read` reads
//!    is taken only after it returned.
//!
//! When a process dies here, each store's file says what the others find.

use crate::platform::{Observe, Tasks};
use crate::raw::{Patience, Refusal};

/// How much a queue is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The most items.
    pub limit: u32,
    /// The length in bytes of every item, where it is always the same.
    pub each: Option<usize>,
    /// Bytes of memory for the items, where that does not follow from the other two.
    pub bytes: usize,
}

/// An encoded item.
pub trait Item {
    /// Its length in bytes.
    fn bytes(&self) -> usize;
    /// The bytes by which it is put in order, where that is done.
    fn key(&self) -> &[u8] {
        &[]
    }
    /// Writes it.
    ///
    /// # Safety
    /// There is room for [`bytes`](Item::bytes) bytes at `to`, which nobody else uses.
    unsafe fn write(&mut self, to: *mut u8);
}

/// Items in shared memory, in some order.
///
/// # Safety
/// It may live in memory that several processes map, and be used by all of them at a time.
pub unsafe trait Store<P: Tasks>: Sized + Send + Sync {
    /// How the memory behind it is divided.
    type Shape: Copy;

    /// How memory is divided so that there is enough room; `None` if no memory could be so
    /// large.
    fn shape(room: &Room) -> Option<Self::Shape>;
    /// Bytes behind the store.
    fn bytes(shape: Self::Shape) -> usize;
    /// The longest item that there is always room for once others are taken, in bytes.
    fn largest(&self) -> usize;
    /// An empty store.
    fn new(room: &Room, shape: Self::Shape) -> Self;

    /// Puts an item in.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was put.
    ///
    /// # Safety
    /// `memory` is what lies behind this store: as many bytes as its shape asks for, aligned
    /// to 64, zeroed before first use and used by nobody else. The item is no longer than
    /// [`largest`](Store::largest).
    unsafe fn put(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        item: &mut impl Item,
    ) -> Result<(), Refusal>;

    /// Gets the item that is first in order: `read` gets its address, aligned to 8, and its
    /// length, and says whether it is taken. If not, or if `read` panics, the item stays.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was got.
    ///
    /// # Safety
    /// As for [`put`](Store::put).
    unsafe fn get<R>(
        &self,
        memory: *mut u8,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8, usize) -> (bool, R),
    ) -> Result<R, Refusal>;

    /// Runs `fill`, which may take any time, where an item writes itself.
    fn filling<R>(&self, fill: impl FnOnce() -> R) -> R;
    /// Runs `look`, which may take any time, where an item is read.
    fn looking<R>(&self, look: impl FnOnce() -> R) -> R;

    /// The address that names the queue in operations.
    fn address(&self) -> usize;
    /// The most items that there can be.
    fn limit(&self) -> u32;
    /// Closes the queue; says whether it was open.
    ///
    /// # Safety
    /// As for [`put`](Store::put).
    unsafe fn close(&self, memory: *mut u8, site: P::Site) -> bool;
    /// What `look` finds, told how many items there are and whether the queue is closed.
    /// `name` is the operation's.
    ///
    /// # Safety
    /// As for [`put`](Store::put).
    unsafe fn look<R: Observe>(
        &self,
        memory: *mut u8,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R;
}

/// An order in which items leave a queue.
pub trait Order: 'static {
    /// The store that keeps it.
    type Store<P: Tasks>: Store<P>;
    /// Whether items are put in order by their [keys](Item::key).
    const KEYED: bool = false;
}
