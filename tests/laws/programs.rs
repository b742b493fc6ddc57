// The basic law of every primitive, as one program each: so many processes do so many rounds,
// and whoever started them finds out whether the law held. It panics if not.
//
// Included twice by `tests/basic_laws.rs`, over real processes and under the scheduler, and
// once by the bench `laws`; so nothing here knows which.

/// A primitive, by the name of its type, and its law.
pub(crate) struct Law {
    pub(crate) primitive: &'static str,
    pub(crate) says: &'static str,
    pub(crate) program: fn(u32, u32),
}

/// Starts `count` processes and waits for them; all must end well.
fn all(count: u32, body: impl Fn(u32) + Clone + Send + 'static) {
    let children: Vec<Process> = (0..count)
        .map(|index| {
            let body = body.clone();
            Process::spawn(move || body(index))
        })
        .collect();
    for child in children {
        assert!(child.join().unwrap().success(), "the law was broken in a process");
    }
}

/// Whoever is `inside` is alone there: what it reads is still true when it writes.
fn excludes<S: Shareable + Send + Sync + 'static>(
    lock: S,
    (processes, rounds): (u32, u32),
    inside: fn(&S, &mut dyn FnMut()),
) {
    let shared = Shared::new(lock);
    let count = Shared::new(Value::<u32>::new(0));
    let (lock, number) = (shared.clone(), count.clone());
    all(processes, move |_| {
        for _ in 0..rounds {
            inside(&lock, &mut || number.set(number.get() + 1));
        }
    });
    assert_eq!(count.get(), processes * rounds, "somebody was not alone");
}

fn mutex(processes: u32, rounds: u32) {
    excludes(Mutex::new(0_u32), (processes, rounds), |lock, body| {
        let _guard = lock.lock().unwrap();
        body();
    });
}

fn robust_mutex(processes: u32, rounds: u32) {
    excludes(RobustMutex::new(0_u32), (processes, rounds), |lock, body| {
        let _guard = lock.lock().unwrap();
        body();
    });
}

fn reentrant_mutex(processes: u32, rounds: u32) {
    excludes(ReentrantMutex::new(0_u32), (processes, rounds), |lock, body| {
        let _outer = lock.lock().unwrap();
        let _inner = lock.lock().unwrap();
        body();
    });
}

fn once(processes: u32, rounds: u32) {
    for _ in 0..rounds.div_ceil(20) {
        let (once, done) = (Shared::new(Once::new()), Shared::new(Value::<u32>::new(0)));
        let (shared, count) = (once.clone(), done.clone());
        all(processes, move |_| {
            shared.call_once(|| count.set(count.get() + 1));
            assert_eq!(count.get(), 1, "done twice, or not yet");
        });
    }
}

fn once_cell(processes: u32, rounds: u32) {
    for _ in 0..rounds.div_ceil(20) {
        let (cell, made) = (Shared::new(OnceCell::<u64>::new()), Shared::new(Value::<u32>::new(0)));
        let (shared, count) = (cell.clone(), made.clone());
        all(processes, move |_| {
            let value = *shared.get_or_init(|| {
                count.set(count.get() + 1);
                42
            });
            assert_eq!((value, count.get()), (42, 1), "made twice, or seen half");
        });
    }
}

fn lazy_lock(processes: u32, rounds: u32) {
    for _ in 0..rounds.div_ceil(20) {
        let lazy = Shared::new(LazyLock::<[u64; 4]>::new(|| [7; 4]));
        let shared = lazy.clone();
        all(processes, move |_| assert_eq!(**shared, [7; 4], "seen half"));
    }
}

fn rw_lock(processes: u32, rounds: u32) {
    let lock = Shared::new(RwLock::new([0_u32; 2]));
    let shared = lock.clone();
    all(processes, move |index| {
        for round in 0..rounds {
            if (index + round).is_multiple_of(2) {
                let mut pair = shared.write().unwrap();
                pair[0] += 1;
                pair[1] += 1;
            } else {
                let pair = shared.read().unwrap();
                assert_eq!(pair[0], pair[1], "somebody wrote meanwhile");
            }
        }
    });
    let writes: u32 =
        (0..processes).flat_map(|index| (0..rounds).map(move |round| (index + round + 1) % 2)).sum();
    let pair = lock.read().unwrap();
    assert_eq!(*pair, [writes; 2], "a write was lost");
}

/// Never more than two inside, and every permit comes back.
fn limits<S: Shareable + Send + Sync + 'static>(
    room: S,
    (processes, rounds): (u32, u32),
    inside: fn(&S, &mut dyn FnMut()),
    free: fn(&S) -> u32,
) {
    let (room, count) = (Shared::new(room), Shared::new(Value::<u32>::new(0)));
    let (shared, number) = (room.clone(), count.clone());
    all(processes, move |_| {
        for _ in 0..rounds {
            inside(&shared, &mut || {
                let others = number.fetch_add(1);
                assert!(others < 2, "{others} others are inside with two permits");
                number.fetch_add(u32::MAX);
            });
        }
    });
    assert_eq!(free(&room), 2, "a permit was lost");
}

fn semaphore(processes: u32, rounds: u32) {
    let inside = |room: &Semaphore, body: &mut dyn FnMut()| {
        room.acquire();
        body();
        room.release();
    };
    limits(Semaphore::new(2), (processes, rounds), inside, |room| room.value());
}

fn bounded_semaphore(processes: u32, rounds: u32) {
    let inside = |room: &BoundedSemaphore, body: &mut dyn FnMut()| {
        room.acquire();
        body();
        room.release().unwrap();
    };
    limits(BoundedSemaphore::new(2), (processes, rounds), inside, |room| {
        assert!(room.release().is_err(), "a release too many was not refused");
        room.value()
    });
}

fn robust_semaphore(processes: u32, rounds: u32) {
    let inside = |room: &RobustSemaphore, body: &mut dyn FnMut()| {
        let _permit = room.acquire();
        body();
    };
    limits(RobustSemaphore::new(2).unwrap(), (processes, rounds), inside, |room| room.value());
}

shareable! {
    struct Turns { turn: Mutex<u32>, passed: Condvar }
    struct Lights { green: Event, ready: Semaphore, gone: Semaphore, again: Semaphore }
    struct Hall { barrier: Barrier, here: Value<u32> }
}

/// Everybody gets its turn, one after the other: no notification is lost.
fn condvar(processes: u32, rounds: u32) {
    let turns = Shared::new(Turns { turn: Mutex::new(0), passed: Condvar::new() });
    let shared = turns.clone();
    all(processes, move |index| {
        for _ in 0..rounds {
            let turn = shared.turn.lock().unwrap();
            let mut turn = shared.passed.wait_while(turn, |turn| *turn % processes != index).unwrap();
            *turn += 1;
            shared.passed.notify_all();
        }
    });
    assert_eq!(*turns.turn.lock().unwrap(), processes * rounds, "a turn was lost");
}

/// Each set releases everybody who waits for it.
fn event(processes: u32, rounds: u32) {
    let none = || Semaphore::new(0);
    let lights = Lights { green: Event::new(), ready: none(), gone: none(), again: none() };
    let lights = Shared::new(lights);
    let shared = lights.clone();
    all(processes + 1, move |index| {
        for _ in 0..rounds {
            if index < processes {
                shared.ready.release();
                shared.green.wait();
                shared.gone.release();
                // Nobody comes again before the light has changed.
                shared.again.acquire();
                continue;
            }
            (0..processes).for_each(|_| shared.ready.acquire());
            shared.green.set();
            (0..processes).for_each(|_| shared.gone.acquire());
            shared.green.clear();
            (0..processes).for_each(|_| shared.again.release());
        }
    });
    assert_eq!((lights.ready.value(), lights.gone.value(), lights.again.value()), (0, 0, 0));
}

/// Nobody passes before all of its generation are there.
fn barrier(processes: u32, rounds: u32) {
    let hall = Shared::new(Hall { barrier: Barrier::new(processes), here: Value::new(0) });
    let shared = hall.clone();
    all(processes, move |_| {
        for round in 1..=rounds {
            shared.here.fetch_add(1);
            shared.barrier.wait().unwrap();
            let here = shared.here.get();
            assert!(here >= processes * round, "passed with {here} in round {round}");
        }
    });
    assert_eq!(hall.here.get(), processes * rounds);
}

fn file_lock(processes: u32, rounds: u32) {
    // Another execution may be at work in another thread: each has a file of its own.
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Relaxed);
    let path = std::env::temp_dir().join(format!("selvedge-law-{}-{number}", std::process::id()));
    let count = Shared::new(Value::<u32>::new(0));
    let (place, number) = (path.clone(), count.clone());
    all(processes, move |_| {
        let mut lock = FileLock::open(&place).unwrap();
        for _ in 0..rounds {
            let _guard = lock.lock().unwrap();
            number.set(number.get() + 1);
        }
    });
    // Nothing is left behind, and nothing follows if it is.
    let _ = std::fs::remove_file(path);
    assert_eq!(count.get(), processes * rounds, "somebody was not alone");
}

/// In one step, or in two under its lock.
fn value(processes: u32, rounds: u32) {
    let values = Shared::new([Value::<u32>::new(0), Value::<u32>::new(0)]);
    let shared = values.clone();
    all(processes, move |_| {
        for _ in 0..rounds {
            shared[0].fetch_add(1);
            let number = shared[1].lock();
            number.set(number.get() + 1);
        }
    });
    assert_eq!([values[0].get(), values[1].get()], [processes * rounds; 2], "an addition was lost");
}

fn raw_value(processes: u32, rounds: u32) {
    let value = Shared::new(RawValue::<u32>::new(0));
    let shared = value.clone();
    all(processes, move |_| (0..rounds).for_each(|_| _ = shared.fetch_add(1)));
    assert_eq!(value.get(), processes * rounds, "an addition was lost");
}

fn array(processes: u32, rounds: u32) {
    let array = Array::<u32>::new(3);
    let shared = array.clone();
    all(processes, move |index| {
        (0..rounds).for_each(|round| _ = shared.fetch_add((index + round) as usize % 3, 1));
    });
    assert_eq!(array.to_vec().iter().sum::<u32>(), processes * rounds, "an addition was lost");
}

fn shared_map(processes: u32, rounds: u32) {
    let map = SharedMap::<u32, [u32; 2]>::new(processes as usize).unwrap();
    let shared = map.clone();
    all(processes, move |index| {
        for round in 1..=rounds {
            let before = shared.insert(index, [round, round]).unwrap();
            assert_eq!(before.map_or(0, |pair| pair[0]), round - 1, "an entry was lost");
            let other = shared.get(&((index + 1) % processes)).unwrap_or_default();
            assert_eq!(other[0], other[1], "torn");
        }
    });
    assert_eq!(map.len(), processes as usize);
}

/// What is pushed is there once.
fn shared_vec(processes: u32, rounds: u32) {
    let list = SharedVec::<u32>::new((processes * rounds) as usize).unwrap();
    let shared = list.clone();
    all(processes, move |index| {
        (0..rounds).for_each(|round| _ = shared.push(index * rounds + round).unwrap());
    });
    let mut elements = list.to_vec();
    elements.sort_unstable();
    assert_eq!(elements, (0..processes * rounds).collect::<Vec<u32>>(), "lost or doubled");
}

/// No change of a value is lost, and no place is given to two.
fn arena(processes: u32, rounds: u32) {
    let arena = Arena::<u32>::new(processes as usize + 1).unwrap();
    let all_of_them = arena.insert(0).unwrap();
    let shared = arena.clone();
    all(processes, move |index| {
        let own = shared.insert(index).unwrap();
        (0..rounds).for_each(|_| _ = shared.update(all_of_them, |count| count + 1).unwrap());
        assert_eq!(shared.get(own), Some(index), "its place was given to two");
    });
    assert_eq!((arena.get(all_of_them), arena.len()), (Some(processes * rounds), processes as usize + 1));
}

/// What is put comes out once, and in its producer's order where the queue keeps that.
macro_rules! conserves {
    ($($law:ident: $make:expr, in order: $ordered:expr;)*) => {$(
        fn $law(processes: u32, rounds: u32) {
            let (producers, consumers) = (processes.div_ceil(2), processes.max(2) / 2);
            let queue = $make;
            let sums = Array::<u32>::new(producers as usize);
            let (shared, got) = (queue.clone(), sums.clone());
            let getters: Vec<Process> = (0..consumers)
                .map(|_| {
                    let (queue, got) = (shared.clone(), got.clone());
                    Process::spawn(move || {
                        let mut last = vec![0; producers as usize];
                        while let Ok((producer, number)) = queue.get() {
                            let last = &mut last[producer as usize];
                            assert!(!$ordered || *last < number, "{number} after {last}");
                            *last = number;
                            got.fetch_add(producer as usize, number);
                        }
                    })
                })
                .collect();
            all(producers, move |index| {
                (1..=rounds).for_each(|number| shared.put((index, number)).unwrap());
            });
            queue.close();
            for getter in getters {
                assert!(getter.join().unwrap().success(), "the law was broken in a process");
            }
            let each = rounds * (rounds + 1) / 2;
            assert_eq!(sums.to_vec(), vec![each; producers as usize], "lost or doubled");
        }
    )*};
}

conserves! {
    queue: Queue::<(u32, u32)>::bounded(2), in order: true;
    plain_queue: Couples(PlainQueue::<[u32; 2]>::bounded(2)), in order: true;
    simple_queue: SimpleQueue::<(u32, u32)>::new(), in order: true;
    lifo_queue: LifoQueue::<(u32, u32)>::bounded(2), in order: false;
    priority_queue: PriorityQueue::<(u32, u32)>::bounded(2), in order: false;
}

/// Items that are their bytes are no tuples.
#[derive(Clone)]
struct Couples(PlainQueue<[u32; 2]>);

impl Couples {
    fn put(&self, (producer, number): (u32, u32)) -> Result<(), PutError<[u32; 2]>> {
        self.0.put([producer, number])
    }
    fn get(&self) -> Result<(u32, u32), GetError> {
        self.0.get().map(|[producer, number]| (producer, number))
    }
    fn close(&self) {
        self.0.close();
    }
}

fn joinable_queue(processes: u32, rounds: u32) {
    let queue = JoinableQueue::<u32>::bounded(2);
    let done = Shared::new(Value::<u32>::new(0));
    let children: Vec<Process> = (0..processes)
        .map(|_| {
            let (queue, done) = (queue.clone(), done.clone());
            Process::spawn(move || {
                while queue.get().is_ok() {
                    done.fetch_add(1);
                    queue.task_done().unwrap();
                }
            })
        })
        .collect();
    for round in 0..rounds {
        queue.put(round).unwrap();
    }
    queue.join().unwrap();
    assert_eq!(done.get(), rounds, "join came back before all was done");
    queue.close();
    for child in children {
        assert!(child.join().unwrap().success());
    }
}

fn channel(processes: u32, rounds: u32) {
    let mut ends = Vec::new();
    for _ in 0..processes.div_ceil(2) {
        let (mut sender, mut receiver) = spsc::<u32>(2).unwrap();
        ends.push(Process::spawn(move || (0..rounds).for_each(|number| sender.send(number).unwrap())));
        ends.push(Process::spawn(move || {
            (0..rounds).for_each(|number| assert_eq!(receiver.recv(), Ok(number)));
            assert_eq!(receiver.recv(), Err(GetError::Closed), "more came than was sent");
        }));
    }
    for end in ends {
        assert!(end.join().unwrap().success(), "the law was broken in a process");
    }
}

fn connection(processes: u32, rounds: u32) {
    let lines: Vec<(Process, Connection)> = (0..processes)
        .map(|index| {
            let (reader, writer) = pipe(false).unwrap();
            let body = move || (0..rounds).for_each(|number| writer.send(&(index, number)).unwrap());
            (Process::spawn(body), reader)
        })
        .collect();
    for (index, (child, mut reader)) in (0..).zip(lines) {
        for number in 0..rounds {
            assert_eq!(reader.recv::<(u32, u32)>().unwrap(), (index, number), "another message");
        }
        assert!(reader.recv::<(u32, u32)>().is_err(), "more came than was sent");
        assert!(child.join().unwrap().success());
    }
}

/// Every primitive: a new one without an entry here fails a test.
pub(crate) const LAWS: &[Law] = &[
    law("Arena", "no change is lost, and no place has two owners", arena),
    law("Array", "no addition is lost", array),
    law("Barrier", "nobody passes before all are there", barrier),
    law("BoundedSemaphore", "no more inside than permits, and none too many", bounded_semaphore),
    law("Condvar", "no notification is lost", condvar),
    law("Connection", "whole messages, in order, and then the end", connection),
    law("Event", "a set releases all", event),
    law("FileLock", "one at a time", file_lock),
    law("JoinableQueue", "join comes back when all is done", joinable_queue),
    law("LazyLock", "made once, seen whole", lazy_lock),
    law("LifoQueue", "each item once", lifo_queue),
    law("Mutex", "one at a time", mutex),
    law("Once", "done once, before anybody goes on", once),
    law("OnceCell", "made once, seen whole", once_cell),
    law("PlainQueue", "each item once, in order", plain_queue),
    law("PriorityQueue", "each item once", priority_queue),
    law("Queue", "each item once, in order", queue),
    law("RawValue", "no addition is lost", raw_value),
    law("ReentrantMutex", "one at a time, however deep", reentrant_mutex),
    law("RobustMutex", "one at a time", robust_mutex),
    law("RobustSemaphore", "no more inside than permits", robust_semaphore),
    law("RwLock", "who writes is alone", rw_lock),
    law("Semaphore", "no more inside than permits", semaphore),
    law("Sender", "each item once, in order, and then the end", channel),
    law("SharedMap", "entries are whole", shared_map),
    law("SharedVec", "each element once", shared_vec),
    law("SimpleQueue", "each item once, in order", simple_queue),
    law("Value", "no addition is lost", value),
];

const fn law(primitive: &'static str, says: &'static str, program: fn(u32, u32)) -> Law {
    Law { primitive, says, program }
}
