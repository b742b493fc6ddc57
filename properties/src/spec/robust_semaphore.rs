//! A semaphore that gets permits back from the dead.
//!
//! | state | `acquire` | `try_acquire` | `release` | `value` |
//! |---|---|---|---|---|
//! | none free | waits | refused | one more free, if the caller has one | 0 |
//! | n free | n - 1 | n - 1 | one more free, if the caller has one | n |
//!
//! Who is about to acquire may have a free permit in its hands for a moment, and put it back
//! because it is not its turn; and who counts looks at one permit after the other. So who
//! tries or counts while somebody else does something may be refused, or count what never
//! was; who is alone with it is told what is.
//!
//! When a task dies, its permits are free again.

use super::semaphore::SemaphoreRet;
use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A robust semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RobustSemaphore {
    /// How many there are.
    pub permits: u32,
}

/// What one can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PermitOp {
    /// Takes a permit, waiting.
    Acquire,
    /// Takes a permit if one is free.
    TryAcquire,
    /// Gives one back, if the caller has one.
    Release,
    /// Looks how many are free.
    Value,
}

/// Who has how many permits, and who is about to find out something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermitState {
    /// How many permits each task has, by its number.
    pub held: [u32; 8],
    /// Who is about to take one or to count them, by number.
    pub active: u32,
    /// Who is, and was not alone with it, by number.
    pub disturbed: u32,
}

impl PermitState {
    /// After `by` has come to its result, and has `count` permits.
    fn after(mut self, by: Task, count: u32) -> PermitState {
        if self.held[usize::from(by)] != count {
            self.disturbed |= self.active;
        }
        self.held[usize::from(by)] = count;
        self.active &= !(1 << by);
        self.disturbed &= !(1 << by);
        self
    }
}

impl Specification for RobustSemaphore {
    type Op = PermitOp;
    type Ret = SemaphoreRet;
    type State = PermitState;

    fn init(&self) -> PermitState {
        PermitState::default()
    }

    fn outcomes(&self, state: &PermitState, by: Task, op: &PermitOp) -> Vec<Outcome<Self>> {
        let free = self.permits - state.held.iter().sum::<u32>();
        let mine = state.held[usize::from(by)];
        let alone = state.disturbed >> by & 1 == 0;
        let taken = (SemaphoreRet::Done, state.after(by, mine + 1));
        let refused = (SemaphoreRet::Refused, state.after(by, mine));
        match op {
            PermitOp::Acquire if free == 0 => Vec::new(),
            PermitOp::Acquire => vec![taken],
            PermitOp::TryAcquire if free == 0 => vec![refused],
            PermitOp::TryAcquire if alone => vec![taken],
            PermitOp::TryAcquire => vec![taken, refused],
            PermitOp::Release if mine > 0 => vec![(SemaphoreRet::Done, state.after(by, mine - 1))],
            PermitOp::Release => vec![refused],
            PermitOp::Value => {
                let seen = if alone { free..=free } else { 0..=self.permits };
                seen.map(|seen| (SemaphoreRet::Value(seen), state.after(by, mine))).collect()
            }
        }
    }

    fn has_two_parts(&self, op: &PermitOp) -> bool {
        *op != PermitOp::Release
    }

    fn begun(&self, state: &PermitState, by: Task, _: &PermitOp) -> Vec<PermitState> {
        let active = state.active | 1 << by;
        let disturbed = if state.active == 0 { 0 } else { active };
        vec![PermitState { active, disturbed: state.disturbed | disturbed, ..*state }]
    }

    fn died(&self, state: &PermitState, by: Task) -> PermitState {
        state.after(by, 0)
    }

    fn declaration(&self) -> String {
        format!("RobustSemaphore::new({})", self.permits)
    }

    fn call(&self, op: &PermitOp) -> String {
        match op {
            PermitOp::Acquire => "acquire()",
            PermitOp::TryAcquire => "try_acquire()",
            PermitOp::Release => "release()",
            PermitOp::Value => "value()",
        }
        .to_owned()
    }
}
