//! What is done about a signal: nothing, the default, or a closure.
//!
//! Called by programs; see the module's table of states.
//!
//! 1. A guard brings back what its handler replaced, in the thread that set it: it cannot
//!    be sent to another.
//!
//! When a process dies here, nothing is left.

use super::Signals;
use crate::platform::{Action, Signals as Platform, Site};
use crate::sys;
use nix::sys::signal::Signal;
use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// Keeps a handler in force; dropped, it brings back what was before, whatever is done about the
/// signal by then: of several guards of one signal drop the newest first.
#[must_use = "the handler is in force only while its guard lives"]
#[derive(Debug)]
pub struct Guard<P: Platform> {
    signal: Signal,
    before: Option<Action>,
    site: P::Site,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl<P: Platform> Guard<P> {
    /// What was done about the signal before.
    #[must_use]
    pub fn before(&self) -> &Action {
        self.before.as_ref().unwrap_or(&Action::Default)
    }

    /// Lets the handler stay for as long as the thread lives.
    pub fn keep(mut self) {
        self.before = None;
    }
}

impl<P: Platform> Drop for Guard<P> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // It was in force before, so it can be again.
            let _ = P::set_action(self.signal, before, self.site);
        }
    }
}

impl<P: Platform> Signals<P> {
    /// Handles a signal with `handler`, in this thread, while the guard lives.
    ///
    /// # Errors
    /// `EINVAL` for SIGKILL and SIGSTOP, which nobody can handle.
    #[track_caller]
    pub fn handle(signal: Signal, handler: impl Fn(Signal) + 'static) -> io::Result<Guard<P>> {
        Self::install(signal, Action::Handle(Rc::new(handler)), P::Site::here())
    }

    /// Runs `body` while `handler` handles a signal; the handler may borrow. So it is this call's
    /// alone: a process that `body` starts does about the signal what was done before.
    ///
    /// ```
    /// use selvedge::{Signals, signal::Signal};
    /// let count = std::cell::Cell::new(0);
    /// Signals::handling(Signal::SIGUSR2, |_| count.set(count.get() + 1), || {
    ///     Signals::raise(Signal::SIGUSR2)
    /// })??;
    /// assert_eq!(count.get(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`handle`](Signals::handle).
    #[track_caller]
    pub fn handling<R>(signal: Signal, handler: impl Fn(Signal), body: impl FnOnce() -> R) -> io::Result<R> {
        let site = P::Site::here();
        let install = |handler| Self::install(signal, Action::Handle(handler), site);
        sys::scoped::scoped(&handler, install, |guard| guard.before().clone(), body)
    }

    /// Ignores a signal while the guard lives.
    ///
    /// # Errors
    /// As for [`handle`](Signals::handle).
    #[track_caller]
    pub fn ignore(signal: Signal) -> io::Result<Guard<P>> {
        Self::install(signal, Action::Ignore, P::Site::here())
    }

    fn install(signal: Signal, action: Action, site: P::Site) -> io::Result<Guard<P>> {
        let before = Some(P::set_action(signal, action, site)?);
        Ok(Guard { signal, before, site, thread: PhantomData })
    }

    /// Sets what is done about a signal from now on and returns what was done before, as
    /// Python's `signal.signal` does.
    ///
    /// # Errors
    /// As for [`handle`](Signals::handle).
    #[track_caller]
    #[doc(alias = "signal")]
    pub fn set(signal: Signal, action: Action) -> io::Result<Action> {
        P::set_action(signal, action, P::Site::here())
    }

    /// What is done about a signal.
    ///
    /// # Errors
    /// `EINVAL` for numbers that are no signals.
    #[doc(alias = "getsignal")]
    pub fn get(signal: Signal) -> io::Result<Action> {
        P::action(signal)
    }

    /// Lets every handled signal leave a byte, its number, in `fd` (`None` for nowhere), to
    /// wake a poll(2) or select(2) of the program's own; returns the descriptor before.
    /// Under a scheduler signals leave nothing there.
    ///
    /// # Errors
    /// `InvalidInput` if calls on it block.
    #[doc(alias = "set_wakeup_fd")]
    pub fn set_wakeup(fd: Option<OwnedFd>) -> io::Result<Option<OwnedFd>> {
        sys::wakeup::set(fd)
    }

    /// How many of those bytes found no room since this was last asked.
    #[must_use]
    pub fn lost_wakeups() -> u64 {
        sys::wakeup::lost()
    }

    /// A safe point: runs the handlers of signals that have come. Only code that computes
    /// for long without any blocking call has to ask for it.
    pub fn handle_pending() {
        P::handle_pending();
    }
}
