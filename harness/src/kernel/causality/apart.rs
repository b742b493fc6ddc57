//! Whether the tasks of an execution have anything in common that the scheduler sees. If
//! they have not, every schedule is the same to them, and a search over schedules can find
//! nothing: their locks may be std's, or they may have none.
//!
//! Asked by `program` after executions with a record, until one says no: after each of the
//! first thousand, and after every sixteenth of the others.
//!
//! | what happened | in common |
//! |---|---|
//! | operations of two tasks on one object, also those at which they are stuck | yes |
//! | operations of two tasks, in a declared program | yes: its state says what they are meant to share |
//! | bytes moved, a signal sent | yes: no record says whose ends belong together |
//! | a task is asked, not joined, whether it has ended, or joined in vain until a deadline | yes |
//! | an access to plain data that is watched for races | yes |
//! | a step that the program announces without an object | yes: it says that others matter there |
//! | starting and joining tasks, letting time pass | no |
//!
//! When a process dies here, nothing is left behind: nothing is written.

use crate::kernel::data::state::Kernel;
use crate::kernel::schedule::choice::Outcome;
use rustc_hash::FxHashMap;
use selvedge::platform::Kind;

impl Kernel {
    /// Whether the last execution, which was recorded, had several tasks with nothing in common.
    pub(crate) fn was_apart(&self) -> bool {
        if self.tasks < 2 || self.keeps_order() {
            return false;
        }
        let declared = self.declared > 1;
        let mut first = None;
        let mut users = FxHashMap::default();
        let mut meets = |task: usize, space: u32, objects: [usize; 2]| {
            let several = *first.get_or_insert(task) != task;
            let mut met = |object| *users.entry((space, object)).or_insert(task) != task;
            let objects = objects.into_iter().filter(|&object| object != 0);
            objects.fold(false, |any, object| met(object) | any) || declared && several
        };
        let seen = self.events().iter().any(|event| match event.kind {
            Kind::Spawn | Kind::Sleep => false,
            Kind::Join => event.choice.outcome() == Outcome::TimeOut,
            Kind::Input | Kind::Output | Kind::Signal | Kind::Step => true,
            _ => {
                meets(event.choice.task(), event.space, [event.object, event.also])
                    || self.task_ending_at(event.object).is_some()
            }
        });
        let stuck = |task: &usize| !self.was_ended(*task) && !self.could_go_on(*task);
        let waits = (0..self.tasks as usize).filter(stuck).any(|task| {
            let op = self.task(task).op;
            let waits = !matches!(op.kind, Kind::Join | Kind::Sleep);
            waits && meets(task, self.space_for(task, op.object), [op.object, op.also])
        });
        !seen && !waits
    }
}
