//! The lives of tasks: their start, their end, and what they leave behind.
//!
//! | file | what is there |
//! |---|---|
//! | `launch` | starting a task within an execution |
//! | `life`, `unwind`, `panic` | creation, end, abandonment; panics on their way; what they said |
//! | `fiber`, `stack` | `sim`: letting a task's fiber run; where it stands |
//! | `behalf` | the program's line to which operations inside of the library belong |
//! | `outside` | waits in code outside of the tasks |
//! | `alone` | descriptors and forks of this process, one at a time |

pub(in crate::kernel) mod alone;
pub(in crate::kernel) mod behalf;
pub(crate) mod fiber;
pub(in crate::kernel) mod launch;
pub(in crate::kernel) mod life;
pub(in crate::kernel) mod outside;
pub(crate) mod panic;
pub(crate) mod stack;
pub(in crate::kernel) mod unwind;
