//! Whoever is refused by a queue changes nothing: two of them come in any order, and each comes
//! before or after whoever does change something.

use super::classics::config;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;

/// What tasks do with a queue of some kind that holds one item: put without waiting, and get.
struct Ends<Q> {
    make: fn() -> Q,
    try_put: fn(&Q) -> bool,
    try_get: fn(&Q) -> bool,
}

/// Executions of a program in which so many tasks put and so many get, once each, on a queue that
/// begins with so many items.
fn executions<Q: Clone + Send + Sync + 'static>(
    ends: &Ends<Q>,
    items: usize,
    puts: usize,
    gets: usize,
) -> u64 {
    let Ends { make, try_put, try_get } = *ends;
    let program = AnyProgram::dynamic(move || {
        let queue = make();
        (0..items).for_each(|_| assert!(try_put(&queue)));
        let start = |end: fn(&Q) -> bool| {
            let queue = queue.clone();
            thread::spawn(move || end(&queue))
        };
        let tasks: Vec<_> = [vec![try_put; puts], vec![try_get; gets]].concat();
        let tasks: Vec<_> = tasks.into_iter().map(start).collect();
        tasks.into_iter().for_each(|task| _ = task.join());
    });
    let tally = program.check("tries", &config()).unwrap().tally;
    assert_eq!((tally.complete, tally.blocked, tally.violations), (true, 0, 0), "{tally:?}");
    tally.executions
}

/// Of the orders of one who puts and `gets` who get, those count in which another number of them
/// come before that one; the first of those after it gets the item, and the others come in any
/// order.
fn holds<Q: Clone + Send + Sync + 'static>(ends: &Ends<Q>) {
    assert_eq!(executions(ends, 0, 0, 3), 1);
    assert_eq!(executions(ends, 1, 3, 0), 1);
    assert_eq!(executions(ends, 0, 1, 1), 2);
    // Nobody, one of two, or both before; of two afterwards either is first.
    assert_eq!(executions(ends, 0, 1, 2), 5);
    assert_eq!(executions(ends, 1, 2, 1), 5);
}

/// The same for each of these kinds of queues.
macro_rules! hold {
    ($($queue:ident),*) => {$(
        holds(&Ends {
            make: || $queue::bounded(1),
            try_put: |queue: &$queue<u32>| queue.try_put(1).is_ok(),
            try_get: |queue| queue.try_get().is_ok(),
        });
    )*};
}

#[test]
fn refused_tries_of_queues_come_in_any_order() {
    hold!(Queue, PlainQueue, LifoQueue, PriorityQueue);
}
