//! The event: a set releases whoever waits, with what was done before it, and a pulse
//! releases whoever waited at that moment.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawEvent`] over [`Loom`] | yes |
//! | [`FlagOnly`] | no: a pulse wakes its waiters, and they sleep again |
//! | [`RelaxedSet`] | no: those released do not see what was done before |
//! | [`QuietSet`] | no: nobody is woken |
//!
//! When a process dies: not modelled; no instruction lies between setting and waking.

use super::{Lacking, Loom, asleep, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::RawEvent;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

type Word = <Loom as Platform>::Futex;

/// What the laws below ask of an event.
pub trait RawFlag: 'static {
    /// One that is not set.
    fn new() -> Self;
    /// Sets it.
    fn set(&self);
    /// Makes it unset.
    fn clear(&self);
    /// Waits for it.
    fn wait(&self);
}

impl<const WHAT: u8> RawFlag for RawEvent<Lacking<WHAT>> {
    fn new() -> Self {
        RawEvent::new()
    }
    fn set(&self) {
        RawEvent::set(self, ());
    }
    fn clear(&self) {
        RawEvent::clear(self, ());
    }
    fn wait(&self) {
        RawEvent::wait(self, ());
    }
}

fn sleep_while_unset(word: &Word) {
    while word.load(Acquire) == 0 {
        let op = || unreachable!("loom does not look at operations");
        Loom::futex_wait(word, 0, None, op, None::<fn() -> Op>);
    }
}

macro_rules! broken {
    ($($(#[$doc:meta])* $name:ident: $set:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Word);

        impl RawFlag for $name {
            fn new() -> Self {
                $name(Word::new(0))
            }
            fn set(&self) {
                $set(&self.0);
            }
            fn clear(&self) {
                self.0.store(0, Relaxed);
            }
            fn wait(&self) {
                sleep_while_unset(&self.0);
            }
        }
    )*};
}

broken! {
    /// Broken: a waiter waits for the flag alone, which a pulse has taken back.
    FlagOnly: |word: &Word| {
        word.store(1, Release);
        Loom::futex_wake(word, u32::MAX);
    };
    /// Broken: setting does not publish what was done before.
    RelaxedSet: |word: &Word| {
        word.store(1, Relaxed);
        Loom::futex_wake(word, u32::MAX);
    };
    /// Broken: setting wakes nobody.
    QuietSet: |word: &Word| word.store(1, Release);
}

/// Every waiter is released and sees what was done before the set. Returns the number of
/// executions.
pub fn a_set_releases<E: RawFlag>(waiters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let shared = Arc::new((E::new(), Cell::new(0_u32)));
        let tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.0.wait();
                    assert_eq!(shared.1.get(), 7, "what was done before the set");
                })
            })
            .collect();
        shared.1.set(7);
        shared.0.set();
        for task in tasks {
            task.join().expect("a waiter panicked");
        }
    })
}

/// Everybody who is asleep when a set and a clear come is released. Returns the number of
/// executions.
pub fn a_pulse_releases<E: RawFlag>(waiters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let event = Arc::new(E::new());
        let tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let event = Arc::clone(&event);
                thread::spawn(move || event.wait())
            })
            .collect();
        while asleep() < waiters {
            thread::yield_now();
        }
        event.set();
        event.clear();
        for task in tasks {
            task.join().expect("a waiter panicked");
        }
    })
}
