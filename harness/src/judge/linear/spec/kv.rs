//! Strings by key, each at first empty: the model of key-value logs.

use super::super::model::Model;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A map from keys to strings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kv;

/// What one can do to the map.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KvOp {
    /// Reads what is at a key.
    Get(String),
    /// Puts a string at a key.
    Put(String, String),
    /// Adds a string to the end of what is at a key.
    Append(String, String),
}

impl KvOp {
    /// The key.
    pub fn key(&self) -> &str {
        match self {
            KvOp::Get(key) | KvOp::Put(key, _) | KvOp::Append(key, _) => key,
        }
    }
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KvRet {
    /// What is at the key.
    Value(String),
    /// It was done.
    Done,
}

impl fmt::Display for KvOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KvOp::Get(key) => write!(f, "get {key:?}"),
            KvOp::Put(key, value) => write!(f, "put {key:?} {value:?}"),
            KvOp::Append(key, value) => write!(f, "append {key:?} {value:?}"),
        }
    }
}

impl Model for Kv {
    type Op = KvOp;
    type Ret = KvRet;
    type State = String;

    fn init(&self) -> String {
        String::new()
    }

    fn step(&self, state: &String, op: &KvOp, ret: Option<&KvRet>) -> Option<String> {
        match (op, ret) {
            (KvOp::Get(_), Some(KvRet::Value(value))) if value != state => None,
            (KvOp::Get(_), _) => Some(state.clone()),
            (KvOp::Put(_, value), _) => Some(value.clone()),
            (KvOp::Append(_, value), _) => Some([state.as_str(), value].concat()),
        }
    }

    fn partition(&self, op: &KvOp) -> Option<String> {
        Some(format!("key {}", op.key()))
    }

    fn reads(&self, op: &KvOp, _: &KvRet) -> bool {
        matches!(op, KvOp::Get(_))
    }

    fn replaces(&self, op: &KvOp, _: Option<&KvRet>) -> bool {
        matches!(op, KvOp::Put(..))
    }

    /// What a get returned begins with what is there or with what was put, and goes on
    /// with what was appended.
    fn lost(&self, state: &String, _: &KvOp, ret: &KvRet, others: &mut dyn Iterator<Item = &KvOp>) -> bool {
        let KvRet::Value(value) = ret else { return false };
        let mut ends: Vec<usize> = Vec::new();
        if value.starts_with(state.as_str()) {
            ends.push(state.len());
        }
        let mut appended: Vec<&str> = Vec::new();
        for other in others {
            match other {
                KvOp::Put(_, put) if value.starts_with(put.as_str()) => ends.push(put.len()),
                KvOp::Append(_, piece) if !piece.is_empty() => appended.push(piece),
                _ => {}
            }
        }
        if ends.is_empty() {
            return true;
        }
        // Looked up by length, of which there are few.
        let mut lengths: Vec<usize> = appended.iter().map(|piece| piece.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let pieces: FxHashSet<&str> = appended.into_iter().collect();
        let mut seen = FxHashSet::default();
        while let Some(end) = ends.pop() {
            if end == value.len() {
                return false;
            }
            if seen.insert(end) {
                let next = lengths.iter().map(|length| end + length);
                ends.extend(
                    next.filter(|&next| value.get(end..next).is_some_and(|piece| pieces.contains(piece))),
                );
            }
        }
        true
    }

    const ONLY_READS_TELL: bool = true;

    /// Appends only add to the end.
    fn forgotten(&self, state: &String, _: &KvOp, ret: &KvRet) -> bool {
        matches!(ret, KvRet::Value(value) if !value.starts_with(state.as_str()))
    }

    /// What was appended stays until the next put.
    fn shows(&self, op: &KvOp, _: &KvOp, ret: &KvRet) -> bool {
        match (op, ret) {
            (KvOp::Append(_, piece), KvRet::Value(value)) => value.contains(piece.as_str()),
            _ => true,
        }
    }

    fn bytes(&self, state: &String) -> usize {
        size_of_val(state) + state.len()
    }

    fn show(&self, op: &KvOp, ret: Option<&KvRet>) -> String {
        match ret {
            None => format!("{op} -> ?"),
            Some(KvRet::Value(value)) => format!("{op} -> {value:?}"),
            Some(KvRet::Done) => op.to_string(),
        }
    }
}
