//! Is what is called uniform uniform? Chi-square tests with fixed seeds.

use super::by;
use super::programs::{Board, board, quiet, trace};
use selvedge_harness::prelude::*;
use selvedge_harness::{check, outcome, unobserved};
use std::collections::BTreeMap;

const RUNS: u64 = 20_000;

/// The outcomes must be so many, and equally frequent: chi-square over its degrees of
/// freedom has mean 1 and variance 2/df, and may lie five sigma above.
fn uniform(name: &str, outcomes: &BTreeMap<String, u64>, cells: usize) {
    assert_eq!(outcomes.len(), cells, "{name}: {outcomes:?}");
    let (off, most) = distance(outcomes);
    assert!(off < most, "{name}: chi-square {off} of {most}: {outcomes:?}");
}

fn distance(outcomes: &BTreeMap<String, u64>) -> (f64, f64) {
    let expected = outcomes.values().sum::<u64>() as f64 / outcomes.len() as f64;
    let off: f64 = outcomes.values().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    let freedom = outcomes.len() as f64 - 1.0;
    (off, freedom + 5.0 * (2.0 * freedom).sqrt())
}

fn outcomes(program: &Program<Board>, strategy: &str) -> BTreeMap<String, u64> {
    let config = Config { keep_going: true, ..by(strategy).seed(2).executions(RUNS) };
    program.check(&config).unwrap().tally.outcomes
}

fn steps(tasks: &[usize]) -> Program<Board> {
    let tasks = tasks.to_vec();
    let each = tasks.clone();
    Program::new("steps", board)
        .tasks("task", tasks.len(), move |board, i| {
            for _ in 0..each[i] {
                board.a.fetch_add(1);
                board.note(i as u64 + 1);
            }
        })
        .label(|board, label| label.push_str(&board.order.get().to_string()))
}

/// Every interleaving of tasks that never block: multinomial many, equally likely.
#[test]
fn urw_is_uniform_over_interleavings() {
    uniform("2 x 3", &outcomes(&steps(&[3, 3]), "urw"), 20);
    uniform("3 x 2", &outcomes(&trace(), "urw"), 90);
    uniform("1 and 5", &outcomes(&steps(&[1, 5]), "urw"), 6);
    uniform("1, 2, 3", &outcomes(&steps(&[1, 2, 3]), "urw"), 60);
    // And the measure can tell: the plain random walk is not uniform.
    let (off, most) = distance(&outcomes(&steps(&[1, 5]), "random"));
    assert!(off > 10.0 * most, "{off}, {most}");
}

/// A task that starts others stands for them until it does. Its steps S, S and those of
/// the two that it starts, A A and B B, have 6! / (6 * 3 * 2 * 2) = 10 orders in which
/// nobody runs before it exists.
#[test]
fn urw_is_uniform_over_tasks_that_start_others() {
    let config = Config { keep_going: true, ..by("urw").seed(4).executions(RUNS) };
    let report = check(&config, || {
        let shared = Shared::new([Value::new(0_u64), Value::new(0_u64)]);
        let start = |mark: u64| {
            let shared = shared.clone();
            let note = move |shared: &[Value<u64>; 2], mark| {
                unobserved(|| shared[1].set(shared[1].get() * 10 + mark));
                unobserved(|| outcome(shared[1].get().to_string()));
            };
            let child = shared.clone();
            // Never joined, since that would be a step that waits; processes, since threads
            // end with the one that started them.
            drop(Process::spawn(move || {
                for _ in 0..2 {
                    child[0].fetch_add(1);
                    note(&child, mark);
                }
            }));
            note(&shared, 9);
        };
        start(1);
        start(2);
    });
    uniform("S S, A A, B B", &report.unwrap().tally.outcomes, 10);
}

/// The orders of the operations on one object, whatever lies between them.
#[test]
fn surw_is_uniform_over_the_orders_of_one_object() {
    let program = Program::new("one object", board)
        .tasks("task", 2, |board, i| {
            let own = Value::new(0_i64);
            for round in 0..2 {
                for _ in 0..if i == 0 { 9 } else { round } {
                    own.fetch_add(1);
                }
                board.a.fetch_add(1);
                board.note(i as u64 + 1);
            }
        })
        .label(|board, label| label.push_str(&board.order.get().to_string()));
    uniform("2 x 2 among others", &outcomes(&program, "surw"), 6);
    let (off, most) = distance(&outcomes(&program, "urw"));
    assert!(off > 10.0 * most, "the others do matter to urw: {off}, {most}");
}

/// Without a point of change, `pct` runs the tasks one after the other, in any order.
#[test]
fn pct_draws_every_order_of_tasks() {
    uniform("pct:1", &outcomes(&trace(), "pct:1"), 6);
    let with_one = outcomes(&trace(), "pct:2");
    assert!(with_one.len() > 6 && with_one.len() < 90, "{with_one:?}");
}

/// Round robin is one schedule. A delay makes whoever runs wait for a whole round, so
/// one delay can only move a task's last steps behind those of the others.
#[test]
fn delays_disturb_a_round_robin() {
    let none = outcomes(&trace(), "delay:0");
    assert_eq!(none.keys().collect::<Vec<_>>(), ["112233"]);
    let one = outcomes(&trace(), "delay:1");
    assert_eq!(one.keys().collect::<Vec<_>>(), ["112233", "112332", "113322", "122331", "223311"]);
}

/// `quiet` with nothing said is the portfolio, and it meets every interleaving.
#[test]
fn the_portfolio_leaves_nothing_out() {
    let config = Config { keep_going: true, ..quiet().executions(RUNS) };
    assert_eq!(trace().check(&config).unwrap().tally.outcomes.len(), 90);
}
