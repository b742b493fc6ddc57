//! Does the channel for two keep its laws under every schedule?
//!
//! In fibers and in processes, at both granularities. Beside the laws stands a ring that
//! breaks them.

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Report, Verdict, check, unobserved};
use std::sync::Arc;
use std::time::Duration;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];
const GRAINS: [Granularity; 2] = [Granularity::Operation, Granularity::Word];

fn quiet(engine: Engine, granularity: Granularity) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity).ignore_environment()
}

#[track_caller]
fn passes(report: &Report, what: &str) {
    if let Some(why) = selvedge_harness::report::failure(report) {
        println!("{why}");
    }
    let first = report.tally.first.as_ref().map(|found| &found.verdict);
    assert_eq!((first, &report.tally.inconclusive), (None, &None), "{what}");
}

/// Explores a program in both engines at both granularities.
#[track_caller]
fn each(executions: [u64; 2], program: impl Fn() + Copy + Send + Sync + 'static) {
    for (engine, executions) in BOTH.into_iter().zip(executions) {
        for granularity in GRAINS {
            let report = check(&quiet(engine, granularity).executions(executions), program).unwrap();
            passes(&report, &format!("{engine:?} {granularity:?}"));
        }
    }
}

/// Where items are sent and received: the shipped channel or a broken one.
trait Line {
    type In: Send + 'static;
    type Out: Send + 'static;
    fn make(capacity: usize) -> (Self::In, Self::Out);
    fn send(end: &mut Self::In, item: u32) -> bool;
    fn recv(end: &mut Self::Out) -> Option<u32>;
}

struct Shipped;

impl Line for Shipped {
    type In = Sender<u32>;
    type Out = Receiver<u32>;
    fn make(capacity: usize) -> (Sender<u32>, Receiver<u32>) {
        spsc(capacity).unwrap()
    }
    fn send(end: &mut Sender<u32>, item: u32) -> bool {
        end.send(item).is_ok()
    }
    fn recv(end: &mut Receiver<u32>) -> Option<u32> {
        end.recv().map_err(|error| assert_eq!(error, GetError::Closed)).ok()
    }
}

shareable! {
    struct Places { tail: Value<u32>, head: Value<u32>, places: [Value<u32>; 4] }
}

/// Broken: the tail moves before the item is in its place.
struct Hasty;

impl Line for Hasty {
    type In = Shared<Places>;
    type Out = Shared<Places>;
    fn make(_: usize) -> (Shared<Places>, Shared<Places>) {
        let places = std::array::from_fn(|_| Value::new(u32::MAX));
        let line = Shared::new(Places { tail: Value::new(0), head: Value::new(0), places });
        (line.clone(), line)
    }
    fn send(end: &mut Shared<Places>, item: u32) -> bool {
        let place = end.tail.fetch_add(1);
        end.places[place as usize].set(item);
        true
    }
    fn recv(end: &mut Shared<Places>) -> Option<u32> {
        let place = end.head.get();
        if place == 4 {
            return None;
        }
        end.tail.await_ne(place);
        end.head.set(place + 1);
        Some(end.places[place as usize].get())
    }
}

/// All that was sent comes, in order, and then the end.
fn all_comes_in_order<L: Line>(capacity: usize) {
    let (mut sender, mut receiver) = L::make(capacity);
    let child = Process::spawn(move || (0..4).for_each(|item| assert!(L::send(&mut sender, item))));
    for item in 0..4 {
        assert_eq!(L::recv(&mut receiver), Some(item));
    }
    assert_eq!(L::recv(&mut receiver), None);
    assert!(child.join().unwrap().success());
}

#[test]
fn what_is_sent_comes_in_order_and_then_the_end() {
    each([1500, 60], || all_comes_in_order::<Shipped>(1));
    each([1500, 60], || all_comes_in_order::<Shipped>(3));
}

#[test]
fn a_ring_that_moves_before_it_writes_is_caught() {
    let config = quiet(Engine::Sim, Granularity::Operation).executions(2000);
    let report = check(&config, || all_comes_in_order::<Hasty>(4)).unwrap();
    let first = report.tally.first.map(|found| found.verdict);
    assert!(matches!(first, Some(Verdict::Panic { .. })), "{first:?}");
}

/// No more than its capacity is ever on its way, whoever is fast.
#[test]
fn the_capacity_is_kept() {
    shareable! { struct Book { sent: Value<u32>, received: Value<u32> } }
    each([1500, 60], || {
        let book = Shared::new(Book { sent: Value::new(0), received: Value::new(0) });
        let (mut sender, mut receiver) = spsc::<u32>(2).unwrap();
        let child = Process::spawn({
            let book = book.clone();
            move || {
                for item in 0..5 {
                    sender.send(item).unwrap();
                    let ahead = unobserved(|| book.sent.fetch_add(1) + 1 - book.received.get());
                    // One more may have been taken out and not been counted yet.
                    assert!(ahead <= 3, "{ahead} items on their way");
                }
            }
        });
        for item in 0..5 {
            assert!(receiver.len() <= 2);
            assert_eq!(receiver.recv(), Ok(item));
            unobserved(|| book.received.fetch_add(1));
        }
        child.join().unwrap();
    });
}

/// Whoever waits is told when the other end goes, however it goes: dropped or closed.
#[test]
fn the_end_of_one_side_reaches_the_other() {
    // The receiver goes while the sender waits for room, or does not.
    each([1500, 60], || {
        let (mut sender, mut receiver) = spsc::<u32>(1).unwrap();
        let child = Process::spawn(move || {
            let sent = (0..4).take_while(|&item| sender.send(item).is_ok()).count();
            assert!((1..=2).contains(&sent), "{sent} sent");
            assert_eq!(sender.send(7).map_err(PutError::into_item), Err(7));
        });
        assert_eq!(receiver.recv(), Ok(0));
        drop(receiver);
        assert!(child.join().unwrap().success());
    });
    // The sender goes, having sent nothing.
    each([500, 30], || {
        let (sender, mut receiver) = spsc::<u32>(1).unwrap();
        let child = Process::spawn(move || drop(sender));
        assert_eq!(receiver.recv(), Err(GetError::Closed));
        child.join().unwrap();
    });
}

/// A panic in the sender drops its end: the receiver is told there, too.
#[test]
fn a_panic_of_one_side_reaches_the_other() {
    each([300, 30], || {
        let (mut sender, mut receiver) = spsc::<u32>(1).unwrap();
        let child = thread::spawn(move || {
            sender.send(1).unwrap();
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let _mine = sender;
                panic!("in the middle");
            }));
            assert!(caught.is_err());
        });
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Err(GetError::Closed));
        child.join().unwrap();
    });
}

/// A deadline that passes takes no item with it.
#[test]
fn who_gives_up_takes_nothing() {
    each([1500, 60], || {
        let (mut sender, mut receiver) = spsc_bytes(1, 8).unwrap();
        let child = Process::spawn(move || {
            for text in [&b"one"[..], b"", b"three"] {
                while sender.send_timeout(text, Duration::from_millis(2)).is_err() {}
            }
        });
        let mut came = Vec::new();
        loop {
            match receiver.recv_timeout(Duration::from_millis(1)) {
                Ok(text) => came.push(text),
                Err(GetError::Empty) => {}
                Err(error) => break assert_eq!(error, GetError::Closed),
            }
        }
        assert_eq!(came, [&b"one"[..], b"", b"three"]);
        child.join().unwrap();
    });
}

/// Of two processes that have copies of an end, the one that sends first has it, and that is
/// either of them.
#[test]
fn each_of_two_copies_may_be_the_first() {
    for granularity in GRAINS {
        let report = check(&quiet(Engine::Real, granularity).exhaust(), || {
            let (sender, mut receiver) = spsc::<u32>(1).unwrap();
            // Each process has one of its own, and the lock that it came with.
            let sender = Arc::new(std::sync::Mutex::new(sender));
            let children = [1, 2].map(|item| {
                let copy = Arc::clone(&sender);
                Process::spawn(move || match copy.lock().unwrap().send(item) {
                    Ok(()) => {}
                    Err(PutError::Foreign { .. }) => step(),
                    Err(error) => panic!("{error}"),
                })
            });
            outcome(receiver.recv().unwrap().to_string());
            children.into_iter().for_each(|child| _ = child.join());
            std::mem::forget((sender, receiver));
        })
        .unwrap();
        passes(&report, &format!("{granularity:?}"));
        assert!(report.tally.complete && report.tally.outcomes.len() == 2, "{:?}", report.tally);
    }
}

/// It is plain: whoever is killed tells nobody, and what it had sent is there.
#[test]
fn a_killed_sender_tells_nobody() {
    let program = || {
        let (mut sender, mut receiver) = spsc::<u32>(1).unwrap();
        let child = Process::spawn(move || (0..2).for_each(|item| sender.send(item).unwrap()));
        let mut came = 0;
        while receiver.recv().inspect(|&item| assert_eq!(item, came)).is_ok() {
            came += 1;
        }
        child.join().unwrap();
    };
    for granularity in GRAINS {
        let config = quiet(Engine::Sim, granularity).executions(500).faults(Faults::kills(1));
        let report = check(&config, program).unwrap();
        assert_eq!(report.tally.first.map(|found| found.verdict), Some(Verdict::Deadlock), "{granularity:?}");
    }
}

/// A schedule is an order of sends and receives and nothing else: who would have to wait is
/// held back.
#[test]
fn there_are_as_many_schedules_as_orders() {
    // Orders of 3 sends and 3 receives in which at most `capacity` are ahead.
    for (capacity, orders) in [(1, 1), (2, 4), (3, 5)] {
        for engine in BOTH {
            let program = move || {
                let (mut sender, mut receiver) = spsc::<u32>(capacity).unwrap();
                let child = Process::spawn(move || {
                    (0..3).for_each(|item| sender.send(item).unwrap());
                    std::mem::forget(sender);
                });
                (0..3).for_each(|item| assert_eq!(receiver.recv(), Ok(item)));
                std::mem::forget(receiver);
                child.join().unwrap();
            };
            let report = check(&quiet(engine, Granularity::Operation).exhaust(), program).unwrap();
            passes(&report, "line");
            assert_eq!(report.tally.executions, orders, "capacity {capacity} {engine:?}");
        }
    }
}
