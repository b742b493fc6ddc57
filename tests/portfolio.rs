//! How soon does the default strategy find the known bugs, and how far is it behind the
//! best single strategy? Seeds are fixed, so every figure is the same each time; the table
//! in the documentation of `strategy::portfolio` is what `table` prints.

use selvedge_fixtures::catalogue;
use selvedge_harness::catalogue::Case;
use selvedge_harness::prelude::*;

/// Programs, and how many executions it may take to find their bug, on average over seeds,
/// in either mode: tasks that exist from the start, or that a main task starts and joins.
const BARS: [(&str, f64); 7] = [
    ("lost-update:tasks=2,times=5", 1.1),
    ("ticket:clients=10,stock=5", 1.1),
    ("bank-counts", 1.1),
    ("buffer", 10.0),
    ("late:operations=21", 12.0),
    ("window", 20.0),
    ("reorder:setters=9,checkers=1", 100.0),
];

/// Programs with known chances.
const CLASSICS: [&str; 10] = [
    "account",
    "deadlock01",
    "circular-buffer:items=7",
    "reorder:setters=2,checkers=1",
    "twostage:writers=1,readers=1",
    "wronglock:checkers=1,writers=3",
    "lost-wakeup",
    "dining:philosophers=3",
    "lost-update:tasks=2,times=1",
    "lost-update:tasks=2,times=3",
];

/// The same at other sizes.
const LARGER: [&str; 5] = [
    "reorder:setters=20,checkers=1",
    "twostage:writers=20,readers=1",
    "wronglock:checkers=2,writers=6",
    "dining:philosophers=5",
    "circular-buffer:items=2",
];

/// What the default is compared with.
const SINGLES: [&str; 17] = [
    "random", "pct:1", "pct:2", "pct:3", "pct:5", "pct:8", "pct:20", "pct:32", "pct:64", "pos", "urw",
    "surw", "delay:1", "delay:2", "delay:3", "delay:12", "delay:64",
];

/// Those of them that it must not be far behind; without optimisation the ones that are the best
/// for some program.
const RIVALS: &[&str] =
    if cfg!(debug_assertions) { &["pct:5", "pct:20", "pct:64", "urw", "surw", "delay:64"] } else { &SINGLES };

const MODES: [&str; 2] = ["static", "main-spawns"];

fn case(name: &str, mode: &str) -> Case {
    let joint = if name.contains(':') { ',' } else { ':' };
    let catalogue = catalogue().unwrap();
    // A system has no mode: its tasks always exist from the start.
    let is_system = catalogue.parse(name).unwrap().scenario.source.starts_with("S1");
    let name = if is_system { name.to_owned() } else { format!("{name}{joint}mode={mode}") };
    catalogue.parse(&name).unwrap().case("racy").unwrap()
}

fn config(strategy: &str, seed: u64) -> Config {
    let quiet = Config { shrink: false, ..Config::default().ignore_environment() };
    quiet.strategy(strategy.parse().unwrap()).seed(seed)
}

/// The mean number of the first execution that shows the bug, counted from 1.
fn mean(case: &Case, seeds: u64) -> f64 {
    let first = |seed| {
        let report = case.check(&config("portfolio", seed).executions(100_000)).unwrap();
        report.tally.first.expect("the bug is found").index + 1
    };
    (0..seeds).map(first).sum::<u64>() as f64 / seeds as f64
}

/// The share of executions that show the bug.
fn rate(case: &Case, strategy: &str) -> f64 {
    let (seeds, executions) = RATE;
    let failed = |seed| {
        let config = Config { keep_going: true, ..config(strategy, seed).executions(executions) };
        case.check(&config).unwrap().tally.violations
    };
    (0..seeds).map(failed).sum::<u64>() as f64 / (seeds * executions) as f64
}

/// Seeds over which a rate is measured, and executions of each: the pilot runs of a seed decide
/// how well the guided strategies do in all of its executions, so few seeds say little. Fewer
/// executions where they are slow.
const RATE: (u64, u64) = if cfg!(debug_assertions) { (8, 100) } else { (100, 200) };
const SEEDS: u64 = if cfg!(debug_assertions) { 30 } else { 200 };
/// With few executions a rate is known less well.
const HALF: f64 = if cfg!(debug_assertions) { 0.35 } else { 0.5 };

#[test]
fn the_first_find_comes_soon() {
    for (name, bar) in BARS {
        let means = MODES.map(|mode| mean(&case(name, mode), SEEDS));
        assert!(means.iter().all(|&mean| mean <= bar), "{name}: {means:?}, at most {bar}");
    }
}

#[test]
fn nothing_is_left_to_a_single_strategy() {
    for (name, mode) in CLASSICS.into_iter().chain(LARGER).flat_map(|name| MODES.map(|mode| (name, mode))) {
        let case = case(name, mode);
        let own = rate(&case, "portfolio");
        for single in RIVALS {
            let rate = rate(&case, single);
            assert!(own >= HALF * rate, "{name}, {mode}: {own}, and {rate} by {single}");
        }
    }
}

#[test]
#[ignore = "measures for a minute, in release"]
fn table() {
    for (name, bar) in BARS {
        let means = MODES.map(|mode| mean(&case(name, mode), 200));
        println!("{name}: {:.2}/{:.2}, at most {bar}", means[0], means[1]);
    }
    println!("program {} portfolio of-the-best", SINGLES.join(" "));
    for name in CLASSICS.into_iter().chain(LARGER).chain(BARS.map(|(name, _)| name)) {
        let rates = |strategy: &str| MODES.map(|mode| rate(&case(name, mode), strategy));
        let singles = SINGLES.map(rates);
        let own = rates("portfolio");
        let best = [0, 1].map(|mode| singles.iter().map(|rates| rates[mode]).fold(0.0, f64::max));
        let cells: Vec<String> =
            singles.iter().chain([&own]).map(|[a, b]| format!("{a:.3}/{b:.3}")).collect();
        println!("{name} {} {:.2}/{:.2}", cells.join(" "), own[0] / best[0], own[1] / best[1]);
    }
}
