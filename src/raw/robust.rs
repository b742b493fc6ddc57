//! A lock that survives its owner: the owner's number in the word, and a place in a list
//! that the kernel walks when the owner dies.
//!
//! Called by [`sync::RobustMutex`](crate::sync::RobustMutex), and by whatever must know
//! that a task died: a word of these is let go by nobody but its owner or the kernel.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free, nobody sleeps |
//! | owner | taken, nobody sleeps |
//! | owner, `WAITERS` | taken, somebody may sleep |
//! | `WAITERS` | free, and somebody may sleep |
//! | `OWNER_DIED`, with or without `WAITERS` | free: its last owner died or panicked with it |
//!
//! Beside it stands `lost`: not 0 once somebody went on without repairing what a dead
//! owner left. It changes under the lock only, and never back.
//!
//! 1. Only the task whose compare-and-exchange wrote its number has the lock.
//! 2. Nobody sleeps unless `WAITERS` was set when it fell asleep.
//! 3. **Whoever takes the lock keeps `WAITERS`**; giving it back keeps it too. Only an
//!    unlock that has just found nobody asleep takes the mark away, and then looks once
//!    more. A task that was woken may die before it does anything with the lock, while a
//!    third one has taken it: the mark makes that one wake the next. (If unlocking
//!    cleared the mark, as pthread's does, the third would go in silence.)
//! 4. A task that was woken takes the lock with `WAITERS`, or sets it before it sleeps
//!    again or gives up.
//! 5. Who sleeps for long asks from time to time whether the owner lives, and if not, marks the
//!    word as the kernel would have done: for a word that was overwritten, or one lock too many
//!    for the kernel. A number that somebody else has by now deceives it, and it sleeps on.
//! 6. Around everything that takes or gives back stand `begin` and `end`, so that the
//!    kernel finds the lock at every instruction.
//!
//! Orderings: taking is an acquire, giving back a release, and so is what the kernel does
//! for the dead. `WAITERS` needs nothing: the kernel orders the word against sleeping.
//!
//! **When a task is killed**, at whatever instruction, it was
//!
//! | doing | the kernel finds | and the others |
//! |---|---|---|
//! | about to take it | another's number, or none: wakes one if none | go on |
//! | holding it, linked or not yet | its number: sets `OWNER_DIED`, wakes one | one gets the lock and is told |
//! | giving it back, word not written | its number: the same | one gets it and is told |
//! | after that, before waking | nobody's number: wakes one | go on |
//! | after that, and somebody took it | another's number | that one finds `WAITERS` |
//! | asleep | takes it off the queue | go on |
//! | woken, before acting | nobody's number: wakes one | go on |
//! | woken, and somebody took it | another's number | that one finds `WAITERS` |
//!
//! In the row before the last, Linux before 6.2 wakes nobody if the word says
//! `OWNER_DIED`, as after a second death in a row. One gap is left: two deaths, one of a
//! task that has just cleared the mark and not looked again, the other of the sleeper
//! that a third, which came and went in between, has just woken.
//!
//! Sources: futex(2); the kernel's documentation of robust futexes and its
//! `handle_futex_death`; U. Drepper, "Futexes Are Tricky" (2011).

use crate::Error;
use crate::platform::{Atomic, Cmp, Guard, Kind, Native, Observe, Op, Owner, Robust, Site, Tasks, Woken};
use crate::shm::Shareable;
use crate::sys::robust::{Links, OWNER, OWNER_DIED, WAITERS};
use std::fmt;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const FREE: u32 = 0;

/// How a lock was found by whoever tried to take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was free, and is the caller's now.
    Clean,
    /// Its last owner died or panicked with it; it is the caller's now.
    OwnerDied,
    /// Nobody repaired it in time: it is not the caller's, and never will be.
    Unrecoverable,
}

impl Observe for Taken {
    fn observed(&self) -> u64 {
        if *self == Taken::Unrecoverable { u64::MAX } else { *self as u64 }
    }
    /// Whoever finds that out takes the lock for a moment.
    fn refused(&self) -> bool {
        false
    }
}

/// How an owner leaves a lock that it gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// In order.
    Clean,
    /// As a dead owner would: the next one is told.
    OwnerDied,
    /// For ever: nobody gets it any more.
    Unrecoverable,
}

/// A robust lock without data.
#[repr(C)]
pub struct RawRobustMutex<P: Robust> {
    word: P::Word,
    lost: P::AtomicU32,
    links: Links,
}

// The kernel finds the word 32 bytes before the `next` of its link, and the harness 16.
const _: () = {
    assert!(std::mem::offset_of!(RawRobustMutex<Native>, word) == 0);
    assert!(std::mem::offset_of!(RawRobustMutex<Native>, links) == 8 && size_of::<Links>() == 32);
};

// SAFETY: two words that mean the same to every process. The links are addresses, but only
// the owner follows them, in its own address space, and it wrote them when it took the lock.
unsafe impl<P: Tasks> Shareable for RawRobustMutex<P> {}

impl<P: Robust> RawRobustMutex<P> {
    /// A free lock.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        RawRobustMutex { word: P::Word::new(FREE), lost: P::AtomicU32::new(0), links: Links::default() }
    }

    /// The address that names this lock in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(P::futex(&self.word)) as usize
    }

    /// Takes the lock, waiting as long as it takes.
    ///
    /// # Panics
    /// If the caller has it. Where a scheduler sees the wait, it tells of a deadlock, and of
    /// the line at which the lock was taken.
    #[inline(always)]
    pub fn lock(&self, site: P::Site) -> Taken {
        self.lock_checked(
            || {
                if P::SPIN > 0 && self.is_mine() {
                    locked_twice();
                }
            },
            site,
        )
    }

    /// The same where a caller that has the lock waits like anybody: for itself, for ever.
    #[inline]
    pub(crate) fn outwait(&self, site: P::Site) -> Taken {
        self.lock_checked(|| (), site)
    }

    /// Takes the lock; `check` is done before the first wait.
    #[inline(always)]
    fn lock_checked(&self, check: impl Fn(), site: P::Site) -> Taken {
        let wait = || {
            check();
            self.lock_contended(None, site)
        };
        P::step(|| self.lock_op(None, site), || self.take().or_else(wait).unwrap_or(Taken::Unrecoverable))
    }

    /// Takes the lock if nobody has it; `None` if somebody has.
    #[inline]
    pub fn try_lock(&self, site: P::Site) -> Option<Taken> {
        let op = || Op::new(Kind::TryAcquire, "try_lock", self.address(), site.location());
        P::step(|| op().only_where(self.free_guard()), || self.take().or_else(|| self.take_used()))
    }

    /// Takes the lock unless `deadline` passes first; `None` if it did.
    #[inline]
    pub fn lock_until(&self, deadline: u64, site: P::Site) -> Option<Taken> {
        P::step(
            || self.lock_op(Some(deadline), site),
            || self.take().or_else(|| self.lock_contended(Some(deadline), site)),
        )
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// [`Error::NotOwner`] if the caller does not have it; nothing was changed.
    #[inline]
    pub fn unlock(&self, left: Left, site: P::Site) -> Result<(), Error> {
        if !self.is_mine() {
            return Err(Error::NotOwner { what: "robust mutex" });
        }
        self.unlock_mine(P::me(), left, site);
        Ok(())
    }

    /// The same for a caller that knows who it is, and that it has the lock.
    #[inline(always)]
    pub(crate) fn unlock_mine(&self, me: P::Owner, left: Left, site: P::Site) {
        P::step(
            || Op::new(Kind::Release, "unlock", self.address(), site.location()),
            || {
                me.begin(&self.links);
                me.unlink(&self.links);
                let free = match left {
                    Left::Clean => FREE,
                    Left::OwnerDied => OWNER_DIED,
                    Left::Unrecoverable => {
                        self.lost.store(1, Relaxed);
                        FREE
                    }
                };
                self.let_go(me, free);
            },
        );
    }

    /// Whether nobody will get the lock any more.
    #[inline]
    pub fn is_unrecoverable(&self, site: P::Site) -> bool {
        let op = || Op::new(Kind::Read, "is_unrecoverable", self.address(), site.location());
        P::step(op, || self.lost.load(Relaxed) != 0)
    }

    /// Whether somebody has the lock at this moment: a task that died with it has not.
    #[inline]
    pub fn is_locked(&self, site: P::Site) -> bool {
        let op = || Op::new(Kind::Read, "is_locked", self.address(), site.location());
        P::step(op, || self.word.load(Relaxed) & OWNER != 0)
    }

    /// The same as part of a larger step, and as an acquire.
    #[inline(always)]
    pub(super) fn is_taken(&self) -> bool {
        self.word.load(Acquire) & OWNER != 0
    }

    /// The number of whoever has it, or 0. As part of a larger step, for whoever has none of
    /// what it protects.
    pub(super) fn holder(&self) -> u32 {
        self.word.load(Relaxed) & OWNER
    }

    /// Whether the caller has the lock: nobody else can change the answer.
    pub(crate) fn is_mine(&self) -> bool {
        P::owner(&self.word) == P::me().id()
    }

    /// The operation that [`lock`](Self::lock) announces: enabled while nobody alive has it.
    #[inline]
    fn lock_op(&self, deadline: Option<u64>, site: P::Site) -> Op {
        Op::new(Kind::Acquire, "lock", self.address(), site.location())
            .when(self.free_guard())
            .until(deadline)
    }

    /// The guard that nobody alive has the lock.
    #[inline]
    pub(super) fn free_guard(&self) -> Guard {
        P::guard(P::futex(&self.word), OWNER, Cmp::Eq, 0)
    }

    /// Takes a free lock on which nobody sleeps.
    #[inline(always)]
    fn take(&self) -> Option<Taken> {
        let me = P::me();
        me.begin(&self.links);
        if self.word.compare_exchange(FREE, me.id(), Acquire, Relaxed).is_ok() {
            return Some(self.taken(me, FREE));
        }
        me.end();
        None
    }

    /// The same where the word may carry marks.
    #[cold]
    fn take_used(&self) -> Option<Taken> {
        let me = P::me();
        me.begin(&self.links);
        let mut word = self.word.load(Relaxed);
        while word & OWNER == 0 {
            match self.word.compare_exchange(word, me.id() | word & WAITERS, Acquire, Relaxed) {
                Ok(_) => return Some(self.taken(me, word)),
                Err(now) => word = now,
            }
        }
        me.end();
        None
    }

    /// The lock was taken by `me`, which found `word` there.
    #[inline(always)]
    fn taken(&self, me: P::Owner, word: u32) -> Taken {
        if self.lost.load(Relaxed) != 0 {
            self.let_go(me, FREE);
            return Taken::Unrecoverable;
        }
        me.link(&self.links);
        me.end();
        if word & OWNER_DIED == 0 { Taken::Clean } else { Taken::OwnerDied }
    }

    #[cold]
    fn lock_contended(&self, deadline: Option<u64>, site: P::Site) -> Option<Taken> {
        let me = P::me();
        me.begin(&self.links);
        let (mut slept, mut looks) = (0, 0);
        let mut word = self.spin();
        loop {
            if word & OWNER == 0 {
                let mine = me.id() | word & WAITERS | slept;
                match self.word.compare_exchange(word, mine, Acquire, Relaxed) {
                    Ok(_) => return Some(self.taken(me, word)),
                    Err(now) => word = now,
                }
                continue;
            }
            if word & WAITERS == 0 {
                match self.word.compare_exchange(word, word | WAITERS, Relaxed, Relaxed) {
                    Ok(_) => word |= WAITERS,
                    Err(now) => {
                        word = now;
                        continue;
                    }
                }
            }
            let op = || self.lock_op(deadline, site);
            let futex = P::futex(&self.word);
            let until = next_look::<P>(looks, deadline);
            if P::futex_wait(futex, word, until, op, None::<fn() -> Op>) == Woken::TimedOut {
                if until == deadline {
                    me.end();
                    return None;
                }
                looks += 1;
                let_go_for_the_dead::<P>(&self.word);
            }
            slept = WAITERS;
            word = self.spin();
        }
    }

    /// Looks until nobody has the lock, or somebody sleeps (so that spinning would be
    /// unfair), or it took too long.
    fn spin(&self) -> u32 {
        for _ in 0..P::SPIN {
            let word = self.word.load(Relaxed);
            if word & OWNER == 0 || word & WAITERS != 0 {
                return word;
            }
            spin_loop();
        }
        self.word.load(Relaxed)
    }

    /// Writes `free` for the owner's number and ends what `me` had begun.
    #[inline(always)]
    fn let_go(&self, me: P::Owner, free: u32) {
        if self.word.compare_exchange(me.id(), free, Release, Relaxed).is_err() {
            self.let_go_and_wake(free);
        }
        me.end();
    }

    /// The same where `WAITERS` is set: nobody but the owner changes the word then.
    #[cold]
    fn let_go_and_wake(&self, free: u32) {
        self.word.store(free | WAITERS, Release);
        let futex = P::futex(&self.word);
        if P::futex_wake(futex, 1) > 0 {
            return;
        }
        // Nobody slept. Since then somebody may have come and gone, and others may have
        // fallen asleep: whoever sleeps now is woken, and the mark set again (invariant 3).
        if self.word.compare_exchange(free | WAITERS, free, Relaxed, Relaxed).is_ok()
            && P::futex_wake(futex, 1) > 0
            && self.word.fetch_or(WAITERS, Relaxed) & OWNER == 0
        {
            P::futex_wake(futex, 1);
        }
    }
}

/// Does with the word of a lock what the kernel should have done, if the owner is dead and it
/// did not.
pub(super) fn let_go_for_the_dead<P: Robust>(word: &P::Word) {
    let seen = word.load(Relaxed);
    if seen & OWNER != 0 && P::is_gone(seen & OWNER) {
        // If it fails, the kernel, or somebody else who looked, has done it.
        let _ = word.compare_exchange(seen, OWNER_DIED | WAITERS, Relaxed, Relaxed);
    }
}

/// Until when to sleep for somebody who has looked so often whether the owner lives: later and
/// later, but not after `deadline`.
pub(super) fn next_look<P: Robust>(looks: u32, deadline: Option<u64>) -> Option<u64> {
    let look = P::LOOK.map(|first| P::now().saturating_add(first << looks.min(4)));
    deadline.into_iter().chain(look).min()
}

/// Only the holder of a lock gives it back, so that it would wait for itself for ever.
#[cold]
#[track_caller]
pub(super) fn locked_twice() -> ! {
    panic!("the calling task has this lock already, and waits for nobody but itself to give it back")
}

impl<P: Robust> Default for RawRobustMutex<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Robust> fmt::Debug for RawRobustMutex<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRobustMutex").finish_non_exhaustive()
    }
}
