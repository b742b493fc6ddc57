//! Joining a task by its number, or asking for its end: also one that the caller did not start.
//!
//! Called by programs whose tasks wait for each other's end. A handle joins a child;
//! declared tasks have no parent, and siblings have no handle on each other.
//!
//! When the awaited task is killed, that is its end, and the join goes on.

use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use crate::kernel::platform::checked::perform;
use selvedge::platform::{Cmp, Guard, Kind, Op};
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

/// Waits until the task with this number has ended: one step, of kind
/// [`Join`](Kind::Join), that can be taken from the task's end on.
///
/// Numbers are those of schedules: declared tasks from 0 on in their order; in a program
/// that starts tasks as it runs, the main task is 0, and the others follow in the order
/// in which they are started. Outside an exploration tasks have no numbers: this returns
/// false at once.
///
/// ```
/// use selvedge_harness::prelude::*;
/// use selvedge_harness::join_task;
///
/// shareable! { struct Sum { sum: Value<u32> } }
///
/// let report = Program::new("sum", || Sum { sum: Value::new(0) })
///     .tasks("adder", 2, |state, _| state.sum.fetch_add(1))
///     .task("reader", |state| {
///         join_task(0);
///         join_task(1);
///         assert_eq!(state.sum.get(), 2);
///     })
///     .explore(&Config::default().exhaust())?;
/// assert_eq!(report.tally.executions, 3);
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
///
/// # Panics
/// If no task with this number was started yet.
#[track_caller]
pub fn join_task(task: usize) -> bool {
    let this = current::get();
    if this.is_null() {
        return false;
    }
    let site = Location::caller();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let word = unsafe { ended_word(&*this, task, "joined") };
    let object = std::ptr::from_ref(word) as usize;
    let op = || Op::new(Kind::Join, "join", object, site).when(Guard::on(word, !0, Cmp::Eq, 1));
    // SAFETY: as above.
    unsafe { look(this, task, word, op) }
}

/// Whether the task with this number has ended, killed or not: one step, of kind
/// [`Read`](Kind::Read), that never waits. Numbers are as for [`join_task`]; outside an
/// exploration this returns false.
///
/// ```
/// use selvedge_harness::prelude::*;
/// use selvedge_harness::task_has_ended;
///
/// shareable! { struct Seen { ended: Value<u32> } }
///
/// let report = Program::new("seen", || Seen { ended: Value::new(0) })
///     .task("worker", |state| state.ended.get())
///     .task("watcher", |_| task_has_ended(0).then(|| ()))
///     .explore(&Config::default().exhaust())?;
/// assert_eq!(report.tally.executions, 2);
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
///
/// # Panics
/// If no task with this number was started yet.
#[track_caller]
pub fn task_has_ended(task: usize) -> bool {
    let this = current::get();
    if this.is_null() {
        return false;
    }
    let site = Location::caller();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let word = unsafe { ended_word(&*this, task, "asked for") };
    let object = std::ptr::from_ref(word) as usize;
    // SAFETY: as above.
    unsafe { look(this, task, word, || Op::new(Kind::Read, "has_ended", object, site)) }
}

/// The word that says whether a task has ended.
#[track_caller]
fn ended_word<'k>(kernel: &'k Kernel, task: usize, what: &str) -> &'k AtomicU32 {
    assert!(
        task < kernel.tasks as usize,
        "task {task} cannot be {what}: only {} tasks were started so far",
        kernel.tasks
    );
    &kernel.task(task).ended
}

/// Performs an operation that looks whether a task has ended; who sees that knows all it did.
///
/// # Safety
/// The kernel is the current one, and the caller has the turn.
unsafe fn look(this: *mut Kernel, task: usize, word: &AtomicU32, op: impl Fn() -> Op) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let ended = perform(this, op, || word.load(Ordering::Relaxed) == 1);
        if ended {
            (*this).order_join(task);
        }
        ended
    }
}
