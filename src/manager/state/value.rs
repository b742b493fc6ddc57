//! One value.
//!
//! Called by `server` for `Value`.
//!
//! When a client dies, nothing changes: each method was done or not begun.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::{Bytes, Reply};
use serde::{Deserialize, Serialize};

/// A method of a value.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum ValueCall {
    Get,
    Set(Bytes),
    /// Changes the value if it is `expected`.
    Exchange {
        expected: Bytes,
        new: Bytes,
    },
}

pub(super) struct Value(pub(super) Bytes);

impl Object for Value {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::Value(call) = method else { return other_object() };
        Attempt::Done(match std::mem::replace(call, ValueCall::Get) {
            ValueCall::Get => Reply::Maybe(Some(self.0.clone())),
            ValueCall::Set(new) => Reply::Maybe(Some(std::mem::replace(&mut self.0, new))),
            ValueCall::Exchange { expected, new } if self.0 == expected => {
                self.0 = new;
                Reply::Done
            }
            ValueCall::Exchange { .. } => Reply::Maybe(Some(self.0.clone())),
        })
    }
}
