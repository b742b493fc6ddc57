//! What a primitive tells its platform before it acts: the visible operation.
//!
//! Called by every primitive in `raw` and `sync`; read by the schedulers of the
//! harness. [`Native`](super::Native) never looks at an operation, and because it
//! is built inside a closure that `Native` does not call, it costs nothing there.
//!
//! 1. An operation is plain data: a kind, an object, a guard, an effect. No primitive is named.
//! 2. A guard compares one word in memory with one constant, so any process that
//!    maps the word can evaluate it on behalf of any other; or it asks about a
//!    descriptor, which only its own process can.
//!
//! When a process dies here, nothing is lost: operations are only announced.

use serde::{Deserialize, Serialize};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::panic::Location;

/// What an operation does to its object, as far as a scheduler must know.
///
/// Two operations of different tasks on one object commute when both are
/// [`Read`](Kind::Read)s; every other pair may matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// A step without any effect on shared state.
    Step,
    /// Reads shared state.
    Read,
    /// Writes shared state.
    Write,
    /// Reads and writes shared state in one indivisible action.
    ReadWrite,
    /// Takes exclusive possession: a lock. What comes out is observed as [`u64::MAX`] where
    /// the caller did not get it.
    Acquire,
    /// Gives exclusive possession back.
    Release,
    /// Tries to take possession and goes on in any case; observed as for an acquire. Where it is
    /// refused it is a mere read: it changes nothing.
    TryAcquire,
    /// Waits for a state without taking anything: an event, a join, a barrier.
    Wait,
    /// Gives up a lock and sleeps until notified.
    Park,
    /// Wakes sleepers.
    Notify,
    /// Starts a task.
    Spawn,
    /// Waits for the end of a task.
    Join,
    /// Sends a signal to a task or ends it.
    Signal,
    /// Lets time pass.
    Sleep,
    /// Takes bytes out of a file, pipe or socket.
    Input,
    /// Puts bytes into a file, pipe or socket.
    Output,
}

/// How a guard compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cmp {
    /// Always true: the operation can run at any time.
    Always,
    /// `word & mask == value`
    Eq,
    /// `word & mask != value`
    Ne,
    /// `word & mask > value`, unsigned
    Gt,
    /// `word & mask < value`, unsigned
    Lt,
    /// The word is the number of a descriptor, and its file could be locked: alone if the
    /// value is 1, shared if it is 0.
    Lockable,
    /// Never true by itself: only a wake-up or a deadline lets the task go on.
    Never,
    /// The word is the number of a descriptor, and a read from it would not block.
    Readable,
    /// The word is the number of a descriptor, and a write to it would not block.
    Writable,
}

impl Cmp {
    /// Whether these bits of a word compare so with a value. A descriptor is never ready for
    /// that: only the operating system knows.
    #[inline]
    fn holds(self, bits: u64, value: u64) -> bool {
        match self {
            Cmp::Always => true,
            Cmp::Eq => bits == value,
            Cmp::Ne => bits != value,
            Cmp::Gt => bits > value,
            Cmp::Lt => bits < value,
            Cmp::Never | Cmp::Readable | Cmp::Writable | Cmp::Lockable => false,
        }
    }
}

/// The condition under which an operation can run: `word & mask <cmp> value`.
///
/// The word is 32 bits wide; its address must stay valid while the operation is
/// announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Guard {
    /// Address of the 32-bit word, or number of the descriptor; 0 for guards that look at
    /// neither.
    pub word: usize,
    /// Bits of the word that count.
    pub mask: u32,
    /// What they are compared with.
    pub value: u32,
    /// The comparison.
    pub cmp: Cmp,
}

impl Guard {
    /// The guard of an operation that can always run.
    pub const ALWAYS: Guard = Guard { word: 0, mask: 0, value: 0, cmp: Cmp::Always };
    /// The guard of a task that only a wake-up or its deadline lets go on.
    pub const NEVER: Guard = Guard { word: 0, mask: 0, value: 0, cmp: Cmp::Never };

    /// `*word & mask <cmp> value`, for a word of any 32-bit atomic type.
    #[inline]
    pub fn on<W>(word: &W, mask: u32, cmp: Cmp, value: u32) -> Guard {
        const { assert!(size_of::<W>() == 4 && align_of::<W>() == 4, "a guard looks at a 32-bit word") };
        Guard { word: std::ptr::from_ref(word) as usize, mask, value, cmp }
    }

    /// The guard of a call on a descriptor in this direction.
    #[inline]
    pub fn ready(fd: BorrowedFd<'_>, kind: Kind) -> Guard {
        let cmp = if kind == Kind::Output { Cmp::Writable } else { Cmp::Readable };
        Guard { word: fd.as_raw_fd() as usize, mask: 0, value: 0, cmp }
    }

    /// The guard of locking the file behind a descriptor, alone or shared.
    #[inline]
    pub fn lockable(fd: BorrowedFd<'_>, exclusive: bool) -> Guard {
        Guard { word: fd.as_raw_fd() as usize, mask: 0, value: exclusive.into(), cmp: Cmp::Lockable }
    }

    /// Whether it asks the operating system about a descriptor, and not a word.
    #[inline]
    pub fn asks_descriptor(&self) -> bool {
        matches!(self.cmp, Cmp::Readable | Cmp::Writable | Cmp::Lockable)
    }

    /// Whether the guard holds for this content of its word. A descriptor is never ready
    /// for that: only the operating system knows.
    #[inline]
    pub fn holds(&self, word: u32) -> bool {
        self.cmp.holds(u64::from(word & self.mask), self.value.into())
    }
}

/// Where an operation that could change its object does. Where it does not, it is a mere read,
/// and in a trace shows `u64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Effect {
    /// Anywhere.
    Always,
    /// Where `word & mask <cmp> value` for the word at an address: eight bytes, or as many as the
    /// mask has.
    Where {
        /// The address of the word.
        word: usize,
        /// Bits of the word that count.
        mask: u64,
        /// What they are compared with.
        value: u64,
        /// The comparison.
        cmp: Cmp,
    },
    /// Here or there: no single word tells.
    Perhaps,
}

impl Effect {
    /// The address of the word that decides; 0 if none does.
    #[inline]
    #[must_use]
    pub fn decided_by(&self) -> usize {
        if let Effect::Where { word, .. } = *self { word } else { 0 }
    }

    /// Whether the operation changes something where the word that decides is this; `None` if that
    /// is not known.
    #[inline]
    #[must_use]
    pub fn at(&self, word: Option<u64>) -> Option<bool> {
        match *self {
            Effect::Always => Some(true),
            Effect::Where { mask, value, cmp, .. } => word.map(|word| cmp.holds(word & mask, value)),
            Effect::Perhaps => None,
        }
    }
}

/// A visible operation, announced immediately before it happens.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Op {
    /// What it does to its object.
    pub kind: Kind,
    /// Where it changes its object, if its kind is not that of a read.
    pub effect: Effect,
    /// The word for it in reports: `"lock"`, `"get"`, `"fetch_add"`.
    pub name: &'static str,
    /// The address of the object, or any other number that names it; 0 for none.
    pub object: usize,
    /// A second object that the operation touches (the lock that a condition's
    /// `wait` gives up); 0 for none.
    pub also: usize,
    /// When it can run.
    pub guard: Guard,
    /// The source line of the caller.
    pub site: &'static Location<'static>,
    /// Deadline on the platform's clock in nanoseconds; `u64::MAX` for none.
    pub deadline: u64,
}

impl Op {
    /// An operation that can always run, called from `site`.
    #[inline]
    pub fn new(kind: Kind, name: &'static str, object: usize, site: &'static Location<'static>) -> Op {
        let guard = Guard::ALWAYS;
        let effect = if kind == Kind::TryAcquire { Effect::Perhaps } else { Effect::Always };
        Op { kind, effect, name, object, also: 0, guard, site, deadline: u64::MAX }
    }

    /// The same operation, enabled only while `guard` holds.
    #[inline]
    pub fn when(self, guard: Guard) -> Op {
        Op { guard, ..self }
    }

    /// The same operation, which touches a second object as well.
    #[inline]
    pub fn with(self, also: usize) -> Op {
        Op { also, ..self }
    }

    /// The same operation, which changes something only where its object holds this number of
    /// so many bytes.
    #[inline]
    pub fn only_at(self, value: u64, bytes: usize) -> Op {
        let mask = if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 };
        Op { effect: Effect::Where { word: self.object, mask, value, cmp: Cmp::Eq }, ..self }
    }

    /// The same operation, which changes something only where this guard would hold. It looks at
    /// the object, or at a word that only operations on the object change.
    #[inline]
    pub fn only_where(self, guard: Guard) -> Op {
        let Guard { word, mask, value, cmp } = guard;
        Op { effect: Effect::Where { word, mask: mask.into(), value: value.into(), cmp }, ..self }
    }

    /// The same operation, which may also end at `deadline` (nanoseconds on the
    /// platform's clock; `None` for never).
    #[inline]
    pub fn until(self, deadline: Option<u64>) -> Op {
        Op { deadline: deadline.unwrap_or(u64::MAX), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_compares_masked_bits() {
        let word = 0b1010_u32;
        let g = |cmp, value| Guard::on(&word, 0b0110, cmp, value).holds(word);
        assert!(g(Cmp::Eq, 0b0010) && !g(Cmp::Eq, 0b1010));
        assert!(g(Cmp::Ne, 0) && g(Cmp::Gt, 1) && !g(Cmp::Gt, 2) && g(Cmp::Lt, 3));
        assert!(Guard::ALWAYS.holds(0) && !Guard::NEVER.holds(0));
    }
}
