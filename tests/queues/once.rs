//! Each item that was put is got once, in order, whoever dies.
//!
//! When a process dies here, it may have taken one item with it.

use crate::numbers::Numbers;
use crate::{BOTH, GRAINS, SCALE, passes, quiet};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Verdict, check, unobserved};

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
