//! How soon does the default find what it should? Means over seeds; the bars leave room
//! for chance, since a mean over 60 seeds is itself a random number.

use super::programs::{Board, board, quiet};
use selvedge_harness::prelude::*;
use selvedge_harness::{Report, check};
use std::sync::Arc;

const SEEDS: u64 = 60;

type Body = fn(&Board, usize);

/// The mean number of the first execution that fails, counted from 1: of tasks that exist
/// from the start, and of tasks that a main task starts and joins.
fn means(bodies: &[Body], finish: fn(&Board)) -> [f64; 2] {
    let bodies: Vec<Body> = bodies.to_vec();
    let mean = |run: &dyn Fn(&Config) -> Report| {
        let first = |seed| {
            let report = run(&quiet().seed(seed).executions(10_000));
            report.tally.first.expect("the bug is found").index + 1
        };
        (0..SEEDS).map(first).sum::<u64>() as f64 / SEEDS as f64
    };
    let each = bodies.clone();
    let program = Program::new("static", board)
        .tasks("task", bodies.len(), move |board, i| each[i](board, i))
        .finally(finish);
    let started = |config: &Config| {
        let report = check(config, || {
            let shared = Arc::new(board());
            let start = |(i, &body): (usize, &Body)| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || body(&shared, i))
            };
            let handles: Vec<_> = bodies.iter().enumerate().map(start).collect();
            for handle in handles {
                handle.join().unwrap();
            }
            finish(&shared);
        });
        report.unwrap()
    };
    [mean(&|config| program.check(config).unwrap()), mean(&started)]
}

fn found_within(bar: f64, name: &str, bodies: &[Body], finish: fn(&Board)) {
    let means = means(bodies, finish);
    assert!(means.iter().all(|&mean| mean <= bar), "{name}: {means:?}, the bar is {bar}");
}

#[test]
fn a_lost_update_shows_at_once() {
    let add: Body = |board, _| {
        for _ in 0..5 {
            let value = board.a.get();
            board.a.set(value + 1);
        }
    };
    found_within(1.1, "lost update", &[add; 2], |board| assert_eq!(board.a.get(), 10));
}

#[test]
fn tickets_are_oversold_at_once() {
    let buy: Body = |board, _| {
        let sold = board.a.get();
        if sold < 5 {
            board.a.set(sold + 1);
            board.b.fetch_add(1);
        }
    };
    found_within(1.1, "ticket", &[buy; 10], |board| assert!(board.b.get() <= 5));
}

#[test]
fn a_task_that_must_come_last_does() {
    let long: Body = |board, _| {
        for _ in 0..21 {
            board.a.fetch_add(1);
        }
    };
    let short: Body = |board, _| assert!(board.a.fetch_add(1) < 21, "last");
    found_within(12.0, "after 21", &[long, short], |_| ());
}

#[test]
fn a_window_of_one_operation_is_hit() {
    let long: Body = |board, _| {
        for _ in 0..30 {
            board.a.fetch_add(1);
        }
    };
    let looks: Body = |board, _| {
        for i in 0..30 {
            let value = board.a.get();
            assert!(i != 15 || value != 15, "in the window");
        }
    };
    found_within(20.0, "window", &[long, looks], |_| ());
}

#[test]
fn a_rare_order_among_ten_tasks_is_met() {
    let set: Body = |board, _| {
        board.a.set(1);
        board.b.set(-1);
    };
    let look: Body = |board, _| {
        let untouched = board.a.get() == 0 && board.b.get() == 0;
        assert!(untouched || board.a.get() == 1 && board.b.get() == -1, "halfway");
    };
    found_within(100.0, "reorder", &[set, set, set, set, set, set, set, set, set, look], |_| ());
}

#[test]
fn a_lost_notification_is_met() {
    let put: Body = |board, _| {
        for _ in 0..2 {
            let mut items = board.lock.lock().unwrap();
            while *items == 1 {
                items = board.changed.wait(items).unwrap();
            }
            *items += 1;
            board.changed.notify_one();
        }
    };
    let take: Body = |board, _| {
        for _ in 0..2 {
            let mut items = board.lock.lock().unwrap();
            while *items == 0 {
                items = board.changed.wait(items).unwrap();
            }
            *items -= 1;
            board.changed.notify_one();
        }
    };
    found_within(10.0, "buffer", &[put, put, take, take], |_| ());
}
