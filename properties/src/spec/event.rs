//! A flag to wait for.
//!
//! | state | `wait` | `set` | `clear` | `is_set` |
//! |---|---|---|---|---|
//! | unset | waits until it was set | set; all who wait are released | nothing | false |
//! | set | returns | nothing | unset | true |
//!
//! A wait has two parts: who has begun one when the event is set is released, even if it is
//! cleared at once. When a task dies, nothing follows.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// An event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event;

/// What one can do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventOp {
    /// Waits until it is or was set.
    Wait,
    /// The same, for a while.
    WaitTimeout,
    /// Sets it.
    Set,
    /// Unsets it.
    Clear,
    /// Looks.
    IsSet,
}

/// Whether it is set, and who waits or was released, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventState {
    /// Whether it is set.
    pub set: bool,
    /// Who waits.
    pub waiting: u32,
    /// Who was released and has not come back yet.
    pub released: u32,
}

impl EventState {
    fn without(self, by: Task) -> EventState {
        EventState { waiting: self.waiting & !(1 << by), released: self.released & !(1 << by), ..self }
    }
}

impl Specification for Event {
    type Op = EventOp;
    /// Whether it is, was, or became set; true where there is nothing to tell.
    type Ret = bool;
    type State = EventState;

    fn init(&self) -> EventState {
        EventState::default()
    }

    fn outcomes(&self, state: &EventState, by: Task, op: &EventOp) -> Vec<Outcome<Self>> {
        let gone = state.without(by);
        let released = state.released >> by & 1 == 1 || state.set;
        match op {
            EventOp::Wait if released => vec![(true, gone)],
            EventOp::Wait => Vec::new(),
            EventOp::WaitTimeout if released => vec![(true, gone), (false, gone)],
            EventOp::WaitTimeout => vec![(false, gone)],
            EventOp::Set => {
                vec![(true, EventState { set: true, waiting: 0, released: state.released | state.waiting })]
            }
            EventOp::Clear => vec![(true, EventState { set: false, ..*state })],
            EventOp::IsSet => vec![(state.set, *state)],
        }
    }

    fn has_two_parts(&self, op: &EventOp) -> bool {
        matches!(op, EventOp::Wait | EventOp::WaitTimeout)
    }

    fn begun(&self, state: &EventState, by: Task, _: &EventOp) -> Vec<EventState> {
        vec![if state.set {
            EventState { released: state.released | 1 << by, ..*state }
        } else {
            EventState { waiting: state.waiting | 1 << by, ..*state }
        }]
    }

    fn died(&self, state: &EventState, by: Task) -> EventState {
        state.without(by)
    }

    fn declaration(&self) -> String {
        "Event::new()".to_owned()
    }

    fn call(&self, op: &EventOp) -> String {
        match op {
            EventOp::Wait => "wait()",
            EventOp::WaitTimeout => "wait_timeout(1 s)",
            EventOp::Set => "set()",
            EventOp::Clear => "clear()",
            EventOp::IsSet => "is_set()",
        }
        .to_owned()
    }
}
