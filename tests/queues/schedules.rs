//! What a scheduler sees of a queue: an order of puts and gets, and nothing else.
//!
//! When a process dies here, both engines see the same of it.

use crate::{BOTH, GRAINS, passes, quiet};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Verdict, check, unobserved};

shareable! {
    struct Line { queue: PlainQueue<u32>, sum: Value<u32> }
}

/// A queue in a declared state: who gets is held back until there is something, so that a
/// schedule is an order of puts and gets and nothing else.
fn line(capacity: usize, puts: u32) -> Program<Line> {
    Program::new("line", move || Line { queue: PlainQueue::bounded(capacity), sum: Value::new(0) })
        .task("producer", move |line| {
            for item in 1..=puts {
                line.queue.put(item).unwrap();
            }
        })
        .task("consumer", move |line| {
            for _ in 0..puts {
                let item = line.queue.get().unwrap();
                unobserved(|| line.sum.fetch_add(item));
            }
        })
        .finally(move |line| assert_eq!(line.sum.get(), puts * (puts + 1) / 2))
}

#[test]
fn there_are_as_many_schedules_as_orders() {
    // Orders of 3 puts and 3 gets in which at most `capacity` are ahead: 1, 4, 5.
    for (capacity, orders) in [(1, 1), (2, 4), (3, 5)] {
        let counts = BOTH.map(|engine| {
            let report = line(capacity, 3).check(&quiet(engine, Granularity::Operation).exhaust()).unwrap();
            passes(&report, "line");
            report.tally.executions
        });
        assert_eq!(counts, [orders; 2], "capacity {capacity}");
    }
}

#[test]
fn both_engines_see_the_same() {
    for granularity in GRAINS {
        let config = |engine| quiet(engine, granularity).seed(5).faults(Faults::kills(1));
        let [sim, real] = BOTH.map(|engine| line(2, 3).record(&config(engine), 0..100).unwrap());
        for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
            assert_eq!(a, b, "{granularity:?} execution {index}");
        }
    }
}

#[test]
fn a_get_that_nobody_serves_is_a_deadlock() {
    let program = || {
        let queue = PlainQueue::<u32>::bounded(1);
        assert!(queue.get().is_err());
    };
    for granularity in GRAINS {
        let report = check(&quiet(Engine::Sim, granularity).executions(5), program).unwrap();
        assert_eq!(report.tally.first.map(|found| found.verdict), Some(Verdict::Deadlock));
    }
}
