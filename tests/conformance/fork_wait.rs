//! Fork, wait and the status that is waited for; orphans and zombies.
//!
//! When a process dies here, a test asked for it.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
use rusty_fork::rusty_fork_test;
use selvedge::net::{Listener, connect};
use selvedge::platform::Native;
use selvedge::process::{
    ChildPolicy, Ended, Which, adopt_orphans, double_fork, parent_id, peek, set_child_policy, try_wait, wait,
};
use selvedge::sys::process::{Signal, fork};
use selvedge::{Event, ExitStatus, Process, Semaphore, Shared, Value, exit, pipe};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

/// The letter by which the kernel tells what a process does.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn idle() -> i32 {
    loop {
        selvedge::sleep(LONG);
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_forkwait_01_only_the_forking_thread_is_in_the_child() {
        static COUNTS: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];
        static OVER: AtomicBool = AtomicBool::new(false);
        let threads = COUNTS.each_ref().map(|count| {
            std::thread::spawn(move || {
                while !OVER.load(SeqCst) {
                    count.fetch_add(1, SeqCst);
                    std::thread::yield_now();
                }
            })
        });
        // They all run, in the parent.
        while COUNTS.iter().any(|count| count.load(SeqCst) < 100) {
            std::thread::yield_now();
        }
        let child = fork(|| {
            let before = COUNTS.each_ref().map(|count| count.load(SeqCst));
            // Long enough for any thread there were to have had its turn.
            for _ in 0..1000 {
                std::thread::yield_now();
            }
            let tasks = std::fs::read_dir("/proc/self/task").unwrap().count();
            i32::from(before != COUNTS.each_ref().map(|count| count.load(SeqCst)) || tasks != 1)
        })
        .unwrap();
        assert_eq!(wait(Which::Pid(child.id())).unwrap(), Ended { pid: child.id(), status: ExitStatus::Code(0) });
        OVER.store(true, SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn c_forkwait_03_a_child_can_release_what_its_parent_held_at_the_fork() {
        for depth in 0..=4 {
            // A lock of threads that the forking thread holds so many times: the child has
            // a copy of it, whose holder it is.
            let lock = std::sync::Arc::new(Semaphore::new(4));
            let held: u32 = (0..depth).map(|_| { lock.acquire(); 1 }).sum();
            let copy = std::sync::Arc::clone(&lock);
            let child = fork(move || {
                (0..held).for_each(|_| { copy.release(); });
                i32::from(copy.value() != 4)
            })
            .unwrap();
            assert_eq!(child.wait(None).unwrap(), Some(ExitStatus::Code(0)), "depth {depth}");
            assert_eq!(lock.value(), 4 - depth, "the parent's own is as it was");
        }
    }

    #[test]
    fn c_forkwait_05_a_status_says_the_code() {
        for code in [0, 23] {
            let child = fork(move || code).unwrap();
            let ended = wait(Which::Any).unwrap();
            assert_eq!((ended.pid, ended.status.exit_code()), (child.id(), code));
        }
        assert_eq!(ExitStatus::from_raw(23 << 8), Some(ExitStatus::Code(23)));
        assert_eq!(ExitStatus::from_raw(0x137F), None, "stopped");
        assert_eq!(wait(Which::Any).unwrap_err().raw_os_error(), Some(nix::libc::ECHILD));
    }

    #[test]
    fn c_forkwait_06_a_status_says_the_signal() {
        let child = fork(idle).unwrap();
        assert_eq!(try_wait(Which::Pid(child.id())).unwrap(), None);
        child.signal(Signal::SIGKILL).unwrap();
        assert_eq!(wait(Which::Pid(child.id())).unwrap().status.exit_code(), -9);
    }

    #[test]
    fn c_forkwait_07_a_child_is_waited_for_by_number() {
        let (one, two) = (fork(|| 1).unwrap(), fork(|| 2).unwrap());
        for child in [&two, &one] {
            let seen = peek(Which::Pid(child.id())).unwrap();
            assert_eq!((seen.pid, state(child.id())), (child.id(), Some('Z')), "a zombie until it is waited for");
            assert_eq!(wait(Which::Pid(child.id())).unwrap(), seen);
            assert_eq!(state(child.id()), None);
        }
    }

    #[test]
    fn c_forkwait_09_signals_do_not_end_what_waits() {
        static SIGNALS: AtomicU32 = AtomicU32::new(0);
        extern "C" fn count(_: i32) {
            SIGNALS.fetch_add(1, SeqCst);
        }
        let (mut here, mut there) = pipe(true).unwrap();
        let listener: Listener = Listener::bind(&format!("@selvedge-{}", std::process::id()).parse().unwrap()).unwrap();
        let address = listener.address().clone();
        let child = Process::spawn(move || {
            // No SA_RESTART: each signal interrupts the call that it meets.
            let action = SigAction::new(SigHandler::Handler(count), SaFlags::empty(), SigSet::empty());
            // SAFETY: the handler does nothing but add to a number.
            unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
            there.send(&"ready").unwrap();
            let large: Vec<u8> = there.recv().unwrap();
            there.send(&large).unwrap();
            let answer: String = listener.accept().unwrap().recv().unwrap();
            there.send(&(answer, SIGNALS.load(SeqCst))).unwrap();
        });
        // The child sleeps in a call, and nothing but a signal or this process wakes it.
        let interrupt = |times: u32| {
            for _ in 0..times {
                while state(child.pid().unwrap()) != Some('S') {
                    std::thread::yield_now();
                }
                child.signal(Signal::SIGUSR1).unwrap();
            }
        };
        assert_eq!(here.recv::<String>().unwrap(), "ready");
        interrupt(3);
        let large = vec![7_u8; 4 << 20];
        here.send(&large).unwrap();
        // It sends all of it back, and nobody receives it yet.
        interrupt(3);
        assert!(here.recv::<Vec<u8>>().unwrap() == large);
        interrupt(3);
        let client = connect::<Native>(&address, None).unwrap();
        interrupt(3);
        client.send("done").unwrap();
        let (answer, signals) = here.recv::<(String, u32)>().unwrap();
        assert_eq!(answer, "done");
        assert!(signals >= 4, "only {signals} signals arrived");
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn b_os_children_that_are_discarded_leave_no_zombie() {
        set_child_policy(ChildPolicy::Discard).unwrap();
        let child = Process::spawn(|| exit(3));
        let error = child.join().unwrap_err();
        assert!(error.to_string().contains("wait failed"), "{error}");
        assert_eq!(state(child.pid().unwrap()), None);
        assert!(!child.is_alive());
        set_child_policy(ChildPolicy::Keep).unwrap();
        assert_eq!(Process::spawn(|| exit(3)).join().unwrap(), ExitStatus::Code(3));
    }

    #[test]
    fn b_os_an_orphan_has_another_parent() {
        adopt_orphans(true).unwrap();
        let (me, seen, go) = (std::process::id(), Shared::new(Value::new(0_u32)), Shared::new(Event::new()));
        let (copy, gate) = (seen.clone(), go.clone());
        let pid = double_fork(move || {
            // The process between has ended when double_fork returns.
            gate.wait();
            copy.set(parent_id());
            0
        })
        .unwrap();
        go.set();
        assert_eq!(wait(Which::Pid(pid)).unwrap().status, ExitStatus::Code(0));
        assert_eq!(seen.get(), me);
    }

    #[test]
    fn b_os_output_is_written_once_across_a_fork() {
        let (mut read, write) = std::io::pipe().unwrap();
        let outer = fork(move || {
            nix::unistd::dup2_stdout(&write).unwrap();
            drop(write);
            print!("once");
            let inner = fork(|| { print!(" more"); 0 }).unwrap();
            inner.wait(None).unwrap();
            std::io::stdout().flush().unwrap();
            0
        })
        .unwrap();
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), outer.wait(None).unwrap()), ("once more", Some(ExitStatus::Code(0))));
    }
}
