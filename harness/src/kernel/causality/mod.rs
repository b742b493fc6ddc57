//! What happens before what: clocks, races on plain data, and steps that commute.
//!
//! | file | what is there |
//! |---|---|
//! | `clock`, `order` | vector clocks; which task knows of what the others did |
//! | `race_cell`, `race` | plain data that is watched; its races |
//! | `apart` | whether the tasks have anything in common |
//! | `torn` | whether two processes use an object that they do not share |
//! | `word` | which object an address stands for |
//! | `touches` | what a step touches, and which two steps commute |

pub(in crate::kernel) mod apart;
mod clock;
pub(in crate::kernel) mod order;
pub(in crate::kernel) mod race;
pub(in crate::kernel) mod race_cell;
mod torn;
pub(in crate::kernel) mod touches;
pub(in crate::kernel) mod word;
