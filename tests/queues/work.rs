//! Work that is waited for: `join` comes back, and tells what is lost.
//!
//! When a process dies here, what it was at is lost, and told once.

use crate::{BOTH, GRAINS, SCALE, passes, quiet};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{check, unobserved};

/// All work is done or lost with whoever died, and `join` comes back and tells which.
fn all_work_is_done_or_lost(workers: u32, items: u32) {
    let work = JoinableQueue::<u32>::bounded(2);
    let ended = Shared::new(Value::new(0_u32));
    let workers: Vec<_> = (0..workers)
        .map(|_| {
            let (work, ended) = (work.clone(), ended.clone());
            Process::spawn(move || {
                while work.get().is_ok() {
                    work.task_done().unwrap();
                }
                assert!(work.task_done().is_err());
                unobserved(|| ended.fetch_add(1));
            })
        })
        .collect();
    for item in 0..items {
        work.put(item).unwrap();
    }
    let lost = work.join().map_or_else(|lost| lost.tasks, |()| 0);
    assert!(work.is_empty());
    assert_eq!(work.join(), Ok(()), "told twice");
    work.close();
    let count = workers.len();
    for worker in workers {
        worker.join().unwrap();
    }
    let dead = count - ended.get() as usize;
    assert!(lost <= dead, "{lost} lost with {dead} dead");
}

#[test]
fn join_comes_back_whoever_dies() {
    for kills in [0, 1, 2] {
        for engine in BOTH {
            for granularity in GRAINS {
                let executions = if engine == Engine::Sim { 400 } else { 20 } * SCALE;
                let config = quiet(engine, granularity).executions(executions).faults(Faults::kills(kills));
                let program = move || all_work_is_done_or_lost(u32::from(kills) + 1, 3);
                passes(&check(&config, program).unwrap(), &format!("{engine:?} {granularity:?}, {kills}"));
            }
        }
    }
}
