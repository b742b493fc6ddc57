//! Sequential specifications that everybody has.
//!
//! | file | the object |
//! |---|---|
//! | `register` | one number: read, write, compare-and-set |
//! | `kv` | strings by key: get, put, append |

mod kv;
mod register;

pub use kv::{Kv, KvOp, KvRet};
pub use register::{Register, RegisterOp, RegisterRet};
