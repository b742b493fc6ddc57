//! A mutex around a number that each holder raises as it lets go.
//!
//! | state | `lock` | `try_lock` | `unlock` |
//! |---|---|---|---|
//! | free, n | holds, sees n | holds, sees n | refused |
//! | held by the caller | waits for ever | refused | free, n + 1 |
//! | held by another | waits | refused | refused |
//!
//! When the holder dies, the lock stays held: this one is not robust.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A mutex.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mutex;

/// What one can do with a mutex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MutexOp {
    /// Takes it, waiting.
    Lock,
    /// Takes it if it is free.
    TryLock,
    /// Raises the number and gives it back, if the caller has it.
    Unlock,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MutexRet {
    /// The caller has it now; what the number is.
    Holds(u32),
    /// It was given back.
    Done,
    /// Nothing was done.
    Refused,
}

/// Who holds it, and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MutexState {
    /// The holder.
    pub holder: Option<Task>,
    /// How often it was given back.
    pub number: u32,
}

impl Specification for Mutex {
    type Op = MutexOp;
    type Ret = MutexRet;
    type State = MutexState;

    fn init(&self) -> MutexState {
        MutexState { holder: None, number: 0 }
    }

    fn outcomes(&self, state: &MutexState, by: Task, op: &MutexOp) -> Vec<Outcome<Self>> {
        let MutexState { holder, number } = *state;
        match (op, holder) {
            (MutexOp::Lock | MutexOp::TryLock, None) => {
                vec![(MutexRet::Holds(number), MutexState { holder: Some(by), number })]
            }
            (MutexOp::Lock, Some(_)) => Vec::new(),
            (MutexOp::Unlock, Some(holder)) if holder == by => {
                vec![(MutexRet::Done, MutexState { holder: None, number: number + 1 })]
            }
            (MutexOp::TryLock | MutexOp::Unlock, _) => vec![(MutexRet::Refused, *state)],
        }
    }

    fn declaration(&self) -> String {
        "Mutex::new(0)".to_owned()
    }

    fn call(&self, op: &MutexOp) -> String {
        match op {
            MutexOp::Lock => "lock()",
            MutexOp::TryLock => "try_lock()",
            MutexOp::Unlock => "unlock()",
        }
        .to_owned()
    }
}
