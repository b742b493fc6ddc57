//! Up to two elements and a length that change together or not at all, whoever is killed.
//!
//! Called by [`SharedVec`](super::SharedVec), under its lock.
//!
//! | `pending` | what it says |
//! |---|---|
//! | 0 | nothing is half done |
//! | `1 + elements + 4 * length` | so many notes are complete, and not carried out, or in part |
//!
//! 1. Elements are noted with their indices before `pending` is written, in one word, and
//!    carried out after that, the last one first. Whoever finds it written goes on.
//! 2. Carrying out twice comes to the same as once.
//!
//! Orderings: the words are written in the order of the text, by releases and a fence of the
//! compiler: it is a death between two instructions that must not see them in another one.
//! Others look under the lock, which is an acquire.
//!
//! When a process dies here, at whatever instruction: before the word, nothing has happened;
//! after it, whoever has the lock next carries it out.

use crate::platform::{Atomic, Tasks};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::compiler_fence;

/// How many elements can change together.
pub(super) const MOST: usize = 2;

/// A length, and what is to become of it and of some elements.
#[repr(C)]
pub(super) struct Journal<T, P: Tasks> {
    len: P::AtomicU64,
    pending: P::AtomicU64,
    notes: UnsafeCell<[MaybeUninit<(usize, T)>; MOST]>,
}

impl<T: Copy, P: Tasks> Journal<T, P> {
    /// Of an empty collection.
    pub(super) fn new() -> Self {
        let notes = UnsafeCell::new([const { MaybeUninit::uninit() }; MOST]);
        Journal { len: P::AtomicU64::new(0), pending: P::AtomicU64::new(0), notes }
    }

    /// How many elements there are.
    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed) as usize
    }

    /// Makes this the length, in one word; elements behind the old one were written before.
    pub(super) fn set_len(&self, len: usize) {
        compiler_fence(SeqCst);
        self.len.store(len as u64, Release);
    }

    /// Changes elements and the length together.
    ///
    /// # Safety
    /// The caller has the lock. `write` writes an element at its index, which may be any of
    /// those given here, and can be repeated.
    pub(super) unsafe fn change(&self, elements: &[(usize, T)], len: usize, write: impl Fn(usize, T)) {
        debug_assert!(elements.len() <= MOST);
        for (place, element) in elements.iter().enumerate() {
            // SAFETY: the caller has the lock, and there are so many places.
            unsafe { self.note(place).write_volatile(MaybeUninit::new(*element)) };
        }
        compiler_fence(SeqCst);
        self.pending.store((1 + elements.len() + 4 * len) as u64, Release);
        // SAFETY: the caller's promise.
        unsafe { self.repair(write) };
    }

    /// Carries out what was noted and may be half done.
    ///
    /// # Safety
    /// As for [`change`](Self::change).
    pub(super) unsafe fn repair(&self, write: impl Fn(usize, T)) {
        compiler_fence(SeqCst);
        let pending = self.pending.load(Relaxed) as usize;
        let Some(rest) = pending.checked_sub(1) else { return };
        for left in (0..(rest % 4).min(MOST)).rev() {
            // SAFETY: the caller has the lock, and the word says that it was written.
            let (index, element) = unsafe { self.note(left).read_volatile().assume_init() };
            write(index, element);
            compiler_fence(SeqCst);
            self.pending.store((1 + left + rest / 4 * 4) as u64, Release);
        }
        self.set_len(rest / 4);
        compiler_fence(SeqCst);
        self.pending.store(0, Release);
    }

    fn note(&self, place: usize) -> *mut MaybeUninit<(usize, T)> {
        self.notes.get().cast::<MaybeUninit<(usize, T)>>().wrapping_add(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use std::cell::{Cell, RefCell};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// Whoever carries it out may stop after each element, and the next one goes on.
    #[test]
    fn what_was_half_done_is_done() {
        for stop in 0..=2 {
            let journal = Journal::<u8, Native>::new();
            let elements = RefCell::new([1, 2, 3]);
            let left = Cell::new(stop);
            let write = |index: usize, element| {
                assert!(left.get() > 0, "stopped");
                left.set(left.get() - 1);
                elements.borrow_mut()[index] = element;
            };
            journal.set_len(3);
            // SAFETY: nobody else knows the journal.
            let outcome = catch_unwind(AssertUnwindSafe(|| unsafe {
                journal.change(&[(0, 3), (2, 1)], 2, write);
            }));
            assert_eq!(outcome.is_ok(), stop == 2);
            left.set(2);
            // SAFETY: as above.
            unsafe { journal.repair(write) };
            assert_eq!((*elements.borrow(), journal.len()), ([3, 2, 1], 2));
            left.set(0);
            // SAFETY: as above.
            unsafe { journal.repair(write) };
        }
    }
}
