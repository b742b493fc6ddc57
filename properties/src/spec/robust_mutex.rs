//! A mutex that survives its holders, around a number; also the one that its holder can take
//! again.
//!
//! | state | `lock` | `write` | `repair` | `unlock` |
//! |---|---|---|---|---|
//! | free | holds | refused | refused | refused |
//! | free, its holder was killed | holds, and is told | refused | refused | refused |
//! | held by the caller, sound | waits; one deeper, if reentrant | n + 1 | nothing | free, or one less deep |
//! | held by the caller, who was told | the same | n + 1 | sound | lost, or one less deep |
//! | held by another | waits | refused | refused | refused |
//! | lost | told so | refused | refused | refused |
//!
//! When the holder dies, the next one is told, and nobody after it.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A robust mutex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RobustMutex {
    /// Its holder can take it again.
    pub reentrant: bool,
}

/// What one can do with a robust mutex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RobustOp {
    /// Takes it, waiting.
    Lock,
    /// Takes it if it is free.
    TryLock,
    /// Raises the number, if the caller has it.
    Write,
    /// Says that the number is in order, if the caller has it.
    Repair,
    /// Gives it back once, if the caller has it.
    Unlock,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RobustRet {
    /// The caller has it now; what the number is.
    Holds(u32),
    /// The same, after the death of its holder.
    Died(u32),
    /// It was given back unrepaired once.
    Lost,
    /// It was done.
    Done,
    /// Nothing was done.
    Refused,
}

/// What is known of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Torn {
    /// It is in order.
    No,
    /// Its holder was killed, and nobody was told yet.
    Dead,
    /// The holder was told.
    Told,
    /// Nobody will ever hold it again.
    Lost,
}

/// Who holds it, how often, the number, and what is known of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RobustState {
    /// The holder.
    pub holder: Option<Task>,
    /// How often it holds it.
    pub depth: u32,
    /// How often it was written.
    pub number: u32,
    /// Whether it is in order.
    pub torn: Torn,
}

impl Specification for RobustMutex {
    type Op = RobustOp;
    type Ret = RobustRet;
    type State = RobustState;

    fn init(&self) -> RobustState {
        RobustState { holder: None, depth: 0, number: 0, torn: Torn::No }
    }

    fn outcomes(&self, state: &RobustState, by: Task, op: &RobustOp) -> Vec<Outcome<Self>> {
        let RobustState { holder, depth, number, torn } = *state;
        let taken = RobustState { holder: Some(by), depth: depth + 1, ..*state };
        if holder == Some(by) {
            let given_back = match torn {
                Torn::Told => RobustState { holder: None, depth: 0, torn: Torn::Lost, ..*state },
                _ => RobustState { holder: None, depth: 0, ..*state },
            };
            return match op {
                RobustOp::Lock | RobustOp::TryLock if self.reentrant => {
                    vec![(RobustRet::Holds(number), taken)]
                }
                RobustOp::Lock => Vec::new(),
                RobustOp::TryLock => vec![(RobustRet::Refused, *state)],
                RobustOp::Write => vec![(RobustRet::Done, RobustState { number: number + 1, ..*state })],
                RobustOp::Repair => vec![(RobustRet::Done, RobustState { torn: Torn::No, ..*state })],
                RobustOp::Unlock if depth > 1 => {
                    vec![(RobustRet::Done, RobustState { depth: depth - 1, ..*state })]
                }
                RobustOp::Unlock => vec![(RobustRet::Done, given_back)],
            };
        }
        match (op, holder, torn) {
            (RobustOp::Lock, None, Torn::Lost) => vec![(RobustRet::Lost, *state)],
            // Whoever finds out has it for a moment.
            (RobustOp::TryLock, None, Torn::Lost) => {
                vec![(RobustRet::Lost, *state), (RobustRet::Refused, *state)]
            }
            (RobustOp::Lock | RobustOp::TryLock, None, Torn::Dead) => {
                vec![(RobustRet::Died(number), RobustState { torn: Torn::Told, ..taken })]
            }
            (RobustOp::Lock | RobustOp::TryLock, None, _) => vec![(RobustRet::Holds(number), taken)],
            (RobustOp::Lock, Some(_), _) => Vec::new(),
            _ => vec![(RobustRet::Refused, *state)],
        }
    }

    fn died(&self, state: &RobustState, by: Task) -> RobustState {
        if state.holder == Some(by) {
            RobustState { holder: None, depth: 0, torn: Torn::Dead, ..*state }
        } else {
            *state
        }
    }

    fn declaration(&self) -> String {
        if self.reentrant { "ReentrantMutex::new(0)" } else { "RobustMutex::new(0)" }.to_owned()
    }

    fn call(&self, op: &RobustOp) -> String {
        match op {
            RobustOp::Lock => "lock()",
            RobustOp::TryLock => "try_lock()",
            RobustOp::Write => "write()",
            RobustOp::Repair => "mark_consistent()",
            RobustOp::Unlock => "unlock()",
        }
        .to_owned()
    }
}
