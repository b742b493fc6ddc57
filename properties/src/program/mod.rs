//! Generated programs: what nobody thought of writing, run and judged.
//!
//! ```text
//!  proptest ──> Generated ──> program ──> explorer ──> history ──> Judge ──> verdict
//!     ^      (parameters,    (a Subject                         (a Specification)
//!     │       operations)     and a Recorder)                            │
//!     └──────────────────────── made smaller, while it fails ────────────┘
//! ```
//!
//! | file | what is there |
//! |---|---|
//! | `subject` | [`Subject`]: a primitive, or what pretends to be one, as programs use it |
//! | `generated` | [`Generated`]: a program, and the strategy that makes them |
//! | `run` | [`program`]: a generated program as one of the harness |
//! | `hunt` | [`hunt`]: many of them, until one fails |
//! | the others | a primitive each: its operations, and how the real one does them |
//!
//! Nothing here schedules anything: the harness does.

mod barrier;
mod condvar;
mod event;
mod generated;
mod hunt;
mod joinable_queue;
mod map;
mod mutex;
mod once;
mod queue;
mod robust_mutex;
mod robust_semaphore;
mod run;
mod rwlock;
mod semaphore;
mod subject;
mod value;

pub use barrier::setups as barrier_setups;
pub use generated::{Generated, OPERATIONS, TASKS, programs};
pub use hunt::{Caught, Counts, hunt};
pub use map::setups as map_setups;
pub use queue::setups as queue_setups;
pub use run::{World, program};
pub use semaphore::{bounded as bounded_setups, unbounded as unbounded_setups};
pub use subject::{Generate, Subject};
