//! The measured programs for selvedge, in `sim`.
//!
//! The declarative form has only the tasks that do the work. The dynamic form is
//! what the rivals have: a main task that makes the state, starts the others as
//! threads and joins them.
//!
//! The choices of every execution are recorded, which is what a replay needs.

use crate::subject::Subject;
use selvedge_harness::prelude::*;
use selvedge_harness::program::Tally;
use selvedge_harness::strategy::Strategy;
use selvedge_harness::{Report, check};
use std::sync::Arc;

shareable! {
    struct Number { value: Value<u32> }
    struct Stock { left: Value<u32>, sold: Value<u32> }
    struct LockedStock { left: Mutex<u32>, sold: Value<u32> }
    struct Buffer { items: Mutex<u32>, not_full: Condvar, not_empty: Condvar }
}

impl Number {
    fn new(value: u32) -> Number {
        Number { value: Value::new(value) }
    }

    fn change(&self, times: u32, by: u32) {
        for _ in 0..times {
            let value = self.value.get();
            self.value.set(value.wrapping_add(by));
        }
    }
}

impl Stock {
    fn new() -> Stock {
        Stock { left: Value::new(5), sold: Value::new(0) }
    }

    fn buy(&self) {
        let left = self.left.get();
        if left > 0 {
            self.left.set(left - 1);
            self.sold.fetch_add(1);
        }
    }
}

impl LockedStock {
    fn new() -> LockedStock {
        LockedStock { left: Mutex::new(5), sold: Value::new(0) }
    }

    fn buy(&self) {
        let mut left = self.left.lock().expect("nobody panics");
        if *left > 0 {
            *left -= 1;
            self.sold.fetch_add(1);
        }
    }
}

impl Buffer {
    fn new() -> Buffer {
        Buffer { items: Mutex::new(0), not_full: Condvar::new(), not_empty: Condvar::new() }
    }

    fn produce(&self) {
        for _ in 0..2 {
            let mut items = self.items.lock().expect("nobody panics");
            while *items == 1 {
                items = self.not_full.wait(items).expect("nobody panics");
            }
            *items += 1;
            self.not_empty.notify_one();
        }
    }

    fn consume(&self) {
        for _ in 0..2 {
            let mut items = self.items.lock().expect("nobody panics");
            while *items == 0 {
                items = self.not_empty.wait(items).expect("nobody panics");
            }
            *items -= 1;
            self.not_full.notify_one();
        }
    }
}

fn config(strategy: &Strategy, executions: u64) -> Config {
    Config::default().strategy(strategy.clone()).executions(executions).ignore_environment()
}

/// Runs the declarative form on so many workers.
pub(crate) fn on_workers(jobs: usize, subject: Subject, executions: u64) -> Tally {
    declare(&config(&Strategy::Random, executions).jobs(jobs), subject)
}

fn judge(report: Result<Report, selvedge_harness::Error>) -> Tally {
    let report = report.expect("the configuration is right");
    assert_eq!(report.tally.violations, 0, "no program here can fail: {report:?}");
    assert_eq!(report.tally.inconclusive, None);
    report.tally
}

/// Runs the declarative form.
pub(crate) fn declared(strategy: &Strategy, subject: Subject, executions: u64) -> Tally {
    declare(&config(strategy, executions), subject)
}

fn declare(config: &Config, subject: Subject) -> Tally {
    judge(match subject {
        Subject::Update => {
            Program::new("i", || Number::new(0)).tasks("task", 2, |n, _| n.change(5, 1)).check(config)
        }
        Subject::Ticket => Program::new("ii", Stock::new).tasks("client", 10, |s, _| s.buy()).check(config),
        Subject::Locked => {
            Program::new("iii", LockedStock::new).tasks("client", 10, |s, _| s.buy()).check(config)
        }
        Subject::Bank => Program::new("iv", || Number::new(100))
            .task("in", |n| n.change(100, 1))
            .task("out", |n| n.change(100, 1_u32.wrapping_neg()))
            .check(config),
        Subject::Buffer => Program::new("v", Buffer::new)
            .tasks("producer", 2, |b, _| b.produce())
            .tasks("consumer", 2, |b, _| b.consume())
            .check(config),
    })
}

/// Starts `count` threads that run `body` on `state`, and returns their handles.
fn start<S: Send + Sync + 'static>(
    state: &Arc<S>,
    count: usize,
    body: impl Fn(&S) + Copy + Send + 'static,
) -> Vec<thread::JoinHandle<()>> {
    let one = |_| {
        let state = Arc::clone(state);
        thread::spawn(move || body(&state))
    };
    (0..count).map(one).collect()
}

fn join(handles: Vec<thread::JoinHandle<()>>) {
    for handle in handles {
        handle.join().expect("no task panics");
    }
}

/// Runs the dynamic form.
pub(crate) fn started(strategy: &Strategy, subject: Subject, executions: u64) -> Tally {
    let config = config(strategy, executions);
    judge(match subject {
        Subject::Update => check(&config, || join(start(&Arc::new(Number::new(0)), 2, |n| n.change(5, 1)))),
        Subject::Ticket => check(&config, || join(start(&Arc::new(Stock::new()), 10, Stock::buy))),
        Subject::Locked => {
            check(&config, || join(start(&Arc::new(LockedStock::new()), 10, LockedStock::buy)))
        }
        Subject::Bank => check(&config, || {
            let number = Arc::new(Number::new(100));
            let mut all = start(&number, 1, |n| n.change(100, 1));
            all.extend(start(&number, 1, |n| n.change(100, 1_u32.wrapping_neg())));
            join(all);
        }),
        Subject::Buffer => check(&config, || {
            let buffer = Arc::new(Buffer::new());
            let mut all = start(&buffer, 2, Buffer::produce);
            all.extend(start(&buffer, 2, Buffer::consume));
            join(all);
        }),
    })
}
