//! Real processes, from before their start until after their end.
//!
//! Run by `cargo test`. Every child is joined, or ends by itself.
//!
//! When a process dies here, a test asked for it.

use crate::platform::Native;
use crate::{Error, ExitStatus, Process, Shared, Value, exit, process};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

fn idle() {
    crate::sleep(LONG);
}

#[test]
fn a_process_runs_only_when_started_and_only_once() {
    let ran = Shared::new(Value::new(0_u32));
    let copy = ran.clone();
    let mut child = Process::new(move || copy.fetch_add(1)).name("once");
    assert_eq!((child.pid(), child.exit_status(), child.is_alive()), (None, None, false));
    assert!(matches!(child.join(), Err(Error::NotStarted { name }) if name == "once"));
    assert!(matches!(child.terminate(), Err(Error::NotStarted { .. })));
    child.start().unwrap();
    assert!(matches!(child.start(), Err(Error::AlreadyStarted { .. })));
    assert_eq!(child.join().unwrap(), ExitStatus::Code(0));
    assert_eq!((child.exit_status(), child.is_alive()), (Some(ExitStatus::Code(0)), false));
    child.kill().expect("to kill who has ended is no error");
    assert_eq!(ran.get(), 1);
}

#[test]
fn names_are_counted_by_each_parent() {
    let child = Process::spawn(|| {
        let parent = process::current::<Native>().name().to_owned();
        let (first, second) = (Process::new(|| ()), Process::new(|| ()));
        let right = first.get_name() == format!("{parent}:1") && second.get_name() == format!("{parent}:2");
        exit(i32::from(!right))
    });
    assert!(child.get_name().starts_with("Process-"));
    assert_eq!(child.join().unwrap(), ExitStatus::Code(0));
}

#[test]
fn every_end_is_told_apart() {
    let code = Process::spawn(|| exit(3));
    let panic = Process::spawn(|| std::panic::resume_unwind(Box::new("no message, no hook")));
    let (asked, killed) = (Process::spawn(idle), Process::spawn(idle));
    assert!(asked.is_alive());
    assert_eq!(killed.join_timeout(Duration::ZERO).unwrap(), None);
    asked.terminate().unwrap();
    killed.kill().unwrap();
    assert_eq!(code.join().unwrap(), ExitStatus::Code(3));
    assert_eq!(panic.join().unwrap(), ExitStatus::Code(101));
    assert_eq!(asked.join().unwrap(), ExitStatus::Signal(15));
    assert_eq!(killed.join().unwrap(), ExitStatus::Signal(9));
}

#[test]
fn a_process_has_its_own_number_and_memory() {
    let mut private = 1;
    let seen = Shared::new(Value::new(0_u32));
    let copy = seen.clone();
    let child = Process::spawn(move || {
        private += 1;
        copy.set(process::id::<Native>());
        private
    });
    child.join().unwrap();
    assert_eq!(Some(seen.get()), child.pid());
    assert_eq!(private, 1);
}

#[test]
fn dropping_a_process_that_ended_leaves_no_zombie() {
    let child = Process::spawn(|| ());
    let pid = Pid::from_raw(child.pid().unwrap().cast_signed());
    // Wait for its end, but leave it to be reaped.
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    drop(child);
    let gone = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG);
    assert_eq!(gone, Err(nix::errno::Errno::ECHILD));
}

#[test]
fn threads_can_share_a_process_and_start_it_elsewhere() {
    fn check<T: Send + Sync>() {}
    check::<Process>();
    let mut child = Process::new(|| exit(4));
    let child = std::thread::spawn(move || {
        child.start().unwrap();
        child
    });
    let child = child.join().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(child.join().unwrap(), ExitStatus::Code(4)));
        }
    });
}
