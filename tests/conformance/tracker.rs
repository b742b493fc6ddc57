//! What a crashed program leaves behind, and who removes it.
//!
//! When a process dies here, the test killed it.

use crate::shared_memory::name;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use rusty_fork::rusty_fork_test;
use selvedge::platform::Native;
use selvedge::process::{StartMethod, at_exit};
use selvedge::shm::{Swept, sweep};
use selvedge::sys::process::exit_now;
use selvedge::{Error, Event, Named, Process, Shared, SharedMemory, Thread, Value, entry, shareable};
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

shareable! { struct Counts { taken: Value<u32>, run: Value<u32>, refused: Value<u32> } }

/// Starts a program of its own that does `body`. Nothing of ours may have been used before: a
/// fork that this crate knows of makes no program.
fn program(body: impl FnOnce() -> bool) -> Pid {
    // SAFETY: this test has one thread but for that of the test runner, which waits.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let outcome = catch_unwind(AssertUnwindSafe(body));
            exit_now(outcome.map_or(101, i32::from));
        }
        ForkResult::Parent { child } => child,
    }
}

/// Does `body` in a program of its own, which is killed when that, and then `meanwhile` here, is
/// done.
fn crashed<T>(body: impl FnOnce(), meanwhile: impl FnOnce() -> T) -> T {
    let (mut read, mut write) = std::io::pipe().unwrap();
    let child = program(|| {
        body();
        write.write_all(&[1]).unwrap();
        loop {
            std::thread::park();
        }
    });
    drop(write);
    read.read_exact(&mut [0]).unwrap();
    let result = meanwhile();
    kill(child, Signal::SIGKILL).unwrap();
    assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Signaled(child, Signal::SIGKILL, false));
    result
}

/// Whether this program's sweep, and not another one's, removed what a killed program had.
fn removes_what_a_killed_program_had() -> bool {
    let [one, two, kept, gone, open] = ["one", "two", "kept", "gone", "open"].map(name);
    let make = || {
        for name in [&one, &gone, &open] {
            SharedMemory::create(name, 10).unwrap();
        }
        SharedMemory::create(&kept, 10).unwrap().keep();
        std::mem::forget(Named::create(&two, 5_u32).unwrap());
    };
    // One is removed already, and one somebody has open.
    let held = crashed(make, || {
        SharedMemory::remove(&gone).unwrap();
        SharedMemory::open(&open).unwrap()
    });
    let all = [&one, &two, &kept, &gone, &open];
    let told = |swept: &Swept| -> Vec<String> {
        swept.removed.iter().filter(|name| all.contains(name)).cloned().collect()
    };
    let first = sweep().unwrap();
    let leaked = [one.clone(), two.clone()];
    assert!(told(&first).iter().all(|name| leaked.contains(name)), "{first}");
    for name in [&one, &two, &gone] {
        assert!(matches!(SharedMemory::remove(name), Err(Error::NoSegment { .. })));
    }
    drop(held);
    let second = sweep().unwrap();
    assert!(matches!(SharedMemory::remove(&open), Err(Error::NoSegment { .. })));
    SharedMemory::remove(&kept).unwrap();
    let text = "leaked segments were removed: ";
    told(&first) == leaked && first.to_string().contains(text) && told(&second) == [open.clone()]
}

entry! {
    static MAKE(name: String) {
        SharedMemory::create(&name, 1).unwrap();
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_rtrack_01_what_a_killed_program_had_is_removed_and_told() {
        // Any other program may sweep first, and then it is that one that is told.
        let told = || {
            let child = program(removes_what_a_killed_program_had);
            match waitpid(child, None).unwrap() {
                WaitStatus::Exited(_, told @ 0..=1) => told == 1,
                other => panic!("{other:?}"),
            }
        };
        while !told() {}
    }

    #[test]
    fn c_rtrack_01_a_program_removes_what_the_last_one_left_before_it_makes_its_own() {
        let [old, new] = ["old", "new"].map(name);
        crashed(|| drop(SharedMemory::create(&old, 10).unwrap()), || ());
        let new = SharedMemory::create(&new, 10).unwrap();
        assert!(matches!(SharedMemory::open(&old), Err(Error::NoSegment { .. })));
        new.unlink().unwrap();
    }

    #[test]
    fn c_rtrack_03_what_a_child_made_is_its_program_s() {
        let name = name("child");
        let child = Process::spawn({
            let name = name.clone();
            move || drop(SharedMemory::create(&name, 1).unwrap())
        });
        assert!(child.join().unwrap().success());
        // The child is dead and nobody has it open, but the program lives.
        assert!(!sweep().unwrap().removed.contains(&name));
        SharedMemory::open(&name).unwrap().unlink().unwrap();
    }

    #[test]
    fn c_rtrack_05_what_an_executed_child_made_is_not_leaked() {
        for method in [StartMethod::Spawn, StartMethod::ForkServer] {
            let name = name("executed");
            let mut child = Process::entry(&MAKE, name.clone()).method(method);
            child.start().unwrap();
            assert!(child.join().unwrap().success());
            assert!(!sweep().unwrap().removed.contains(&name));
            SharedMemory::remove(&name).unwrap();
        }
    }

    #[test]
    fn c_rtrack_07_what_is_registered_while_the_end_runs_is_run_or_refused() {
        const MOST: u32 = 20_000;
        let counts = Shared::new(Counts { taken: Value::new(0), run: Value::new(0), refused: Value::new(0) });
        let busy = Shared::new(Event::new());
        let child = Process::spawn({
            let (counts, busy) = (counts.clone(), busy.clone());
            move || {
                for _ in 0..2 {
                    let (counts, busy) = (counts.clone(), busy.clone());
                    let register = move || {
                        for _ in 0..MOST {
                            let run = counts.clone();
                            let at_the_end = move || {
                                run.run.fetch_add(1);
                            };
                            match at_exit::<Native>(at_the_end) {
                                Ok(()) => counts.taken.fetch_add(1),
                                Err(Error::TooLate) => {
                                    counts.refused.fetch_add(1);
                                    return;
                                }
                                Err(other) => panic!("{other}"),
                            };
                            busy.set();
                        }
                    };
                    Thread::new(register).start().unwrap();
                }
                // The end comes while both are at it, or have just been.
                busy.wait();
            }
        });
        assert!(child.join().unwrap().success());
        let (taken, run, refused) = (counts.taken.get(), counts.run.get(), counts.refused.get());
        assert!(taken == run && taken > 0, "{taken} were registered, {run} were run");
        assert!(refused == 2 || taken >= MOST, "{refused} threads were refused, {taken} registered");
    }

    #[test]
    fn c_rtrack_07_sweeps_beside_segments_that_come_and_go_do_no_harm() {
        let (stop, own) = (AtomicBool::new(false), name(""));
        std::thread::scope(|scope| {
            let makers = [0, 1].map(|number| {
                scope.spawn(move || {
                    for round in 0..500 {
                        let name = name(&format!("fleeting-{number}-{round}"));
                        let segment = SharedMemory::create(&name, 10).unwrap();
                        SharedMemory::open(&name).unwrap();
                        segment.unlink().unwrap();
                    }
                })
            });
            let (stop, own) = (&stop, &own);
            let sweeper = scope.spawn(move || {
                while !stop.load(Relaxed) {
                    let swept = sweep().unwrap();
                    assert!(!swept.removed.iter().any(|name| name.starts_with("fleeting") && name.ends_with(own)), "{swept}");
                }
            });
            for maker in makers {
                maker.join().unwrap();
            }
            stop.store(true, Relaxed);
            sweeper.join().unwrap();
        });
    }
}
