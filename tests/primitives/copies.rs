//! Copies of guards that a fork made: what a child drops is not given back, because it is
//! the parent's.
//!
//! When a process dies here that should not, its part of the law did not hold.

use crate::family::LONG;
use rusty_fork::rusty_fork_test;
use selvedge::sys::process::fork;
use selvedge::{
    Error, FileLock, LockError, Process, ReentrantMutex, RobustMutex, RobustSemaphore, RwLock, Shared, exit,
    shareable,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

shareable! {
    struct Locks {
        robust: RobustMutex<u32>,
        nested: ReentrantMutex<u32>,
        read: RwLock<u32>,
        written: RwLock<u32>,
        seats: RobustSemaphore,
    }
}

fn locks() -> Shared<Locks> {
    Shared::new(Locks {
        robust: RobustMutex::new(0),
        nested: ReentrantMutex::new(0),
        read: RwLock::new(0),
        written: RwLock::new(0),
        seats: RobustSemaphore::new(1).expect("one is allowed"),
    })
}

/// Whether another process finds all of them taken, as they must be.
fn all_are_taken(locks: &Locks) -> bool {
    matches!(locks.robust.try_lock(), Err(LockError::WouldBlock))
        && matches!(locks.nested.try_lock(), Err(LockError::WouldBlock))
        && matches!(locks.read.try_write(), Err(LockError::WouldBlock))
        && matches!(locks.written.try_read(), Err(LockError::WouldBlock))
        && locks.seats.try_acquire().is_none()
}

/// Asks a forked child, which has copies of everything here.
fn in_child(body: impl FnOnce() -> bool) {
    let child = fork(|| i32::from(!body())).unwrap();
    let deadline = selvedge::sys::clock::monotonic() + u64::try_from(LONG.as_nanos()).expect("it is short");
    let status = child.wait(Some(deadline)).unwrap();
    assert!(status.is_some_and(|status| status.success()), "the child says no: {status:?}");
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_child_gives_back_nothing_of_its_parent() {
        let locks = locks();
        let guards = (
            locks.robust.lock().unwrap(),
            (locks.nested.lock().unwrap(), locks.nested.lock().unwrap()),
            locks.read.read().unwrap(),
            locks.written.write().unwrap(),
            locks.seats.acquire(),
        );
        let mut copies = Some(guards);
        in_child(|| {
            // Before and after the child dropped its copies of the guards.
            let before = all_are_taken(&locks);
            drop(copies.take());
            before && all_are_taken(&locks)
        });
        in_child(|| all_are_taken(&locks));
        drop(copies.take());
        assert!(locks.robust.try_lock().is_ok() && locks.nested.try_lock().is_ok());
        assert!(locks.read.try_write().is_ok() && locks.written.try_read().is_ok());
        assert!(locks.seats.try_acquire().is_some());
    }

    #[test]
    fn a_child_cannot_downgrade_for_its_parent() {
        let locks = locks();
        let mut writes = Some(locks.written.write().unwrap());
        in_child(|| {
            let copy = writes.take().expect("it is taken once");
            let refused = catch_unwind(AssertUnwindSafe(|| drop(copy.downgrade())));
            refused.is_err() && matches!(locks.written.try_read(), Err(LockError::WouldBlock))
        });
    }

    /// What a parent has, its child locks anew, and waits for like anybody else.
    #[test]
    fn a_child_locks_a_file_for_itself() {
        let path = std::env::temp_dir().join(format!("selvedge-copies-{}", std::process::id()));
        let mut lock = FileLock::open(&path).unwrap();
        let mut second = FileLock::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        drop(lock.lock().unwrap());
        let guard = second.lock().unwrap();
        let owner = std::process::id();
        in_child(|| {
            // Its own copy of either open, neither of which is its own yet.
            let told = match lock.try_lock() {
                Err(Error::Locked { holders, .. }) => holders.contains(&owner),
                _ => false,
            };
            told && lock.try_lock_for(std::time::Duration::from_millis(2)).is_err()
        });
        drop(guard);
        in_child(|| lock.try_lock().is_ok());
        // The child that had it is gone, and so is its lock.
        assert!(lock.try_lock_shared().is_ok() && second.try_lock().is_ok());
    }

    /// The kernel frees the file of a process that is killed; whoever waits goes on.
    #[test]
    fn the_file_of_the_dead_is_free() {
        let path = std::env::temp_dir().join(format!("selvedge-dead-{}", std::process::id()));
        let mut lock = FileLock::open(&path).unwrap();
        for _ in 0..50 {
            let (taken, copy) = (Shared::new(selvedge::Event::new()), path.clone());
            let held = taken.clone();
            let holder = Process::spawn(move || {
                let mut lock = FileLock::open(copy).unwrap();
                let _guard = lock.lock().unwrap();
                held.set();
                selvedge::sleep(LONG);
            });
            assert!(taken.wait_timeout(LONG));
            match lock.try_lock() {
                Err(Error::Locked { holders, .. }) => assert_eq!(holders, [holder.pid().unwrap()]),
                other => panic!("the other process has it, but: {other:?}"),
            }
            let copy = path.clone();
            let waiter = Process::spawn(move || {
                let mut lock = FileLock::open(copy).unwrap();
                exit(i32::from(lock.try_lock_for(LONG).is_err()));
            });
            holder.kill().unwrap();
            drop(lock.lock().unwrap());
            assert!(waiter.join().unwrap().success());
            holder.join().unwrap();
        }
        std::fs::remove_file(path).unwrap();
    }
}
