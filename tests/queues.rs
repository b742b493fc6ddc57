//! Do queues keep their laws under every schedule, and while somebody is killed?
//!
//! In fibers and in processes, at both granularities: there each access of a word is a step,
//! and each step a kill point. Beside the laws stand queues that break them.

use selvedge::platform::Platform;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, Report, Verdict, check, unobserved};
use std::time::Duration;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];
const GRAINS: [Granularity; 2] = [Granularity::Operation, Granularity::Word];

/// A release build has time for more.
const SCALE: u64 = if cfg!(debug_assertions) { 1 } else { 30 };

fn quiet(engine: Engine, granularity: Granularity) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity).ignore_environment()
}

#[track_caller]
fn passes(report: &Report, what: &str) {
    let first = report.tally.first.as_ref().map(|found| &found.verdict);
    if let Some(why) = selvedge_harness::report::failure(report) {
        println!("{why}");
    }
    assert_eq!((first, &report.tally.inconclusive), (None, &None), "{what}");
}

/// What the law asks of a queue of numbers.
trait Numbers: Clone + Send + 'static {
    fn bounded(capacity: usize) -> Self;
    fn put(&self, item: u32);
    /// `None` once it is closed and empty.
    fn get(&self) -> Option<u32>;
    fn close(&self);
    /// Whether each producer's items leave in the order in which it put them.
    const IN_ORDER: bool = true;
}

impl Numbers for PlainQueue<u32> {
    fn bounded(capacity: usize) -> Self {
        PlainQueue::bounded(capacity)
    }
    fn put(&self, item: u32) {
        PlainQueue::put(self, item).unwrap();
    }
    fn get(&self) -> Option<u32> {
        match PlainQueue::get(self) {
            Ok(item) => Some(item),
            Err(error) => {
                assert_eq!(error, GetError::Closed);
                None
            }
        }
    }
    fn close(&self) {
        assert!(PlainQueue::close(self));
    }
}

impl Numbers for Queue<String> {
    fn bounded(capacity: usize) -> Self {
        Queue::builder().capacity(capacity).bytes(256).build().unwrap()
    }
    fn put(&self, item: u32) {
        Queue::put(self, item.to_string()).unwrap();
    }
    fn get(&self) -> Option<u32> {
        Queue::get(self).ok().map(|item| item.parse().unwrap())
    }
    fn close(&self) {
        Queue::close(self);
    }
}

impl Numbers for LifoQueue<u32> {
    fn bounded(capacity: usize) -> Self {
        LifoQueue::builder().capacity(capacity).bytes(256).build().unwrap()
    }
    fn put(&self, item: u32) {
        LifoQueue::put(self, item).unwrap();
    }
    fn get(&self) -> Option<u32> {
        LifoQueue::get(self).ok()
    }
    fn close(&self) {
        LifoQueue::close(self);
    }
    const IN_ORDER: bool = false;
}

impl Numbers for PriorityQueue<(u32, String)> {
    fn bounded(capacity: usize) -> Self {
        PriorityQueue::builder().capacity(capacity).bytes(1024).build().unwrap()
    }
    fn put(&self, item: u32) {
        PriorityQueue::put(self, (item, "text".repeat(item as usize))).unwrap();
    }
    fn get(&self) -> Option<u32> {
        let (item, text) = PriorityQueue::get(self).ok()?;
        assert_eq!(text, "text".repeat(item as usize));
        Some(item)
    }
    fn close(&self) {
        PriorityQueue::close(self);
    }
}

shareable! {
    struct Book {
        put: Value<u32>,
        got: [Value<u32>; 8],
        ended: Value<u32>,
    }
}

#[derive(Clone, Copy)]
struct Sizes {
    capacity: usize,
    producers: u32,
    each: u32,
    consumers: u32,
}

/// Each item that was put is got once, in order, by somebody who may have died with it.
fn each_item_once<Q: Numbers>(sizes: Sizes) {
    let queue = Q::bounded(sizes.capacity);
    let book = Shared::new(Book {
        put: Value::new(0),
        got: std::array::from_fn(|_| Value::new(0)),
        ended: Value::new(0),
    });
    let producers: Vec<_> = (0..sizes.producers)
        .map(|producer| {
            let (queue, book) = (queue.clone(), book.clone());
            Process::spawn(move || {
                for item in producer * sizes.each..(producer + 1) * sizes.each {
                    queue.put(item);
                    unobserved(|| book.put.fetch_add(1 << item));
                }
            })
        })
        .collect();
    let consumers: Vec<_> = (0..sizes.consumers)
        .map(|_| {
            let (queue, book) = (queue.clone(), book.clone());
            Process::spawn(move || {
                let mut last = [None; 4];
                while let Some(item) = queue.get() {
                    unobserved(|| book.got[item as usize].fetch_add(1));
                    let last = &mut last[(item / sizes.each) as usize];
                    let in_order = last.is_none_or(|last| last < item);
                    assert!(in_order || !Q::IN_ORDER, "{item} after {last:?}");
                    *last = Some(item);
                }
                unobserved(|| book.ended.fetch_add(1));
            })
        })
        .collect();
    for producer in producers {
        producer.join().unwrap();
    }
    queue.close();
    for consumer in consumers {
        consumer.join().unwrap();
    }
    let dead = sizes.consumers - book.ended.get();
    while let Some(item) = queue.get() {
        assert_eq!(dead, sizes.consumers, "left although somebody could have got it");
        book.got[item as usize].fetch_add(1);
    }
    let mut lost = 0;
    for item in 0..sizes.producers * sizes.each {
        let (put, got) = (book.put.get() >> item & 1, book.got[item as usize].get());
        assert!(got <= 1, "{item} was got {got} times");
        lost += put.saturating_sub(got);
    }
    assert!(lost <= dead, "{lost} items are lost, {dead} consumers died");
}

fn explore_all<Q: Numbers>(sizes: Sizes, kills: u8) {
    for engine in BOTH {
        for granularity in GRAINS {
            let executions = if engine == Engine::Sim { 600 } else { 30 } * SCALE;
            let config = quiet(engine, granularity).executions(executions).faults(Faults::kills(kills));
            let report = check(&config, move || each_item_once::<Q>(sizes)).unwrap();
            passes(&report, &format!("{engine:?} {granularity:?}, {kills} deaths"));
        }
    }
}

#[test]
fn each_item_is_got_once() {
    explore_all::<PlainQueue<u32>>(Sizes { capacity: 1, producers: 2, each: 2, consumers: 2 }, 0);
    explore_all::<PlainQueue<u32>>(Sizes { capacity: 2, producers: 2, each: 2, consumers: 2 }, 0);
    explore_all::<Queue<String>>(Sizes { capacity: 2, producers: 1, each: 4, consumers: 2 }, 0);
}

#[test]
fn each_item_is_got_once_whoever_dies() {
    for kills in [1, 2] {
        // One consumer is left, or a producer waits for ever.
        let consumers = u32::from(kills) + 1;
        explore_all::<PlainQueue<u32>>(Sizes { capacity: 1, producers: 2, each: 2, consumers }, kills);
        explore_all::<Queue<String>>(Sizes { capacity: 3, producers: 2, each: 2, consumers }, kills);
    }
}

#[test]
fn each_item_is_got_once_in_other_orders() {
    for kills in [0, 1] {
        let sizes = Sizes { capacity: 2, producers: 2, each: 2, consumers: 2 };
        explore_all::<LifoQueue<u32>>(sizes, kills);
        explore_all::<PriorityQueue<(u32, String)>>(sizes, kills);
    }
}

/// All work is done or lost with whoever died, and `join` comes back and tells which.
fn all_work_is_done_or_lost(workers: u32, items: u32) {
    let work = JoinableQueue::<u32>::bounded(2);
    let ended = Shared::new(Value::new(0_u32));
    let workers: Vec<_> = (0..workers)
        .map(|_| {
            let (work, ended) = (work.clone(), ended.clone());
            Process::spawn(move || {
                while work.get().is_ok() {
                    work.task_done().unwrap();
                }
                assert!(work.task_done().is_err());
                unobserved(|| ended.fetch_add(1));
            })
        })
        .collect();
    for item in 0..items {
        work.put(item).unwrap();
    }
    let lost = work.join().map_or_else(|lost| lost.tasks, |()| 0);
    assert!(work.is_empty());
    assert_eq!(work.join(), Ok(()), "told twice");
    work.close();
    let count = workers.len();
    for worker in workers {
        worker.join().unwrap();
    }
    let dead = count - ended.get() as usize;
    assert!(lost <= dead, "{lost} lost with {dead} dead");
}

#[test]
fn join_comes_back_whoever_dies() {
    for kills in [0, 1, 2] {
        for engine in BOTH {
            for granularity in GRAINS {
                let executions = if engine == Engine::Sim { 400 } else { 20 } * SCALE;
                let config = quiet(engine, granularity).executions(executions).faults(Faults::kills(kills));
                let program = move || all_work_is_done_or_lost(u32::from(kills) + 1, 3);
                passes(&check(&config, program).unwrap(), &format!("{engine:?} {granularity:?}, {kills}"));
            }
        }
    }
}

/// Broken: a place is claimed before the item is in it, so that whoever gets waits for ever
/// for the item of a producer that died in between.
#[derive(Clone)]
struct Claiming(Shared<Slots>);

shareable! {
    struct Slots { tail: Value<u32>, head: Value<u32>, slots: [Value<u32>; 16] }
}

impl Numbers for Claiming {
    fn bounded(_: usize) -> Self {
        let slots = std::array::from_fn(|_| Value::new(0));
        Claiming(Shared::new(Slots { tail: Value::new(0), head: Value::new(0), slots }))
    }
    fn put(&self, item: u32) {
        let place = self.0.tail.fetch_add(1);
        self.0.slots[place as usize].set(item + 1);
    }
    fn get(&self) -> Option<u32> {
        let place = self.0.head.fetch_add(1);
        self.0.slots[place as usize].await_ne(0).checked_sub(1).filter(|&item| item < 8)
    }
    fn close(&self) {
        for _ in 0..3 {
            self.put(8);
        }
    }
}

#[test]
fn who_claims_before_it_writes_is_caught() {
    let sizes = Sizes { capacity: 8, producers: 2, each: 1, consumers: 1 };
    let config = quiet(Engine::Sim, Granularity::Operation).executions(3000);
    let program = move || each_item_once::<Claiming>(sizes);
    passes(&check(&config, program).unwrap(), "nobody dies");
    let report = check(&config.faults(Faults::kills(1)), program).unwrap();
    assert_eq!(report.tally.first.map(|found| found.verdict), Some(Verdict::Deadlock));
}

shareable! {
    struct Line { queue: PlainQueue<u32>, sum: Value<u32> }
}

/// A queue in a declared state: who gets is held back until there is something, so that a
/// schedule is an order of puts and gets and nothing else.
fn line(capacity: usize, puts: u32) -> Program<Line> {
    Program::new("line", move || Line { queue: PlainQueue::bounded(capacity), sum: Value::new(0) })
        .task("producer", move |line| {
            for item in 1..=puts {
                line.queue.put(item).unwrap();
            }
        })
        .task("consumer", move |line| {
            for _ in 0..puts {
                let item = line.queue.get().unwrap();
                unobserved(|| line.sum.fetch_add(item));
            }
        })
        .finally(move |line| assert_eq!(line.sum.get(), puts * (puts + 1) / 2))
}

#[test]
fn there_are_as_many_schedules_as_orders() {
    // Orders of 3 puts and 3 gets in which at most `capacity` are ahead: 1, 4, 5.
    for (capacity, orders) in [(1, 1), (2, 4), (3, 5)] {
        let counts = BOTH.map(|engine| {
            let report = line(capacity, 3).check(&quiet(engine, Granularity::Operation).exhaust()).unwrap();
            passes(&report, "line");
            report.tally.executions
        });
        assert_eq!(counts, [orders; 2], "capacity {capacity}");
    }
}

#[test]
fn both_engines_see_the_same() {
    for granularity in GRAINS {
        let config = |engine| quiet(engine, granularity).seed(5).faults(Faults::kills(1));
        let [sim, real] = BOTH.map(|engine| line(2, 3).record(&config(engine), 0..100).unwrap());
        for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
            assert_eq!(a, b, "{granularity:?} execution {index}");
        }
    }
}

#[test]
fn a_get_that_nobody_serves_is_a_deadlock() {
    let program = || {
        let queue = PlainQueue::<u32>::bounded(1);
        assert!(queue.get().is_err());
    };
    for granularity in GRAINS {
        let report = check(&quiet(Engine::Sim, granularity).executions(5), program).unwrap();
        assert_eq!(report.tally.first.map(|found| found.verdict), Some(Verdict::Deadlock));
    }
}

shareable! {
    struct Bell { queue: PlainQueue<u32> }
}

/// One who gets, with a deadline, and some who put, the first of whom may be killed. Time only
/// passes when nobody can go on; so whoever gets an item after its deadline slept although
/// there was one.
fn bell(putters: usize) -> Program<Bell> {
    const LATE: Duration = Duration::from_millis(10);
    Program::new("bell", || Bell { queue: PlainQueue::bounded(2) })
        .task("getter", move |bell| {
            if bell.queue.get_timeout(LATE).is_ok() {
                assert!(Checked::now() < LATE.as_nanos() as u64, "slept on");
            }
        })
        .task("victim", |bell| bell.queue.put(1))
        .tasks("putter", putters - 1, |bell, _| bell.queue.put(2))
        .faults(Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) })
}

/// Each access to a word is a step, and each step of the victim a kill point.
#[test]
fn no_wake_up_is_lost_with_whoever_owed_it() {
    for (putters, preemptions) in [(1, 4), (2, 1)] {
        let bounded = Strategy::Dfs { preemptions: Some(preemptions) };
        let config = quiet(Engine::Sim, Granularity::Word).strategy(bounded).exhaust();
        let report = bell(putters).check(&config).unwrap();
        println!("{putters} putters, {preemptions} preemptions: {} executions", report.tally.executions);
        passes(&report, "bell");
        assert!(report.tally.complete);
    }
}

/// Time passes on the virtual clock while somebody waits, and those who give up forget
/// nobody.
#[test]
fn who_gives_up_takes_nothing_with_it() {
    let program = || {
        let queue = PlainQueue::<u32>::bounded(1);
        let waiter = |millis| {
            let queue = queue.clone();
            Process::spawn(move || match queue.get_timeout(Duration::from_millis(millis)) {
                Ok(item) => assert_eq!(item, 7),
                Err(error) => assert_eq!(error, GetError::Empty),
            })
        };
        let waiters = [waiter(5), waiter(10)];
        let patient = queue.clone();
        let patient = Process::spawn(move || assert_eq!(patient.get(), Ok(7)));
        for _ in 0..3 {
            let _ = queue.put_timeout(7, Duration::from_millis(7));
        }
        for waiter in waiters {
            assert!(waiter.join().unwrap().success());
        }
        let _ = queue.try_put(7);
        assert!(patient.join().unwrap().success());
    };
    for engine in BOTH {
        for granularity in GRAINS {
            let executions = if engine == Engine::Sim { 600 } else { 30 } * SCALE;
            let faults = Faults { timeouts: 2, spurious: 2, ..Faults::none() };
            let config = quiet(engine, granularity).executions(executions).faults(faults);
            passes(&check(&config, program).unwrap(), &format!("{engine:?} {granularity:?}"));
        }
    }
}
