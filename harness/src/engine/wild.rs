//! The engine that is none: the operating system schedules, nobody decides.
//!
//! For the comparison with the others: how rarely stress testing meets the bug.
//! Each execution forks its tasks, opens a gate for all of them at once, and waits.
//!
//! When a task dies here, its exit status is the finding; tasks that have not ended
//! [`PATIENCE`] after the last one did are taken for a deadlock and killed.

use super::Model;
use super::moment::Moment;
use super::real::{apart, burial};
use super::watchdog::Watchdog;
use crate::Error;
use crate::judge::Verdict;
use crate::kernel::panic::{self, Note};
use crate::kernel::unscheduled;
use crate::program::{Config, Found, Progress, Tally};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use selvedge::platform::{Native, Tasks};
use selvedge::sys::{clock, memory::Mapping, process::exit_now};
use selvedge::{Event, Shared};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// How long the tasks of an execution may take without one of them ending.
const PATIENCE: u64 = 2_000_000_000;

/// Runs executions of `model` unscheduled.
pub(crate) fn run(model: &dyn Model, config: &Config, progress: &Progress) -> Result<Tally, Error> {
    // In a process of its own: its forks must not meet the locks of other threads,
    // and the tasks' panics must not reach the caller's hook.
    apart(&|| (), || {
        let mut children = SigSet::empty();
        children.add(Signal::SIGCHLD);
        // Blocked, so that waiting for it cannot miss it.
        let _ = children.thread_block();
        search(model, config, progress)
    })
}

fn search(model: &dyn Model, config: &Config, progress: &Progress) -> Tally {
    let _watchdog = Watchdog::new(config.limits.patience);
    let begun = Instant::now();
    let mut tally = Tally::default();
    let over = |tally: &Tally| {
        config.budget.executions.is_some_and(|most| tally.executions >= most)
            || tally.executions > 0 && config.budget.time.is_some_and(|time| begun.elapsed() >= time)
            || tally.violations > 0 && !config.keep_going
            || tally.inconclusive.is_some()
    };
    while !over(&tally) {
        let (verdict, label) = match execute(model) {
            Ok(outcome) => outcome,
            Err(error) => (Verdict::Broken(error.to_string()), String::new()),
        };
        tally.executions += 1;
        tally.violations += u64::from(verdict.is_violation());
        progress.add(1, u64::from(verdict.is_violation()));
        count(&mut tally.outcomes, &label);
        let index = tally.executions - 1;
        let slot = if verdict.is_violation() { &mut tally.first } else { &mut tally.inconclusive };
        if verdict != Verdict::Pass && slot.is_none() {
            *slot = Some(Found { index, schedule: Vec::new(), verdict, label });
        }
    }
    tally.seconds = begun.elapsed().as_secs_f64();
    tally
}

fn count(outcomes: &mut BTreeMap<String, u64>, label: &str) {
    if !label.is_empty() {
        *outcomes.entry(label.to_owned()).or_insert(0) += 1;
    }
}

fn execute(model: &dyn Model) -> std::io::Result<(Verdict, String)> {
    let memory: Mapping = Native::segment(model.layout().size().max(1))?;
    let state = memory.base();
    let notes: Mapping = Native::segment(size_of::<Note>())?;
    let note = notes.base().cast::<Note>();
    // SAFETY: fresh memory of the note's size, aligned to a page; it outlives the
    // capture, which the next execution replaces.
    unsafe { note.write(Note::EMPTY) };
    panic::capture(note);
    // SAFETY: fresh memory of the state's layout, aligned to a page.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| unsafe { model.init(state) })) {
        panic::let_go(payload);
        panic::capture(std::ptr::null_mut());
        // SAFETY: nobody else uses the note.
        return Ok((unsafe { (*note).set_up() }, String::new()));
    }
    Moment::Tasks.begin();
    let gate = Shared::try_new(Event::new()).map_err(std::io::Error::other)?;
    let mut tasks = BTreeMap::new();
    for task in 0..model.tasks() {
        // SAFETY: this process has one thread; the child runs its task and leaves.
        match unsafe { fork()? } {
            ForkResult::Parent { child } => _ = tasks.insert(child, task),
            ForkResult::Child => {
                let _ = SigSet::all().thread_unblock();
                unscheduled(task);
                gate.wait();
                // SAFETY: the state was initialised.
                let run = || unsafe { model.run(state, task) };
                let code = catch_unwind(AssertUnwindSafe(run)).map_err(panic::let_go).map_or(101, |()| 0);
                selvedge::sys::output::flush();
                exit_now(code);
            }
        }
    }
    gate.set();
    let verdict = wait_for(&mut tasks).map(|verdict| explain(verdict, note));
    tasks.keys().for_each(|pid| burial::kill_and_bury(pid.as_raw() as u32));
    burial::reap_all();
    let mut label = String::new();
    if let Some(verdict) = verdict {
        panic::capture(std::ptr::null_mut());
        return Ok((verdict, label));
    }
    // SAFETY: the state was initialised and no task runs.
    let finished = catch_unwind(AssertUnwindSafe(|| unsafe { model.finish(state, &mut label) }));
    // SAFETY: as above, and it is not used again.
    unsafe { model.discard(state) };
    panic::capture(std::ptr::null_mut());
    let verdict = match finished {
        Ok(()) => Verdict::Pass,
        Err(payload) => {
            // SAFETY: no task runs, the note is ours.
            let verdict = unsafe { (*note).judged(payload.as_ref()) };
            panic::let_go(payload);
            verdict
        }
    };
    Ok((verdict, label))
}

/// A task that ended with the code of a panic said why in the note.
fn explain(verdict: Verdict, note: *const Note) -> Verdict {
    // SAFETY: the tasks that could write the note are over or about to be killed;
    // it is plain bytes, and text that is torn reads as a question mark.
    let note = unsafe { &*note };
    match (verdict, note.law()) {
        (Verdict::Died { status: 101, .. }, law) if note.refused => note.refusal().unwrap_or(law),
        (Verdict::Died { task, step, status: 101 }, Verdict::Law { message, place }) if place.line > 0 => {
            Verdict::Panic { task, step, message, place }
        }
        (verdict, _) => verdict,
    }
}

/// Waits for the tasks; `Some` if one of them failed or none ends any more.
fn wait_for(tasks: &mut BTreeMap<Pid, usize>) -> Option<Verdict> {
    let mut failed = None;
    let mut last = clock::monotonic();
    while !tasks.is_empty() {
        let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => Some((pid, code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => Some((pid, -(signal as i32))),
            _ => None,
        };
        match status.and_then(|(pid, status)| Some((tasks.remove(&pid)?, status))) {
            Some((task, status)) => {
                last = clock::monotonic();
                if status != 0 && failed.is_none() {
                    failed = Some(Verdict::Died { task, step: 0, status });
                }
            }
            None if clock::monotonic() - last > PATIENCE => return failed.or(Some(Verdict::Deadlock)),
            None => pause(),
        }
    }
    failed
}

/// Sleeps until a child changes state, at most a millisecond.
fn pause() {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let timeout = nix::libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    // SAFETY: waits for a blocked signal with a bounded timeout; both pointers are to
    // live values.
    unsafe { nix::libc::sigtimedwait(children.as_ref(), std::ptr::null_mut(), &raw const timeout) };
}
