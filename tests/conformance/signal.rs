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
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
/// How soon an alarm rings.
const SOON: Duration = Duration::from_millis(5);

fn me() -> u32 {
    std::process::id()
}

/// A handler that notes what it was called for.
fn noting(seen: &Rc<RefCell<Vec<Signal>>>) -> impl Fn(Signal) + 'static {
    let seen = Rc::clone(seen);
    move |signal| seen.borrow_mut().push(signal)
}

fn nothing_seen() -> Rc<RefCell<Vec<Signal>>> {
    Rc::default()
}

fn once(next: Duration) -> Setting {
    Setting { next, interval: Duration::ZERO }
}

/// A pipe's or a socket's end that does not block.
fn non_blocking(fd: impl Into<OwnedFd>) -> OwnedFd {
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
    let begun = Instant::now();
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
    assert!(begun.elapsed() < LONG / 2);
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 120_000)]

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
    fn c_signal_06_setting_a_wake_up_descriptor_returns_the_one_before() {
        let pipes: Vec<_> = (0..2).map(|_| pipe().unwrap()).collect();
        let mut ends = pipes.iter().map(|(_, writer)| non_blocking(writer.try_clone().unwrap()));
        assert!(Signals::set_wakeup(ends.next()).unwrap().is_none());
        let first = Signals::set_wakeup(ends.next()).unwrap().expect("the first");
        assert_eq!(file(&first), file(&pipes[0].1));
        let second = Signals::set_wakeup(None).unwrap().expect("the second");
        assert_eq!(file(&second), file(&pipes[1].1));
        assert!(Signals::set_wakeup(None).unwrap().is_none());
    }

    #[test]
    fn c_signal_07_a_wake_up_descriptor_that_blocks_is_refused() {
        let (_reader, writer) = pipe().unwrap();
        let error = Signals::set_wakeup(Some(writer.into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("O_NONBLOCK"), "{error}");
    }

    #[test]
    fn c_signal_09_a_signal_before_or_during_a_wait_ends_it() {
        let (mut reader, writer) = pipe().unwrap();
        Signals::set_wakeup(Some(non_blocking(writer))).unwrap();
        let _handler = Signals::handle(SIGALRM, |_| ()).unwrap();
        let begun = Instant::now();
        // Before.
        Signals::raise(SIGALRM).unwrap();
        assert!(readable(&reader, LONG));
        reader.read_exact(&mut [0]).unwrap();
        assert!(!readable(&reader, Duration::ZERO));
        // During.
        Signals::set_timer(Clock::Real, once(SOON)).unwrap();
        assert!(readable(&reader, LONG));
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn c_signal_10_the_bytes_are_the_numbers_in_order() {
        let (mut reader, writer) = pipe().unwrap();
        Signals::set_wakeup(Some(non_blocking(writer))).unwrap();
        let _one = Signals::handle(SIGUSR1, |_| ()).unwrap();
        let _two = Signals::handle(SIGUSR2, |_| ()).unwrap();
        for signal in [SIGUSR1, SIGUSR2, SIGUSR1] {
            Signals::raise(signal).unwrap();
        }
        let mut bytes = [0; 3];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes.map(i32::from), [SIGUSR1 as i32, SIGUSR2 as i32, SIGUSR1 as i32]);
    }

    #[test]
    fn c_signal_12_a_socket_will_do_and_a_full_one_loses_bytes_and_waits_for_nobody() {
        let (mut near, far) = UnixStream::pair().unwrap();
        Signals::set_wakeup(Some(non_blocking(far))).unwrap();
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        Signals::raise(SIGUSR1).unwrap();
        let mut byte = [0];
        near.read_exact(&mut byte).unwrap();
        assert_eq!(i32::from(byte[0]), SIGUSR1 as i32);
        assert_eq!(Signals::lost_wakeups(), 0);
        let mut raised = 1;
        let mut lost = 0;
        while lost == 0 {
            Signals::raise(SIGUSR1).unwrap();
            raised += 1;
            lost = Signals::lost_wakeups();
        }
        assert_eq!(lost, 1);
        assert_eq!(seen.borrow().len(), raised);
        assert_eq!(Signals::lost_wakeups(), 0, "counted once");
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
        assert_eq!(Signals::alarm(0).unwrap(), 3600);
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
    fn c_signal_18_what_is_blocked_is_pending_until_it_is_unblocked() {
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        assert!(Signals::pending().unwrap().iter().next().is_none());
        Signals::block([SIGUSR1]).unwrap();
        Signals::raise(SIGUSR1).unwrap();
        assert_eq!(Signals::pending().unwrap().iter().collect::<Vec<_>>(), [SIGUSR1]);
        assert!(seen.borrow().is_empty());
        Signals::unblock([SIGUSR1]).unwrap();
        assert_eq!(*seen.borrow(), [SIGUSR1]);
        assert!(Signals::pending().unwrap().iter().next().is_none());
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
    fn c_signal_20_a_waiter_takes_a_blocked_signal_and_no_handler_runs() {
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGALRM, noting(&seen)).unwrap();
        Signals::block([SIGALRM]).unwrap();
        Signals::set_timer(Clock::Real, once(SOON)).unwrap();
        // Whichever thread of the process the alarm was meant for.
        assert_eq!(Signals::wait([SIGALRM]).unwrap(), SIGALRM);
        Signals::unblock([SIGALRM]).unwrap();
        assert!(seen.borrow().is_empty());
    }

    #[test]
    fn c_signal_21_a_wait_with_a_timeout_takes_polls_or_gives_up() {
        Signals::block([SIGUSR1]).unwrap();
        assert_eq!(Signals::wait_timeout([SIGUSR1], Duration::ZERO).unwrap(), None);
        Signals::raise(SIGUSR1).unwrap();
        assert_eq!(Signals::wait_timeout([SIGUSR1], LONG).unwrap(), Some(SIGUSR1));
        Signals::raise(SIGUSR1).unwrap();
        assert_eq!(Signals::wait_timeout([SIGUSR1], Duration::ZERO).unwrap(), Some(SIGUSR1));
        let begun = Instant::now();
        assert_eq!(Signals::wait_timeout([SIGUSR1], SOON).unwrap(), None);
        assert!(begun.elapsed() >= SOON);
        assert_eq!(Signals::wait([]).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn c_signal_24_masks_are_returned_and_delivery_is_at_the_unblocking() {
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        let before = Signals::block([]).unwrap();
        assert!(!before.contains(SIGUSR1));
        assert_eq!(Signals::block([SIGUSR1]).unwrap(), before);
        let blocked = Signals::block([SIGUSR2]).unwrap();
        assert!(blocked.contains(SIGUSR1) && !blocked.contains(SIGUSR2));
        Signals::raise(SIGUSR1).unwrap();
        let both = Signals::unblock([SIGUSR2]).unwrap();
        assert!(both.contains(SIGUSR1) && both.contains(SIGUSR2));
        assert!(seen.borrow().is_empty());
        let one = Signals::set_mask(before).unwrap();
        assert!(one.contains(SIGUSR1) && !one.contains(SIGUSR2));
        assert_eq!(*seen.borrow(), [SIGUSR1]);
        assert_eq!(Signals::block([]).unwrap(), before);
    }

    #[test]
    fn c_signal_26_signals_that_come_at_the_same_time_are_all_counted() {
        let seen = nothing_seen();
        let _one = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        let _two = Signals::handle(SIGALRM, noting(&seen)).unwrap();
        for round in 1..=300 {
            Signals::set_timer(Clock::Real, once(Duration::from_micros(1 + round % 7))).unwrap();
            Signals::send(me(), SIGUSR1).unwrap();
            while seen.borrow().len() < 2 * round as usize {
                Signals::handle_pending();
            }
        }
        let count = |wanted| seen.borrow().iter().filter(|&&signal| signal == wanted).count();
        assert_eq!((count(SIGUSR1), count(SIGALRM)), (300, 300));
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
fn file(fd: impl AsFd) -> u64 {
    nix::sys::stat::fstat(fd).unwrap().st_ino
}
