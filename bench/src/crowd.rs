//! A few tasks that work beside a crowd that does not: what does a step cost then?
//!
//! Used by the bench `instructions`, through the binary `one`. Ten tasks change one number;
//! others wait for that number to become one that it gets at the end only, or each for another such
//! number at least, or ended at once. What an execution with more changes costs beyond one with fewer is
//! the price of its steps alone, whatever it takes to begin and to end.

use selvedge_harness::prelude::*;
use selvedge_harness::strategy::Strategy;

/// Tasks that work.
pub const WORKERS: u32 = 10;
/// What those who wait wait for: no worker counts so far.
const OVER: u32 = u32::MAX;

/// What the tasks do that do not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// They wait for the number that the others change.
    Waiting,
    /// The same, and each waits for another number at least.
    Apart,
    /// They have ended before anybody works.
    Ended,
}

impl Crowd {
    /// All kinds, with their names.
    pub const ALL: [(&'static str, Crowd); 3] =
        [("waiting", Crowd::Waiting), ("apart", Crowd::Apart), ("ended", Crowd::Ended)];

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Crowd> {
        Crowd::ALL.iter().find(|(known, _)| *known == name).map(|(_, crowd)| *crowd)
    }
}

shareable! {
    struct Hall { number: Value<u32>, done: Value<u32> }
}

impl Hall {
    fn work(&self, changes: u32) {
        for _ in 0..changes {
            self.number.set(self.number.get() + 1);
        }
        if self.done.fetch_add(1) + 1 == WORKERS {
            self.number.set(OVER);
        }
    }
}

/// Runs so many executions in which each worker makes so many changes, of two steps each,
/// beside a crowd of so many.
///
/// # Panics
/// If selvedge finds fault with a program that has none.
pub fn explore(strategy: &Strategy, (crowd, many): (Crowd, usize), changes: u32, executions: u64) -> u64 {
    let program = Program::new("crowd", || Hall { number: Value::new(0), done: Value::new(0) }).tasks(
        "worker",
        WORKERS as usize,
        move |hall, _| hall.work(changes),
    );
    let program = match crowd {
        Crowd::Waiting => program.tasks("bystander", many, |hall, _| hall.number.await_eq(OVER)),
        Crowd::Apart => {
            program.tasks("bystander", many, |hall, me| _ = hall.number.await_at_least(OVER - me as u32))
        }
        Crowd::Ended => program.tasks("bystander", many, |_, _| ()),
    };
    let config = Config::default().strategy(strategy.clone()).executions(executions).ignore_environment();
    let report = program.check(&config).expect("the configuration is right");
    assert_eq!((report.tally.violations, report.tally.inconclusive), (0, None), "nothing here can fail");
    report.tally.executions
}
