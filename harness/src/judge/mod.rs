//! What an execution was: its verdict, its record, and what can be read from it.
//!
//! | file | what is there |
//! |---|---|
//! | `verdict` | how an execution ended |
//! | `recording` | everything that happened in one execution, as owned data |
//! | `namer` | names of objects and places of one execution |
//! | `noun` | what an object without a name is called |
//! | `difference` | from two recordings of one schedule: the first event that differs |
//! | `trace` | a record that another run of its schedule is compared with |
//! | `livelock` | from a recording: who spins, and in which loop |
//! | `blame` | from a recording: who holds what, who waits for whom, the cycle |
//! | `pair` | from a recording: which two operations may have decided how it ended |
//! | [`linear`] | whether a history of operations is linearizable |
//! | [`log`] | histories from logs |
//!
//! Verdicts are data, not errors; nothing here runs a program.

mod blame;
mod difference;
pub mod linear;
mod livelock;
pub mod log;
mod namer;
mod noun;
mod pair;
mod recording;
mod trace;
mod verdict;

pub use blame::{Blocked, Holder, blocked, cycle, held_at};
pub use difference::{Difference, difference, divergence};
pub(crate) use difference::{diverged, other_end};
pub use livelock::{Spin, spins, starved};
pub use pair::{CriticalPair, Later};
pub(crate) use pair::{Order, candidates};
pub(crate) use recording::record;
pub use recording::{Object, Pending, Recording, Step, TaskRecord};
pub(crate) use trace::Trace;
pub use verdict::{Access, Place, Verdict};
