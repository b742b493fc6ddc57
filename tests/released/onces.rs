//! What is done once is done by the next task if the first one dies of it.

use super::{each, every_word};
use selvedge_harness::prelude::*;

shareable! { struct Table { cell: OnceCell<[u32; 2]>, begun: Value<u32>, begun_at_a_time: Value<u32>, once: Once, done: Value<u32> } }

fn table() -> Table {
    Table {
        cell: OnceCell::new(),
        begun: Value::new(0),
        begun_at_a_time: Value::new(0),
        once: Once::new(),
        done: Value::new(0),
    }
}

/// Everybody wants the value; making it takes two steps.
fn makers(tasks: usize, atomic: bool) -> Program<Table> {
    Program::new("makers", table).tasks("maker", tasks, move |table, _| {
        let make = || {
            let before = table.begun.fetch_add(1);
            step();
            [before, before]
        };
        let value = if atomic {
            *table.cell.get_or_init(make)
        } else {
            // Whoever looks first makes it: two may look at the same time.
            if table.cell.get().is_none() {
                let made = make();
                assert!(table.cell.set(made).is_ok(), "made twice");
            }
            *table.cell.get().unwrap()
        };
        assert_eq!(value[0], value[1]);
        assert_eq!(table.cell.get(), Some(&value), "the value changed");
    })
}

#[test]
fn the_value_is_made_whoever_dies() {
    each(|| makers(3, true).into(), &[0, 1, 2], true);
    let executions = every_word(makers(2, true).into(), 1, 2, true);
    assert!(executions > 1_000);
}

#[test]
fn to_look_and_then_to_make_is_to_make_twice() {
    each(|| makers(2, false).into(), &[0], false);
}

#[test]
fn without_deaths_it_is_made_exactly_once() {
    let program = || makers(3, true).finally(|table| assert_eq!(table.begun.get(), 1));
    each(|| program().into(), &[0], true);
    each(|| program().into(), &[1], false);
}

/// Some wait for it, one does it, and others are ready to if that one dies.
fn waiters() -> Program<Table> {
    Program::new("waiters", table)
        .tasks("doer", 2, |table, _| {
            table.once.call_once(|| {
                step();
                table.done.set(1);
            });
            assert_eq!(table.done.get(), 1);
        })
        .task("waiter", |table| {
            table.once.wait();
            assert_eq!(table.done.get(), 1);
        })
        .task("passer-by", |table| {
            if table.once.try_call_once(|| table.done.set(1)) {
                assert_eq!(table.done.get(), 1);
            }
        })
}

#[test]
fn who_waits_for_it_is_told_whoever_dies() {
    each(|| waiters().into(), &[0, 1], true);
}

#[test]
fn both_engines_see_the_same() {
    super::both_see_the_same(&makers(3, true));
    super::both_see_the_same(&waiters());
}
