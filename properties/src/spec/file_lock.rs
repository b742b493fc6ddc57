//! A lock on a file around a number that is kept twice.
//!
//! | state | `raise` | `try_raise` | `read` | `try_read` |
//! |---|---|---|---|---|
//! | n | n; then n + 1 | the same, or refused | n, twice | the same, or refused |
//!
//! Each operation takes the lock, does what it does, and gives the lock back: it waits for nobody
//! but others who are inside. Whether somebody is inside does not show in the state, so an attempt
//! may be refused in any.
//!
//! When a task dies inside, the next one gets the lock and is told nothing: the number may have
//! been raised once, and not twice. So programs with kills are not among those it is put to.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A lock on a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileLock;

/// What one can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileLockOp {
    /// Raises the number, alone.
    Raise,
    /// The same, if nobody else is inside.
    TryRaise,
    /// Reads the number twice, with other readers.
    Read,
    /// The same, if nobody is inside alone.
    TryRead,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileLockRet {
    /// What the number was.
    Was(u32),
    /// The number, and once more.
    Found(u32, u32),
    /// Somebody was inside.
    Refused,
}

impl Specification for FileLock {
    type Op = FileLockOp;
    type Ret = FileLockRet;
    /// The number.
    type State = u32;

    fn init(&self) -> u32 {
        0
    }

    fn outcomes(&self, &number: &u32, _: Task, op: &FileLockOp) -> Vec<Outcome<Self>> {
        let refused = (FileLockRet::Refused, number);
        let raised = (FileLockRet::Was(number), number + 1);
        let found = (FileLockRet::Found(number, number), number);
        match op {
            FileLockOp::Raise => vec![raised],
            FileLockOp::TryRaise => vec![raised, refused],
            FileLockOp::Read => vec![found],
            FileLockOp::TryRead => vec![found, refused],
        }
    }

    fn declaration(&self) -> String {
        "FileLock::open(path)".to_owned()
    }

    fn call(&self, op: &FileLockOp) -> String {
        match op {
            FileLockOp::Raise => "lock(), raise",
            FileLockOp::TryRaise => "try_lock(), raise",
            FileLockOp::Read => "lock_shared(), read",
            FileLockOp::TryRead => "try_lock_shared(), read",
        }
        .to_owned()
    }
}
