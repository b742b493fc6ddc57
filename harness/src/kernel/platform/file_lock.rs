//! Locks of files under a scheduler: a task that would wait is not enabled until the
//! operating system would give it the lock.
//!
//! Used by the `Checked` platform. Whether a lock is free is asked like whether a
//! descriptor is ready, at the same moments and by the same process; see `stream`.
//!
//! 1. No attempt blocks: the lock is asked for without waiting once it was seen free.
//!
//! When a process dies here, its locks go with its descriptors: in `sim` the kernel of
//! this harness closes them, in `real` the operating system.

use super::checked::Checked;
use super::stream::{announce, file};
use crate::kernel::data::current;
use selvedge::platform::{Call, Guard, Io, Native, Platform};
use selvedge::sys::ofd;
use std::io;
use std::panic::Location;

/// What `Io::lock_file` does for `Checked`.
pub(in crate::kernel) fn lock(
    call: &Call<'_, &'static Location<'static>>,
    exclusive: bool,
    deadline: Option<u64>,
) -> io::Result<bool> {
    let this = current::get();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    if this.is_null() || unsafe { (*this).is_inside() } {
        let plain = Call { kind: call.kind, name: call.name, fd: call.fd, site: () };
        return Native::lock_file(plain, exclusive, deadline);
    }
    loop {
        let waits = deadline.is_none_or(|deadline| deadline > Checked::now());
        let guard = if waits { Guard::lockable(call.fd, exclusive) } else { Guard::ALWAYS };
        // SAFETY: as above.
        let (step, _) = unsafe { announce(this, call, 0, deadline.filter(|_| waits), guard) };
        let taken = ofd::try_lock(call.fd, exclusive);
        let scheduled = step.is_scheduled();
        if let Ok(true) = taken {
            // SAFETY: as above.
            unsafe { (*this).order_file(file(call.fd), false) };
        }
        step.conclude(&taken.as_ref().ok().and_then(|taken| taken.then_some(())));
        // Free when it was seen, and not any more: somebody unseen was faster.
        let again = waits && scheduled && deadline.is_none_or(|deadline| deadline > Checked::now());
        if !again || !matches!(taken, Ok(false)) {
            return taken;
        }
    }
}

/// What `Io::unlock_file` does for `Checked`.
pub(in crate::kernel) fn unlock(call: &Call<'_, &'static Location<'static>>) -> io::Result<()> {
    let this = current::get();
    // SAFETY: as in `lock`.
    if this.is_null() || unsafe { (*this).is_inside() } {
        return ofd::unlock(call.fd);
    }
    // SAFETY: as in `lock`.
    let (step, _) = unsafe { announce(this, call, 0, None, Guard::ALWAYS) };
    // SAFETY: as in `lock`.
    unsafe { (*this).order_file(file(call.fd), true) };
    let result = ofd::unlock(call.fd);
    step.conclude(&result);
    result
}
