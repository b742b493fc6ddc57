//! `sim`: letting the fiber of a task run.
//!
//! Called by the engine, and by tasks that hand their turn to one whose fiber is suspended:
//! theirs waits on top of it meanwhile. The engine makes the fibers and owns them; their
//! addresses stand in the slots of their tasks, so that a hand-over needs nothing but those.
//!
//! | the slot's `fiber` | means |
//! |---|---|
//! | null | the engine has made none yet: it is asked to |
//! | an address | it is suspended, or `active`: it runs, or waits for one that it resumed |
//!
//! Part of its caller: a call between two switches is one whose return the processor guesses
//! wrong, because the stack has changed meanwhile.
//!
//! When a process dies here, its fibers are gone with it. A fiber that caught a fatal signal
//! returns; the engine is told, and makes another.

use super::stack::ShiftedStack;
use crate::kernel::data::state::Kernel;
use corosensei::CoroutineResult;

/// A stack, and the code that runs on it for one task number.
pub(crate) type Coroutine = corosensei::Coroutine<(), (), (), ShiftedStack>;

/// What the engine does for fibers; called with itself and the number of a task.
#[derive(Clone, Copy)]
pub(crate) struct Care {
    /// The task has no fiber yet.
    pub(crate) make: unsafe fn(*mut (), usize),
    /// The task's fiber caught a fatal signal and is gone.
    pub(crate) lost: unsafe fn(*mut (), usize),
    pub(crate) engine: *mut (),
}

/// Runs a task until its fiber suspends.
///
/// # Safety
/// `this` is the kernel of an execution in `sim` that is going on in this thread; the fiber
/// of the task is not `active`; nobody holds a reference to the kernel or its engine.
#[inline(always)]
pub(crate) unsafe fn resume(this: *mut Kernel, task: usize) {
    // SAFETY: the caller's promise. A fiber stays where it is when others are made, and nobody
    // else resumes one that is suspended; no reference to the kernel outlives the switch.
    unsafe {
        if (*this).task(task).fiber.is_null() {
            make(this, task);
        }
        let slot = (*this).task(task);
        slot.active = true;
        let resumed = (*slot.fiber).resume(());
        (*this).task(task).active = false;
        if let CoroutineResult::Return(()) = resumed {
            lost(this, task);
        }
    }
}

/// # Safety
/// As for [`resume`].
#[cold]
#[inline(never)]
unsafe fn make(this: *mut Kernel, task: usize) {
    // SAFETY: the engine set this for the time of its executions.
    unsafe {
        if let Some(Care { make, engine, .. }) = (*this).care {
            make(engine, task);
        }
    }
}

/// # Safety
/// As for [`resume`].
#[cold]
#[inline(never)]
unsafe fn lost(this: *mut Kernel, task: usize) {
    // SAFETY: as in `make`.
    unsafe {
        if let Some(Care { lost, engine, .. }) = (*this).care {
            lost(engine, task);
        }
    }
}
