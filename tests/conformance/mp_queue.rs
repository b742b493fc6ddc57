//! Queues between processes: what `multiprocessing.Queue`, `JoinableQueue` and `SimpleQueue`
//! are relied on for.
//!
//! When a process dies here, that is a failure.

use rusty_fork::rusty_fork_test;
use selvedge::{
    Event, GetError, JoinableQueue, Process, PutError, Queue, Shared, SimpleQueue, Value, shareable,
};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
const SHORT: Duration = Duration::from_millis(20);

shareable! { struct Turns { child: Event, parent: Event } }

fn turns() -> Shared<Turns> {
    Shared::new(Turns { child: Event::new(), parent: Event::new() })
}

/// How long it took, and what came out.
fn timed<R>(body: impl FnOnce() -> R) -> (R, Duration) {
    let begin = Instant::now();
    (body(), begin.elapsed())
}

#[track_caller]
fn succeeds(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap().is_some_and(|status| status.success()));
}

/// An item that cannot be serialised where its number is 13.
#[derive(Debug, PartialEq, Deserialize)]
struct Unlucky(u32);

impl Serialize for Unlucky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            13 => Err(serde::ser::Error::custom("no 13, please")),
            number => serializer.serialize_u32(number),
        }
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_mpqueue_01_six_fit_and_the_seventh_is_refused_in_every_form() {
        let (queue, turns) = (Queue::bounded(6), turns());
        let child = Process::spawn({
            let (queue, turns) = (queue.clone(), turns.clone());
            move || {
                turns.child.wait();
                for item in 1..=6 {
                    assert_eq!(queue.get(), Ok(item));
                }
                turns.parent.set();
            }
        });
        assert!(queue.is_empty() && !queue.is_full());
        queue.put(1).unwrap();
        queue.put_timeout(2, LONG).unwrap();
        queue.try_put(3).unwrap();
        queue.put_timeout(4, Duration::ZERO).unwrap();
        queue.put_timeout(5, SHORT).unwrap();
        queue.put(6).unwrap();
        assert!(!queue.is_empty() && queue.is_full());
        assert!(matches!(queue.try_put(7), Err(PutError::Full(7))));
        assert!(matches!(queue.put_timeout(7, Duration::ZERO), Err(PutError::Full(7))));
        let (late, took) = timed(|| queue.put_timeout(7, SHORT));
        assert!(matches!(late, Err(PutError::Full(7))) && took >= SHORT);
        turns.child.set();
        assert!(turns.parent.wait_timeout(LONG));
        assert!(queue.is_empty() && !queue.is_full());
        succeeds(&child);
    }

    #[test]
    fn c_mpqueue_02_items_come_in_order_in_every_form() {
        let (queue, turns) = (Queue::unbounded(), turns());
        let child = Process::spawn({
            let (queue, turns) = (queue.clone(), turns.clone());
            move || {
                turns.child.wait();
                for item in 2..=5 {
                    queue.put(item).unwrap();
                }
                turns.parent.set();
            }
        });
        assert!(queue.is_empty());
        turns.child.set();
        assert!(turns.parent.wait_timeout(LONG));
        assert!(!queue.is_empty());
        assert_eq!(queue.get_timeout(LONG), Ok(2));
        assert_eq!(queue.get(), Ok(3));
        assert_eq!(queue.try_get(), Ok(4));
        assert_eq!(queue.get_timeout(Duration::ZERO), Ok(5));
        assert!(queue.is_empty());
        assert_eq!(queue.try_get(), Err(GetError::Empty));
        assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
        let (late, took) = timed(|| queue.get_timeout(SHORT));
        assert!(late == Err(GetError::Empty) && took >= SHORT);
        succeeds(&child);
    }

    #[test]
    fn c_mpqueue_03_a_timeout_is_not_too_early() {
        let queue = Queue::<u32>::unbounded();
        let (late, took) = timed(|| queue.get_timeout(Duration::from_millis(200)));
        assert!(late == Err(GetError::Empty) && took >= Duration::from_millis(200), "{took:?}");
    }

    #[test]
    fn c_mpqueue_04_the_size_follows() {
        let queue = Queue::unbounded();
        let mut sizes = vec![queue.qsize()];
        for item in [1, 5] {
            queue.put(item).unwrap();
            sizes.push(queue.qsize());
        }
        for _ in 0..2 {
            queue.get().unwrap();
            sizes.push(queue.qsize());
        }
        assert_eq!(sizes, [0, 1, 2, 1, 0]);
    }

    #[test]
    fn c_mpqueue_06_join_returns_when_four_processes_have_done_all() {
        let queue = JoinableQueue::unbounded();
        let done = Shared::new(Value::new(0_u32));
        let workers = [(); 4].map(|()| {
            let (queue, done) = (queue.clone(), done.clone());
            Process::spawn(move || {
                while let Ok(Some(_)) = queue.get() {
                    done.fetch_add(1);
                    queue.task_done().unwrap();
                }
                queue.task_done().unwrap();
            })
        });
        for item in 0..10 {
            queue.put(Some(item)).unwrap();
        }
        assert_eq!(queue.join_timeout(LONG), Ok(true));
        assert_eq!(done.get(), 10);
        for _ in &workers {
            queue.put(None).unwrap();
        }
        workers.iter().for_each(succeeds);
        assert_eq!(queue.join(), Ok(()));
    }

    /// There is no thread behind the queue that could fail unseen: who puts is told.
    #[test]
    fn c_mpqueue_08_what_cannot_be_serialised_is_told_with_the_item() {
        let queue = Queue::bounded(1);
        match queue.put(Unlucky(13)) {
            Err(PutError::Unencodable { item, reason }) => {
                assert_eq!(item, Unlucky(13));
                assert!(!reason.is_empty());
            }
            other => panic!("{other:?}"),
        }
        assert!(queue.is_empty());
        queue.put(Unlucky(14)).unwrap();
        assert_eq!(queue.get(), Ok(Unlucky(14)));
    }

    #[test]
    fn c_mpqueue_09_a_closed_queue_refuses_and_says_so() {
        let (queue, work) = (Queue::unbounded(), JoinableQueue::unbounded());
        queue.close();
        work.close();
        for refused in [queue.put("foo".to_owned()), work.put("foo".to_owned())] {
            let refused = refused.unwrap_err();
            assert!(refused.is_closed() && refused.to_string().contains("is closed"), "{refused}");
            assert_eq!(refused.into_item(), "foo");
        }
        for refused in [queue.get(), work.get()] {
            let refused = refused.unwrap_err();
            assert!(refused == GetError::Closed && refused.to_string().contains("is closed"), "{refused}");
        }
    }

    #[test]
    fn c_mpqueue_10_a_simple_queue_is_empty_and_then_is_not() {
        let (queue, turns) = (SimpleQueue::new(), turns());
        let child = Process::spawn({
            let (queue, turns) = (queue.clone(), turns.clone());
            move || {
                turns.child.wait();
                queue.put(queue.is_empty()).unwrap();
                queue.put(queue.is_empty()).unwrap();
                turns.parent.set();
            }
        });
        assert!(queue.is_empty());
        turns.child.set();
        assert!(turns.parent.wait_timeout(LONG));
        assert!(!queue.is_empty());
        assert_eq!((queue.get(), queue.get()), (Ok(true), Ok(false)));
        assert!(queue.is_empty());
        succeeds(&child);
    }

    #[test]
    fn c_mpqueue_11_to_close_twice_is_to_close_once_for_both_ends() {
        let queue = SimpleQueue::<u32>::new();
        assert!(queue.close() && !queue.close() && queue.is_closed());
        assert!(queue.put(1).unwrap_err().is_closed());
        assert_eq!(queue.get(), Err(GetError::Closed));
        let child = Process::spawn(move || assert!(queue.is_closed() && queue.get() == Err(GetError::Closed)));
        succeeds(&child);
    }

    #[test]
    fn c_mpqueue_12_a_child_makes_a_queue_and_children_of_its_own() {
        let child = Process::spawn(|| {
            let queue = Queue::unbounded();
            let grandchild = Process::spawn({
                let queue = queue.clone();
                move || queue.put(4).unwrap()
            });
            assert_eq!(queue.get(), Ok(4));
            succeeds(&grandchild);
        });
        succeeds(&child);
    }
}
