//! The two ways to write a program, and how one is explored.
//!
//! ```text
//!  Program / explore ──> check: search ──> shrink ──> record ──> Report
//!                                 │           │          │
//!                              strategy    shrink     judge      (each in a
//!                                 └───────────┴──────────┴─ session of an engine)
//! ```
//!
//! | file | what is there |
//! |---|---|
//! | `declare` | [`Program`]: tasks known from the start |
//! | `dynamic` | [`explore`]: any code that spawns and joins |
//! | `named` | what such code is called, so that tokens find it again |
//! | `config` | what to explore, with which engine, for how long |
//! | `environment` | the `SELVEDGE_*` variables |
//! | `run`, `tally` | the loop of executions of one worker; what it counts |
//! | `check` | from a program to a report |
//! | `aloud` | what is said of tests that pass, too |
//! | `job`, `validate` | what is explored and who watches; what is refused |
//! | `explain`, `record` | from a violation to a finding; runs with a full record |
//! | `census` | every place at which a task can be killed, and what came of it |
//! | `exits` | the finding that a task exits, where that ends everything |
//! | `finding` | the report, the finding, and whether that happens again |
//! | `determinism` | whether the scheduler alone decides what happens |
//! | `regressions` | schedules that once failed, tried before anything else |
//! | `replay` | running the schedule of a token |
//! | `swap` | which two operations, the other way round, make a finding's run pass |
//! | `scratch` | a folder for the files of a program |
//! | `shard` | shares of a run, and what they come to together |
//! | `progress` | counters that workers in other processes share |

mod aloud;
mod census;
mod check;
mod config;
mod declare;
mod determinism;
mod dynamic;
pub(crate) mod environment;
mod exits;
mod explain;
mod finding;
mod job;
mod named;
mod progress;
mod record;
mod regressions;
mod replay;
mod run;
mod scratch;
mod shard;
mod swap;
mod tally;
mod validate;

pub(crate) use aloud::aloud;
pub(crate) use census::census_model;
pub use census::{Census, KillPoint};
pub(crate) use check::{check_model, explore_model};
pub use config::{Budget, Config};
pub use declare::{AnyProgram, Program};
pub use dynamic::{check, explore, explore_with, outcome};
pub use environment::{VARIABLES, Variable};
pub(crate) use exits::{Tell, note};
pub(crate) use explain::task_names;
pub(crate) use finding::NOTHING_RAN;
pub use finding::{Control, Finding, Report, Swap};
pub(crate) use job::{Job, Keeper, Watcher};
pub(crate) use progress::Progress;
pub(crate) use replay::{replay_model, shrink_model};
pub(crate) use run::Task;
pub use scratch::scratch;
pub(crate) use scratch::{
    Scratch, check as check_scratch, remove_all_of as remove_all_scratch_of, remove_of as remove_scratch_of,
};
pub(crate) use shard::together;
pub use shard::{Shard, Subtrees};
pub use tally::{Found, Tally};
pub(crate) use validate::validate_all;
