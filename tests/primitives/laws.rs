//! The laws of the native primitives, each a program of real processes that says whether
//! the law held in it.
//!
//! Called by the tests with numbers that proptest chooses. Each program has a `broken`
//! twin in which what the law is about is left out, so that a test can show that the law
//! can fail.
//!
//! When a process dies here that should not, its law did not hold.

use crate::family::{Family, LONG, Outcome, SHORT, asleep, child, refute, until};
use proptest::{prop_assert, prop_assert_eq};
use selvedge::{
    Array, Condvar, Event, ExitStatus, Mutex, Process, Semaphore, Shared, Value, shareable, spawn,
};
use std::ops::Range;
use std::thread::yield_now;

shareable! {
    struct Counter { lock: Mutex<()>, count: Value<u64> }
    struct Room { seats: Semaphore, inside: Value<u32>, most: Mutex<u32>, full: Event }
    struct Ring { items: [u32; 4], first: u32, len: u32 }
    struct Buffer { ring: Mutex<Ring>, not_full: Condvar, not_empty: Condvar }
    struct Safe { content: Mutex<u32>, locked: Event, fall: Event, tried: Value<u32> }
}

/// Lets others run where that must do no harm, in one of eight rounds. Not in each: on a
/// busy machine, who yields waits until everybody else had a share of time.
fn disturb(round: u32) {
    if round.is_multiple_of(8) {
        yield_now();
    }
}

/// A read and a later write under the lock lose nothing, whichever way it is taken and
/// whether by threads of one process or of several.
pub(crate) fn mutex_excludes(processes: usize, threads: usize, rounds: u32, broken: bool) -> Outcome {
    let counter = Shared::new(Counter { lock: Mutex::new(()), count: Value::new(0) });
    let copy = counter.clone();
    let add = move |counter: &Counter, way: usize| {
        for round in 0..rounds {
            let guard = (!broken).then(|| match way % 3 {
                0 => counter.lock.lock().ok(),
                1 => counter.lock.try_lock_for(LONG).ok(),
                _ => loop {
                    match counter.lock.try_lock() {
                        Ok(guard) => break Some(guard),
                        Err(_) => yield_now(),
                    }
                },
            });
            if guard.as_ref().is_some_and(Option::is_none) {
                return false;
            }
            let seen = counter.count.get();
            disturb(round);
            counter.count.set(seen + 1);
        }
        true
    };
    let family = Family::start(processes, move |index| {
        let run = |way| {
            let counter = copy.clone();
            spawn(move || add(&counter, way))
        };
        let all: Vec<_> = (0..threads).map(|thread| run(index + thread)).collect();
        all.into_iter().all(|thread| thread.join().unwrap_or(false))
    });
    family.join()?;
    prop_assert_eq!(
        counter.count.get(),
        (processes * threads) as u64 * u64::from(rounds),
        "additions were lost"
    );
    Ok(())
}

fn room_with(seats: u32) -> Shared<Room> {
    let (inside, most) = (Value::new(0), Mutex::new(0));
    Shared::new(Room { seats: Semaphore::new(seats), inside, most, full: Event::new() })
}

/// No more are inside than there are permits, and in the end all permits are back.
pub(crate) fn semaphore_limits(permits: u32, processes: usize, rounds: u32, broken: bool) -> Outcome {
    let room = room_with(permits + u32::from(broken));
    let copy = room.clone();
    let visit = move |index: usize| {
        for round in 0..rounds {
            let by_deadline = (index % 2 == 1).then(|| copy.seats.acquire_timeout(LONG));
            let seat = match by_deadline {
                Some(true) => None,
                Some(false) => return false,
                None => Some(copy.seats.access()),
            };
            let inside = copy.inside.fetch_add(1) + 1;
            let mut most = copy.most.lock().unwrap();
            *most = inside.max(*most);
            drop(most);
            disturb(round);
            copy.inside.fetch_add(u32::MAX);
            if seat.is_none() {
                copy.seats.release();
            }
        }
        true
    };
    Family::start(processes, visit).join()?;
    let most = *room.most.lock().unwrap();
    prop_assert!(most <= permits, "{most} were inside with {permits} permits");
    prop_assert_eq!(room.seats.value(), permits);
    Ok(())
}

/// As many get in at the same time as there are permits: each stays until all are inside.
pub(crate) fn semaphore_admits(permits: u32, broken: bool) -> Outcome {
    let (seats, patience) = if broken { (permits - 1, SHORT) } else { (permits, LONG) };
    let room = room_with(seats);
    let visit = move |_| {
        let _seat = room.seats.access();
        if room.inside.fetch_add(1) + 1 == permits {
            room.full.set();
        }
        room.full.wait_timeout(patience)
    };
    Family::start(permits as usize, visit).join()
}

/// Who produces `items` into a buffer of `room`, and those who consume them, all come to
/// an end, and each item arrives once.
pub(crate) fn buffer_conserves(
    producers: usize,
    consumers: usize,
    room: u32,
    each: u32,
    broken: bool,
) -> Outcome {
    let ring = Ring { items: [0; 4], first: 0, len: 0 };
    let buffer = Buffer { ring: Mutex::new(ring), not_full: Condvar::new(), not_empty: Condvar::new() };
    let patience = if broken { SHORT } else { LONG };
    let put = move |buffer: &Buffer, item| {
        let ring = buffer.ring.lock().unwrap();
        let full = |ring: &mut Ring| ring.len == room;
        let (mut ring, late) = buffer.not_full.wait_timeout_while(ring, patience, full).unwrap();
        if !late.timed_out() {
            let index = (ring.first + ring.len) % 4;
            ring.items[index as usize] = item;
            ring.len += 1;
            buffer.not_empty.notify_one();
        }
        !late.timed_out()
    };
    let take = move |buffer: &Buffer| {
        let ring = buffer.ring.lock().unwrap();
        let empty = |ring: &mut Ring| ring.len == 0;
        let (mut ring, late) = buffer.not_empty.wait_timeout_while(ring, patience, empty).unwrap();
        let item = ring.items[ring.first as usize];
        if !late.timed_out() {
            ring.first = (ring.first + 1) % 4;
            ring.len -= 1;
            if !broken {
                buffer.not_full.notify_one();
            }
        }
        (!late.timed_out()).then_some(item)
    };
    let total = producers as u32 * each;
    let share = move |consumer: usize| -> Range<u32> {
        let bound = |index: usize| total * index as u32 / consumers as u32;
        bound(consumer)..bound(consumer + 1)
    };
    let buffer = Shared::new(buffer);
    let arrived: Array<u32> = Array::new(total as usize);
    let copy = arrived.clone();
    let part = move |index: usize| match index.checked_sub(producers) {
        None => (0..each).all(|number| put(&buffer, index as u32 * each + number)),
        Some(consumer) => share(consumer).all(|_| {
            let item = take(&buffer);
            item.is_some_and(|item| copy.fetch_add(item as usize, 1) == 0)
        }),
    };
    Family::start(producers + consumers, part).join()?;
    prop_assert_eq!(arrived.to_vec(), vec![1; total as usize]);
    Ok(())
}

/// Nothing of what many add is lost, in a value or in the cells of an array.
pub(crate) fn additions_are_conserved(amounts: &[i64], rounds: u32, broken: bool) -> Outcome {
    let value = Shared::new(Value::new(0_i64));
    let array: Array<i64> = Array::new(amounts.len());
    let (sum, cells, own) = (value.clone(), array.clone(), amounts.to_vec());
    let add = move |index: usize| {
        for round in 0..rounds {
            let amount = own[index];
            cells.fetch_add((index + round as usize) % own.len(), amount);
            if broken {
                let seen = sum.get();
                disturb(round);
                sum.set(seen + amount);
            } else {
                sum.fetch_add(amount);
            }
        }
        true
    };
    Family::start(amounts.len(), add).join()?;
    let expected = amounts.iter().sum::<i64>() * i64::from(rounds);
    prop_assert_eq!(value.get(), expected, "additions to the value were lost");
    prop_assert_eq!(array.iter().sum::<i64>(), expected, "additions to the array were lost");
    Ok(())
}

/// Who looks at an array under its lock sees what one writer wrote, not parts of two.
pub(crate) fn snapshots_are_whole(len: usize, writers: usize, rounds: u32, broken: bool) -> Outcome {
    let array: Array<u32> = Array::new(len);
    let snapshot = |array: &Array<u32>| {
        let _guard = (!broken).then(|| array.lock());
        array.to_vec()
    };
    let write = move |array: &Array<u32>, number: u32| {
        let _guard = (!broken).then(|| array.lock());
        (0..len / 2).for_each(|cell| array.set(cell, number));
        yield_now();
        (len / 2..len).for_each(|cell| array.set(cell, number));
    };
    let copy = array.clone();
    let write_all = move |index: usize| {
        (0..rounds).for_each(|round| write(&copy, index as u32 * rounds + round));
        true
    };
    let family = Family::start(writers, write_all);
    loop {
        // One more look after the last writer.
        let over = !family.iter().any(Process::is_alive);
        let seen = snapshot(&array);
        prop_assert!(seen.iter().all(|element| *element == seen[0]), "a mixture: {seen:?}");
        if over {
            return family.join();
        }
    }
}

/// Everybody who waits for a lock learns that its holder panicked, and finds what that
/// one wrote; once the mark is taken away it is gone for all.
pub(crate) fn poison_reaches_all(waiters: usize, content: u32, broken: bool) -> Outcome {
    let safe = Shared::new(Safe {
        content: Mutex::new(0),
        locked: Event::new(),
        fall: Event::new(),
        tried: Value::new(0),
    });
    let copy = safe.clone();
    let holder = child(move || {
        let mut guard = copy.content.lock().unwrap();
        *guard = content;
        copy.locked.set();
        copy.fall.wait();
        if !broken {
            // Unwinds without a message on standard error.
            std::panic::resume_unwind(Box::new("the holder of the lock panics"));
        }
    });
    let holder = Family::of([holder]);
    prop_assert!(safe.locked.wait_timeout(LONG));
    let copy = safe.clone();
    let family = Family::start(waiters, move |_| {
        copy.tried.fetch_add(1);
        copy.content.lock().is_err_and(|poisoned| *poisoned.into_inner() == content)
    });
    until("that all wait", || safe.tried.get() == waiters as u32 && family.iter().all(asleep))?;
    prop_assert!(!safe.content.is_poisoned());
    safe.fall.set();
    family.join()?;
    prop_assert_eq!(holder[0].join_timeout(LONG).unwrap(), Some(ExitStatus::Code(101)));
    prop_assert!(safe.content.is_poisoned());
    safe.content.clear_poison();
    let copy = safe.clone();
    let after = move |_| copy.content.lock().is_ok_and(|guard| *guard == content);
    Family::start(1, after).join().or_else(|_| refute("the poison came back"))
}
