//! How many executions a second, beside shuttle?
//!
//! `cargo bench -p selvedge-bench --bench explorer`, about half a minute.
//!
//! Runs the five programs of `subject` in selvedge's `sim` engine with the strategy
//! `random`, in both forms, and in shuttle 0.9.9 with its `RandomScheduler` and default
//! configuration. Each pair is measured in rounds of about a tenth of a second a side, one
//! right after the other and in alternating order, in this one process; the ratio is taken
//! within a round and its median is the figure. The bar is 5 times shuttle's rate.
//!
//! Fairness:
//! - The programs are alike line by line, and assert nothing that can fail: both sides run
//!   all executions. The declarative form has no main task that starts and joins the others;
//!   the dynamic one has, as shuttle's has: that is the like-for-like row.
//! - Both sides keep what a replay of the execution needs: selvedge its list of choices,
//!   shuttle its schedule. Neither writes it anywhere while nothing fails.
//! - Everything counts, the set-up of a run included. Time is processor time of the whole
//!   process, which a busy machine disturbs less than the wall clock; both sides explore on
//!   one thread.
//! - loom is shown for information on the programs that it can take: it searches
//!   exhaustively and with weak memory, which is more work for each execution.
//!
//! A second table shows what two workers side by side (`--jobs 2`) lose to each other:
//! processor time for each execution, beside that of one worker. On idle cores two workers
//! are 2 divided by that ratio times as fast as one; measured so, a busy machine decides
//! nothing, though two cores that share their parts (hyper-threads) show here as a loss.
//!
//! Run without cargo's `--bench` flag, it makes one short round of each and shows that
//! everything runs. It decides nothing: exit code 0 in any case.

use selvedge_bench::rounds::{Bar, measured, own_seconds, paired, print_table, row};
use selvedge_bench::subject::{Side, Subject, explore_on_workers, run};

const ROUNDS: usize = 9;
/// Seconds that one side of one round is to take.
const SLICE: f64 = 0.1;
const BAR: Bar = Bar::AtLeast(5.0);
/// Two workers on two idle cores are 1.8 times as fast as one if an execution costs them
/// no more than this many times the processor time.
const LOSS: Bar = Bar::AtMost(2.0 / 1.8);

/// Executions for each second of processor time of one run.
fn rate(side: Side, subject: Subject, executions: u64) -> f64 {
    let begun = own_seconds();
    let done = run(side, subject, executions);
    done as f64 / (own_seconds() - begun)
}

/// What two workers side by side lose: processor time for each execution beside that of
/// one worker.
fn workers(rounds: usize, slice: f64) {
    let mut rows =
        vec![row(["program", "2 workers, ns", "1 worker", "ratio", "lowest", "highest", "bar", ""])];
    for (name, subject) in Subject::ALL {
        eprintln!("explorer: {name}, two workers");
        let many = (rate(Side::Static, subject, 1_000) * slice) as u64 + 1;
        let cost = |jobs| {
            let begun = own_seconds();
            let done = explore_on_workers(jobs, subject, many);
            (own_seconds() - begun) * 1e9 / done as f64
        };
        let result = paired(rounds, || cost(2), || cost(1));
        let [bar, verdict] = LOSS.columns(result.ratio, 2);
        rows.push(vec![
            name.to_owned(),
            format!("{:.0}", result.ours),
            format!("{:.0}", result.theirs),
            format!("{:.2}", result.ratio),
            format!("{:.2}", result.lowest),
            format!("{:.2}", result.highest),
            bar,
            verdict,
        ]);
    }
    print_table(&rows);
}

fn main() {
    let (rounds, slice) = if measured() { (ROUNDS, SLICE) } else { (1, 0.001) };
    let heading =
        ["program", "form", "selvedge exec/s", "shuttle exec/s", "ratio", "lowest", "highest", "bar", ""];
    let mut rows = vec![row(heading)];
    for (name, subject) in Subject::ALL {
        for (form, side) in [("static", Side::Static), ("dynamic", Side::Dynamic)] {
            eprintln!("explorer: {name}, {form}");
            // The first run warms caches up and says how many executions fill a slice.
            let plenty = |side| (rate(side, subject, 1_000) * slice) as u64 + 1;
            let (many, theirs) = (plenty(side), plenty(Side::Shuttle));
            let result =
                paired(rounds, || rate(side, subject, many), || rate(Side::Shuttle, subject, theirs));
            let [bar, verdict] = BAR.columns(result.ratio, 1);
            rows.push(vec![
                name.to_owned(),
                form.to_owned(),
                format!("{:.0}", result.ours),
                format!("{:.0}", result.theirs),
                format!("{:.2}", result.ratio),
                format!("{:.2}", result.lowest),
                format!("{:.2}", result.highest),
                bar,
                verdict,
            ]);
        }
    }
    print_table(&rows);
    println!();
    workers(rounds, slice);
    for (name, subject) in [("i", Subject::Update), ("v", Subject::Buffer)] {
        println!("loom on {name}, for information: {:.0} exec/s", rate(Side::Loom, subject, 2_000));
    }
}
