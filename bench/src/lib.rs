//! Measurements against rivals.
//!
//! Used by this package's benches only. Each measured program is written once for
//! every side, line by line alike, and never asserts anything that can fail: all
//! sides must run all executions.
//!
//! | file | what is there |
//! |---|---|
//! | [`subject`] | the programs and the sides by name, and [`run`](subject::run) |
//! | `ours` | the programs for selvedge, declarative and dynamic |
//! | `with_shuttle`, `with_loom` | the same for the rivals, whose programs are one text: `like_std` |
//! | [`rounds`] | paired rounds, medians, ratios against a bar |
//! | [`crowd`] | a few tasks that work beside many that do not |
//! | [`in_processes`] | the programs for the engine `real` |
//! | [`bare`] | what hand-overs and forks cost with nothing around them |
//! | [`pthread`], [`pthread_signals`] | the C library's locks, its barrier and condition variable between processes |
//! | [`ring`] | what a queue costs at least |
//! | [`redis`] | the rival of a manager's dict, where it is installed |
//! | `with_iceoryx2` | the rival of the queues, where its feature is on |

pub mod bare;
pub mod crowd;
pub mod in_processes;
mod like_std;
mod ours;
pub mod pthread;
pub mod pthread_signals;
pub mod redis;
pub mod ring;
pub mod rounds;
pub mod subject;
#[cfg(feature = "iceoryx2")]
pub mod with_iceoryx2;
mod with_loom;
mod with_shuttle;
