//! Does a report know who has a lock that others wait for, however it was taken?

use selvedge_harness::check;
use selvedge_harness::prelude::*;
use selvedge_harness::report::failure;

/// What is said of a program that cannot go on.
fn said(engine: Engine, body: fn()) -> String {
    let config = Config::default().engine(engine).granularity(Granularity::Operation).ignore_environment();
    failure(&check(&config, body).unwrap()).expect("somebody waits for ever")
}

/// Takes a lock by a try, and waits for somebody who wants it as well.
macro_rules! tried {
    ($lock:expr, $attempt:ident, $wait:ident) => {
        || {
            let lock = Shared::new($lock);
            let _held = lock.$attempt();
            let other = lock.clone();
            _ = Process::spawn(move || _ = other.$wait()).join();
        }
    };
}

#[test]
fn who_took_it_by_a_try_has_it() {
    let cases: [(&str, fn()); 5] = [
        ("try_lock lock 1", tried!(Mutex::new(0), try_lock, lock)),
        ("try_lock lock 1", tried!(RobustMutex::new(0), try_lock, lock)),
        ("write rwlock 1", tried!(RwLock::new(0), try_write, write)),
        ("try_acquire semaphore 1", tried!(Semaphore::new(1), try_acquire, acquire)),
        ("try_acquire semaphore 1", tried!(RobustSemaphore::new(1).unwrap(), try_acquire, acquire)),
    ];
    for engine in [Engine::Sim, Engine::Real] {
        for (attempt, body) in cases {
            let text = said(engine, body);
            for part in [&format!("{attempt} -> taken"), "held by main since"] {
                assert!(text.contains(part), "no `{part}` in\n{text}");
            }
        }
    }
}

#[test]
fn who_was_refused_has_nothing() {
    for engine in [Engine::Sim, Engine::Real] {
        let text = said(engine, || {
            let lock = Shared::new(RobustMutex::new(0));
            let other = lock.clone();
            _ = Process::spawn(move || std::mem::forget(other.lock())).join();
            // Whoever is told of the death repairs nothing.
            assert!(matches!(lock.lock(), Err(LockError::OwnerDied(_))));
            assert!(matches!(lock.lock(), Err(LockError::Unrecoverable)));
            Shared::new(Event::new()).wait();
        });
        assert!(text.contains("lock 1 -> refused") && !text.contains("[lock 1]"), "{text}");
    }
}
