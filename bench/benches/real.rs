//! What does the engine `real` add to what the operating system takes anyway?
//!
//! `cargo bench -p selvedge-bench --bench real`, about a minute.
//!
//! | figure | selvedge | beside it | bar |
//! |---|---|---|---|
//! | hand-over | two warm processes, 2,000 steps each under the strategy `random`: time for each context switch | two bare processes that wake each other by futex on one core | 1.3 times |
//! | tickets | executions a second of 2 and of 10 warm clients for 5 tickets | the bars below | |
//! | family | a dynamic program: main starts two processes and joins them | bare fork, exit, wait of the same three processes, nested alike | 1.5 times |
//!
//! The bars for tickets are 30,000 and 3,000 executions a second where a bare hand-over
//! takes 2.3 us; they are scaled by what it takes here, measured in the same round.
//!
//! Fairness:
//! - Everything runs on one core, the first allowed one, where the engine puts its first
//!   worker too. Rounds are paired, in alternating order; ratios are taken within a round.
//! - The time of all steps, also those that switch to nobody, counts against selvedge, and
//!   so does the controller between executions; its start does not, nor does that of the
//!   bare processes. Switches are counted by the tasks themselves.
//! - The family is measured in processor time of its processes, since nothing of it runs
//!   side by side and whatever else the machine does counts for neither side. Starting the
//!   controller and ending it counts against selvedge.
//! - A search begins with some runs that look for what a schedule does not decide; what is
//!   measured is so long that they do not count.
//! - The bare family has no scheduler, no shared state and does not wait for a burial.
//!
//! Run without cargo's `--bench` flag, it makes one short round of each. It decides
//! nothing: exit code 0 in any case.

use selvedge_bench::bare;
use selvedge_bench::in_processes::{family, switching, tickets};
use selvedge_bench::rounds::{Bar, Paired, children_seconds, measured, median, paired, print_table, row};
/// What a bare hand-over takes where the bars for tickets were set.
const REFERENCE: f64 = 2_300.0;

fn line(name: &str, unit: &str, result: Paired, decimals: usize, bar: Bar) -> Vec<String> {
    let [bar, verdict] = bar.columns(result.ratio, 2);
    vec![
        format!("{name}, {unit}"),
        format!("{:.decimals$}", result.ours),
        format!("{:.decimals$}", result.theirs),
        format!("{:.2}", result.ratio),
        format!("{:.2}", result.lowest),
        format!("{:.2}", result.highest),
        bar,
        verdict,
    ]
}

fn main() {
    // Short rounds are there to find out whether everything runs.
    let (rounds, scale) = if measured() { (9, 1) } else { (1, 50) };
    let mut rows = vec![row(["", "selvedge", "bare", "ratio", "lowest", "highest", "bar", ""])];

    eprintln!("real: hand-over");
    let handed = paired(rounds, || switching(100 / scale), || bare::hand_over(200_000 / scale as u32));
    rows.push(line("hand-over", "us", thousandths(handed), 2, Bar::AtMost(1.3)));

    for (clients, executions, bar) in [(2, 10_000, 30_000.0), (10, 1_500, 3_000.0)] {
        eprintln!("real: tickets, {clients} clients");
        let mut bars = Vec::new();
        let reach = || {
            bars.push(bar * REFERENCE / bare::hand_over(50_000 / scale as u32));
            bars[bars.len() - 1]
        };
        let result = paired(rounds, || tickets(clients, executions / scale), reach);
        let scaled = median(bars.into_iter());
        // Beside it stands the bar itself, so that what must be reached is 1.
        let name = format!("tickets, {clients} clients (bar {bar:.0}, scaled {scaled:.0})");
        rows.push(line(&name, "exec/s", result, 0, Bar::AtLeast(1.0)));
    }

    eprintln!("real: family of three processes");
    let times = 2_000 / scale;
    let ours = || processor_time(times, || family(times));
    let born = paired(rounds, ours, || processor_time(times, || bare::family(times as u32)));
    rows.push(line("family", "ms", born, 3, Bar::AtMost(1.5)));
    print_table(&rows);
}

/// Milliseconds of processor time for each of `times` executions of what `run` does in
/// processes that it starts and waits for.
fn processor_time(times: u64, run: impl FnOnce() -> f64) -> f64 {
    let begun = children_seconds();
    run();
    (children_seconds() - begun) * 1e3 / times as f64
}

/// Nanoseconds as microseconds.
fn thousandths(result: Paired) -> Paired {
    Paired { ours: result.ours / 1e3, theirs: result.theirs / 1e3, ..result }
}
