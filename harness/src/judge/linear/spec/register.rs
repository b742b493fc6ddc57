//! A register: one number, at first none.
//!
//! The model of Jepsen's logs of etcd, and of [`Judge`](super::super::judge) examples.

use super::super::history::Call;
use super::super::model::Model;
use super::super::monitor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A register that holds a number, or `nil` before anything is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Register;

/// What one can do to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RegisterOp {
    /// Reads it.
    Read,
    /// Writes a number.
    Write(i64),
    /// Writes the second number if it holds the first.
    Cas(i64, i64),
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RegisterRet {
    /// What was read.
    Value(Option<i64>),
    /// It was written.
    Done,
    /// Whether it held the first number.
    Swapped(bool),
}

impl fmt::Display for RegisterOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterOp::Read => f.write_str("read"),
            RegisterOp::Write(value) => write!(f, "write {value}"),
            RegisterOp::Cas(from, to) => write!(f, "cas {from} {to}"),
        }
    }
}

impl Model for Register {
    type Op = RegisterOp;
    type Ret = RegisterRet;
    type State = Option<i64>;

    fn init(&self) -> Option<i64> {
        None
    }

    fn step(&self, state: &Option<i64>, op: &RegisterOp, ret: Option<&RegisterRet>) -> Option<Option<i64>> {
        let (next, answer) = match *op {
            RegisterOp::Read => (*state, RegisterRet::Value(*state)),
            RegisterOp::Write(value) => (Some(value), RegisterRet::Done),
            RegisterOp::Cas(from, to) if *state == Some(from) => (Some(to), RegisterRet::Swapped(true)),
            RegisterOp::Cas(..) => (*state, RegisterRet::Swapped(false)),
        };
        ret.is_none_or(|ret| *ret == answer).then_some(next)
    }

    fn reads(&self, op: &RegisterOp, ret: &RegisterRet) -> bool {
        matches!((op, ret), (RegisterOp::Read, _) | (RegisterOp::Cas(..), RegisterRet::Swapped(false)))
    }

    fn covers(&self, op: &RegisterOp, other: &RegisterOp) -> bool {
        matches!((op, other), (RegisterOp::Write(value), RegisterOp::Cas(_, to)) if value == to)
    }

    fn replaces(&self, op: &RegisterOp, ret: Option<&RegisterRet>) -> bool {
        matches!((op, ret), (RegisterOp::Write(_), None | Some(RegisterRet::Done)))
    }

    const LOST_ANYWHERE: bool = true;

    /// What a read returned is there, or something else writes it.
    fn lost(
        &self,
        state: &Option<i64>,
        op: &RegisterOp,
        ret: &RegisterRet,
        others: &mut dyn Iterator<Item = &RegisterOp>,
    ) -> bool {
        let (RegisterOp::Read, RegisterRet::Value(value)) = (op, ret) else { return false };
        if value == state {
            return false;
        }
        for other in others {
            match other {
                RegisterOp::Write(to) | RegisterOp::Cas(_, to) if *value == Some(*to) => return false,
                _ => {}
            }
        }
        true
    }

    fn monitor(&self, calls: &[&Call<RegisterOp, RegisterRet>]) -> Option<bool> {
        monitor::register(calls)
    }

    fn show(&self, op: &RegisterOp, ret: Option<&RegisterRet>) -> String {
        match ret {
            None => format!("{op} -> ?"),
            Some(RegisterRet::Value(None)) => format!("{op} -> nil"),
            Some(RegisterRet::Value(Some(value))) => format!("{op} -> {value}"),
            Some(RegisterRet::Swapped(swapped)) => format!("{op} -> {swapped}"),
            Some(RegisterRet::Done) => op.to_string(),
        }
    }
}
