//! A word to sleep on until somebody rings, even if that one is killed as it rings.
//!
//! Called by [`RawQueue`](super::RawQueue): of its two sides at most one has cause to sleep.
//!
//! | word | meaning |
//! |---|---|
//! | [`QUIET`] | nobody may fall asleep: something has changed, or nobody wanted to sleep |
//! | [`GETTER`], [`PUTTER`] | that side may be asleep |
//! | [`CLOSING`] | nobody ever falls asleep again, unless a closer died |
//!
//! 1. Who wants to sleep writes its side's mark, looks once more whether it must, and
//!    sleeps only while the mark is still there.
//! 2. Whoever makes a change that ends a sleep first makes the bell quiet, so that nobody
//!    falls asleep any more who did not see the change; then makes the change; then wakes.
//! 3. Between [`begin`](RawBell::begin) and [`end`](RawBell::end) the kernel knows the word:
//!    it finds no owner in it, and wakes one sleeper if the task dies.
//!
//! Orderings: all relaxed. The word carries no data. A sleeper marks an end of the queue after
//! this word, and whoever moves that end looks at the mark there first: that orders the two
//! here, and the kernel orders the word against sleeping and waking. What a closer leaves is
//! taken back under the closers' lock.
//!
//! **When a task is killed** before it made the bell quiet, nothing had changed. When it is
//! killed after that, the kernel wakes the sleeper, and who was about to sleep finds the
//! bell quiet. A wake-up that was for a side whose task is killed as it wakes is not needed:
//! that task holds its side's lock, and the next holder looks for itself.
//!
//! Linux before 6.2 (without the patch "Resend potentially swallowed owner death
//! notification") wakes nobody for a word that is not 0: there, a task killed inside
//! `close` may leave a sleeper.

use crate::platform::{Atomic, Op, Owner, Robust, Woken};
use crate::sys::robust::Links;
use std::sync::atomic::Ordering::Relaxed;

/// Nobody may fall asleep.
pub(super) const QUIET: u32 = 0;
/// Somebody waits for an item. The marks leave the lower 30 bits alone, where the kernel
/// looks for an owner.
pub(super) const GETTER: u32 = 0x8000_0000;
/// Somebody waits for room.
pub(super) const PUTTER: u32 = 0x4000_0000;
/// Somebody closes the queue, or has.
pub(super) const CLOSING: u32 = GETTER | PUTTER;

/// A word to sleep on, with its links at the distance that the kernel expects.
#[repr(C)]
pub(super) struct RawBell<P: Robust> {
    word: P::Futex,
    apart: u32,
    links: Links,
}

impl<P: Robust> RawBell<P> {
    pub(super) fn new() -> Self {
        RawBell { word: P::Futex::new(QUIET), apart: 0, links: Links::default() }
    }

    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(&self.word) as usize
    }

    /// Writes a side's mark, unless the queue is being closed; says whether it did.
    pub(super) fn mark(&self, side: u32) -> bool {
        let mut word = self.word.load(Relaxed);
        while word != CLOSING {
            match self.word.compare_exchange(word, side, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Sleeps while the side's mark is there.
    pub(super) fn sleep(&self, side: u32, deadline: Option<u64>, op: impl FnOnce() -> Op) -> Woken {
        P::futex_wait(&self.word, side, deadline, op, None::<fn() -> Op>)
    }

    /// Tells the kernel that a sleeper may depend on the calling task from here on.
    pub(super) fn begin(&self, me: P::Owner) {
        me.begin(&self.links);
    }

    /// Keeps everybody from falling asleep who has not seen what comes after this.
    pub(super) fn quiet(&self) {
        let mut word = self.word.load(Relaxed);
        while word != CLOSING && word != QUIET {
            match self.word.compare_exchange(word, QUIET, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Keeps everybody from falling asleep at all.
    pub(super) fn close(&self) {
        self.word.swap(CLOSING, Relaxed);
    }

    /// Takes back what a closer left that died before it closed.
    pub(super) fn reopen(&self) {
        // Nobody but a closer changes this word while it says so.
        let _ = self.word.compare_exchange(CLOSING, QUIET, Relaxed, Relaxed);
    }

    /// Wakes whoever sleeps.
    pub(super) fn wake(&self) {
        P::futex_wake(&self.word, u32::MAX);
    }

    /// Nobody depends on the calling task any more.
    pub(super) fn end(&self, me: P::Owner) {
        me.end();
    }
}
