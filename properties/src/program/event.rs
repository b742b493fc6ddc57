//! Programs over an event, and the event that they are run on.

use super::semaphore::WHILE;
use super::subject::{Generate, Subject};
use crate::spec::{Event, EventOp, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::sync;

impl Generate for Event {
    fn ops() -> BoxedStrategy<EventOp> {
        prop_oneof![
            1 => Just(EventOp::IsSet),
            3 => Just(EventOp::Clear),
            3 => Just(EventOp::Set),
            1 => Just(EventOp::WaitTimeout),
            4 => Just(EventOp::Wait),
        ]
        .boxed()
    }
}

impl<P: Tasks> Subject for sync::Event<P> {
    type Spec = Event;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Event> {
        Just(Event).boxed()
    }

    fn new(_: &Event) -> Self {
        sync::Event::new()
    }

    fn perform(&self, (): &mut (), _: Task, op: &EventOp) -> bool {
        match op {
            EventOp::Wait => self.wait(),
            EventOp::WaitTimeout => return self.wait_timeout(WHILE),
            EventOp::Set => self.set(),
            EventOp::Clear => self.clear(),
            EventOp::IsSet => return self.is_set(),
        }
        true
    }
}
