//! How the kernel schedules processes, and events in the order of their times.
//!
//! When a process dies here, its settings die with it: the tests change their own.

use nix::libc::{EINVAL, ESRCH};
use rusty_fork::rusty_fork_test;
use selvedge::platform::Native;
use selvedge::process::scheduling::{
    Policy, give_way, niceness, policy, processors, set_niceness, set_policy, set_processors, turn,
};
use selvedge::thread::now;
use selvedge::{Agenda, Process, Thread};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
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
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_sched_01_events_run_in_the_order_of_time_and_priority() {
        let (agenda, (tell, told)) = (Agenda::new(), channel());
        let say = |text: &'static str| {
            let tell = tell.clone();
            move || tell.send(text).unwrap()
        };
        let start = now::<Native>();
        assert!(agenda.is_empty());
        agenda.enter_at(start + 30_000_000, 1, say("30 ms"));
        agenda.enter_at(start + 10_000_000, 1, say("10 ms"));
        agenda.enter_at(start + 20_000_000, 2, say("20 ms, second"));
        agenda.enter_at(start + 20_000_000, 1, say("20 ms, first"));
        agenda.enter_at(start + 20_000_000, 2, say("20 ms, third"));
        let gone = agenda.enter_at(start, 1, say("cancelled"));
        agenda.cancel(gone).unwrap();
        assert!(agenda.cancel(gone).unwrap_err().to_string().contains("neither done nor cancelled"));
        let entries = agenda.entries();
        assert!(entries.is_sorted() && entries.len() == 5 && !agenda.is_empty());
        assert_eq!((entries[2].time, entries[2].priority), (start + 20_000_000, 2));
        agenda.run();
        let order: Vec<&str> = told.try_iter().collect();
        assert_eq!(order, ["10 ms", "20 ms, first", "20 ms, second", "20 ms, third", "30 ms"]);
        assert!(agenda.is_empty() && now::<Native>() - start >= 30_000_000);
    }

    #[test]
    fn c_sched_02_what_is_entered_while_it_runs_is_done_in_its_turn() {
        let (agenda, (tell, told)) = (Arc::new(Agenda::new()), channel());
        let say = |number: u32| {
            let tell = tell.clone();
            move || tell.send(number).unwrap()
        };
        let runner = Arc::clone(&agenda);
        let last = agenda.enter(Duration::from_secs(3600), 1, say(9));
        let mut thread = Thread::new(move || runner.run());
        thread.start().unwrap();
        // The runner sleeps, or is about to, for long: what is due before that wakes it.
        agenda.enter(Duration::ZERO, 1, say(1));
        assert_eq!(told.recv(), Ok(1));
        agenda.enter(Duration::from_millis(20), 1, say(2));
        assert_eq!(told.recv(), Ok(2));
        // What is entered while it is at something else waits, the earliest in front.
        let (go, gate) = channel::<()>();
        agenda.enter(Duration::ZERO, 1, move || _ = gate.recv());
        let start = now::<Native>();
        for (delay, number) in [(60, 5), (0, 3), (40, 4)] {
            agenda.enter_at(start + delay, 1, say(number));
        }
        drop(go);
        assert_eq!([(); 3].map(|()| told.recv()), [Ok(3), Ok(4), Ok(5)]);
        agenda.cancel(last).unwrap();
        assert!(thread.join().unwrap().success());
        assert!(told.try_recv().is_err() && agenda.is_empty());
    }

    #[test]
    fn c_sched_04_a_run_that_does_not_wait_does_what_is_due() {
        let (agenda, (tell, told)) = (Agenda::new(), channel());
        let late = tell.clone();
        assert_eq!(agenda.run_due(), None);
        agenda.enter_at(0, 1, move || tell.send(1).unwrap());
        agenda.enter(Duration::from_secs(3600), 1, move || late.send(2).unwrap());
        let left = agenda.run_due().unwrap();
        assert!(left > Duration::from_secs(3000) && left <= Duration::from_secs(3600));
        assert_eq!((told.try_recv(), told.try_recv().is_err(), agenda.entries().len()), (Ok(1), true, 1));
    }

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
        assert_eq!(policy(0).unwrap(), policy(std::process::id()).unwrap());
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
