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
    /// As `Stay`, among the tasks that are not asleep; see `policy::awake`.
    Awake,
    /// The task with the highest priority, which falls at a few marked steps.
    Pct,
    /// The task whose operation has the highest priority; racing ones are drawn anew.
    Pos,
    /// Each task as likely as it has operations left.
    Urw,
    /// As `Urw` over the operations on one object, the others in between.
    Surw,
    /// The task whose next operation has the highest rank, drawn by what the task has left.
    Paced,
    /// Round robin without preemption, except for delays at a few marked steps.
    Delay,
}

impl Policy {
    /// Whether it keeps notes on tasks while the execution goes on.
    #[inline(always)]
    pub(in crate::kernel) fn is_guided(self) -> bool {
        self as u8 > Policy::Awake as u8
    }
}

/// What happens when the prefix names a task that is not enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mismatch {
    /// The execution ends as diverged.
    Stop,
    /// The choice is skipped.
    Skip,
    /// From the choice with this index on the rest of the prefix is dropped; before it, as `Stop`.
    DropFrom(u32),
}

/// The plan of one execution.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Plan {
    /// Who goes on after the prefix.
    pub(crate) policy: Policy,
    /// What an impossible choice means.
    pub(crate) mismatch: Mismatch,
    /// Record the set of enabled tasks at each step; where events are recorded it is anyway.
    pub(crate) log_enabled: bool,
    /// Record events: what happened, not only who went on.
    pub(crate) record: bool,
    /// Choices in the prefix.
    pub(crate) prefix: u32,
    /// From this step on a guided policy gives way to `Random`, which is fair: a task
    /// that waits in a loop must not starve the one that it waits for.
    pub(crate) patience: u32,
    /// Policy `Awake`: how many tasks sleep, and from which step on.
    pub(crate) sleepers: u32,
    pub(crate) asleep_from: u32,
    /// After the step with this index its task ends, with this exit code, and with it the
    /// execution; only where events are recorded.
    pub(crate) exit: Option<(u32, i32)>,
    /// The number of the crowd on the heap during the execution; 0 for none.
    pub(crate) crowd: u8,
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
        patience: u32::MAX,
        sleepers: 0,
        asleep_from: 0,
        exit: None,
        crowd: 0,
        rng: Rng::new(0),
    };

    /// Whether the set of enabled tasks is recorded at each step.
    #[inline(always)]
    pub(crate) fn logs(&self) -> bool {
        self.log_enabled || self.record
    }

    /// A run by this policy.
    pub(crate) const fn by(policy: Policy, rng: Rng) -> Plan {
        Plan { policy, rng, ..Plan::STAY }
    }
}
