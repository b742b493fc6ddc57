//! A vector of a fixed capacity that all processes share.
//!
//! | state | `push(v)` | `pop` | `get(i)` | `set(i, v)` | `swap_remove(i)` | `to_vec` |
//! |---|---|---|---|---|---|---|
//! | i is in it | the new index | the last one | x | x; then v is there | x; the last one is there | all |
//! | i is not | the same | the same | nothing | refused | refused | all |
//! | empty | the same | nothing | nothing | refused | refused | none |
//! | full | refused | the last one | as above | as above | as above | all |
//!
//! When a task dies, its operation has happened as a whole or has not.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// The most elements.
    pub capacity: usize,
}

/// What one can do with a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VectorOp {
    /// Adds an element at the end.
    Push(u8),
    /// Takes the last one.
    Pop,
    /// Reads one.
    Get(usize),
    /// Replaces one.
    Set(usize, u8),
    /// Takes one, and puts the last one in its place.
    SwapRemove(usize),
    /// Reads all.
    ToVec,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VectorRet {
    /// An element, if there is one.
    Found(Option<u8>),
    /// Where it was put.
    At(usize),
    /// All of them.
    All(Vec<u8>),
    /// There is no room, or no such index.
    Refused,
}

impl Specification for Vector {
    type Op = VectorOp;
    type Ret = VectorRet;
    type State = Vec<u8>;

    fn init(&self) -> Vec<u8> {
        Vec::new()
    }

    fn outcomes(&self, state: &Vec<u8>, _: Task, op: &VectorOp) -> Vec<Outcome<Self>> {
        let mut next = state.clone();
        let ret = match *op {
            VectorOp::Push(_) if state.len() == self.capacity => VectorRet::Refused,
            VectorOp::Push(element) => {
                next.push(element);
                VectorRet::At(state.len())
            }
            VectorOp::Pop => VectorRet::Found(next.pop()),
            VectorOp::Get(index) => VectorRet::Found(state.get(index).copied()),
            VectorOp::Set(index, _) | VectorOp::SwapRemove(index) if index >= state.len() => {
                VectorRet::Refused
            }
            VectorOp::Set(index, element) => {
                VectorRet::Found(Some(std::mem::replace(&mut next[index], element)))
            }
            VectorOp::SwapRemove(index) => VectorRet::Found(Some(next.swap_remove(index))),
            VectorOp::ToVec => VectorRet::All(state.clone()),
        };
        vec![(ret, next)]
    }

    fn declaration(&self) -> String {
        format!("SharedVec::new({})", self.capacity)
    }

    fn call(&self, op: &VectorOp) -> String {
        match op {
            VectorOp::Push(element) => format!("push({element})"),
            VectorOp::Pop => "pop()".to_owned(),
            VectorOp::Get(index) => format!("get({index})"),
            VectorOp::Set(index, element) => format!("set({index}, {element})"),
            VectorOp::SwapRemove(index) => format!("swap_remove({index})"),
            VectorOp::ToVec => "to_vec()".to_owned(),
        }
    }
}
