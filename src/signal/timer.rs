//! Alarms: timers of the process that send signals.
//!
//! Called by programs. There is one timer of each clock in a process; setting it replaces
//! what it was set to. Under a scheduler only real time can be set a timer on; it is the
//! virtual clock then.
//!
//! When a process dies here, its timers go with it; a child has none of its parent's.

use super::Signals;
use crate::platform::{Clock, Setting, Signals as Platform, Site};
use std::io;
use std::time::Duration;

impl<P: Platform> Signals<P> {
    /// Sends SIGALRM to this process after `seconds`; 0 takes an alarm back. Returns how
    /// many seconds were left of the alarm before, rounded to the nearest but at least 1;
    /// 0 if there was none.
    ///
    /// # Errors
    /// Whatever setitimer(2) refuses.
    #[track_caller]
    pub fn alarm(seconds: u32) -> io::Result<u64> {
        let setting = Setting { next: Duration::from_secs(seconds.into()), interval: Duration::ZERO };
        let left = P::set_timer(Clock::Real, setting, P::Site::here())?.next;
        let rounded = left.as_secs() + u64::from(left.subsec_nanos() >= 500_000_000);
        Ok(if left.is_zero() { 0 } else { rounded.max(1) })
    }

    /// Sets a timer: its signal comes after `next`, and then every `interval`; zero for
    /// never. Returns how it stood.
    ///
    /// # Errors
    /// Whatever setitimer(2) refuses.
    #[track_caller]
    #[doc(alias = "setitimer")]
    pub fn set_timer(clock: Clock, setting: Setting) -> io::Result<Setting> {
        P::set_timer(clock, setting, P::Site::here())
    }

    /// How a timer stands.
    ///
    /// # Errors
    /// Whatever getitimer(2) refuses.
    #[doc(alias = "getitimer")]
    pub fn timer(clock: Clock) -> io::Result<Setting> {
        P::timer(clock)
    }
}
