//! On whose behalf a task is in the library's code: the line of the program to which its
//! operations there belong.
//!
//! Called by the library where it does for its caller what takes several operations, and read
//! when a step is written down, or what a task stands before. An operation that was called in a
//! line of the program's own has that line, whatever stands here.
//!
//! | a task | does what the library does on behalf of |
//! |---|---|
//! | was just started | the line that started it; if that is none of the program's, of whoever that was for |
//! | in a call that says on whose behalf it is | that line; if it is none of the program's, as before |
//!
//! When a process dies here, its task stands where it stood.

use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use crate::kernel::data::task::Task;
use selvedge::platform::is_of_program;
use std::panic::Location;

/// While it lives, the running task does on behalf of a line what the library does.
pub(in crate::kernel) struct Behalf(Option<(*mut Kernel, &'static Location<'static>)>);

impl Behalf {
    pub(in crate::kernel) fn of(site: &'static Location<'static>) -> Behalf {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let running = unsafe { this.as_ref() }.and_then(Kernel::at_work);
        Behalf(running.map(|task| {
            let before = task.behalf;
            task.behalf = task.told(site);
            (this, before)
        }))
    }
}

impl Drop for Behalf {
    fn drop(&mut self) {
        let Some((this, before)) = self.0 else { return };
        // SAFETY: made in the same task, in the execution to which its kernel belongs.
        let kernel = unsafe { &*this };
        if let Some(task) = kernel.at_work() {
            task.behalf = before;
        }
    }
}

impl Kernel {
    /// The running task, while tasks run.
    #[allow(clippy::mut_from_ref, reason = "a slot belongs to whoever holds the turn")]
    fn at_work(&self) -> Option<&mut Task> {
        (self.current < self.tasks).then(|| self.task(self.current as usize))
    }
}

impl Task {
    /// The line in which an operation is told that this task calls at `site`.
    pub(in crate::kernel) fn told(&self, site: &'static Location<'static>) -> &'static Location<'static> {
        if is_of_program(site) { site } else { self.behalf }
    }

    /// The line in which the operation is told that this task has announced.
    pub(crate) fn site(&self) -> &'static Location<'static> {
        self.told(self.op.site)
    }

    /// Whether this task has announced it in the library's code.
    pub(crate) fn is_inside(&self) -> bool {
        !std::ptr::eq(self.site(), self.op.site)
    }
}
