//! What the parts of the engine `real` cost with nothing around them: the turn handed
//! over between two processes on one core, and processes started and ended.
//!
//! Used by the bench `real`. Everything runs in processes forked for it, pinned to the
//! core that the engine's first worker takes: the first one allowed.
//!
//! When one of these processes panics, the bench that waits for it says so. When one is
//! killed by hand, its partner may wait for ever.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use selvedge::sys::{futex, process};
use selvedge::{Shared, shareable};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

shareable! {
    /// Two processes and whose turn it is.
    struct Table { turns: [AtomicU32; 2], nanoseconds: AtomicU64 }
}

impl Table {
    fn new() -> Shared<Table> {
        Shared::new(Table { turns: [AtomicU32::new(0), AtomicU32::new(0)], nanoseconds: AtomicU64::new(0) })
    }

    /// One side of a hand-over: wakes the other, then sleeps until its own turn.
    fn hand_over(&self, me: usize) {
        self.give(1 - me);
        self.take(me);
    }

    fn give(&self, to: usize) {
        self.turns[to].store(1, Ordering::Release);
        futex::wake(&self.turns[to], 1);
    }

    fn take(&self, me: usize) {
        while self.turns[me].swap(0, Ordering::Acquire) == 0 {
            futex::wait(&self.turns[me], 0, None);
        }
    }
}

/// Pins this process, and what it forks, to the first core it may use.
fn pin() {
    let own = Pid::from_raw(0);
    let allowed = sched_getaffinity(own).expect("a process may ask for its cores");
    let first = (0..CpuSet::count()).find(|&core| allowed.is_set(core).unwrap_or(false));
    let mut one = CpuSet::new();
    one.set(first.expect("a process has a core")).expect("the core is in range");
    sched_setaffinity(own, &one).expect("a process may give cores up");
}

/// Forks a child that runs `body` and ends, and nothing else.
fn start(body: impl FnOnce()) -> Pid {
    // SAFETY: called in processes with one thread; the child leaves by `_exit`.
    match unsafe { fork() }.expect("a process can be forked") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            body();
            process::exit_now(0)
        }
    }
}

/// Starts a process that ends at once, and waits for it.
///
/// # Panics
/// If it cannot be started.
pub fn start_and_wait() {
    wait(start(|| ()));
}

fn wait(child: Pid) {
    let status = waitpid(child, None).expect("the child is ours");
    assert_eq!(status, WaitStatus::Exited(child, 0), "a measuring process failed");
}

/// Nanoseconds for one hand-over of the turn between two processes on one core: a
/// store and a futex wake-up here, a futex sleep there.
///
/// # Panics
/// If processes cannot be started.
pub fn hand_over(times: u32) -> f64 {
    let table = Table::new();
    let sides = [0, 1].map(|me| {
        let table = table.clone();
        start(move || {
            pin();
            if me == 1 {
                table.take(1);
                // The last turn is given back and none awaited.
                (1..times / 2).for_each(|_| table.hand_over(1));
                table.give(0);
                return;
            }
            let begun = Instant::now();
            (0..times / 2).for_each(|_| table.hand_over(0));
            table.nanoseconds.store(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        })
    });
    sides.into_iter().for_each(wait);
    table.nanoseconds.load(Ordering::Relaxed) as f64 / f64::from(times / 2 * 2)
}

/// Executions a second of a program that is nothing but its processes: a main process
/// that starts two children and waits for both, all started and ended anew each time.
///
/// # Panics
/// If processes cannot be started.
pub fn family(times: u32) -> f64 {
    let table = Table::new();
    let shared = table.clone();
    let measuring = start(move || {
        pin();
        let begun = Instant::now();
        for _ in 0..times {
            wait(start(|| {
                let children = [start(|| ()), start(|| ())];
                children.into_iter().for_each(wait);
            }));
        }
        shared.nanoseconds.store(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
    });
    wait(measuring);
    f64::from(times) * 1e9 / table.nanoseconds.load(Ordering::Relaxed) as f64
}
