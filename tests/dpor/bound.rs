//! What the bound on steps cuts off.

use selvedge_harness::Verdict;
use selvedge_harness::prelude::*;

fn config(steps: usize) -> Config {
    let mut config = Config::default().ignore_environment().persist(false);
    config.limits.steps = steps;
    config
}

fn updates() -> Program<Value<u32>> {
    Program::new("updates", || Value::new(0)).tasks("task", 2, |value, _| {
        for _ in 0..2 {
            value.set(value.get() + 1);
        }
    })
}

/// An execution that is cut off is a livelock, and what would follow it is not planned.
#[test]
fn nothing_is_planned_beyond_the_bound() {
    for steps in 1..=10 {
        let exhausted = |strategy| {
            let config = Config { shrink: false, ..config(steps).strategy(strategy).exhaust() };
            let tally = updates().check(&config).unwrap().tally;
            (tally.complete, tally.first.map(|found| found.verdict))
        };
        let dfs = exhausted(Strategy::Dfs { preemptions: None });
        assert_eq!(dfs.1.is_some(), steps <= 8, "{dfs:?}");
        assert_eq!(exhausted(Strategy::Dpor), dfs, "{steps} steps");
    }
}

/// Plans as long as the longest execution, of a finding whose schedules are all looked at.
#[test]
fn a_loop_that_never_ends_is_told_at_the_usual_bound() {
    shareable! {
        struct Flags { wants: [Value<u32>; 2], turn: Value<u32>, inside: RaceCell<u32> }
    }
    let flags =
        || Flags { wants: [Value::new(0), Value::new(0)], turn: Value::new(0), inside: RaceCell::new(0) };
    let peterson = Program::new("peterson", flags).tasks("task", 2, |flags, me| {
        let other = 1 - me;
        flags.wants[me].set(1);
        flags.turn.set(other as u32);
        while flags.wants[other].get() == 1 && flags.turn.get() == other as u32 {}
        flags.inside.with_mut(|inside| *inside += 1);
        flags.wants[me].set(0);
    });
    let report = peterson.check(&config(Config::default().limits.steps).executions(1_000)).unwrap();
    let verdict = report.tally.first.expect("it spins for ever where only the spinner runs").verdict;
    assert!(matches!(verdict, Verdict::Livelock { .. } | Verdict::Race { .. }), "{verdict}");
}
