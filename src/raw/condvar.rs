//! A condition variable in one futex word.
//!
//! Called by [`sync::Condvar`](crate::sync::Condvar).
//!
//! The word is `sequence << 1 | SLEEPERS`:
//!
//! | action | word |
//! |---|---|
//! | a task is about to sleep | sets `SLEEPERS`, remembers the whole word |
//! | it falls asleep | only if the word is still the remembered one |
//! | notify, `SLEEPERS` clear | unchanged, no system call |
//! | notify of some, as many are asleep | unchanged, wakes them |
//! | notify of all, or of more than are asleep | next sequence, clears `SLEEPERS`, wakes all, in one system call |
//!
//! 1. Every change by a notifier moves the sequence on, so that a task which has
//!    remembered the word and is not asleep yet does not fall asleep, even if others set
//!    `SLEEPERS` again before it tries.
//! 2. `SLEEPERS` is set before the lock is given up. A notifier that holds the lock
//!    after the waiter did, or held it in between, therefore sees it.
//! 3. Whoever clears `SLEEPERS` wakes everybody in the same action: each task that had set
//!    it is awake then, or finds the sequence changed. (Two at the same time add twice, and
//!    may leave the mark for nobody: the word has moved on all the same.)
//! 4. After it was woken, a task touches nothing here: its next action is to take its
//!    lock again.
//!
//! Orderings: all accesses are relaxed. The lock orders what the condition is about,
//! and invariant 2; the kernel orders the word against sleeping and waking.
//!
//! **When a process dies here**, at whatever instruction:
//!
//! | it was | with a [`RawMutex`] | with a [`RawRobustMutex`] |
//! |---|---|---|
//! | in `notify` | it has notified, or not (of several: some) | the same |
//! | on its way to sleep | others wait for the mutex for ever, or notice nothing | others get the mutex, and one that sleeps may come back without cause |
//! | asleep | nobody notices | another waiter comes back without cause |
//! | woken, without its mutex | the notification is lost | another waiter comes back in its place |
//! | back, with its mutex | others wait for it for ever | the next to take it is told |
//!
//! `SLEEPERS` may stay set for nobody: the next notify that wakes fewer than it wanted
//! clears it. How another waiter gets to know is told in `relay`.

use super::relay::{PLACES, Relay};
use super::{Left, RawMutex, RawRobustMutex, Taken};
use crate::platform::{Atomic, Change, Cmp, Guard, Kind, Op, Robust, Site, Tasks, Woken};
use crate::shm::Shareable;
use crate::sys::robust::OWNER;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

const SLEEPERS: u32 = 1;
/// From a word with the mark to the next sequence without it.
const NEXT: i16 = 1;

/// A condition variable without anything around it: a sequence number to sleep on.
///
/// At most `ROBUST` tasks sleep with robust mutexes at a time; more look once a millisecond.
#[repr(C)]
pub struct RawCondvar<P: Robust, const ROBUST: usize = PLACES> {
    word: P::Futex,
    relay: Relay<P, ROBUST>,
}

// SAFETY: a word that means the same to every process, at whatever address.
unsafe impl<P: Tasks, const ROBUST: usize> Shareable for RawCondvar<P, ROBUST> {}

impl<P: Robust, const ROBUST: usize> RawCondvar<P, ROBUST> {
    /// A condition variable that nobody waits for.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        RawCondvar { word: P::Futex::new(0), relay: Relay::new() }
    }

    /// The address that names this condition variable in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(&self.word) as usize
    }

    /// Gives `mutex` up, sleeps until notified, and takes `mutex` again. The caller
    /// must have the mutex. May come back without cause.
    pub fn wait(&self, mutex: &RawMutex<P>, site: P::Site) {
        self.park(mutex, None, site);
        mutex.lock(site);
    }

    /// As [`wait`](Self::wait), but no longer than until `deadline`; says whether that
    /// passed.
    pub fn wait_until(&self, mutex: &RawMutex<P>, deadline: u64, site: P::Site) -> bool {
        let notified = self.park(mutex, Some(deadline), site);
        mutex.lock(site);
        !notified
    }

    /// The first half of a wait: gives `mutex` up and sleeps. Says whether it ended
    /// before the deadline. The caller's next step must be to lock `mutex`.
    pub(crate) fn park(&self, mutex: &RawMutex<P>, deadline: Option<u64>, site: P::Site) -> bool {
        let op = || {
            Op::new(Kind::Park, "wait", self.address(), site.location()).with(mutex.address()).until(deadline)
        };
        P::step(op, || {
            let seen = self.word.fetch_or(SLEEPERS, Relaxed) | SLEEPERS;
            mutex.unlock_within();
            let asleep = || op().when(Guard::NEVER);
            let resume = Some(|| mutex.lock_op(site));
            P::futex_wait(&self.word, seen, deadline, asleep, resume) != Woken::TimedOut
        })
    }

    /// As [`wait`](Self::wait), with a mutex that survives its owners, which is left as
    /// `left` says; says how it was found.
    pub fn wait_robust(&self, mutex: &RawRobustMutex<P>, left: Left, site: P::Site) -> Taken {
        self.wait_robust_until(mutex, left, None, site).0
    }

    /// The same, but no longer than until `deadline`; says also whether that passed.
    pub fn wait_robust_until(
        &self,
        mutex: &RawRobustMutex<P>,
        left: Left,
        deadline: Option<u64>,
        site: P::Site,
    ) -> (Taken, bool) {
        let op = || {
            Op::new(Kind::Park, "wait", self.address(), site.location()).with(mutex.address()).until(deadline)
        };
        let free = Guard { word: mutex.address(), mask: OWNER, value: 0, cmp: Cmp::Eq };
        let lock_op = || Op::new(Kind::Acquire, "lock", mutex.address(), site.location()).when(free);
        let place = Cell::new(None);
        let notified = P::step(op, || {
            let wake = || {
                self.notify_some(1);
            };
            place.set(self.relay.enter(wake));
            let seen = self.word.fetch_or(SLEEPERS, Relaxed) | SLEEPERS;
            mutex.unlock_mine(P::me(), left, site);
            let asleep = || op().when(Guard::NEVER);
            let woken = match place.get() {
                Some(_) => self.relay.wait(&self.word, seen, deadline, asleep, lock_op),
                None => self.relay.wait_without(deadline, asleep, lock_op),
            };
            if woken == Woken::Woken {
                self.relay.look_after(wake);
            }
            woken != Woken::TimedOut
        });
        let taken = P::step(lock_op, || {
            let taken = mutex.lock(site);
            // From here on, the death of this task is that of an owner.
            if let Some(place) = place.get() {
                self.relay.leave(place);
            }
            taken
        });
        (taken, !notified)
    }

    /// Wakes one waiter, if there is any; returns how many were asleep and woken.
    #[inline]
    pub fn notify_one(&self, site: P::Site) -> u32 {
        self.notify("notify_one", 1, site)
    }

    /// Wakes up to `count` waiters; returns how many were asleep and woken.
    #[inline]
    pub fn notify_n(&self, count: u32, site: P::Site) -> u32 {
        self.notify("notify_n", count, site)
    }

    /// Wakes all waiters; returns how many were asleep and woken.
    #[inline]
    pub fn notify_all(&self, site: P::Site) -> u32 {
        self.notify("notify_all", u32::MAX, site)
    }

    #[inline]
    fn notify(&self, name: &'static str, count: u32, site: P::Site) -> u32 {
        P::step(|| Op::new(Kind::Notify, name, self.address(), site.location()), || self.notify_some(count))
    }

    #[inline]
    fn notify_some(&self, count: u32) -> u32 {
        match self.word.load(Relaxed) & SLEEPERS {
            SLEEPERS if count > 0 => self.wake(count),
            _ => 0,
        }
    }

    #[cold]
    fn wake(&self, count: u32) -> u32 {
        if count == u32::MAX {
            return self.wake_all();
        }
        let woken = P::futex_wake(&self.word, count);
        // Fewer were asleep than wanted. Somebody may be about to fall asleep and must not;
        // and if nobody is, the next notify is cheap again.
        if woken < count { woken + self.wake_all() } else { woken }
    }

    fn wake_all(&self) -> u32 {
        // Somebody else may have been here since the look that led here.
        match self.word.load(Relaxed) & SLEEPERS {
            SLEEPERS => P::futex_change_and_wake_all(&self.word, Change::Add(NEXT)),
            _ => 0,
        }
    }
}

impl<P: Robust, const ROBUST: usize> Default for RawCondvar<P, ROBUST> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Robust, const ROBUST: usize> fmt::Debug for RawCondvar<P, ROBUST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCondvar").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use crate::sys::clock;

    #[test]
    fn a_wait_that_nobody_ends_times_out_with_the_lock_taken() {
        let (mutex, condvar) = (RawMutex::<Native>::new(), <RawCondvar<Native>>::new());
        mutex.lock(());
        assert!(condvar.wait_until(&mutex, clock::monotonic() + 1_000_000, ()));
        assert!(!mutex.try_lock(()));
        // The waiter is gone: the first notify finds out, the second knows.
        assert_eq!(condvar.word.load(Relaxed) & SLEEPERS, SLEEPERS);
        assert_eq!(condvar.notify_one(()), 0);
        assert_eq!(condvar.word.load(Relaxed) & SLEEPERS, 0);
    }
}
