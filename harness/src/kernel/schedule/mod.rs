//! Schedules: what shall be done, what was chosen, what happened.
//!
//! | file | what is there |
//! |---|---|
//! | `plan`, `rng` | a prefix of choices, and who chooses after it; the generator behind a seed |
//! | `choice` | one choice: who goes on, and with what outcome |
//! | `event`, `record` | what happened at one step; writing it down |
//! | `lives` | which object an address stood for, and when |

pub(in crate::kernel) mod choice;
pub(in crate::kernel) mod event;
pub(in crate::kernel) mod lives;
pub(in crate::kernel) mod plan;
pub(in crate::kernel) mod record;
pub(in crate::kernel) mod rng;
