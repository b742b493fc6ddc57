//! The part of a platform that robust locks need: who the caller is, and who lets go of
//! its locks when it dies.
//!
//! Called by [`RawRobustMutex`](crate::raw::RawRobustMutex) and what is built on it.
//!
//! | platform | a task's number | who lets go for a dead task |
//! |---|---|---|
//! | `Native` | its thread id | the Linux kernel, by glibc's robust list |
//! | `Checked` in fibers | its place among the tasks, from 1 | the harness, by a list of the same form |
//! | `Checked` in processes | its thread id | the Linux kernel; the harness takes note |
//! | `Loom` | a number of its own | nobody: nobody dies there |
//!
//! 1. Around each change of a lock's word that takes it or gives it back stand
//!    [`begin`](Owner::begin) and [`end`](Owner::end).
//! 2. A lock is linked from after it was taken until before it is given back.
//!
//! When a process dies here, that is what all this is for; see [`sys::robust`](crate::sys::robust).

use super::{Atomic, Native, Platform};
use crate::sys::robust::{self, Links, List};
use crate::sys::{death, membarrier};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, compiler_fence};

/// A platform on which a dead task's locks are let go.
pub trait Robust: Platform {
    /// The word of a robust lock: the owner's number and two marks. In traces it shows
    /// whether there is an owner, and not which: numbers differ from run to run.
    type Word: Atomic<u32>;
    /// The calling task.
    type Owner: Owner;

    /// How long somebody sleeps on a lock, in nanoseconds, before he asks the first time whether
    /// its owner is [gone](Self::is_gone); `None` where nobody ever needs to ask.
    const LOOK: Option<u64> = None;

    /// Whether no task with this number lives, so that nobody will ever let go of what it owns.
    fn is_gone(owner: u32) -> bool {
        let _ = owner;
        false
    }

    /// The same word, to sleep on.
    fn futex(word: &Self::Word) -> &Self::Futex;

    /// The number of the owner that the word carries at this moment; 0 for none. Only to
    /// be compared with the caller's own, so that looking is no visible operation.
    fn owner(word: &Self::Word) -> u32;

    /// The calling task.
    fn me() -> Self::Owner;

    /// Orders a change of a word by the caller that found what it expected (a
    /// compare-and-exchange) before whatever the caller looks at next.
    fn fence();

    /// Writes `value` before whatever the caller looks at next, as everybody sees it who
    /// calls [`catch_up`](Self::catch_up). What was done before it is published with it.
    fn store_before_look(word: &Self::Word, value: u32);

    /// The other side: whoever wrote by [`store_before_look`](Self::store_before_look)
    /// and had not yet looked when this was called, sees what the caller wrote before it;
    /// of the others the caller sees what they wrote. False if the operating system cannot
    /// do that: then the caller must look again from time to time.
    fn catch_up() -> bool;
}

/// A task that can own robust locks: the caller.
pub trait Owner: Copy {
    /// Its number: not 0, and among living tasks its own.
    fn id(self) -> u32;
    /// A number by which tasks can be spread over places: under a scheduler the same in
    /// every run, unlike the other one.
    fn place(self) -> usize;
    /// It is about to take, or to give back, the lock with these links.
    fn begin(self, links: &Links);
    /// It has taken that lock.
    fn link(self, links: &Links);
    /// It is giving that lock back.
    fn unlink(self, links: &Links);
    /// It is done.
    fn end(self);
}

impl Robust for Native {
    type Word = AtomicU32;
    type Owner = robust::Me;

    // Far longer than the kernel takes to let go for the dead, and nothing to a sleeper.
    const LOOK: Option<u64> = Some(100_000_000);

    fn is_gone(owner: u32) -> bool {
        death::is_gone(owner)
    }

    #[inline(always)]
    fn futex(word: &AtomicU32) -> &AtomicU32 {
        word
    }

    #[inline(always)]
    fn owner(word: &AtomicU32) -> u32 {
        word.load(Relaxed) & robust::OWNER
    }

    #[inline(always)]
    fn me() -> robust::Me {
        robust::me()
    }

    #[inline(always)]
    fn fence() {
        // On x86-64 the change itself was a full fence already.
        #[cfg(target_arch = "x86_64")]
        compiler_fence(SeqCst);
        #[cfg(not(target_arch = "x86_64"))]
        std::sync::atomic::fence(SeqCst);
    }

    #[inline(always)]
    fn store_before_look(word: &AtomicU32, value: u32) {
        membarrier::store(word, value);
    }

    fn catch_up() -> bool {
        membarrier::sync()
    }
}

impl Owner for robust::Me {
    #[inline(always)]
    fn id(self) -> u32 {
        robust::Me::id(self)
    }

    #[inline(always)]
    fn place(self) -> usize {
        robust::Me::id(self) as usize
    }

    #[inline(always)]
    fn begin(self, links: &Links) {
        self.list().begin(&links.kernel);
    }

    #[inline(always)]
    fn link(self, links: &Links) {
        // SAFETY: the calling thread owns its list. A lock stays where it is while
        // somebody has it: a guard borrows it.
        unsafe { self.list().insert(&links.kernel) };
    }

    #[inline(always)]
    fn unlink(self, links: &Links) {
        // SAFETY: as in `link`.
        unsafe { List::remove(&links.kernel) };
    }

    #[inline(always)]
    fn end(self) {
        self.list().end();
    }
}
