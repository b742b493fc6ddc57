//! Readers and writers in threads: who waits for whom, and who is told of what.
//!
//! Run by `cargo test`.
//!
//! When a process dies here, that is a failure.

use crate::{LockError, RwLock};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);

fn panic_while_writing(lock: &RwLock<[u32; 2]>) {
    let writes = AssertUnwindSafe(|| {
        let mut pair = lock.write().unwrap();
        pair[0] += 1;
        resume_unwind(Box::new("quiet"))
    });
    assert!(catch_unwind(writes).is_err());
}

#[test]
fn everybody_is_told_until_a_writer_repairs() {
    let lock = RwLock::new([0, 0]);
    panic_while_writing(&lock);
    for _ in 0..2 {
        assert!(matches!(lock.read(), Err(LockError::OwnerDied(pair)) if *pair == [1, 0]));
    }
    let mut pair = lock.write().unwrap_err().into_guard().unwrap();
    pair[1] = pair[0];
    assert!(!pair.is_consistent());
    pair.mark_consistent();
    drop(pair);
    assert_eq!(*lock.read().unwrap(), [1, 1]);
    // A reader that panics tells nobody anything.
    let reads = AssertUnwindSafe(|| {
        let _pair = lock.read().unwrap();
        resume_unwind(Box::new("quiet"))
    });
    assert!(catch_unwind(reads).is_err() && lock.try_write().is_ok());
}

#[test]
fn who_does_not_repair_gives_it_up_for_all() {
    let lock = RwLock::new([0, 0]);
    panic_while_writing(&lock);
    drop(lock.write());
    assert!(matches!(lock.read(), Err(LockError::Unrecoverable)));
    assert!(matches!(lock.try_write(), Err(LockError::Unrecoverable)));
    // What was not given is not taken either.
    assert!(matches!(lock.try_write_for(SHORT), Err(LockError::Unrecoverable)));
    assert_eq!(lock.into_inner(), [1, 0]);
}

#[test]
fn a_downgraded_value_out_of_order_is_told_of() {
    let lock = RwLock::new([0, 0]);
    panic_while_writing(&lock);
    let reads = lock.write().unwrap_err().into_guard().unwrap().downgrade();
    assert!(lock.try_write().is_err_and(|error| matches!(error, LockError::WouldBlock)));
    drop(reads);
    assert!(matches!(lock.read(), Err(LockError::OwnerDied(_))));
}

#[test]
fn a_writer_that_waits_keeps_later_readers_out() {
    let lock = RwLock::new(0);
    let first = lock.read().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| *lock.write().unwrap() += 1);
        // It takes the gate sooner or later, and keeps it.
        while lock.try_read().is_ok() {
            std::thread::yield_now();
        }
        assert!(matches!(lock.try_read_for(SHORT), Err(LockError::WouldBlock)));
        assert!(!writer.is_finished());
        drop(first);
        writer.join().unwrap();
    });
    assert_eq!(*lock.read().unwrap(), 1);
}

#[test]
fn who_gives_up_waiting_lets_others_in() {
    let lock = RwLock::new(0);
    let reads = lock.read().unwrap();
    assert!(matches!(lock.try_write_for(SHORT), Err(LockError::WouldBlock)));
    assert!(matches!(lock.try_write(), Err(LockError::WouldBlock)));
    assert!(lock.try_read().is_ok(), "the writer is gone, and still keeps readers out");
    drop(reads);
    let writes = lock.write().unwrap();
    std::thread::scope(|scope| {
        let read = || matches!(lock.try_read_for(SHORT), Err(LockError::WouldBlock));
        assert!(scope.spawn(read).join().unwrap());
    });
    drop(writes);
    assert!(lock.try_write().is_ok() && lock.try_read().is_ok());
}

/// One more than there are places: it gets in when any one of them leaves, not a
/// certain one.
#[test]
fn the_reader_too_many_gets_in_when_anybody_leaves() {
    const MOST: usize = RwLock::<u32>::READERS;
    for leaver in [0, MOST / 2, MOST - 1] {
        let (lock, inside) = (RwLock::new(0), AtomicUsize::new(0));
        let (full, leave, over) = (Barrier::new(MOST + 1), Barrier::new(2), Barrier::new(MOST));
        std::thread::scope(|scope| {
            for index in 0..MOST {
                let (lock, full, leave, over) = (&lock, &full, &leave, &over);
                scope.spawn(move || {
                    let guard = lock.read().unwrap();
                    full.wait();
                    if index == leaver {
                        leave.wait();
                        drop(guard);
                    } else {
                        over.wait();
                    }
                });
            }
            full.wait();
            assert!(matches!(lock.try_read(), Err(LockError::WouldBlock)));
            assert!(matches!(lock.try_read_for(SHORT), Err(LockError::WouldBlock)));
            let late = scope.spawn(|| {
                let _guard = lock.read().unwrap();
                inside.fetch_add(1, SeqCst);
            });
            leave.wait();
            late.join().unwrap();
            over.wait();
        });
        assert_eq!(inside.load(SeqCst), 1);
    }
}
