//! C-SIGNAL and C-LOCKSIG: signals, alarms, timers, masks; locks that signals interrupt.
//!
//! Each row runs in a process of its own, for what is done about signals belongs to the
//! process.

use rusty_fork::rusty_fork_test;
use selvedge::signal::Signal::{self, SIGALRM, SIGINT, SIGPROF, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM};
use selvedge::signal::{self, Action, Clock, Setting};
use selvedge::{ExitStatus, Mutex, Process, ReentrantMutex, Semaphore, Shared, Signals, Stream, exit};
use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(3600);
/// How soon an alarm rings.
const SOON: Duration = Duration::from_millis(5);

pub(super) fn me() -> u32 {
    std::process::id()
}

/// A handler that notes what it was called for.
pub(super) fn noting(seen: &Rc<RefCell<Vec<Signal>>>) -> impl Fn(Signal) + 'static {
    let seen = Rc::clone(seen);
    move |signal| seen.borrow_mut().push(signal)
}

pub(super) fn nothing_seen() -> Rc<RefCell<Vec<Signal>>> {
    Rc::default()
}

pub(super) fn once(next: Duration) -> Setting {
    Setting { next, interval: Duration::ZERO }
}

/// A pipe's or a socket's end that does not block.
pub(super) fn non_blocking(fd: impl Into<OwnedFd>) -> OwnedFd {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let fd = fd.into();
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    fd
}

fn readable(fd: impl AsFd, timeout: Duration) -> bool {
    let stream = Stream::new(fd);
    loop {
        match stream.wait_readable(Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.unwrap(),
        }
    }
}

/// An acquisition that a panicking handler ends, and what it leaves behind.
fn is_interrupted(acquire: impl Fn() -> bool) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let result = catch_unwind(AssertUnwindSafe(|| {
        Signals::handling(
            SIGALRM,
            |_| panic!("interrupted"),
            || {
                Signals::set_timer(Clock::Real, once(SOON)).unwrap();
                acquire()
            },
        )
    }));
    std::panic::set_hook(hook);
    let payload = result.expect_err("the handler's panic");
    assert_eq!(payload.downcast_ref(), Some(&"interrupted"));
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_locksig_01_two_signals_are_handled_once_each_in_the_thread_that_waits_for_a_lock() {
        let seen = nothing_seen();
        let here = std::thread::current().id();
        let handled = Shared::new(AtomicU32::new(0));
        let note = noting(&seen);
        let handler = {
            let handled = handled.clone();
            Rc::new(move |signal: Signal| {
                assert_eq!(std::thread::current().id(), here);
                note(signal);
                handled.fetch_add(1, SeqCst);
            })
        };
        let (one, two) = (Rc::clone(&handler), handler);
        let _one = Signals::handle(SIGUSR1, move |signal| one(signal)).unwrap();
        let _two = Signals::handle(SIGUSR2, move |signal| two(signal)).unwrap();
        let free = Shared::new(Semaphore::new(0));
        let helper = selvedge::spawn({
            let free = free.clone();
            move || {
                Signals::send(me(), SIGUSR1).unwrap();
                Signals::send(me(), SIGUSR2).unwrap();
                while handled.load(SeqCst) < 2 {
                    std::thread::yield_now();
                }
                free.release();
            }
        });
        // Only the handlers can bring the release about.
        free.acquire();
        helper.join().unwrap();
        let mut seen = seen.borrow().clone();
        seen.sort_unstable();
        assert_eq!(seen, [SIGUSR1, SIGUSR2]);
    }

    #[test]
    fn c_locksig_02_a_handler_that_panics_ends_a_blocked_acquisition() {
        let lock = Shared::new(Mutex::new(0));
        let again = Shared::new(ReentrantMutex::new(0));
        let (held, over) = (Shared::new(Semaphore::new(0)), Shared::new(Semaphore::new(0)));
        let holder = Process::spawn({
            let (lock, again, held, over) = (lock.clone(), again.clone(), held.clone(), over.clone());
            move || {
                let _locks = (lock.lock().unwrap(), again.lock().unwrap());
                held.release();
                over.acquire();
            }
        });
        held.acquire();
        is_interrupted(|| lock.try_lock_for(LONG).is_ok());
        is_interrupted(|| lock.lock().is_ok());
        is_interrupted(|| again.try_lock_for(LONG).is_ok());
        over.release();
        assert!(holder.join().unwrap().success());
        // Both can be had as if nothing had happened.
        *lock.lock().unwrap() += 1;
        assert!(again.lock().is_ok());
    }

    #[test]
    fn c_signal_01_a_number_that_is_no_signal_is_refused() {
        assert!(Signal::try_from(4242).is_err());
        let error = signal::parse("4242").unwrap_err();
        assert_eq!(error.to_string(), "4242 is no signal; their numbers go from 1 to 31");
        assert_eq!(Signals::handle(Signal::SIGKILL, |_| ()).unwrap_err().raw_os_error(), Some(22));
    }

    #[test]
    fn c_signal_02_what_was_done_before_is_returned_and_can_be_restored() {
        let seen = nothing_seen();
        let before = Signals::set(SIGTERM, Action::Handle(Rc::new(noting(&seen)))).unwrap();
        assert!(matches!(before, Action::Default));
        assert!(matches!(Signals::get(SIGTERM).unwrap(), Action::Handle(_)));
        let handler = Signals::set(SIGTERM, Action::Ignore).unwrap();
        Signals::raise(SIGTERM).unwrap();
        assert!(matches!(Signals::get(SIGTERM).unwrap(), Action::Ignore));
        assert!(matches!(Signals::set(SIGTERM, handler).unwrap(), Action::Ignore));
        Signals::raise(SIGTERM).unwrap();
        assert_eq!(*seen.borrow(), [SIGTERM]);
        assert!(matches!(Signals::set(SIGTERM, before).unwrap(), Action::Handle(_)));
        assert!(matches!(Signals::get(SIGTERM).unwrap(), Action::Default));
        assert_eq!(signal::describe(SIGINT), "Interrupt");
        assert_eq!(signal::describe(SIGTERM), "Terminated");
        let all: Vec<_> = signal::all().collect();
        assert!(all.contains(&SIGINT) && all.contains(&SIGALRM));
        assert!(all.iter().all(|&signal| signal as i32 > 0 && (signal as i32) < 65));
    }

    #[test]
    fn c_signal_03_a_childs_signal_reaches_the_parents_handler() {
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        let parent = me();
        let child = Process::spawn(move || Signals::send(parent, SIGUSR1).unwrap());
        while seen.borrow().is_empty() {
            Signals::pause().unwrap();
        }
        assert!(child.join().unwrap().success());
        assert_eq!(*seen.borrow(), [SIGUSR1]);
    }

    #[test]
    fn c_signal_04_a_process_that_dies_of_a_signal_says_so() {
        // A shell has what it runs in the background ignore it.
        Signals::set(SIGINT, Action::Default).unwrap();
        let child = Process::spawn(|| {
            let handling = Signals::handle(SIGINT, |_| ()).unwrap();
            Signals::raise(SIGINT).unwrap();
            drop(handling);
            Signals::raise(SIGINT).unwrap();
            exit(130);
        });
        assert_eq!(child.join().unwrap(), ExitStatus::Signal(SIGINT as i32));
    }

    #[test]
    fn c_signal_09_a_signal_before_or_during_a_wait_ends_it() {
        let (mut reader, writer) = pipe().unwrap();
        Signals::set_wakeup(Some(non_blocking(writer))).unwrap();
        let _handler = Signals::handle(SIGALRM, |_| ()).unwrap();
        // Before.
        Signals::raise(SIGALRM).unwrap();
        assert!(readable(&reader, LONG));
        reader.read_exact(&mut [0]).unwrap();
        assert!(!readable(&reader, Duration::ZERO));
        // During.
        Signals::set_timer(Clock::Real, once(SOON)).unwrap();
        assert!(readable(&reader, LONG));
    }

    #[test]
    fn c_signal_13_a_handler_that_panics_ends_a_blocking_read() {
        let (reader, _writer) = pipe().unwrap();
        let reader = Cell::new(Some(Stream::new(reader)));
        is_interrupted(|| {
            let mut stream = reader.take().unwrap();
            stream.read(&mut [0]).is_ok()
        });
        // One that returns lets the read go on.
        let (reader, writer) = pipe().unwrap();
        let seen = nothing_seen();
        let note = noting(&seen);
        let _handler = Signals::handle(SIGUSR1, move |signal| {
            note(signal);
            (&writer).write_all(b"x").unwrap();
        }).unwrap();
        let parent = me();
        let child = Process::spawn(move || Signals::send(parent, SIGUSR1).unwrap());
        assert_eq!(Stream::new(reader).read(&mut [0; 4]).unwrap(), 1);
        assert_eq!(*seen.borrow(), [SIGUSR1]);
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn c_signal_15_a_timer_of_real_time_rings_during_a_pause() {
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGALRM, noting(&seen)).unwrap();
        // What Python refuses at run time (a timer that is none) has no name here.
        Signals::set_timer(Clock::Real, once(SOON)).unwrap();
        while seen.borrow().is_empty() {
            Signals::pause().unwrap();
        }
        assert_eq!(*seen.borrow(), [SIGALRM]);
        assert_eq!(Signals::alarm(3600).unwrap(), 0);
        let left = Signals::alarm(0).unwrap();
        assert!((1..=3600).contains(&left), "{left}");
    }

    #[test]
    fn c_signal_16_timers_of_processor_time_ring_and_can_be_stopped() {
        for (clock, number) in [(Clock::Virtual, SIGVTALRM), (Clock::Prof, SIGPROF)] {
            let count = Rc::new(Cell::new(0));
            let counter = Rc::clone(&count);
            let _handler = Signals::handle(number, move |_| {
                counter.set(counter.get() + 1);
                if counter.get() == 3 {
                    Signals::set_timer(clock, Setting::default()).unwrap();
                }
            }).unwrap();
            Signals::set_timer(clock, Setting { next: SOON, interval: SOON }).unwrap();
            while count.get() < 3 {
                // Computes, and looks for signals.
                std::hint::black_box((0..1000_u64).sum::<u64>());
                Signals::handle_pending();
            }
            assert_eq!(Signals::timer(clock).unwrap(), Setting::default());
        }
    }

    #[test]
    fn c_signal_19_a_signal_to_the_own_thread_is_handled_before_the_call_returns() {
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        for count in 1..=100 {
            Signals::raise(SIGUSR1).unwrap();
            assert_eq!(seen.borrow().len(), count);
        }
    }

    #[test]
    fn c_signal_28_raise_runs_the_handler_synchronously() {
        let seen = nothing_seen();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _handler = Signals::handle(SIGINT, |_| std::panic::resume_unwind(Box::new("out"))).unwrap();
            let _ = Signals::raise(SIGINT);
            unreachable!("the handler's panic goes through");
        }));
        assert_eq!(result.unwrap_err().downcast_ref(), Some(&"out"));
        Signals::handling(SIGINT, |signal| seen.borrow_mut().push(signal), || {
            Signals::raise(SIGINT).unwrap();
            assert_eq!(*seen.borrow(), [SIGINT]);
        }).unwrap();
    }

    #[test]
    fn c_signal_29_a_pidfd_names_its_process_and_nothing_else_does() {
        let error = signal::send_by_pidfd(std::io::stdin(), SIGINT).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::EBADF));
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGINT, noting(&seen)).unwrap();
        let own = signal::pidfd(me()).unwrap();
        signal::send_by_pidfd(&own, SIGINT).unwrap();
        while seen.borrow().is_empty() {
            Signals::handle_pending();
        }
        assert_eq!(*seen.borrow(), [SIGINT]);
        // A process that has ended and was waited for is not met under its number.
        let child = Process::spawn(|| ());
        let fd = signal::pidfd(child.pid().unwrap()).unwrap();
        assert!(child.join().unwrap().success());
        let error = signal::send_by_pidfd(fd, SIGINT).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::ESRCH));
    }
}

/// The number of the file behind a descriptor.
pub(super) fn file(fd: impl AsFd) -> u64 {
    nix::sys::stat::fstat(fd).unwrap().st_ino
}
