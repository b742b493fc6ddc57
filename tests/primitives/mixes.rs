//! Queues of messages of all lengths in little memory, used in every way at a time by processes
//! of which one after the other is killed: what comes is whole, comes once, and for each consumer
//! in the order in which each producer put it, where that is the queue's.
//!
//! When a process dies here, that is the test.

use crate::family::{LONG, Outcome, holds};
use crate::kills::{Moments, survives};
use proptest::prop_assert;
use proptest::test_runner::TestCaseError;
use rusty_fork::rusty_fork_test;
use selvedge::channel::{Fifo, Lifo, Order, Priority, Queue};
use selvedge::platform::Native;
use selvedge::{Array, GetError, PutError};
use std::cell::RefCell;
use std::time::Duration;

const KILLS: u32 = if cfg!(debug_assertions) { 60 } else { 1000 };
/// Numbers that each producer may use up in a test.
const NUMBERS: usize = 1 << 22;
/// A put of the number has returned.
const PUT: u8 = 1;
/// The number was got, once.
const GOT: u8 = 2;
const MOMENT: Duration = Duration::from_micros(30);

thread_local! {
    static CHOICES: RefCell<Moments> = RefCell::new(Moments::new(std::process::id().into()));
}

fn choice(of: u64) -> u64 {
    CHOICES.with_borrow_mut(|choices| choices.below(of))
}

/// How many put and get, and through what.
#[derive(Clone, Copy, Debug)]
struct Mix {
    producers: usize,
    consumers: usize,
    capacity: usize,
    bytes: usize,
}

/// A message: its number, and as many more bytes as it says itself.
fn message(number: u64, longest: u64) -> Vec<u8> {
    let len = choice(longest) as usize;
    number.to_le_bytes().into_iter().chain((0..len).map(|at| number as u8 ^ at as u8)).collect()
}

/// The number of a whole message.
fn whole(bytes: &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    let same = rest.iter().enumerate().all(|(at, &byte)| byte == number as u8 ^ at as u8);
    same.then_some(number as usize)
}

/// Puts it in one of three ways, until there is room.
fn put<O: Order>(queue: &Queue<Vec<u8>, Native, O>, mut message: Vec<u8>) -> bool {
    loop {
        let put = match choice(3) {
            0 => queue.try_put(message),
            1 => queue.put_timeout(message, MOMENT),
            _ => queue.put(message),
        };
        match put {
            Ok(()) => return true,
            Err(PutError::Full(back) | PutError::Busy(back)) => message = back,
            Err(_) => return false,
        }
    }
}

/// Gets a message in one of four ways, as soon as there is one, and its number.
fn get<O: Order>(queue: &Queue<Vec<u8>, Native, O>) -> Option<usize> {
    loop {
        let got = match choice(4) {
            0 => queue.try_get().map(|bytes| whole(&bytes)),
            1 => queue.get_timeout(MOMENT).map(|bytes| whole(&bytes)),
            2 => queue.get().map(|bytes| whole(&bytes)),
            // The first bytes say how many follow: more than 127 need two.
            _ => queue.get_with(|bytes: &[u8]| whole(&bytes[1 + usize::from(bytes[0] > 127)..])),
        };
        match got {
            Err(GetError::Empty | GetError::Busy) => std::thread::yield_now(),
            other => return other.ok().flatten(),
        }
    }
}

fn exactly_once<O: Order>(mix: Mix, in_order: bool, kills: u32, seed: u64) -> Outcome {
    let Mix { producers, consumers, capacity, bytes } = mix;
    let queue: Queue<Vec<u8>, Native, O> = Queue::builder()
        .capacity(capacity)
        .bytes(bytes)
        .build()
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    // With its key, which is no longer than twice the message, and its length.
    let longest = (queue.largest() / if O::KEYED { 4 } else { 1 }).saturating_sub(16).min(8000) as u64;
    // Of each consumer and producer the number after the last.
    let (begun, last) = (Array::<u64>::new(producers), Array::<u64>::new(consumers * producers));
    let fate = Array::<u8>::new(producers * NUMBERS);
    let work = {
        let (queue, begun, last, fate) = (queue.clone(), begun.clone(), last.clone(), fate.clone());
        move |index: usize| {
            if index < producers {
                // Nobody knows whether a dead producer's last number was put: it is not used again.
                let number = begun.fetch_add(index, 1) as usize * producers + index;
                let put = number < producers * NUMBERS && put(&queue, message(number as u64, longest));
                if put {
                    fate.fetch_add(number, PUT);
                }
                return put;
            }
            let Some(number) = get(&queue) else { return false };
            fate.fetch_add(number, GOT);
            let (place, after) = ((index - producers) * producers + number % producers, number as u64 + 1);
            let follows = !in_order || last.get(place) < after;
            last.set(place, after);
            follows
        }
    };
    survives(producers + consumers, kills, seed, LONG, work)?;
    while let Ok(bytes) = queue.try_get() {
        let number = whole(&bytes);
        prop_assert!(number.is_some(), "refuted: half a message was left");
        fate.fetch_add(number.unwrap_or_default(), GOT);
    }
    let (mut all, mut gone) = (0, 0);
    for producer in 0..producers {
        for number in (0..begun.get(producer) as usize).map(|count| count * producers + producer) {
            let fate = fate.get(number);
            all += u32::from(fate & PUT);
            gone += u32::from(fate == PUT);
            prop_assert!(fate / GOT <= 1, "refuted: {number} was got {} times", fate / GOT);
        }
    }
    // A consumer takes at most one with it.
    prop_assert!(gone <= kills + consumers as u32, "refuted: {gone} are gone after {kills} kills");
    prop_assert!(all > kills, "only {all} were put");
    Ok(())
}

/// Of several sizes: hardly any room, memory that is the limit, messages of many lines.
const MIXES: [Mix; 4] = [
    Mix { producers: 3, consumers: 2, capacity: 1, bytes: 256 },
    Mix { producers: 2, consumers: 3, capacity: 1 << 20, bytes: 1000 },
    Mix { producers: 4, consumers: 3, capacity: 3, bytes: 4096 },
    Mix { producers: 2, consumers: 2, capacity: 2, bytes: 1 << 16 },
];

fn all<O: Order>(in_order: bool) {
    for mix in MIXES {
        holds(1, proptest::prelude::any::<u64>(), |seed| exactly_once::<O>(mix, in_order, KILLS, seed));
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_queue_of_any_size_survives_whoever_uses_it() {
        all::<Fifo>(true);
    }

    #[test]
    fn a_stack_of_any_size_survives_whoever_uses_it() {
        all::<Lifo>(false);
    }

    #[test]
    fn a_heap_of_any_size_survives_whoever_uses_it() {
        all::<Priority>(false);
    }
}
