//! The programs that the strategies are tried on.

use selvedge_harness::prelude::*;
use selvedge_harness::{outcome, unobserved, visible};
use std::sync::Arc;

/// Explores in the quiet: no environment, no shrinking.
pub(crate) fn quiet() -> Config {
    Config { shrink: false, ..Config::default().ignore_environment() }
}

shareable! {
    pub(crate) struct Board {
        pub(crate) a: Value<i64>,
        pub(crate) b: Value<i64>,
        pub(crate) lock: Mutex<i64>,
        pub(crate) changed: Condvar,
        pub(crate) order: Value<u64>,
    }
}

pub(crate) fn board() -> Board {
    Board {
        a: Value::new(0),
        b: Value::new(0),
        lock: Mutex::new(0),
        changed: Condvar::new(),
        order: Value::new(0),
    }
}

impl Board {
    /// Writes down, as part of the step before, that `mark` came next.
    pub(crate) fn note(&self, mark: u64) {
        unobserved(|| self.order.set(self.order.get() * 10 + mark));
    }
}

/// Locks, a condition, plain values, an object that only a number names, a private one.
pub(crate) fn mixed() -> Program<Board> {
    Program::new("mixed", board)
        .tasks("worker", 3, |board, i| {
            let own = Value::new(0_i64);
            let value = board.a.get();
            own.set(value);
            board.a.set(value + 1);
            visible(Kind::Write, "log", 7, || ());
            let mut count = board.lock.lock().unwrap();
            *count += 1;
            while *count < 2 {
                count = board.changed.wait(count).unwrap();
            }
            drop(count);
            board.changed.notify_all();
            board.b.fetch_add(i as i64);
        })
        .task("reader", |board| board.a.get() + board.b.get())
}

/// More tasks than one word of a set has bits.
pub(crate) fn crowd() -> Program<Board> {
    Program::new("crowd", board).tasks("task", 70, |board, _| {
        let value = board.a.get();
        board.a.set(value + 1);
    })
}

/// Its label is the whole order of its operations.
pub(crate) fn trace() -> Program<Board> {
    Program::new("trace", board)
        .tasks("task", 3, |board, i| {
            for _ in 0..2 {
                board.a.fetch_add(1);
                board.note(i as u64 + 1);
            }
        })
        .label(|board, label| label.push_str(&board.order.get().to_string()))
}

/// A main task that starts tasks which start others; all share what main allocated.
pub(crate) fn family() {
    let numbers = Arc::new((Value::new(0_i64), Value::new(0_i64)));
    let children: Vec<_> = (1..=2)
        .map(|i| {
            let numbers = Arc::clone(&numbers);
            thread::spawn(move || {
                let value = numbers.0.get();
                let below = Arc::clone(&numbers);
                let grandchild = thread::spawn(move || below.1.set(i));
                numbers.0.set(value + i);
                grandchild.join().unwrap();
            })
        })
        .collect();
    numbers.1.get();
    for child in children {
        child.join().unwrap();
    }
    outcome(format!("{},{}", numbers.0.get(), numbers.1.get()));
    assert!(numbers.0.get() == 3, "an update was lost");
}

/// Steps that `spinning` takes at least.
pub(crate) const SPIN: u64 = 8;

/// A task that waits in a loop for another, which waits in a loop for a third.
pub(crate) fn spinning() -> Program<Board> {
    Program::new("spinning", board)
        .task("last", |board| while board.b.get() == 0 {})
        .task("second", |board| {
            while board.a.get() == 0 {}
            board.b.set(1);
        })
        .task("first", |board| {
            drop(board.lock.lock().unwrap());
            board.b.get();
            board.a.set(1);
        })
}
