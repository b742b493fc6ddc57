//! Places for those who wait, so that somebody learns of it when one of them dies.
//!
//! Called by [`RawCondvar`](super::RawCondvar) for waits that give a robust lock up: a
//! notification that reached a task which dies of something else must reach another one.
//!
//! | place | meaning |
//! |---|---|
//! | 0 | free |
//! | owner, `WAITERS` | a task is waiting, or was woken and has yet to get its lock |
//! | `OWNER_DIED`, `WAITERS` | that task died: somebody must look whether there is something to do |
//!
//! 1. A task has its place from before it sleeps until after it has its lock again. A place
//!    is a robust lock: the kernel marks it when its owner dies, and wakes one sleeper.
//! 2. Whoever sleeps does so on every place too: so it is woken when one of the others dies.
//! 3. Who is about to sleep and finds a mark takes it away and does not sleep.
//! 4. Who has slept and finds a mark, or takes a place with one, wakes somebody else before it
//!    takes the mark away. It may have been woken twice at once, by the death and by a
//!    notification that was not for it alone: the kernel counts a sleeper on several words
//!    until it has left all of them. One wake-up too many is the price, a lost one is not.
//!
//! Orderings: all relaxed; a place protects nothing, and the kernel orders its words against
//! sleeping.
//!
//! When a process dies here, that is what this is for. Places are few: who finds none sleeps
//! for a millisecond at most, away from the others, and looks again. Linux before 5.16 does
//! not sleep on several words: there whoever sleeps looks again after 0.2 ms.

use crate::platform::{Atomic, Native, Op, Owner, Robust, Tasks, Woken};
use crate::shm::Shareable;
use crate::sys::futex::MOST_WORDS;
use crate::sys::robust::{Links, OWNER, OWNER_DIED, WAITERS};
use std::sync::atomic::Ordering::Relaxed;

/// How many tasks can have a place at a time, mostly; one word is slept on besides.
pub(crate) const PLACES: usize = 15;
/// How long who finds no place sleeps, in nanoseconds.
const SHORT: u64 = 1_000_000;

/// Laid out as every robust lock: the kernel finds the word from the links.
#[repr(C)]
struct Place<P: Robust> {
    word: P::Word,
    unused: u32,
    links: Links,
}

const _: () = {
    assert!(PLACES < MOST_WORDS);
    assert!(std::mem::offset_of!(Place<Native>, word) == 0);
    assert!(std::mem::offset_of!(Place<Native>, links) == 8);
};

/// Places for those who wait: at most [`PLACES`].
#[repr(C)]
pub(crate) struct Relay<P: Robust, const N: usize> {
    /// What those sleep on who find no place: nobody ever wakes them.
    outside: P::Futex,
    places: [Place<P>; N],
}

// SAFETY: words that mean the same to every process, and links that only owners follow.
unsafe impl<P: Tasks, const N: usize> Shareable for Relay<P, N> {}

impl<P: Robust, const N: usize> Relay<P, N> {
    pub(crate) fn new() -> Self {
        let place = |_| Place { word: P::Word::new(0), unused: 0, links: Links::default() };
        const { assert!(N <= PLACES, "nobody can sleep on so many words") };
        Relay { outside: P::Futex::new(0), places: std::array::from_fn(place) }
    }

    /// Takes a place, if there is one. `wake` wakes somebody who waits.
    pub(crate) fn enter(&self, wake: impl Fn()) -> Option<usize> {
        self.places.iter().position(|place| place.take(&wake))
    }

    /// Gives a place back.
    pub(crate) fn leave(&self, place: usize) {
        let Place { word, links, .. } = &self.places[place];
        let me = P::me();
        me.begin(links);
        me.unlink(links);
        word.store(0, Relaxed);
        me.end();
    }

    /// Sleeps while `word` is `expected` and nobody dies; otherwise as
    /// [`futex_wait`](crate::platform::Platform::futex_wait). The caller has a place.
    pub(crate) fn wait(
        &self,
        word: &P::Futex,
        expected: u32,
        deadline: Option<u64>,
        op: impl Fn() -> Op,
        resume: impl Fn() -> Op,
    ) -> Woken {
        loop {
            let mut words = [(word, expected); PLACES + 1];
            for (entry, place) in words[1..].iter_mut().zip(&self.places) {
                let seen = place.word.load(Relaxed);
                if seen & OWNER_DIED != 0 && place.word.compare_exchange(seen, 0, Relaxed, Relaxed).is_ok() {
                    return Woken::Woken;
                }
                *entry = (P::futex(&place.word), seen);
            }
            let woken = P::futex_wait_any(&words[..=N], deadline, &op, Some(&resume));
            // That others come and go is nothing to come back for.
            if woken != Woken::Changed || word.load(Relaxed) != expected {
                return woken;
            }
        }
    }

    /// After sleeping: wakes somebody for each who died, with `wake`.
    pub(crate) fn look_after(&self, wake: impl Fn()) {
        for place in &self.places {
            let seen = place.word.load(Relaxed);
            if seen & OWNER_DIED != 0 {
                wake();
                let _ = place.word.compare_exchange(seen, 0, Relaxed, Relaxed);
            }
        }
    }

    /// Sleeps if there was no place: not for long, and where no notification comes, which
    /// it could take with it when it dies.
    pub(crate) fn wait_without(
        &self,
        deadline: Option<u64>,
        op: impl Fn() -> Op,
        resume: impl Fn() -> Op,
    ) -> Woken {
        let soon = P::now().saturating_add(SHORT);
        let until = deadline.map_or(soon, |deadline| deadline.min(soon));
        let woken = P::futex_wait(&self.outside, 0, Some(until), op, Some(resume));
        if deadline == Some(until) { woken } else { Woken::Woken }
    }
}

impl<P: Robust> Place<P> {
    fn take(&self, wake: impl Fn()) -> bool {
        let seen = self.word.load(Relaxed);
        if seen & OWNER != 0 {
            return false;
        }
        if seen & OWNER_DIED != 0 {
            wake();
        }
        let me = P::me();
        me.begin(&self.links);
        let taken = self.word.compare_exchange(seen, me.id() | WAITERS, Relaxed, Relaxed).is_ok();
        if taken {
            me.link(&self.links);
        }
        me.end();
        taken
    }
}
