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
//! | `generated` | [`Generated`]: a program, and what it is without one of its parts |
//! | `draft` | a program as it is drawn, and made smaller |
//! | `handed` | [`Handed`]: one in parts, which a main task hands out |
//! | `tried` | [`Tried`]: both, as a hunt sees them |
//! | `run` | [`program`]: a generated program as one of the harness |
//! | `hunt` | [`hunt`]: many of them, until one fails |
//! | the others | a primitive each: its operations, and how the real one does them |
//!
//! Nothing here schedules anything: the harness does.

mod arena;
mod barrier;
mod condvar;
mod draft;
mod event;
mod file_lock;
mod generated;
mod handed;
mod hunt;
mod joinable_queue;
mod list;
mod map;
mod mutex;
mod once;
mod pipe;
mod pool;
mod queue;
mod robust_condvar;
mod robust_mutex;
mod robust_semaphore;
mod run;
mod rwlock;
mod semaphore;
mod spsc;
mod subject;
mod tried;
mod value;
mod vector;

pub use arena::RealArena;
pub use barrier::setups as barrier_setups;
pub use generated::{Generated, OPERATIONS, TASKS};
pub use handed::{Handed, Tasks};
pub use hunt::{Caught, Counts, breaks, hunt};
pub use list::RealList;
pub use map::setups as map_setups;
pub use pipe::RealPipe;
pub use pool::{Crew, OfCrew, RealPool, Threads};
pub use queue::setups as queue_setups;
pub use run::{World, program};
pub use semaphore::{bounded as bounded_setups, unbounded as unbounded_setups};
pub use spsc::{Carried, Messages, Numbers, RealSpsc, setups as spsc_setups};
pub use subject::{Generate, Subject};
pub use tried::{Apart, Tried};
pub use vector::RealVector;
