//! A counting semaphore; the one whose limit is its number of permits is bounded.
//!
//! | state | `acquire` | `try_acquire` | `release(k)` | `value` |
//! |---|---|---|---|---|
//! | n = 0 | waits | refused | k, unless above the limit | 0 |
//! | n > 0 | n - 1 | n - 1 | n + k, unless above the limit | n |
//!
//! A timed acquire may also give up, in any state. When a task dies with a permit, the
//! permit is gone.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semaphore {
    /// Free at the beginning.
    pub permits: u32,
    /// The most that may be free.
    pub limit: u32,
}

/// What one can do with a semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SemaphoreOp {
    /// Takes a permit, waiting.
    Acquire,
    /// Takes a permit if one is free.
    TryAcquire,
    /// Takes a permit, waiting for a while.
    AcquireTimeout,
    /// Gives so many.
    Release(u32),
    /// Looks how many are free.
    Value,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SemaphoreRet {
    /// It was done.
    Done,
    /// Nothing was done.
    Refused,
    /// So many are free.
    Value(u32),
}

impl Specification for Semaphore {
    type Op = SemaphoreOp;
    type Ret = SemaphoreRet;
    type State = u32;

    fn init(&self) -> u32 {
        self.permits
    }

    fn outcomes(&self, &free: &u32, _: Task, op: &SemaphoreOp) -> Vec<Outcome<Self>> {
        let refused = (SemaphoreRet::Refused, free);
        let taken = free.checked_sub(1).map(|rest| (SemaphoreRet::Done, rest));
        match *op {
            SemaphoreOp::Acquire => taken.into_iter().collect(),
            SemaphoreOp::TryAcquire => vec![taken.unwrap_or(refused)],
            SemaphoreOp::AcquireTimeout => taken.into_iter().chain([refused]).collect(),
            SemaphoreOp::Release(count) if count > self.limit.saturating_sub(free) => vec![refused],
            SemaphoreOp::Release(count) => vec![(SemaphoreRet::Done, free + count)],
            SemaphoreOp::Value => vec![(SemaphoreRet::Value(free), free)],
        }
    }

    fn declaration(&self) -> String {
        match self.limit == self.permits {
            true => format!("BoundedSemaphore::new({})", self.permits),
            false => format!("Semaphore::new({})", self.permits),
        }
    }

    fn call(&self, op: &SemaphoreOp) -> String {
        match op {
            SemaphoreOp::Acquire => "acquire()".to_owned(),
            SemaphoreOp::TryAcquire => "try_acquire()".to_owned(),
            SemaphoreOp::AcquireTimeout => "acquire_timeout(1 s)".to_owned(),
            SemaphoreOp::Release(count) => format!("release_n({count})"),
            SemaphoreOp::Value => "value()".to_owned(),
        }
    }
}
