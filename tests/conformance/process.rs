//! Processes: what `multiprocessing.Process` is relied on for.
//!
//! When a process dies here, a test asked for it.

use nix::sys::signal::Signal;
use rusty_fork::rusty_fork_test;
use selvedge::process::cpu_count;
use selvedge::{
    Error, Event, ExitStatus, Process, Shared, Value, active_children, current_process, exit, shareable,
};
use std::io::Read;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// What only a defect makes anybody wait.
const LONG: Duration = Duration::from_secs(180);

shareable! { struct Gate { here: Event, go: Event } }

fn gate() -> Shared<Gate> {
    Shared::new(Gate { here: Event::new(), go: Event::new() })
}

/// A child that says that it runs and then waits to be let go.
fn waiting(gate: &Shared<Gate>) -> Process {
    let gate = gate.clone();
    Process::new(move || {
        gate.here.set();
        assert!(gate.go.wait_timeout(LONG));
    })
}

fn idle() {
    loop {
        selvedge::sleep(LONG);
    }
}

/// Whether a descriptor is readable now.
fn is_readable(fd: BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], PollTimeout::ZERO) == Ok(1)
}

/// Runs `body` in a process whose standard error is a file, and returns that.
fn stderr_of(body: impl FnOnce() + Send + 'static) -> (ExitStatus, String) {
    let (mut read, write) = std::io::pipe().unwrap();
    let child = Process::spawn(move || {
        // Whatever the test runner captures, it captures in its own process.
        nix::unistd::dup2_stderr(&write).unwrap();
        body();
    });
    let mut text = String::new();
    read.read_to_string(&mut text).unwrap();
    (child.join().unwrap(), text)
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_mpproc_01_the_current_process_knows_itself() {
        let me = current_process();
        assert_eq!((me.name(), me.pid(), me.is_daemon()), ("MainProcess", std::process::id(), false));
        assert_eq!(me.authkey().as_bytes().len(), 32);
        assert!(!format!("{me:?}").contains(&format!("{:?}", me.authkey().as_bytes())), "a secret is printed");
    }

    #[test]
    fn c_mpproc_02_a_process_before_while_and_after_it_runs() {
        let gate = gate();
        let seen = Shared::new(Value::new(0_u32));
        let (own, copy) = (seen.clone(), gate.clone());
        let key = current_process().authkey().clone();
        let mut child = Process::new(move || {
            let me = current_process();
            let right = me.name() == "named" && *me.authkey() == key && me.is_daemon();
            own.set(if right { me.pid() } else { 0 });
            copy.here.set();
            assert!(copy.go.wait_timeout(LONG));
        })
        .name("named")
        .daemon(true);
        assert_eq!(child.authkey(), current_process().authkey());
        assert!(!child.is_alive() && child.exit_status().is_none() && child.pid().is_none());
        assert!(active_children().is_empty());
        child.start().unwrap();
        assert!(gate.here.wait_timeout(LONG));
        assert!(child.is_alive() && child.exit_status().is_none() && child.is_daemon());
        assert_eq!(active_children().iter().map(Process::pid).collect::<Vec<_>>(), [child.pid()]);
        gate.go.set();
        assert!(child.join().unwrap().success());
        assert_eq!(child.exit_status(), Some(ExitStatus::Code(0)));
        assert!(!child.is_alive() && active_children().is_empty());
        assert_eq!(Some(seen.get()), child.pid());
    }

    #[test]
    fn c_mpproc_03_arguments_are_captured_whatever_holds_them() {
        let sum = Shared::new(Value::new(0_u32));
        let (one, two) = (sum.clone(), sum.clone());
        let (tuple, list) = ((1_u32, 2_u32), vec![1_u32, 2]);
        Process::spawn(move || one.fetch_add(tuple.0 + tuple.1)).join().unwrap();
        Process::spawn(move || two.fetch_add(list.iter().sum())).join().unwrap();
        assert_eq!(sum.get(), 6);
    }

    #[test]
    fn c_mpproc_04_a_process_is_a_daemon_if_its_creator_is_one() {
        assert!(!Process::new(|| ()).is_daemon());
        let child = Process::new(|| {
            let (inherits, differs) = (Process::new(|| ()), Process::new(|| ()).daemon(false));
            exit(i32::from(!inherits.is_daemon() || differs.is_daemon()));
        });
        let mut child = child.daemon(true);
        child.start().unwrap();
        assert_eq!(child.join().unwrap(), ExitStatus::Code(0));
        assert!(matches!(child.set_daemon(false), Err(Error::AlreadyStarted { .. })));
    }

    #[test]
    fn c_mpproc_04_a_daemon_may_have_no_children() {
        let mut child = Process::new(|| {
            let mut grandchild = Process::new(|| ()).daemon(false).name("grandchild");
            let error = grandchild.start().unwrap_err();
            assert!(matches!(&error, Error::DaemonWithChild { .. }));
            assert_eq!(error.to_string().split(';').next().unwrap(),
                "process d is a daemon and may have no children, so that grandchild cannot be started");
            // It was not started, and may be elsewhere: nothing of it is lost.
            assert!(matches!(grandchild.join(), Err(Error::NotStarted { .. })));
        })
        .name("d")
        .daemon(true);
        child.start().unwrap();
        assert_eq!(child.join().unwrap(), ExitStatus::Code(0));
    }

    #[test]
    fn c_mpproc_04_daemons_end_with_the_code_of_their_parent_and_others_are_waited_for() {
        let gate = gate();
        let (copy, done) = (gate.clone(), Shared::new(Value::new(0_u32)));
        let own = done.clone();
        let (mut alive, daemon_holds) = std::io::pipe().unwrap();
        let child = Process::spawn(move || {
            let mut daemon = Process::new(move || {
                let _open = daemon_holds;
                idle();
            })
            .daemon(true);
            daemon.start().unwrap();
            let mut worker = waiting(&copy);
            worker.start().unwrap();
            let mut second = Process::new(move || own.fetch_add(1));
            second.start().unwrap();
        });
        // The daemon alone holds the other end.
        assert_eq!(alive.read(&mut [0]).unwrap(), 0);
        assert!(gate.here.wait_timeout(LONG));
        assert_eq!(child.join_timeout(Duration::ZERO).unwrap(), None, "it waits for its other child");
        gate.go.set();
        assert!(child.join().unwrap().success());
        assert_eq!(done.get(), 1);
    }

    #[test]
    fn c_mpproc_04_the_main_process_ends_daemons_and_waits_too() {
        let gate = gate();
        let copy = gate.clone();
        let (mut alive, daemon_holds) = std::io::pipe().unwrap();
        // Ends as a main process does: by exit(3), out of the midst of its code.
        let child = Process::spawn(move || {
            let daemon = Process::new(move || {
                let _open = daemon_holds;
                idle();
            });
            daemon.daemon(true).start().unwrap();
            waiting(&copy).start().unwrap();
            std::process::exit(4);
        });
        assert_eq!(alive.read(&mut [0]).unwrap(), 0);
        assert!(gate.here.wait_timeout(LONG) && child.is_alive());
        gate.go.set();
        assert_eq!(child.join().unwrap(), ExitStatus::Code(4));
    }

    #[test]
    fn c_mpproc_05_a_child_knows_its_parent() {
        assert_eq!(current_process().parent(), None);
        let pid = std::process::id();
        let child = Process::spawn(move || {
            let parent = current_process().parent().unwrap();
            assert_eq!((parent.pid, parent.name.as_str()), (pid, "MainProcess"));
            let me = std::process::id();
            let mut grandchild = Process::new(move || {
                let parent = current_process().parent().unwrap();
                assert_eq!((parent.pid, parent.name.as_str()), (me, "Process-1"));
                assert_eq!(current_process().name(), "Process-1:1");
            });
            grandchild.start().unwrap();
            assert!(grandchild.join().unwrap().success());
        });
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn c_mpproc_07_terminate_and_kill() {
        for (signal, end) in [(Signal::SIGTERM, Process::terminate as fn(&Process) -> _), (Signal::SIGKILL, Process::kill)] {
            let child = Process::spawn(idle);
            assert_eq!(child.join_timeout(Duration::ZERO).unwrap(), None);
            assert!(child.is_alive() && active_children().len() == 1);
            end(&child).unwrap();
            assert_eq!(child.join().unwrap(), ExitStatus::Signal(signal as i32));
            assert_eq!(child.join_timeout(LONG).unwrap(), child.exit_status());
            assert!(!child.is_alive() && active_children().is_empty());
        }
    }

    #[test]
    fn c_mpproc_08_there_is_a_cpu() {
        assert!(cpu_count() >= 1);
    }

    #[test]
    fn c_mpproc_09_active_children_are_those_that_run() {
        let gate = gate();
        let (mut one, two, unborn) = (waiting(&gate), waiting(&gate), Process::new(|| ()));
        let mut two = two.name("two");
        one.start().unwrap();
        two.start().unwrap();
        let names = || active_children().iter().map(|child| child.get_name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(), ["Process-1", "two"]);
        // A dropped handle ends nobody.
        drop((two, unborn));
        assert_eq!(names(), ["Process-1", "two"]);
        gate.go.set();
        for child in active_children() {
            assert!(child.join().unwrap().success());
        }
        assert!(active_children().is_empty());
        assert!(one.exit_status().is_some());
        one.close().unwrap();
        assert!(matches!(one.join(), Err(Error::ProcessClosed { .. })));
    }

    #[test]
    fn c_mpproc_09_who_runs_cannot_be_closed_and_who_is_detached_is_no_child() {
        let gate = gate();
        let mut child = waiting(&gate);
        child.start().unwrap();
        assert!(matches!(child.close(), Err(Error::StillRunning { .. })));
        let pid = child.pid();
        child.detach().unwrap();
        assert!(active_children().is_empty() && pid.is_some());
        gate.go.set();
    }

    #[test]
    fn c_mpproc_11_a_sentinel_is_ready_when_the_process_has_ended() {
        let gate = gate();
        let mut child = waiting(&gate);
        assert!(matches!(child.sentinel(), Err(Error::NotStarted { .. })));
        child.start().unwrap();
        assert!(gate.here.wait_timeout(LONG));
        assert!(!is_readable(child.sentinel().unwrap()));
        gate.go.set();
        child.join().unwrap();
        assert!(is_readable(child.sentinel().unwrap()));
    }

    #[test]
    fn c_mpproc_13_many_processes() {
        let children: Vec<Process> = (0..100).map(|_| Process::spawn(|| ())).collect();
        assert!(children.iter().all(|child| child.join().unwrap().success()));
        let children: Vec<Process> = (0..100).map(|_| Process::spawn(idle)).collect();
        children.iter().for_each(|child| child.terminate().unwrap());
        assert!(children.iter().all(|child| child.join().unwrap() == ExitStatus::Signal(15)));
        assert!(active_children().is_empty());
    }

    #[test]
    fn c_mpproc_16_closed_outputs_change_no_exit_code() {
        for fd in [1, 2] {
            let child = Process::spawn(move || {
                // SAFETY: nobody else in this child knows of the descriptor's owner.
                drop(unsafe { OwnedFd::from_raw_fd(fd) });
                println!("lost");
                eprintln!("lost");
            });
            assert_eq!(child.join().unwrap(), ExitStatus::Code(0), "descriptor {fd}");
            // The same where the parent has none: it starts children all the same.
            let parent = Process::spawn(move || {
                // SAFETY: as above.
                drop(unsafe { OwnedFd::from_raw_fd(fd) });
                let child = Process::spawn(|| println!("lost"));
                exit(child.join().unwrap().code().unwrap_or(1));
            });
            assert_eq!(parent.join().unwrap(), ExitStatus::Code(0), "descriptor {fd}");
        }
    }

    #[test]
    fn c_mpproc_17_what_the_body_owns_is_released_in_the_parent() {
        let owned = Arc::new(());
        let (copy, gate) = (Arc::clone(&owned), gate());
        let go = gate.clone();
        let mut child = Process::new(move || {
            assert!(go.go.wait_timeout(LONG));
            drop(copy);
        });
        assert_eq!(Arc::strong_count(&owned), 2);
        child.start().unwrap();
        assert_eq!(Arc::strong_count(&owned), 1, "while the child still runs");
        gate.go.set();
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn c_mpproc_20_a_panic_is_reported_by_the_child_and_told_to_the_parent() {
        let (status, text) = stderr_of(|| panic!("the number is {}", 4));
        assert_eq!(status, ExitStatus::Code(101));
        assert!(text.contains("the number is 4") && text.contains("process.rs"), "{text}");
        let child = Process::spawn(|| std::panic::resume_unwind(Box::new("quietly".to_owned())));
        assert_eq!(child.join().unwrap(), ExitStatus::Code(101));
        assert_eq!(child.panic_message().as_deref(), Some("quietly"));
        let child = Process::spawn(|| exit(101));
        child.join().unwrap();
        assert_eq!(child.panic_message(), None, "it said nothing");
    }
}
