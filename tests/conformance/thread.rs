//! Threads: what Python's `threading.Thread`, timers and thread-local values are relied
//! on for.
//!
//! When a process dies here, a test asked for it.

use rusty_fork::rusty_fork_test;
use selvedge::platform::Native;
use selvedge::process::{allow_fork_with_threads, at_exit};
use selvedge::thread::{active_count, current, running};
use selvedge::{Error, Event, ExitStatus, Process, Shared, Thread, Timer, Value, exit, shareable};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

shareable! { struct Gate { here: Event, go: Event, count: Value<u32> } }

fn gate() -> Shared<Gate> {
    Shared::new(Gate { here: Event::new(), go: Event::new(), count: Value::new(0) })
}

/// A thread that says that it runs and then waits to be let go.
fn waiting(gate: &Shared<Gate>) -> Thread {
    let gate = gate.clone();
    Thread::new(move || {
        gate.here.set();
        assert!(gate.go.wait_timeout(LONG));
        gate.count.fetch_add(1);
    })
}

fn despite_threads(child: Process) -> Process {
    let mut child = child.despite_threads();
    child.start().unwrap();
    child
}

fn names() -> Vec<String> {
    running::<Native>().into_iter().map(|thread| thread.name).collect()
}

fn is_wrong<T: std::fmt::Debug>(result: Result<T, Error>, why: &str) -> bool {
    let error = result.unwrap_err();
    matches!(error, Error::Thread { .. }) && error.to_string().contains(why)
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_thread_01_threads_have_names() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let named = |thread: Thread| {
            let mut thread = thread;
            thread.start().unwrap();
            thread.join().unwrap();
        };
        let tell = || {
            let seen = Arc::clone(&seen);
            move || {
                let system = std::thread::current().name().map(str::to_owned);
                seen.lock().unwrap().push((current::<Native>().name, system.unwrap()));
            }
        };
        named(Thread::new(tell()));
        named(Thread::new(tell()));
        named(Thread::new(tell()).name("carol"));
        let pair = |name: &str| (name.to_owned(), name.to_owned());
        assert_eq!(*seen.lock().unwrap(), [pair("Thread-1"), pair("Thread-2"), pair("carol")]);
        assert_eq!(current::<Native>().name, "MainThread");
    }

    #[test]
    fn c_thread_02_arguments_are_captured_whatever_holds_them() {
        let (tell, told) = channel();
        let also = tell.clone();
        let (tuple, list) = ((1, 2), vec![1, 2]);
        for mut thread in [
            Thread::new(move || tell.send(tuple.0 + tuple.1).unwrap()),
            Thread::new(move || also.send(list.iter().sum()).unwrap()),
        ] {
            thread.start().unwrap();
            thread.join().unwrap();
        }
        assert_eq!(told.iter().collect::<Vec<i32>>(), [3, 3]);
    }

    #[test]
    fn c_thread_03_a_thread_is_a_daemon_if_it_is_said() {
        assert!(!Thread::new(|| ()).is_daemon());
        let mut daemon = Thread::new(|| exit(i32::from(!Thread::new(|| ()).is_daemon() || Thread::new(|| ()).daemon(false).is_daemon()))).daemon(true);
        assert!(daemon.is_daemon() && format!("{daemon:?}").contains("daemon: true"));
        let child = Process::spawn(move || {
            daemon.start().unwrap();
            assert!(is_wrong(daemon.set_daemon(false), "was already started"));
            daemon.join().unwrap();
        });
        assert_eq!(child.join().unwrap(), ExitStatus::Code(0), "its children are daemons too");
    }

    #[test]
    fn c_thread_04_a_thread_is_started_once() {
        let mut thread = Thread::new(|| ());
        thread.start().unwrap();
        assert!(is_wrong(thread.start(), "can be started once"));
        thread.join().unwrap();
        assert!(is_wrong(thread.start(), "can be started once"));
    }

    #[test]
    fn c_thread_05_no_thread_joins_itself_or_one_that_was_not_started() {
        assert!(is_wrong(Thread::new(|| ()).join(), "was not started; call start() first"));
        let (give, take) = channel::<Arc<Mutex<Option<Thread>>>>();
        let (tell, told) = channel();
        let mut thread = Thread::new(move || {
            let own = take.recv().unwrap().lock().unwrap().take().unwrap();
            tell.send(is_wrong(own.join(), "cannot join itself")).unwrap();
        });
        thread.start().unwrap();
        give.send(Arc::new(Mutex::new(Some(thread)))).unwrap();
        assert!(told.recv().unwrap());
    }

    #[test]
    fn c_thread_07_a_process_waits_for_its_threads() {
        for by_exit in [false, true] {
            let (gate, also) = (gate(), gate());
            let (copy, other) = (gate.clone(), also.clone());
            let child = Process::spawn(move || {
                waiting(&copy).start().unwrap();
                waiting(&other).daemon(true).start().unwrap();
                if by_exit {
                    std::process::exit(0);
                }
            });
            assert!(gate.here.wait_timeout(LONG));
            assert_eq!(child.join_timeout(Duration::from_millis(20)).unwrap(), None, "it waits");
            gate.go.set();
            // The daemon is not waited for.
            assert!(child.join().unwrap().success());
            assert_eq!((gate.count.get(), also.count.get()), (1, 0));
        }
    }

    #[test]
    fn c_thread_09_who_was_joined_is_on_no_list() {
        for _ in 0..99 {
            let mut thread = Thread::new(|| ()).name("short");
            thread.start().unwrap();
            thread.join().unwrap();
            assert_eq!(names(), ["MainThread"]);
        }
    }

    #[test]
    fn c_thread_10_a_thread_says_how_it_is_and_leaves_nothing() {
        let (gate, is) = (gate(), |thread: &Thread, state: &str| format!("{thread:?}").contains(&format!("state: {state:?}")));
        let mut thread = waiting(&gate);
        assert!(is(&thread, "initial"));
        thread.start().unwrap();
        assert!(is(&thread, "started") && names() == ["MainThread", "Thread-1"]);
        gate.go.set();
        thread.join().unwrap();
        assert!(is(&thread, "stopped"));
        // One that is not joined frees what it owns all the same.
        let owned = Arc::new(());
        let copy = Arc::clone(&owned);
        Thread::new(move || drop(copy)).start().unwrap();
        while names().len() > 1 || Arc::strong_count(&owned) > 1 {
            std::thread::yield_now();
        }
        // One that could not be started is as before.
        let mut failing = Thread::new(|| ()).name("nul\0byte");
        assert!(matches!(failing.start(), Err(Error::Os { .. })));
        assert!(names() == ["MainThread"] && is(&failing, "initial"));
        let mut failing = failing.name("now");
        failing.start().unwrap();
        failing.join().unwrap();
    }

    #[test]
    fn b_xt_27_a_fork_beside_threads_is_refused_unless_it_is_asked_for() {
        let gate = gate();
        let mut thread = waiting(&gate);
        thread.start().unwrap();
        let mut child = Process::new(|| ()).name("lonely");
        let error = child.start().unwrap_err();
        assert!(matches!(error, Error::ForkWithThreads { others: 1, .. }), "{error}");
        assert!(error.to_string().starts_with("process lonely would be forked beside 1 other thread, "), "{error}");
        let mut child = child.despite_threads();
        child.start().unwrap();
        assert!(child.join().unwrap().success());
        // Once and for all.
        allow_fork_with_threads(true);
        assert!(Process::spawn(|| ()).join().unwrap().success());
        allow_fork_with_threads(false);
        assert!(Process::new(|| ()).start().is_err());
        gate.go.set();
        thread.join().unwrap();
        assert!(Process::spawn(|| ()).join().unwrap().success(), "the thread has ended");
        // The main thread of a program knows of every other thread.
        let main = Process::spawn(|| {
            let (go, gate) = channel::<()>();
            let thread = std::thread::spawn(move || gate.recv());
            assert!(matches!(Process::new(|| ()).start(), Err(Error::ForkWithThreads { others: 1, .. })));
            drop(go);
            assert!(thread.join().unwrap().is_err());
            assert!(Process::spawn(|| ()).join().unwrap().success());
        });
        assert!(main.join().unwrap().success());
    }

    #[test]
    fn c_thread_11_a_thread_that_vanished_in_a_fork_is_not_alive() {
        for _ in 0..20 {
            let gate = gate();
            let thread = Arc::new(Mutex::new(waiting(&gate)));
            thread.lock().unwrap().start().unwrap();
            assert!(gate.here.wait_timeout(LONG));
            let copy = Arc::clone(&thread);
            let child = Process::new(move || {
                let thread = copy.lock().unwrap();
                exit(i32::from(thread.is_alive() || !matches!(thread.join(), Err(Error::Os { .. }))));
            });
            let child = despite_threads(child);
            assert_eq!(child.join().unwrap(), ExitStatus::Code(0));
            assert!(thread.lock().unwrap().is_alive());
            gate.go.set();
            thread.lock().unwrap().join().unwrap();
        }
    }

    #[test]
    fn c_thread_13_a_forked_child_waits_for_its_own_threads() {
        let gate = gate();
        let copy = gate.clone();
        let mut parents = waiting(&gate);
        let child = Process::spawn(move || {
            let grandchild = Process::spawn(move || waiting(&copy).start().unwrap());
            grandchild.join().unwrap();
        });
        assert!(gate.here.wait_timeout(LONG));
        assert!(child.is_alive());
        gate.go.set();
        assert!(child.join().unwrap().success());
        assert_eq!(gate.count.get(), 1);
        parents.start().unwrap();
        parents.join().unwrap();
    }

    #[test]
    fn c_thread_15_a_forked_child_has_one_thread() {
        let gate = gate();
        let mut threads: Vec<Thread> = (0..8).map(|_| waiting(&gate)).collect();
        threads.iter_mut().for_each(|thread| thread.start().unwrap());
        assert_eq!(active_count::<Native>(), 9);
        let child = despite_threads(Process::new(|| exit(active_count::<Native>() as i32)));
        assert_eq!(child.join().unwrap(), ExitStatus::Code(1));
        gate.go.set();
        threads.iter().for_each(|thread| drop(thread.join()));
        assert_eq!((active_count::<Native>(), gate.count.get()), (1, 8));
    }

    #[test]
    fn c_thread_16_threads_fork() {
        let mut threads: Vec<(Thread, Arc<AtomicU32>)> = (0..16)
            .map(|_| {
                let code = Arc::new(AtomicU32::new(0));
                let seen = Arc::clone(&code);
                let fork = move || {
                    let child = despite_threads(Process::new(|| exit(50)));
                    seen.store(child.join().unwrap().code().unwrap() as u32, SeqCst);
                };
                (Thread::new(fork), code)
            })
            .collect();
        threads.iter_mut().for_each(|(thread, _)| thread.start().unwrap());
        for (thread, code) in &threads {
            assert!(thread.join().unwrap().success());
            assert_eq!(code.load(SeqCst), 50);
        }
    }

    #[test]
    fn c_thread_17_a_panic_is_reported_once_with_the_threads_name() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reports = Arc::clone(&seen);
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current().name().unwrap_or("none").to_owned();
            reports.lock().unwrap().push((thread, panic.payload_as_str().unwrap().to_owned()));
        }));
        let mut thread = Thread::new(|| panic!("lost my way")).name("walker");
        thread.start().unwrap();
        assert_eq!(thread.join().unwrap(), ExitStatus::Code(101));
        assert_eq!(thread.panic_message().as_deref(), Some("lost my way"));
        // Who only leaves says nothing.
        let mut quiet = Thread::new(|| std::panic::resume_unwind(Box::new(())));
        quiet.start().unwrap();
        quiet.join().unwrap();
        drop(std::panic::take_hook());
        assert_eq!(*seen.lock().unwrap(), [("walker".to_owned(), "lost my way".to_owned())]);
    }

    #[test]
    fn c_thread_19_a_timer_fires_once_or_never() {
        let (tell, told) = channel();
        for number in 0..2 {
            // What each was given is its own.
            let (mut list, tell) = (Vec::new(), tell.clone());
            let mut timer = Timer::new(Duration::from_millis(1), move || {
                list.push(number);
                tell.send(list).unwrap();
            });
            timer.start().unwrap();
            timer.join().unwrap();
            timer.cancel();
            assert!(!timer.is_alive());
            assert!(timer.start().is_err());
        }
        let mut never = Timer::new(LONG * 100, move || tell.send(vec![9]).unwrap());
        never.start().unwrap();
        assert!(never.is_alive());
        never.cancel();
        assert!(never.join().unwrap().success());
        assert_eq!(told.iter().collect::<Vec<_>>(), [[0], [1]]);
    }

    #[test]
    fn c_thread_20_callbacks_at_the_end_run_once_before_anybody_is_waited_for() {
        let gate = gate();
        let (copy, first, last) = (gate.clone(), gate.clone(), gate.clone());
        let child = Process::spawn(move || {
            waiting(&copy).start().unwrap();
            let late = copy.clone();
            Thread::new(move || {
                assert!(late.go.wait_timeout(LONG));
                // The last callback is being called; once it has returned, and what comes here
                // before that, it is too late for another.
                while at_exit::<Native>(|| ()).is_ok() {
                    std::thread::yield_now();
                }
                assert!(matches!(at_exit::<Native>(|| ()), Err(Error::TooLate)));
                late.count.fetch_add(100);
            })
            .start()
            .unwrap();
            at_exit::<Native>(move || {
                assert_eq!(first.count.fetch_add(10), 20, "last in, first out");
                // The thread above is still there, and is waited for only now.
                first.go.set();
            })
            .unwrap();
            at_exit::<Native>(move || assert_eq!(last.count.fetch_add(20), 0)).unwrap();
        });
        assert!(child.join().unwrap().success());
        assert_eq!(gate.count.get(), 131);
    }

    #[test]
    fn c_thread_21_thread_local_values_are_each_threads_own() {
        thread_local! { static OWN: (Cell<u32>, Dropped) = const { (Cell::new(7), Dropped) }; }
        static DROPPED: AtomicU32 = AtomicU32::new(0);
        struct Dropped;
        impl Drop for Dropped {
            fn drop(&mut self) {
                DROPPED.fetch_add(1, SeqCst);
            }
        }
        OWN.with(|(own, _)| own.set(1));
        for number in 0..5 {
            let mut thread = Thread::new(move || OWN.with(|(own, _)| assert_eq!(own.replace(number), 7)));
            thread.start().unwrap();
            assert!(thread.join().unwrap().success());
            assert_eq!(DROPPED.load(SeqCst), number + 1);
        }
        OWN.with(|(own, _)| assert_eq!(own.get(), 1));
    }
}
