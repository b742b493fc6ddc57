//! When it is, who is asking, and who was killed when: what a recorded history is made of.
//!
//! Called by [`Recorder`](crate::kernel::Recorder) in tasks, and by judges after the tasks. Under
//! a scheduler the time is the number of steps taken; outside, as in `wild`, it is the
//! monotonic clock in nanoseconds, which all processes share (`clock_gettime(2)`).
//!
//! 1. A time is that of one step at most: two operations that are steps have two times.
//! 2. While `finally` runs, `JUDGED` is the kernel of the execution that just ended.
//!
//! When a process dies here, nothing is left behind: nothing is written.

use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use crate::kernel::schedule::choice::Outcome;
use selvedge::sys::clock;
use std::cell::Cell;
use std::ptr;

thread_local! {
    static JUDGED: Cell<*mut Kernel> = const { Cell::new(ptr::null_mut()) };
    /// A thread, and the task that it is; not those that it forks.
    static TASK: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// Runs `body`, which judges the execution that `kernel` just scheduled.
pub(crate) fn judging<R>(kernel: &mut Kernel, body: impl FnOnce() -> R) -> R {
    struct Restore(*mut Kernel);
    impl Drop for Restore {
        fn drop(&mut self) {
            JUDGED.set(self.0);
        }
    }
    let _restore = Restore(JUDGED.replace(kernel));
    body()
}

/// The calling thread, which nobody schedules, is this task of a program from now on.
pub(crate) fn unscheduled(task: usize) {
    TASK.set((thread(), task as u32));
}

/// The time, which is never 0.
pub(in crate::kernel) fn now() -> u64 {
    let kernel = current::get();
    if kernel.is_null() {
        return clock::monotonic().max(1);
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    unsafe { u64::from((*kernel).steps).max(1) }
}

/// The number of the calling task; of the calling thread if it is none.
pub(in crate::kernel) fn client() -> u32 {
    let kernel = current::get();
    if kernel.is_null() {
        return match (thread(), TASK.get()) {
            (thread, (known, task)) if thread == known => task,
            (thread, _) => thread,
        };
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    unsafe { (*kernel).current }
}

fn thread() -> u32 {
    nix::unistd::gettid().as_raw() as u32
}

/// The tasks that were killed in this execution, with the time: they had taken no step
/// from then on.
pub(in crate::kernel) fn kills() -> Vec<(u32, u64)> {
    let kernel = if current::get().is_null() { JUDGED.get() } else { current::get() };
    if kernel.is_null() {
        return Vec::new();
    }
    // SAFETY: a current kernel is alive and the caller has the turn; one that is judged is
    // alive while `judging` runs, which its engine called, and none of its tasks runs.
    let kernel = unsafe { &*kernel };
    let killed = kernel.schedule().iter().zip(1..).filter(|(choice, _)| choice.outcome() == Outcome::Kill);
    let with_threads = |(choice, time): (&crate::kernel::schedule::choice::Choice, u64)| {
        let victim = choice.task();
        let dies = move |task: &u32| {
            *task as usize == victim || kernel.task(*task as usize).process as usize == victim
        };
        (0..kernel.tasks).filter(dies).map(move |task| (task, time))
    };
    killed.flat_map(with_threads).collect()
}
