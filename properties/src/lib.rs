//! What must hold, and small worlds in which it can be shown for every execution.
//!
//! | folder | what is there |
//! |---|---|
//! | [`spec`] | sequential specifications: what each primitive does for one caller after the other |
//! | [`program`] | generated programs over a primitive, whose histories a specification judges |
//! | [`mutant`] | primitives with one mistake each |
//! | [`law`] | what must hold of programs: one law a file, and its witness |
//! | [`model`] | the state machines of `selvedge::raw` over loom's atomics, and broken ones |
//! | [`queueing`] | disciplines of sharing out one processor, simulated |
//!
//! Used by the tests. Nothing here schedules anything by itself: the harness and loom do.

pub mod law;
pub mod model;
pub mod mutant;
pub mod program;
pub mod queueing;
pub mod spec;
