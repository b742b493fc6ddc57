//! What must hold, and small worlds in which it can be shown for every execution.
//!
//! | folder | what is there |
//! |---|---|
//! | [`model`] | the state machines of `selvedge::raw` over loom's atomics, and broken ones |
//! | [`queueing`] | disciplines of sharing out one processor, simulated |
//!
//! Used by the tests. Nothing here schedules anything by itself: loom does.

pub mod model;
pub mod queueing;
