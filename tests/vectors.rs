//! Are the exhaustive counts exact? Every schedule of tickets and the bank is run in
//! both engines, and schedules, violations and outcomes must be those that pencil and
//! paper give.

use selvedge_fixtures::catalogue;
use selvedge_harness::{Config, Engine};
use std::collections::BTreeMap;

/// Scenario with parameters, schedules, violations, outcomes. The label names the final
/// count only where it is not what remains of the stock after the sales.
type Row = (&'static str, u64, u64, &'static [(&'static str, u64)]);

const TICKETS: [Row; 6] = [
    ("ticket:clients=2,stock=1", 6, 4, &[("sold=1", 2), ("sold=2,final=0", 4)]),
    ("ticket:clients=3,stock=1", 90, 72, &[("sold=1", 18), ("sold=2,final=0", 36), ("sold=3,final=0", 36)]),
    (
        "ticket:clients=4,stock=1",
        2520,
        2160,
        &[("sold=1", 360), ("sold=2,final=0", 720), ("sold=3,final=0", 864), ("sold=4,final=0", 576)],
    ),
    ("ticket:clients=3,stock=2", 90, 84, &[("sold=2", 6), ("sold=3,final=0", 36), ("sold=3,final=1", 48)]),
    (
        "ticket:clients=4,stock=2",
        2520,
        2448,
        &[
            ("sold=2", 72),
            ("sold=3,final=0", 240),
            ("sold=3,final=1", 96),
            ("sold=4,final=0", 1008),
            ("sold=4,final=1", 1104),
        ],
    ),
    (
        "ticket:clients=4,stock=3",
        2520,
        2496,
        &[("sold=3", 24), ("sold=4,final=0", 288), ("sold=4,final=1", 1056), ("sold=4,final=2", 1152)],
    ),
];

const BANK: [Row; 3] = [
    ("bank:deposits=10,withdrawals=3", 6, 4, &[("1997", 2), ("2007", 2), ("2010", 2)]),
    (
        "bank:deposits=10+20,withdrawals=3+5",
        70,
        64,
        &[
            ("1992", 12),
            ("2002", 8),
            ("2005", 4),
            ("2012", 8),
            ("2017", 4),
            ("2022", 6),
            ("2025", 8),
            ("2027", 8),
            ("2030", 12),
        ],
    ),
    (
        "bank:deposits=1+1+1,withdrawals=1+1+1",
        924,
        744,
        &[
            ("1997", 86),
            ("1998", 132),
            ("1999", 154),
            ("2000", 180),
            ("2001", 154),
            ("2002", 132),
            ("2003", 86),
        ],
    ),
];

/// Too many for real processes in a debug build.
const LARGE: [Row; 1] = [(
    "bank:deposits=1+1+1+1,withdrawals=1+1+1+1",
    12_870,
    10_736,
    &[
        ("1996", 656),
        ("1997", 1152),
        ("1998", 1576),
        ("1999", 1984),
        ("2000", 2134),
        ("2001", 1984),
        ("2002", 1576),
        ("2003", 1152),
        ("2004", 656),
    ],
)];

fn check(rows: &[Row], engine: Engine, jobs: usize) {
    let catalogue = catalogue().unwrap();
    for &(name, schedules, violations, outcomes) in rows {
        let case = catalogue.parse(name).unwrap().case("racy").unwrap();
        let config = Config {
            shrink: false,
            ..Config::default().engine(engine).jobs(jobs).exhaust().ignore_environment()
        };
        let tally = case.check(&config).unwrap().tally;
        let expected: BTreeMap<String, u64> =
            outcomes.iter().map(|&(label, count)| (label.to_owned(), count)).collect();
        assert!(tally.complete, "{name} in {engine:?} was not exhausted");
        assert_eq!((tally.executions, tally.violations), (schedules, violations), "{name} in {engine:?}");
        assert_eq!(tally.outcomes, expected, "{name} in {engine:?}");
    }
}

#[test]
fn tickets_have_exact_counts_in_sim() {
    check(&TICKETS, Engine::Sim, 1);
}

#[test]
fn the_bank_has_exact_counts_in_sim() {
    check(&BANK, Engine::Sim, 1);
    check(&LARGE, Engine::Sim, 1);
}

#[test]
fn two_workers_count_what_one_does() {
    check(&TICKETS, Engine::Sim, 2);
    check(&BANK, Engine::Sim, 3);
}

#[test]
fn tickets_have_exact_counts_in_real() {
    check(&TICKETS, Engine::Real, 1);
}

#[test]
fn the_bank_has_exact_counts_in_real() {
    check(&BANK, Engine::Real, 1);
}
