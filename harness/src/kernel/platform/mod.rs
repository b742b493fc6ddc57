//! The `Checked` platform: what the primitives' own code meets under the scheduler.
//!
//! | file | what is there |
//! |---|---|
//! | `checked`, `words` | the platform itself; its atomic words |
//! | `futex`, `sleep` | futex calls; their queues: falling asleep and being woken |
//! | `family`, `children` | starting tasks; handles of what was started |
//! | `segment`, `named` | memory that tasks share; segments with a name |
//! | `robust` | the robust locks of tasks that end |
//! | `signal`, `handlers` | who is sent a signal, and when its handler runs; the handlers |
//! | `stream`, `open`, `file_lock` | calls on descriptors; who has which open in `sim`; locks of files |
//! | `descriptor`, `watch`, `one_by_one` | who waits until one is ready; the set of those that are watched; the others |
//! | `unseen` | shipped primitives in an exploration, which are refused |

pub(in crate::kernel) mod checked;
pub(in crate::kernel) mod children;
pub(in crate::kernel) mod descriptor;
pub(in crate::kernel) mod family;
pub(in crate::kernel) mod file_lock;
pub(in crate::kernel) mod futex;
pub(in crate::kernel) mod handlers;
pub(in crate::kernel) mod named;
pub(in crate::kernel) mod one_by_one;
pub(in crate::kernel) mod open;
pub(in crate::kernel) mod robust;
pub(in crate::kernel) mod segment;
pub(in crate::kernel) mod signal;
pub(in crate::kernel) mod sleep;
pub(in crate::kernel) mod stream;
pub(in crate::kernel) mod unseen;
pub(in crate::kernel) mod watch;
pub(in crate::kernel) mod words;
