//! What does a cleverer strategy cost, beside `random` and beside shuttle's?
//!
//! `cargo bench -p selvedge-bench --bench strategies`, about a minute.
//!
//! Two tables over the programs (i), (ii), (iii), (v) of `subject`, in `sim`:
//!
//! - Each strategy beside selvedge's own `random`: processor time for each step, as a
//!   ratio. The bar is twice; for `dpor`, which looks for races after each execution,
//!   ten times. (Steps and not executions, since strategies that lead to
//!   longer executions would look slow.)
//! - `random`, `pct:3` and `urw` beside shuttle 0.9.9's `RandomScheduler`,
//!   `PctScheduler` and `UrwRandomScheduler`: executions for each second of processor
//!   time, as a ratio. The bar is four times.
//!
//! Rounds, fairness and the programs are those of the bench `explorer`; pilot runs count
//! on both sides. Without cargo's `--bench` flag one short round shows that everything
//! runs. It decides nothing: exit code 0 in any case.

use selvedge_bench::rounds::{Bar, Paired, measured, own_seconds, paired, print_table, row};
use selvedge_bench::subject::{Subject, Walk, explore, explore_with_shuttle, steps};
use selvedge_harness::strategy::Strategy;

const ROUNDS: usize = 7;
/// Seconds that one side of one round is to take.
const SLICE: f64 = 0.04;
const OWN: Bar = Bar::AtMost(2.0);
const EXHAUSTIVE: Bar = Bar::AtMost(10.0);
const RIVAL: Bar = Bar::AtLeast(4.0);
const PROGRAMS: [(&str, Subject); 4] =
    [("i", Subject::Update), ("ii", Subject::Ticket), ("iii", Subject::Locked), ("v", Subject::Buffer)];
const FORMS: [(&str, bool); 2] = [("static", false), ("dynamic", true)];

/// What `run` counted, for each second of processor time.
fn rate(run: impl FnOnce() -> u64) -> f64 {
    let begun = own_seconds();
    let done = run();
    done as f64 / (own_seconds() - begun)
}

/// Executions that fill a slice at this many a second.
fn plenty(rate: f64, slice: f64) -> u64 {
    (rate * slice) as u64 + 1
}

fn line(labels: [&str; 3], result: &Paired, bar: Bar) -> Vec<String> {
    let [bar, verdict] = bar.columns(result.ratio, 1);
    let mut row = row(labels);
    row.extend([
        format!("{:.0}", result.ours),
        format!("{:.0}", result.theirs),
        format!("{:.2}", result.ratio),
        format!("{:.2}", result.lowest),
        format!("{:.2}", result.highest),
        bar,
        verdict,
    ]);
    row
}

/// Nanoseconds a step of a strategy beside those of `random`.
fn beside_random(rounds: usize, slice: f64) {
    let head = ["strategy", "program", "form", "ns/step", "random", "ratio", "lowest", "highest", "bar", ""];
    let mut rows = vec![row(head)];
    let random = ["pct:3", "pos", "urw", "surw", "delay:2", "portfolio"].map(|name| (name, OWN));
    for (name, bar) in random.into_iter().chain([("dpor", EXHAUSTIVE)]) {
        let strategy: Strategy = name.parse().expect("selvedge knows it");
        for (program, subject) in PROGRAMS {
            for (form, dynamic) in FORMS {
                eprintln!("strategies: {name}, {program}, {form}");
                let warm = rate(|| explore(&Strategy::Random, dynamic, subject, 1_000));
                let many = plenty(warm, slice);
                let cost = |strategy: &Strategy| 1e9 / rate(|| steps(strategy, dynamic, subject, many));
                let result = paired(rounds, || cost(&strategy), || cost(&Strategy::Random));
                rows.push(line([name, program, form], &result, bar));
            }
        }
    }
    print_table(&rows);
}

/// Executions a second beside shuttle's.
fn beside_shuttle(rounds: usize, slice: f64) {
    let head = ["strategy", "program", "form", "exec/s", "shuttle", "ratio", "lowest", "highest", "bar", ""];
    let mut rows = vec![row(head)];
    for walk in [Walk::Random, Walk::Pct, Walk::Urw] {
        let strategy = walk.strategy();
        for (program, subject) in PROGRAMS {
            for (form, dynamic) in FORMS {
                eprintln!("strategies: {strategy} beside shuttle's, {program}, {form}");
                let ours = |executions| rate(|| explore(&strategy, dynamic, subject, executions));
                let theirs = |executions| rate(|| explore_with_shuttle(walk, subject, executions));
                let (many, few) = (plenty(ours(1_000), slice), plenty(theirs(1_000), slice));
                let result = paired(rounds, || ours(many), || theirs(few));
                rows.push(line([&strategy.to_string(), program, form], &result, RIVAL));
            }
        }
    }
    print_table(&rows);
}

fn main() {
    let (rounds, slice) = if measured() { (ROUNDS, SLICE) } else { (1, 0.001) };
    beside_random(rounds, slice);
    println!();
    beside_shuttle(rounds, slice);
}
