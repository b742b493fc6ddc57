//! Findings in words: the message of a failing test, JSON lines, the page.
//!
//! Called by `program` when a law is broken and by the command line. Everything is a
//! pure function of a report or a recording, except that the command to reproduce it
//! looks at the running process.
//!
//! | file | what is there |
//! |---|---|
//! | `explain` | the whole message, its headline and its counts |
//! | `table` | the lane table before it is drawn: which tasks, which rows |
//! | `lanes` | the lane table as text |
//! | `critical` | the two operations whose order did the harm |
//! | `blocked` | a deadlock in words |
//! | `livelock` | a livelock in words: who repeats what, who is left out |
//! | `caller` | which test explores |
//! | `reproduce` | the command that shows the finding again |
//! | `words` | an operation, a value, a list of names |
//! | `json` | a report as one line |
//! | `html` | many reports as one page |
//! | `style` | plain or coloured text and its width |

mod blocked;
mod caller;
mod critical;
mod explain;
mod html;
mod json;
mod lanes;
mod livelock;
mod reproduce;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use words::announced;

pub use blocked::deadlock;
pub(crate) use caller::Caller;
pub use critical::critical;
pub(crate) use explain::picture;
pub use explain::{explain, failure, headline, summary_line};
pub use html::{Entry, html, switches};
pub use json::json;
pub(crate) use json::trace;
pub use lanes::lanes;
pub(crate) use lanes::lanes_of;
pub use livelock::livelock;
pub(crate) use reproduce::by_command_line;
pub use reproduce::reproduce;
pub use style::Style;
