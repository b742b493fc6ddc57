//! The interval timers of a process: setitimer(2).
//!
//! Called by [`Native`](crate::platform::Native). Each process has one timer of each
//! clock; setting it replaces what it was set to.
//!
//! When a process dies here, its timers go with it; a forked child has none.

use nix::errno::Errno;
use nix::libc;
use std::io;
use std::ptr;
use std::time::Duration;

/// Which time a timer counts, and which signal it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Real time; SIGALRM.
    Real,
    /// Time that the process computes in user mode; SIGVTALRM.
    Virtual,
    /// Time that the process computes; SIGPROF.
    Prof,
}

/// How a timer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Setting {
    /// Until its next signal; zero for none.
    pub next: Duration,
    /// From then on between two signals; zero for no further one.
    pub interval: Duration,
}

impl Clock {
    fn number(self) -> libc::c_int {
        match self {
            Clock::Real => libc::ITIMER_REAL,
            Clock::Virtual => libc::ITIMER_VIRTUAL,
            Clock::Prof => libc::ITIMER_PROF,
        }
    }
}

fn timeval(duration: Duration) -> libc::timeval {
    // A timer of some nanoseconds shall run for a microsecond, not for ever.
    let micros = duration.as_nanos().div_ceil(1000);
    let most = libc::time_t::MAX.cast_unsigned().into();
    let seconds = (micros / 1_000_000).min(most);
    libc::timeval { tv_sec: seconds as libc::time_t, tv_usec: (micros % 1_000_000) as libc::suseconds_t }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_usec.cast_unsigned() as u32 * 1000)
}

fn setting(value: libc::itimerval) -> Setting {
    Setting { next: duration(value.it_value), interval: duration(value.it_interval) }
}

const ZERO: libc::timeval = libc::timeval { tv_sec: 0, tv_usec: 0 };

/// Sets the timer and returns how it stood.
///
/// # Errors
/// Whatever setitimer(2) refuses.
pub fn set(clock: Clock, to: Setting) -> io::Result<Setting> {
    let new = libc::itimerval { it_value: timeval(to.next), it_interval: timeval(to.interval) };
    let mut old = libc::itimerval { it_value: ZERO, it_interval: ZERO };
    // SAFETY: both pointers are to live values.
    Errno::result(unsafe { libc::setitimer(clock.number(), &raw const new, &raw mut old) })?;
    Ok(setting(old))
}

/// How the timer stands.
///
/// # Errors
/// Whatever getitimer(2) refuses.
pub fn get(clock: Clock) -> io::Result<Setting> {
    let mut now = libc::itimerval { it_value: ZERO, it_interval: ZERO };
    let now_at = ptr::from_mut(&mut now);
    // SAFETY: the pointer is to a live value.
    Errno::result(unsafe { libc::getitimer(clock.number(), now_at) })?;
    Ok(setting(now))
}
