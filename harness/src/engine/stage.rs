//! What both engines do around the tasks of an execution: set the program up, and
//! judge how it ended.

use super::Model;
use super::moment::Moment;
use crate::judge::{Access, Place, Verdict};
use crate::kernel::panic::let_go;
use crate::kernel::{End, Kernel, Limits, Touch, at_home, judging};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The limits, widened to what the program has from the start.
pub(super) fn fit(limits: Limits, model: &dyn Model) -> Limits {
    let least = model.layout().size().next_multiple_of(64);
    // A program whose tasks are all known pays for no more than them; its tasks
    // may still start some of their own.
    let tasks = if model.dynamic() { limits.tasks } else { limits.tasks.max(model.tasks() + 64) };
    let patience = limits.patience.max(Duration::from_secs(1));
    Limits { tasks, memory: limits.memory.max(least), patience, ..limits }
}

/// Builds the state and creates the tasks; the kernel was just reset.
pub(super) fn set_up(kernel: &mut Kernel, model: &dyn Model) -> Result<*mut u8, Verdict> {
    let layout = model.layout();
    if layout.align() > 64 {
        return Err(Verdict::Broken(format!(
            "the state wants an alignment of {}; 64 is the most",
            layout.align()
        )));
    }
    let state = kernel
        .allocate(layout.size().max(1))
        .ok_or_else(|| Verdict::Broken("the state does not fit into the shared memory".to_owned()))?;
    // SAFETY: fresh memory of the state's layout.
    let init = || at_home(kernel, || unsafe { model.init(state) });
    if let Err(payload) = catch_unwind(AssertUnwindSafe(init)) {
        let_go(payload);
        return Err(kernel.note.set_up());
    }
    Moment::Tasks.begin();
    kernel.judge_task = if model.dynamic() { 0 } else { crate::kernel::NOBODY };
    let mut host = None;
    for task in 0..model.tasks() {
        let role = model.role(task);
        let process = match role {
            crate::kernel::Role::Process => task,
            crate::kernel::Role::Thread => *host.get_or_insert(task),
        };
        if let Err(limit) = kernel.create(role, process as u32, Some(process as u32), "", model.site(task)) {
            return Err(Verdict::Broken(format!("the program has more than {limit} tasks")));
        }
        if kernel.names_victims() {
            kernel.mark_victim(task, &model.task_name(task));
        }
    }
    kernel.declared = kernel.tasks;
    Ok(state)
}

fn name_of(kernel: &Kernel, model: &dyn Model, task: usize) -> String {
    task_name(model, task, kernel.task(task).name.as_str())
}

/// What a task is called that was `given` this name, or none, when it was started.
pub(crate) fn task_name(model: &dyn Model, task: usize, given: &str) -> String {
    match given {
        _ if task < model.tasks() => model.task_name(task),
        "" => format!("task {task}"),
        _ => given.to_owned(),
    }
}

/// The race that ended the execution.
fn raced(kernel: &Kernel, model: &dyn Model) -> Verdict {
    let access = |touch: Touch| {
        let place = touch.site.map_or_else(|| Place::new("", 0, 0), Place::of);
        let task = touch.task as usize;
        Box::new(Access { task, name: name_of(kernel, model, task), writes: touch.writes, place })
    };
    match kernel.raced {
        Some(raced) => Verdict::Race {
            step: kernel.steps as usize,
            first: access(raced.first),
            second: access(raced.second),
        },
        None => Verdict::Broken("a race ended the execution that nobody wrote down".to_owned()),
    }
}

/// Why nobody waits for a task any more, and from where on it did nothing that is seen.
fn given_up(kernel: &Kernel, model: &dyn Model, state: *mut u8, task: usize) -> String {
    let seconds = kernel.limits.patience.as_secs();
    let slot = kernel.as_it_stood(task);
    let (op, site) = (slot.op, slot.site());
    let began = kernel.schedule().iter().any(|choice| choice.task() == task);
    let last = if began {
        let named = model.ranges(state).into_iter().filter(|(range, _)| range.contains(&op.object));
        let object = named.min_by_key(|(range, _)| range.len()).map(|(_, name)| format!(" {name}"));
        let object = object.unwrap_or_default();
        format!("after `{}{object}` ({}) without reaching its next operation", op.name, Place::of(site))
    } else {
        "without reaching its first operation".to_owned()
    };
    format!(
        "{} ran for {seconds} s {last}: it loops, or waits for what the scheduler does not see, as a \
         lock of std",
        name_of(kernel, model, task)
    )
}

/// What a judgement that panicked says.
fn judged(kernel: &mut Kernel, payload: Box<dyn Any + Send>) -> Verdict {
    let verdict = kernel.note.judged(payload.as_ref());
    let_go(payload);
    verdict
}

/// The verdict on the execution that just ended; drops the state.
pub(super) fn judge(kernel: &mut Kernel, model: &dyn Model, state: *mut u8, label: &mut String) -> Verdict {
    let (end, culprit) = kernel.ending();
    let task = culprit.unwrap_or(0);
    let verdict = match end {
        End::Finished => {
            if !kernel.label.is_empty() {
                label.push_str(kernel.label.as_str());
            }
            // SAFETY: the state was initialised and no task runs.
            let finish = AssertUnwindSafe(|| unsafe { model.finish(state, label) });
            match judging(kernel, || catch_unwind(finish)) {
                Ok(()) => Verdict::Pass,
                Err(payload) => judged(kernel, payload),
            }
        }
        End::Panicked => Verdict::Panic {
            task,
            step: kernel.steps as usize,
            message: kernel.note.message.as_str().to_owned(),
            place: kernel.note.place(),
        },
        End::Raced => raced(kernel, model),
        End::Undecided => {
            let note = &kernel.note;
            note.refusal().unwrap_or_else(|| Verdict::Broken(note.message.as_str().to_owned()))
        }
        End::Died => {
            Verdict::Died { task, step: kernel.steps as usize, status: kernel.as_it_stood(task).status }
        }
        End::Deadlock => {
            // SAFETY: the state was initialised and no task runs.
            let stuck = AssertUnwindSafe(|| unsafe { model.stuck(state) });
            match judging(kernel, || catch_unwind(stuck)) {
                Ok(true) => {
                    label.push_str("stuck");
                    Verdict::Pass
                }
                Ok(false) => Verdict::Deadlock,
                Err(payload) => judged(kernel, payload),
            }
        }
        End::StepBound => Verdict::Livelock { steps: kernel.steps as usize },
        End::Diverged => Verdict::Diverged { step: kernel.steps as usize, task },
        End::Blocked => Verdict::Broken("every task that could go on was explored elsewhere".to_owned()),
        End::GivenUp => Verdict::Broken(given_up(kernel, model, state, task)),
    };
    // SAFETY: the state was initialised; no task runs any more.
    let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { model.discard(state) }));
    Moment::Between.begin();
    let dropped = dropped.map_err(let_go);
    match dropped {
        Ok(()) => verdict,
        Err(()) if verdict != Verdict::Pass => verdict,
        Err(()) => Verdict::Broken(format!("dropping the state panicked: {}", kernel.note.message.as_str())),
    }
}
