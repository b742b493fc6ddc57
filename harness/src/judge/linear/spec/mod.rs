//! Sequential specifications that everybody has.
//!
//! | file | the object |
//! |---|---|
//! | `register` | one number: read, write, compare-and-set |
//! | `kv` | strings by key: get, put, append |
//! | `set` | numbers: add, remove, contains |
//! | `pool` | numbers that are put and taken: queue, stack, priority queue |

mod kv;
mod pool;
mod register;
mod set;

pub use kv::{Kv, KvOp, KvRet};
pub use pool::{PoolOp, PoolRet, PriorityQueue, Queue, Stack};
pub use register::{Register, RegisterOp, RegisterRet};
pub use set::{Set, SetOp};
