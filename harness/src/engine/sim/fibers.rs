//! One pooled stack and the loop that runs on it.
//!
//! A fiber belongs to one task number for life. Resumed at the start of an
//! execution it runs the task's code; suspended at its end it waits for the next.

use super::super::Model;
use crate::kernel::fiber::Coroutine;
use crate::kernel::{Kernel, ShiftedStack, enter};
use corosensei::Yielder;
use corosensei::trap::CoroutineTrapHandler;
use std::ptr;

/// What the tasks of an execution run: the program and its state.
pub(super) struct Job {
    pub(super) model: *const dyn Model,
    pub(super) state: *mut u8,
}

pub(super) struct Fiber(Coroutine);

impl Fiber {
    pub(super) fn new(kernel: *mut Kernel, index: usize) -> Fiber {
        let stack = ShiftedStack::new(index).expect("address space for a fiber's stack");
        Fiber(Coroutine::with_stack(stack, move |yielder, ()| life(kernel, index, yielder)))
    }

    /// What the slot of its task knows it by.
    pub(super) fn coroutine(&mut self) -> *mut Coroutine {
        &raw mut self.0
    }

    /// Lets a fiber that waits for its next job end.
    pub(super) fn close(&mut self) {
        if self.0.started() && !self.0.done() {
            let _ = self.0.resume(());
        }
    }

    /// Throws the fiber away wherever it stands; nothing on its stack is dropped.
    pub(super) fn discard(&mut self) {
        // SAFETY: the stack is abandoned like that of a killed process; what lies
        // on it is leaked and never reached again.
        unsafe { self.0.force_reset() };
    }

    pub(super) fn trap(&self) -> CoroutineTrapHandler<()> {
        self.0.trap_handler()
    }
}

fn life(kernel: *mut Kernel, index: usize, yielder: &Yielder<(), ()>) {
    loop {
        // SAFETY: the engine resumed this fiber: the kernel lives and the turn is ours.
        let (entry, argument, job) = unsafe {
            if (*kernel).closing {
                return;
            }
            let task = (*kernel).task(index);
            task.yielder = ptr::from_ref(yielder).cast();
            (task.entry.take(), task.argument, (*kernel).job.cast::<Job>())
        };
        match entry {
            // SAFETY: whoever set the entry promised that the argument fits.
            Some(entry) => unsafe { entry(argument) },
            // SAFETY: the engine set the job for this execution.
            None => unsafe {
                enter(kernel, index, || {
                    (*(*job).model).run((*job).state, index);
                    0
                });
            },
        }
        yielder.suspend(());
    }
}
