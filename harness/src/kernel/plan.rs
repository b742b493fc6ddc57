//! What an execution shall do, decided before it starts: a prefix of choices, and a
//! policy for everything after it.
//!
//! Written by a strategy between executions, read by the running task at each
//! decision. Plain data, because in `real` the decisions are taken in other
//! processes than the strategy lives in.

use super::rng::Rng;

/// Who goes on where the prefix does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Policy {
    /// Any enabled task, all equally likely.
    Random,
    /// The task that ran last, while it is enabled; else the enabled task with the
    /// lowest number. The run without preemption.
    Stay,
}

/// What happens when the prefix names a task that is not enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mismatch {
    /// The execution ends as diverged.
    Stop,
    /// The choice is skipped.
    Skip,
}

/// The plan of one execution.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Plan {
    /// Who goes on after the prefix.
    pub(crate) policy: Policy,
    /// What an impossible choice means.
    pub(crate) mismatch: Mismatch,
    /// Record the set of enabled tasks at each step.
    pub(crate) log_enabled: bool,
    /// Record events: what happened, not only who went on.
    pub(crate) record: bool,
    /// Choices in the prefix.
    pub(crate) prefix: u32,
    /// The generator of the policy.
    pub(crate) rng: Rng,
}

impl Plan {
    /// The run without preemption.
    pub(crate) const STAY: Plan = Plan {
        policy: Policy::Stay,
        mismatch: Mismatch::Stop,
        log_enabled: false,
        record: false,
        prefix: 0,
        rng: Rng::new(0),
    };
}
