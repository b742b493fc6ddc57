//! Values one after the other.
//!
//! Called by `server` for `List` and `Array`.
//!
//! When a client dies, nothing changes: each method was done or not begun.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::{Bytes, Reply};
use serde::{Deserialize, Serialize};

/// A method of a list.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum ListCall {
    Get(u64),
    Set(u64, Bytes),
    /// Changes the item there if it is `expected`.
    Exchange {
        at: u64,
        expected: Bytes,
        new: Bytes,
    },
    Insert(u64, Bytes),
    Remove(u64),
    Pop,
    Extend(Vec<Bytes>),
    /// The items of a range, as far as there are any.
    Slice(u64, u64),
    /// Puts other items where those of a range are.
    Splice(u64, u64, Vec<Bytes>),
    Find(Bytes),
    Count(Bytes),
    Repeat(u64),
    Reverse,
    Len,
}

/// The most items that `repeat` makes.
const MOST: u64 = 1 << 28;

pub(super) struct List(pub(super) Vec<Bytes>);

impl List {
    fn beyond(&self, at: u64) -> Reply {
        Reply::Refused(format!("the index is {at}, but must be less than the length, {}", self.0.len()))
    }

    fn range(&self, from: u64, to: u64) -> std::ops::Range<usize> {
        let to = to.min(self.0.len() as u64) as usize;
        (from as usize).min(to)..to
    }

    fn call(&mut self, call: ListCall) -> Reply {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        match call {
            ListCall::Get(at) => Reply::Maybe(self.0.get(place(at)).cloned()),
            ListCall::Set(at, item) => match self.0.get_mut(place(at)) {
                Some(old) => Reply::Maybe(Some(std::mem::replace(old, item))),
                None => self.beyond(at),
            },
            ListCall::Exchange { at, expected, new } => match self.0.get_mut(place(at)) {
                Some(old) if *old == expected => {
                    *old = new;
                    Reply::Done
                }
                Some(old) => Reply::Maybe(Some(old.clone())),
                None => self.beyond(at),
            },
            ListCall::Insert(at, item) if place(at) <= self.0.len() => {
                self.0.insert(place(at), item);
                Reply::Done
            }
            ListCall::Insert(at, _) => {
                let len = self.0.len();
                Reply::Refused(format!("the index is {at}, but must be at most the length, {len}"))
            }
            ListCall::Remove(at) if place(at) < self.0.len() => Reply::Maybe(Some(self.0.remove(place(at)))),
            ListCall::Remove(at) => self.beyond(at),
            ListCall::Pop => Reply::Maybe(self.0.pop()),
            ListCall::Extend(items) => {
                self.0.extend(items);
                Reply::Done
            }
            ListCall::Slice(from, to) => Reply::Many(self.0[self.range(from, to)].to_vec()),
            ListCall::Splice(from, to, items) => {
                Reply::Many(self.0.splice(self.range(from, to), items).collect())
            }
            ListCall::Find(item) => {
                let found = self.0.iter().position(|other| *other == item);
                found.map_or(Reply::Done, |at| Reply::Number(at as u64))
            }
            ListCall::Count(item) => {
                Reply::Number(self.0.iter().filter(|other| **other == item).count() as u64)
            }
            ListCall::Repeat(times) => {
                let len = times.checked_mul(self.0.len() as u64).filter(|len| *len <= MOST);
                if len.is_none() {
                    return Reply::Refused(format!("{times} times the list would be more than {MOST} items"));
                }
                self.0 = std::iter::repeat_n(&self.0, times as usize).flatten().cloned().collect();
                Reply::Done
            }
            ListCall::Reverse => {
                self.0.reverse();
                Reply::Done
            }
            ListCall::Len => Reply::Number(self.0.len() as u64),
        }
    }
}

impl Object for List {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::List(call) = method else { return other_object() };
        // A method of a container is attempted once, so that its arguments can be taken.
        Attempt::Done(self.call(std::mem::replace(call, ListCall::Len)))
    }
}
