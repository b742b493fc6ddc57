//! What does a user meet who holds it wrong? An error that says what would be right, and
//! never a hang, a crash, or harm to somebody else.
//!
//! Each test runs in a process of its own with a deadline. What the rows of the conformance
//! table ask for stands there; here is what nobody asked.

use rusty_fork::rusty_fork_test;
use selvedge::sys::process::fork;
use selvedge::{
    Array, Barrier, BoundedSemaphore, Condvar, Error, Event, FileLock, JoinableQueue, LifoQueue, Mutex,
    PlainQueue, Pool, PoolError, PriorityQueue, Process, Queue, RawArray, ReentrantMutex, RobustMutex,
    RobustSemaphore, RwLock, Semaphore, Shared, SharedMap, SharedVec, SimpleQueue, ThreadPool, pipe, spsc,
    spsc_bytes,
};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

#[path = "misuse/beginnings.rs"]
mod beginnings;
#[path = "misuse/panics.rs"]
mod panics;
#[path = "misuse/segments.rs"]
mod segments;

const EVER: Duration = Duration::MAX;

/// A name that nobody else uses.
fn name(what: &str) -> String {
    format!("misuse-{what}-{}", std::process::id())
}

/// What the child that does this ends with.
fn in_child(body: impl FnOnce() -> bool) -> bool {
    let child = fork(|| i32::from(!body())).unwrap();
    child.wait(None).unwrap().unwrap().success()
}

#[track_caller]
fn refuses<T>(result: Result<T, Error>, what: &str) {
    let Err(error) = result else { panic!("accepted; should have said {what:?}") };
    let text = error.to_string();
    assert!(text.contains(what) && !text.contains('\n'), "{text:?} does not say {what:?}");
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn a_wait_for_ever_and_longer_is_a_wait() {
        let (mutex, robust, reentrant) = (Mutex::new(0), RobustMutex::new(0), ReentrantMutex::new(0));
        assert!(mutex.try_lock_for(EVER).is_ok() && robust.try_lock_for(EVER).is_ok());
        assert!(reentrant.try_lock_for(EVER).is_ok());
        let lock = RwLock::new(0);
        assert!(lock.try_read_for(EVER).is_ok() && lock.try_write_for(EVER).is_ok());
        assert!(Semaphore::new(1).acquire_timeout(EVER) && BoundedSemaphore::new(1).acquire_timeout(EVER));
        assert!(RobustSemaphore::new(1).unwrap().acquire_timeout(EVER).is_some());
        assert!(Barrier::new(1).wait_timeout(EVER).is_ok());
        let queue = Queue::<u8>::bounded(1);
        queue.put_timeout(1, EVER).unwrap();
        assert_eq!(queue.get_timeout(EVER), Ok(1));
        let work = JoinableQueue::<u8>::unbounded();
        assert_eq!(work.join_timeout(EVER), Ok(true));
        let (one, mut two) = pipe(true).unwrap();
        one.send(&1_u8).unwrap();
        assert!(two.poll(Some(EVER)).unwrap() && two.recv::<u8>().is_ok());
        assert!(Process::spawn(|| ()).join_timeout(EVER).unwrap().is_some());
        // And it ends when what it waits for comes.
        let (event, changed, slow) = (Event::new(), Condvar::new(), Queue::<u8>::bounded(1));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| event.wait_timeout(EVER));
            let gets = scope.spawn(|| slow.get_timeout(EVER));
            let notified = scope.spawn(|| {
                let guard = mutex.lock().unwrap();
                !changed.wait_timeout_while(guard, EVER, |ready| *ready == 0).unwrap().1.timed_out()
            });
            event.set();
            slow.put(3).unwrap();
            *mutex.lock().unwrap() = 1;
            changed.notify_all();
            assert!(waits.join().unwrap() && notified.join().unwrap());
            assert_eq!(gets.join().unwrap(), Ok(3));
        });
    }

    #[test]
    fn sizes_that_cannot_be_are_refused_and_nothing_is_reserved() {
        for bad in [0, usize::MAX, usize::MAX / 2] {
            refuses(Queue::<u64>::try_bounded(bad), "the capacity of a queue is");
            refuses(PlainQueue::<u64>::try_bounded(bad), "the capacity of a queue is");
            refuses(LifoQueue::<u64>::try_bounded(bad), "the capacity of a queue is");
            refuses(PriorityQueue::<u64>::try_bounded(bad), "the capacity of a queue is");
            refuses(JoinableQueue::<u64>::try_bounded(bad), "the capacity of a queue is");
            refuses(Queue::<u8>::builder().bytes(bad).build(), "the memory of a queue in bytes is");
            refuses(spsc::<u64>(bad), "must be");
            refuses(spsc_bytes(bad, 8), "must be");
            refuses(SharedMap::<u64, u64>::new(bad), "must be");
            refuses(SharedVec::<u64>::new(bad), "must be");
            refuses(Pool::new(bad), "must be");
            refuses(ThreadPool::new(bad), "must be");
        }
        refuses(spsc_bytes(8, usize::MAX), "must be");
        refuses(Barrier::try_new(0), "must be");
        refuses(RobustSemaphore::new(u32::MAX), "must be");
        refuses(Semaphore::try_new(u32::MAX), "the number of permits of a semaphore is 4294967295");
        refuses(BoundedSemaphore::try_new(u32::MAX), "must be at most");
        refuses(Array::<u64>::try_new(usize::MAX), "must be");
        refuses(RawArray::<u64>::try_new(usize::MAX), "must be");
        // The short form says the same in its panic.
        let panic = catch_unwind(|| Queue::<u8>::bounded(0)).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("the capacity of a queue is 0"));
    }

    #[test]
    fn what_is_too_large_for_a_queue_comes_back() {
        let small = Queue::<Vec<u8>>::builder().capacity(2).bytes(4096).build().unwrap();
        let large = vec![7_u8; 1 << 20];
        let refused = small.put(large.clone()).unwrap_err();
        assert!(refused.to_string().contains("bytes"), "{refused}");
        assert_eq!(refused.into_item(), large);
        assert!(small.is_empty());
        small.put(vec![1]).unwrap();
        assert!(small.close() && !small.close());
        assert!(small.put(vec![2]).is_err_and(|error| error.to_string().contains("closed")));
        assert_eq!(small.get(), Ok(vec![1]));
        assert!(small.get().is_err_and(|error| error.to_string().contains("closed")));
        let (mut sender, mut receiver) = spsc_bytes(2, 8).unwrap();
        assert!(sender.send(&[0; 9]).is_err());
        sender.send(&[1; 8]).unwrap();
        assert_eq!(receiver.recv().unwrap(), [1; 8]);
    }

    #[test]
    fn a_copy_of_a_pool_in_a_child_does_nothing_to_the_pool() {
        let pool = Pool::new(2).unwrap();
        let (owner, born) = (std::process::id(), pool.worker_pids());
        let out = pool.apply_async(|x: u32| x + 1, 1).unwrap();
        let pool = RefCell::new(Some(pool));
        assert!(in_child(|| {
            // The child's copy alone is taken out, and dropped.
            let pool = pool.take().unwrap();
            let foreign = PoolError::OtherProcess { owner };
            let refused = pool.map(|x: u32| x, 0..3) == Err(foreign.clone())
                && out.get() == Err(foreign.clone())
                && pool.join() == Err(foreign);
            pool.close();
            pool.terminate();
            drop(pool);
            refused
        }));
        let pool = pool.take().unwrap();
        assert_eq!((out.get(), pool.map(|x: u32| x * 2, 0..3)), (Ok(2), Ok(vec![0, 2, 4])));
        assert_eq!(pool.worker_pids(), born, "nobody was killed");
    }

    #[test]
    fn a_worker_can_use_a_pool_of_its_own_kind_or_is_told() {
        let pool = Pool::new(1).unwrap();
        let nested = pool.apply(|(): ()| Pool::new(1).map(drop).map_err(|error| error.to_string()), ());
        let error = nested.unwrap().unwrap_err();
        assert!(error.contains("is a daemon and may have no children"), "{error}");
        // Threads wait for tasks of their own pool, and work on them meanwhile.
        let threads = Arc::new(ThreadPool::new(1).unwrap());
        let again = Arc::clone(&threads);
        let sum = move |number: u32| -> u32 {
            let deeper = Arc::clone(&again);
            let ones = move |number: u32| deeper.apply(move |one: u32| one + number, 1).unwrap();
            again.map(ones, 0..number).unwrap().iter().sum()
        };
        assert_eq!(threads.apply(sum, 4), Ok(10));
        let again = Arc::clone(&threads);
        let in_turn = move |number: u32| again.imap_unordered(|one: u32| one, 0..number, 1).unwrap().count();
        assert_eq!(threads.apply(in_turn, 9), Ok(9));
        let again = Arc::clone(&threads);
        let late = move |(): ()| {
            let asleep = again.apply_async(|(): ()| (), ()).unwrap();
            asleep.get_timeout(EVER)
        };
        assert_eq!(threads.apply(late, ()), Ok(Ok(())));
        let again = Arc::clone(&threads);
        let last = threads.apply_async(move |(): ()| { again.close(); again.join() }, ()).unwrap();
        assert_eq!(last.get(), Ok(Err(PoolError::OwnThread)));
        assert_eq!(threads.join(), Ok(()));
    }

    #[test]
    fn a_process_is_joined_by_its_parent_alone_and_as_often_as_one_likes() {
        let mut idle = Process::new(|| ());
        refuses(idle.join(), "was not started; call start() first");
        refuses(idle.kill(), "was not started");
        idle.start().unwrap();
        refuses(idle.start(), "was already started");
        assert!(idle.join().unwrap().success() && idle.join().unwrap().success());
        idle.terminate().unwrap();
        idle.close().unwrap();
        refuses(idle.join(), "was closed");
        // Who has a copy of the handle and is not the parent cannot wait, and is told.
        let gate = Shared::new(Event::new());
        let there = gate.clone();
        let sibling = Process::spawn(move || there.wait());
        assert!(in_child(|| {
            let error = sibling.join().unwrap_err();
            matches!(error, Error::Os { source, .. } if source.raw_os_error() == Some(nix::libc::ECHILD))
        }));
        assert!(sibling.is_alive());
        gate.set();
        assert!(sibling.join().unwrap().success());
    }

    #[test]
    fn a_guard_that_is_dropped_in_a_child_gives_nothing_back() {
        let path = std::env::temp_dir().join(name("file"));
        let mut file = FileLock::open(&path).unwrap();
        let shared = Shared::new((RobustMutex::new(1), RobustSemaphore::new(1).unwrap()));
        let held = (shared.0.lock().unwrap(), shared.1.acquire(), file.lock().unwrap());
        let held = RefCell::new(Some(held));
        let free = || {
            let file = FileLock::open(&path).unwrap().try_lock().is_ok();
            [shared.0.try_lock().is_ok(), shared.1.try_acquire().is_some(), file]
        };
        assert!(in_child(|| {
            drop(held.take());
            free() == [false; 3]
        }));
        assert_eq!(free(), [false; 3]);
        drop(held.take());
        assert_eq!(free(), [true; 3]);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn handles_outlive_who_made_them() {
        // An orphan goes on with what its parent made, and its parent's parent hears of it.
        let (results, ready) = (Queue::<u32>::unbounded(), Shared::new(Event::new()));
        let parent = Process::spawn({
            let (results, ready) = (results.clone(), ready.clone());
            move || {
                let own = Shared::new((Mutex::new(5), Semaphore::new(0)));
                let letters = SimpleQueue::<u32>::new();
                letters.put(6).unwrap();
                let orphan = fork(move || {
                    ready.wait();
                    own.1.release();
                    own.1.acquire();
                    let letter = letters.get().unwrap();
                    i32::from(results.put(*own.0.lock().unwrap() + letter).is_err())
                });
                orphan.map(|orphan| orphan.id()).unwrap();
                selvedge::exit(0)
            }
        });
        assert!(parent.join().unwrap().success());
        ready.set();
        assert_eq!(results.get(), Ok(11));
    }

    #[test]
    fn to_wait_for_ones_own_lock_is_a_panic_and_harms_nobody() {
        fn panics<R>(body: impl FnOnce() -> R) -> bool {
            let payload = catch_unwind(AssertUnwindSafe(|| drop(body()))).err();
            payload.is_some_and(|payload| {
                payload.downcast_ref::<&str>().is_some_and(|text| text.contains("has this lock already"))
            })
        }
        let mutex = RobustMutex::new(1);
        let held = mutex.lock().unwrap();
        assert!(panics(|| mutex.lock().is_ok()));
        assert!(mutex.try_lock().is_err() && mutex.try_lock_for(Duration::from_millis(1)).is_err());
        drop(held);
        assert_eq!(*mutex.lock().unwrap(), 1);
        let (queue, order) = (Queue::<u32>::bounded(3), PriorityQueue::<u32>::bounded(3));
        for item in [1, 2] {
            queue.put(item).unwrap();
            order.put(item).unwrap();
        }
        assert!(panics(|| queue.get_with(|_| queue.try_get())));
        assert!(panics(|| queue.get_with(|_| queue.get())));
        assert!(panics(|| order.get_with(|_| order.try_get())));
        // What was being read has stayed, and putting is somebody else's lock.
        assert_eq!(queue.get_with(|_| queue.put(3).is_ok() && queue.qsize() == 3), Ok(true));
        assert_eq!((queue.get(), queue.get(), queue.try_get().ok()), (Ok(2), Ok(3), None));
        assert_eq!((order.get(), order.get()), (Ok(1), Ok(2)));
    }

    #[test]
    fn permits_beyond_all_counting_are_refused() {
        let semaphore = Semaphore::new(1);
        refuses(semaphore.release_n(u32::MAX), "must be");
        assert_eq!(semaphore.value(), 1);
        let bounded = BoundedSemaphore::new(2);
        refuses(bounded.release(), "must be");
        assert!(bounded.try_acquire());
        refuses(bounded.release_n(2), "must be");
        assert_eq!(bounded.value(), 1);
        bounded.release().unwrap();
        refuses(JoinableQueue::<u8>::unbounded().task_done(), "");
    }
}
