//! A lock that many can read or one can write, around a number, and that survives both.
//!
//! | state | `read` | `write` |
//! |---|---|---|
//! | free | holds | holds |
//! | read by some | holds; may wait if a writer does | waits |
//! | written | waits | waits |
//! | free or read, a writer was killed | holds, and is told | holds, and is told |
//! | lost | told so | told so |
//!
//! `try_read` and `try_write` are refused where the others wait; they may be where somebody
//! else is about to take it. A program that has it is refused if it wants it once more.
//!
//! When a reader dies, it reads no more. When a writer dies, everybody is told until a writer
//! has repaired the number.

use super::robust_mutex::{RobustRet, Torn};
use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A lock for readers and writers.
#[derive(Clone, Copy, Debug, Default)]
pub struct RwLock;

/// What one can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RwLockOp {
    /// Takes it to read, waiting.
    Read,
    /// Takes it to read if nobody writes.
    TryRead,
    /// Takes it to write, waiting.
    Write,
    /// Takes it to write if it is free.
    TryWrite,
    /// Raises the number, if the caller has it to write.
    Set,
    /// Says that the number is in order, if the caller has it to write.
    Repair,
    /// Keeps it to read only, if the caller has it to write.
    Downgrade,
    /// Gives it back, if the caller has it.
    Unlock,
}

/// Who holds it, and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RwLockState {
    /// Who writes.
    pub writer: Option<Task>,
    /// Who reads, by number.
    pub readers: u32,
    /// Who waits to write, by number.
    pub queue: u32,
    /// Who is about to take it in whatever way, by number.
    pub coming: u32,
    /// Who is, and is not alone with it, by number.
    pub disturbed: u32,
    /// How often it was written.
    pub number: u32,
    /// Whether it is in order.
    pub torn: Torn,
}

impl RwLockState {
    fn is_idle(&self) -> bool {
        self.writer.is_none() && self.readers == 0
    }

    /// After `by` has come to its result.
    fn without(&self, by: Task) -> RwLockState {
        let rest = !(1 << by);
        let (queue, coming) = (self.queue & rest, self.coming & rest);
        RwLockState { queue, coming, disturbed: self.disturbed & rest, ..*self }
    }

    /// What somebody sees who takes it.
    fn seen(&self) -> RobustRet {
        match self.torn {
            Torn::Dead | Torn::Told => RobustRet::Died(self.number),
            Torn::No => RobustRet::Holds(self.number),
            Torn::Lost => RobustRet::Lost,
        }
    }

    fn read(&self, by: Task) -> Outcome<RwLock> {
        match self.seen() {
            RobustRet::Lost => (RobustRet::Lost, *self),
            seen => (seen, RwLockState { readers: self.readers | 1 << by, ..*self }),
        }
    }

    fn write(&self, by: Task) -> Outcome<RwLock> {
        match self.seen() {
            RobustRet::Lost => (RobustRet::Lost, *self),
            seen => {
                let torn = if self.torn == Torn::Dead { Torn::Told } else { self.torn };
                (seen, RwLockState { writer: Some(by), torn, ..*self })
            }
        }
    }
}

impl Specification for RwLock {
    type Op = RwLockOp;
    type Ret = RobustRet;
    type State = RwLockState;

    fn init(&self) -> RwLockState {
        RwLockState { writer: None, readers: 0, queue: 0, coming: 0, disturbed: 0, number: 0, torn: Torn::No }
    }

    fn outcomes(&self, state: &RwLockState, by: Task, op: &RwLockOp) -> Vec<Outcome<Self>> {
        let me = 1 << by;
        let (writes, reads) = (state.writer == Some(by), state.readers & me != 0);
        let alone = state.disturbed & me == 0;
        let state = &state.without(by);
        let refused = (RobustRet::Refused, *state);
        let done = |state| vec![(RobustRet::Done, state)];
        // Two who try at the same time may keep each other out.
        let or_refused = |outcome: Outcome<Self>| if alone { vec![outcome] } else { vec![outcome, refused] };
        match op {
            // Programs do not take it twice.
            RwLockOp::Read | RwLockOp::TryRead | RwLockOp::Write | RwLockOp::TryWrite if writes || reads => {
                vec![refused]
            }
            RwLockOp::Read if state.writer.is_some() => Vec::new(),
            RwLockOp::Read => vec![state.read(by)],
            RwLockOp::TryRead if state.writer.is_some() => vec![refused],
            RwLockOp::TryRead => or_refused(state.read(by)),
            RwLockOp::Write if !state.is_idle() => Vec::new(),
            RwLockOp::Write => vec![state.write(by)],
            RwLockOp::TryWrite if !state.is_idle() => vec![refused],
            RwLockOp::TryWrite => or_refused(state.write(by)),
            RwLockOp::Set if writes => done(RwLockState { number: state.number + 1, ..*state }),
            RwLockOp::Repair if writes => done(RwLockState { torn: Torn::No, ..*state }),
            RwLockOp::Downgrade if writes => {
                let torn = if state.torn == Torn::Told { Torn::Dead } else { state.torn };
                done(RwLockState { writer: None, readers: state.readers | 1 << by, torn, ..*state })
            }
            RwLockOp::Unlock if writes => {
                let torn = if state.torn == Torn::Told { Torn::Lost } else { state.torn };
                done(RwLockState { writer: None, torn, ..*state })
            }
            RwLockOp::Unlock if reads => done(RwLockState { readers: state.readers & !(1 << by), ..*state }),
            RwLockOp::Set | RwLockOp::Repair | RwLockOp::Downgrade | RwLockOp::Unlock => vec![refused],
        }
    }

    fn has_two_parts(&self, op: &RwLockOp) -> bool {
        matches!(op, RwLockOp::Read | RwLockOp::TryRead | RwLockOp::Write | RwLockOp::TryWrite)
    }

    fn begun(&self, state: &RwLockState, by: Task, op: &RwLockOp) -> Vec<RwLockState> {
        let waits = u32::from(*op == RwLockOp::Write) << by;
        let coming = state.coming | 1 << by;
        let disturbed = state.disturbed | if state.coming == 0 { 0 } else { coming };
        vec![RwLockState { queue: state.queue | waits, coming, disturbed, ..*state }]
    }

    fn may_wait(&self, state: &RwLockState, by: Task, op: &RwLockOp) -> bool {
        *op == RwLockOp::Read && state.queue != 0 || self.outcomes(state, by, op).is_empty()
    }

    fn died(&self, state: &RwLockState, by: Task) -> RwLockState {
        let writes = state.writer == Some(by);
        RwLockState {
            writer: state.writer.filter(|_| !writes),
            readers: state.readers & !(1 << by),
            torn: if writes { Torn::Dead } else { state.torn },
            ..state.without(by)
        }
    }

    fn declaration(&self) -> String {
        "RwLock::new(0)".to_owned()
    }

    fn call(&self, op: &RwLockOp) -> String {
        match op {
            RwLockOp::Read => "read()",
            RwLockOp::TryRead => "try_read()",
            RwLockOp::Write => "write()",
            RwLockOp::TryWrite => "try_write()",
            RwLockOp::Set => "set()",
            RwLockOp::Repair => "mark_consistent()",
            RwLockOp::Downgrade => "downgrade()",
            RwLockOp::Unlock => "unlock()",
        }
        .to_owned()
    }
}
