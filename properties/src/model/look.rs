//! Looks: who finds out how something stands, without taking part in it, sees what was done
//! before it came to stand so.
//!
//! Called by `tests/models.rs`, over [`Loom`](super::Loom), and over platforms that lack something.
//!
//! | look | what it finds | what is seen then |
//! |---|---|---|
//! | `RawBarrier::is_broken` | broken | what was done before that |
//! | `RawBarrier::waiting` | somebody | what it did before it came |
//! | `RawQueue::look` | an item, or the end | what was done before that was put, or before closing |
//! | `RawQueue::look` | room | what was done before the item was got |
//! | `RawQueue::get` that does not wait, while somebody else is at that end | the end | the same |
//! | `RawQueue::put` that does not wait, while somebody else is at that end | the end | the same |
//!
//! Nobody dies here.

use super::{Lacking, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::raw::{Arrival, Patience, RawBarrier, RawQueue, Refusal};

/// Runs `looks` beside each of `others`.
fn beside<S: 'static>(
    preemptions: Option<usize>,
    new: fn() -> S,
    others: Vec<fn(&S)>,
    looks: fn(&S),
) -> usize {
    exhaust(preemptions, move || {
        let shared = Arc::new(new());
        let tasks: Vec<_> = others
            .iter()
            .map(|&other| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || other(&shared))
            })
            .collect();
        looks(&shared);
        for task in tasks {
            task.join().expect("a task panicked");
        }
    })
}

type Hall<const WHAT: u8> = (RawBarrier<Lacking<WHAT>, 1>, Cell<u32>);

/// Whoever looks until it finds the barrier broken sees what was done before. Returns the number of
/// executions.
pub fn breaking_shows<const WHAT: u8>(preemptions: Option<usize>) -> usize {
    beside::<Hall<WHAT>>(
        preemptions,
        || (RawBarrier::new(2).expect("there is room for two"), Cell::new(0)),
        vec![|hall| {
            hall.1.set(7);
            hall.0.abort(());
        }],
        |hall| {
            while !hall.0.is_broken(()) {
                thread::yield_now();
            }
            assert_eq!(hall.1.get(), 7, "what was done before");
        },
    )
}

/// Whoever looks until it finds that somebody waits sees what that one did before, and makes it
/// pass; then nobody waits. Returns the number of executions.
pub fn waiting_shows<const WHAT: u8>(preemptions: Option<usize>) -> usize {
    beside::<Hall<WHAT>>(
        preemptions,
        || (RawBarrier::new(2).expect("there is room for two"), Cell::new(0)),
        vec![|hall| {
            hall.1.set(7);
            match hall.0.arrive(Patience::Forever, ()) {
                Ok(Arrival::Early { seen, slot }) => hall.0.wait(seen, slot, Patience::Forever, ()),
                other => panic!("the first to come: {other:?}"),
            }
            .expect("nobody breaks it");
        }],
        |hall| {
            let waits = loop {
                match hall.0.waiting(()) {
                    0 => thread::yield_now(),
                    some => break some,
                }
            };
            assert_eq!((waits, hall.1.get()), (1, 7), "one waits, and what it did before");
            match hall.0.arrive(Patience::Forever, ()) {
                Ok(Arrival::Last { seen }) => hall.0.release(seen, ()).expect("nobody breaks it"),
                other => panic!("the second to come: {other:?}"),
            }
            assert_eq!(hall.0.waiting(()), 0, "nobody waits for the next generation");
        },
    )
}

type Line<const WHAT: u8> = (RawQueue<Lacking<WHAT>>, Cell<u32>);

fn line<const WHAT: u8>() -> Line<WHAT> {
    (RawQueue::new(1), Cell::new(0))
}

/// How many items there are, and whether the queue is closed.
fn look<const WHAT: u8>(line: &Line<WHAT>) -> (u32, bool) {
    let seen = line.0.look("look", (), |count, closed| count << 1 | u32::from(closed));
    (seen >> 1, seen & 1 == 1)
}

fn put<const WHAT: u8>(line: &Line<WHAT>, patience: Patience) -> Result<(), Refusal> {
    RawQueue::put(&line.0, patience, (), |_, _, _| Some(0)).map(|_| ())
}

fn get<const WHAT: u8>(line: &Line<WHAT>, patience: Patience) -> Result<(), Refusal> {
    RawQueue::get(&line.0, patience, (), |_| (Some(0), ())).map(|_| ())
}

fn shut<const WHAT: u8>(line: &Line<WHAT>) {
    line.1.set(7);
    line.0.close(());
}

/// Whoever looks until it finds an item, or the queue closed, sees what was done before. Returns the
/// number of executions.
pub fn an_item_or_the_end_shows<const WHAT: u8>(ends: bool, preemptions: Option<usize>) -> usize {
    let puts: fn(&Line<WHAT>) = |line| {
        line.1.set(7);
        put(line, Patience::Forever).expect("there is room");
    };
    beside(preemptions, line::<WHAT>, vec![if ends { shut } else { puts }], |line| {
        while look(line) == (0, false) {
            thread::yield_now();
        }
        assert_eq!(line.1.get(), 7, "what was done before");
    })
}

/// Whoever looks until it finds room sees what was done before that was made. Returns the number of
/// executions.
pub fn room_shows<const WHAT: u8>(preemptions: Option<usize>) -> usize {
    let full = || {
        let line = line::<WHAT>();
        put(&line, Patience::Forever).expect("there is room");
        line
    };
    let gets: fn(&Line<WHAT>) = |line| {
        line.1.set(7);
        get(line, Patience::Forever).expect("there is an item");
    };
    beside(preemptions, full, vec![gets], |line| {
        while look(line).0 > 0 {
            thread::yield_now();
        }
        assert_eq!(line.1.get(), 7, "what was done before");
    })
}

/// Whoever does not wait, while another one at its end does, and is told that the queue is closed
/// sees what was done before. Returns the number of executions.
pub fn the_end_shows_beside_another<const WHAT: u8>(puts: bool, preemptions: Option<usize>) -> usize {
    let full = || {
        let line = line::<WHAT>();
        put(&line, Patience::Forever).expect("there is room");
        line
    };
    if puts {
        let others: Vec<fn(&Line<WHAT>)> = vec![shut, |line| _ = put(line, Patience::Forever)];
        return beside(preemptions, full, others, |line| {
            if put(line, Patience::Never) == Err(Refusal::Closed) {
                assert_eq!(line.1.get(), 7, "what was done before");
            }
        });
    }
    let others: Vec<fn(&Line<WHAT>)> = vec![shut, |line| _ = get(line, Patience::Forever)];
    beside(preemptions, line::<WHAT>, others, |line| {
        if get(line, Patience::Never) == Err(Refusal::Closed) {
            assert_eq!(line.1.get(), 7, "what was done before");
        }
    })
}
