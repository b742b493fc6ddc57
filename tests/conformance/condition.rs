//! Conditions: what `threading.Condition` and `multiprocessing.Condition` are relied on for.
//!
//! When a process dies here, no test asked for it.

use super::under_the_scheduler;
use rusty_fork::rusty_fork_test;
use selvedge::{Condvar, Mutex, Process, RobustMutex, Shared, shareable};
use selvedge_harness::prelude::{self as checked, Program};
use std::sync::TryLockError;
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(180);

#[test]
fn c_cond_01_the_condition_and_its_lock_exclude_each_other() {
    let (number, changed) = (Mutex::new(0), Condvar::new());
    let held = || matches!(number.try_lock(), Err(TryLockError::WouldBlock));
    thread::scope(|scope| {
        let guard = number.lock().unwrap();
        scope.spawn(|| {
            // Free only because the other one waits.
            *number.lock().unwrap() = 1;
            changed.notify_one();
        });
        assert!(held());
        let guard = changed.wait_while(guard, |number| *number == 0).unwrap();
        assert!(held() && *guard == 1);
    });
    assert!(!held());
}

#[test]
fn c_cond_04_each_waits_until_its_time_is_up() {
    let (number, changed) = (Mutex::new(0), Condvar::new());
    let (robust, number, changed) = (RobustMutex::new(0), &number, &changed);
    thread::scope(|scope| {
        for me in 0..5 {
            let robust = &robust;
            scope.spawn(move || {
                let start = Instant::now();
                let late = if me % 2 == 0 {
                    changed.wait_timeout(number.lock().unwrap(), SHORT).unwrap().1
                } else {
                    changed.wait_timeout(robust.lock().unwrap(), SHORT).unwrap().1
                };
                assert!(late.timed_out() && start.elapsed() >= SHORT);
            });
        }
    });
}

#[test]
fn c_cond_05_a_wait_for_a_condition_ends_when_it_holds() {
    let (number, changed) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = changed.wait_while(number.lock().unwrap(), |number| *number < 4).unwrap();
            *guard
        });
        for _ in 0..4 {
            *number.lock().unwrap() += 1;
            changed.notify_one();
        }
        assert_eq!(waiter.join().unwrap(), 4);
    });
}

#[test]
fn c_cond_06_notifications_do_not_begin_the_time_anew() {
    shareable! { struct Pair { number: checked::Mutex<u32>, changed: checked::Condvar } }
    // On the clock of the scheduler, so that the three notifications come in between.
    under_the_scheduler(|| {
        Program::new("overall", || Pair { number: checked::Mutex::new(0), changed: checked::Condvar::new() })
            .task("waiter", |pair| {
                let guard = pair.number.lock().unwrap();
                let waited = pair.changed.wait_timeout_while(guard, 4 * SHORT, |number| *number < 4);
                let (guard, result) = waited.unwrap();
                assert!(result.timed_out() && *guard <= 3);
            })
            .task("notifier", |pair| {
                for _ in 0..3 {
                    checked::thread::sleep(SHORT);
                    *pair.number.lock().unwrap() += 1;
                    pair.changed.notify_one();
                }
            })
            .into()
    });
}

shareable! {
    struct Beds { asleep: checked::Mutex<u32>, woken: checked::Value<u32>, changed: checked::Condvar, up: checked::Semaphore }
}

fn beds() -> Beds {
    Beds {
        asleep: checked::Mutex::new(0),
        woken: checked::Value::new(0),
        changed: checked::Condvar::new(),
        up: checked::Semaphore::new(0),
    }
}

/// Sleeps once, says so before and after; `timeout` is how long at most.
fn sleeper(beds: &Beds, timeout: Duration) {
    let mut asleep = beds.asleep.lock().unwrap();
    *asleep += 1;
    let (asleep, _) = beds.changed.wait_timeout(asleep, timeout).unwrap();
    beds.woken.fetch_add(1);
    beds.up.release();
    drop(asleep);
}

/// Waits until so many sleep, and returns with the lock, so that none is on its way.
fn all_sleep(beds: &Beds, sleepers: u32) {
    while *beds.asleep.lock().unwrap() < sleepers {
        checked::thread::sleep(Duration::from_micros(1));
    }
}

#[test]
fn c_cond_07_each_notification_wakes_exactly_one() {
    under_the_scheduler(|| {
        Program::new("one by one", beds)
            .tasks("sleeper", 2, |beds, _| sleeper(beds, LONG))
            .task("waker", |beds| {
                all_sleep(beds, 2);
                assert_eq!(beds.woken.get(), 0, "one woke up by itself");
                for woken in 1..=2 {
                    beds.changed.notify_one();
                    beds.up.acquire();
                    assert_eq!((beds.woken.get(), beds.up.value()), (woken, 0));
                }
                assert_eq!(*beds.asleep.lock().unwrap(), beds.woken.get());
            })
            .into()
    });
}

#[test]
fn c_cond_08_one_notification_of_all_wakes_all() {
    under_the_scheduler(|| {
        Program::new("all", beds)
            .tasks("sleeper", 6, |beds, _| {
                // First nobody notifies, then everybody is.
                sleeper(beds, SHORT);
                beds.woken.await_at_least(6);
                sleeper(beds, LONG);
            })
            .task("waker", |beds| {
                (0..6).for_each(|_| beds.up.acquire());
                assert_eq!(beds.woken.get(), 6, "all timed out");
                all_sleep(beds, 12);
                beds.changed.notify_all();
                (0..6).for_each(|_| beds.up.acquire());
                assert_eq!((beds.woken.get(), *beds.asleep.lock().unwrap()), (12, 12));
            })
            .into()
    });
}

shareable! { struct Count { plain: Mutex<u32>, robust: RobustMutex<u32>, changed: Condvar } }

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_cond_10_processes_wait_for_each_other() {
        let count = Shared::new(Count { plain: Mutex::new(0), robust: RobustMutex::new(0), changed: Condvar::new() });
        let start = Instant::now();
        assert!(count.changed.wait_timeout(count.plain.lock().unwrap(), SHORT).unwrap().1.timed_out());
        assert!(count.changed.wait_timeout(count.robust.lock().unwrap(), SHORT).unwrap().1.timed_out());
        assert!(start.elapsed() >= 2 * SHORT);
        let child = Process::spawn({
            let count = count.clone();
            move || {
                for _ in 0..4 {
                    *count.plain.lock().unwrap() += 1;
                    count.changed.notify_all();
                    *count.robust.lock().unwrap() += 1;
                    count.changed.notify_all();
                }
            }
        });
        let plain = count.changed.wait_while(count.plain.lock().unwrap(), |number| *number < 4).unwrap();
        assert_eq!(*plain, 4);
        drop(plain);
        let robust = count.changed.wait_while(count.robust.lock().unwrap(), |number| *number < 4).unwrap();
        assert_eq!(*robust, 4);
        assert!(child.join().unwrap().success());
    }
}
