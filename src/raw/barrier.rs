//! A barrier: a place where a number of tasks wait until all of them are there.
//!
//! Called by [`sync::Barrier`](crate::sync::Barrier). What ends a generation is in
//! `barrier_end`.
//!
//! The word is `generation << 2 | RESET | BROKEN`. Beside it stand a gate, a robust lock
//! under which tasks arrive one after the other, and one slot less than there are parties:
//! robust locks too, each with the number of the generation for which it was taken.
//!
//! | action | needs the gate | slots | word |
//! |---|---|---|---|
//! | arrive, not the last | yes | takes one for this generation | |
//! | arrive as the last, then the action | yes, kept | | |
//! | release | kept, given back | | next generation, wakes all |
//! | leave: released, broken or killed | no | gives it back | |
//! | abort | no | | sets `BROKEN`, wakes all |
//! | reset | yes | writes down how the generation before ended | next generation, `RESET`, wakes all |
//!
//! 1. Nobody counts arrivals: those of this generation are the slots that somebody alive
//!    holds with its number. They are looked through under the gate.
//! 2. The generation changes only under the gate. The release of a generation finds every
//!    slot held for it: so nobody is left of the one before, and generations do not mix.
//! 3. `RESET` says how the last generation ended. Who still holds a slot of one before finds
//!    the answer in the slot, written there under the gate before it was lost.
//! 4. Changing the word and waking are one system call.
//! 5. Who finds its own generation broken looks once more, under the gate or after the next
//!    generation has begun: a release may be on its way. So either all of a generation pass
//!    or none does.
//!
//! Orderings: arriving passes through the gate, and releasing changes the word in the kernel,
//! a release; who waits looks with acquire. So what anybody did before it arrived is seen by
//! all who pass. Breaking changes the word in the same way, and whoever looks whether it is
//! broken does so with acquire: what was done before it was broken is seen by all who are told.
//! A slot gets its number by a release, and is looked at with acquire: whoever finds outside the
//! gate that somebody waits sees what that one did before it came, unless it came in the place
//! of one that died in the same generation.
//!
//! **When a process dies here**, at whatever instruction:
//!
//! | it was | and the others |
//! |---|---|
//! | waiting, or about to | wait on; its arrival is taken back, and somebody else may arrive instead |
//! | the last, in the action or before the release | wait on; the next to arrive is the last, and does the action anew |
//! | the last, after the release | have all been woken by the release |
//! | released, and leaving | notice nothing |
//!
//! Nobody is told of the death: to a barrier, a party that will never come and one that is
//! late are the same. Who waits with a deadline breaks the barrier when it passes.

use super::barrier_end::PASSED;
use super::spin::Spin;
use super::{Arrival, BarrierError, Left, Patience, RawRobustMutex};
use crate::platform::{Atomic, Cmp, Guard, Kind, Op, Robust, Site, Tasks, Woken};
use crate::shm::Shareable;
use crate::sys::robust::OWNER;
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

pub(super) const BROKEN: u32 = 1;
pub(super) const RESET: u32 = 2;
pub(super) const GENERATION: i16 = 4;
/// In a slot that was never taken, for no generation is that high.
const NONE: u32 = !0;

/// How long somebody waits for the gate before it looks whether it still needs it, in
/// nanoseconds.
const PATIENCE: u64 = 1_000_000;

#[repr(C)]
pub(super) struct Slot<P: Robust> {
    lock: RawRobustMutex<P>,
    pub(super) generation: P::AtomicU32,
    pub(super) ended: P::AtomicU32,
}

/// A barrier for up to `SLOTS` + 1 parties.
#[repr(C)]
pub struct RawBarrier<P: Robust, const SLOTS: usize = 127> {
    pub(super) word: P::Futex,
    pub(super) parties: u32,
    spin: Spin,
    pub(super) gate: RawRobustMutex<P>,
    slots: [Slot<P>; SLOTS],
}

// SAFETY: words that mean the same to every process, and robust locks.
unsafe impl<P: Tasks, const SLOTS: usize> Shareable for RawBarrier<P, SLOTS> {}

impl<P: Robust, const SLOTS: usize> RawBarrier<P, SLOTS> {
    /// The most parties there can be.
    pub const PARTIES: u32 = SLOTS as u32 + 1;

    /// A barrier for `parties` tasks; nothing if that is 0 or more than there can be.
    #[must_use]
    pub fn new(parties: u32) -> Option<Self> {
        let slot = |_| Slot {
            lock: RawRobustMutex::new(),
            generation: P::AtomicU32::new(NONE),
            ended: P::AtomicU32::new(0),
        };
        (1..=Self::PARTIES).contains(&parties).then(|| RawBarrier {
            word: P::Futex::new(0),
            parties,
            spin: Spin::new(),
            gate: RawRobustMutex::new(),
            slots: std::array::from_fn(slot),
        })
    }

    /// The address that names this barrier in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(&self.word) as usize
    }

    /// How many tasks it waits for.
    #[must_use]
    pub fn parties(&self) -> u32 {
        self.parties
    }

    /// How many wait at this moment. Whoever leaves, and only reads the word, changes that: so
    /// the order of the two matters as if this were a write.
    pub fn waiting(&self, site: P::Site) -> u32 {
        P::step(
            || Op::new(Kind::ReadWrite, "waiting", self.address(), site.location()),
            || self.arrived(self.word.load(Acquire), site),
        )
    }

    /// Whether it is broken at this moment.
    pub fn is_broken(&self, site: P::Site) -> bool {
        P::step(
            || Op::new(Kind::Read, "is_broken", self.address(), site.location()),
            || self.word.load(Acquire) & BROKEN != 0,
        )
    }

    /// Arrives.
    ///
    /// # Errors
    /// [`BarrierError::Broken`], also if the patience ended before the caller could arrive;
    /// with [`Patience::Never`] also [`BarrierError::WouldBlock`]: the caller has not arrived
    /// then. [`BarrierError::InAction`] if the caller is inside the action.
    pub fn arrive(&self, patience: Patience, site: P::Site) -> Result<Arrival, BarrierError> {
        if self.gate.is_mine() {
            return Err(BarrierError::InAction);
        }
        P::step(
            || self.arrive_op(patience, site),
            || {
                match patience {
                    Patience::Never if self.gate.try_lock(site).is_none() => {
                        return Err(BarrierError::WouldBlock);
                    }
                    Patience::Never => {}
                    _ if self.take(&self.gate, patience.deadline(), site) => {}
                    _ => return self.too_late(),
                }
                let arrival = self.arrive_gated(patience, site);
                if !matches!(arrival, Ok(Arrival::Last { .. })) {
                    self.gate.unlock_mine(P::me(), Left::Clean, site);
                }
                arrival
            },
        )
    }

    fn arrive_op(&self, patience: Patience, site: P::Site) -> Op {
        let op = self.gated("arrive", site).until(patience.deadline());
        if patience == Patience::Never { op.when(Guard::ALWAYS) } else { op }
    }

    fn too_late<T>(&self) -> Result<T, BarrierError> {
        self.shatter();
        Err(BarrierError::Broken)
    }

    fn arrive_gated(&self, patience: Patience, site: P::Site) -> Result<Arrival, BarrierError> {
        let seen = self.word.load(Acquire);
        if seen & BROKEN != 0 {
            return Err(BarrierError::Broken);
        }
        if self.arrived(seen, site) + 1 == self.parties {
            return Ok(Arrival::Last { seen });
        }
        if patience == Patience::Never {
            return Err(BarrierError::WouldBlock);
        }
        let Some(slot) = self.take_slot(seen, patience.deadline(), site) else { return self.too_late() };
        self.slots[slot].ended.store(0, Relaxed);
        self.slots[slot].generation.store(generation(seen), Release);
        Ok(Arrival::Early { seen, slot })
    }

    /// A slot of one's own; nothing if the deadline passed first.
    fn take_slot(&self, seen: u32, deadline: Option<u64>, site: P::Site) -> Option<usize> {
        if let Some(slot) = self.used().iter().position(|slot| slot.lock.try_lock(site).is_some()) {
            return Some(slot);
        }
        // Not all are held for this generation: somebody of the last one has yet to leave,
        // and needs nothing for it but to run; not even the gate, once it has noticed that its
        // generation is over.
        let old = |slot: &Slot<P>| slot.generation.load(Relaxed) != generation(seen);
        let slot = self.used().iter().position(old)?;
        self.take(&self.slots[slot].lock, deadline, site).then_some(slot)
    }

    /// Waits until the generation of an early arrival has ended, and leaves.
    ///
    /// # Errors
    /// [`BarrierError::Broken`], also if the patience ended first: then the barrier is broken
    /// for everybody.
    pub fn wait(
        &self,
        seen: u32,
        slot: usize,
        patience: Patience,
        site: P::Site,
    ) -> Result<(), BarrierError> {
        let deadline = patience.deadline();
        let op = || {
            let changed = P::guard(&self.word, !0, Cmp::Ne, seen);
            // Whoever gives up breaks the barrier.
            let kind = if deadline.is_some() { Kind::ReadWrite } else { Kind::Wait };
            Op::new(kind, "wait", self.address(), site.location()).when(changed).until(deadline)
        };
        P::step(op, || {
            let mut now = self.changed(seen, deadline, op);
            if generation(now) == generation(seen) {
                // Broken, or the time is up, unless a release is on its way (invariant 5).
                now = self.look_again(seen, site);
            }
            let passed = self.has_passed(seen, now, &self.slots[slot]);
            self.slots[slot].lock.unlock_mine(P::me(), Left::Clean, site);
            if passed { Ok(()) } else { Err(BarrierError::Broken) }
        })
    }

    /// The word as it is under the gate, or once the generation of `seen` is over; broken if
    /// nothing else has happened to that.
    fn look_again(&self, seen: u32, site: P::Site) -> u32 {
        loop {
            if self.take(&self.gate, Some(P::now().saturating_add(PATIENCE)), site) {
                let now = self.word.load(Acquire);
                if now == seen {
                    self.shatter();
                }
                self.gate.unlock_mine(P::me(), Left::Clean, site);
                return now;
            }
            // Whoever has the gate may have come after a reset, and wait for this slot.
            let now = self.word.load(Acquire);
            if generation(now) != generation(seen) {
                return now;
            }
        }
    }

    /// The word once it is another one than `seen`, or once the deadline has passed.
    fn changed(&self, seen: u32, deadline: Option<u64>, op: impl Fn() -> Op) -> u32 {
        let look = || Some(self.word.load(Acquire)).filter(|&now| now != seen);
        if let Some(now) = look().or_else(|| self.spin.until::<P, u32>(deadline, look)) {
            return now;
        }
        loop {
            let woken = P::futex_wait(&self.word, seen, deadline, &op, None::<fn() -> Op>);
            let now = self.word.load(Acquire);
            if now != seen || woken == Woken::TimedOut {
                return now;
            }
        }
    }

    /// Whether the generation of `seen` was released, now that the word is `now`.
    fn has_passed(&self, seen: u32, now: u32, slot: &Slot<P>) -> bool {
        match generation(now).wrapping_sub(generation(seen)) & !0 >> 2 {
            0 => false,
            1 => now & RESET == 0,
            // Invariant 3.
            _ => slot.ended.load(Relaxed) == PASSED,
        }
    }

    /// An operation that begins by taking the gate.
    pub(super) fn gated(&self, name: &'static str, site: P::Site) -> Op {
        let free = Guard { word: self.gate.address(), mask: OWNER, value: 0, cmp: Cmp::Eq };
        Op::new(Kind::ReadWrite, name, self.address(), site.location()).with(self.gate.address()).when(free)
    }

    /// Takes a gate or a slot; false if the deadline passed first. That its last owner died
    /// means nothing: between any two instructions all is in order.
    pub(super) fn take(&self, lock: &RawRobustMutex<P>, deadline: Option<u64>, site: P::Site) -> bool {
        match deadline {
            None => {
                lock.lock(site);
                true
            }
            Some(deadline) => lock.lock_until(deadline, site).is_some(),
        }
    }

    /// The slots in use.
    pub(super) fn used(&self) -> &[Slot<P>] {
        &self.slots[..self.parties as usize - 1]
    }

    /// How many have arrived for the generation of `word`.
    pub(super) fn arrived(&self, word: u32, site: P::Site) -> u32 {
        let here =
            |slot: &&Slot<P>| slot.generation.load(Acquire) == generation(word) && slot.lock.is_locked(site);
        self.used().iter().filter(here).count() as u32
    }
}

pub(super) fn generation(word: u32) -> u32 {
    word >> 2
}

impl<P: Robust, const SLOTS: usize> fmt::Debug for RawBarrier<P, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBarrier").finish_non_exhaustive()
    }
}
