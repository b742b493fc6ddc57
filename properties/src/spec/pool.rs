//! A pool of workers, to whom tasks are given: each is to be run once, and its result goes to
//! whoever gave it, in the order of giving.
//!
//! | state | `submit(x)` | `collect` | `close` | `join` |
//! |---|---|---|---|---|
//! | open | taken | x + 1 of the caller's first; nothing if there is none | closed | refused |
//! | closed | refused | the same | nothing | how many tasks were run |
//!
//! When a worker dies, the task that it was at is lost, and whoever collects its result is told
//! so: of so many deaths at most so many tasks are lost. A task that is lost may have been run,
//! but none is run twice.

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
    /// The task was lost with its worker.
    Lost,
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
    /// How many workers died.
    pub deaths: u32,
    /// How many of these lost a task, as far as anybody was told.
    pub lost: u32,
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
            PoolOp::Collect => {
                let result = (PoolRet::Result(out.remove(0) + 1), next.clone());
                next.lost += 1;
                let lost = (next.lost <= next.deaths).then_some((PoolRet::Lost, next));
                return std::iter::once(result).chain(lost).collect();
            }
            PoolOp::Close => {
                next.closed = true;
                PoolRet::Done
            }
            PoolOp::Join if !state.closed => PoolRet::Refused,
            PoolOp::Join => {
                let runs = state.taken.saturating_sub(state.deaths)..=state.taken;
                return runs.map(|runs| (PoolRet::Runs(runs), state.clone())).collect();
            }
        };
        vec![(ret, next)]
    }

    fn died(&self, state: &PoolState, _: Task) -> PoolState {
        PoolState { deaths: state.deaths + 1, ..state.clone() }
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
