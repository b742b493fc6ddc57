//! Executions in a thread of their own, once the engine's thread is no longer clean.
//!
//! Called by the engine after a fiber was thrown away in the middle of its unwinding: std's
//! count of panics in that thread then stays too high for ever, and what the next tasks do
//! would depend on what tasks of an execution long past did. From then on each execution
//! gets a new thread and new fibers. That costs a fraction of a millisecond, and concerns
//! only programs in which a destructor waits for ever, or is killed, as it unwinds.
//!
//! 1. A fiber runs in one thread for life; what the compiler remembers of thread-local
//!    variables stays true.
//!
//! When a process dies here, its threads are gone with it.

use super::{Executor, Sim};
use crate::engine::watchdog::Watchdog;
use crate::judge::Verdict;
use crate::kernel::current;
use crate::program::Scratch;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// The engine, lent to another thread while this one waits.
struct Lent<'s, 'm>(&'s mut Sim<'m>, &'s mut String);

// SAFETY: `execute` waits for the thread that it lends the engine to; no fiber exists at
// that moment (invariant 1), and the rest of the engine does not depend on its thread.
unsafe impl Send for Lent<'_, '_> {}

impl Sim<'_> {
    /// [`execute_here`](Sim::execute_here) in a new thread.
    #[cold]
    pub(super) fn execute_apart(&mut self, label: &mut String) -> Verdict {
        self.close_fibers();
        let patience = self.kernel().limits.patience;
        let lent = Lent(self, label);
        let ended = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().spawn_scoped(scope, move || {
                let Lent(sim, label) = { lent };
                let _watchdog = Watchdog::new(patience);
                let _scratch = Scratch::of_thread();
                let verdict = sim.execute_alone(label);
                sim.close_fibers();
                verdict
            });
            thread.map(std::thread::ScopedJoinHandle::join)
        });
        match ended {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(payload)) => resume_unwind(payload),
            Err(error) => Verdict::Broken(format!("starting a thread for fibers: {error}")),
        }
    }

    /// Ends all fibers; between executions each is in its loop and ends by itself.
    pub(super) fn close_fibers(&mut self) {
        self.kernel().closing = true;
        let before = current::set(ptr::null_mut());
        for index in 0..self.fibers.len() {
            self.kernel().task(index).fiber = ptr::null_mut();
        }
        for mut fiber in self.fibers.drain(..) {
            let _ = catch_unwind(AssertUnwindSafe(|| fiber.close()));
        }
        current::set(before);
        self.kernel().closing = false;
    }
}
