//! Values by key, in the order in which the keys first came.
//!
//! Called by `server` for `Dict` and `Namespace`.
//!
//! 1. `index` and `entries` have the same keys; the numbers ascend with the insertions.
//!
//! When a client dies, nothing changes: each method was done or not begun.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::{Bytes, Reply};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A method of a dict.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum DictCall {
    Get(Bytes),
    Contains(Bytes),
    Insert(Bytes, Bytes),
    Remove(Bytes),
    /// Changes the value (`None` for no value) if it is `expected`.
    Exchange {
        key: Bytes,
        expected: Option<Bytes>,
        new: Option<Bytes>,
    },
    Extend(Vec<(Bytes, Bytes)>),
    PopLast,
    Len,
    Keys,
    Values,
    Items,
    Clear,
}

#[derive(Default)]
pub(super) struct Dict {
    index: HashMap<Bytes, u64>,
    entries: BTreeMap<u64, (Bytes, Bytes)>,
    next: u64,
}

impl Dict {
    fn get(&self, key: &Bytes) -> Option<&Bytes> {
        let number = self.index.get(key)?;
        self.entries.get(number).map(|(_, value)| value)
    }

    fn insert(&mut self, key: Bytes, value: Bytes) -> Option<Bytes> {
        if let Some((_, place)) = self.index.get(&key).and_then(|number| self.entries.get_mut(number)) {
            return Some(std::mem::replace(place, value));
        }
        self.index.insert(key.clone(), self.next);
        self.entries.insert(self.next, (key, value));
        self.next += 1;
        None
    }

    fn remove(&mut self, key: &Bytes) -> Option<Bytes> {
        let number = self.index.remove(key)?;
        self.entries.remove(&number).map(|(_, value)| value)
    }

    fn pop_last(&mut self) -> Vec<(Bytes, Bytes)> {
        let last = self.entries.pop_last().map(|(_, entry)| entry);
        if let Some((key, _)) = &last {
            self.index.remove(key);
        }
        Vec::from_iter(last)
    }
}

impl Object for Dict {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::Dict(call) = method else { return other_object() };
        // A method of a container is attempted once, so that its arguments can be taken.
        Attempt::Done(match std::mem::replace(call, DictCall::Len) {
            DictCall::Get(key) => Reply::Maybe(self.get(&key).cloned()),
            DictCall::Contains(key) => Reply::Yes(self.index.contains_key(&key)),
            DictCall::Insert(key, value) => Reply::Maybe(self.insert(key, value)),
            DictCall::Remove(key) => Reply::Maybe(self.remove(&key)),
            DictCall::Exchange { key, expected, new } => {
                let now = self.get(&key);
                if now != expected.as_ref() {
                    return Attempt::Done(Reply::Maybe(now.cloned()));
                }
                match new {
                    Some(value) => drop(self.insert(key, value)),
                    None => drop(self.remove(&key)),
                }
                Reply::Done
            }
            DictCall::Extend(pairs) => {
                for (key, value) in pairs {
                    self.insert(key, value);
                }
                Reply::Done
            }
            DictCall::PopLast => Reply::Pairs(self.pop_last()),
            DictCall::Len => Reply::Number(self.entries.len() as u64),
            DictCall::Keys => Reply::Many(self.entries.values().map(|(key, _)| key.clone()).collect()),
            DictCall::Values => Reply::Many(self.entries.values().map(|(_, value)| value.clone()).collect()),
            DictCall::Items => Reply::Pairs(self.entries.values().cloned().collect()),
            DictCall::Clear => {
                self.index.clear();
                self.entries.clear();
                Reply::Done
            }
        })
    }
}
