//! The laws of queues between real processes: nothing is lost, doubled or overtaken, and who
//! waits is told. What follows when they are killed is in `kinds.rs`.
//!
//! When a process dies here, that is often the test.

use crate::family::{Family, LONG, Outcome, asleep, holds, is_caught, refute, until};
use crate::kills::{KILLS, survives};
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};
use rusty_fork::rusty_fork_test;
use selvedge::{Array, GetError, PlainQueue, Process, PutError, Queue, Shared, Value, shareable};
use std::time::Duration;

shareable! {
    struct Claims { tail: Value<u64>, head: Value<u64>, slots: [Value<u64>; 64] }
}

/// Broken: a place is claimed before the number is in it, as in every ring without locks.
#[derive(Clone)]
struct Claiming(Shared<Claims>);

impl Claiming {
    fn slot(&self, place: u64) -> &Value<u64> {
        &self.0.slots[place as usize % 64]
    }
}

impl Claiming {
    fn put(&self, number: u64) -> bool {
        let place = self.0.tail.fetch_add(1);
        while self.slot(place).compare_exchange(0, number + 1).is_err() {
            std::thread::yield_now();
        }
        true
    }
    fn get(&self) -> bool {
        let slot = self.slot(self.0.head.fetch_add(1));
        while slot.get() == 0 {
            std::thread::yield_now();
        }
        slot.set(0);
        true
    }
}

fn a_claimed_place_is_never_filled(kills: u32, seed: u64) -> Outcome {
    let claims =
        Claims { tail: Value::new(0), head: Value::new(0), slots: std::array::from_fn(|_| Value::new(0)) };
    let (queue, patience) = (Claiming(Shared::new(claims)), Duration::from_secs(1));
    let next: Array<u64> = Array::new(1);
    survives(4, kills, seed, patience, move |index| match index {
        0 | 1 => queue.put(next.fetch_add(0, 1)),
        _ => queue.get(),
    })
}

/// Words of all lengths through a small memory: each producer's come in its order, all come.
fn words_arrive(producers: usize, consumers: usize, words: u32, capacity: usize) -> Outcome {
    let queue: Queue<(usize, u32, String)> = Queue::builder().capacity(capacity).bytes(4096).build().unwrap();
    let sums: Array<u64> = Array::new(producers);
    let text = |number: u32| "x".repeat(number as usize * 37 % 500);
    let copy = queue.clone();
    let senders = Family::start(producers, move |index| {
        (0..words).all(|number| copy.put((index, number, text(number))).is_ok())
    });
    let (copy, got) = (queue.clone(), sums.clone());
    let receivers = Family::start(consumers, move |_| {
        let mut next = vec![0; producers];
        loop {
            match copy.get() {
                Ok((index, number, word)) => {
                    if number < next[index] || word != text(number) {
                        return false;
                    }
                    next[index] = number + 1;
                    got.fetch_add(index, u64::from(number) + 1);
                }
                Err(error) => return error == GetError::Closed,
            }
        }
    });
    senders.join()?;
    prop_assert!(queue.close());
    receivers.join()?;
    let all = u64::from(words) * (u64::from(words) + 1) / 2;
    prop_assert_eq!(sums.to_vec(), vec![all; producers], "refuted: words were lost or doubled");
    Ok(())
}

/// Closing tells those who wait for an item, or for room, wherever they wait.
fn closing_tells(waiters: usize, full: bool) -> Outcome {
    let queue = PlainQueue::bounded(1);
    if full {
        queue.put(0_u8).unwrap();
    }
    let copy = queue.clone();
    let family = Family::start(waiters, move |_| {
        if full {
            matches!(copy.put(1), Err(PutError::Closed(1)))
        } else {
            copy.get() == Err(GetError::Closed)
        }
    });
    until("that all wait", || family.iter().all(asleep))?;
    queue.close();
    family.join()
}

/// A sleeper that is killed takes nothing with it: the item goes to another one.
fn a_dead_sleeper_takes_nothing(waiters: usize) -> Outcome {
    let queue = PlainQueue::bounded(1);
    let copy = queue.clone();
    let family = Family::start(waiters, move |_| copy.get() == Ok(7_u8));
    until("that all wait", || family.iter().all(asleep))?;
    let rest: Vec<Process> = family.disband();
    let (dead, rest) =
        rest.split_first().ok_or_else(|| proptest::test_runner::TestCaseError::fail("nobody"))?;
    let _ = dead.kill().and_then(|()| dead.join());
    for _ in rest {
        if queue.put_timeout(7, LONG).is_err() {
            refute("there is no room for an item for each")?;
        }
    }
    for child in rest {
        match child.join_timeout(LONG) {
            Ok(Some(status)) if status.success() => {}
            other => refute(format!("a sleeper ended with {other:?}"))?,
        }
    }
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_ring_without_locks_does_not_survive() {
        is_caught("do not go on", || a_claimed_place_is_never_filled(KILLS, 5));
    }

    #[test]
    fn words_of_all_lengths_arrive() {
        holds(6, (1..=3_usize, 1..=3_usize, 1..=400_u32, 1..=40_usize),
            |(producers, consumers, words, capacity)| words_arrive(producers, consumers, words, capacity));
    }

    #[test]
    fn closing_tells_everybody() {
        holds(6, (1..=5_usize, any::<bool>()), |(waiters, full)| closing_tells(waiters, full));
    }

    #[test]
    fn a_sleeper_that_dies_takes_nothing() {
        holds(4, 2..=4_usize, a_dead_sleeper_takes_nothing);
    }
}
