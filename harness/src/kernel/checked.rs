//! The `Checked` platform: the primitives' own code, with the kernel deciding
//! before each visible operation who goes on.
//!
//! Used through the aliases of the prelude. Its words have the memory layout of
//! the native ones, and outside an exploration it does what `Native` does, so the
//! same types run under both engines, in `wild`, and left alone.
//!
//! | granularity | a step is |
//! |---|---|
//! | `Operation` | one call of a primitive |
//! | `Word` | one atomic access or futex call inside it |
//!
//! Memory is sequentially consistent here; weaker orderings are loom's business.
//!
//! When a process dies here, see the module's documentation.

use super::point::point;
use super::state::Kernel;
use super::words::{CheckedU8, CheckedU16, CheckedU32, CheckedU64};
use super::{current, sleep};
use selvedge::platform::{Cmp, Guard, Kind, Native, Observe, Op, Platform, Woken};
use std::panic::Location;
use std::sync::atomic::Ordering;

/// What counts as one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Granularity {
    /// A call of a primitive: for programs that use primitives.
    #[default]
    Operation,
    /// An atomic access or a futex call: for checking the primitives themselves.
    Word,
}

/// The platform that a scheduler sees.
#[derive(Clone, Copy, Debug)]
pub struct Checked;

/// Marks the running task as inside a step's body while it lives.
struct Inside(*mut Kernel);

impl Inside {
    #[inline(always)]
    fn enter(kernel: *mut Kernel) -> Inside {
        // SAFETY: called with the current kernel by the running task.
        unsafe { (*kernel).inside = true };
        Inside(kernel)
    }
}

impl Drop for Inside {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a step's body runs within one execution, during which its kernel lives.
        unsafe { (*self.0).inside = false };
    }
}

/// Performs a step of the running task: the operation is announced, `body` is run
/// unobserved, its result recorded.
///
/// # Safety
/// `this` is the calling thread's current kernel.
#[inline]
pub(super) unsafe fn perform<R: Observe>(
    this: *mut Kernel,
    op: impl FnOnce() -> Op,
    body: impl FnOnce() -> R,
) -> R {
    let op = {
        let _inside = Inside::enter(this);
        op()
    };
    // SAFETY: the caller's promise.
    let scheduled = unsafe { point(this, op) };
    // SAFETY: the turn is ours until the next point.
    let index = unsafe { (*this).steps } as usize;
    let result = {
        let _inside = Inside::enter(this);
        body()
    };
    // SAFETY: as above; a body that slept has the turn back.
    let kernel = unsafe { &mut *this };
    kernel.touch(op.object);
    if kernel.plan.record && scheduled {
        let event = &mut kernel.events()[index - 1];
        event.value = result.observed();
        event.done = true;
    }
    result
}

impl Platform for Checked {
    type AtomicU8 = CheckedU8;
    type AtomicU16 = CheckedU16;
    type AtomicU32 = CheckedU32;
    type AtomicU64 = CheckedU64;
    type Futex = CheckedU32;
    type Site = &'static Location<'static>;

    // Looking again is pointless while nobody else runs, and outside an
    // exploration only speed is lost.
    const SPIN: u32 = 0;

    #[inline]
    fn step<R: Observe>(op: impl FnOnce() -> Op, body: impl FnOnce() -> R) -> R {
        let this = current::get();
        if this.is_null() {
            return body();
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &mut *this };
        if kernel.inside {
            return body();
        }
        if kernel.granularity == Granularity::Word {
            let op = {
                let _inside = Inside::enter(this);
                op()
            };
            kernel.site = op.site;
            // What no word shows (a join, a sleep, a user's own operation) is a
            // step at either granularity.
            if !matches!(op.kind, Kind::Join | Kind::Sleep | Kind::Step | Kind::Signal) {
                return body();
            }
            // SAFETY: as above.
            return unsafe { perform(this, || op, body) };
        }
        // SAFETY: as above.
        unsafe { perform(this, op, body) }
    }

    fn futex_wait(
        word: &CheckedU32,
        expected: u32,
        deadline: Option<u64>,
        op: impl FnOnce() -> Op,
        resume: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        let this = current::get();
        if this.is_null() {
            return Native::futex_wait(word.native(), expected, deadline, op, resume);
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &mut *this };
        let observed = !kernel.inside;
        kernel.inside = true;
        let mut op = op().until(deadline);
        let resume = if observed { None } else { resume.map(|resume| resume()) };
        kernel.inside = !observed;
        if observed {
            op.name = "futex wait";
            op.object = word.address();
            let call = Op { guard: Guard::ALWAYS, deadline: u64::MAX, ..op };
            // SAFETY: as above.
            unsafe { point(this, call) };
        }
        if word.native().load(Ordering::Relaxed) != expected {
            return Woken::Changed;
        }
        // SAFETY: as above.
        if deadline.is_some_and(|deadline| unsafe { (*this).clock } >= deadline) {
            return Woken::TimedOut;
        }
        // SAFETY: as above.
        let timed_out = unsafe { sleep::park(this, word.address(), op, resume) };
        if timed_out { Woken::TimedOut } else { Woken::Woken }
    }

    fn futex_wake(word: &CheckedU32, count: u32) -> u32 {
        let this = current::get();
        if this.is_null() {
            return Native::futex_wake(word.native(), count);
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &mut *this };
        if kernel.inside {
            return kernel.wake(word.address(), count);
        }
        let site = kernel.site;
        // SAFETY: as above.
        unsafe {
            perform(
                this,
                || Op::new(Kind::Notify, "futex wake", word.address(), site),
                || (*this).wake(word.address(), count),
            )
        }
    }

    #[inline(always)]
    fn guard(word: &CheckedU32, mask: u32, cmp: Cmp, value: u32) -> Guard {
        Guard::on(word, mask, cmp, value)
    }

    fn now() -> u64 {
        let this = current::get();
        if this.is_null() {
            return Native::now();
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe { (*this).clock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use selvedge::platform::Atomic;

    #[test]
    fn checked_words_have_the_native_layout() {
        assert_eq!(size_of::<selvedge::sync::Mutex<u64, Checked>>(), size_of::<selvedge::sync::Mutex<u64, Native>>());
        let word = <CheckedU32 as Atomic<u32>>::new(3);
        assert_eq!(word.fetch_add(2, Ordering::SeqCst), 3);
        assert_eq!(word.load(Ordering::SeqCst), 5);
    }
}
