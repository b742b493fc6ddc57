//! Permits, bounded or not.
//!
//! Called by `server` for `Semaphore`.
//!
//! | call | count 0 | count above 0 |
//! |---|---|---|
//! | acquire | waits | one less |
//! | release | one more | one more; refused if bounded and all are there |
//!
//! 1. Of a bounded semaphore, the permits that are out and those that are there make up
//!    the number it began with.
//!
//! When a client dies, permits of a bounded semaphore that it took and did not give back
//! are given back. Those of a plain one are not: they may be signals, which nobody owns.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::Reply;
use serde::{Deserialize, Serialize};

/// A method of a semaphore.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::manager) enum SemaphoreCall {
    Acquire,
    Release(u64),
    Permits,
}

pub(super) struct Semaphore {
    count: u64,
    most: Option<u64>,
    /// Who took permits of a bounded one, oldest first.
    out: Vec<u64>,
}

impl Semaphore {
    pub(super) fn new(permits: u64, bounded: bool) -> Semaphore {
        Semaphore { count: permits, most: bounded.then_some(permits), out: Vec::new() }
    }

    fn release(&mut self, who: Who, permits: u64) -> Attempt {
        let sum = self.count.checked_add(permits);
        let Some(sum) = sum.filter(|sum| self.most.is_none_or(|most| *sum <= most)) else {
            let most = self.most.unwrap_or(u64::MAX);
            return Attempt::refused(format!(
                "the semaphore was released too often: it has at most {most} permits"
            ));
        };
        self.count = sum;
        for _ in 0..permits.min(self.out.len() as u64) {
            // One may give back what another took.
            let own = self.out.iter().position(|client| *client == who.client);
            self.out.remove(own.unwrap_or(0));
        }
        Attempt::Done(Reply::Done)
    }
}

impl Object for Semaphore {
    fn attempt(&mut self, who: Who, method: &mut Method) -> Attempt {
        match *method {
            Method::Semaphore(SemaphoreCall::Acquire) if self.count == 0 => Attempt::Wait,
            Method::Semaphore(SemaphoreCall::Acquire) => {
                self.count -= 1;
                if self.most.is_some() {
                    self.out.push(who.client);
                }
                Attempt::Done(Reply::Yes(true))
            }
            Method::Semaphore(SemaphoreCall::Release(permits)) => self.release(who, permits),
            Method::Semaphore(SemaphoreCall::Permits) => Attempt::Done(Reply::Number(self.count)),
            _ => other_object(),
        }
    }

    fn died(&mut self, client: u64) {
        let before = self.out.len();
        self.out.retain(|holder| *holder != client);
        self.count += (before - self.out.len()) as u64;
    }
}
