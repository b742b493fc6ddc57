//! How long a caller is ready to wait, as the machines of words are told.
//!
//! Called by every machine that can be waited for in three ways: for ever, until a
//! deadline, not at all.
//!
//! When a process dies here, there is nothing to lose.

use super::{RawRobustMutex, Taken};
use crate::platform::{Guard, Op, Robust};
use std::time::Duration;

/// How long a caller is ready to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes.
    Forever,
    /// Until a moment in nanoseconds on the platform's clock.
    Until(u64),
    /// Not at all.
    Never,
}

impl Patience {
    /// No longer than `timeout` from now on. No time at all is not to wait.
    #[inline]
    #[must_use]
    pub fn within<P: Robust>(timeout: Duration) -> Patience {
        if timeout.is_zero() { Patience::Never } else { Patience::Until(P::deadline(timeout)) }
    }

    /// The deadline of an operation that waits this long.
    pub(crate) fn deadline(self) -> Option<u64> {
        match self {
            Patience::Until(deadline) => Some(deadline),
            Patience::Forever | Patience::Never => None,
        }
    }

    /// The operation of a caller with this patience: the first of `names` with a guard for
    /// whoever waits, the second for whoever does not, which changes nothing where that does not
    /// hold.
    #[inline]
    pub(super) fn announce(
        self,
        names: [&'static str; 2],
        op: impl Fn(&'static str) -> Op,
        guard: impl FnOnce() -> Guard,
    ) -> Op {
        match self {
            Patience::Never => op(names[1]).only_where(guard()),
            Patience::Until(_) | Patience::Forever => op(names[0]).when(guard()).until(self.deadline()),
        }
    }

    /// Takes the gate; false if the patience did not last. That its last holder died means
    /// nothing: it holds nothing else by having it.
    pub(super) fn take<P: Robust>(self, gate: &RawRobustMutex<P>, site: P::Site) -> bool {
        let taken = match self {
            Patience::Forever => Some(gate.lock(site)),
            Patience::Until(deadline) => gate.lock_until(deadline, site),
            Patience::Never => gate.try_lock(site),
        };
        debug_assert_ne!(taken, Some(Taken::Unrecoverable), "a gate is always given back in order");
        taken.is_some()
    }
}
