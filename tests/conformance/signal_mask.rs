//! Signals that are blocked, pending, and waited for.
//!
//! When a process dies here, nothing is expected of it.

use super::signal::{me, nothing_seen, noting, once};
use rusty_fork::rusty_fork_test;
use selvedge::Signals;
use selvedge::signal::Clock;
use selvedge::signal::Signal::{SIGALRM, SIGUSR1, SIGUSR2};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
const SOON: Duration = Duration::from_millis(5);

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

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
}
