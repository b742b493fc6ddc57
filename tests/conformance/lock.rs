//! The lock: what `threading.Lock` and `multiprocessing.Lock` are relied on for.
//!
//! What Python's tests ask of every kind of lock is asked here of each kind of ours.
//!
//! When a process dies here, that is a failure.

use rusty_fork::rusty_fork_test;
use selvedge::platform::Native;
use selvedge::raw::{Left, RawMutex, RawRobustMutex};
use selvedge::{BoundedSemaphore, Event, Mutex, Process, ReentrantMutex, RobustMutex, RwLock, Shared, exit};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::scope;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);
const SHORT: Duration = Duration::from_millis(1);

/// What the rows about every lock need of one.
pub(crate) trait AnyLock: Debug + Sync + Sized {
    fn new() -> Self;
    /// Runs `inside` with the lock; after a panic of an earlier holder too.
    fn with<R>(&self, inside: impl FnOnce() -> R) -> R;
    /// Runs `inside` with the lock if that is free.
    fn try_with<R>(&self, inside: impl FnOnce() -> R) -> Option<R>;
    /// The same, but waits a little.
    fn try_with_for<R>(&self, timeout: Duration, inside: impl FnOnce() -> R) -> Option<R>;
}

impl AnyLock for Mutex<()> {
    fn new() -> Self {
        Mutex::new(())
    }
    fn with<R>(&self, inside: impl FnOnce() -> R) -> R {
        let _guard = self.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        inside()
    }
    fn try_with<R>(&self, inside: impl FnOnce() -> R) -> Option<R> {
        self.try_lock().ok().map(|_guard| inside())
    }
    fn try_with_for<R>(&self, timeout: Duration, inside: impl FnOnce() -> R) -> Option<R> {
        self.try_lock_for(timeout).ok().map(|_guard| inside())
    }
}

macro_rules! robust {
    ($($lock:ident: $take:ident, $try:ident, $for:ident;)*) => {$(
        impl AnyLock for $lock<()> {
            fn new() -> Self {
                $lock::new(())
            }
            fn with<R>(&self, inside: impl FnOnce() -> R) -> R {
                #[allow(unused_mut, reason = "some are repaired by a shared guard")]
                let _guard = self.$take().unwrap_or_else(|error| {
                    let mut guard = error.into_guard().expect("it is repaired each time");
                    guard.mark_consistent();
                    guard
                });
                inside()
            }
            fn try_with<R>(&self, inside: impl FnOnce() -> R) -> Option<R> {
                self.$try().ok().map(|_guard| inside())
            }
            fn try_with_for<R>(&self, timeout: Duration, inside: impl FnOnce() -> R) -> Option<R> {
                self.$for(timeout).ok().map(|_guard| inside())
            }
        }
    )*};
}

robust! {
    RobustMutex: lock, try_lock, try_lock_for;
    ReentrantMutex: lock, try_lock, try_lock_for;
    RwLock: write, try_write, try_write_for;
}

/// Runs `inside` in another thread while `lock` is held by this one.
pub(crate) fn beside<L: AnyLock, R: Send>(lock: &L, inside: impl FnOnce() -> R + Send) -> R {
    lock.with(|| scope(|scope| scope.spawn(inside).join().unwrap()))
}

pub(crate) fn made_taken_and_dropped<L: AnyLock>() {
    drop(L::new());
    let lock = L::new();
    lock.with(|| ());
    drop(lock);
}

pub(crate) fn a_free_one_is_taken_by_a_try<L: AnyLock>() {
    let lock = L::new();
    assert!(lock.try_with(|| ()).is_some() && lock.try_with_for(SHORT, || ()).is_some());
}

pub(crate) fn a_held_one_is_not<L: AnyLock>() {
    let lock = L::new();
    assert!(beside(&lock, || lock.try_with(|| ()).is_none() && lock.try_with_for(SHORT, || ()).is_none()));
    assert!(lock.try_with(|| ()).is_some());
}

/// Five wait while one has it, and come in one after the other once it is free.
pub(crate) fn five_wait_for_one<L: AnyLock>() {
    let (lock, begun, inside, done) = (L::new(), AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    scope(|scope| {
        lock.with(|| {
            for _ in 0..5 {
                scope.spawn(|| {
                    begun.fetch_add(1, SeqCst);
                    lock.with(|| {
                        assert_eq!(inside.fetch_add(1, SeqCst), 0, "two are inside");
                        std::thread::yield_now();
                        inside.fetch_sub(1, SeqCst);
                        done.fetch_add(1, SeqCst);
                    });
                });
            }
            while begun.load(SeqCst) < 5 {
                std::thread::yield_now();
            }
            assert_eq!(done.load(SeqCst), 0, "the lock was held");
        });
    });
    assert_eq!(done.load(SeqCst), 5);
}

/// Given back by an early return and by a panic.
pub(crate) fn given_back_however_the_body_ends<L: AnyLock>() {
    let lock = L::new();
    let early = || -> Result<(), ()> { lock.with(|| Err(())) };
    assert!(early().is_err() && lock.try_with(|| ()).is_some());
    let caught = catch_unwind(AssertUnwindSafe(|| lock.with(|| resume_unwind(Box::new("quiet")))));
    assert!(caught.is_err());
    // Free for another thread; what it is told of the panic is its own kind's matter.
    scope(|scope| scope.spawn(|| lock.with(|| ())).join().unwrap());
}

/// Threads that nobody of ours started use it and go. Nobody else may start any meanwhile.
pub(crate) fn foreign_threads_leave_nothing<L: AnyLock>() {
    let tasks = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let (lock, before) = (L::new(), tasks());
    scope(|scope| {
        let threads: Vec<_> = (0..15).map(|_| scope.spawn(|| lock.with(|| ()))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    // A joined thread may be listed for a moment longer; one that is left stays.
    while tasks() > before {
        std::thread::yield_now();
    }
    assert!(lock.try_with(|| ()).is_some());
}

/// Asks a row of each kind of lock.
macro_rules! of_each {
    ($row:ident) => {
        $row::<Mutex<()>>();
        $row::<RobustMutex<()>>();
        $row::<RwLock<()>>();
    };
}

#[test]
fn c_thlock_01_a_lock_is_made_taken_and_dropped() {
    of_each!(made_taken_and_dropped);
    // Dropped while it is held: the guard is forgotten, and nothing is left of either.
    {
        let lock = Mutex::new(());
        std::mem::forget(lock.lock());
    }
}

#[test]
fn c_thlock_02_the_debug_text_says_whether_it_is_locked() {
    fn text<L: AnyLock>() {
        let lock = L::new();
        assert!(format!("{lock:?}").contains("locked: false"), "{lock:?}");
        lock.with(|| assert!(format!("{lock:?}").contains("locked: true"), "{lock:?}"));
        assert!(format!("{lock:?}").contains("locked: false"), "{lock:?}");
    }
    text::<Mutex<()>>();
    text::<RobustMutex<()>>();
    text::<ReentrantMutex<()>>();
}

#[test]
fn c_thlock_03_a_free_lock_is_taken_by_a_try() {
    of_each!(a_free_one_is_taken_by_a_try);
}

#[test]
fn c_thlock_04_a_held_lock_is_not_taken_by_a_try() {
    of_each!(a_held_one_is_not);
}

#[test]
fn c_thlock_05_five_wait_and_come_in_one_after_the_other() {
    of_each!(five_wait_for_one);
}

#[test]
fn c_thlock_06_a_guard_gives_it_back_however_the_body_ends() {
    of_each!(given_back_however_the_body_ends);
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    // It counts the threads of its process.
    #[test]
    fn c_thlock_07_foreign_threads_leave_nothing_behind() {
        of_each!(foreign_threads_leave_nothing);
    }
}

#[test]
fn c_thlock_09_taking_it_twice_waits_until_somebody_else_gives_it_back() {
    let (lock, taken) = (RawMutex::<Native>::new(), Event::new());
    scope(|scope| {
        scope.spawn(|| {
            assert!(taken.wait_timeout(LONG));
            lock.try_unlock(()).unwrap();
        });
        lock.lock(());
        assert!(!lock.lock_until(0, ()), "its holder got it a second time");
        taken.set();
        lock.lock(());
    });
    assert!(!lock.try_lock(()));
    let mutex = Mutex::new(());
    let _guard = mutex.lock().unwrap();
    assert!(mutex.try_lock_for(SHORT).is_err());
}

#[test]
fn c_thlock_13_giving_back_a_free_lock_is_an_error() {
    let plain = RawMutex::<Native>::new();
    assert!(plain.try_unlock(()).is_err());
    let robust = RawRobustMutex::<Native>::new();
    assert!(robust.unlock(Left::Clean, ()).is_err());
    robust.lock(());
    // Nor may anybody give back what somebody else has.
    scope(|scope| {
        let other = scope.spawn(|| robust.unlock(Left::Clean, ()).unwrap_err().to_string());
        assert!(other.join().unwrap().contains("not the caller's to unlock"));
    });
    robust.unlock(Left::Clean, ()).unwrap();
    assert!(robust.unlock(Left::Clean, ()).is_err());
}

#[test]
fn c_thlock_14_a_lock_of_processes() {
    let mutex = Shared::new(Mutex::new(0_u32));
    let guard = mutex.lock().unwrap();
    let copy = mutex.clone();
    let refused = Process::spawn(move || exit(i32::from(copy.try_lock().is_ok())));
    assert!(refused.join().unwrap().success(), "a held lock was taken by another process");
    drop(guard);
    let copy = mutex.clone();
    let taken = Process::spawn(move || *copy.lock().unwrap() += 1);
    assert!(taken.join().unwrap().success());
    assert_eq!(*mutex.lock().unwrap(), 1);
    // Python's is a semaphore of one permit: anybody may give it back, once.
    let lock = Shared::new(BoundedSemaphore::new(1));
    lock.acquire();
    assert!(!lock.try_acquire());
    let copy = lock.clone();
    let released = Process::spawn(move || exit(i32::from(copy.release().is_err())));
    assert!(released.join().unwrap().success());
    assert!(lock.release().is_err());
    let _guard = lock.access();
    assert!(!lock.try_acquire());
}
