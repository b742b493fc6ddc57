//! Operations of the user's own: announced to the scheduler like those of the
//! primitives.
//!
//! When a process dies here, see the scheduling point in `point`.

use crate::kernel::data::current;
use crate::kernel::data::state::{Kernel, LOWEST_ADDRESS};
use crate::kernel::platform::checked::perform;
use crate::kernel::platform::unseen;
use selvedge::platform::{Kind, Observe, Op};
use std::panic::Location;

/// A visible operation of your own: a scheduling point, then `body`.
///
/// `object` is the address (or any other number) of what the operation acts on; operations on
/// different objects are taken to commute, and a [`Kind::Step`] on 0, which is on none, with all
/// others. Outside an exploration this is just `body()`.
///
/// ```
/// use selvedge_harness::{Kind, visible};
/// let text = visible(Kind::Read, "read config", 1, || "content");
/// assert_eq!(text, "content");
/// ```
#[track_caller]
pub fn visible<R>(kind: Kind, name: &'static str, object: usize, body: impl FnOnce() -> R) -> R {
    visible_value(kind, name, object, body, |_| 0)
}

/// Like [`visible`], and `value` turns the result into the number that reports show: of a
/// [`Kind::Acquire`] or [`Kind::TryAcquire`] that did not get what it wants, [`u64::MAX`]. Such a
/// try changed nothing.
#[track_caller]
pub fn visible_value<R>(
    kind: Kind,
    name: &'static str,
    object: usize,
    body: impl FnOnce() -> R,
    value: impl FnOnce(&R) -> u64,
) -> R {
    struct Seen<R>(R, u64);
    impl<R> Observe for Seen<R> {
        fn observed(&self) -> u64 {
            self.1
        }
    }
    let site = Location::caller();
    let object = if object == 0 && kind != Kind::Step { ZERO } else { object };
    let op = || Op::new(kind, name, object, site);
    let seen = || {
        let result = body();
        touched(kind, object);
        let number = if current::get().is_null() { 0 } else { value(&result) };
        Seen(result, number)
    };
    let this = current::get();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    if this.is_null() || unsafe { (*this).is_inside() } {
        return seen().0;
    }
    // No word need stand for it, so that it is a step at either granularity.
    // SAFETY: as above.
    unsafe { perform(this, op, seen) }.0
}

/// Stands for the object 0, which means none in [`Op`]: like other small numbers one object in
/// every process.
const ZERO: usize = LOWEST_ADDRESS - 1;

/// A word that is no checked one may have changed under an operation of the user's.
fn touched(kind: Kind, address: usize) {
    let this = current::get();
    if !this.is_null() {
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            (*this).touch(address);
            (*this).order_visible(kind, address);
        }
    }
}

/// Runs `body` as part of the current step: what it does with checked primitives is
/// not scheduled. For bookkeeping that the real program would not have.
pub fn unobserved<R>(body: impl FnOnce() -> R) -> R {
    struct Restore(*mut Kernel, u8);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the kernel of an execution lives while its tasks run.
            unsafe { (*self.0).restore_quiet(self.1) };
        }
    }
    let this = current::get();
    if this.is_null() {
        return unseen::silently(body);
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let kernel = unsafe { &mut *this };
    let _restore = Restore(this, kernel.quiet);
    kernel.go_inside();
    body()
}
