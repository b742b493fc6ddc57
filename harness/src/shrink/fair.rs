//! Whether an execution that never ended would end if everybody got a turn.
//!
//! Called by the shrinker and for the report of a livelock. A task that looks again and
//! again goes on for ever under a schedule that leaves the others out; that says how it
//! waits, and not that what it waits for never comes. So the schedule is followed for
//! its first half, and from there chance decides, which leaves nobody out for long.

use crate::engine::Executor;
use crate::judge::Verdict;
use crate::kernel::{Choice, Plan, Policy, Rng};

/// Whether the program comes to an end, whatever end, within the bound on steps after
/// chance has taken over in the middle of `schedule`.
pub(crate) fn ends_if_fair(executor: &mut dyn Executor, schedule: &[Choice]) -> bool {
    let kernel = executor.kernel();
    kernel.plan = Plan { policy: Policy::Random, rng: Rng::new(schedule.len() as u64), ..Plan::STAY };
    kernel.set_prefix(&schedule[..schedule.len() / 2]);
    let mut label = String::new();
    !matches!(executor.execute(&mut label), Verdict::Livelock { .. })
}
