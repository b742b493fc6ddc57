//! A pool of workers, to whom tasks are given: each is to be run once, and its result goes to
//! whoever gave it, in the order of giving.
//!
//! | state | `submit(x)` | `collect` | `close` | `join` |
//! |---|---|---|---|---|
//! | open | taken | x + 1 of the caller's first; nothing if there is none | closed | refused |
//! | closed | refused | the same | nothing | how many tasks were run |
//!
//! Here, workers do not die.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// How many workers it has.
    pub workers: usize,
}

/// What one can do with a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PoolOp {
    /// Has a task run that adds 1 to a number.
    Submit(u8),
    /// Waits for the result of the caller's first task whose result it has not.
    Collect,
    /// Takes no more tasks.
    Close,
    /// Waits for the end of all, and counts how often a task was run.
    Join,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PoolRet {
    /// It was done.
    Done,
    /// The pool is closed, or for a join is not.
    Refused,
    /// A result.
    Result(u8),
    /// There is nothing to collect.
    Nothing,
    /// So often a task was run.
    Runs(u32),
}

/// Where a pool stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolState {
    /// Whether it is closed.
    pub closed: bool,
    /// How many tasks were taken.
    pub taken: u32,
    /// What each task of the program has not collected, by its number.
    pub out: [Vec<u8>; 8],
}

impl Specification for Pool {
    type Op = PoolOp;
    type Ret = PoolRet;
    type State = PoolState;

    fn init(&self) -> PoolState {
        PoolState::default()
    }

    fn outcomes(&self, state: &PoolState, by: Task, op: &PoolOp) -> Vec<Outcome<Self>> {
        let mut next = state.clone();
        let out = &mut next.out[usize::from(by)];
        let ret = match *op {
            PoolOp::Submit(_) if state.closed => PoolRet::Refused,
            PoolOp::Submit(number) => {
                out.push(number);
                next.taken += 1;
                PoolRet::Done
            }
            PoolOp::Collect if out.is_empty() => PoolRet::Nothing,
            PoolOp::Collect => PoolRet::Result(out.remove(0) + 1),
            PoolOp::Close => {
                next.closed = true;
                PoolRet::Done
            }
            PoolOp::Join if !state.closed => PoolRet::Refused,
            PoolOp::Join => PoolRet::Runs(state.taken),
        };
        vec![(ret, next)]
    }

    fn declaration(&self) -> String {
        format!("Pool::new({})", self.workers)
    }

    fn call(&self, op: &PoolOp) -> String {
        match op {
            PoolOp::Submit(number) => format!("apply_async(|x| x + 1, {number})"),
            PoolOp::Collect => "result.get()".to_owned(),
            PoolOp::Close => "close()".to_owned(),
            PoolOp::Join => "join()".to_owned(),
        }
    }
}
