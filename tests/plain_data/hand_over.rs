//! Whatever one task waits for and another gives: what was done before is known after.

use super::*;

/// A writer writes and gives; a reader takes and reads. Then the writer gives first.
fn hands_over<P: Shareable>(name: &str, make: fn() -> P, give: fn(&P), take: fn(&P)) {
    let program = |first: bool| {
        Program::new(format!("{name}, written first {first}"), move || (make(), RaceCell::new(0)))
            .task("writer", move |(way, data): &Both<P>| {
                if first {
                    data.set(7);
                }
                give(way);
                if !first {
                    data.set(7);
                }
            })
            .task("reader", move |(way, data): &Both<P>| {
                take(way);
                let seen = data.get();
                assert!(!first || seen == 7, "{seen}");
            })
    };
    holds(&program(true));
    races(&program(false));
}

#[test]
fn a_semaphore() {
    hands_over("semaphore", || Semaphore::new(0), Semaphore::release, Semaphore::acquire);
}

#[test]
fn an_event() {
    hands_over("event", Event::new, Event::set, Event::wait);
}

#[test]
fn a_condition() {
    type Flag = (Mutex<bool>, Condvar);
    let give = |(flag, condition): &Flag| {
        *flag.lock().unwrap() = true;
        condition.notify_all();
    };
    let take = |(flag, condition): &Flag| {
        let mut set = flag.lock().unwrap();
        while !*set {
            set = condition.wait(set).unwrap();
        }
    };
    hands_over("condition", || (Mutex::new(false), Condvar::new()), give, take);
}

#[test]
fn a_barrier() {
    let meet = |barrier: &Barrier| _ = barrier.wait().unwrap();
    hands_over("barrier", || Barrier::new(2), meet, meet);
}

/// Who waits at a barrier, or comes to one, and is told that it is broken knows what was done
/// before it was.
#[test]
fn a_broken_barrier() {
    let wait = |barrier: &Barrier| _ = barrier.wait().unwrap_err();
    hands_over("broken barrier", || Barrier::new(2), Barrier::abort, wait);
    let in_action = Program::new("broken in the action", || (Barrier::new(1), RaceCell::new(0)))
        .task("breaker", |(barrier, data): &Both<Barrier>| {
            data.set(7);
            barrier.abort();
        })
        .task("last", |(barrier, data)| {
            let came = barrier.wait_with(|| visible(Kind::Step, "action", 0, || ()));
            if came.is_err() {
                data.get();
            }
        });
    holds(&in_action);
}

#[test]
fn a_once_cell() {
    let set = |cell: &OnceCell<u32>| cell.set(3).unwrap();
    let wait = |cell: &OnceCell<u32>| _ = cell.wait();
    hands_over("once cell", OnceCell::new, set, wait);
    hands_over("once", Once::new, |once| once.call_once(|| ()), Once::wait);
}

/// The accesses of numbers are relaxed: one that was waited for tells nothing about other
/// memory, although nobody ever sees it earlier here.
#[test]
fn a_number_hands_nothing_over() {
    let program = Program::new("value", || (Value::new(0), RaceCell::new(0)))
        .task("writer", |(flag, data): &Both<Value<u32>>| {
            data.set(7);
            flag.set(1);
        })
        .task("reader", |(flag, data): &Both<Value<u32>>| {
            flag.await_eq(1);
            data.get();
        });
    races(&program);
}

/// Threads of one process, since a queue is no part of a state.
fn through<Q: Clone + Send + Sync + 'static>(make: fn() -> Q, give: fn(&Q), take: fn(&Q)) {
    for (first, race) in [(true, false), (false, true)] {
        let body = || {
            let (queue, data) = (make(), std::sync::Arc::new(RaceCell::new(0_u64)));
            let taker = thread::spawn({
                let (queue, data) = (queue.clone(), data.clone());
                move || {
                    take(&queue);
                    data.get()
                }
            });
            if first {
                data.set(7);
            }
            give(&queue);
            if !first {
                data.set(7);
            }
            taker.join().unwrap();
        };
        for (engine, granularity, executions) in MODES {
            let config = Config::default().ignore_environment().engine(engine).granularity(granularity);
            let report = check(&config.executions(executions), body).unwrap();
            let verdict = report.finding.as_ref().map(|finding| &finding.recording.verdict);
            let name = format!("{engine:?} {granularity:?}, written first {first}: {verdict:?}");
            assert_eq!(matches!(verdict, Some(Verdict::Race { .. })), race, "{name}");
            assert_eq!(report.undecided(), None, "{name}");
        }
    }
}

#[test]
fn queues() {
    through(|| Queue::bounded(1), |queue: &Queue<u32>| queue.put(1).unwrap(), |queue| _ = queue.get());
    through(
        || PlainQueue::bounded(1),
        |queue: &PlainQueue<u32>| queue.put(1).unwrap(),
        |queue| _ = queue.get(),
    );
    through(LifoQueue::unbounded, |queue: &LifoQueue<u32>| queue.put(1).unwrap(), |queue| _ = queue.get());
    through(
        PriorityQueue::unbounded,
        |queue: &PriorityQueue<u32>| queue.put(1).unwrap(),
        |queue| _ = queue.get(),
    );
    through(SimpleQueue::new, |queue: &SimpleQueue<u32>| queue.put(1).unwrap(), |queue| _ = queue.get());
    through(
        JoinableQueue::unbounded,
        |queue: &JoinableQueue<u32>| queue.put(1).unwrap(),
        |queue| {
            _ = queue.get();
        },
    );
}

/// Who is told that a queue is closed knows what was done before it was.
#[test]
fn queues_that_are_closed() {
    fn full<Q>(queue: Q, put: fn(&Q)) -> Q {
        put(&queue);
        queue
    }
    through(Queue::unbounded, |queue: &Queue<u32>| _ = queue.close(), |queue| _ = queue.get().unwrap_err());
    through(
        LifoQueue::unbounded,
        |queue: &LifoQueue<u32>| _ = queue.close(),
        |queue| _ = queue.get().unwrap_err(),
    );
    through(
        || full(Queue::bounded(1), |queue| queue.put(1).unwrap()),
        |queue: &Queue<u32>| _ = queue.close(),
        |queue| _ = queue.put(2).unwrap_err(),
    );
    through(
        || full(LifoQueue::bounded(1), |queue| queue.put(1).unwrap()),
        |queue: &LifoQueue<u32>| _ = queue.close(),
        |queue| _ = queue.put(2).unwrap_err(),
    );
}

/// Who waits until all work is done knows of the work.
#[test]
fn work_that_is_done() {
    through(
        || {
            let queue = JoinableQueue::unbounded();
            queue.put(1).unwrap();
            queue
        },
        |queue: &JoinableQueue<u32>| {
            queue.get().unwrap();
            queue.task_done().unwrap();
        },
        |queue| queue.join().unwrap(),
    );
}

#[test]
fn pipes() {
    for duplex in [false, true] {
        for first in [true, false] {
            let body = || {
                let (mut reader, writer) = pipe(duplex).unwrap();
                let data = std::sync::Arc::new(RaceCell::new(0_u64));
                let taker = thread::spawn({
                    let data = data.clone();
                    move || {
                        reader.recv::<u32>().unwrap();
                        data.get()
                    }
                });
                if first {
                    data.set(7);
                }
                writer.send(&1_u32).unwrap();
                if !first {
                    data.set(7);
                }
                taker.join().unwrap();
            };
            let config = Config::default().ignore_environment().executions(50);
            let report = check(&config, body).unwrap();
            let verdict = report.finding.map(|finding| finding.recording.verdict);
            assert_eq!(matches!(verdict, Some(Verdict::Race { .. })), !first, "{verdict:?}");
        }
    }
}

/// Who finds an entry of a map knows what was done before it was put there.
#[test]
fn a_map() {
    type Map = std::sync::Arc<(SharedMap<u32, u32>, RaceCell<u64>)>;
    let body = |first: bool| {
        move || {
            let state: Map = std::sync::Arc::new((SharedMap::new(4).unwrap(), RaceCell::new(0)));
            let reader = thread::spawn({
                let state = state.clone();
                move || {
                    if state.0.get(&1).is_some() {
                        state.1.get();
                    }
                }
            });
            if first {
                state.1.set(7);
            }
            state.0.insert(1, 1).unwrap();
            if !first {
                state.1.set(7);
            }
            reader.join().unwrap();
        }
    };
    for granularity in [Granularity::Operation, Granularity::Word] {
        let config = Config::default().ignore_environment().granularity(granularity).executions(200);
        let verdict = |first| {
            let report = check(&config, body(first)).unwrap();
            report.finding.map(|finding| finding.recording.verdict)
        };
        assert_eq!(verdict(true), None, "{granularity:?}");
        assert!(matches!(verdict(false), Some(Verdict::Race { .. })), "{granularity:?}");
    }
}
