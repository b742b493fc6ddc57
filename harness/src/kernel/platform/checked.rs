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

use super::futex;
use super::words::{CheckedU8, CheckedU16, CheckedU32, CheckedU64};
use crate::kernel::data::current;
use crate::kernel::data::state::{GRANTED, Kernel, WORDS};
use crate::kernel::step::point::{point, proceed};
use crate::kernel::tasks::behalf::Behalf;
use crate::kernel::tasks::life;
use crate::kernel::tasks::outside;
use selvedge::platform::{Change, Cmp, Guard, Kind, Native, Observe, Op, Platform, Woken};
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

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

/// A step whose body runs: leaves it when dropped. Holds null where the operation is
/// not observed at all.
pub(in crate::kernel) struct Open {
    kernel: *mut Kernel,
    /// The step's place in the record; past its end if it is no step of the schedule.
    index: u32,
}

impl Open {
    const UNOBSERVED: Open = Open { kernel: ptr::null_mut(), index: u32::MAX };

    /// Whether it is a step of the schedule.
    pub(in crate::kernel) fn is_scheduled(&self) -> bool {
        self.index != u32::MAX
    }

    /// Records what the step came out with.
    #[inline(always)]
    pub(in crate::kernel) fn conclude(self, result: &impl Observe) {
        // SAFETY: a step's body runs within one execution, during which its kernel lives.
        if !self.kernel.is_null() && unsafe { (*self.kernel).plan.record } {
            // SAFETY: as above; the caller has the turn.
            unsafe { self.note(result) };
        }
    }

    /// Writes the result down; the plan may say that the task ends with this step.
    ///
    /// # Safety
    /// The kernel lives, and the caller is its running task.
    #[cold]
    unsafe fn note(&self, result: &impl Observe) {
        // SAFETY: the caller's promise.
        unsafe {
            (*self.kernel).record_value(self.index, result);
            if let Some((step, code)) = (*self.kernel).plan.exit
                && step == self.index
            {
                life::end_here(self.kernel, code);
            }
        }
    }
}

impl Drop for Open {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.kernel.is_null() {
            // SAFETY: as in `conclude`.
            unsafe { (*self.kernel).go_outside() };
        }
    }
}

/// Announces an operation and returns when its body may run.
///
/// # Safety
/// `this` is the calling thread's current kernel.
#[inline(always)]
unsafe fn open(this: *mut Kernel, op: impl FnOnce() -> Op) -> Open {
    // SAFETY: the caller's promise; no reference is kept across `op` and `proceed`.
    unsafe {
        if (*this).flags != 0 || (*this).quiet != 0 || std::thread::panicking() {
            if (*this).is_inside() {
                return Open::UNOBSERVED;
            }
            // The operation is made here, so that what it is made of need not be in memory.
            let op = op();
            (*this).go_inside();
            return open_quietly(this, op);
        }
        let me = (*this).current as usize;
        // Outside: a word that it looked at would be a step of its own, and not be hidden in
        // the step before.
        (*this).task(me).op = op();
        (*this).go_inside();
        // Nobody panics between here and there, so std is asked once.
        proceed::<false>(this, me);
        // The turn is ours until the next point.
        Open { kernel: this, index: (*this).steps - 1 }
    }
}

/// The same where something keeps the operation from being a plain step; the caller is inside
/// already.
///
/// # Safety
/// As for [`open`].
#[cold]
#[inline(never)]
unsafe fn open_quietly(this: *mut Kernel, op: Op) -> Open {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    // Chosen before, by whoever woke the task: it stands in the slot already.
    if kernel.flags & GRANTED != 0 && kernel.quiet & WORDS == 0 {
        kernel.flags &= !GRANTED;
        return Open { kernel: this, index: kernel.steps - 1 };
    }
    if kernel.quiet & WORDS != 0 {
        // The place of the words that stand for it.
        let me = kernel.current as usize;
        kernel.task(me).op.site = op.site;
        // What no word shows (a join, a sleep) is a step at
        // either granularity.
        if !matches!(
            op.kind,
            Kind::Join | Kind::Sleep | Kind::Step | Kind::Signal | Kind::Input | Kind::Output
        ) {
            kernel.go_outside();
            return Open::UNOBSERVED;
        }
    }
    // SAFETY: the caller's promise.
    unsafe { open_as(this, op) }
}

/// Announces `op`, whatever the granularity; the caller is inside already.
///
/// # Safety
/// As for [`open`].
unsafe fn open_as(this: *mut Kernel, op: Op) -> Open {
    // SAFETY: the caller's promise.
    let scheduled = unsafe { point(this, op) };
    // SAFETY: the turn is ours until the next point.
    let kernel = unsafe { &mut *this };
    kernel.go_inside();
    Open { kernel: this, index: if scheduled { kernel.steps - 1 } else { u32::MAX } }
}

/// Announces an operation, whatever the granularity.
///
/// # Safety
/// As for [`open`].
#[inline(always)]
pub(in crate::kernel) unsafe fn open_always(this: *mut Kernel, op: impl FnOnce() -> Op) -> Open {
    // SAFETY: the caller's promise.
    unsafe {
        if (*this).flags == 0 && (*this).quiet == 0 {
            return open(this, op);
        }
        let op = op();
        (*this).go_inside();
        open_as(this, op)
    }
}

/// Performs a step of the running task, whatever the granularity: the operation is
/// announced, `body` is run unobserved, its result recorded.
///
/// # Safety
/// As for [`open`].
#[inline(always)]
pub(in crate::kernel) unsafe fn perform<R: Observe>(
    this: *mut Kernel,
    op: impl FnOnce() -> Op,
    body: impl FnOnce() -> R,
) -> R {
    // SAFETY: the caller's promise.
    let open = unsafe { open_always(this, op) };
    let result = body();
    open.conclude(&result);
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

    #[inline(always)]
    fn step<R: Observe>(op: impl FnOnce() -> Op, body: impl FnOnce() -> R) -> R {
        let this = current::get();
        let mut step = Open::UNOBSERVED;
        if !this.is_null() {
            // SAFETY: a current kernel is alive, and the caller has the turn.
            step = unsafe { open(this, op) };
        }
        let result = body();
        step.conclude(&result);
        result
    }

    // Part of its caller, for who sleeps returns through as few calls as can be: the processor
    // guesses each of these returns wrong.
    #[inline(always)]
    fn futex_wait(
        word: &CheckedU32,
        expected: u32,
        deadline: Option<u64>,
        op: impl FnOnce() -> Op,
        resume: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        futex::wait(&[(word, expected)], deadline, op, resume)
    }

    fn futex_wait_any(
        words: &[(&CheckedU32, u32)],
        deadline: Option<u64>,
        op: impl FnOnce() -> Op,
        resume: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        futex::wait(words, deadline, op, resume)
    }

    fn futex_wake(word: &CheckedU32, count: u32) -> u32 {
        futex::wake(word, count)
    }

    fn futex_change_and_wake_all(word: &CheckedU32, change: Change) -> u32 {
        futex::change_and_wake_all(word, change)
    }

    fn on_behalf_of<R>(site: Self::Site, work: impl FnOnce() -> R) -> R {
        let _behalf = Behalf::of(site);
        work()
    }

    fn pause(round: u32, op: impl FnOnce() -> Op) {
        let this = current::get();
        if this.is_null() {
            if outside::is_alone() {
                outside::accuse(&op());
            }
            return Native::pause(round, op);
        }
        // Inside a step the guard held when the step was chosen, and nobody has run
        // since: only where each look is a step of its own does anybody come here.
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if unsafe { !(*this).is_inside() } {
            // SAFETY: as above.
            unsafe { perform(this, op, || ()) }
        }
    }

    #[inline(always)]
    fn guard(word: &CheckedU32, mask: u32, cmp: Cmp, value: u32) -> Guard {
        Guard::on(word, mask, cmp, value)
    }

    fn show(word: &CheckedU32, value: impl FnOnce() -> u32) {
        let this = current::get();
        // Where each access is a step of its own, no guard spans several of them.
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() || unsafe { (*this).is_inside() } {
            let before = word.native().load(Relaxed);
            let value = value();
            word.native().store(value, Relaxed);
            if !this.is_null() {
                // SAFETY: as above.
                unsafe {
                    (*this).note_shown(word.address(), before);
                    (*this).touch(word.address());
                }
            }
        }
    }

    #[inline]
    fn panicking() -> bool {
        std::thread::panicking() && unwinding_itself()
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

/// Whether the panic of this thread is that of the running task.
#[cold]
fn unwinding_itself() -> bool {
    let this = current::get();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    this.is_null() || unsafe { (*this).unwinds() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use selvedge::platform::Atomic;
    use std::sync::atomic::Ordering;

    #[test]
    fn checked_words_have_the_native_layout() {
        assert_eq!(
            size_of::<selvedge::sync::Mutex<u64, Checked>>(),
            size_of::<selvedge::sync::Mutex<u64, Native>>()
        );
        let word = <CheckedU32 as Atomic<u32>>::new(3);
        assert_eq!(word.fetch_add(2, Ordering::SeqCst), 3);
        assert_eq!(word.load(Ordering::SeqCst), 5);
    }
}
