//! Who still begins, where a thread ends its process before any of them came to an operation?

use crate::{BOTH, Count, quiet};
use selvedge_harness::Checked;
use selvedge_harness::prelude::*;

/// Of four threads of one process, one ends it. Two processes stand beside them, and the outcome
/// is who counted.
fn ended_by(who: usize) -> Program<Count> {
    Program::new("ended in a prologue", || Count { value: Value::new(0) })
        .threads("thread", 4, move |s, number| {
            if number == who {
                selvedge::process::exit::<Checked>(0);
            }
            s.value.fetch_add(1);
        })
        .tasks("other", 2, |s, _| s.value.fetch_add(10))
        .label(|s, label| *label += &s.value.get().to_string())
}

/// Threads that were to begin after it do not, and those that stood before an operation never do
/// it.
#[test]
fn threads_of_a_process_that_has_ended_do_not_begin() {
    for strategy in [Strategy::Random, Strategy::Dfs { preemptions: None }, Strategy::Dpor] {
        for who in 0..4 {
            let [sim, real] = BOTH.map(|engine| {
                let config = quiet(engine).strategy(strategy.clone());
                let all = Config { keep_going: true, ..config.clone() }.executions(50);
                let tally = ended_by(who).check(&all).unwrap().tally;
                let bad = (tally.first, tally.inconclusive, tally.nondeterministic);
                assert_eq!(bad, (None, None, None), "{strategy:?} in {engine:?}, ended by {who}");
                let labels: Vec<&str> = tally.outcomes.keys().map(String::as_str).collect();
                assert_eq!(labels, ["20"], "{strategy:?} in {engine:?}, ended by {who}");
                (tally.executions, ended_by(who).record(&config, 0..2).unwrap())
            });
            assert_eq!(sim, real, "{strategy:?}, ended by {who}");
        }
    }
}
