//! What a manager's clients wait for: locks, events, conditions, barriers, queues, pools.
//!
//! When a process dies here, a test asked for it.

use super::manager::{in_child, remote, start};
use rusty_fork::rusty_fork_test;
use selvedge::manager::Held;
use selvedge::{Error, Process};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_manager_11_conditions_and_barriers() {
        let manager = start();
        let (condition, stage) = (manager.condition().unwrap(), manager.value(&0).unwrap());
        assert!(remote(condition.wait()).contains("acquire it first"));
        assert!(remote(condition.notify_all()).contains("acquire it first"));
        condition.acquire().unwrap();
        condition.acquire().unwrap();
        assert!(!condition.wait_timeout(Duration::from_millis(5)).unwrap());
        assert!(condition.is_locked().unwrap(), "it was taken again");
        let copies = (condition.clone(), stage.clone());
        let child = Process::spawn(move || {
            let (condition, stage) = copies;
            condition.acquire().unwrap();
            stage.set(&1).unwrap();
            condition.notify_one().unwrap();
            while stage.get().unwrap() != 2 {
                condition.wait().unwrap();
            }
            condition.release().unwrap();
        });
        while stage.get().unwrap() != 1 {
            condition.wait().unwrap();
        }
        stage.set(&2).unwrap();
        condition.notify_all().unwrap();
        condition.release().unwrap();
        condition.release().unwrap();
        assert!(child.join().unwrap().success());
        assert!(remote(condition.release()).contains("not locked"));
        assert!(matches!(manager.barrier(0), Err(Error::InvalidArgument { .. })));
        let barrier = manager.barrier(3).unwrap();
        let children: Vec<Process> = (0..2).map(|_| {
            let barrier = barrier.clone();
            Process::spawn(move || for _ in 0..3 { barrier.wait().unwrap(); })
        }).collect();
        for _ in 0..3 {
            assert!(barrier.wait().unwrap() < 3);
        }
        assert!(children.iter().all(|child| child.join().unwrap().success()));
        let copy = barrier.clone();
        let waiter = Process::spawn(move || { copy.wait().ok(); });
        while barrier.waiting().unwrap() == 0 {
            std::thread::yield_now();
        }
        waiter.kill().unwrap();
        waiter.join().unwrap();
        assert_eq!(remote(barrier.wait()), "the barrier is broken");
        assert!(barrier.is_broken().unwrap());
        barrier.reset().unwrap();
        assert!(remote(barrier.wait_timeout(Duration::from_millis(5))).contains("time"));
        barrier.reset().unwrap();
        assert!(!barrier.is_broken().unwrap());
        barrier.abort().unwrap();
        assert!(remote(barrier.wait()).contains("broken"));
    }

    #[test]
    fn c_manager_11_events_locks_and_semaphores() {
        let manager = start();
        let event = manager.event().unwrap();
        let copy = event.clone();
        in_child(move || copy.set().unwrap());
        event.wait().unwrap();
        event.clear().unwrap();
        assert!(!event.is_set().unwrap() && !event.wait_timeout(Duration::from_millis(5)).unwrap());
        // A child that takes a lock and lives: the parent can release it.
        let lock = manager.lock().unwrap();
        let (copy, done) = (lock.clone(), event.clone());
        let child = Process::spawn(move || {
            assert_eq!(copy.acquire().unwrap(), Held::Clean);
            done.wait().unwrap();
        });
        while !lock.is_locked().unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(lock.try_acquire().unwrap(), None);
        assert_eq!(lock.acquire_timeout(Duration::from_millis(5)).unwrap(), None);
        lock.release().unwrap();
        assert!(remote(lock.release()).contains("not locked"));
        event.set().unwrap();
        assert!(child.join().unwrap().success());
        let again = manager.reentrant_lock().unwrap();
        again.acquire().unwrap();
        again.acquire().unwrap();
        let copy = again.clone();
        in_child(move || {
            assert_eq!(copy.try_acquire().unwrap(), None);
            assert!(remote(copy.release()).contains("another task holds it"));
        });
        again.release().unwrap();
        again.release().unwrap();
        assert!(remote(again.release()).contains("not locked"));
        let (plain, bounded) = (manager.semaphore(1).unwrap(), manager.bounded_semaphore(1).unwrap());
        for semaphore in [&plain, &bounded] {
            let copy = semaphore.clone();
            in_child(move || {
                copy.acquire().unwrap();
                assert!(!copy.try_acquire().unwrap());
                copy.release().unwrap();
            });
        }
        plain.release_many(2).unwrap();
        assert_eq!(plain.available_permits().unwrap(), 3);
        assert!(remote(bounded.release()).contains("at most 1 permits"));
    }

    #[test]
    fn c_manager_12_a_queue_for_two() {
        let manager = start();
        let queue = manager.queue::<u8>(2).unwrap();
        assert!(matches!(manager.queue::<u8>(0), Err(Error::InvalidArgument { .. })));
        let copy = queue.clone();
        in_child(move || {
            copy.put(&1).unwrap();
            assert!(copy.try_put(&2).unwrap());
            assert!(!copy.put_timeout(&3, Duration::from_millis(5)).unwrap());
        });
        assert_eq!(queue.len().unwrap(), 2);
        let copy = queue.clone();
        let third = Process::spawn(move || copy.put(&3).unwrap());
        assert_eq!([1, 2, 3].map(|_| queue.get().unwrap()), [1, 2, 3]);
        assert!(third.join().unwrap().success() && queue.is_empty().unwrap());
        let copy = queue.clone();
        let joiner = Process::spawn(move || copy.join().unwrap());
        (0..3).for_each(|_| queue.task_done().unwrap());
        assert!(joiner.join().unwrap().success());
        assert!(remote(queue.task_done()).contains("more often"));
        assert_eq!(queue.get_timeout(Duration::from_millis(5)).unwrap(), None);
    }

    #[test]
    fn c_manager_12_a_pool_for_all() {
        let manager = start();
        for bad in [0, 5000] {
            assert!(matches!(manager.pool(bad), Err(Error::InvalidArgument { .. })));
        }
        let pool = manager.pool(3).unwrap();
        assert_eq!(pool.apply(|(a, b): (u32, u32)| a * b, (6, 7)).unwrap(), 42);
        let squares: Vec<u64> = (0..1000).map(|x| x * x).collect();
        assert_eq!(pool.map(|x: u64| x * x, 0..1000).unwrap(), squares);
        assert!(pool.map(|x: u64| x, []).unwrap().is_empty());
        let copy = pool.clone();
        // Workers are nobody's but the server's, and whoever is of the family can use them.
        in_child(move || assert_eq!(copy.map(|x: i8| -x, [1, 2]).unwrap(), [-1, -2]));
        assert!(matches!(pool.map_async(|x: u8| x, [1], 0), Err(Error::InvalidArgument { .. })));
        let panicked = pool.apply(|x: u8| assert_eq!(x, 1, "not one"), 2);
        assert!(remote(panicked).contains("the task panicked: assertion"));

        // A worker that is killed loses its task, and no other.
        let deadly = |x: u32| if x == 3 { selvedge::sys::process::kill_self() } else { x };
        assert!(remote(pool.apply(deadly, 3)).contains("the task was lost: its worker, process"));
        for round in 0..10 {
            let pending = pool.map_async(deadly, 0..20, 1).unwrap();
            assert!(remote(pending.get()).contains("SIGKILL"), "round {round}");
        }
        assert_eq!(pool.map(deadly, 4..50).unwrap(), (4..50).collect::<Vec<_>>());

        let slow = pool.map_async(|()| std::thread::park(), [()], 1).unwrap();
        assert!(!slow.wait_timeout(Duration::from_millis(5)).unwrap());
        assert!(remote(pool.join()).contains("still open"));
        pool.close().unwrap();
        assert!(remote(pool.apply(|()| (), ())).contains("closed and takes no new tasks"));
        pool.terminate().unwrap();
        assert!(slow.wait_timeout(LONG).unwrap());
        assert!(remote(slow.get()).contains("terminated"));
        pool.join().unwrap();

        let orderly = manager.pool(2).unwrap();
        let out = orderly.map_async(|x: u8| x + 1, 0..40, 1).unwrap();
        orderly.close().unwrap();
        orderly.join().unwrap();
        assert!(out.wait_timeout(Duration::ZERO).unwrap());
        assert_eq!(out.get().unwrap(), (1..41).collect::<Vec<u8>>());
    }
}
