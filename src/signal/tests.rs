//! Handlers of several threads and of forked children.

use super::{Action, Signal};
use crate::Signals;
use crate::sys::process::fork;
use rusty_fork::rusty_fork_test;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Barrier;
use std::thread;

const SIGNAL: Signal = Signal::SIGUSR1;

/// A handler that counts, and its count.
fn counter() -> (Rc<Cell<u32>>, impl Fn(Signal)) {
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    (count, move |_| counted.set(counted.get() + 1))
}

/// A signal that another thread is interrupted by has been handled by this one.
fn is_sent_on(count: &Cell<u32>) -> bool {
    Signals::block([SIGNAL]).unwrap();
    let before = count.get();
    // A new thread blocks what its maker does.
    let raise = || {
        Signals::unblock([SIGNAL]).unwrap();
        Signals::raise(SIGNAL).unwrap();
    };
    thread::spawn(raise).join().unwrap();
    Signals::unblock([SIGNAL]).unwrap();
    count.get() == before + 1
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn what_was_asked_for_can_be_set_again_by_whoever_asked() {
        let (count, handler) = counter();
        let _guard = Signals::handle(SIGNAL, handler).unwrap();
        let set_again = || {
            let foreign = Signals::get(SIGNAL).unwrap();
            assert!(matches!(foreign, Action::Foreign(_)));
            Signals::set(SIGNAL, Action::Ignore).unwrap();
            Signals::set(SIGNAL, foreign).unwrap();
        };
        thread::scope(|scope| scope.spawn(set_again).join().unwrap());
        Signals::raise(SIGNAL).unwrap();
        assert_eq!(count.get(), 1);
    }

    #[test]
    fn a_handler_of_another_thread_is_in_force_again_after_one_of_this() {
        let (outer, handler) = counter();
        let _guard = Signals::handle(SIGNAL, handler).unwrap();
        let turn = &Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                let (inner, handler) = counter();
                let guard = Signals::handle(SIGNAL, handler).unwrap();
                Signals::raise(SIGNAL).unwrap();
                assert_eq!(inner.get(), 1);
                drop(guard);
                turn.wait();
            });
            turn.wait();
        });
        assert_eq!(outer.get(), 0);
        Signals::raise(SIGNAL).unwrap();
        assert_eq!(outer.get(), 1);
        assert!(is_sent_on(&outer));
    }

    #[test]
    fn the_handler_of_a_thread_that_has_ended_does_nothing() {
        thread::spawn(|| Signals::handle(SIGNAL, |_| ()).unwrap().keep()).join().unwrap();
        Signals::raise(SIGNAL).unwrap();
        drop(Signals::handle(SIGNAL, |_| ()).unwrap());
        Signals::raise(SIGNAL).unwrap();
    }

    #[test]
    fn a_childs_other_threads_send_signals_on_to_the_childs_own_handler() {
        let (count, handler) = counter();
        Signals::handle(SIGNAL, handler).unwrap().keep();
        assert!(is_sent_on(&count));
        let child = fork(|| i32::from(!is_sent_on(&count))).unwrap();
        assert!(child.wait(None).unwrap().unwrap().success());
    }
}

#[test]
fn nobody_waits_for_what_nobody_can_hold_back() {
    for signals in [&[][..], &[Signal::SIGKILL], &[Signal::SIGKILL, Signal::SIGSTOP]] {
        let error = Signals::wait(signals.iter().copied()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}
