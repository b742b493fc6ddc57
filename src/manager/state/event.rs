//! A flag that clients wait for.
//!
//! Called by `server` for `Event`.
//!
//! When a client dies, the flag stays as it is.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::Reply;
use serde::{Deserialize, Serialize};

/// A method of an event.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::manager) enum EventCall {
    Set,
    Clear,
    IsSet,
    Wait,
}

#[derive(Default)]
pub(super) struct Event(bool);

impl Object for Event {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::Event(call) = method else { return other_object() };
        match call {
            EventCall::Set => self.0 = true,
            EventCall::Clear => self.0 = false,
            EventCall::Wait if !self.0 => return Attempt::Wait,
            EventCall::Wait | EventCall::IsSet => {}
        }
        Attempt::Done(Reply::Yes(self.0))
    }
}
