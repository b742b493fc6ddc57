//! How a task comes to a barrier, and why it may not pass.
//!
//! Called by [`RawBarrier`](super::RawBarrier) and by whoever waits at one.
//!
//! When a process dies here, there is nothing to lose.

use crate::platform::Observe;

/// Why a task did not pass a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BarrierError {
    /// Somebody called abort or reset, or waited in vain for as long as it was ready to, or
    /// panicked in the action.
    #[error("the barrier is broken; after reset() it can be used again")]
    Broken,
    /// A wait that was only to be tried found that parties are missing.
    #[error("the barrier would make this task wait: parties are missing")]
    WouldBlock,
    /// The action of the barrier waits at that same barrier.
    #[error("the action of a barrier cannot wait at it: the others wait for the action")]
    InAction,
}

/// How a task has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// As the last one: it does the action, and then must call `release`.
    Last {
        /// The word at that time, for `release`.
        seen: u32,
    },
    /// Others are missing: it must call `wait` next.
    Early {
        /// The word at that time, for `wait`.
        seen: u32,
        /// Its place, from 0, which no other one has at the time.
        slot: usize,
    },
}

impl Observe for Arrival {
    fn observed(&self) -> u64 {
        match self {
            Arrival::Last { .. } => u64::MAX - 1,
            Arrival::Early { slot, .. } => *slot as u64,
        }
    }
}
