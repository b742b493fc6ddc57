//! A reentrant lock, and those that wait for a notification under it.
//!
//! Called by `server` for `Condition`.
//!
//! | phase of a wait | has | goes on |
//! |---|---|---|
//! | new | the lock, so many times | at once: gives the lock up |
//! | waiting | a ticket | when its ticket is notified, or its time passes |
//! | back | nothing | when the lock is free: takes it as often as before |
//!
//! 1. A ticket is in `waiting`, then in `notified`, then nowhere.
//! 2. A notification is never lost with a waiter that leaves: the next one gets it.
//!
//! When a waiter dies, its ticket is taken out; when the holder dies, the lock is free.

use super::lock::Lock;
use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::Reply;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A method of a condition beside those of its lock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::manager) enum ConditionCall {
    Wait(#[serde(skip)] Phase),
    Notify(u64),
}

/// How far a wait has come.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::manager) enum Phase {
    #[default]
    New,
    Waiting {
        ticket: u64,
        times: u64,
    },
    Back {
        times: u64,
        notified: bool,
    },
}

pub(super) struct Condition {
    lock: Lock,
    waiting: VecDeque<u64>,
    notified: Vec<u64>,
    next: u64,
}

impl Condition {
    pub(super) fn new() -> Condition {
        Condition { lock: Lock::new(true), waiting: VecDeque::new(), notified: Vec::new(), next: 0 }
    }

    fn notify(&mut self, most: u64) {
        let count = (self.waiting.len() as u64).min(most) as usize;
        self.notified.extend(self.waiting.drain(..count));
    }

    /// Takes the ticket out; true if it was notified.
    fn return_ticket(&mut self, ticket: u64) -> bool {
        self.waiting.retain(|other| *other != ticket);
        let before = self.notified.len();
        self.notified.retain(|other| *other != ticket);
        self.notified.len() < before
    }

    fn wait(&mut self, who: Who, phase: &mut Phase) -> Attempt {
        if let Phase::New = *phase {
            let Some(times) = self.lock.give_up(who) else {
                return Attempt::refused("the lock of the condition is not the caller's: acquire it first");
            };
            *phase = Phase::Waiting { ticket: self.next, times };
            self.waiting.push_back(self.next);
            self.next += 1;
        }
        if let Phase::Waiting { ticket, times } = *phase
            && self.notified.contains(&ticket)
        {
            self.return_ticket(ticket);
            *phase = Phase::Back { times, notified: true };
        }
        match *phase {
            Phase::Back { times, notified } if self.lock.take_again(who, times) => {
                Attempt::Done(Reply::Yes(notified))
            }
            _ => Attempt::Wait,
        }
    }
}

impl Object for Condition {
    fn attempt(&mut self, who: Who, method: &mut Method) -> Attempt {
        match method {
            Method::Lock(_) => self.lock.attempt(who, method),
            Method::Condition(ConditionCall::Wait(phase)) => self.wait(who, phase),
            Method::Condition(ConditionCall::Notify(_)) if !self.lock.is_of(who) => {
                Attempt::refused("the lock of the condition is not the caller's: acquire it first")
            }
            Method::Condition(ConditionCall::Notify(most)) => {
                self.notify(*most);
                Attempt::Done(Reply::Done)
            }
            _ => other_object(),
        }
    }

    fn expired(&mut self, who: Who, method: &mut Method) -> Attempt {
        let Method::Condition(ConditionCall::Wait(phase)) = method else {
            return Attempt::Done(Reply::TimedOut);
        };
        if let Phase::Waiting { ticket, times } = *phase {
            *phase = Phase::Back { times, notified: self.return_ticket(ticket) };
        }
        self.wait(who, phase)
    }

    fn left(&mut self, _: Who, method: &mut Method) {
        let Method::Condition(ConditionCall::Wait(phase)) = method else { return };
        let had_notification = match *phase {
            Phase::New => false,
            Phase::Waiting { ticket, .. } => self.return_ticket(ticket),
            Phase::Back { notified, .. } => notified,
        };
        self.notify(u64::from(had_notification));
    }

    fn died(&mut self, client: u64) {
        self.lock.died(client);
    }
}
