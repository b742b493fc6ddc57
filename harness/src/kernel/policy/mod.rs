//! Who goes on where the plan's prefix does not say: one file per policy that needs
//! more than a line.
//!
//! Called by the running task at each decision, in whatever process it lives; so a
//! policy works on plain data in the arena, allocates nothing, and costs as little as
//! it can. Which policy runs is the strategy's business, written into the plan.
//!
//! | file | what is there |
//! |---|---|
//! | `awake` | never a task that sleeps: for `dpor` |
//! | `standing` | what guided policies know of each task, and how a strategy writes it |
//! | `pct`, `pos`, `urw`, `surw`, `delay`, `paced` | one guided policy each; papers are named by the strategies |
//! | `sums` | sums over the standings, for `surw` |
//! | `bits` | picking single bits of a set |
//!
//! 1. A policy sees nothing that differs between the engines: addresses are only
//!    compared, never ordered or hashed.
//! 2. What it draws comes from the plan's generator; so a plan decides an execution.
//!
//! When a process dies here, nothing is half done: a policy only chooses.

mod awake;
pub(in crate::kernel) mod bits;
mod delay;
mod paced;
mod pct;
mod pos;
mod standing;
mod sums;
mod surw;
mod urw;

pub(crate) use awake::Sleeper;
pub(crate) use paced::Pace;
pub(super) use standing::Guide;
pub(crate) use standing::{Forecast, MARKS, Mark, Standing};
pub(crate) use surw::is_eligible;

use crate::kernel::data::state::Kernel;
use crate::kernel::schedule::plan::Policy;
use crate::kernel::schedule::rng::Rng;
use std::hint::select_unpredictable;

impl Kernel {
    /// Applies the policy to a set of at most 64 tasks, which is not empty.
    #[inline(always)]
    pub(super) fn choose_in(&mut self, set: u64) -> usize {
        if self.plan.policy.is_guided() {
            return self.choose_guided();
        }
        let lowest = set.trailing_zeros() as usize;
        let rest = set & (set - 1);
        if rest == 0 {
            return lowest;
        }
        if self.plan.policy == Policy::Random {
            return self.draw_from(set, lowest, rest);
        }
        if set >> self.current & 1 == 1 { self.current as usize } else { lowest }
    }

    /// Applies the policy where all enabled tasks, of which there are some, stand in this word
    /// of their set.
    #[inline]
    pub(super) fn choose_in_word(&mut self, index: usize) -> usize {
        if self.plan.policy != Policy::Random {
            return self.choose_among();
        }
        let set = self.enabled()[index];
        let (lowest, rest) = (set.trailing_zeros() as usize, set & (set - 1));
        index * 64 + if rest == 0 { lowest } else { self.draw_from(set, lowest, rest) }
    }

    /// One of the tasks of a set, all equally likely: of two or more, `lowest` being the
    /// first and `rest` the others.
    #[inline(always)]
    fn draw_from(&mut self, set: u64, lowest: usize, rest: u64) -> usize {
        let drawn = self.plan.rng.next_u64();
        if rest & (rest - 1) == 0 {
            // Two tasks, the most frequent case by far, need not be counted.
            return select_unpredictable(Rng::fit(drawn, 2) == 0, lowest, rest.trailing_zeros() as usize);
        }
        bits::at(set, drawn, self.deposits)
    }

    /// Applies the policy to the whole set, which is not empty.
    #[inline(never)]
    pub(super) fn choose_among(&mut self) -> usize {
        match self.plan.policy {
            Policy::Random => {
                let count = bits::count(self.enabled_words());
                let n = if count == 1 { 0 } else { self.plan.rng.below(count) };
                self.nth_enabled(n)
            }
            Policy::Stay | Policy::Awake if self.is_enabled(self.current as usize) => self.current as usize,
            Policy::Stay | Policy::Awake => self.nth_enabled(0),
            _ => self.choose_guided(),
        }
    }

    /// Applies a policy that keeps notes, to a set of any size.
    #[inline(never)]
    fn choose_guided(&mut self) -> usize {
        if self.steps >= self.plan.patience {
            return self.lose_patience();
        }
        // All sets of tasks are a single word, which then stays in a register: `ONE`.
        match (self.plan.policy, self.words <= 1) {
            (Policy::Pct, true) => self.choose_pct::<true>(),
            (Policy::Pct, _) => self.choose_pct::<false>(),
            (Policy::Pos, true) => self.choose_pos::<true>(),
            (Policy::Pos, _) => self.choose_pos::<false>(),
            (Policy::Urw, true) => self.choose_urw::<true>(),
            (Policy::Urw, _) => self.choose_urw::<false>(),
            (Policy::Surw, true) => self.choose_surw::<true>(),
            (Policy::Surw, _) => self.choose_surw::<false>(),
            (Policy::Paced, true) => self.choose_paced::<true>(),
            (Policy::Paced, _) => self.choose_paced::<false>(),
            _ => self.choose_delayed(),
        }
    }

    #[cold]
    fn lose_patience(&mut self) -> usize {
        self.plan.policy = Policy::Random;
        self.choose_among()
    }

    fn nth_enabled(&self, n: u32) -> usize {
        bits::nth(self.enabled_words(), n)
    }
}
