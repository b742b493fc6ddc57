//! A set of numbers.

use super::super::history::Call;
use super::super::model::Model;
use super::super::monitor;
use serde::{Deserialize, Serialize};

/// A set of numbers, at first empty. Each number is a part of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Set;

/// What one can do to a set; each returns a `bool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SetOp {
    /// Adds a number: whether it was not in the set.
    Add(i64),
    /// Removes a number: whether it was in the set.
    Remove(i64),
    /// Whether a number is in the set.
    Contains(i64),
}

impl SetOp {
    /// The number.
    pub fn value(self) -> i64 {
        match self {
            SetOp::Add(value) | SetOp::Remove(value) | SetOp::Contains(value) => value,
        }
    }
}

impl Model for Set {
    type Op = SetOp;
    type Ret = bool;
    /// Whether the number is in the set.
    type State = bool;

    fn init(&self) -> bool {
        false
    }

    fn step(&self, state: &bool, op: &SetOp, ret: Option<&bool>) -> Option<bool> {
        let (next, answer) = match op {
            SetOp::Add(_) => (true, !state),
            SetOp::Remove(_) => (false, *state),
            SetOp::Contains(_) => (*state, *state),
        };
        ret.is_none_or(|ret| *ret == answer).then_some(next)
    }

    fn partition(&self, op: &SetOp) -> Option<String> {
        Some(format!("number {}", op.value()))
    }

    fn reads(&self, op: &SetOp, ret: &bool) -> bool {
        matches!(op, SetOp::Contains(_)) || !ret
    }

    fn monitor(&self, calls: &[&Call<SetOp, bool>]) -> Option<bool> {
        monitor::set(calls)
    }

    fn show(&self, op: &SetOp, ret: Option<&bool>) -> String {
        let ret = ret.map_or("?".to_owned(), bool::to_string);
        match op {
            SetOp::Add(value) => format!("add {value} -> {ret}"),
            SetOp::Remove(value) => format!("remove {value} -> {ret}"),
            SetOp::Contains(value) => format!("contains {value} -> {ret}"),
        }
    }
}
