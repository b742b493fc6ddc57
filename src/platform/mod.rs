//! The seam between a primitive and the world it runs in.
//!
//! Every primitive is written once, generic over [`Platform`]. The platform says
//! what an atomic word is, how to sleep on one, and, through [`Platform::step`],
//! gets to know each visible operation before it happens.
//!
//! | platform | lives in | what it does with an operation |
//! |---|---|---|
//! | [`Native`] | here | nothing; everything is inlined away |
//! | `Checked` | `selvedge-harness` | lets a scheduler decide who runs |
//! | `Loom` | `selvedge-properties` | nothing; loom's atomics do the work |
//!
//! [`Platform`] is what a state machine of words needs. [`Robust`] adds what one needs that
//! survives its owner, [`Io`] what calls on descriptors need, and [`Tasks`] what only whole
//! programs need: processes, threads, memory that a fork shares.
//!
//! 1. A primitive's call is one [`step`](Platform::step); the body of the step
//!    is the shipped code, whatever the platform.
//! 2. Inside a step's body a primitive may call [`futex_wait`](Platform::futex_wait);
//!    it must then be ready for a wake-up without cause.
//!
//! When a process dies inside a step, the words keep what was last written.

mod atomic;
mod io;
mod native;
mod op;
mod open;
mod poll_set;
mod robust;
mod signals;
mod tasks;
mod witness;

pub use atomic::Atomic;
pub use io::{Call, Io};
pub use native::Native;
pub use op::{Cmp, Effect, Guard, Kind, Op};
pub(crate) use open::Open;
pub(crate) use poll_set::PollSet;
pub use robust::{Owner, Robust};
pub use signals::{Action, Clock, Foreign, Handler, Setting, Signals};
pub use tasks::{Child, Segment, Tasks};
pub use witness::{Witness, tell_of_native};

pub use crate::sys::futex::{Change, Woken};

use std::panic::Location;

/// A caller's source line, in the platform's form: nothing at all where nobody
/// will ask for it, so that guards stay as small as std's.
pub trait Site: Copy + Send + Sync + 'static {
    /// The line of the caller.
    #[track_caller]
    fn here() -> Self;
    /// The line as the operation wants it.
    fn location(self) -> &'static Location<'static>;
}

impl Site for () {
    #[inline(always)]
    fn here() {}

    #[track_caller]
    #[inline(always)]
    fn location(self) -> &'static Location<'static> {
        Location::caller()
    }
}

impl Site for &'static Location<'static> {
    #[track_caller]
    #[inline(always)]
    fn here() -> Self {
        Location::caller()
    }

    #[inline(always)]
    fn location(self) -> &'static Location<'static> {
        self
    }
}

/// Whether this is a line of a program, and none of this library or of std, whose iterators and
/// readers call it.
#[must_use]
pub fn is_of_program(site: &Location<'_>) -> bool {
    // The folder above this file's, as the compiler was given it.
    const SOURCES: usize = file!().len() - "platform/mod.rs".len();
    let file = site.file();
    // Where std's sources lie, or lay when it was built.
    let std = file.starts_with("/rustc/") || file.contains("/rustlib/src/rust/");
    !std && !file.starts_with(&file!()[..SOURCES])
}

/// What a state machine of words needs from the world.
pub trait Platform: Sized + Copy + Send + Sync + 'static {
    /// An 8-bit atomic.
    type AtomicU8: Atomic<u8>;
    /// A 16-bit atomic.
    type AtomicU16: Atomic<u16>;
    /// A 32-bit atomic.
    type AtomicU32: Atomic<u32>;
    /// A 64-bit atomic.
    type AtomicU64: Atomic<u64>;
    /// A 32-bit atomic on which tasks can sleep.
    type Futex: Atomic<u32>;
    /// A caller's source line, where somebody will ask for it.
    type Site: Site;

    /// How often a lock looks again before it sleeps; 0 where a scheduler
    /// decides, because there the word cannot change in between.
    const SPIN: u32;

    /// Announces `op` and then runs `body`, which performs it.
    ///
    /// What `body` does is part of this one step. `op` only describes it, and looks at no
    /// word that others change: a scheduler calls it when the step before ends, and would
    /// make a step of that look.
    ///
    /// `body`'s result is also what a scheduler records as the value of the
    /// operation, by way of [`Observe`].
    fn step<R: Observe>(op: impl FnOnce() -> Op, body: impl FnOnce() -> R) -> R;

    /// Runs `work`, which does by several operations what was asked for at `site`: reports tell
    /// those that are called in this library as if they were called there. Where `site` itself is
    /// [no line of a program](is_of_program), whoever asked for that counts.
    #[inline(always)]
    fn on_behalf_of<R>(_site: Self::Site, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Sleeps while `word` holds `expected`, until a wake-up or `deadline`
    /// (nanoseconds on [`now`](Platform::now)'s clock).
    ///
    /// `op` describes the sleep to a scheduler. With `resume`, a woken task goes
    /// on by performing that operation (typically taking its lock again), and is
    /// not enabled before that operation is: being woken is then no step of its
    /// own, and the next [`step`](Platform::step) of the task must be that one.
    fn futex_wait(
        word: &Self::Futex,
        expected: u32,
        deadline: Option<u64>,
        op: impl FnOnce() -> Op,
        resume: Option<impl FnOnce() -> Op>,
    ) -> Woken;

    /// As [`futex_wait`](Platform::futex_wait), on several words: sleeps while every one
    /// holds what is expected of it, until a wake-up on any of them. The first one is what
    /// the sleep is named after; with `resume`, it is what the sleep is about, and the others
    /// change only because somebody dies. At most [`MOST_WORDS`](crate::sys::futex::MOST_WORDS).
    fn futex_wait_any(
        words: &[(&Self::Futex, u32)],
        deadline: Option<u64>,
        op: impl FnOnce() -> Op,
        resume: Option<impl FnOnce() -> Op>,
    ) -> Woken;

    /// Wakes up to `count` tasks sleeping on `word`, longest sleeper first;
    /// returns how many were woken.
    fn futex_wake(word: &Self::Futex, count: u32) -> u32;

    /// Changes `word` and wakes all tasks sleeping on it, in one action: a task that is
    /// killed has done both or neither. Returns how many were woken. It is a release and
    /// an acquire.
    fn futex_change_and_wake_all(word: &Self::Futex, change: Change) -> u32;

    /// Stands between two looks of somebody who polls a word, before look number
    /// `round + 1`, counted from 0: lets time pass, the more the higher `round` is.
    ///
    /// `op` describes what is waited for. A scheduler that decides between any two
    /// looks does not let time pass but holds the task back until its guard holds.
    fn pause(round: u32, op: impl FnOnce() -> Op);

    /// The guard `word & mask <cmp> value` on a futex word, where guards mean
    /// anything.
    fn guard(word: &Self::Futex, mask: u32, cmp: Cmp, value: u32) -> Guard;

    /// Writes `value` to a word that only guards look at: what several words of a primitive
    /// come to. Part of the step that changed them; where nobody looks at guards, nothing.
    #[inline(always)]
    fn show(_word: &Self::Futex, _value: impl FnOnce() -> u32) {}

    /// The caller makes a primitive with this name, over this platform: told to whoever
    /// [asked for it](tell_of_native), for a scheduler does not see what shipped ones do.
    #[inline(always)]
    fn made(_what: &'static str) {}

    /// Whether the calling task unwinds from a panic.
    #[inline]
    fn panicking() -> bool {
        std::thread::panicking()
    }

    /// The platform's clock in nanoseconds from a fixed, unnamed origin: monotonic
    /// time, or a scheduler's virtual time.
    fn now() -> u64;

    /// A deadline `timeout` from now.
    #[inline]
    fn deadline(timeout: std::time::Duration) -> u64 {
        Self::now().saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// What an operation's result looks like in a trace: one number, and that of a part.
pub trait Observe {
    /// The number recorded for this result.
    #[inline(always)]
    fn observed(&self) -> u64 {
        0
    }
    /// The number of the part of its object that the operation was about, such as the key of
    /// an entry, if it was about one that has a number.
    #[inline(always)]
    fn part(&self) -> Option<u64> {
        None
    }
    /// Whether the operation was refused and so, unless its [`Effect`] is that of one which never
    /// is, changed nothing.
    #[inline(always)]
    fn refused(&self) -> bool {
        self.observed() == u64::MAX
    }
}

impl Observe for () {}
impl Observe for bool {
    #[inline(always)]
    fn observed(&self) -> u64 {
        u64::from(*self)
    }
}
impl<T: Observe, E> Observe for Result<T, E> {
    #[inline(always)]
    fn observed(&self) -> u64 {
        match self {
            Ok(value) => value.observed(),
            Err(_) => u64::MAX,
        }
    }
    #[inline(always)]
    fn refused(&self) -> bool {
        self.as_ref().map_or(true, Observe::refused)
    }
}
impl<T: Observe> Observe for Option<T> {
    #[inline(always)]
    fn observed(&self) -> u64 {
        self.as_ref().map_or(u64::MAX, Observe::observed)
    }
    #[inline(always)]
    fn refused(&self) -> bool {
        self.as_ref().is_none_or(Observe::refused)
    }
}
macro_rules! observe_numbers {
    ($($t:ty),*) => {$(
        impl Observe for $t {
            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "one body for every width and sign")]
            fn observed(&self) -> u64 { *self as u64 }
        }
    )*};
}
observe_numbers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);
