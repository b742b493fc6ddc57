//! A condition variable and the mutex that belongs to it.
//!
//! | state of the caller | `wait` | `notify_one` | `notify_all` |
//! |---|---|---|---|
//! | holds the mutex | gives it up and waits; then takes it again | some who wait are woken | all who wait are woken |
//! | does not | refused by the program | the same | the same |
//!
//! A wait has two parts. `notify_one` wakes at least one of those who wait and may wake more:
//! who waits looks again at what it waits for. When the holder dies, the mutex stays held.

use super::mutex::MutexRet;
use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A condition variable with its mutex.
#[derive(Clone, Copy, Debug, Default)]
pub struct Condvar;

/// What one can do with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CondvarOp {
    /// Takes the mutex, waiting.
    Lock,
    /// Gives it back, if the caller has it.
    Unlock,
    /// Waits until notified, if the caller has the mutex.
    Wait,
    /// The same, for a while.
    WaitTimeout,
    /// Wakes one who waits.
    NotifyOne,
    /// Wakes all who wait.
    NotifyAll,
}

/// Who has the mutex, who waits, and who was woken and does not have it yet, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CondvarState {
    /// Who has the mutex.
    pub holder: Option<Task>,
    /// Who waits.
    pub waiting: u32,
    /// Who was woken.
    pub woken: u32,
}

impl Specification for Condvar {
    type Op = CondvarOp;
    type Ret = MutexRet;
    type State = CondvarState;

    fn init(&self) -> CondvarState {
        CondvarState::default()
    }

    fn outcomes(&self, state: &CondvarState, by: Task, op: &CondvarOp) -> Vec<Outcome<Self>> {
        let CondvarState { holder, waiting, woken } = *state;
        let bit = 1 << by;
        let back = CondvarState { holder: Some(by), waiting: waiting & !bit, woken: woken & !bit };
        match op {
            CondvarOp::Lock if holder.is_none() => {
                vec![(MutexRet::Done, CondvarState { holder: Some(by), ..*state })]
            }
            CondvarOp::Lock => Vec::new(),
            CondvarOp::Unlock if holder == Some(by) => {
                vec![(MutexRet::Done, CondvarState { holder: None, ..*state })]
            }
            CondvarOp::Unlock => vec![(MutexRet::Refused, *state)],
            CondvarOp::Wait | CondvarOp::WaitTimeout if (waiting | woken) & bit == 0 => {
                vec![(MutexRet::Refused, *state)]
            }
            CondvarOp::Wait | CondvarOp::WaitTimeout if holder.is_some() => Vec::new(),
            CondvarOp::Wait if woken & bit == 0 => Vec::new(),
            // A wait that took too long may have been woken at the last moment.
            CondvarOp::Wait | CondvarOp::WaitTimeout => vec![(MutexRet::Done, back)],
            CondvarOp::NotifyAll => {
                vec![(MutexRet::Done, CondvarState { holder, waiting: 0, woken: woken | waiting })]
            }
            CondvarOp::NotifyOne if waiting == 0 => vec![(MutexRet::Done, *state)],
            CondvarOp::NotifyOne => {
                let some = (1..=waiting).filter(|some| some & !waiting == 0);
                let state =
                    |some: u32| CondvarState { holder, waiting: waiting & !some, woken: woken | some };
                some.map(|some| (MutexRet::Done, state(some))).collect()
            }
        }
    }

    fn has_two_parts(&self, op: &CondvarOp) -> bool {
        matches!(op, CondvarOp::Wait | CondvarOp::WaitTimeout)
    }

    fn begun(&self, state: &CondvarState, by: Task, _: &CondvarOp) -> Vec<CondvarState> {
        vec![if state.holder == Some(by) {
            CondvarState { holder: None, waiting: state.waiting | 1 << by, ..*state }
        } else {
            *state
        }]
    }

    fn declaration(&self) -> String {
        "(Mutex::new(()), Condvar::new())".to_owned()
    }

    fn call(&self, op: &CondvarOp) -> String {
        match op {
            CondvarOp::Lock => "lock()",
            CondvarOp::Unlock => "unlock()",
            CondvarOp::Wait => "wait()",
            CondvarOp::WaitTimeout => "wait_timeout(1 s)",
            CondvarOp::NotifyOne => "notify_one()",
            CondvarOp::NotifyAll => "notify_all()",
        }
        .to_owned()
    }
}
