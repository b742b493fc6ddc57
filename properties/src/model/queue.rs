//! The queue: what was put is got, once and in order, what was written before is seen after,
//! and whoever waits for an item, for room or for the end is told.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawQueue`] over [`Loom`] | yes |
//! | [`RelaxedMove`] | no: the tail moves before the item is seen to be there |
//! | [`EarlyLook`] | no: it looks, then says that it sleeps; an item comes in between |
//! | [`NoQuiet`] | no: it wakes before the sleeper is asleep, and changes nothing that it looks at |
//! | [`OneMark`] | no: one side's mark keeps the other asleep |
//! | [`HalfClosed`] | no: closing tells those who get, and nobody else |
//!
//! The broken ones are one machine with something left out; with nothing left out it goes
//! through too.
//!
//! Nobody dies here. What the kernel does for the dead is left to the harness.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::{Patience, RawQueue, Refusal};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// What the laws below ask of a queue: its ends. Numbers of items count from 0.
pub trait RawEnds: 'static {
    /// An empty queue for one item.
    fn new() -> Self;
    /// Waits for room, writes, and moves the tail on; says whether it was open.
    fn put(&self, write: impl Fn(u32)) -> bool;
    /// Waits for an item, reads, and moves the head on; says whether there was one.
    fn get(&self, read: impl FnOnce(u32)) -> bool;
    /// Closes the queue.
    fn close(&self);
}

impl<const WHAT: u8> RawEnds for RawQueue<Lacking<WHAT>> {
    fn new() -> Self {
        RawQueue::new(1)
    }
    fn put(&self, write: impl Fn(u32)) -> bool {
        let put = RawQueue::put(self, Patience::Forever, (), |tail, _, _| {
            write(tail.number());
            Some(0)
        });
        assert_ne!(put, Err(Refusal::WouldBlock));
        put.is_ok()
    }
    fn get(&self, read: impl FnOnce(u32)) -> bool {
        RawQueue::get(self, Patience::Forever, (), |head| (Some(0), read(head.number()))).is_ok()
    }
    fn close(&self) {
        RawQueue::close(self, ());
    }
}

type Word = <Loom as Platform>::AtomicU32;
type Futex = <Loom as Platform>::Futex;

fn sleep_on(word: &Futex, expected: u32) {
    let op = || unreachable!("loom does not look at operations");
    Loom::futex_wait(word, expected, None, op, None::<fn() -> Op>);
}

const AWAITED: u32 = 1 << 16;
const CLOSED: u32 = 1 << 17;

/// Two ends for one putter and one getter, with one flaw.
#[derive(Debug)]
pub struct Ends<const FLAW: u32> {
    tail: Word,
    head: Word,
    bell: Futex,
}

const RELAXED: u32 = 1;
const EARLY: u32 = 2;
const LOUD: u32 = 3;
const HALF: u32 = 4;
const ONE_MARK: u32 = 5;

/// Sound, for one putter and one getter.
pub type Small = Ends<0>;
/// Broken: moving the tail releases nothing.
pub type RelaxedMove = Ends<RELAXED>;
/// Broken: a sleeper says that it sleeps and does not look again.
pub type EarlyLook = Ends<EARLY>;
/// Broken: the bell is not made quiet before a sleeper is woken.
pub type NoQuiet = Ends<LOUD>;
/// Broken: closing wakes only those who get.
pub type HalfClosed = Ends<HALF>;
/// Broken: both sides mark the bell in the same way.
pub type OneMark = Ends<ONE_MARK>;

impl<const FLAW: u32> Ends<FLAW> {
    /// Sleeps unless `end` has moved since it was `seen`.
    fn sleep(&self, end: &Word, seen: u32) {
        let mark = if FLAW != ONE_MARK && std::ptr::eq(end, &self.head) { 2 } else { 1 };
        self.bell.store(mark, Release);
        let now = end.fetch_or(AWAITED, AcqRel);
        let open = self.tail.fetch_or(0, AcqRel) & CLOSED == 0;
        if open && (FLAW == EARLY || (now ^ seen) & !AWAITED == 0) {
            sleep_on(&self.bell, mark);
        }
        Loom::pause(0, || unreachable!("loom does not look at operations"));
    }

    fn advance(&self, end: &Word) {
        let order = if FLAW == RELAXED { Relaxed } else { AcqRel };
        loop {
            let word = end.load(Relaxed);
            if FLAW == LOUD || word & AWAITED == 0 {
                if end.compare_exchange(word, (word & !AWAITED) + 1, order, Relaxed).is_ok() {
                    break;
                }
            } else {
                end.fetch_and(!AWAITED, AcqRel);
                self.bell.store(0, Release);
            }
        }
        Loom::futex_wake(&self.bell, u32::MAX);
    }
}

impl<const FLAW: u32> RawEnds for Ends<FLAW> {
    fn new() -> Self {
        Ends { tail: Word::new(0), head: Word::new(0), bell: Futex::new(0) }
    }

    fn put(&self, write: impl Fn(u32)) -> bool {
        loop {
            let (tail, head) = (self.tail.load(Relaxed), self.head.load(Acquire));
            if tail & CLOSED != 0 {
                return false;
            }
            let number = tail & !AWAITED;
            if number == head & !AWAITED {
                write(number);
                self.advance(&self.tail);
                return true;
            }
            self.sleep(&self.head, head);
        }
    }

    fn get(&self, read: impl FnOnce(u32)) -> bool {
        loop {
            let (head, tail) = (self.head.load(Relaxed), self.tail.load(Acquire));
            let number = head & !AWAITED;
            if number != tail & !(AWAITED | CLOSED) {
                read(number);
                self.advance(&self.head);
                return true;
            }
            if tail & CLOSED != 0 {
                return false;
            }
            self.sleep(&self.tail, tail);
        }
    }

    fn close(&self) {
        let before = self.tail.fetch_or(CLOSED, AcqRel);
        if FLAW != HALF || before & AWAITED != 0 {
            self.bell.store(0, Release);
            Loom::futex_wake(&self.bell, u32::MAX);
        }
    }
}

/// A queue for one item, as a user would have it. loom reports uses of the cell that nothing
/// orders.
struct Line<Q> {
    ends: Q,
    slot: Cell<u32>,
}

impl<Q: RawEnds> Line<Q> {
    fn new() -> Arc<Self> {
        Arc::new(Line { ends: Q::new(), slot: Cell::new(u32::MAX) })
    }

    fn put(&self) -> bool {
        self.ends.put(|number| self.slot.set(number))
    }

    fn get(&self) -> bool {
        self.ends.get(|number| assert_eq!(self.slot.get(), number, "another item"))
    }
}

/// `items` are put by `putters` tasks each and got by as many as there are. Returns the number
/// of executions.
pub fn each_item_arrives<Q: RawEnds>(putters: u32, items: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let line = Line::<Q>::new();
        let tasks: Vec<_> = (0..putters)
            .map(|_| {
                let line = Arc::clone(&line);
                thread::spawn(move || assert!((0..items).all(|_| line.put())))
            })
            .collect();
        for _ in 0..putters * items {
            assert!(line.get());
        }
        for task in tasks {
            task.join().expect("a task panicked");
        }
    })
}

/// One item for each of `getters` tasks that wait for it. Returns the number of executions.
pub fn each_getter_is_served<Q: RawEnds>(getters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let line = Line::<Q>::new();
        let tasks: Vec<_> = (0..getters)
            .map(|_| {
                let line = Arc::clone(&line);
                thread::spawn(move || assert!(line.get()))
            })
            .collect();
        for _ in 0..getters {
            assert!(line.put());
        }
        for task in tasks {
            task.join().expect("a task panicked");
        }
    })
}

/// Whoever waits when the queue is closed is told: for room if it was `full`, else for an
/// item. Returns the number of executions.
pub fn closing_reaches<Q: RawEnds>(full: bool, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let line = Line::<Q>::new();
        if full {
            assert!(line.put());
        }
        let waiting = Arc::clone(&line);
        let task = thread::spawn(move || assert!(!if full { waiting.put() } else { waiting.get() }));
        line.ends.close();
        task.join().expect("a task panicked");
        assert_eq!(line.get(), full);
    })
}

/// Whoever is told for want of items that the queue is closed sees what was done before that.
/// Returns the number of executions.
pub fn closing_tells<Q: RawEnds>(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let line = Line::<Q>::new();
        let closing = Arc::clone(&line);
        let task = thread::spawn(move || {
            closing.slot.set(7);
            closing.ends.close();
        });
        assert!(!line.get());
        assert_eq!(line.slot.get(), 7, "what was done before");
        task.join().expect("a task panicked");
    })
}

/// The same for who puts into it: the first item finds room, and the second one is refused.
/// Returns the number of executions.
pub fn closing_refuses<Q: RawEnds>(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let line = Arc::new((Line::<Q>::new(), Cell::new(0)));
        let closing = Arc::clone(&line);
        let task = thread::spawn(move || {
            closing.1.set(7);
            closing.0.ends.close();
        });
        while line.0.put() {}
        assert_eq!(line.1.get(), 7, "what was done before");
        task.join().expect("a task panicked");
    })
}
