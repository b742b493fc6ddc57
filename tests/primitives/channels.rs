//! The laws of the channel for two between real processes and threads: all that was sent
//! comes, once and in order, and then the end.
//!
//! When a process dies here, the channel tells nobody, and what it had sent still comes.

use crate::family::{Family, LONG, Outcome, asleep, child, holds, is_caught, until};
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};
use rusty_fork::rusty_fork_test;
use selvedge::{
    Array, GetError, Process, PutError, Receiver, Sender, Shared, Value, exit, shareable, spsc, spsc_bytes,
};
use std::sync::{Arc, Mutex};

/// A message that tells its number, and is not equal in any two places.
fn text(number: u32, longest: usize) -> Vec<u8> {
    let bytes = number as usize * 37 % (longest + 1);
    (0..bytes).map(|at| (at as u32 ^ number) as u8).collect()
}

/// One child, which says whether its part of the law held.
fn one(body: impl FnOnce() -> bool + Send + 'static) -> Family {
    Family::of([child(move || {
        if !body() {
            exit(70);
        }
    })])
}

/// Numbers and messages of all lengths, through channels with little room.
fn all_comes(items: u32, capacity: usize, longest: usize) -> Outcome {
    let (mut numbers, mut numbered) = spsc::<[u64; 3]>(capacity).unwrap();
    let (mut texts, mut text_of) = spsc_bytes(capacity, longest).unwrap();
    let family = one(move || {
        (0..items).all(|number| {
            let item = [number.into(), 7, !u64::from(number)];
            numbers.send(item).is_ok() && texts.send(&text(number, longest)).is_ok()
        })
    });
    for number in 0..items {
        let whole = [number.into(), 7, !u64::from(number)];
        prop_assert_eq!(numbered.recv(), Ok(whole), "refuted: number {}", number);
        let same = text_of.recv_with(|bytes| bytes == text(number, longest));
        prop_assert_eq!(same, Ok(true), "refuted: message {}", number);
    }
    prop_assert_eq!(numbered.recv(), Err(GetError::Closed));
    prop_assert_eq!(text_of.recv(), Err(GetError::Closed));
    family.join()
}

shareable! {
    struct Places { tail: Value<u64>, head: Value<u64>, places: [Value<u64>; 16] }
}

/// Broken: it moves the tail, and then writes. In between it holds still until the receiver
/// has looked, so that what is wrong shows every time, whoever the kernel favours.
fn a_hasty_ring(items: u64) -> Outcome {
    let places = std::array::from_fn(|_| Value::new(u64::MAX));
    let ring = Shared::new(Places { tail: Value::new(0), head: Value::new(0), places });
    let copy = ring.clone();
    let family = one(move || {
        for number in 0..items {
            copy.tail.set(number + 1);
            while copy.head.get() == number {
                std::thread::yield_now();
            }
            copy.places[number as usize % 16].set(number);
        }
        true
    });
    for number in 0..items {
        while ring.tail.get() == number {
            std::thread::yield_now();
        }
        let came = ring.places[number as usize % 16].get();
        ring.head.set(number + 1);
        prop_assert_eq!(came, number, "refuted: another number");
    }
    family.join()
}

/// Whoever sleeps at one end is told when the other one goes.
fn the_end_wakes(sender_sleeps: bool, dropped: bool) -> Outcome {
    let (mut sender, mut receiver) = spsc::<u8>(1).unwrap();
    if sender_sleeps {
        let family =
            one(move || sender.send(1).is_ok() && matches!(sender.send(2), Err(PutError::Closed(2))));
        until("that it sleeps", || family.iter().all(asleep) && receiver.len() == 1)?;
        if dropped {
            drop(receiver)
        } else {
            prop_assert!(receiver.close())
        }
        return family.join();
    }
    let family = one(move || receiver.recv() == Err(GetError::Closed));
    until("that it sleeps", || family.iter().all(asleep))?;
    if dropped {
        drop(sender)
    } else {
        prop_assert!(sender.close())
    }
    family.join()
}

/// Of processes that have copies of an end, one can use it; and to drop a copy is no end.
fn an_end_has_one_user(copies: usize) -> Outcome {
    let (sender, mut receiver) = spsc::<usize>(copies).unwrap();
    let (sender, sent) = (Arc::new(Mutex::new(sender)), Array::<u8>::new(copies));
    // A copy that nobody has used is an end like any other: it is not dropped before.
    let (book, kept) = (sent.clone(), Arc::clone(&sender));
    let family = Family::start(copies, move |index| match sender.lock().unwrap().send(index) {
        Ok(()) => {
            book.set(index, 1);
            true
        }
        Err(PutError::Foreign { item, owner }) => item == index && owner != std::process::id(),
        Err(_) => false,
    });
    let first = receiver.recv();
    family.join()?;
    let users: Vec<_> = (0..copies).filter(|&index| sent.get(index) == 1).collect();
    prop_assert_eq!(users.len(), 1, "refuted: {:?} used one end", users);
    prop_assert_eq!(first, Ok(users[0]));
    // Each child's memory has more copies, which it never drops: nobody has closed it.
    prop_assert_eq!(receiver.try_recv(), Err(GetError::Empty));
    drop(kept);
    prop_assert!(!receiver.is_closed(), "refuted: a copy of another's end was closed");
    Ok(())
}

/// What a sender had sent comes, whole, whenever it is killed; after that nothing is told.
fn what_was_sent_stays(seed: u64) -> Outcome {
    let (mut sender, mut receiver): (Sender<[u64; 8]>, Receiver<[u64; 8]>) = spsc(16).unwrap();
    let sent = Shared::new(Value::<u64>::new(0));
    let book = sent.clone();
    let family: Vec<Process> = Family::of([child(move || {
        for number in 0.. {
            if sender.send([number; 8]).is_err() {
                break;
            }
            book.set(number + 1);
        }
    })])
    .disband();
    let last = seed % 5_000;
    for number in 0..=last {
        prop_assert_eq!(receiver.recv(), Ok([number; 8]));
    }
    let _ = family[0].kill().and_then(|()| family[0].join());
    let mut next = last + 1;
    while let Ok(item) = receiver.try_recv() {
        prop_assert_eq!(item, [next; 8], "refuted: torn, lost or doubled");
        next += 1;
    }
    prop_assert!(next >= sent.get(), "refuted: {} were sent and {next} came", sent.get());
    prop_assert!(!receiver.is_closed(), "it is plain: who is killed closes nothing");
    prop_assert_eq!(receiver.recv_timeout(std::time::Duration::from_millis(1)), Err(GetError::Empty));
    Ok(())
}

/// An end goes from thread to thread, and into another process before it is used.
fn ends_travel() -> Outcome {
    let (mut to, mut from) = spsc::<u32>(2).unwrap();
    let (mut back, mut answers) = spsc::<u32>(2).unwrap();
    let family = one(move || {
        while let Ok(number) = from.recv() {
            if back.send(number + 1).is_err() {
                return false;
            }
        }
        true
    });
    for round in 0..20 {
        to = std::thread::spawn(move || to.send(round).map(|()| to)).join().unwrap().unwrap();
        prop_assert_eq!(answers.recv_timeout(LONG), Ok(round + 1));
    }
    drop(to);
    prop_assert_eq!(answers.recv(), Err(GetError::Closed));
    family.join()
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn what_is_sent_comes_in_order() {
        holds(8, (1..=3_000_u32, 1..=9_usize, 0..=300_usize),
            |(items, capacity, longest)| all_comes(items, capacity, longest));
    }

    #[test]
    fn a_ring_that_moves_before_it_writes_does_not_carry() {
        is_caught("another number", || a_hasty_ring(20));
    }

    #[test]
    fn the_end_of_one_side_wakes_the_other() {
        holds(6, (any::<bool>(), any::<bool>()), |(sleeper, dropped)| the_end_wakes(sleeper, dropped));
    }

    #[test]
    fn an_end_belongs_to_its_first_user() {
        holds(4, 1..=4_usize, an_end_has_one_user);
    }

    #[test]
    fn what_was_sent_outlives_its_sender() {
        holds(20, any::<u64>(), what_was_sent_stays);
    }

    #[test]
    fn an_end_travels() {
        holds(1, any::<u8>(), |_| ends_travel());
    }
}
