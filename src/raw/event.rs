//! An event flag in one futex word.
//!
//! Called by [`sync::Event`](crate::sync::Event), and by [`RawOnce`](super::RawOnce) for
//! what is set once and for all.
//!
//! The word is `generation << 2 | WAITERS | SET`:
//!
//! | action | unset, nobody waits | unset, `WAITERS` | set |
//! |---|---|---|---|
//! | `set` | sets `SET` | sets `SET` and wakes all, in one system call | unchanged |
//! | `clear` | unchanged | unchanged | next generation, without both marks |
//! | `wait` | looks; then sets `WAITERS`, sleeps | looks; then sleeps | returns |
//!
//! 1. Nobody sleeps unless `WAITERS` was set when it fell asleep, and the mark stays until
//!    the event is set.
//! 2. While the event is set, nobody sleeps.
//! 3. An unset word, once left, does not come back before 2^30 further `clear`s: each
//!    begins a generation.
//! 4. So a waiter that compares with the unset word it saw first is released by a `set`
//!    even when a `clear` follows at once. Waiting for `SET` alone would miss it.
//!
//! Orderings: `set` is a release, and `wait` and `is_set` are acquires: what was done
//! before the event was set is seen by those it releases. `clear` tells nobody anything
//! and is relaxed, but as a read-modify-write it keeps the release before it in force.
//!
//! When a process dies here, at whatever instruction: each change of the word is one
//! instruction, or one system call that also wakes, so that an event is set and everybody
//! awake, or neither. A dead waiter leaves at most `WAITERS`, which costs the next `set` a
//! system call.

use super::spin::Spin;
use crate::platform::{Atomic, Change, Cmp, Kind, Op, Platform, Site, Tasks, Woken};
use crate::shm::Shareable;
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const SET: u32 = 1;
const WAITERS: u32 = 2;
/// From one generation to the next.
const GENERATION: u32 = 4;

/// An event flag: unset or set, and how often it was cleared.
#[repr(C)]
pub struct RawEvent<P: Platform> {
    word: P::Futex,
    spin: Spin,
}

// SAFETY: words that mean the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for RawEvent<P> {}

impl<P: Platform> RawEvent<P> {
    /// An unset event.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        RawEvent { word: P::Futex::new(0), spin: Spin::new() }
    }

    /// The address that names this event in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(&self.word) as usize
    }

    /// Sets the event and releases everybody who waits for it.
    #[inline]
    pub fn set(&self, site: P::Site) {
        P::step(
            || Op::new(Kind::Write, "set", self.address(), site.location()),
            || {
                let mut word = self.word.load(Relaxed);
                while word & SET == 0 {
                    if word & WAITERS != 0 {
                        // Whatever the word has become by then: the event is set after it.
                        P::futex_change_and_wake_all(&self.word, Change::Or(SET as u16));
                        break;
                    }
                    match self.word.compare_exchange(word, word | SET, Release, Relaxed) {
                        Ok(_) => break,
                        Err(now) => word = now,
                    }
                }
            },
        );
    }

    /// Makes the event unset; who was released before stays released.
    #[inline]
    pub fn clear(&self, site: P::Site) {
        P::step(
            || Op::new(Kind::Write, "clear", self.address(), site.location()),
            || {
                let mut word = self.word.load(Relaxed);
                while word & SET != 0 {
                    let next = (word & !(SET | WAITERS)).wrapping_add(GENERATION);
                    match self.word.compare_exchange(word, next, Relaxed, Relaxed) {
                        Ok(_) => break,
                        Err(now) => word = now,
                    }
                }
            },
        );
    }

    /// Whether the event is set at this moment.
    #[inline]
    pub fn is_set(&self, site: P::Site) -> bool {
        P::step(
            || Op::new(Kind::Read, "is_set", self.address(), site.location()),
            || self.word.load(Acquire) & SET != 0,
        )
    }

    /// Waits until the event is set, or was set in the meantime.
    #[inline]
    pub fn wait(&self, site: P::Site) {
        self.wait_for(None, site);
    }

    /// As [`wait`](Self::wait), but no longer than until `deadline`; says whether the
    /// event was set.
    #[inline]
    pub fn wait_until(&self, deadline: u64, site: P::Site) -> bool {
        self.wait_for(Some(deadline), site)
    }

    #[inline]
    fn wait_for(&self, deadline: Option<u64>, site: P::Site) -> bool {
        // Which unset word the waiter leaves is a step of its own: what was set and cleared
        // before that, it does not see.
        let mut first = 0;
        let looks = || {
            first = self.word.load(Acquire);
            first & SET != 0
        };
        P::step(|| self.wait_op(site), looks) || self.leave(first, deadline, site)
    }

    fn wait_op(&self, site: P::Site) -> Op {
        Op::new(Kind::Wait, "wait", self.address(), site.location())
    }

    /// Waits until the word is another one than `first`, which is unset.
    #[cold]
    fn leave(&self, first: u32, deadline: Option<u64>, site: P::Site) -> bool {
        let left = || P::guard(&self.word, !WAITERS, Cmp::Ne, first & !WAITERS);
        let op = || self.wait_op(site).when(left()).until(deadline);
        P::step(op, || self.sleep(first, deadline, op))
    }

    fn sleep(&self, first: u32, deadline: Option<u64>, op: impl Fn() -> Op) -> bool {
        let now = || self.word.load(Acquire);
        if self.spin.until::<P, ()>(deadline, || released(first, now()).then_some(())).is_some() {
            return true;
        }
        let asleep = first | WAITERS;
        loop {
            // The mark before sleeping, and only on the word that was unset then.
            if let Err(now) = self.word.compare_exchange(first & !WAITERS, asleep, Relaxed, Acquire)
                && now != asleep
            {
                return true;
            }
            let woken = P::futex_wait(&self.word, asleep, deadline, &op, None::<fn() -> Op>);
            if released(first, now()) {
                return true;
            }
            if woken == Woken::TimedOut {
                return false;
            }
        }
    }
}

/// Whether a wait that left the unset word `first` is over now that the word is `now`.
#[inline]
fn released(first: u32, now: u32) -> bool {
    (now ^ first) & !WAITERS != 0
}

impl<P: Platform> Default for RawEvent<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> fmt::Debug for RawEvent<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;

    #[test]
    fn an_event_is_set_until_cleared() {
        let event = RawEvent::<Native>::new();
        assert!(!event.is_set(()) && !event.wait_until(0, ()));
        event.set(());
        event.set(());
        event.wait(());
        assert!(event.is_set(()) && event.wait_until(0, ()));
        event.clear(());
        event.clear(());
        assert!(!event.is_set(()) && !event.wait_until(0, ()));
    }

    #[test]
    fn a_pulse_releases_whoever_saw_the_unset_word() {
        let event = RawEvent::<Native>::new();
        let first = event.word.load(Relaxed);
        event.set(());
        event.clear(());
        assert!(released(first, event.word.load(Relaxed)));
        assert!(event.leave(first, None, ()));
    }

    #[test]
    fn the_generation_wraps_around() {
        let last = !(SET | WAITERS);
        let event =
            RawEvent::<Native> { word: std::sync::atomic::AtomicU32::new(last | WAITERS), spin: Spin::new() };
        event.set(());
        assert!(event.is_set(()));
        event.clear(());
        assert_eq!(event.word.load(Relaxed), 0);
        assert!(released(last, 0) && !released(0, 0) && !released(0, WAITERS));
    }
}
