//! An arena: room for so many values, each found by what its insertion returned.
//!
//! Where a value lies says nothing to anybody, so tasks count their own insertions, and name
//! values by these numbers.
//!
//! | state | `insert(v)` | `get(n)` | `set(n, v)` | `remove(n)` | `len` | `to_vec` |
//! |---|---|---|---|---|---|---|
//! | n is there | there is one more | x | x; then v is there | x; then it is not | all | all |
//! | n was removed, or never inserted | the same | nothing | nothing | nothing | all | all |
//! | full | refused | as above | as above | as above | all | all |
//!
//! When a task dies, its operation has happened as a whole or has not; what it inserted stays.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arena {
    /// The most values.
    pub capacity: usize,
}

/// What one can do with an arena; a number is that of an insertion of the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArenaOp {
    /// Puts a value in.
    Insert(u8),
    /// Reads one.
    Get(usize),
    /// Replaces one.
    Set(usize, u8),
    /// Takes one out.
    Remove(usize),
    /// Counts all.
    Len,
    /// Reads all.
    ToVec,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArenaRet {
    /// It is there.
    Done,
    /// There is no room.
    Refused,
    /// A value, if it is there.
    Found(Option<u8>),
    /// So many.
    Len(usize),
    /// All of them, sorted.
    All(Vec<u8>),
}

/// The values by who inserted them and as which of its own, and how many each task inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArenaState {
    values: BTreeMap<(Task, usize), u8>,
    inserted: BTreeMap<Task, usize>,
}

impl Specification for Arena {
    type Op = ArenaOp;
    type Ret = ArenaRet;
    type State = ArenaState;

    fn init(&self) -> ArenaState {
        ArenaState::default()
    }

    fn outcomes(&self, state: &ArenaState, by: Task, op: &ArenaOp) -> Vec<Outcome<Self>> {
        let mut next = state.clone();
        let ret = match *op {
            ArenaOp::Insert(_) if state.values.len() == self.capacity => ArenaRet::Refused,
            ArenaOp::Insert(value) => {
                let number = next.inserted.entry(by).or_default();
                next.values.insert((by, *number), value);
                *number += 1;
                ArenaRet::Done
            }
            ArenaOp::Get(number) => ArenaRet::Found(state.values.get(&(by, number)).copied()),
            ArenaOp::Set(number, value) => {
                let there = next.values.get_mut(&(by, number));
                ArenaRet::Found(there.map(|there| std::mem::replace(there, value)))
            }
            ArenaOp::Remove(number) => ArenaRet::Found(next.values.remove(&(by, number))),
            ArenaOp::Len => ArenaRet::Len(state.values.len()),
            ArenaOp::ToVec => {
                let mut all: Vec<u8> = state.values.values().copied().collect();
                all.sort_unstable();
                ArenaRet::All(all)
            }
        };
        vec![(ret, next)]
    }

    fn declaration(&self) -> String {
        format!("Arena::new({})", self.capacity)
    }

    fn call(&self, op: &ArenaOp) -> String {
        match op {
            ArenaOp::Insert(value) => format!("insert({value})"),
            ArenaOp::Get(number) => format!("get(mine[{number}])"),
            ArenaOp::Set(number, value) => format!("set(mine[{number}], {value})"),
            ArenaOp::Remove(number) => format!("remove(mine[{number}])"),
            ArenaOp::Len => "len()".to_owned(),
            ArenaOp::ToVec => "to_vec()".to_owned(),
        }
    }
}
