//! What a program tells the scheduler itself, beside the operations of its primitives.
//!
//! | file | what is there |
//! |---|---|
//! | `visible` | operations of the program's own |
//! | `join` | joining any task by its number |
//! | `recorder`, `moment` | the operations of a program as a history; its times and kills |

pub(in crate::kernel) mod join;
pub(in crate::kernel) mod moment;
pub(in crate::kernel) mod recorder;
pub(in crate::kernel) mod visible;
