//! Locks and the like: inside, plain data is one's own; outside it is not.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// Two tasks add to plain data within `section`; then the same without it.
fn excludes<P: Shareable>(name: &str, make: fn() -> P, section: fn(&P, &dyn Fn())) {
    let program = |inside: bool| {
        Program::new(format!("{name}, inside {inside}"), move || (make(), RaceCell::new(0)))
            .tasks("adder", 2, move |(lock, total): &Both<P>, _| {
                let add = || total.set(total.get() + 1);
                if inside {
                    section(lock, &add);
                } else {
                    section(lock, &|| ());
                    add();
                }
            })
            .finally(|(_, total)| assert_eq!(total.get(), 2))
    };
    holds(&program(true));
    races(&program(false));
}

#[test]
fn a_mutex() {
    excludes(
        "mutex",
        || Mutex::new(()),
        |lock, section| {
            let _held = lock.lock().unwrap();
            section();
        },
    );
}

#[test]
fn a_robust_mutex() {
    excludes(
        "robust mutex",
        || RobustMutex::new(()),
        |lock, section| {
            let _held = lock.lock().unwrap();
            section();
        },
    );
}

#[test]
fn a_reentrant_mutex() {
    excludes(
        "reentrant mutex",
        || ReentrantMutex::new(()),
        |lock, section| {
            let _held = lock.lock().unwrap();
            let _again = lock.lock().unwrap();
            section();
        },
    );
}

#[test]
fn the_lock_of_a_value() {
    excludes(
        "value",
        || Value::new(0_u64),
        |lock, section| {
            let _held = lock.lock();
            section();
        },
    );
}

#[test]
fn a_rwlock() {
    excludes(
        "rwlock",
        || RwLock::new(()),
        |lock, section| {
            let _held = lock.write().unwrap();
            section();
        },
    );
}

#[test]
fn semaphores() {
    excludes(
        "semaphore",
        || Semaphore::new(1),
        |lock, section| {
            lock.acquire();
            section();
            lock.release();
        },
    );
    excludes(
        "bounded semaphore",
        || BoundedSemaphore::new(1),
        |lock, section| {
            lock.acquire();
            section();
            lock.release().unwrap();
        },
    );
    excludes(
        "robust semaphore",
        || RobustSemaphore::new(1).unwrap(),
        |lock, section| {
            let _permit = lock.acquire();
            section();
        },
    );
}

/// A reader knows of the writer before, and the next writer of the readers before.
#[test]
fn readers_and_writers() {
    let program = |writes: bool| {
        Program::new(format!("readers, writing {writes}"), || (RwLock::new(()), RaceCell::new(0)))
            .tasks("reader", 2, move |(lock, data): &Both<RwLock<()>>, _| {
                let _held = lock.read().unwrap();
                if writes { data.set(1) } else { _ = data.get() }
            })
            .task("writer", |(lock, data): &Both<RwLock<()>>| {
                let _held = lock.write().unwrap();
                data.set(data.get() + 1);
            })
    };
    holds(&program(false));
    races(&program(true));
}

/// A semaphore with two permits excludes nobody.
#[test]
fn two_permits_are_no_lock() {
    let program = Program::new("two permits", || (Semaphore::new(2), RaceCell::new(0))).tasks(
        "adder",
        2,
        |(permits, total): &Both<Semaphore>, _| {
            permits.acquire();
            total.set(total.get() + 1);
            permits.release();
        },
    );
    races(&program);
}

/// A lock of the user's own, of which only the operations that it announces are known.
#[test]
fn a_lock_of_ones_own() {
    type Own = (AtomicU32, RaceCell<u64>);
    let program = |gives_back: Kind| {
        Program::new(format!("own lock, {gives_back:?}"), || (AtomicU32::new(0), RaceCell::new(0))).tasks(
            "adder",
            2,
            move |(word, total): &Own, _| {
                let object = std::ptr::from_ref(word) as usize;
                let take = || word.swap(1, Ordering::Relaxed) == 0;
                if visible(Kind::TryAcquire, "try own lock", object, take) {
                    total.set(total.get() + 1);
                    visible(gives_back, "own unlock", object, || word.store(0, Ordering::Relaxed));
                }
            },
        )
    };
    holds(&program(Kind::Release));
    // A write is no more than a write.
    let report = program(Kind::Write).check(&Config::default().ignore_environment()).unwrap();
    assert!(matches!(race(&report), Verdict::Race { .. }), "{:?}", race(&report));
}
