//! Signals: sending them, handling them with closures, waiting for them, timers.
//!
//! Called by programs, as `selvedge::Signals` and, in checked ones, as the same name of the
//! harness's prelude.
//!
//! A handler is a closure of the thread that set it. It runs between two operations of that
//! thread, so it may do whatever other code may; only must it not wait for what its own
//! thread holds. Under a scheduler it is a choice before which operation it runs, and its
//! own operations are steps like any others.
//!
//! | a process and a signal | leaves this state by |
//! |---|---|
//! | default: most signals end the process | `handle`, `ignore` |
//! | ignored | `handle`, `default` |
//! | handled | dropping the [`Guard`], which brings back what was before |
//! | blocked: sent signals wait | `unblock`; `wait` takes one without a handler |
//!
//! | file | what is there |
//! |---|---|
//! | `action` | what is done about a signal |
//! | `send` | sending |
//! | `wait` | masks, and waiting |
//! | `timer` | alarms |
//! | `names` | signals as text |
//!
//! 1. A blocking call that a signal interrupts goes on after the handler has run. A handler
//!    that panics ends the call instead.
//! 2. Signals do not count: the same one sent twice before it is handled is handled once.
//!
//! When a process dies here, what was pending for it is lost.

mod action;
mod names;
mod send;
mod timer;
mod wait;

#[cfg(test)]
mod tests;

pub use crate::platform::{Action, Clock, Foreign, Handler, Setting};
pub use action::Guard;
pub use names::{all, describe, parse};
pub use nix::sys::signal::{SigSet, Signal};
pub use send::{pidfd, send_by_pidfd};
pub use wait::descriptor;

use std::marker::PhantomData;

/// The signals of the calling process, on a platform.
///
/// ```
/// use selvedge::{Signals, signal::Signal};
/// use std::{cell::Cell, rc::Rc};
///
/// let count = Rc::new(Cell::new(0));
/// let handler = Signals::handle(Signal::SIGUSR1, {
///     let count = Rc::clone(&count);
///     move |_| count.set(count.get() + 1)
/// })?;
/// Signals::raise(Signal::SIGUSR1)?;
/// assert_eq!(count.get(), 1);
/// drop(handler); // and the default action is back
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Signals<P>(PhantomData<P>);
