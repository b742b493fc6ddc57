//! Joining a task by its number: also one that the caller did not start.
//!
//! Called by programs whose tasks wait for each other's end. A handle joins a child;
//! declared tasks have no parent, and siblings have no handle on each other.
//!
//! When the awaited task is killed, that is its end, and the join goes on.

use crate::kernel::data::current;
use crate::kernel::platform::checked::perform;
use selvedge::platform::{Cmp, Guard, Kind, Op};
use std::panic::Location;
use std::sync::atomic::Ordering;

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
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let kernel = unsafe { &*this };
    assert!(
        task < kernel.tasks as usize,
        "task {task} cannot be joined: only {} tasks were started so far",
        kernel.tasks
    );
    let site = Location::caller();
    let word = &kernel.task(task).ended;
    let object = std::ptr::from_ref(word) as usize;
    let op = || Op::new(Kind::Join, "join", object, site).when(Guard::on(word, !0, Cmp::Eq, 1));
    // SAFETY: as above.
    unsafe {
        let ended = perform(this, op, || word.load(Ordering::Relaxed) == 1);
        (*this).order_join(task);
        ended
    }
}
