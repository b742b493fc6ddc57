//! The scheduler kernel: who is enabled, who goes on, what was chosen.
//!
//! One kernel serves both engines. It is plain data in one arena (private memory
//! for fibers, shared memory for processes), and the running task itself takes
//! each decision, so that nobody is asked and nothing is sent.
//!
//! | folder | what is there |
//! |---|---|
//! | [`data`] | the kernel's plain data, in one arena |
//! | [`schedule`] | what shall be done, what was chosen, what happened |
//! | [`step`] | the point before each visible operation, the decision, the turn; faults |
//! | [`policy`] | who goes on where the plan does not say |
//! | [`tasks`] | how tasks begin and end |
//! | [`platform`] | the `Checked` platform that primitives meet |
//! | [`causality`] | what happens before what, races of plain data, steps that commute |
//! | [`hooks`] | what a program tells the scheduler itself |
//!
//! A step of a task, and what the kernel does at each moment:
//!
//! ```text
//!  announce(op) ──> pick ──> switch ──> settle ──> body ──> announce(next op)
//!  guard joined     choice    the next   guard      the shipped code of the
//!  to its class     recorded  task runs  left       primitive, unobserved
//! ```
//!
//! 1. At most one task of an execution runs at any time.
//! 2. The bit of a task in `enabled` is set iff it is live and can go on; the bit of
//!    the running task is set.
//! 3. Between two points of the running task nobody else changes the kernel.
//! 4. Nothing is allocated during an execution, nor between two of them.
//!
//! When a process dies here, the arena stays as it was at that instruction; the
//! engine ends the task on its behalf, or gives the execution up.

mod causality;
mod data;
mod hooks;
mod platform;
mod policy;
mod schedule;
mod step;
mod tasks;

pub(crate) use causality::race::Touch;
pub use causality::race_cell::RaceCell;
pub(crate) use causality::touches::Touches;
pub(crate) use causality::word::{View, Word};
pub(crate) use data::arena::Arena;
pub use data::arena::Limits;
pub(crate) use data::current;
pub(crate) use data::state::{Kernel, Mode, Request, VICTIMS};
pub(crate) use data::task::NOBODY;
pub use data::task::Role;
pub(crate) use data::task::State;
pub use hooks::join::{join_task, task_has_ended};
pub(crate) use hooks::moment::{judging, unscheduled};
pub(crate) use hooks::recorder::Judged;
pub use hooks::recorder::Recorder;
pub use hooks::visible::{unobserved, visible, visible_value};
pub use platform::checked::{Checked, Granularity};
pub(crate) use platform::handlers::forget_handlers;
pub(crate) use platform::segment::at_home;
pub(crate) use platform::stream::is_file;
pub(crate) use policy::{Forecast, MARKS, Mark, Pace, Sleeper, is_eligible};
pub(crate) use schedule::choice::faults;
pub use schedule::choice::{Choice, Outcome, switches};
pub(crate) use schedule::event::{EVERYTHING, Event, Tail};
pub(crate) use schedule::lives::Lives;
pub(crate) use schedule::plan::{Mismatch, Plan, Policy};
pub use schedule::rng::Rng;
pub(crate) use step::decide::End;
pub(crate) use step::fault;
pub(crate) use tasks::alone::Alone;
pub(crate) use tasks::fiber;
pub(crate) use tasks::life::{depart, enter, set_label};
pub(crate) use tasks::outside::set_part;
pub(crate) use tasks::panic;
pub(crate) use tasks::stack::ShiftedStack;
