//! The part of a platform that signals need: what a process does about one, who sends
//! them, who waits for them.
//!
//! Called by [`Signals`](crate::signal::Signals), which is what programs use.
//!
//! | platform | where a handler runs |
//! |---|---|
//! | `Native` | at the next safe point of the thread that set it; see [`sys::signal`](crate::sys::signal) |
//! | `Checked` | before the announced operation of the task that set it |
//!
//! 1. A handler is ordinary code: it runs between two operations of its own thread, never
//!    in the middle of an allocation or of a lock's slow path, so it may do anything. What
//!    it waits for its own thread must not hold.
//! 2. Handlers of one thread do not interrupt each other.
//!
//! When a process dies here, its handlers, masks and pending signals go with it.

use super::{Native, Tasks};
use crate::sys::process::Signal;
use crate::sys::{clock, send, signal, timer};
use nix::sys::signal::{SigSet, SigmaskHow};
use std::io;

pub use crate::sys::signal::{Action, Foreign, Handler};
pub use crate::sys::timer::{Clock, Setting};

/// A platform on which tasks can send and handle signals.
pub trait Signals: Tasks {
    /// Sets what the calling process does about a signal and returns what it did before.
    /// A handler will run in the calling thread.
    ///
    /// # Errors
    /// `EINVAL` for signals that nobody can handle or ignore.
    fn set_action(signal: Signal, action: Action, site: Self::Site) -> io::Result<Action>;

    /// What the calling process does about a signal.
    ///
    /// # Errors
    /// As for [`set_action`](Signals::set_action).
    fn action(signal: Signal) -> io::Result<Action>;

    /// Sends a signal to the process with this number.
    ///
    /// # Errors
    /// `ESRCH` if there is none, and whatever else kill(2) refuses.
    fn send(process: u32, signal: Signal, site: Self::Site) -> io::Result<()>;

    /// Sends a signal to the calling thread; its handler has run when this returns.
    ///
    /// # Errors
    /// Whatever raise(3) refuses.
    fn raise(signal: Signal, site: Self::Site) -> io::Result<()>;

    /// Changes which signals the calling thread does not take for now; returns which they
    /// were. Handlers of what is taken again and had been sent have run on return.
    ///
    /// # Errors
    /// Whatever pthread_sigmask(3) refuses.
    fn set_mask(how: SigmaskHow, set: SigSet, site: Self::Site) -> io::Result<SigSet>;

    /// The signals that were sent to the calling thread or its process and wait, blocked.
    ///
    /// # Errors
    /// Whatever sigpending(2) refuses.
    fn pending(site: Self::Site) -> io::Result<SigSet>;

    /// Waits for one of these signals, which the caller has blocked, and takes it without
    /// running a handler. `Ok(None)` if `deadline` (nanoseconds on the platform's clock)
    /// passed first; a past deadline asks without waiting.
    ///
    /// # Errors
    /// Whatever sigtimedwait(2) refuses.
    fn wait_for(set: SigSet, deadline: Option<u64>, site: Self::Site) -> io::Result<Option<Signal>>;

    /// Sleeps until a handler has run in the calling thread.
    ///
    /// # Errors
    /// Whatever sigsuspend(2) refuses.
    fn await_handler(site: Self::Site) -> io::Result<()>;

    /// Sets a timer of the calling process and returns how it stood.
    ///
    /// # Errors
    /// Whatever setitimer(2) refuses.
    fn set_timer(clock: Clock, setting: Setting, site: Self::Site) -> io::Result<Setting>;

    /// How a timer of the calling process stands.
    ///
    /// # Errors
    /// Whatever getitimer(2) refuses.
    fn timer(clock: Clock) -> io::Result<Setting>;

    /// A safe point: runs the handlers of signals that have come.
    fn handle_pending();
}

impl Signals for Native {
    fn set_action(signal: Signal, action: Action, (): ()) -> io::Result<Action> {
        signal::set_action(signal, action)
    }

    fn action(signal: Signal) -> io::Result<Action> {
        signal::action(signal)
    }

    fn send(process: u32, signal: Signal, (): ()) -> io::Result<()> {
        send::send(process, signal)
    }

    fn raise(signal: Signal, (): ()) -> io::Result<()> {
        send::raise(signal)
    }

    fn set_mask(how: SigmaskHow, set: SigSet, (): ()) -> io::Result<SigSet> {
        signal::set_mask(how, set)
    }

    fn pending((): ()) -> io::Result<SigSet> {
        signal::pending()
    }

    fn wait_for(set: SigSet, deadline: Option<u64>, (): ()) -> io::Result<Option<Signal>> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_sub(clock::monotonic()));
            match signal::wait_for(set, left) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => signal::handle_pending(),
                result => return result,
            }
        }
    }

    fn await_handler((): ()) -> io::Result<()> {
        signal::await_handler()
    }

    fn set_timer(clock: Clock, setting: Setting, (): ()) -> io::Result<Setting> {
        timer::set(clock, setting)
    }

    fn timer(clock: Clock) -> io::Result<Setting> {
        timer::get(clock)
    }

    fn handle_pending() {
        signal::handle_pending();
    }
}
