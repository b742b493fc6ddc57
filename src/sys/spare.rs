//! Small memory that a thread takes and gives back many times in a short while.
//!
//! Called by [`packet`](super::packet): each started thread has a packet, and a program that
//! is explored starts the same few threads a million times. The allocator keeps seven blocks
//! of a size at hand and is slow beyond them.
//!
//! | a block is | and is owned by |
//! |---|---|
//! | taken | whoever took it |
//! | spare | the list of the thread that gave it back |
//!
//! 1. Every block has [`SIZE`] bytes and the alignment of a [`Block`], and was made by the
//!    allocator: it does not matter in which thread it was taken, or whether from a list.
//! 2. A list has at most [`MOST`] blocks, which are freed as its thread ends.
//!
//! When the process dies, its blocks are gone. A forked child has a copy of the list.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{NonNull, null_mut};

const SIZE: usize = 64;
const MOST: u32 = 256;

/// A spare block: the next one of its list, or null.
#[repr(C, align(16))]
struct Block {
    next: *mut Block,
    _rest: [u8; SIZE - size_of::<*mut Block>()],
}

const BLOCK: Layout = Layout::new::<Block>();

struct List {
    first: Cell<*mut Block>,
    count: Cell<u32>,
}

thread_local! {
    static LIST: List = const { List { first: Cell::new(null_mut()), count: Cell::new(0) } };
}

impl Drop for List {
    fn drop(&mut self) {
        while let Some(block) = self.pop() {
            // SAFETY: a spare block is nobody's, and was made with this layout (invariant 1).
            unsafe { dealloc(block.as_ptr().cast(), BLOCK) };
        }
    }
}

impl List {
    #[inline]
    fn pop(&self) -> Option<NonNull<Block>> {
        let block = NonNull::new(self.first.get())?;
        // SAFETY: what is on the list is a spare block of this thread.
        self.first.set(unsafe { block.as_ref().next });
        self.count.set(self.count.get() - 1);
        Some(block)
    }

    /// Whether there was room for the block.
    #[inline]
    fn push(&self, block: NonNull<Block>) -> bool {
        if self.count.get() >= MOST {
            return false;
        }
        // SAFETY: the block is not used any more, and as large as this.
        unsafe { (&raw mut (*block.as_ptr()).next).write(self.first.get()) };
        self.first.set(block.as_ptr());
        self.count.set(self.count.get() + 1);
        true
    }
}

/// Whether a value of this kind goes into a block.
const fn fits<T>() -> bool {
    size_of::<T>() <= SIZE && align_of::<T>() <= align_of::<Block>()
}

/// Moves a value into memory of its own.
#[inline]
pub(super) fn put<T>(value: T) -> NonNull<T> {
    if !fits::<T>() {
        return NonNull::from(Box::leak(Box::new(value)));
    }
    // A thread that is about to end has no list any more.
    let spare = LIST.try_with(List::pop).ok().flatten();
    let place = spare.unwrap_or_else(fresh).cast::<T>();
    // SAFETY: a block that nobody has; the value fits.
    unsafe { place.write(value) };
    place
}

/// Moves it out again.
///
/// # Safety
/// The place came from [`put`], and nobody uses it any more.
#[inline]
pub(super) unsafe fn take<T>(place: NonNull<T>) -> T {
    if !fits::<T>() {
        // SAFETY: the caller's promise: it was a box.
        return *unsafe { Box::from_raw(place.as_ptr()) };
    }
    // SAFETY: the caller's promise.
    let value = unsafe { place.read() };
    let block = place.cast::<Block>();
    if !LIST.try_with(|list| list.push(block)).unwrap_or(false) {
        // SAFETY: the block was made with this layout, and nobody has it any more.
        unsafe { dealloc(block.as_ptr().cast(), BLOCK) };
    }
    value
}

#[cold]
fn fresh() -> NonNull<Block> {
    // SAFETY: the layout has a size.
    let block = unsafe { alloc(BLOCK) };
    NonNull::new(block.cast()).unwrap_or_else(|| handle_alloc_error(BLOCK))
}

#[cfg(test)]
mod tests {
    use super::{MOST, put, take};
    use std::thread;

    #[test]
    fn what_was_put_comes_out_whatever_its_size() {
        let (small, large) = (put((7_u8, "seven".to_owned())), put([3_u64; 40]));
        let block = small.cast::<u8>();
        // SAFETY: both were put just now, and are taken once.
        let (small, large) = unsafe { (take(small), take(large)) };
        assert_eq!((small, large), ((7, "seven".to_owned()), [3; 40]));
        let next = put(9_u64);
        assert_eq!(next.cast(), block, "the spare block is used again");
        // SAFETY: as above.
        assert_eq!(unsafe { take(next) }, 9);
    }

    #[test]
    fn more_than_a_list_has_room_for_can_be_taken_by_another_thread() {
        struct Places(Vec<std::ptr::NonNull<u32>>);
        // SAFETY: memory of the allocator, which any thread may use and free.
        unsafe impl Send for Places {}
        let places = Places((0..2 * MOST).map(put).collect());
        let sum = thread::spawn(move || {
            let Places(places) = { places };
            // SAFETY: put above, and taken once.
            places.into_iter().map(|place| unsafe { take(place) }).sum::<u32>()
        });
        assert_eq!(sum.join().unwrap(), (0..2 * MOST).sum());
    }
}
