//! What must hold of programs with threads and processes: one law a file.
//!
//! Each law has a name, a sentence and, where it takes more than a look at the end, a
//! witness: a part of a program's state to which the tasks say what they do. Called by
//! programs of fixtures and tests; a law that is broken is a panic that says its sentence,
//! and a scheduler makes a finding of that.
//!
//! | law | witness |
//! |---|---|
//! | [`MUTUAL_EXCLUSION`] | [`Alone`] |
//! | [`AT_MOST`] | [`AtMost`] |
//! | [`NO_LOST_WAKE_UP`] | [`nothing_missed`] |
//! | [`SAME_ITEMS`] | [`Delivery`] |
//! | [`FIFO_PER_PRODUCER`] | [`PerProducer`] |
//! | [`CAPACITY`] | [`Filled`] |
//! | [`GENERATIONS`] | [`Generations`] |
//! | [`EVERY_WAITER_ENDS`] | [`Waiters`] |
//! | [`DEATH_REPORTED_ONCE`] | [`Inheritance`] |
//! | [`TOKENS_SURVIVE`] | [`all_back`] |
//! | [`CONSERVATION`] | [`conserved`] |
//! | [`END_AFTER_LAST`] | [`Messages`] |
//! | [`EXACTLY_ONCE`] | [`Jobs`] |
//!
//! 1. What a witness does is no step of a schedule: its words are plain atomics.
//! 2. A witness is told right before or right after the operation that it is about, as its
//!    methods say; under a scheduler that is the same step.
//!
//! When a process dies here, its witness keeps what it was told; laws that must hold
//! across deaths say what the survivors tell.

mod at_most;
mod capacity;
mod conservation;
mod death_reported_once;
mod end_after_last;
mod every_waiter_ends;
mod exactly_once;
mod fifo_per_producer;
mod generations;
#[allow(clippy::module_inception, reason = "the type that the folder is about")]
mod law;
mod mutual_exclusion;
mod no_lost_wake_up;
mod same_items;
mod tokens_survive;

pub use at_most::{AT_MOST, AtMost};
pub use capacity::{CAPACITY, Filled};
pub use conservation::{CONSERVATION, conserved};
pub use death_reported_once::{DEATH_REPORTED_ONCE, Inheritance};
pub use end_after_last::{END_AFTER_LAST, Messages};
pub use every_waiter_ends::{EVERY_WAITER_ENDS, Waiters};
pub use exactly_once::{EXACTLY_ONCE, Jobs};
pub use fifo_per_producer::{FIFO_PER_PRODUCER, PerProducer};
pub use generations::{GENERATIONS, Generations};
pub use law::{LAWS, Law};
pub use mutual_exclusion::{Alone, MUTUAL_EXCLUSION};
pub use no_lost_wake_up::{NO_LOST_WAKE_UP, nothing_missed};
pub use same_items::{Delivery, SAME_ITEMS};
pub use tokens_survive::{TOKENS_SURVIVE, all_back};
