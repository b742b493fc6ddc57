//! A lock, plain or reentrant.
//!
//! Called by `server` for `Lock` and `ReentrantLock`.
//!
//! | state | acquire | release |
//! |---|---|---|
//! | free | taken once | refused |
//! | taken, plain | waits | free, whoever asks |
//! | taken, reentrant, by the caller | taken once more | taken once less, or free |
//! | taken, reentrant, by another | waits | refused |
//!
//! 1. `abandoned` is told to the next holder only.
//!
//! When the holder dies, the lock is free, and its next holder is told.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::Reply;
use serde::{Deserialize, Serialize};

/// A method of a lock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::manager) enum LockCall {
    /// Answered with whether the holder before died.
    Acquire,
    Release,
    IsLocked,
}

pub(super) struct Lock {
    reentrant: bool,
    holder: Option<Who>,
    times: u64,
    abandoned: bool,
}

impl Lock {
    pub(super) fn new(reentrant: bool) -> Lock {
        Lock { reentrant, holder: None, times: 0, abandoned: false }
    }

    pub(super) fn acquire(&mut self, who: Who) -> Attempt {
        match self.holder {
            None => self.holder = Some(who),
            Some(holder) if self.reentrant && holder == who => {}
            Some(_) => return Attempt::Wait,
        }
        self.times += 1;
        Attempt::Done(Reply::Yes(std::mem::take(&mut self.abandoned)))
    }

    pub(super) fn is_of(&self, who: Who) -> bool {
        self.holder == Some(who)
    }

    /// Releases the lock altogether and returns how many times the caller had it; `None`
    /// if it has it not.
    pub(super) fn give_up(&mut self, who: Who) -> Option<u64> {
        if !self.is_of(who) {
            return None;
        }
        self.holder = None;
        Some(std::mem::take(&mut self.times))
    }

    /// Takes a free lock as often as it was given up; false if it is not free.
    pub(super) fn take_again(&mut self, who: Who, times: u64) -> bool {
        if self.holder.is_some() {
            return false;
        }
        (self.holder, self.times) = (Some(who), times);
        true
    }

    fn release(&mut self, who: Who) -> Attempt {
        match self.holder {
            None => return Attempt::refused("the lock is not locked"),
            Some(holder) if self.reentrant && holder != who => {
                return Attempt::refused("the lock is not the caller's to release: another task holds it");
            }
            Some(_) => self.times -= 1,
        }
        if self.times == 0 {
            self.holder = None;
        }
        Attempt::Done(Reply::Done)
    }
}

impl Object for Lock {
    fn attempt(&mut self, who: Who, method: &mut Method) -> Attempt {
        match method {
            Method::Lock(LockCall::Acquire) => self.acquire(who),
            Method::Lock(LockCall::Release) => self.release(who),
            Method::Lock(LockCall::IsLocked) => Attempt::Done(Reply::Yes(self.holder.is_some())),
            _ => other_object(),
        }
    }

    fn died(&mut self, client: u64) {
        if self.holder.is_some_and(|holder| holder.client == client) {
            (self.holder, self.times, self.abandoned) = (None, 0, true);
        }
    }
}
