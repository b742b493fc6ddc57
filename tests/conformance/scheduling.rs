//! How the kernel schedules processes, and events in the order of their times.
//!
//! When a process dies here, its settings die with it: the tests change their own.

use nix::libc::{EINVAL, ESRCH};
use rusty_fork::rusty_fork_test;
use selvedge::Process;
use selvedge::process::scheduling::{
    Policy, give_way, niceness, policy, processors, set_niceness, set_policy, set_processors, turn,
};
use std::io;
use std::time::Duration;

/// No process has this number.
const NOBODY: u32 = i32::MAX as u32;

/// Runs `body` in a process of one thread: what is set, is set for a thread.
fn alone(body: impl FnOnce() + Send + 'static) {
    assert!(Process::spawn(body).join().unwrap().success());
}

fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> Option<i32> {
    result.unwrap_err().raw_os_error()
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 120_000)]

    #[test]
    fn c_sched_05_niceness_is_read_back() {
        alone(|| {
        let before = niceness(0).unwrap();
        set_niceness(std::process::id(), before + 1).unwrap();
        assert_eq!(niceness(0).unwrap(), (before + 1).min(19));
        assert_eq!((errno(niceness(NOBODY)), errno(set_niceness(u32::MAX, 1))), (Some(ESRCH), Some(ESRCH)));
        });
    }

    #[test]
    fn c_sched_06_policies_are_asked_and_set() {
        alone(|| {
        give_way();
        let all = [Policy::Normal, Policy::Batch, Policy::Idle, Policy::Fifo, Policy::RoundRobin];
        for one in all {
            let (low, high) = one.priorities();
            assert!(low <= high, "{one:?}");
            assert_eq!(errno(set_policy(0, one, high + 1)), Some(EINVAL));
        }
        assert_eq!(Policy::Fifo.priorities(), (1, 99));
        assert_eq!(policy(0).unwrap(), Policy::Normal);
        set_policy(0, Policy::Batch, 0).unwrap();
        assert_eq!(policy(std::process::id()).unwrap(), Policy::Batch);
        assert!(turn(0).unwrap() < Duration::from_secs(1));
        assert_eq!((errno(policy(NOBODY)), errno(turn(NOBODY))), (Some(ESRCH), Some(ESRCH)));
        });
    }

    #[test]
    fn c_sched_07_processors_are_asked_and_set() {
        alone(|| {
        let all = processors(0).unwrap();
        assert!(!all.is_empty());
        set_processors(0, &all[..1]).unwrap();
        assert_eq!(processors(std::process::id()).unwrap(), all[..1]);
        assert_eq!(errno(set_processors(0, &[])), Some(EINVAL));
        assert_eq!(errno(set_processors(0, &[1 << 20])), Some(EINVAL));
        assert_eq!(errno(processors(NOBODY)), Some(ESRCH));
        set_processors(0, &all).unwrap();
        });
    }
}
