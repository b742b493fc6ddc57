//! A map of a fixed capacity: the dictionary that needs no server.
//!
//! | state | `insert(k, v)` | `remove(k)` | `get(k)` | `len` |
//! |---|---|---|---|---|
//! | k is in it | replaces; what it was | takes it out; what it was | what it is | how many |
//! | k is not, there is room | puts it in | nothing | nothing | how many |
//! | k is not, no room | refused | nothing | nothing | how many |
//!
//! When a task dies, each entry is the old or the new one.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// The most entries.
    pub capacity: usize,
}

/// What one can do with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MapOp {
    /// Looks a key up.
    Get(u8),
    /// Puts a value in under a key.
    Insert(u8, u8),
    /// Takes a key out.
    Remove(u8),
    /// Counts the entries.
    Len,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MapRet {
    /// What is, or was, there.
    Found(Option<u8>),
    /// There is no room.
    Full,
    /// So many entries.
    Len(usize),
}

impl Specification for Map {
    type Op = MapOp;
    type Ret = MapRet;
    type State = BTreeMap<u8, u8>;

    fn init(&self) -> BTreeMap<u8, u8> {
        BTreeMap::new()
    }

    fn outcomes(&self, state: &BTreeMap<u8, u8>, _: Task, op: &MapOp) -> Vec<Outcome<Self>> {
        let mut next = state.clone();
        let ret = match *op {
            MapOp::Get(key) => MapRet::Found(state.get(&key).copied()),
            MapOp::Insert(key, _) if state.len() >= self.capacity && !state.contains_key(&key) => {
                MapRet::Full
            }
            MapOp::Insert(key, value) => MapRet::Found(next.insert(key, value)),
            MapOp::Remove(key) => MapRet::Found(next.remove(&key)),
            MapOp::Len => MapRet::Len(state.len()),
        };
        vec![(ret, next)]
    }

    fn declaration(&self) -> String {
        format!("SharedMap::new({})", self.capacity)
    }

    fn call(&self, op: &MapOp) -> String {
        match op {
            MapOp::Get(key) => format!("get(&{key})"),
            MapOp::Insert(key, value) => format!("insert({key}, {value})"),
            MapOp::Remove(key) => format!("remove(&{key})"),
            MapOp::Len => "len()".to_owned(),
        }
    }
}
