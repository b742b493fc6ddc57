//! What tasks of a drawn program act on, and what each execution comes out with.

use super::programs::{Action, MOST};
use selvedge::sync::{BarrierWaitResult, RobustMutexGuard};
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, Kind, Recording, Verdict, visible};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const BRIEF: Duration = Duration::from_millis(1);

shareable! {
    pub(super) struct World {
        numbers: [Value<u32>; 2],
        locks: [Mutex<u32>; 2],
        shelf: RwLock<u32>,
        condvar: Condvar,
        semaphore: Semaphore,
        places: RobustSemaphore,
        event: Event,
        barrier: Barrier,
        estate: RobustMutex<u32>,
        filled: OnceCell<u32>,
        cell: RaceCell<u32>,
        /// What each action came out with, in no step of its own.
        seen: [AtomicU32; 16],
    }
}

shareable! {
    pub(super) struct Stocked {
        world: World,
        queue: PlainQueue<u32>,
    }
}

/// Does the actions of a task; those on a queue only where there is one.
pub(super) fn act(world: &World, queue: Option<&PlainQueue<u32>>, actions: &[Action], task: usize) {
    let mut seen = &world.seen[task * MOST..];
    let mut parts = actions.split_inclusive(|action| *action == Action::Recover);
    parts.all(|part| {
        let (own, rest) = seen.split_at(part.len());
        seen = rest;
        let Some((Action::Recover, part)) = part.split_last() else { return act_on(world, queue, part, own) };
        let went = catch_unwind(AssertUnwindSafe(|| act_on(world, queue, part, own)));
        if went.is_err() {
            // The step before this one panicked: a count of traces wants to know.
            visible(Kind::Step, RECOVERED, 1_000 + task, || ());
        }
        own[part.len()].store(1 + u32::from(went.is_err()), Ordering::Relaxed);
        went.unwrap_or(true)
    });
}

/// The name of the step of a task that caught a panic.
pub(super) const RECOVERED: &str = "recovered";

/// The exit code of a task that ended its process.
pub(super) const EXITED: i32 = 3;

/// Takes a lock when it is dropped.
struct Tidy<'w>(&'w Mutex<u32>);

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        drop(self.0.lock());
    }
}

/// Does actions up to where a panic is caught; false if the task shall leave.
fn act_on(world: &World, queue: Option<&PlainQueue<u32>>, actions: &[Action], noted: &[AtomicU32]) -> bool {
    let mut tidy = None;
    let mut held: [Option<_>; 2] = [None, None];
    let (mut reads, mut writes) = (None, None);
    let (mut heir, mut place) = (None, None);
    for (action, seen) in actions.iter().zip(noted) {
        let result = match *action {
            Action::Get(which) => world.numbers[which].get(),
            Action::Set(which, number) => {
                world.numbers[which].set(number);
                0
            }
            Action::Add(which) => world.numbers[which].fetch_add(1),
            Action::Exchange(which, from, to) => match world.numbers[which].compare_exchange(from, to) {
                Ok(found) => found,
                Err(found) => 100 + found,
            },
            Action::PanicIf(which, number) => {
                assert_ne!(world.numbers[which].get(), number);
                0
            }
            Action::ResumeIf(which, number) => {
                if world.numbers[which].get() == number {
                    resume_unwind(Box::new("resumed"));
                }
                0
            }
            Action::Recover => unreachable!("actions are split there"),
            Action::Tidy(which) => {
                tidy = tidy.or(Some(Tidy(&world.locks[which])));
                0
            }
            Action::IsLocked(which) => u32::from(world.locks[which].is_locked()),
            Action::IsPoisoned(which) => u32::from(world.locks[which].is_poisoned()),
            Action::ClearPoison(which) => {
                world.locks[which].clear_poison();
                0
            }
            Action::LeaveIf(which, number) => {
                if world.numbers[which].get() == number {
                    return false;
                }
                0
            }
            Action::ExitIf(which, number) => {
                if world.numbers[which].get() == number {
                    selvedge::process::exit::<selvedge_harness::Checked>(EXITED);
                }
                0
            }
            Action::Look => world.cell.get(),
            Action::Change => world.cell.with_mut(|cell| std::mem::replace(cell, *cell + 1)),
            Action::Lock(which) => {
                held[which] = held[which].take().or_else(|| world.locks[which].lock().ok());
                0
            }
            Action::Unlock(which) => u32::from(held[which].take().is_some()),
            Action::TryLock(which) => {
                held[which] = held[which].take().or_else(|| world.locks[which].try_lock().ok());
                u32::from(held[which].is_some())
            }
            Action::LockBriefly(which) => {
                held[which] = held[which].take().or_else(|| world.locks[which].try_lock_for(BRIEF).ok());
                u32::from(held[which].is_some())
            }
            Action::Read if reads.is_none() && writes.is_none() => {
                reads = world.shelf.read().ok();
                reads.as_deref().copied().unwrap_or(9)
            }
            Action::Write if reads.is_none() && writes.is_none() => {
                writes = world.shelf.write().ok();
                writes.as_mut().map_or(9, |shelf| std::mem::replace(&mut **shelf, 1))
            }
            Action::TryRead if reads.is_none() && writes.is_none() => {
                reads = world.shelf.try_read().ok();
                reads.as_deref().copied().unwrap_or(9)
            }
            Action::TryWrite if reads.is_none() && writes.is_none() => {
                writes = world.shelf.try_write().ok();
                u32::from(writes.is_some())
            }
            Action::ReadBriefly if reads.is_none() && writes.is_none() => {
                reads = world.shelf.try_read_for(BRIEF).ok();
                reads.as_deref().copied().unwrap_or(9)
            }
            Action::WriteBriefly if reads.is_none() && writes.is_none() => {
                writes = world.shelf.try_write_for(BRIEF).ok();
                writes.as_mut().map_or(9, |shelf| std::mem::replace(&mut **shelf, 1))
            }
            Action::Read
            | Action::ReadBriefly
            | Action::Write
            | Action::WriteBriefly
            | Action::TryRead
            | Action::TryWrite
            | Action::GiveBack => {
                (reads, writes) = (None, None);
                0
            }
            Action::Wait => {
                held[0] = held[0].take().map(|guard| world.condvar.wait(guard).unwrap());
                0
            }
            Action::WaitBriefly => match held[0].take() {
                Some(guard) => {
                    let (guard, result) = world.condvar.wait_timeout(guard, BRIEF).unwrap();
                    held[0] = Some(guard);
                    u32::from(result.timed_out())
                }
                None => 2,
            },
            Action::NotifyOne => {
                world.condvar.notify_one();
                0
            }
            Action::NotifyAll => {
                world.condvar.notify_all();
                0
            }
            Action::Acquire => {
                world.semaphore.acquire();
                0
            }
            Action::TryAcquire => u32::from(world.semaphore.try_acquire()),
            Action::AcquireBriefly => u32::from(world.semaphore.acquire_timeout(BRIEF)),
            Action::Release => {
                world.semaphore.release();
                0
            }
            Action::TryEnter => {
                place = place.take().or_else(|| world.places.try_acquire());
                u32::from(place.is_some())
            }
            Action::Leave => {
                place = None;
                0
            }
            Action::SetEvent => {
                world.event.set();
                0
            }
            Action::ClearEvent => {
                world.event.clear();
                0
            }
            Action::AwaitEvent => {
                world.event.wait();
                0
            }
            Action::AwaitEventBriefly => u32::from(world.event.wait_timeout(BRIEF)),
            Action::Sleep(times) => {
                thread::sleep(BRIEF * times);
                0
            }
            Action::Meet => met(world.barrier.wait()),
            Action::MeetBriefly => met(world.barrier.wait_timeout(BRIEF)),
            Action::TryMeet => met(world.barrier.try_wait()),
            Action::Meeting => world.barrier.waiting(),
            Action::IsBroken => u32::from(world.barrier.is_broken()),
            Action::Abort => {
                world.barrier.abort();
                0
            }
            Action::Reset => {
                world.barrier.reset();
                0
            }
            Action::Inherit if heir.is_none() => inherited(world.estate.lock(), &mut heir),
            Action::InheritBriefly if heir.is_none() => {
                inherited(world.estate.try_lock_for(BRIEF), &mut heir)
            }
            Action::TryInherit if heir.is_none() => inherited(world.estate.try_lock(), &mut heir),
            Action::WaitAsHeir => {
                heir.take().map_or(9, |guard| inherited(world.condvar.wait(guard), &mut heir))
            }
            Action::WaitAsHeirBriefly => heir.take().map_or(9, |guard| {
                let waited = world.condvar.wait_timeout(guard, BRIEF);
                match waited {
                    Ok((guard, result)) => {
                        10 * u32::from(result.timed_out()) + inherited(Ok(guard), &mut heir)
                    }
                    Err(LockError::OwnerDied((guard, result))) => {
                        let taken = inherited(Err(LockError::OwnerDied(guard)), &mut heir);
                        10 * u32::from(result.timed_out()) + taken
                    }
                    Err(_) => 5,
                }
            }),
            Action::Inherit | Action::InheritBriefly | Action::TryInherit | Action::Bequeath => {
                heir = None;
                0
            }
            Action::Fill => *world.filled.get_or_init(|| {
                world.numbers[0].set(1);
                1
            }),
            Action::FillBriefly => fill_within(world, BRIEF),
            Action::TryFill => fill_within(world, Duration::ZERO),
            Action::IsFilled => world.filled.get().map_or(9, |number| *number),
            Action::PutBriefly(number) => {
                queue.map_or(9, |queue| u32::from(queue.put_timeout(number, BRIEF).is_ok()))
            }
            Action::TakeBriefly => queue.map_or(9, |queue| queue.get_timeout(BRIEF).unwrap_or(9)),
            Action::Put(number) => queue.map_or(9, |queue| u32::from(queue.put(number).is_ok())),
            Action::Take => queue.map_or(9, |queue| queue.get().unwrap_or(9)),
            Action::TryPut(number) => queue.map_or(9, |queue| u32::from(queue.try_put(number).is_ok())),
            Action::TryTake => queue.map_or(9, |queue| queue.try_get().unwrap_or(9)),
            Action::Await(which, number) => {
                world.numbers[which].await_eq(number);
                0
            }
        };
        seen.store(result + 1, Ordering::Relaxed);
    }
    true
}

/// What is in the cell, if nobody was filling it for so long.
fn fill_within(world: &World, timeout: Duration) -> u32 {
    let filled = world.filled.get_or_init_timeout(timeout, || world.numbers[0].get());
    filled.map_or(9, |number| *number)
}

/// How a lock that survives its holder was taken, if it was.
fn inherited<'w>(taken: Inherited<'w>, heir: &mut Option<Heir<'w>>) -> u32 {
    match taken {
        Ok(guard) => {
            *heir = Some(guard);
            1
        }
        Err(LockError::OwnerDied(mut guard)) => {
            guard.mark_consistent();
            *heir = Some(guard);
            2
        }
        Err(LockError::Unrecoverable) => 3,
        Err(_) => 4,
    }
}

type Heir<'w> = RobustMutexGuard<'w, u32, Checked>;
type Inherited<'w> = Result<Heir<'w>, LockError<Heir<'w>>>;

/// What waiting at the barrier came to.
fn met(waited: Result<BarrierWaitResult, BarrierError>) -> u32 {
    match waited {
        Ok(passed) => 10 + 2 * passed.index() + u32::from(passed.is_leader()),
        Err(BarrierError::WouldBlock) => 1,
        Err(_) => 2,
    }
}

pub(super) fn world() -> World {
    World {
        numbers: std::array::from_fn(|_| Value::new(0)),
        locks: std::array::from_fn(|_| Mutex::new(0)),
        shelf: RwLock::new(0),
        condvar: Condvar::new(),
        semaphore: Semaphore::new(1),
        places: RobustSemaphore::new(1).unwrap(),
        event: Event::new(),
        barrier: Barrier::new(2),
        estate: RobustMutex::new(0),
        filled: OnceCell::new(),
        cell: RaceCell::new(0),
        seen: std::array::from_fn(|_| AtomicU32::new(0)),
    }
}

impl World {
    /// What all actions came out with.
    pub(super) fn label(&self) -> String {
        let mut label = String::new();
        for seen in &self.seen {
            write!(label, "{} ", seen.load(Ordering::Relaxed)).unwrap();
        }
        label
    }
}

/// The program in which each task does its actions; the last `threads` are threads of one
/// process, the others processes.
pub(super) fn program(actions: &[Vec<Action>], threads: usize) -> Program<Stocked> {
    let processes = actions.len() - threads;
    let task = |first: usize| {
        let all = actions[first..].to_vec();
        move |state: &Stocked, i: usize| act(&state.world, Some(&state.queue), &all[i], first + i)
    };
    Program::new("drawn", || Stocked { world: world(), queue: PlainQueue::bounded(1) })
        .tasks("task", processes, task(0))
        .threads("thread", threads, task(processes))
        .label(|state, label| label.push_str(&state.world.label()))
}

/// How an execution came out: its label, or the law that it broke and who broke it.
pub(super) fn outcome(recording: &Recording) -> String {
    let end = match &recording.verdict {
        // At which step is no part of it.
        Verdict::Panic { task, message, place, .. } => format!("task {task}: {message} ({place})"),
        Verdict::Died { task, status, .. } => format!("task {task} died: {status}"),
        other => other.to_string(),
    };
    let tasks = recording.tasks.iter().map(|task| match (&task.status, &task.pending) {
        (Some(status), _) => status.to_string(),
        (None, Some(next)) => format!("{} ({})", next.name, next.place),
        (None, None) => "?".to_owned(),
    });
    match recording.verdict {
        // Who else was how far when the execution broke off is no part of how it ended.
        Verdict::Panic { .. } | Verdict::Died { .. } | Verdict::Race { .. } => end,
        _ => format!("{end} [{}] {}", recording.label, tasks.collect::<Vec<_>>().join(", ")),
    }
}

/// What each step of a task came out with.
type Results = Vec<(String, Option<u64>)>;

/// How an execution ended, and the results of each task.
pub(super) fn values(recording: &Recording) -> (String, Vec<Results>) {
    let own = |task| recording.steps.iter().filter(move |step| step.task == task);
    let values = |task| own(task).map(|step| (step.name.clone(), step.value)).collect();
    (outcome(recording), (0..recording.tasks.len()).map(values).collect())
}

/// Whether an execution was run to its end.
pub(super) fn counts(recording: &Recording) -> bool {
    !matches!(recording.verdict, Verdict::Broken(_) | Verdict::Diverged { .. })
}
