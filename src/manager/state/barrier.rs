//! A place where so many wait for each other.
//!
//! Called by `server` for `Barrier`.
//!
//! | state | wait | abort, or a waiter whose time passed or that died | reset |
//! |---|---|---|---|
//! | fewer have arrived | waits; the last lets all go | broken, all that wait are refused | all that wait are refused |
//! | broken | refused | broken | as new |
//!
//! 1. `torn` is the last round whose waiters were refused; none of an earlier one waits.
//!
//! When a waiter dies, the barrier is broken.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::Reply;
use serde::{Deserialize, Serialize};

/// A method of a barrier.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::manager) enum BarrierCall {
    Wait(#[serde(skip)] Option<Arrival>),
    Abort,
    Reset,
    Waiting,
    IsBroken,
}

/// The round that a waiter is in, and how many were before it.
#[derive(Clone, Copy, Debug)]
pub(in crate::manager) struct Arrival {
    round: u64,
    place: u64,
}

pub(super) struct Barrier {
    parties: u64,
    arrived: u64,
    round: u64,
    torn: Option<u64>,
    broken: bool,
}

impl Barrier {
    pub(super) fn new(parties: u64) -> Barrier {
        Barrier { parties, arrived: 0, round: 0, torn: None, broken: false }
    }

    /// Refuses those that wait.
    fn tear(&mut self) {
        self.torn = Some(self.round);
        self.round += 1;
        self.arrived = 0;
    }

    fn wait(&mut self, arrival: &mut Option<Arrival>) -> Attempt {
        let broken = || Attempt::refused("the barrier is broken");
        match *arrival {
            None if self.broken => broken(),
            None => {
                let place = self.arrived;
                self.arrived += 1;
                if self.arrived < self.parties {
                    *arrival = Some(Arrival { round: self.round, place });
                    return Attempt::Wait;
                }
                self.round += 1;
                self.arrived = 0;
                Attempt::Done(Reply::Number(place))
            }
            Some(Arrival { round, .. }) if self.torn == Some(round) => broken(),
            Some(Arrival { round, place }) if round < self.round => Attempt::Done(Reply::Number(place)),
            Some(_) => Attempt::Wait,
        }
    }
}

impl Object for Barrier {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::Barrier(call) = method else { return other_object() };
        match call {
            BarrierCall::Wait(arrival) => return self.wait(arrival),
            BarrierCall::Abort => {
                self.tear();
                self.broken = true;
            }
            BarrierCall::Reset => {
                self.tear();
                self.broken = false;
            }
            BarrierCall::Waiting => return Attempt::Done(Reply::Number(self.arrived)),
            BarrierCall::IsBroken => return Attempt::Done(Reply::Yes(self.broken)),
        }
        Attempt::Done(Reply::Done)
    }

    fn expired(&mut self, who: Who, method: &mut Method) -> Attempt {
        self.left(who, method);
        Attempt::refused("the barrier is broken: the time of the caller passed first")
    }

    fn left(&mut self, _: Who, _: &mut Method) {
        self.tear();
        self.broken = true;
    }
}
