//! Programs of other shapes: waiting for a state, starting tasks, ending early, real
//! processes; and what the strategy refuses.

use super::classics::config;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::{Tally, check};
use std::collections::BTreeSet;

shareable! {
    struct Buffer {
        items: Mutex<[u32; 4]>,
        not_empty: Condvar,
        not_full: Condvar,
        taken: Value<u32>,
    }
}

/// A buffer of `capacity` items, the first number of the array counting them.
fn buffer(capacity: u32, producers: usize, consumers: usize, each: usize) -> Program<Buffer> {
    let init = || Buffer {
        items: Mutex::new([0; 4]),
        not_empty: Condvar::new(),
        not_full: Condvar::new(),
        taken: Value::new(0),
    };
    Program::new("buffer", init)
        .tasks("producer", producers, move |buffer, number| {
            for _ in 0..each {
                let guard = buffer.items.lock().unwrap();
                let mut items = buffer.not_full.wait_while(guard, |items| items[0] == capacity).unwrap();
                items[0] += 1;
                let at = items[0] as usize;
                items[at] = number as u32 + 1;
                buffer.not_empty.notify_one();
            }
        })
        .tasks("consumer", consumers, move |buffer, _| {
            for _ in 0..each {
                let guard = buffer.items.lock().unwrap();
                let mut items = buffer.not_empty.wait_while(guard, |items| items[0] == 0).unwrap();
                let at = items[0] as usize;
                let item = items[at];
                items[0] -= 1;
                buffer.taken.fetch_add(item);
                buffer.not_full.notify_one();
            }
        })
        .label(move |buffer, label| label.push_str(&buffer.taken.get().to_string()))
}

fn tally(program: &Program<Buffer>) -> Tally {
    let tally = program.check(&config()).unwrap().tally;
    assert!(tally.complete);
    println!("{} executions, {} blocked, {:.3} s", tally.executions, tally.blocked, tally.seconds);
    tally
}

#[test]
fn a_buffer_is_exhausted() {
    for (producers, consumers, each) in [(1, 1, 1), (1, 1, 2), (2, 1, 1), (2, 2, 1)] {
        let each_takes = if producers > consumers { 1 } else { each };
        let program = buffer(1, producers, consumers, each_takes);
        let found = tally(&program);
        if producers + consumers < 3 {
            let all = Config { strategy: Strategy::Dfs { preemptions: None }, ..config() };
            let all = program.check(&all).unwrap().tally;
            assert_eq!(found.violations > 0, all.violations > 0);
            let labels = |tally: &Tally| tally.outcomes.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(labels(&found), labels(&all));
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation")]
fn a_larger_buffer_is_exhausted() {
    tally(&buffer(1, 2, 2, 2));
}

/// The buffer without a scheduler: who has how many items to go, how many lie in it, and who
/// waits, in the order of coming. All that tasks do is done with the lock, so that a trace is an
/// order in which the lock is taken.
#[derive(Clone)]
struct Orders {
    capacity: u32,
    producers: usize,
    left: Vec<usize>,
    items: u32,
    waiting: [Vec<usize>; 2],
}

impl Orders {
    fn count(&self) -> u64 {
        let ready = |&task: &usize| self.left[task] > 0 && self.waiting.iter().all(|w| !w.contains(&task));
        let orders: u64 = (0..self.left.len()).filter(ready).map(|task| self.after(task).count()).sum();
        // Nobody can take it: all have ended, or wait for ever.
        orders.max(1)
    }

    fn after(&self, task: usize) -> Orders {
        let mut next = self.clone();
        let produces = task < self.producers;
        if self.items == if produces { self.capacity } else { 0 } {
            next.waiting[usize::from(!produces)].push(task);
            return next;
        }
        next.left[task] -= 1;
        next.items = if produces { self.items + 1 } else { self.items - 1 };
        let woken = &mut next.waiting[usize::from(produces)];
        drop(woken.drain(..woken.len().min(1)));
        next
    }
}

#[test]
fn a_buffer_has_as_many_traces_as_orders_of_its_lock() {
    for (capacity, producers, consumers, each) in
        [(1, 1, 1, 4), (1, 2, 1, 1), (1, 2, 2, 1), (2, 2, 2, 1), (1, 3, 1, 1), (1, 3, 2, 1), (2, 1, 1, 3)]
    {
        let left = vec![each; producers + consumers];
        let orders = Orders { capacity, producers, left, items: 0, waiting: [vec![], vec![]] };
        let found = tally(&buffer(capacity, producers, consumers, each));
        let name = format!("{producers} and {consumers}, {each} each, room for {capacity}");
        assert_eq!((found.executions, found.blocked), (orders.count(), 0), "{name}");
    }
}

#[test]
fn a_ticket_for_each_of_four_clients() {
    let program = Program::new("ticket", || Buffer {
        items: Mutex::new([2, 0, 0, 0]),
        not_empty: Condvar::new(),
        not_full: Condvar::new(),
        taken: Value::new(2),
    })
    .tasks("client", 4, |state, _| {
        let _held = state.items.lock().unwrap();
        let left = state.taken.get();
        if left > 0 {
            state.taken.set(left - 1);
        }
    });
    let found = tally(&program);
    assert_eq!((found.executions, found.blocked), (24, 0));
}

#[test]
fn both_orders_of_two_locks() {
    let program = Program::new("two locks", || (Mutex::new(0_u32), Mutex::new(0_u32))).tasks(
        "task",
        2,
        |(a, b), number| {
            let (first, second) = if number == 0 { (a, b) } else { (b, a) };
            let _first = first.lock().unwrap();
            let _second = second.lock().unwrap();
        },
    );
    let found = program.check(&config()).unwrap().tally;
    assert_eq!((found.executions, found.violations, found.blocked), (3, 1, 0));
}

#[test]
fn started_tasks_are_ordered_by_start_and_join() {
    let body = || {
        let number = Shared::new(Value::<u32>::new(0));
        let child = |number: Shared<Value<u32>>| Process::spawn(move || number.set(number.get() + 1));
        let children = [child(number.clone()), child(number.clone())];
        for child in children {
            child.join().unwrap();
        }
        outcome(number.get().to_string());
    };
    let report = check(&config(), body).unwrap();
    assert!(report.tally.complete);
    assert_eq!(report.tally.outcomes.keys().map(String::as_str).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!((report.tally.executions, report.tally.blocked), (4, 0));
}

/// A process takes its threads with it, wherever they stand: what they could have done before
/// is tried.
#[test]
fn threads_that_their_process_ends_could_have_gone_on() {
    let body = || {
        let state = Shared::new((Value::<u32>::new(0), Value::<u32>::new(0)));
        let others = state.clone();
        drop(thread::spawn(move || {
            others.0.set(1);
            others.1.set(1);
            assert_eq!(others.0.get(), 1, "seen by a thread that was left to itself");
        }));
        outcome(format!("{} {}", state.1.get(), state.0.get()));
    };
    let found = check(&config(), body).unwrap().tally;
    assert_eq!(found.outcomes.keys().map(String::as_str).collect::<Vec<_>>(), ["0 0", "0 1", "1 1"]);
    let all =
        check(&Config { strategy: Strategy::Dfs { preemptions: None }, ..config() }, body).unwrap().tally;
    assert!(found.complete && found.blocked == 0 && found.executions <= all.executions, "{found:?}");
    assert_eq!(all.outcomes.keys().collect::<Vec<_>>(), found.outcomes.keys().collect::<Vec<_>>());
}

#[test]
fn processes_have_the_same_traces() {
    let program = Program::new("inc", || (Value::<u32>::new(0), Value::<u32>::new(0))).tasks(
        "adder",
        3,
        |(number, _), _| number.set(number.get() + 1),
    );
    let found = program.check(&config().engine(Engine::Real)).unwrap().tally;
    assert_eq!((found.executions, found.blocked, found.complete), (36, 0, true));
}

#[test]
fn faults_are_refused_by_name() {
    let program = Program::new("idle", || Value::<u32>::new(0)).tasks("task", 2, |number, _| number.get());
    let config = config().faults(Faults { kills: 1, ..Faults::none() });
    let error = program.check(&config).unwrap_err().to_string();
    assert!(error.contains("dpor does not explore faults") && error.contains("dfs"), "{error}");
}

/// Executions that a panic ends half-way do not end the search, and none is run in vain.
#[test]
fn the_search_goes_on_after_a_panic() {
    shareable! { struct Pair { x: Value<u32>, y: Value<u32> } }
    let program = Program::new("given up", || Pair { x: Value::new(0), y: Value::new(0) })
        .task("a", |pair| assert_ne!(pair.y.get(), 0, "first"))
        .task("b", |pair| assert_ne!(pair.x.get(), 0, "second"))
        .task("c", |pair| (pair.y.get(), pair.x.get()));
    let tally = program.check(&config()).unwrap().tally;
    assert!(tally.complete && tally.inconclusive.is_none(), "{tally:?}");
    assert!(tally.executions > 1 && tally.violations == tally.executions && tally.blocked == 0, "{tally:?}");
}

/// Operations on an object 0, as a user may number what is his, do not commute either.
#[test]
fn an_object_may_have_the_number_0() {
    use selvedge_harness::{unobserved, visible};
    for object in [0, 7] {
        let program = Program::new("numbered", || Cell { last: RawValue::new(0_u32) })
            .tasks("writer", 2, move |cell, number| {
                visible(Kind::Write, "write", object, || unobserved(|| cell.last.set(number as u32 + 1)));
            })
            .label(|cell, label| label.push_str(&unobserved(|| cell.last.get()).to_string()));
        let tally = program.check(&config()).unwrap().tally;
        assert!(tally.complete);
        assert_eq!((tally.executions, tally.outcomes.len()), (2, 2), "object {object}");
    }
}

shareable! {
    struct Cell { last: RawValue<u32> }
}
