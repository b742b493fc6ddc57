//! Something that is done once.
//!
//! | state | `call_once` | `wait` | `is_completed` |
//! |---|---|---|---|
//! | not done | does it | waits | false |
//! | done | returns | returns | true |
//!
//! When a task dies doing it, it is not done.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// Something done once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Once;

/// What one can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OnceOp {
    /// Sees to it that it is done.
    CallOnce,
    /// Waits until it is done.
    Wait,
    /// Looks.
    IsCompleted,
}

impl Specification for Once {
    type Op = OnceOp;
    /// Whether the caller did it; whether it is done.
    type Ret = bool;
    type State = bool;

    fn init(&self) -> bool {
        false
    }

    fn outcomes(&self, &done: &bool, _: Task, op: &OnceOp) -> Vec<Outcome<Self>> {
        match op {
            OnceOp::CallOnce => vec![(!done, true)],
            OnceOp::Wait if done => vec![(true, true)],
            OnceOp::Wait => Vec::new(),
            OnceOp::IsCompleted => vec![(done, done)],
        }
    }

    fn declaration(&self) -> String {
        "Once::new()".to_owned()
    }

    fn call(&self, op: &OnceOp) -> String {
        match op {
            OnceOp::CallOnce => "call_once(|| work())",
            OnceOp::Wait => "wait()",
            OnceOp::IsCompleted => "is_completed()",
        }
        .to_owned()
    }
}
