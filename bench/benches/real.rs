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
//! - The bare family has no scheduler, no shared state and does not wait for a burial.
//!
//! Run without cargo's `--bench` flag, it makes one short round of each. It decides
//! nothing: exit code 0 in any case.

use selvedge_bench::bare;
use selvedge_bench::rounds::{Bar, Paired, measured, median, paired, print_table, row};
use selvedge_harness::prelude::*;
use selvedge_harness::strategy::Strategy;
use selvedge_harness::{Report, check};
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

shareable! {
    struct Pair { value: Value<u32>, last: AtomicU32, switches: AtomicU32 }
    struct Stock { left: Value<u32>, sold: Value<u32> }
}

const STEPS: u32 = 2_000;
/// What a bare hand-over takes where the bars for tickets were set.
const REFERENCE: f64 = 2_300.0;

fn config(executions: u64) -> Config {
    Config::default()
        .strategy(Strategy::Random)
        .engine(Engine::Real)
        .executions(executions)
        .ignore_environment()
}

/// The report of an exploration that found nothing, as none here can.
fn sound(report: Result<Report, selvedge_harness::Error>) -> Report {
    let report = report.expect("the configuration is right");
    assert!(report.tally.violations == 0 && report.tally.inconclusive.is_none(), "found: {report:?}");
    report
}

fn rate(report: &Report) -> f64 {
    report.tally.executions as f64 / report.tally.seconds
}

/// Nanoseconds for each context switch of two warm processes.
fn switching(executions: u64) -> f64 {
    let init = || Pair { value: Value::new(0), last: AtomicU32::new(0), switches: AtomicU32::new(0) };
    let program = Program::new("hand-over", init)
        .tasks("task", 2, |pair, me| {
            for _ in 0..STEPS {
                pair.value.get();
                if pair.last.swap(me as u32, Ordering::Relaxed) != me as u32 {
                    pair.switches.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
        .label(|pair, label| {
            // Writing to a String does not fail.
            let _ = write!(label, "{}", pair.switches.load(Ordering::Relaxed));
        });
    let report = sound(program.check(&config(executions)));
    let switches = report
        .tally
        .outcomes
        .iter()
        .map(|(label, count)| label.parse::<u64>().expect("the label is a number") * count);
    report.tally.seconds * 1e9 / switches.sum::<u64>() as f64
}

/// Executions a second of `clients` warm processes that want 5 tickets.
fn tickets(clients: usize, executions: u64) -> f64 {
    let program = Program::new("ticket", || Stock { left: Value::new(5), sold: Value::new(0) }).tasks(
        "client",
        clients,
        |stock, _| {
            let left = stock.left.get();
            if left > 0 {
                stock.left.set(left - 1);
                stock.sold.fetch_add(1);
            }
        },
    );
    rate(&sound(program.check(&config(executions))))
}

/// Executions a second of a main process that starts two and joins them.
fn family(executions: u64) -> f64 {
    rate(&sound(check(&config(executions), || {
        let count = Shared::new(Value::<u32>::new(0));
        let children = [0; 2].map(|_| {
            let count = count.clone();
            Process::spawn(move || count.fetch_add(1))
        });
        for child in children {
            assert!(child.join().expect("a child can be joined").success());
        }
    })))
}

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
    let born = paired(rounds, || 1e3 / family(500 / scale), || 1e3 / bare::family(500 / scale as u32));
    rows.push(line("family", "ms", born, 3, Bar::AtMost(1.5)));
    print_table(&rows);
}

/// Nanoseconds as microseconds.
fn thousandths(result: Paired) -> Paired {
    Paired { ours: result.ours / 1e3, theirs: result.theirs / 1e3, ..result }
}
