//! A deterministic scheduler for threads and real processes.
//!
//! Runs a program over selvedge's primitives under a schedule that a seed decides,
//! finds the interleaving that breaks a law, shrinks it, explains it and replays it,
//! in fibers or in real forked processes, with the same trace.
//!
//! ```should_panic
//! use selvedge_harness::prelude::*;
//!
//! shareable! {
//!     struct Stock { left: Value<u32>, sold: Value<u32> }
//! }
//!
//! // Two clients, one ticket, nobody locks: the panic shows who sold it twice.
//! Program::new("tickets", || Stock { left: Value::new(1), sold: Value::new(0) })
//!     .tasks("client", 2, |stock, _| {
//!         if stock.left.get() > 0 {
//!             stock.left.set(0);
//!             stock.sold.fetch_add(1);
//!         }
//!     })
//!     .finally(|stock| assert!(stock.sold.get() <= 1, "oversold"))
//!     .explore(&Config::default())
//!     .unwrap();
//! ```
//!
//! | folder | what is there |
//! |---|---|
//! | `kernel` | scheduling points, guards, choices: who goes on |
//! | [`engine`] | fibers (`sim`), processes and threads (`real`), unscheduled (`wild`) |
//! | [`strategy`] | which executions are run |
//! | [`fault`] | what goes wrong on purpose |
//! | [`judge`] | how an execution ended, its record, who blocked whom |
//! | [`program`] | the two ways to write a program, and how one is explored |
//! | [`shrink`] | the same finding with fewer context switches |
//! | [`token`] | a schedule as text |
//! | [`report`] | findings in words: the lane table, the reproduce line, JSON |
//! | [`catalogue`] | scenarios: programs with names, parameters and variants |
//! | [`cli`] | the `selvedge` command over a catalogue of scenarios |
//!
//! Dependencies point up this table, except that `cli` and `report` use everything.

pub mod catalogue;
pub mod cli;
pub mod engine;
mod error;
pub mod fault;
pub mod judge;
mod kernel;
mod nearest;
pub mod prelude;
pub mod program;
pub mod report;
pub mod shrink;
pub mod strategy;
pub mod token;
mod value;

pub use engine::Engine;
pub use error::Error;
pub use judge::{Recording, Verdict};
pub use kernel::{
    Checked, Choice, Granularity, Limits, Outcome, RaceCell, Recorder, Rng, Role, join_task, switches,
    task_has_ended, unobserved, visible, visible_value,
};
pub use nearest::nearest;
pub use program::{Config, Finding, Program, Report, check, explore, explore_with, outcome, scratch};
pub use selvedge::Shareable;
pub use selvedge::platform::Kind;
pub use strategy::Strategy;
