//! Every kind of queue while one process after the other is killed and replaced: exactly once
//! for whatever was acknowledged.
//!
//! A number is acknowledged as put when its `put` has returned, and as got when its `get` has.
//! What a consumer was about to take when it was killed may be gone with it, and is known: it
//! takes it down in place, before it takes it out.
//!
//! When a process dies here, that is the test.

use crate::family::{LONG, Outcome, holds, is_caught, refute};
use crate::kills::{KILLS, survives};
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};
use rusty_fork::rusty_fork_test;
use selvedge::{Array, JoinableQueue, LifoQueue, PlainQueue, PriorityQueue, Queue, SimpleQueue};

/// Kills for the kinds that have most of their code in common with the first.
const OTHERS: u32 = if cfg!(debug_assertions) { 100 } else { 1000 };
/// Numbers that each producer may use up in a test.
const NUMBERS: usize = 1 << 25;
/// A put of the number has returned.
const PUT: u8 = 1;
/// The number was got, once.
const GOT: u8 = 2;
/// Two who put and two who get.
const WORKERS: usize = 4;

/// What the law asks of a queue of numbers.
trait Kind: Clone + Send + 'static {
    /// Whether `get` shows a number before it takes it.
    const SHOWS: bool = true;
    fn make() -> Self;
    fn put(&self, number: u64) -> bool;
    fn get(&self, seen: impl FnOnce(u64)) -> Option<u64>;
    fn try_get(&self) -> Option<u64>;
    /// That all which was got is finished, where somebody asks for that.
    fn settled(&self, _kills: u32) -> Outcome {
        Ok(())
    }
}

/// The number in postcard's form: seven bits in a byte, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 127))
}

macro_rules! kinds {
    ($($queue:ty: |$view:ident| $number:expr;)*) => {$(
        impl Kind for $queue {
            fn make() -> Self {
                <$queue>::bounded(8)
            }
            fn put(&self, number: u64) -> bool {
                <$queue>::put(self, number).is_ok()
            }
            fn get(&self, seen: impl FnOnce(u64)) -> Option<u64> {
                let look = |$view: &_| {
                    let number = $number;
                    seen(number);
                    number
                };
                self.get_with(look).ok()
            }
            fn try_get(&self) -> Option<u64> {
                <$queue>::try_get(self).ok()
            }
        }
    )*};
}

kinds! {
    PlainQueue<u64>: |item| *item;
    Queue<u64>: |bytes| number(bytes);
    LifoQueue<u64>: |bytes| number(bytes);
    PriorityQueue<u64>: |bytes| number(bytes);
}

impl Kind for SimpleQueue<u64> {
    const SHOWS: bool = false;
    fn make() -> Self {
        SimpleQueue::new()
    }
    fn put(&self, number: u64) -> bool {
        // It has no capacity: a consumer that is slow must not use up its memory.
        while self.qsize() > 1000 {
            std::thread::yield_now();
        }
        SimpleQueue::put(self, number).is_ok()
    }
    fn get(&self, _: impl FnOnce(u64)) -> Option<u64> {
        SimpleQueue::get(self).ok()
    }
    fn try_get(&self) -> Option<u64> {
        SimpleQueue::try_get(self).ok()
    }
}

impl Kind for JoinableQueue<u64> {
    const SHOWS: bool = false;
    fn make() -> Self {
        JoinableQueue::bounded(8)
    }
    fn put(&self, number: u64) -> bool {
        JoinableQueue::put(self, number).is_ok()
    }
    fn get(&self, _: impl FnOnce(u64)) -> Option<u64> {
        let number = JoinableQueue::get(self).ok()?;
        self.task_done().ok()?;
        Some(number)
    }
    fn try_get(&self) -> Option<u64> {
        let number = JoinableQueue::try_get(self).ok()?;
        self.task_done().ok()?;
        Some(number)
    }
    fn settled(&self, kills: u32) -> Outcome {
        match self.join_timeout(LONG) {
            Ok(true) => Ok(()),
            Ok(false) => refute("join waits for the work of the dead"),
            Err(lost) if lost.tasks <= kills as usize + WORKERS => Ok(()),
            Err(lost) => refute(format!("{} tasks are called lost after {kills} kills", lost.tasks)),
        }
    }
}

/// Broken: it acknowledges a number, and puts it later, together with the next one.
#[derive(Clone)]
struct Hoarding(PlainQueue<u64>, Array<u64>);

impl Kind for Hoarding {
    fn make() -> Self {
        Hoarding(PlainQueue::bounded(8), Array::new(2))
    }
    fn put(&self, number: u64) -> bool {
        // 0 is never held back; a producer's place is told by the number.
        let before = self.1.get(number as usize % 2);
        self.1.set(number as usize % 2, number);
        before == 0 || self.0.put(before).is_ok()
    }
    fn get(&self, seen: impl FnOnce(u64)) -> Option<u64> {
        Kind::get(&self.0, seen)
    }
    fn try_get(&self) -> Option<u64> {
        Kind::try_get(&self.0)
    }
}

fn exactly_once<Q: Kind>(kills: u32, seed: u64) -> Outcome {
    let queue = Q::make();
    let (begun, fate) = (Array::<u64>::new(2), Array::<u8>::new(2 * NUMBERS));
    // What each consumer is about to take, and what those who died were.
    let (at, unsure) = (Array::<u64>::new(WORKERS), Array::<u8>::new(2 * NUMBERS));
    let settle = {
        let (at, unsure) = (at.clone(), unsure.clone());
        move |index: usize| {
            if let Some(number) = at.get(index).checked_sub(1) {
                unsure.set(number as usize, 1);
                at.set(index, 0);
            }
        }
    };
    let work = {
        let (queue, begun, fate, at, settle) =
            (queue.clone(), begun.clone(), fate.clone(), at.clone(), settle.clone());
        move |index: usize| {
            if index >= 2 {
                // Whoever had this place before may have died with a number.
                settle(index);
                let got = queue.get(|number| at.set(index, number + 1));
                let Some(number) = got else { return false };
                fate.fetch_add(number as usize, GOT);
                at.set(index, 0);
                return true;
            }
            // Nobody knows whether a dead producer's last number was put: it is not used again.
            let number = begun.fetch_add(index, 1) as usize * 2 + index;
            let put = number < 2 * NUMBERS && queue.put(number as u64);
            if put {
                fate.fetch_add(number, PUT);
            }
            put
        }
    };
    survives(WORKERS, kills, seed, LONG, work)?;
    (0..WORKERS).for_each(settle);
    while let Some(number) = queue.try_get() {
        fate.fetch_add(number as usize, GOT);
    }
    queue.settled(kills)?;
    let (mut all, mut gone) = (0, 0);
    for producer in 0..2 {
        for number in (0..begun.get(producer) as usize).map(|count| count * 2 + producer) {
            let fate = fate.get(number);
            all += u32::from(fate & PUT);
            prop_assert!(fate / GOT <= 1, "refuted: {number} was got {} times", fate / GOT);
            if fate == PUT {
                let known = !Q::SHOWS || unsure.get(number) == 1;
                prop_assert!(known, "refuted: {number} was put and never got, and nobody died with it");
                gone += 1;
            }
        }
    }
    println!("{all} numbers put, {gone} gone with their consumers in {kills} kills");
    prop_assert!(all > kills, "refuted: only {all} numbers were put");
    prop_assert!(gone <= kills + WORKERS as u32, "refuted: {gone} numbers are gone after {kills} kills");
    prop_assert_eq!(queue.try_get(), None);
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_plain_queue_delivers_exactly_once() {
        holds(1, any::<u64>(), |seed| exactly_once::<PlainQueue<u64>>(KILLS, seed));
    }

    #[test]
    fn a_queue_delivers_exactly_once() {
        holds(1, any::<u64>(), |seed| exactly_once::<Queue<u64>>(OTHERS, seed));
    }

    #[test]
    fn a_stack_delivers_exactly_once() {
        holds(1, any::<u64>(), |seed| exactly_once::<LifoQueue<u64>>(OTHERS, seed));
    }

    #[test]
    fn a_priority_queue_delivers_exactly_once() {
        holds(1, any::<u64>(), |seed| exactly_once::<PriorityQueue<u64>>(OTHERS, seed));
    }

    #[test]
    fn a_simple_queue_delivers_exactly_once() {
        holds(1, any::<u64>(), |seed| exactly_once::<SimpleQueue<u64>>(OTHERS, seed));
    }

    #[test]
    fn a_joinable_queue_delivers_exactly_once_and_join_comes_back() {
        holds(1, any::<u64>(), |seed| exactly_once::<JoinableQueue<u64>>(OTHERS, seed));
    }

    #[test]
    fn what_is_acknowledged_too_early_is_caught() {
        is_caught("was put and never got", || exactly_once::<Hoarding>(20, 7));
    }
}
