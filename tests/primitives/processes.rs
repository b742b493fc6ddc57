//! The laws of `Process` itself: each end is told apart, whoever runs is alive, and
//! nothing is left behind.
//!
//! When a process dies here, a law is about it.

use crate::family::{Family, LONG, Outcome, asleep, child, ended, holds, is_caught, stopped, until};
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq};
use rusty_fork::rusty_fork_test;
use selvedge::{Array, Event, ExitStatus, Process, Shared, Signals, Value, exit, shareable, spawn};
use serial_test::file_serial;
use std::fs;
use std::time::Duration;

shareable! { struct Meeting { here: Value<u32>, all: Event, over: Event } }

/// How a child is to end.
#[derive(Clone, Copy, Debug)]
enum End {
    Return,
    Exit(i32),
    Panic,
    Raise(Signal),
    Terminate,
    Kill,
    Send(Signal),
}

/// Signals that end who does nothing about them. Not among them are those that a shell
/// tells its background jobs to ignore.
const DEADLY: [Signal; 6] =
    [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGABRT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM];

fn ends() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::Return),
        any::<i32>().prop_map(End::Exit),
        Just(End::Panic),
        prop::sample::select(&DEADLY[..]).prop_map(End::Raise),
        Just(End::Raise(Signal::SIGSEGV)),
        Just(End::Terminate),
        Just(End::Kill),
        prop::sample::select(&DEADLY[..]).prop_map(End::Send),
    ]
}

impl End {
    /// A child that ends this way, by itself or when it is asked to.
    fn start(self) -> Process {
        child(move || {
            match self {
                End::Return => {}
                End::Exit(code) => exit(code),
                End::Panic => std::panic::resume_unwind(Box::new("no message, no hook")),
                // Again and again: the Rust runtime handles the first SIGSEGV, finds no
                // reason for it, and leaves the next one to the kernel.
                End::Raise(signal) => loop {
                    let _ = raise(signal);
                },
                End::Terminate | End::Kill | End::Send(_) => loop {
                    selvedge::sleep(LONG);
                },
            }
        })
    }

    /// Asks a child for its end, if it does not end by itself.
    fn ask(self, child: &Process) -> Result<(), selvedge::Error> {
        match self {
            End::Terminate => child.terminate(),
            End::Kill => child.kill(),
            End::Send(signal) => child.signal(signal),
            _ => Ok(()),
        }
    }

    /// What its parent must learn.
    fn status(self) -> ExitStatus {
        match self {
            End::Return => ExitStatus::Code(0),
            End::Exit(code) => ExitStatus::Code(code & 0xFF),
            End::Panic => ExitStatus::Code(101),
            End::Terminate => ExitStatus::Signal(15),
            End::Kill => ExitStatus::Signal(9),
            End::Raise(signal) | End::Send(signal) => ExitStatus::Signal(signal as i32),
        }
    }
}

/// Each parent learns how each child ended, in whatever order it asks.
fn each_end_is_told_apart(ends: &[(End, End)], order: &[usize]) -> Outcome {
    let family = Family::of(ends.iter().map(|(end, _)| end.start()));
    for (child, (end, _)) in family.iter().zip(ends) {
        prop_assert!(end.ask(child).is_ok());
    }
    for &index in order {
        let (child, expected) = (&family[index], ends[index].1.status());
        prop_assert_eq!(child.join_timeout(LONG).unwrap(), Some(expected), "another end");
        prop_assert_eq!((child.exit_status(), child.is_alive()), (Some(expected), false));
        prop_assert_eq!(child.join().unwrap(), expected);
        prop_assert!(child.terminate().is_ok() && child.kill().is_ok());
    }
    Ok(())
}

/// A child is alive until it ends, also while it is stopped, and a join by a deadline
/// says so without waiting for the end.
fn who_runs_is_alive(asked: u64, stop: bool, broken: bool) -> Outcome {
    let go = Shared::new(Event::new());
    let copy = go.clone();
    let family = Family::of([child(move || if broken { true } else { copy.wait_timeout(LONG) })]);
    let child = &family[0];
    until("that it waits", || asleep(child) || !child.is_alive())?;
    if stop {
        prop_assert!(child.signal(Signal::SIGSTOP).is_ok());
        until("that it stops", || stopped(child) || !child.is_alive())?;
    }
    prop_assert!(child.is_alive() && child.exit_status().is_none(), "it should be alive");
    prop_assert_eq!(child.join_timeout(Duration::from_micros(asked)).unwrap(), None);
    go.set();
    if stop {
        // What was set while it was stopped, it finds when it goes on.
        prop_assert!(child.is_alive() && child.signal(Signal::SIGCONT).is_ok());
    }
    prop_assert_eq!(child.join_timeout(LONG).unwrap(), Some(ExitStatus::Code(0)));
    prop_assert!(!child.is_alive());
    Ok(())
}

/// Intended crashes leave no core file behind.
fn without_cores() {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).expect("a limit can be lowered");
}

/// Open descriptors, and mappings of shared memory, of this whole program.
fn belongings() -> (usize, usize) {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux has /proc");
    // The kernel backs shared memory without a name by a file that nobody else sees.
    let shared = maps.lines().filter(|line| line.ends_with("/dev/zero (deleted)")).count();
    (fs::read_dir("/proc/self/fd").expect("Linux has /proc").count(), shared)
}

/// Whether this program has any child, running or ended.
fn has_children() -> bool {
    waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) != Err(Errno::ECHILD)
}

/// So many children all run at the same time, and once they are joined or dropped, no
/// child, descriptor or mapping is left of them.
fn a_crowd_leaves_nothing(count: usize, joined: usize, forgetful: bool) -> Outcome {
    let before = belongings();
    let kept = {
        let meeting = Meeting { here: Value::new(0), all: Event::new(), over: Event::new() };
        let meeting = Shared::new(meeting);
        let cells: Array<u32> = Array::new(count);
        let (copy, own) = (meeting.clone(), cells.clone());
        let family = Family::start(count, move |index| {
            own.set(index, std::process::id());
            if copy.here.fetch_add(1) + 1 == count as u32 {
                copy.all.set();
            }
            copy.over.wait_timeout(LONG)
        });
        prop_assert!(meeting.all.wait_timeout(LONG), "not all were there at once");
        prop_assert!(family.iter().all(Process::is_alive) && has_children());
        let pids: Vec<_> = family.iter().filter_map(Process::pid).collect();
        prop_assert_eq!(cells.to_vec(), pids);
        let threads: Vec<_> = (0..4).map(|number| spawn(move || number)).collect();
        prop_assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<i32>(), 6);
        meeting.over.set();
        for child in &family[..joined] {
            prop_assert_eq!(child.join_timeout(LONG).unwrap(), Some(ExitStatus::Code(0)));
        }
        // Those who were not joined are taken away when they are dropped, having ended.
        until("that all end", || family[joined..].iter().all(ended))?;
        forgetful.then_some(family.disband())
    };
    prop_assert_eq!(belongings(), before, "something is left");
    prop_assert!(!has_children(), "a child is left");
    drop(kept);
    Ok(())
}

/// Enters the folder for files of tests, where the lock lies that `file_serial` takes:
/// one for each checkout. It stays there, because others may be waiting for it.
fn enter_target() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    fs::create_dir_all(folder).expect("a test may write below the target folder");
    std::env::set_current_dir(folder).expect("the folder was just created");
}

#[file_serial(path => "primitives.lock")]
fn crowds() {
    assert!(!has_children());
    // What the first start makes, once for all children, is not left over.
    child(|| ()).join().unwrap();
    holds(2, 0..=20_usize, |joined| a_crowd_leaves_nothing(20, joined, false));
}

#[file_serial(path => "primitives.lock")]
fn forgotten_crowds() {
    is_caught("something is left", || a_crowd_leaves_nothing(3, 3, true));
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn ends_are_told_apart() {
        let numbers = prop::collection::vec(ends(), 1..=8).prop_flat_map(|ends| {
            let order = Just((0..ends.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(ends.into_iter().map(|end| (end, end)).collect::<Vec<_>>()), order)
        });
        without_cores();
        holds(12, numbers, |(ends, order)| each_end_is_told_apart(&ends, &order));
    }

    #[test]
    fn a_child_has_the_handlers_that_last() {
        let sleeps = |meeting: &Shared<Meeting>| {
            let meeting = meeting.clone();
            move || child(move || _ = meeting.over.wait_timeout(LONG))
        };
        for lasts in [true, false] {
            let meeting = Shared::new(Meeting { here: Value::new(0), all: Event::new(), over: Event::new() });
            let own = meeting.clone();
            let lasting = lasts.then(|| {
                Signals::handle(Signal::SIGTERM, move |_| {
                    own.here.fetch_add(1);
                    own.over.set();
                })
            });
            let child = Signals::handling(Signal::SIGTERM, |_| meeting.over.set(), sleeps(&meeting)).unwrap();
            // At whatever point it is by now, also before it has begun.
            child.terminate().unwrap();
            let end = if lasts { ExitStatus::Code(0) } else { ExitStatus::Signal(Signal::SIGTERM as i32) };
            assert_eq!(child.join().unwrap(), end);
            assert_eq!((meeting.here.get(), meeting.over.is_set()), (u32::from(lasts), lasts));
            drop(lasting);
        }
    }

    #[test]
    fn one_end_is_not_another() {
        let wrong = [
            (End::Return, End::Exit(1)),
            (End::Exit(101), End::Kill),
            (End::Terminate, End::Kill),
            (End::Raise(Signal::SIGTERM), End::Exit(15)),
        ];
        for pair in wrong {
            is_caught("another end", || each_end_is_told_apart(&[pair], &[0]));
        }
    }

    #[test]
    fn whoever_runs_is_alive() {
        holds(8, (0..3_000_u64, any::<bool>()), |(asked, stop)| who_runs_is_alive(asked, stop, false));
    }

    #[test]
    fn whoever_ended_is_not_alive() {
        is_caught("it should be alive", || who_runs_is_alive(0, false, true));
    }

    #[test]
    fn twenty_at_once_leave_nothing() {
        enter_target();
        crowds();
    }

    #[test]
    fn what_is_kept_is_counted() {
        enter_target();
        forgotten_crowds();
    }
}
