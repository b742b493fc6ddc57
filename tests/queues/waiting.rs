//! Those who wait for an item or for room: they are woken, or give up and forget nobody.
//!
//! When a process dies here, `deaths.rs` tells what follows.

use crate::{BOTH, GRAINS, SCALE, passes, quiet};
use selvedge_harness::check;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use std::time::Duration;

/// Time passes on the virtual clock while somebody waits, and those who give up forget
/// nobody.
#[test]
fn who_gives_up_takes_nothing_with_it() {
    let program = || {
        let queue = PlainQueue::<u32>::bounded(1);
        let waiter = |millis| {
            let queue = queue.clone();
            Process::spawn(move || match queue.get_timeout(Duration::from_millis(millis)) {
                Ok(item) => assert_eq!(item, 7),
                Err(error) => assert_eq!(error, GetError::Empty),
            })
        };
        let waiters = [waiter(5), waiter(10)];
        let patient = queue.clone();
        let patient = Process::spawn(move || assert_eq!(patient.get(), Ok(7)));
        for _ in 0..3 {
            let _ = queue.put_timeout(7, Duration::from_millis(7));
        }
        for waiter in waiters {
            assert!(waiter.join().unwrap().success());
        }
        let _ = queue.try_put(7);
        assert!(patient.join().unwrap().success());
    };
    for engine in BOTH {
        for granularity in GRAINS {
            let executions = if engine == Engine::Sim { 600 } else { 30 } * SCALE;
            let faults = Faults { timeouts: 2, spurious: 2, ..Faults::none() };
            let config = quiet(engine, granularity).executions(executions).faults(faults);
            passes(&check(&config, program).unwrap(), &format!("{engine:?} {granularity:?}"));
        }
    }
}

/// Who finds no room and has not fallen asleep yet does not make a queue full from which
/// something was just taken.
#[test]
fn a_queue_with_room_is_never_called_full() {
    let program = || {
        let queue = Queue::bounded(2);
        let theirs = queue.clone();
        let putter = thread::spawn(move || (0..3).for_each(|item| theirs.put(item).unwrap()));
        queue.get().unwrap();
        if queue.try_get().is_ok() {
            queue.try_put(3).expect("two of at most three are gone");
            queue.get().unwrap();
        }
        queue.get().unwrap();
        putter.join().unwrap();
    };
    for granularity in GRAINS {
        let config = quiet(Engine::Sim, granularity).executions(4_000 * SCALE);
        passes(&check(&config, program).unwrap(), &format!("{granularity:?}"));
    }
}
