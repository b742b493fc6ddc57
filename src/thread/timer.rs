//! Something done once, later.
//!
//! Called by programs.
//!
//! | state | event | what the thread does |
//! |---|---|---|
//! | started | not set | waits for it, as long as the delay is |
//! | cancelled | set | ends without doing anything |
//! | fired | not set | has done it |
//!
//! 1. Whether a timer fires is decided once, when its wait ends: what is cancelled later
//!    is not undone.
//!
//! When the process dies, its timers do.

use super::Thread;
use crate::Error;
use crate::platform::{Native, Tasks};
use crate::process::ExitStatus;
use crate::sync::Event;
use std::sync::Arc;
use std::time::Duration;

/// A thread that waits and then does something, unless it is cancelled before.
///
/// ```
/// use selvedge::Timer;
/// use std::time::Duration;
///
/// let mut timer = Timer::new(Duration::from_secs(3600), || unreachable!("nobody waits that long"));
/// timer.start()?;
/// timer.cancel();
/// assert!(timer.join()?.success());
/// # Ok::<(), selvedge::Error>(())
/// ```
#[derive(Debug)]
pub struct Timer<P: Tasks = Native> {
    thread: Thread<P>,
    cancelled: Arc<Event<P>>,
}

impl<P: Tasks> Timer<P> {
    /// A timer that will call `action` when `delay` has passed since its start.
    pub fn new<R>(delay: Duration, action: impl FnOnce() -> R + Send + 'static) -> Self {
        let cancelled = Arc::new(Event::new());
        let seen = Arc::clone(&cancelled);
        let thread = Thread::new(move || {
            if !seen.wait_timeout(delay) {
                drop(action());
            }
        });
        Timer { thread, cancelled }
    }

    /// Starts the delay.
    ///
    /// # Errors
    /// As for [`Thread::start`].
    #[track_caller]
    pub fn start(&mut self) -> Result<(), Error> {
        self.thread.start()
    }

    /// Keeps the timer from firing, if it has not fired yet.
    #[track_caller]
    pub fn cancel(&self) {
        self.cancelled.set();
    }

    /// Waits until the timer has fired or was cancelled.
    ///
    /// # Errors
    /// As for [`Thread::join`].
    #[track_caller]
    pub fn join(&self) -> Result<ExitStatus, Error> {
        self.thread.join()
    }

    /// Whether it was started, and has neither fired nor ended.
    #[track_caller]
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.thread.is_alive()
    }
}
