//! The scheduler kernel: who is enabled, who goes on, what was chosen.
//!
//! One kernel serves both engines. It is plain data in one arena (private memory
//! for fibers, shared memory for processes), and the running task itself takes
//! each decision, so that nobody is asked and nothing is sent.
//!
//! | file | what is there |
//! |---|---|
//! | `state`, `memory`, `enabled` | the kernel's data, its reset; its arrays; its set of enabled tasks |
//! | `point`, `turn` | the scheduling point that stands before each visible operation; passing the turn |
//! | `file_lock` | locks of files |
//! | `stream`, `open` | calls on descriptors, and who waits for one; who has which in `sim` |
//! | `signal`, `handlers` | who is sent a signal, and when its handler runs; the handlers |
//! | `visible`, `join` | operations of the user's own; joining any task |
//! | `recorder`, `moment` | the operations of a program as a history; its times and kills |
//! | `decide` | the choice of the next task, and the ends of an execution |
//! | `policy` | who goes on where the plan does not say |
//! | `fault` | what goes wrong on purpose |
//! | `futex`, `sleep` | futex calls; their queues: falling asleep and being woken |
//! | `life`, `unwind` | tasks: creation, end, abandonment; panics on their way |
//! | `guard` | classes of tasks that wait for the same thing |
//! | `robust` | the robust locks of tasks that end |
//! | `race_cell`, `race`, `order`, `clock` | plain data; its races; what happens before what; vector clocks |
//! | `touches` | which two steps commute |
//! | `plan`, `choice`, `event`, `record` | what shall be done, what was chosen, what happened; writing it down |
//! | `plan`, `choice`, `event` | what shall be done, what was chosen, what happened |
//! | `record` | writing that down |
//! | `arena`, `task`, `fixed` | the memory and the plain data in it |
//! | `checked`, `words`, `children`, `segment` | the `Checked` platform that primitives meet |
//! | `outside` | waits in code outside of the tasks |
//! | `alone` | descriptors and forks of this process, one at a time |
//! | `current`, `panic`, `rng` | the thread's kernel, panic notes, the generator |
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

mod alone;
mod arena;
mod checked;
mod children;
mod choice;
mod clock;
pub(crate) mod current;
mod decide;
mod enabled;
mod event;
pub(crate) mod fault;
mod file_lock;
mod fixed;
mod futex;
mod guard;
mod handlers;
mod join;
mod life;
mod memory;
mod moment;
mod named;
mod open;
mod order;
mod outside;
pub(crate) mod panic;
mod plan;
mod point;
mod policy;
mod race;
mod race_cell;
mod record;
mod recorder;
mod rng;
mod robust;
mod segment;
mod signal;
mod sleep;
mod state;
mod stream;
mod task;
mod touches;
mod turn;
mod unwind;
mod visible;
mod words;

pub(crate) use alone::Alone;
pub(crate) use arena::Arena;
pub use arena::Limits;
pub use checked::{Checked, Granularity};
pub(crate) use choice::faults;
pub use choice::{Choice, Outcome, switches};
pub(crate) use decide::End;
pub(crate) use event::{EVERYTHING, Event, Tail};
pub(crate) use handlers::forget_handlers;
pub use join::join_task;
pub(crate) use life::{depart, enter, set_label};
pub(crate) use moment::judging;
pub(crate) use outside::set_part;
pub(crate) use plan::{Mismatch, Plan, Policy};
pub(crate) use policy::{Forecast, MARKS, Mark, Sleeper, is_eligible};
pub(crate) use race::Touch;
pub use race_cell::RaceCell;
pub(crate) use recorder::Judged;
pub use recorder::Recorder;
pub use rng::Rng;
pub(crate) use segment::at_home;
pub(crate) use state::{Kernel, Mode, Request};
pub(crate) use stream::is_file;
pub(crate) use task::NOBODY;
pub use task::Role;
pub(crate) use task::State;
pub(crate) use touches::Touches;
pub use visible::{unobserved, visible, visible_value};
