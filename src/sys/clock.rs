//! The monotonic clock: nanoseconds since an unnamed origin, equal in all processes.
//!
//! Called by [`Native`](crate::platform::Native) for deadlines and sleeps. A deadline
//! is a plain `u64` because it then crosses a fork unharmed; it lasts for 584 years.
//!
//! When a process dies in [`sleep`], nothing is left behind.

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Nanoseconds on `CLOCK_MONOTONIC`.
///
/// # Panics
/// If the kernel has no monotonic clock; every Linux has one.
#[must_use]
pub fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("CLOCK_MONOTONIC is always there");
    now.tv_sec().cast_unsigned() * NANOS_PER_SECOND + now.tv_nsec().cast_unsigned()
}

/// Sleeps for `nanos` nanoseconds at least, however many signals arrive meanwhile.
pub fn sleep(nanos: u64) {
    let until = monotonic().saturating_add(nanos);
    loop {
        super::signal::handle_pending();
        let now = monotonic();
        if now >= until {
            return;
        }
        let left = super::signal::at_most_a_nap(Some(until - now)).unwrap_or(0);
        // An absolute time, so that a restart after a signal does not sleep longer.
        let then = timespec(now.saturating_add(left));
        let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &then);
    }
}

/// A number of nanoseconds as the kernel wants it.
pub(super) fn timespec(nanos: u64) -> TimeSpec {
    // Both parts fit: u64::MAX nanoseconds are fewer than 2^35 seconds.
    TimeSpec::new((nanos / NANOS_PER_SECOND).cast_signed(), (nanos % NANOS_PER_SECOND).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_takes_at_least_as_long_as_asked() {
        let before = monotonic();
        sleep(1_000_000);
        assert!(monotonic() - before >= 1_000_000);
    }
}
