//! What comes of one more than there is room for? It waits for its turn, or is refused with the
//! number that is allowed; it never waits for itself, and nobody else is harmed.
//!
//! Each test runs in a process of its own with a deadline. Limits that are arguments, such as
//! the capacity of a queue, are `misuse.rs`'s.

use rusty_fork::rusty_fork_test;
use selvedge::channel::Passed;
use selvedge::sync::LockError;
use selvedge::{
    Barrier, Condvar, Error, Event, GetError, JoinableQueue, Manager, Process, RobustMutex, RobustSemaphore,
    RwLock, Shared, Value, pipe, shareable,
};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(1);

/// What the panic says with which this ends.
fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(body()))).expect_err("it must panic");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap()
}

shareable! {
    struct Room {
        lock: RobustMutex<u32>,
        change: Condvar,
        waiting: Value<u32>,
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn who_reads_in_every_place_does_not_wait_for_itself() {
        const MOST: usize = RwLock::<u32>::READERS;
        let lock = RwLock::new(0);
        let guards: Vec<_> = (0..MOST).map(|_| lock.read().unwrap()).collect();
        assert!(matches!(lock.try_read(), Err(LockError::WouldBlock)));
        assert!(matches!(lock.try_read_for(MOMENT), Err(LockError::WouldBlock)));
        let why = panic_of(|| lock.read().is_ok());
        assert!(why.contains("has all 32 places"), "{why}");
        assert!(panic_of(|| lock.write().is_ok()).contains("has this lock already"));
        assert!(matches!(lock.try_write_for(MOMENT), Err(LockError::WouldBlock)));
        // With one more place somebody else, and the same task, can read; nothing was left locked.
        drop(guards.into_iter().next());
        std::thread::scope(|scope| assert_eq!(scope.spawn(|| *lock.read().unwrap()).join().unwrap(), 0));
        *lock.write().unwrap() += 1;
        assert_eq!(*lock.read().unwrap(), 1);
    }

    #[test]
    fn who_has_every_permit_does_not_wait_for_itself() {
        for permits in [1, 2, RobustSemaphore::MAX] {
            let seats = RobustSemaphore::new(permits).unwrap();
            let mut taken: Vec<_> = (0..permits).map(|_| seats.acquire()).collect();
            assert!(seats.try_acquire().is_none() && seats.acquire_timeout(MOMENT).is_none());
            let why = panic_of(|| drop(seats.acquire()));
            assert!(why.contains(&format!("has all {permits} places")), "{why}");
            drop(taken.pop());
            std::thread::scope(|scope| assert!(scope.spawn(|| seats.try_acquire().is_some()).join().unwrap()));
            drop(seats.acquire());
            drop(taken);
            assert_eq!(seats.value(), permits);
        }
        let error = RobustSemaphore::new(RobustSemaphore::MAX + 1).unwrap_err().to_string();
        assert!(error.contains("is 65, but must be from 1 to 64"), "{error}");
    }

    #[test]
    fn a_party_too_many_is_refused() {
        const MOST: u32 = Barrier::PARTIES;
        let error = Barrier::try_new(MOST + 1).unwrap_err().to_string();
        assert!(error.contains(&format!("is {}, but must be from 1 to {MOST}", MOST + 1)), "{error}");
        let barrier = Barrier::try_new(MOST).unwrap();
        std::thread::scope(|scope| {
            let parties: Vec<_> = (0..MOST).map(|_| scope.spawn(|| barrier.wait().unwrap())).collect();
            for party in parties {
                party.join().unwrap();
            }
        });
    }

    #[test]
    fn one_too_many_with_unfinished_work_is_refused_and_takes_nothing() {
        const MOST: u32 = 256;
        let work = JoinableQueue::bounded(MOST as usize + 2);
        (0..=MOST).for_each(|number| work.put(number).unwrap());
        let (got, finish) = (std::sync::Barrier::new(MOST as usize + 1), Event::new());
        std::thread::scope(|scope| {
            for _ in 0..MOST {
                scope.spawn(|| {
                    work.get().unwrap();
                    got.wait();
                    finish.wait();
                    work.task_done().unwrap();
                });
            }
            got.wait();
            let crowded = GetError::Crowded { most: MOST as usize };
            let text = crowded.to_string();
            assert!(text.contains("256 threads and processes have unfinished items"), "{text}");
            assert_eq!([work.get(), work.try_get(), work.get_timeout(MOMENT)], [const { &() }; 3].map(|()| Err(crowded.clone())));
            assert_eq!(work.qsize(), 1);
            assert!(work.task_done().is_err());
            finish.set();
        });
        assert_eq!(work.get(), Ok(MOST));
        work.task_done().unwrap();
        work.join().unwrap();
    }

    /// More waiters with robust locks than a condition knows of, and one of them dies as somebody
    /// is notified: if it was that one, another one comes back in its place, known or not.
    #[test]
    fn a_waiter_too_many_still_hears_of_the_death_of_another() {
        const WAITERS: u32 = 20;
        for victim in 0..WAITERS as usize {
            let room = Room { lock: RobustMutex::new(0), change: Condvar::new(), waiting: Value::new(0) };
            let room = Shared::new(room);
            let waiters: Vec<Process> = (0..WAITERS)
                .map(|_| {
                    let room = room.clone();
                    Process::spawn(move || {
                        let mut guard = room.lock.lock().unwrap();
                        room.waiting.fetch_add(1);
                        while *guard == 0 {
                            guard = room.change.wait(guard).unwrap();
                        }
                        *guard -= 1;
                        drop(guard);
                        room.change.notify_one();
                    })
                })
                .collect();
            while room.waiting.get() < WAITERS || room.lock.try_lock().is_err() {
                std::thread::yield_now();
            }
            let mut guard = room.lock.lock().unwrap();
            *guard = WAITERS - 1;
            // Each that comes back notifies the next one, so that the chain ends with a lost one.
            room.change.notify_one();
            waiters[victim].kill().unwrap();
            drop(guard);
            for (at, waiter) in waiters.iter().enumerate() {
                assert_eq!(waiter.join().unwrap().success(), at != victim, "waiter {at}");
            }
            assert_eq!(*room.lock.lock().unwrap(), 0);
        }
    }

    #[test]
    fn a_message_carries_as_many_descriptors_as_the_kernel_takes_and_not_one_more() {
        const MOST: usize = 253;
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let (left, mut right) = pipe(true).unwrap();
        let file = File::open("/dev/null").unwrap();
        let before = open();
        let copies = |count: usize| (0..count).map(|_| Passed(&file)).collect::<Vec<_>>();
        let error = left.send(&copies(MOST + 1)).unwrap_err().to_string();
        assert!(error.contains("more than 253 descriptors in one message"), "{error}");
        assert_eq!(open(), before, "what was not sent is open");
        left.send(&copies(MOST)).unwrap();
        let come: Vec<Passed<File>> = right.recv().unwrap();
        let same = |Passed(copy): &Passed<File>| copy.metadata().unwrap().rdev() == file.metadata().unwrap().rdev();
        assert_eq!(come.iter().filter(|copy| same(copy)).count(), MOST);
        drop(come);
        assert_eq!(open(), before, "what came is open");
    }

    /// The longest is kept; one byte more is refused before anything is sent.
    #[test]
    fn a_manager_is_sent_the_longest_message_and_not_one_byte_more() {
        const MOST: usize = 256 << 20;
        let manager: Manager = Manager::start().unwrap();
        let dict = manager.dict::<u8, String>().unwrap();
        let mut text = "x".repeat(MOST);
        let refused = |text: &String| match dict.insert(&1, text) {
            Err(Error::MessageTooLong { len, most: MOST }) => len as usize,
            _ => panic!("{} bytes of text were sent", text.len()),
        };
        // What a message has beside the text: where the text is shorter, two numbers that say how
        // long it is take a byte less each.
        let head = refused(&text) - MOST - 2;
        text.truncate(MOST - head + 1);
        assert_eq!(refused(&text), MOST + 1);
        assert_eq!(dict.len().unwrap(), 0);
        text.pop();
        dict.insert(&1, &text).unwrap();
        assert_eq!(dict.len().unwrap(), 1);
    }
}
