//! Linearizability: does an order of the operations explain what they returned?
//!
//! A [`History`] says who called what and when; a [`Model`] says what the object does
//! if one client alone uses it. [`judge`] finds out whether the history can be explained
//! by operations that take effect one after another, each between its call and its end.
//!
//! ```text
//!  History ──> partition ──┬──> monitor ───────────────────┬──> Judgement ──> explain
//!  (log, program, by hand) └──> part ──> wgl ──> cache ────┤
//!                                            └─> states    │
//!              Consistency::Sequential ──> sequential ─────┘
//! ```
//!
//! | file | what is there |
//! |---|---|
//! | `history` | operations with their times |
//! | `model`, `spec` | sequential specifications: the trait, those that everybody has |
//! | `options` | condition, kills, time, memory |
//! | `judge`, `judgement` | the question and the answer |
//! | `partition`, `part` | the operations by part; laid out for the searches |
//! | `wgl`, `sequential` | the searches; `cache`, `states`, `pending`, `hidden`, `twins`, `reads`, `stay`, `best`, `limit` are what they use |
//! | `rules` | which of these a search goes by: all, except in a test of them |
//! | `prefix` | the longest prefix that can be explained; `needed` takes out what it does not need |
//! | `monitor` | near-linear judges of collections without equal values |
//! | `report` | a broken history in words |
//!
//! 1. A judgement is never wrong: who runs out of time or memory says so instead.
//! 2. A history without operations that returned holds.

mod best;
mod cache;
mod hidden;
mod history;
mod judge;
mod judgement;
mod limit;
mod model;
mod monitor;
mod needed;
mod options;
mod part;
mod partition;
mod pending;
mod prefix;
mod reads;
mod report;
mod rules;
mod sequential;
pub mod spec;
mod states;
mod stay;
mod twins;
mod wgl;

pub use history::{Call, End, History};
pub use judge::judge;
#[doc(hidden)]
pub use judge::judge_by;
pub use judgement::{Judgement, Stuck, Why};
pub use model::{Judgeable, Model};
pub use options::{Consistency, Crash, Options};
pub use report::explain;
#[doc(hidden)]
pub use rules::{Rule, Rules};
