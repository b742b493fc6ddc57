//! The lock that its holder can take again: what `RLock` is relied on for.
//!
//! When a process dies here, that is a failure.

use super::lock::{
    a_free_one_is_taken_by_a_try, a_held_one_is_not, five_wait_for_one, foreign_threads_leave_nothing,
    given_back_however_the_body_ends, made_taken_and_dropped,
};
use rusty_fork::rusty_fork_test;
use selvedge::platform::Native;
use selvedge::raw::{Left, RawRobustMutex, Taken};
use selvedge::{LockError, Process, ReentrantMutex, Shared, exit};
use std::cell::Cell;
use std::thread::scope;

/// Whether another thread gets the lock at once.
fn is_free(lock: &ReentrantMutex<()>) -> bool {
    scope(|scope| scope.spawn(|| lock.try_lock().is_ok()).join().unwrap())
}

#[test]
fn c_rlock_01_its_holder_takes_it_n_times_and_gives_it_back_n_times() {
    let lock = ReentrantMutex::new(());
    let first = lock.lock().unwrap();
    let second = lock.try_lock().unwrap();
    assert_eq!((first.depth(), second.depth()), (2, 2));
    drop(first);
    let third = lock.lock_until(0).unwrap();
    drop(second);
    assert!(!is_free(&lock) && third.depth() == 1);
    drop(third);
    assert!(is_free(&lock));
}

/// A guard is dropped once, so the type cannot go below zero; the lock beneath refuses.
#[test]
fn c_rlock_02_giving_back_what_nobody_has_is_an_error() {
    let lock = RawRobustMutex::<Native>::new();
    assert!(lock.unlock(Left::Clean, ()).is_err());
    for _ in 0..2 {
        assert_eq!(lock.lock(()), Taken::Clean);
        lock.unlock(Left::Clean, ()).unwrap();
        assert!(lock.unlock(Left::Clean, ()).is_err());
    }
}

/// A guard is not `Send` (see the documentation of `ReentrantMutexGuard`), so no other
/// thread can drop it; the lock beneath refuses.
#[test]
fn c_rlock_03_giving_back_what_another_thread_has_is_an_error() {
    let lock = RawRobustMutex::<Native>::new();
    assert_eq!(lock.lock(()), Taken::Clean);
    scope(|scope| assert!(scope.spawn(|| lock.unlock(Left::Clean, ()).is_err()).join().unwrap()));
    assert_eq!(lock.try_lock(()), None, "it was given back all the same");
    lock.unlock(Left::Clean, ()).unwrap();
}

#[test]
fn c_rlock_06_it_is_owned_by_its_holder_only() {
    let lock = ReentrantMutex::new(());
    assert!(!lock.is_mine());
    let outer = lock.lock().unwrap();
    let inner = lock.lock().unwrap();
    assert!(lock.is_mine());
    scope(|scope| assert!(!scope.spawn(|| lock.is_mine()).join().unwrap()));
    drop(inner);
    assert!(lock.is_mine());
    drop(outer);
    assert!(!lock.is_mine());
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    // It counts the threads of its process.
    #[test]
    fn c_rlock_07_what_holds_for_every_lock_holds_for_this_one() {
        type Lock = ReentrantMutex<()>;
        made_taken_and_dropped::<Lock>();
        a_free_one_is_taken_by_a_try::<Lock>();
        a_held_one_is_not::<Lock>();
        five_wait_for_one::<Lock>();
        given_back_however_the_body_ends::<Lock>();
        foreign_threads_leave_nothing::<Lock>();
    }
}

#[test]
fn c_rlock_08_a_reentrant_lock_of_processes() {
    let lock = Shared::new(ReentrantMutex::new(Cell::new(0_u32)));
    let guards = [lock.lock().unwrap(), lock.lock().unwrap(), lock.lock().unwrap()];
    let copy = lock.clone();
    let refused =
        Process::spawn(move || exit(i32::from(!matches!(copy.try_lock(), Err(LockError::WouldBlock)))));
    assert!(refused.join().unwrap().success(), "another process took it");
    drop(guards);
    let copy = lock.clone();
    let taken = Process::spawn(move || copy.lock().unwrap().set(7));
    assert!(taken.join().unwrap().success());
    let guard = lock.lock().unwrap();
    assert_eq!((guard.get(), guard.depth()), (7, 1));
    // The fourth of three: see C-RLOCK-02.
    let raw = RawRobustMutex::<Native>::new();
    assert!(raw.unlock(Left::Clean, ()).is_err());
}
