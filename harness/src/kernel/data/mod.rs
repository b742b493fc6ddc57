//! The kernel's plain data, which both engines share and no execution allocates.
//!
//! | file | what is there |
//! |---|---|
//! | `state`, `reset`, `memory` | the kernel itself; readying it for an execution; its arrays |
//! | `task`, `fixed` | a task's slot; text of bounded length |
//! | `enabled` | the set of tasks that can go on |
//! | `arena` | the one block of memory that all of this lies in |
//! | `current` | which kernel the running code belongs to |

pub(in crate::kernel) mod arena;
pub(crate) mod current;
pub(in crate::kernel) mod enabled;
pub(in crate::kernel) mod fixed;
pub(in crate::kernel) mod memory;
pub(in crate::kernel) mod reset;
pub(in crate::kernel) mod state;
pub(in crate::kernel) mod task;
