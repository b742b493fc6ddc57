//! Places that tasks hold, a gate before them, and a way to wait for one place or for all.
//!
//! Called by [`RawRwLock`](super::RawRwLock), whose readers hold a slot each, and by
//! [`RawRobustSemaphore`](super::RawRobustSemaphore), whose permits are slots.
//!
//! | word of a slot | meaning |
//! |---|---|
//! | 0 | free |
//! | holder, `WAITERS` | held |
//! | `OWNER_DIED`, with or without `WAITERS` | free: its last holder died |
//!
//! Nobody counts holders, so no count can go wrong: each slot is in the robust list of its
//! holder's thread, and the kernel frees it if that dies. The gate is a
//! [`RawRobustMutex`]; its holder is the only one who ever sleeps on a slot.
//!
//! 1. A task that has just claimed a slot looks at the gate; a task that has just taken
//!    the gate looks at the slots. Of the two, one sees the other: either the claimer
//!    gives way and queues at the gate, or the slot is seen to be held.
//! 2. Whoever frees a slot looks at the gate afterwards, and if somebody has it, wakes
//!    who may sleep on the slot. The holder of the gate calls [`Robust::catch_up`] before
//!    it sleeps, so that a look too early for it came after a store in time for it.
//! 3. Only the holder of the gate waits for slots. Nobody waits for the gate while it
//!    waits for a slot, and who gives way has freed its slot before it queues.
//! 4. Who has a slot that it would wait for, for ever, is told so by a panic; where a scheduler
//!    sees the wait, it tells of a deadlock.
//! 5. Who sleeps on slots for long asks from time to time whether their holders live, as for a
//!    [`RawRobustMutex`].
//! 6. A held slot carries `WAITERS` from the start, so that the kernel always wakes when a
//!    holder dies, and no mark has to be set by whoever goes to sleep.
//!
//! Orderings: claiming is an acquire, freeing a release; seeing a free slot, or a free
//! gate, is an acquire too. Invariant 1 needs a full fence on either side
//! ([`Robust::fence`]), invariant 2 the pair of
//! [`Robust::store_before_look`] and [`Robust::catch_up`].
//!
//! **When a task is killed**, at whatever instruction, it was
//!
//! | doing | the kernel | and the others |
//! |---|---|---|
//! | claiming a slot, or holding it | finds its number: frees it, wakes one | go on; the holder of the gate is the only sleeper |
//! | freeing it, after the store, before the look | finds nobody's number in the pending slot: wakes one | go on |
//! | the same, and somebody claimed it since | finds another's number | that one wakes the sleeper when it gives way, frees or dies |
//! | waiting at the gate, or holding it | as for any [`RawRobustMutex`] | the next one takes the gate and begins anew |
//!
//! Sources: the reader slots are those of "big reader" locks; D. Dice and A. Kogan, "BRAVO:
//! Biased Locking for Reader-Writer Locks" (2019), for slots that are picked by thread.

use super::Left;
use super::patience::Patience;
use super::robust::{RawRobustMutex, let_go_for_the_dead, locked_twice, next_look};
use crate::platform::{Atomic, Native, Op, Owner, Robust, Woken};
use crate::sys::robust::{Links, OWNER, WAITERS};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

const FREE: u32 = 0;

/// The longest sleep where the operating system cannot do [`Robust::catch_up`], in
/// nanoseconds.
const NAP: u64 = 200_000;
/// After how many of those holders are asked after.
const NAPS: u32 = 500;

/// One place; a line of the cache of its own, so that holders do not disturb each other.
/// Word and links lie as in a [`RawRobustMutex`].
#[repr(C, align(64))]
struct Slot<P: Robust> {
    word: P::Word,
    unused: u32,
    links: Links,
}

// The kernel finds the word 32 bytes before the `next` of its link, and the harness 16.
const _: () = {
    assert!(std::mem::offset_of!(Slot<Native>, word) == 0);
    assert!(std::mem::offset_of!(Slot<Native>, links) == 8 && size_of::<Links>() == 32);
};

/// Places, and a gate before them.
#[repr(C)]
pub(super) struct Slots<P: Robust, const N: usize> {
    gate: RawRobustMutex<P>,
    slots: [Slot<P>; N],
}

impl<P: Robust> Slot<P> {
    fn is_held(&self) -> bool {
        self.word.load(Acquire) & OWNER != 0
    }

    /// Takes the slot if nobody alive has it.
    #[inline(always)]
    fn claim(&self, me: P::Owner) -> bool {
        me.begin(&self.links);
        let mine = me.id() | WAITERS;
        let claimed =
            self.word.compare_exchange(FREE, mine, Acquire, Relaxed).is_ok() || self.claim_left(mine);
        if claimed {
            me.link(&self.links);
        }
        me.end();
        claimed
    }

    /// The same where a dead holder may have left its mark.
    #[cold]
    fn claim_left(&self, mine: u32) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & OWNER == 0 {
            match self.word.compare_exchange(word, mine, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }
}

impl<P: Robust, const N: usize> Slots<P, N> {
    pub(super) fn new() -> Self {
        let slot = |_| Slot { word: P::Word::new(FREE), unused: 0, links: Links::default() };
        Slots { gate: RawRobustMutex::new(), slots: std::array::from_fn(slot) }
    }

    /// The gate, whose address names the whole.
    #[inline]
    pub(super) fn gate(&self) -> &RawRobustMutex<P> {
        &self.gate
    }

    /// Takes one of the first `among` slots, giving way to whoever has the gate; `None` if
    /// the patience did not last.
    #[inline(always)]
    pub(super) fn enter(
        &self,
        among: usize,
        patience: Patience,
        site: P::Site,
        op: impl Fn() -> Op,
    ) -> Option<usize> {
        let me = P::me();
        let own = me.place() % among;
        if self.slots[own].claim(me) {
            if self.is_open() {
                return Some(own);
            }
            self.leave(me, own);
        }
        self.enter_by_gate(among, patience, site, op)
    }

    #[cold]
    fn enter_by_gate(
        &self,
        among: usize,
        patience: Patience,
        site: P::Site,
        op: impl Fn() -> Op,
    ) -> Option<usize> {
        if waits_for_ever::<P>(patience) && (0..among).all(|slot| self.is_mine(slot)) {
            panic!(
                "the calling task has all {among} places of this lock or semaphore, and waits for nobody but \
                 itself to give one back"
            );
        }
        if !patience.take(&self.gate, site) {
            return None;
        }
        let slot = self.any(among, patience, op);
        self.gate.unlock_mine(P::me(), Left::Clean, site);
        slot
    }

    /// Takes one of the first `among` slots if one is free, without a look at the gate.
    pub(super) fn try_any(&self, among: usize) -> Option<usize> {
        let me = P::me();
        let own = me.place() % among;
        (0..among).map(|index| (own + index) % among).find(|&slot| {
            let slot = &self.slots[slot];
            !slot.is_held() && slot.claim(me)
        })
    }

    /// After a slot was claimed: whether nobody has the gate (invariant 1).
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        P::fence();
        !self.gate.is_taken()
    }

    /// Frees a slot that the caller, `me`, has.
    #[inline(always)]
    pub(super) fn leave(&self, me: P::Owner, slot: usize) {
        let slot = &self.slots[slot];
        me.begin(&slot.links);
        me.unlink(&slot.links);
        P::store_before_look(&slot.word, FREE);
        // Invariant 2.
        if self.gate.is_taken() {
            P::futex_wake(P::futex(&slot.word), 1);
        }
        me.end();
    }

    /// Whether the caller has this slot.
    pub(super) fn is_mine(&self, slot: usize) -> bool {
        P::owner(&self.slots[slot].word) == P::me().id()
    }

    /// How many of the first `among` slots nobody has.
    pub(super) fn free(&self, among: usize) -> usize {
        self.slots[..among].iter().filter(|slot| !slot.is_held()).count()
    }

    /// With the gate in hand: takes any of the first `among` slots, as soon as one is free.
    pub(super) fn any(&self, among: usize, patience: Patience, op: impl Fn() -> Op) -> Option<usize> {
        if let Some(slot) = self.try_any(among) {
            return Some(slot);
        }
        let mut sleeps = self.sleeps(patience)?;
        loop {
            let mut seen = [FREE; N];
            for (seen, slot) in seen.iter_mut().zip(&self.slots[..among]) {
                *seen = slot.word.load(Relaxed);
            }
            let held = seen[..among].iter().all(|word| word & OWNER != 0);
            let words = std::array::from_fn::<_, N, _>(|at| (P::futex(&self.slots[at].word), seen[at]));
            let (until, ask) = sleeps();
            let woken = if held {
                P::futex_wait_any(&words[..among], until, &op, None::<fn() -> Op>)
            } else {
                Woken::Changed
            };
            if let Some(slot) = self.try_any(among) {
                return Some(slot);
            }
            if woken == Woken::TimedOut {
                if Self::is_over(patience) {
                    return None;
                }
                let asked = if ask { &self.slots[..among] } else { &[] };
                asked.iter().for_each(|slot| let_go_for_the_dead::<P>(&slot.word));
            }
        }
    }

    /// Takes the gate and waits until every slot is free; false, and without the gate, if
    /// the patience did not last.
    pub(super) fn close(&self, patience: Patience, site: P::Site, op: impl Fn() -> Op) -> bool {
        // Who only tries does not get into the way of others if it can see that in advance.
        if patience == Patience::Never && self.free(N) < N || !patience.take(&self.gate, site) {
            return false;
        }
        P::fence();
        for (at, slot) in self.slots.iter().enumerate() {
            if slot.is_held() && waits_for_ever::<P>(patience) && self.is_mine(at) {
                self.gate.unlock_mine(P::me(), Left::Clean, site);
                locked_twice();
            }
            if !self.await_free(slot, patience, &op) {
                self.gate.unlock_mine(P::me(), Left::Clean, site);
                return false;
            }
        }
        true
    }

    #[inline]
    fn await_free(&self, slot: &Slot<P>, patience: Patience, op: impl Fn() -> Op) -> bool {
        for _ in 0..=P::SPIN {
            if !slot.is_held() {
                return true;
            }
            spin_loop();
        }
        let Some(mut sleeps) = self.sleeps(patience) else { return false };
        loop {
            let word = slot.word.load(Acquire);
            if word & OWNER == 0 {
                return true;
            }
            let (until, ask) = sleeps();
            let woken = P::futex_wait(P::futex(&slot.word), word, until, &op, None::<fn() -> Op>);
            if woken == Woken::TimedOut {
                if Self::is_over(patience) {
                    return false;
                }
                if ask {
                    let_go_for_the_dead::<P>(&slot.word);
                }
            }
        }
    }

    /// With the gate in hand, before sleeping on a slot: the deadline of each sleep, and whether
    /// to ask after it if holders live; nothing for those that do not sleep.
    fn sleeps(&self, patience: Patience) -> Option<impl FnMut() -> (Option<u64>, bool)> {
        if patience == Patience::Never {
            return None;
        }
        let caught_up = P::catch_up();
        let mut sleeps: u32 = 0;
        Some(move || {
            let nap = || P::now().saturating_add(NAP);
            sleeps += 1;
            if caught_up {
                (next_look::<P>(sleeps - 1, patience.deadline()), true)
            } else {
                (Some(patience.deadline().unwrap_or(u64::MAX).min(nap())), sleeps.is_multiple_of(NAPS))
            }
        })
    }

    /// Whether a sleep that timed out was the last.
    fn is_over(patience: Patience) -> bool {
        patience.deadline().is_some_and(|deadline| P::now() >= deadline)
    }
}

/// Whether nothing but the others can end the wait, and no scheduler sees it.
fn waits_for_ever<P: Robust>(patience: Patience) -> bool {
    P::SPIN > 0 && patience == Patience::Forever
}
