//! Semaphores: what Python's `Semaphore` and `BoundedSemaphore` are relied on for, between
//! threads and between processes.
//!
//! When a process dies here, that is a failure.

use selvedge::{BoundedSemaphore, Error, Process, RobustSemaphore, Semaphore, Shared, exit};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::{self, scope};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);
const SHORT: Duration = Duration::from_millis(1);

/// Looks until `condition` holds.
fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// A negative number is no `u32`, which the documentation of `Semaphore` shows. Numbers
/// that are out of range are refused here.
#[test]
fn c_sem_01_a_number_of_permits_out_of_range_is_an_error() {
    assert!(u32::try_from(-1).is_err());
    for make in [|permits| drop(Semaphore::new(permits)), |permits| drop(BoundedSemaphore::new(permits))] {
        let refused = catch_unwind(|| make(u32::MAX)).unwrap_err();
        let message = refused.downcast_ref::<String>().unwrap();
        assert!(message.contains("is 4294967295, but must be at most 2147483647"), "{message}");
        make(0);
    }
    for permits in [0, RobustSemaphore::MAX + 1] {
        let error = RobustSemaphore::new(permits).unwrap_err();
        assert!(
            matches!(&error, Error::InvalidArgument { .. }) && error.to_string().contains("from 1 to 64")
        );
    }
}

#[test]
fn c_sem_02_without_a_number_there_is_one_permit() {
    let semaphore = Semaphore::default();
    semaphore.acquire();
    scope(|scope| {
        let second = scope.spawn(|| semaphore.acquire());
        assert!(!semaphore.acquire_timeout(SHORT) && !second.is_finished());
        semaphore.release();
    });
    assert_eq!((semaphore.value(), BoundedSemaphore::default().limit()), (0, 1));
}

#[test]
fn c_sem_03_permits_are_taken_and_given_back_also_by_a_guard_and_after_an_error() {
    for permits in [1, 2] {
        let semaphore = Semaphore::new(permits);
        (0..permits).for_each(|_| semaphore.acquire());
        (0..permits).for_each(|_| semaphore.release());
        assert_eq!(semaphore.value(), permits);
        // Dropped while somebody has a permit.
        semaphore.acquire();
    }
    let (plain, bounded) = (Semaphore::new(1), BoundedSemaphore::new(1));
    let robust = RobustSemaphore::new(1).unwrap();
    let early = || -> Result<(), ()> {
        let _all = (plain.access(), bounded.access(), robust.acquire());
        Err(())
    };
    assert!(early().is_err());
    let panics = || {
        let _all = (plain.access(), bounded.access(), robust.acquire());
        resume_unwind(Box::new("quiet"))
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!((plain.value(), bounded.value(), robust.value()), (1, 1, 1));
}

#[test]
fn c_sem_04_a_try_takes_what_is_free() {
    let semaphore = Semaphore::new(2);
    assert_eq!([(); 3].map(|()| semaphore.try_acquire()), [true, true, false]);
    semaphore.release();
    assert!(semaphore.try_acquire());
    let robust = RobustSemaphore::new(2).unwrap();
    let mut taken = [(); 3].map(|()| robust.try_acquire());
    assert!(taken[0].is_some() && taken[1].is_some() && taken[2].is_none());
    taken[0] = None;
    assert!(robust.try_acquire().is_some());
}

#[test]
fn c_sem_05_tries_of_many_threads_take_exactly_what_is_free() {
    let (semaphore, robust) = (Semaphore::new(4), RobustSemaphore::new(4).unwrap());
    semaphore.acquire();
    let _one = robust.acquire();
    let tried = AtomicU32::new(0);
    let plain = || [(); 2].map(|()| semaphore.try_acquire()).into_iter().filter(|taken| *taken).count();
    let robust = || {
        let permits = [(); 2].map(|()| robust.try_acquire());
        // Kept until all have tried.
        tried.fetch_add(1, SeqCst);
        until(|| tried.load(SeqCst) == 5);
        permits.iter().flatten().count()
    };
    let sum = |way: &(dyn Fn() -> usize + Sync)| {
        scope(|scope| {
            let threads: Vec<_> = (0..5).map(|_| scope.spawn(way)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        })
    };
    assert_eq!((sum(&plain), sum(&robust)), (3, 3));
}

#[test]
fn c_sem_06_releases_let_exactly_so_many_in() {
    let (semaphore, passed) = (Semaphore::new(7), AtomicU32::new(0));
    semaphore.acquire();
    scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..2 {
                    semaphore.acquire();
                    passed.fetch_add(1, SeqCst);
                }
            });
        }
        for (released, sum) in [(0, 6), (7, 13), (6, 19)] {
            semaphore.release_n(released).unwrap();
            until(|| passed.load(SeqCst) == sum);
            assert_eq!(semaphore.value(), 0);
        }
        assert!(!semaphore.try_acquire());
        semaphore.release();
    });
    assert_eq!((passed.load(SeqCst), semaphore.value()), (20, 0));
}

#[test]
fn c_sem_09_an_unbounded_one_grows_by_releases() {
    let semaphore = Semaphore::new(1);
    semaphore.release();
    semaphore.acquire();
    semaphore.release_n(2).unwrap();
    assert_eq!(semaphore.value(), 3);
}

#[test]
fn c_sem_10_a_bounded_one_refuses_a_release_too_many() {
    let semaphore = BoundedSemaphore::new(2);
    for _ in 0..2 {
        let error = semaphore.release().unwrap_err();
        assert!(matches!(&error, Error::InvalidArgument { .. }), "{error}");
        assert!(error.to_string().contains("all 2 permits are free already"), "{error}");
        semaphore.acquire();
        assert!(semaphore.release_n(2).unwrap_err().to_string().contains("at most 1, because 1 of 2"));
        semaphore.release().unwrap();
    }
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn c_sem_12_the_debug_text_shows_value_and_limit() {
    let (plain, bounded) = (Semaphore::new(3), BoundedSemaphore::new(3));
    bounded.acquire();
    assert_eq!(format!("{plain:?}"), "Semaphore { value: 3 }");
    assert_eq!(format!("{bounded:?}"), "BoundedSemaphore { value: 2, limit: 3 }");
    let robust = RobustSemaphore::new(3).unwrap();
    let _permit = robust.acquire();
    assert_eq!(format!("{robust:?}"), "RobustSemaphore { value: 2, permits: 3 }");
}

#[test]
fn c_sem_13_ten_tasks_run_three_at_a_time() {
    // Bytes of stack: what it is, small, large.
    for stack in [None, Some(256 * 1024), Some(1024 * 1024)] {
        let (seats, running, most) = (BoundedSemaphore::new(3), AtomicU32::new(0), AtomicU32::new(0));
        let ids = Mutex::new((BTreeSet::new(), BTreeSet::new()));
        let task = || {
            let _seat = seats.access_timeout(LONG).unwrap();
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            let (own, native) = (format!("{:?}", thread::current().id()), nix::unistd::gettid());
            let mut ids = ids.lock().unwrap();
            assert!(ids.0.insert(own) && ids.1.insert(native), "two tasks with one number");
            drop(ids);
            thread::yield_now();
            running.fetch_sub(1, SeqCst);
        };
        scope(|scope| {
            let builder = || stack.into_iter().fold(thread::Builder::new(), thread::Builder::stack_size);
            let tasks: Vec<_> = (0..10).map(|_| builder().spawn_scoped(scope, task).unwrap()).collect();
            tasks.into_iter().for_each(|task| task.join().unwrap());
        });
        assert!((1..=3).contains(&most.load(SeqCst)), "{most:?} were inside");
        assert_eq!((running.load(SeqCst), seats.value(), ids.lock().unwrap().0.len()), (0, 3, 10));
    }
}

#[test]
fn c_sem_14_the_value_between_processes() {
    let (plain, bounded) = (Shared::new(Semaphore::new(2)), Shared::new(BoundedSemaphore::new(2)));
    let (one, two) = (plain.clone(), bounded.clone());
    // In a child, and seen here as it goes.
    let child = Process::spawn(move || {
        let mut right = one.value() == 2 && two.value() == 2;
        for left in [1, 0] {
            one.acquire();
            two.acquire();
            right &= one.value() == left && two.value() == left;
        }
        right &= !one.try_acquire() && !two.try_acquire();
        exit(i32::from(!right));
    });
    assert!(child.join().unwrap().success());
    assert_eq!((plain.value(), bounded.value()), (0, 0));
    for value in [1, 2] {
        plain.release();
        bounded.release().unwrap();
        assert_eq!((plain.value(), bounded.value()), (value, value));
    }
    for value in [3, 4] {
        plain.release();
        assert!(bounded.release().is_err());
        assert_eq!((plain.value(), bounded.value()), (value, 2));
    }
}
