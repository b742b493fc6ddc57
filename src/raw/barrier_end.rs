//! The half of a barrier that ends a generation: by a release, or by breaking it, and by
//! making it whole again.
//!
//! Called by whoever arrived as the last, and by whoever gives up; `barrier.rs` tells why it
//! is right, and the numbers of invariants here are that file's.
//!
//! When a process dies here, see there.

use super::barrier::{BROKEN, GENERATION, RESET, generation};
use super::{BarrierError, Left, RawBarrier};
use crate::platform::{Atomic, Change, Guard, Kind, Op, Robust, Site};
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// What a slot says of the generation before, in the place of nothing.
pub(super) const PASSED: u32 = 1;
const FAILED: u32 = 2;

impl<P: Robust, const SLOTS: usize> RawBarrier<P, SLOTS> {
    /// Releases all who have arrived. The caller arrived as the last, and `seen` is what it
    /// saw.
    ///
    /// # Errors
    /// [`BarrierError::Broken`] if somebody broke the barrier during the action.
    pub fn release(&self, seen: u32, site: P::Site) -> Result<(), BarrierError> {
        let op =
            || Op::new(Kind::ReadWrite, "release", self.address(), site.location()).with(self.gate.address());
        P::step(op, || {
            let whole = self.word.load(Acquire) == seen;
            // Alone, nobody can have come to wait.
            if whole && self.parties > 1 {
                let next = GENERATION - (seen & RESET) as i16;
                P::futex_change_and_wake_all(&self.word, Change::Add(next));
            }
            self.gate.unlock_mine(P::me(), Left::Clean, site);
            if whole { Ok(()) } else { Err(BarrierError::Broken) }
        })
    }

    /// Breaks the barrier after an action that did not come to its end. The caller arrived
    /// as the last.
    pub fn fail(&self, site: P::Site) {
        let op = || Op::new(Kind::Write, "abort", self.address(), site.location()).with(self.gate.address());
        P::step(op, || {
            self.shatter();
            self.gate.unlock_mine(P::me(), Left::Clean, site);
        });
    }

    /// Breaks the barrier: all who wait, and all who come, are told so, until it is reset.
    pub fn abort(&self, site: P::Site) {
        P::step(|| Op::new(Kind::Write, "abort", self.address(), site.location()), || self.shatter());
    }

    pub(super) fn shatter(&self) {
        if self.word.load(Relaxed) & BROKEN == 0 {
            P::futex_change_and_wake_all(&self.word, Change::Or(BROKEN as u16));
        }
    }

    /// Makes the barrier whole and empty. Those who wait are told that it was broken.
    pub fn reset(&self, site: P::Site) {
        // From inside the action, the caller has the gate already.
        let mine = self.gate.is_mine();
        let op =
            || if mine { self.gated("reset", site).when(Guard::ALWAYS) } else { self.gated("reset", site) };
        P::step(op, || {
            if !mine {
                self.take(&self.gate, None, site);
            }
            let word = self.word.load(Relaxed);
            if word & BROKEN != 0 || mine || self.arrived(word, site) > 0 {
                let ended = if word & RESET == 0 { PASSED } else { FAILED };
                let before = generation(word).wrapping_sub(1) & !0 >> 2;
                for slot in self.used() {
                    if slot.generation.load(Relaxed) == before {
                        slot.ended.store(ended, Relaxed);
                    }
                }
                let next = GENERATION + (RESET - (word & RESET)) as i16 - (word & BROKEN) as i16;
                P::futex_change_and_wake_all(&self.word, Change::Add(next));
            }
            if !mine {
                self.gate.unlock_mine(P::me(), Left::Clean, site);
            }
        });
    }
}
