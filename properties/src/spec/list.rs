//! A list of a fixed number of items of several kinds: even numbers are kept as numbers, odd
//! ones as text.
//!
//! | state | `get(i)` | `set(i, v)` |
//! |---|---|---|
//! | i is x | x | i is v |
//!
//! When a task dies, each item is the old or the new one, whole.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A list of so many zeroes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// How many items.
    pub len: usize,
}

/// What one can do with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListOp {
    /// Reads an item.
    Get(usize),
    /// Writes an item.
    Set(usize, u8),
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListRet {
    /// It was done.
    Done,
    /// The item.
    Is(u8),
    /// The item is of the wrong kind for its value.
    Torn,
}

impl Specification for List {
    type Op = ListOp;
    type Ret = ListRet;
    type State = Vec<u8>;

    fn init(&self) -> Vec<u8> {
        vec![0; self.len]
    }

    fn outcomes(&self, items: &Vec<u8>, _: Task, op: &ListOp) -> Vec<Outcome<Self>> {
        let mut next = items.clone();
        let ret = match *op {
            ListOp::Get(index) => ListRet::Is(items[index]),
            ListOp::Set(index, value) => {
                next[index] = value;
                ListRet::Done
            }
        };
        vec![(ret, next)]
    }

    fn declaration(&self) -> String {
        format!("ShareableList::create_unnamed(&vec![Item::Int(0); {}])", self.len)
    }

    fn call(&self, op: &ListOp) -> String {
        match op {
            ListOp::Get(index) => format!("get({index})"),
            ListOp::Set(index, value) if value % 2 == 0 => format!("set({index}, {value})"),
            ListOp::Set(index, value) => format!("set({index}, \"{value}\")"),
        }
    }
}
