//! Queues between threads: what Python's module `queue` is relied on for.
//!
//! When a process dies here, that is a failure.

use selvedge::channel::{Codec, Order, Serial};
use selvedge::platform::Native;
use selvedge::{GetError, JoinableQueue, LifoQueue, PriorityQueue, PutError, Queue, SimpleQueue, channel};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::{scope, yield_now};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(1);

type Any<O> = channel::Queue<i32, Native, O>;

/// How long it took, and what came out.
fn timed<R>(body: impl FnOnce() -> R) -> (R, Duration) {
    let begin = Instant::now();
    (body(), begin.elapsed())
}

/// Fills a queue for three, empties it, and looks all the way, as Python's own test does.
fn fill_and_empty<O: Order>(queue: &Any<O>, order: [i32; 3])
where
    Serial: Codec<i32>,
{
    assert!(queue.is_empty() && !queue.is_full() && queue.qsize() == 0);
    for (item, size) in [(111, 1), (333, 2), (222, 3)] {
        queue.put(item).unwrap();
        assert_eq!((queue.qsize(), queue.is_empty(), queue.is_full()), (size, false, size == 3));
    }
    assert!(matches!(queue.try_put(4), Err(PutError::Full(4))));
    let (late, took) = timed(|| queue.put_timeout(4, SHORT));
    assert!(matches!(late, Err(PutError::Full(4))) && took >= SHORT);
    assert_eq!(order.map(|_| queue.get().unwrap()), order);
    assert!(queue.is_empty());
    assert_eq!(queue.try_get(), Err(GetError::Empty));
    let (late, took) = timed(|| queue.get_timeout(SHORT));
    assert!(late == Err(GetError::Empty) && took >= SHORT);
    // Who waits for room is let go by a get, and who waits for an item by a put.
    (0..3).for_each(|item| queue.put(item).unwrap());
    scope(|scope| {
        let waiting = scope.spawn(|| queue.put(3));
        assert!(queue.get().is_ok());
        assert!(waiting.join().unwrap().is_ok());
    });
    (0..3).for_each(|_| assert!(queue.get().is_ok()));
    scope(|scope| {
        let waiting = scope.spawn(|| queue.get());
        queue.put(5).unwrap();
        assert_eq!(waiting.join().unwrap(), Ok(5));
    });
}

#[test]
fn c_tqueue_01_each_kind_has_its_order_and_all_the_rest_in_common() {
    let (fifo, lifo, priority) = (Queue::bounded(3), LifoQueue::bounded(3), PriorityQueue::bounded(3));
    for _ in 0..2 {
        fill_and_empty(&fifo, [111, 333, 222]);
        fill_and_empty(&lifo, [222, 333, 111]);
        fill_and_empty(&priority, [111, 222, 333]);
    }
}

#[test]
fn c_tqueue_02_without_waiting_full_and_empty_are_told_exactly() {
    let (fifo, lifo, priority) = (Queue::bounded(2), LifoQueue::bounded(2), PriorityQueue::bounded(2));
    for item in 0..2 {
        assert!(fifo.try_put(item).is_ok() && lifo.try_put(item).is_ok() && priority.try_put(item).is_ok());
    }
    assert!(
        [fifo.try_put(2), lifo.try_put(2), priority.try_put(2)].map(|put| put.unwrap_err().is_full())
            == [true; 3]
    );
    for _ in 0..2 {
        assert!(fifo.try_get().is_ok() && lifo.try_get().is_ok() && priority.try_get().is_ok());
    }
    assert_eq!([fifo.try_get(), lifo.try_get(), priority.try_get()], [const { Err(GetError::Empty) }; 3]);
}

/// The type says it: no timeout is negative. None at all is not to wait.
#[test]
fn c_tqueue_03_a_negative_timeout_cannot_be_said() {
    assert!(Duration::try_from_secs_f64(-1.0).is_err());
    let queue = Queue::bounded(1);
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
    assert!(queue.put_timeout(1, Duration::ZERO).is_ok());
    assert!(queue.put_timeout(2, Duration::ZERO).unwrap_err().is_full());
}

#[test]
fn c_tqueue_04_to_be_done_more_often_than_there_was_work_is_an_error() {
    let queue = JoinableQueue::unbounded();
    assert!(queue.task_done().is_err());
    queue.put(1).unwrap();
    queue.get().unwrap();
    queue.task_done().unwrap();
    let error = queue.task_done().unwrap_err().to_string();
    assert!(error.contains("task_done() is one too many"), "{error}");
}

#[test]
fn c_tqueue_05_join_returns_when_all_is_done_and_again() {
    let queue = JoinableQueue::unbounded();
    let sum = AtomicI32::new(0);
    for round in 1..=2 {
        scope(|scope| {
            let workers = [(); 2].map(|()| {
                scope.spawn(|| {
                    while let Ok(item) = queue.get() {
                        if item < 0 {
                            queue.task_done().unwrap();
                            break;
                        }
                        sum.fetch_add(item, SeqCst);
                        queue.task_done().unwrap();
                    }
                })
            });
            (0..100).for_each(|item| queue.put(item).unwrap());
            queue.join().unwrap();
            assert_eq!(sum.load(SeqCst), round * 99 * 100 / 2);
            queue.put(-1).unwrap();
            queue.put(-1).unwrap();
            queue.join().unwrap();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        });
        queue.join().unwrap();
        assert!(queue.task_done().is_err());
    }
}

#[test]
fn c_tqueue_08_a_simple_queue_has_no_limit_and_says_when_it_is_empty() {
    let queue = SimpleQueue::new();
    assert!(queue.is_empty() && queue.qsize() == 0);
    for item in 0..100 {
        queue.put(item).unwrap();
        assert!(!queue.is_empty() && queue.qsize() == item + 1);
    }
    for item in 0..100 {
        assert_eq!(if item % 2 == 0 { queue.get() } else { queue.try_get() }, Ok(item));
    }
    assert!(queue.is_empty());
    assert_eq!(queue.try_get(), Err(GetError::Empty));
    let (late, took) = timed(|| queue.get_timeout(SHORT));
    assert!(late == Err(GetError::Empty) && took >= SHORT);
}

#[test]
fn c_tqueue_09_what_one_puts_another_gets_in_order() {
    let queue = SimpleQueue::new();
    let got: Vec<u32> = scope(|scope| {
        let consumer = scope.spawn(|| (0..1000).map(|_| queue.get().unwrap()).collect());
        (0..1000).for_each(|item| queue.put(item).unwrap());
        consumer.join().unwrap()
    });
    assert!(got.into_iter().eq(0..1000));
}

#[test]
fn c_tqueue_10_many_threads_lose_and_double_nothing() {
    const THREADS: u32 = 50;
    const EACH: u32 = 200;
    let queue = SimpleQueue::new();
    let got = Mutex::new(Vec::new());
    scope(|scope| {
        for thread in 0..THREADS {
            let queue = &queue;
            scope.spawn(move || {
                for item in thread * EACH..(thread + 1) * EACH {
                    queue.put(item).unwrap();
                    if item % 7 == 0 {
                        yield_now();
                    }
                }
            });
            let got = &got;
            scope.spawn(move || {
                let mine: Vec<u32> = (0..EACH).map(|_| queue.get().unwrap()).collect();
                got.lock().unwrap().extend(mine);
            });
        }
    });
    let mut got = got.into_inner().unwrap();
    got.sort_unstable();
    assert!(got.into_iter().eq(0..THREADS * EACH));
    assert!(queue.is_empty());
}

static ALIVE: AtomicI32 = AtomicI32::new(0);

/// Counts how many of it there are.
#[derive(Serialize)]
struct Counted(u8);

impl Counted {
    fn new() -> Counted {
        ALIVE.fetch_add(1, SeqCst);
        Counted(7)
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut counted = Counted::new();
        counted.0 = u8::deserialize(deserializer)?;
        Ok(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, SeqCst);
    }
}

/// The queue has bytes, not items: what is put is dropped at once, and what is got is the
/// getter's alone.
#[test]
fn c_tqueue_12_the_queue_keeps_no_item_alive() {
    let queue = SimpleQueue::new();
    queue.put(Counted::new()).unwrap();
    assert_eq!(ALIVE.load(SeqCst), 0);
    let item = queue.get().unwrap();
    assert_eq!((item.0, ALIVE.load(SeqCst)), (7, 1));
    drop(item);
    assert_eq!(ALIVE.load(SeqCst), 0);
}
