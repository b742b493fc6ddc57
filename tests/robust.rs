//! Does a robust lock survive whoever holds it, wherever the scheduler kills?
//!
//! Every step of every task is a kill point: the strategy exhausts schedules and kills
//! together, in fibers, where the harness lets go as the Linux kernel would, and in
//! processes, where SIGKILL is real and the Linux kernel marks the words itself.

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Report, Verdict};

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

shareable! {
    struct Pair {
        numbers: RobustMutex<[u32; 2]>,
        repaired: Value<u32>,
    }
}

fn pair() -> Pair {
    Pair { numbers: RobustMutex::new([0, 0]), repaired: Value::new(0) }
}

/// Keeps two numbers equal; the step between them is where a kill hurts.
fn add(pair: &Pair, repair: bool) {
    match pair.numbers.lock() {
        Ok(mut numbers) => {
            assert_eq!(numbers[0], numbers[1], "torn");
            numbers[0] += 1;
            step();
            numbers[1] += 1;
        }
        Err(LockError::OwnerDied(mut numbers)) => {
            pair.repaired.fetch_add(1);
            if repair {
                numbers[1] = numbers[0];
                numbers.mark_consistent();
            }
        }
        Err(LockError::Unrecoverable) => assert!(!repair, "repaired, and yet unrecoverable"),
        Err(other) => panic!("{other}"),
    }
}

fn adders(tasks: usize, repair: bool, kills: u8) -> Program<Pair> {
    Program::new("adders", pair)
        .tasks("adder", tasks, move |pair, _| add(pair, repair))
        .finally(|pair| {
            if let Ok(numbers) = pair.numbers.try_lock() {
                assert_eq!(numbers[0], numbers[1]);
            }
        })
        .faults(Faults::kills(kills))
}

fn quiet(engine: Engine, granularity: Granularity) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity).ignore_environment()
}

fn passes(report: &Report, what: &str) {
    let first = report.tally.first.as_ref().map(|found| &found.verdict);
    assert_eq!((first, &report.tally.inconclusive), (None, &None), "{what}");
}

#[test]
fn the_lock_survives_every_kill_of_every_schedule() {
    let counts = BOTH.map(|engine| {
        let report = adders(2, true, 1).check(&quiet(engine, Granularity::Operation).exhaust()).unwrap();
        passes(&report, &format!("{engine:?}"));
        report.tally.executions
    });
    // Two schedules without a kill, and one for each place of a kill in them.
    assert_eq!(counts, [13, 13]);
}

#[test]
fn both_engines_see_the_same() {
    for granularity in [Granularity::Operation, Granularity::Word] {
        let config = |engine| quiet(engine, granularity).seed(7).faults(Faults::kills(2));
        let [sim, real] = BOTH.map(|engine| adders(3, true, 2).record(&config(engine), 0..200).unwrap());
        for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
            assert_eq!(a, b, "{granularity:?} execution {index}");
        }
    }
}

#[test]
fn who_does_not_repair_leaves_it_unrecoverable() {
    let report = adders(3, false, 1).check(&quiet(Engine::Sim, Granularity::Operation).exhaust()).unwrap();
    passes(&report, "unrecoverable");
}

/// Three tasks, each access to a word a step, each step a kill point.
#[test]
fn no_wake_up_is_lost_with_whoever_consumed_it() {
    let bounded = Strategy::Dfs { preemptions: Some(1) };
    let config = quiet(Engine::Sim, Granularity::Word).strategy(bounded).exhaust();
    let report = adders(3, true, 1).check(&config).unwrap();
    passes(&report, "words");
    println!("{} executions", report.tally.executions);
}

#[test]
fn a_plain_lock_does_not() {
    shareable! { struct Plain { lock: Mutex<u32> } }
    let program = Program::new("plain", || Plain { lock: Mutex::new(0) })
        .tasks("adder", 2, |plain, _| *plain.lock.lock().unwrap() += 1)
        .faults(Faults::kills(1));
    for engine in BOTH {
        let report = program.check(&quiet(engine, Granularity::Operation).exhaust()).unwrap();
        assert_eq!(report.tally.first.map(|found| found.verdict), Some(Verdict::Deadlock));
    }
}
