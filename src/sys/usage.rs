//! What a process has used: time, memory, faults, turns.
//!
//! Called by programs, and by [`wait`](super::wait) for a child that has ended.
//!
//! When a process dies, its parent gets what it has used with its end, and the sum of all its
//! children that were waited for from [`Usage::of_children`]. Those that nobody waits for are
//! left out.
//!
//! Source: getrusage(2).

use nix::libc;
use nix::sys::resource::{UsageWho, getrusage};
use std::mem;
use std::time::Duration;

/// What one process, or several together, have used.
#[doc(alias = "rusage")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time outside the kernel.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// The most bytes of memory at a time; of several processes, those of the largest.
    pub most_resident: u64,
    /// Pages that came without reading from a disk.
    pub minor_faults: u64,
    /// Pages that had to be read.
    pub major_faults: u64,
    /// Turns that were given up, to wait for something.
    pub yielded: u64,
    /// Turns that were taken away.
    pub preempted: u64,
}

impl Usage {
    /// Of the calling process so far, with all its threads.
    ///
    /// ```
    /// let used = selvedge::process::Usage::of_this_process();
    /// assert!(used.most_resident > 0);
    /// ```
    #[doc(alias = "getrusage")]
    #[must_use]
    pub fn of_this_process() -> Usage {
        Usage::of(UsageWho::RUSAGE_SELF)
    }

    /// Of all children of the calling process that have ended and were waited for, with theirs.
    #[must_use]
    pub fn of_children() -> Usage {
        Usage::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(whom: UsageWho) -> Usage {
        let used = getrusage(whom).expect("the kernel knows whom this asks for");
        Usage::from_raw(used.as_ref())
    }

    /// As the kernel writes that nothing was used.
    pub(super) fn nothing() -> libc::rusage {
        // SAFETY: it is made of integers.
        unsafe { mem::zeroed() }
    }

    pub(super) fn from_raw(used: &libc::rusage) -> Usage {
        let count = |number: libc::c_long| u64::try_from(number).unwrap_or(0);
        let time = |time: libc::timeval| {
            Duration::from_secs(count(time.tv_sec)) + Duration::from_micros(count(time.tv_usec))
        };
        Usage {
            user: time(used.ru_utime),
            system: time(used.ru_stime),
            // The kernel counts in kibibytes.
            most_resident: count(used.ru_maxrss).saturating_mul(1024),
            minor_faults: count(used.ru_minflt),
            major_faults: count(used.ru_majflt),
            yielded: count(used.ru_nvcsw),
            preempted: count(used.ru_nivcsw),
        }
    }
}
