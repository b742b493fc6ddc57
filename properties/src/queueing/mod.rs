//! How one processor is shared out among jobs: the disciplines that textbooks on operating
//! systems explain, as a simulation.
//!
//! Called by teachers and by tests. [`simulate`] runs [`Job`]s under a [`Discipline`] and
//! returns the [`Timeline`] of who ran when.
//!
//! | file | discipline |
//! |---|---|
//! | `fcfs` | first come, first served |
//! | `sjf` | shortest job first, on request with ageing |
//! | `round_robin` | in turns, a slice each |
//! | `mlfq` | queues with longer and longer slices, the first queue first |
//!
//! When a process dies, it is no job any more; there is no such thing in here.

mod fcfs;
mod mlfq;
mod round_robin;
mod simulate;
mod sjf;

#[cfg(test)]
mod tests;

pub use fcfs::Fcfs;
pub use mlfq::Mlfq;
pub use round_robin::RoundRobin;
pub use simulate::{Discipline, Job, Ready, Run, Timeline, simulate};
pub use sjf::Sjf;
