//! The futex calls of the `Checked` platform: plain ones outside an exploration, steps and
//! sleeps of the scheduler's inside one.
//!
//! Called by primitives, through their platform.
//!
//! | call | inside a larger step | where each access is a step |
//! |---|---|---|
//! | wait | the task sleeps, or finds that a word differs | one step, and then the same |
//! | wake | wakes | one step |
//! | change and wake | both | one step for both |
//!
//! When a process dies here: see `sleep`.

use super::checked::perform;
use super::sleep;
use super::words::CheckedU32;
use crate::kernel::causality::order::Access;
use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use crate::kernel::schedule::event::EVERYTHING;
use crate::kernel::step::point::point;
use crate::kernel::tasks::outside;
use selvedge::platform::{Change, Guard, Kind, Native, Op, Platform, Woken};
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

/// Sleeps while every word holds what is expected of it, until somebody wakes sleepers on
/// any of them. The first is the one that operations are named after.
#[inline(always)]
pub(in crate::kernel) fn wait(
    words: &[(&CheckedU32, u32)],
    deadline: Option<u64>,
    op: impl FnOnce() -> Op,
    resume: Option<impl FnOnce() -> Op>,
) -> Woken {
    let this = current::get();
    if this.is_null() {
        return wait_outside(words, deadline, op, resume);
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    unsafe {
        if !(*this).is_inside() {
            return wait_as_step(this, words, deadline, op);
        }
        sleep_while(this, words, deadline, || op().until(deadline), resume)
    }
}

/// The same as a step of its own.
///
/// # Safety
/// `this` is the current kernel, and the caller has the turn.
#[inline(never)]
unsafe fn wait_as_step(
    this: *mut Kernel,
    words: &[(&CheckedU32, u32)],
    deadline: Option<u64>,
    op: impl FnOnce() -> Op,
) -> Woken {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    kernel.go_inside();
    let mut op = op().until(deadline);
    kernel.go_outside();
    op.name = "futex wait";
    op.object = words[0].0.address();
    let call = Op { guard: Guard::ALWAYS, deadline: u64::MAX, ..op };
    // SAFETY: the caller's promise.
    unsafe {
        point(this, call);
        sleep_while(this, words, deadline, || op, None::<fn() -> Op>)
    }
}

/// Sleeps while every word holds what is expected of it, within a step.
///
/// # Safety
/// As for [`wait_as_step`].
#[inline(always)]
unsafe fn sleep_while(
    this: *mut Kernel,
    words: &[(&CheckedU32, u32)],
    deadline: Option<u64>,
    op: impl FnOnce() -> Op,
    resume: Option<impl FnOnce() -> Op>,
) -> Woken {
    if words.len() > 1 {
        // A step that looks at more words than its operation names commutes with nothing.
        // SAFETY: the caller's promise.
        unsafe { (*this).note_tail(|tail| tail.ends = EVERYTHING) };
    }
    if words.iter().any(|(word, expected)| word.native().load(Relaxed) != *expected) {
        return Woken::Changed;
    }
    // SAFETY: the caller's promise.
    if deadline.is_some_and(|deadline| unsafe { (*this).clock } >= deadline) {
        return Woken::TimedOut;
    }
    let addresses = words.iter().map(|(word, _)| word.address());
    // SAFETY: the caller's promise.
    let timed_out = unsafe { sleep::park(this, addresses, op, resume) };
    if timed_out { Woken::TimedOut } else { Woken::Woken }
}

/// A sleep where nobody schedules.
#[cold]
#[inline(never)]
fn wait_outside(
    words: &[(&CheckedU32, u32)],
    deadline: Option<u64>,
    op: impl FnOnce() -> Op,
    resume: Option<impl FnOnce() -> Op>,
) -> Woken {
    let words: Vec<_> = words.iter().map(|(word, expected)| (word.native(), *expected)).collect();
    let alone = outside::is_alone() && words.iter().all(|(word, expected)| word.load(Relaxed) == *expected);
    if deadline.is_some() {
        return if alone { Woken::TimedOut } else { Native::futex_wait_any(&words, deadline, op, resume) };
    }
    match outside::patience() {
        Some(_) if alone => outside::accuse(&op()),
        None => Native::futex_wait_any(&words, None, op, resume),
        until => {
            let op = op();
            match Native::futex_wait_any(&words, until, || op, resume) {
                Woken::TimedOut => outside::accuse(&op),
                woken => woken,
            }
        }
    }
}

/// Wakes up to `count` sleepers.
pub(in crate::kernel) fn wake(word: &CheckedU32, count: u32) -> u32 {
    let this = current::get();
    if this.is_null() {
        return Native::futex_wake(word.native(), count);
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let act = || unsafe { (*this).wake(word.address(), count) };
    // SAFETY: as above.
    if unsafe { (*this).is_inside() } {
        return act();
    }
    // SAFETY: as above.
    unsafe {
        let site = (*this).site();
        perform(this, || Op::new(Kind::Notify, "futex wake", word.address(), site), act)
    }
}

/// Changes the word and wakes all sleepers.
pub(in crate::kernel) fn change_and_wake_all(word: &CheckedU32, change: Change) -> u32 {
    let this = current::get();
    if this.is_null() {
        return Native::futex_change_and_wake_all(word.native(), change);
    }
    let act = || {
        let native = word.native();
        native.store(change.apply(native.load(Relaxed)), Relaxed);
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            (*this).touch(word.address());
            if (*this).keeps_order() {
                (*this).order_word(word.address(), Access::Change(AcqRel));
            }
            (*this).wake(word.address(), u32::MAX)
        }
    };
    // SAFETY: as above.
    if unsafe { (*this).is_inside() } {
        return act();
    }
    // SAFETY: as above.
    unsafe {
        let site = (*this).site();
        perform(this, || Op::new(Kind::Notify, "change and wake", word.address(), site), act)
    }
}
