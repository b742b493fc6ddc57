//! Tasks that unwind from a panic of their own.
//!
//! Called by `point` and `sleep` where a task that panicked meets an operation.
//!
//! A panic is a finding only if no code of the program catches it, and nobody knows that
//! before it happens. So unwinding is part of the step that panicked as far as it goes:
//! what destructors do on the way is not scheduled, and an uncaught panic ends the
//! execution before anybody could stumble over what it left behind. Only where a
//! destructor must wait (for a lock that another task holds, say) it waits like any other
//! code: others run, and the unwinding goes on when it can.
//!
//! std's own count says whether a task unwinds: `resume_unwind` runs no panic hook.
//!
//! | the task | an operation of it |
//! |---|---|
//! | unwinds | is not scheduled, if it can go on |
//! | unwinds | is a step, if it must wait |
//! | has caught its panic | is a step |
//!
//! In `sim` all tasks share one thread, and so std's count of panics. While a task waits
//! in the middle of its unwinding, that count speaks for all of them:
//! [`Kernel::unwinders`] says so, and what others do then is scheduled and poisons
//! nothing, also if they panic meanwhile. Who did panic meanwhile may still unwind when the
//! first goes on: then the rule holds, for the first too, until nobody unwinds, which both
//! engines know at each operation. `real` keeps to the same rule, so that both
//! engines do the same. Code that asks `std::thread::panicking()` itself is told about
//! the whole thread.
//!
//! 1. A task whose slot says `unwinds` is never made to leave its code by another panic:
//!    that would abort the whole process. In `real` the slot of a task that waits is right.
//!    In `sim` one that began to unwind by `resume_unwind` while another waited cannot be told
//!    from one that does not: where it is made to leave in a destructor, std says that it
//!    aborts, and the engine takes that for a loss of its stack. It is no finding.
//!    Where both go on later, operations of the one that began so may be steps in one engine
//!    and none in the other.
//! 2. Where `unwinders` is 0, std's count is that of the running task.
//!
//! When a process dies here, it unwinds no further. A fiber that is thrown away in the
//! middle leaves std's count of its thread too high: until the end of that execution the
//! rule above holds, and later ones run in another thread.

use super::life;
use crate::kernel::data::state::{ABANDON, GRANTED, Kernel, Mode, SEVERAL, UNWINDING};
use crate::kernel::data::task::State;
use crate::kernel::schedule::event::{EVERYTHING, Tail};
use crate::kernel::step::point::switch_plainly;
use selvedge::platform::{Cmp, Op};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::panicking;

/// Whether an operation goes through without being scheduled: `Some(true)` if it
/// was scheduled before, `Some(false)` if it is not part of the schedule at all.
#[cold]
pub(in crate::kernel) fn passes(kernel: &mut Kernel, op: &Op) -> Option<bool> {
    if kernel.flags & GRANTED != 0 {
        kernel.flags &= !GRANTED;
        return Some(true);
    }
    if kernel.flags & ABANDON != 0 {
        if panicking() {
            return Some(false);
        }
        life::unwind();
    }
    if kernel.flags & SEVERAL != 0 && !kernel.anybody_unwinds() {
        kernel.forget_falls();
    }
    if kernel.unwinds() {
        if !can_go_on(op) {
            // Had it found otherwise, the step would have gone on.
            let word = if op.guard.asks_descriptor() { EVERYTHING } else { op.guard.word };
            kernel.note_tail(|tail| Tail::add(&mut tail.peeks, word));
            return None;
        }
        // The step that panicked does this too, and if the panic is caught others see it.
        kernel.note_tail(|tail| {
            tail.ends = EVERYTHING;
            if op.guard.cmp != Cmp::Always {
                tail.peeks = EVERYTHING;
            }
        });
        return Some(false);
    }
    if kernel.flags & UNWINDING != 0 {
        // A panic that user code caught: the task goes on as if nothing had happened. If
        // another task unwinds, too, this cannot be told from a panic that goes on.
        let me = kernel.current as usize;
        // In `real` what a task does where it waits is known without this.
        kernel.task(me).unwinds |= panicking() && kernel.mode == Mode::Sim;
        kernel.flags &= !UNWINDING;
    }
    None
}

/// Whether the guard of an operation holds; one that only time could open counts as
/// open, for code that unwinds waits for nothing but others.
fn can_go_on(op: &Op) -> bool {
    if matches!(op.guard.cmp, Cmp::Always | Cmp::Never) {
        return true;
    }
    if op.guard.asks_descriptor() {
        return Kernel::is_descriptor_ready(&op.guard);
    }
    // SAFETY: a guard's word is valid while its operation is about to be announced, and
    // the running task sees its own memory.
    let word = unsafe { (*(op.guard.word as *const AtomicU32)).load(Ordering::Relaxed) };
    op.guard.holds(word)
}

impl Kernel {
    /// Whether the running task unwinds from a panic of its own, as far as that can be
    /// known. A task that is made to leave its code does not: it poisons nothing.
    #[inline]
    pub(in crate::kernel) fn unwinds(&self) -> bool {
        panicking() && self.unwinders == 0 && self.flags & ABANDON == 0
    }

    /// The running task ends on the spot. If it unwinds, it never comes to the end of that, and
    /// in `sim` std's count stays up.
    pub(in crate::kernel) fn unwind_for_ever(&mut self, me: usize) {
        if panicking() {
            self.unwinders = 1;
            self.task(me).unwinds = true;
        }
    }

    /// The running task panics. Whether the panic was caught meanwhile is not known in `sim`
    /// while another task waits in the middle of its own.
    pub(in crate::kernel) fn note_fall(&mut self) {
        if self.unwinders != 0 {
            self.task(self.current as usize).fell = true;
        }
    }

    /// Whether a task besides this one panicked while another unwound, and has not ended.
    fn has_another_fallen(&self, me: usize) -> bool {
        (0..self.tasks as usize)
            .filter(|index| *index != me)
            .map(|index| self.task(index))
            .any(|task| task.fell && task.state != State::Ended)
    }

    /// Whether any task unwinds. In `sim` std's count says so for all of them.
    fn anybody_unwinds(&self) -> bool {
        panicking()
            || self.mode == Mode::Real && (0..self.tasks as usize).any(|index| self.task(index).unwinds)
    }

    /// Nobody unwinds any more: from here on std's count speaks for the running task.
    fn forget_falls(&mut self) {
        self.flags &= !SEVERAL;
        self.unwinders = 0;
        for index in 0..self.tasks as usize {
            let task = self.task(index);
            (task.fell, task.unwinds) = (false, false);
        }
    }

    /// How many tasks unwind before an execution begins: as good as one, if its thread does.
    pub(in crate::kernel) fn unwinders_at_first() -> u32 {
        u32::from(panicking())
    }
}

/// [`switch_plainly`] for a task of a thread that unwinds.
///
/// # Safety
/// As for [`switch`](crate::kernel::step::point::switch).
#[cold]
#[inline(never)]
pub(in crate::kernel) unsafe fn switch(this: *mut Kernel, me: usize, give: impl FnOnce(&mut Kernel)) {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    let own = kernel.unwinders == 0;
    let unwinding = kernel.flags & UNWINDING;
    if own {
        kernel.unwinders = 1;
    }
    let known = kernel.task(me).unwinds;
    // In `real` a thread has no tasks but this one, and std's count is always its own.
    let certain_of_one = kernel.mode == Mode::Real;
    let certain = own || certain_of_one;
    kernel.task(me).unwinds |= certain;
    kernel.flags &= !UNWINDING;
    // Other panics may be noted meanwhile.
    let note = kernel.note.clone();
    // SAFETY: the caller's promise.
    unsafe { switch_plainly(this, me, give) };
    // SAFETY: the turn is back.
    let kernel = unsafe { &mut *this };
    if own && kernel.has_another_fallen(me) {
        // std's count in `sim` may stay up when this task has come to the end of its own.
        kernel.flags |= SEVERAL;
        let task = kernel.task(me);
        task.fell = true;
        task.unwinds = !certain_of_one;
    } else if own {
        kernel.unwinders = 0;
        kernel.task(me).unwinds = false;
        kernel.flags |= unwinding;
    }
    if !kernel.over {
        kernel.note = note;
    } else if !own && kernel.flags & ABANDON != 0 && kernel.task(me).unwinds {
        // Another panic would abort the process if this task does unwind.
        // SAFETY: the caller's promise.
        unsafe { life::vanish(this, me) };
    }
    if !own {
        kernel.task(me).unwinds = known;
    }
}
