//! A number.
//!
//! | state | `get` | `set(v)` | `fetch_add(v)` | `compare_exchange(c, v)` |
//! |---|---|---|---|---|
//! | n | n | v | n + v; returns n | v if n is c, else n; returns n |
//!
//! When a task dies, the number is the old or the new one.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A number that begins at 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Value;

/// What one can do with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValueOp {
    /// Reads it.
    Get,
    /// Writes it.
    Set(u32),
    /// Adds to it, wrapping around.
    Add(u32),
    /// Writes the second if it is the first.
    Exchange(u32, u32),
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValueRet {
    /// It was done.
    Done,
    /// What it was before.
    Was(u32),
    /// The same, and nothing was written.
    Refused(u32),
}

impl ValueOp {
    /// What it does to a number, and what it returns.
    pub fn apply(self, number: u32) -> (ValueRet, u32) {
        match self {
            ValueOp::Get => (ValueRet::Was(number), number),
            ValueOp::Set(value) => (ValueRet::Done, value),
            ValueOp::Add(value) => (ValueRet::Was(number), number.wrapping_add(value)),
            ValueOp::Exchange(current, new) if number == current => (ValueRet::Was(number), new),
            ValueOp::Exchange(..) => (ValueRet::Refused(number), number),
        }
    }

    /// As a program calls it, with these arguments before its own.
    pub(super) fn show(self, first: &str) -> String {
        match self {
            ValueOp::Get => format!("get({})", first.trim_end_matches(", ")),
            ValueOp::Set(value) => format!("set({first}{value})"),
            ValueOp::Add(value) => format!("fetch_add({first}{value})"),
            ValueOp::Exchange(current, new) => format!("compare_exchange({first}{current}, {new})"),
        }
    }
}

impl Specification for Value {
    type Op = ValueOp;
    type Ret = ValueRet;
    type State = u32;

    fn init(&self) -> u32 {
        0
    }

    fn outcomes(&self, number: &u32, _: Task, op: &ValueOp) -> Vec<Outcome<Self>> {
        vec![op.apply(*number)]
    }

    fn declaration(&self) -> String {
        "Value::new(0)".to_owned()
    }

    fn call(&self, op: &ValueOp) -> String {
        op.show("")
    }
}
