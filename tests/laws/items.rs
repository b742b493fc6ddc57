//! What goes through queues, pipes and pools.

use super::*;

/// What a program of threads puts into and gets out of.
trait Way: Clone + Send + Sync + 'static {
    fn put(&self, item: u64);
    fn get(&self) -> u64;
}

impl Way for Queue<u64> {
    fn put(&self, item: u64) {
        Queue::put(self, item).unwrap();
    }
    fn get(&self) -> u64 {
        Queue::get(self).unwrap()
    }
}

impl Way for LifoQueue<u64> {
    fn put(&self, item: u64) {
        LifoQueue::put(self, item).unwrap();
    }
    fn get(&self) -> u64 {
        LifoQueue::get(self).unwrap()
    }
}

/// A place for one item that does not wait until it is empty.
impl Way for Arc<(Value<u64>, Semaphore)> {
    fn put(&self, item: u64) {
        self.0.set(item);
        self.1.release();
    }
    fn get(&self) -> u64 {
        self.1.acquire();
        self.0.get()
    }
}

fn mailbox() -> Arc<(Value<u64>, Semaphore)> {
    Arc::new((Value::new(0), Semaphore::new(0)))
}

fn three_items<W: Way>(way: fn() -> W, ordered: bool) -> impl Fn() + Sync {
    move || {
        let (way, delivery) = (way(), Arc::new(Delivery::new()));
        let producer = thread::spawn({
            let (way, delivery) = (way.clone(), delivery.clone());
            move || {
                for item in 1..=3 {
                    delivery.put(item);
                    way.put(item);
                }
            }
        });
        (0..3).for_each(|_| delivery.got(way.get()));
        producer.join().unwrap();
        if ordered { delivery.in_order() } else { delivery.complete() }
    }
}

#[test]
fn no_lost_duplicated_or_reordered_item() {
    body_keeps(three_items(|| Queue::<u64>::bounded(2), true));
    body_keeps(three_items(LifoQueue::<u64>::unbounded, false));
    body_breaks(&SAME_ITEMS, three_items(LifoQueue::<u64>::unbounded, true));
    body_breaks(&SAME_ITEMS, three_items(mailbox, false));
}

fn two_producers<W: Way>(way: fn() -> W) -> impl Fn() + Sync {
    move || {
        let way = way();
        let producers = [0, 1].map(|producer| {
            let way = way.clone();
            thread::spawn(move || (1..=2).for_each(|number| way.put(producer * 10 + number)))
        });
        let order = PerProducer::new();
        for _ in 0..4 {
            let item = way.get();
            order.got(item as usize / 10, item % 10);
        }
        producers.into_iter().for_each(|producer| producer.join().unwrap());
    }
}

#[test]
fn per_producer_fifo() {
    body_keeps(two_producers(|| Queue::<u64>::bounded(2)));
    body_breaks(&FIFO_PER_PRODUCER, two_producers(LifoQueue::<u64>::unbounded));
}

shareable! {
    struct Shelf { lock: Mutex<u32>, room: Condvar, filled: Filled }
}

fn shelf(looks_under_the_lock: bool) -> Program<Shelf> {
    let state = || Shelf { lock: Mutex::new(0), room: Condvar::new(), filled: Filled::new(1) };
    Program::new(format!("looks under the lock {looks_under_the_lock}"), state)
        .tasks("putter", 2, move |shelf, _| {
            if looks_under_the_lock {
                let items = shelf.lock.lock().unwrap();
                let mut items = shelf.room.wait_while(items, |items| *items == 1).unwrap();
                *items += 1;
                shelf.filled.put();
            } else {
                while *shelf.lock.lock().unwrap() == 1 {
                    drop(shelf.room.wait(shelf.lock.lock().unwrap()));
                }
                *shelf.lock.lock().unwrap() += 1;
                shelf.filled.put();
            }
        })
        .task("getter", |shelf| {
            let mut items = shelf.lock.lock().unwrap();
            if *items > 0 {
                shelf.filled.getting();
                *items -= 1;
                shelf.room.notify_one();
            }
        })
}

#[test]
fn capacity_never_exceeded() {
    body_keeps(|| {
        let (queue, filled) = (Queue::<u64>::bounded(1), Arc::new(Filled::new(1)));
        let getter = thread::spawn({
            let (queue, filled) = (queue.clone(), filled.clone());
            move || {
                for _ in 0..3 {
                    filled.getting();
                    queue.get().unwrap();
                }
            }
        });
        for item in 0..3 {
            queue.put(item).unwrap();
            filled.put();
        }
        getter.join().unwrap();
    });
    breaks(&CAPACITY, &shelf(false));
}

#[test]
fn eof_only_after_the_last_message() {
    let program = |waits_for_the_end: bool| {
        move || {
            let (mut reader, writer) = pipe(false).unwrap();
            let state = Shared::new((Value::new(0_u32), Messages::new()));
            let child = Process::spawn({
                let state = state.clone();
                move || {
                    for message in 0..2_u32 {
                        writer.send(&message).unwrap();
                        state.1.sent();
                    }
                    state.0.set(1);
                }
            });
            loop {
                let seen = !waits_for_the_end && state.0.get() == 1;
                if seen || reader.recv::<u32>().is_err() {
                    break;
                }
                state.1.received();
            }
            state.1.ended();
            child.join().unwrap();
        }
    };
    body_keeps(program(true));
    body_breaks(&END_AFTER_LAST, program(false));
}

/// What the last reader finds comes once, and nothing comes after it.
#[test]
fn the_end_is_the_end() {
    let program = |asks_again: bool| {
        move || {
            let (queue, messages) = (Queue::<u64>::unbounded(), Messages::new());
            // A queue that is empty for the moment is taken for one that is closed.
            while queue.try_get().is_ok() {}
            messages.ended();
            if asks_again {
                while queue.try_get().is_ok() {}
                messages.ended();
            } else {
                queue.put(1).unwrap();
                messages.sent();
                queue.get().unwrap();
                messages.received();
            }
        }
    };
    body_breaks(&END_AFTER_LAST, program(true));
    body_breaks(&END_AFTER_LAST, program(false));
}

shareable! {
    struct Work { next: Value<u32>, jobs: Jobs, results: [Value<u32>; 3] }
}

fn workers(next: fn(&Value<u32>) -> u32) -> Program<Work> {
    let state = || Work { next: Value::new(0), jobs: Jobs::new(), results: [7, 7, 7].map(Value::new) };
    Program::new("workers", state)
        .tasks("worker", 2, move |work, _| {
            loop {
                let number = next(&work.next);
                let Some(result) = work.results.get(number as usize) else { break };
                work.jobs.done(number as usize);
                result.set(number);
            }
        })
        .finally(|work| work.jobs.finished(3, work.results.iter().map(|result| result.get() as usize)))
}

#[test]
fn exactly_once_tasks_and_results_in_order() {
    keeps(&workers(|next| next.fetch_add(1)));
    breaks(
        &EXACTLY_ONCE,
        &workers(|next| {
            let number = next.get();
            next.set(number + 1);
            number
        }),
    );
}

/// Each of the three by itself: a task that two do; one that nobody does; results that stand in
/// the order in which they came.
#[test]
fn tasks_done_twice_or_never_and_results_out_of_order() {
    let state = || Work { next: Value::new(0), jobs: Jobs::new(), results: [7, 7, 7].map(Value::new) };
    let given_twice = Program::new("given twice", state).tasks("worker", 2, |work, _| work.jobs.done(0));
    breaks(&EXACTLY_ONCE, &given_twice);
    let guessed = Program::new("guessed", state)
        .task("worker", |work| {
            work.jobs.done(0);
            work.jobs.done(2);
            (0..3).for_each(|number| work.results[number].set(number as u32));
        })
        .finally(|work| work.jobs.finished(3, work.results.iter().map(|result| result.get() as usize)));
    breaks(&EXACTLY_ONCE, &guessed);
    let as_they_come = Program::new("as they come", move || (state(), Value::new(0_u32)))
        .tasks("worker", 3, |(work, stored): &(Work, Value<u32>), _| {
            let number = work.next.fetch_add(1);
            work.jobs.done(number as usize);
            work.results[stored.fetch_add(1) as usize].set(number);
        })
        .finally(|(work, _)| work.jobs.finished(3, work.results.iter().map(|result| result.get() as usize)));
    breaks(&EXACTLY_ONCE, &as_they_come);
}

/// Neither work nor an answer that nobody asked for goes unnoticed: workers that take one task more
/// than there are, and one that answers it as well.
#[test]
fn tasks_that_nobody_gave() {
    let state = || Work { next: Value::new(0), jobs: Jobs::new(), results: [7, 7, 7].map(Value::new) };
    let greedy = |answers: usize, works: bool| {
        Program::new("greedy", state)
            .tasks("worker", 2, move |work, _| {
                while let number @ ..3 = work.next.fetch_add(1) as usize {
                    if works || number < 2 {
                        work.jobs.done(number);
                    }
                    work.results[number].set(number as u32);
                }
            })
            .finally(move |work| {
                let results = work.results.iter().map(|result| result.get() as usize);
                work.jobs.finished(2, results.take(answers));
            })
    };
    keeps(&greedy(2, false));
    breaks(&EXACTLY_ONCE, &greedy(2, true));
    breaks(&EXACTLY_ONCE, &greedy(3, false));
}

/// The pool that is shipped keeps the law, too.
#[test]
fn a_pool_does_each_task_once() {
    body_keeps(|| {
        let jobs = Arc::new(Jobs::new());
        let pool = ThreadPool::new(2).unwrap();
        let seen = jobs.clone();
        let results = pool.map(
            move |number: usize| {
                seen.done(number);
                number
            },
            0..3,
        );
        jobs.finished(3, results.unwrap());
    });
}
