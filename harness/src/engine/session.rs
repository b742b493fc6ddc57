//! Where an engine's executor lives while something uses it.
//!
//! `sim` runs in one thread per worker, made for it; `real` in one controller process
//! per worker, pinned to a core, which sends its result back.
//!
//! The caller's own thread is never used: what fibers leave behind in their thread (std's
//! count of panics, where one was thrown away as it unwound) goes away with it.

use super::real;
use super::sim::Sim;
use super::{Engine, Executor, Model};
use crate::Error;
use crate::kernel::{Choice, Limits};
use crate::program::{Progress, Task, Watcher};
use crate::value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// Gives `work` an executor of `engine` for `model` and returns what it made.
pub(crate) fn session<R: Serialize + DeserializeOwned + Send>(
    engine: Engine,
    model: &dyn Model,
    limits: Limits,
    work: impl FnOnce(&mut dyn Executor) -> R + Send,
) -> Result<R, Error> {
    check(limits)?;
    match engine {
        Engine::Real => {
            let mut work = Some(work);
            let results = real::controllers(model, limits, 1, &|| (), &mut |executor, _| {
                work.take().map(|work| work(executor))
            })?;
            results
                .into_iter()
                .next()
                .flatten()
                .ok_or_else(|| Error::Controller("ended without a result".to_owned()))
        }
        Engine::Sim | Engine::Wild => apart(|| Ok(work(&mut sim(model, limits)?))),
    }
}

/// Refuses what no arena can be laid out for, or no choice can name.
fn check(limits: Limits) -> Result<(), Error> {
    for (what, limit, range) in [
        ("limits.tasks", limits.tasks, 1..=Choice::TASKS - 1),
        ("limits.steps", limits.steps, 1..=u32::MAX as usize),
        ("limits.memory", limits.memory, 0..=isize::MAX as usize),
    ] {
        let range = *range.start() as u64..=*range.end() as u64;
        value::Whole::new(range).read(what, &limit.to_string())?;
    }
    Ok(())
}

fn sim(model: &dyn Model, limits: Limits) -> Result<Sim<'_>, Error> {
    Sim::new(model, limits).map_err(|errno| Error::os("mapping an arena", errno))
}

/// Runs `work` for each task on an executor of its own, side by side.
pub(crate) fn workers<R: Serialize + DeserializeOwned + Send>(
    engine: Engine,
    model: &dyn Model,
    limits: Limits,
    watcher: Option<Watcher<'_>>,
    progress: &Progress,
    tasks: &[Task],
    work: impl Fn(&mut dyn Executor, &Task) -> R + Sync,
) -> Result<Vec<R>, Error> {
    check(limits)?;
    let tick = || {
        if let Some(watch) = watcher {
            watch(progress.executions(), progress.violations());
        }
    };
    match engine {
        Engine::Real => real::controllers(model, limits, tasks.len(), &tick, &mut |executor, worker| {
            work(executor, &tasks[worker])
        }),
        Engine::Sim | Engine::Wild => match (tasks, watcher) {
            // One worker and nobody watching: no need to look after it.
            ([task], None) => apart(|| Ok(vec![work(&mut sim(model, limits)?, task)])),
            _ => threads(model, limits, &tick, tasks, &work),
        },
    }
}

/// Runs `work` in a thread of its own, which has the name of this one.
fn apart<R: Send>(work: impl FnOnce() -> Result<R, Error> + Send) -> Result<R, Error> {
    let here = std::thread::current();
    let mut builder = std::thread::Builder::new();
    if let Some(name) = here.name() {
        builder = builder.name(name.to_owned());
    }
    std::thread::scope(|scope| {
        let started = builder.spawn_scoped(scope, work);
        let thread = started.map_err(|error| Error::os("starting a thread for fibers", error))?;
        thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    })
}

fn threads<R: Send>(
    model: &dyn Model,
    limits: Limits,
    tick: &dyn Fn(),
    tasks: &[Task],
    work: &(impl Fn(&mut dyn Executor, &Task) -> R + Sync),
) -> Result<Vec<R>, Error> {
    // Nobody begins before all are there: without one of them no work is whole.
    let all_there: OnceLock<bool> = OnceLock::new();
    std::thread::scope(|scope| {
        // Closed by the last of them to end.
        let (open, closed) = channel::<()>();
        let mut running = Vec::new();
        for task in tasks {
            let (open, all_there) = (open.clone(), &all_there);
            let live = move || {
                let _open = open;
                if !*all_there.wait() {
                    return Ok(None);
                }
                sim(model, limits).map(|mut sim| Some(work(&mut sim, task)))
            };
            let started = std::thread::Builder::new().spawn_scoped(scope, live);
            running.push(started.map_err(|error| {
                let _ = all_there.set(false);
                Error::os("starting a thread for fibers", error)
            })?);
        }
        let _ = all_there.set(true);
        drop(open);
        while closed.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
            tick();
        }
        let ended = |thread: ScopedJoinHandle<'_, Result<Option<R>, Error>>| {
            thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)).transpose()
        };
        running.into_iter().filter_map(ended).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_no_arena_has_are_refused() {
        let refused = |limits| check(limits).unwrap_err().to_string();
        let limits = Limits::default();
        assert!(check(limits).is_ok());
        for tasks in [0, 1 << 24, usize::MAX] {
            let form = "is not a whole number from 1 to 2^24 - 1";
            assert_eq!(refused(Limits { tasks, ..limits }), format!("limits.tasks: `{tasks}` {form}"));
        }
        for steps in [0, 1 << 32, usize::MAX] {
            let form = "is not a whole number from 1 to 2^32 - 1";
            assert_eq!(refused(Limits { steps, ..limits }), format!("limits.steps: `{steps}` {form}"));
        }
        let memory = usize::MAX;
        let form = "is not a whole number from 0 to 2^63 - 1";
        assert_eq!(refused(Limits { memory, ..limits }), format!("limits.memory: `{memory}` {form}"));
    }
}
