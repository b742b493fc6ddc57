//! Is plain data that nothing orders reported, with both tasks and both lines, and what a
//! primitive orders not?

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::token::Token;
use selvedge_harness::{Limits, Report, Shareable, Verdict, check, report};

#[path = "plain_data/exclusion.rs"]
mod exclusion;
#[path = "plain_data/hand_over.rs"]
mod hand_over;
#[path = "plain_data/system.rs"]
mod system;
#[path = "plain_data/tasks.rs"]
mod tasks;

/// What several tasks use: something that orders them, and plain data.
type Both<P> = (P, RaceCell<u64>);

const MODES: [(Engine, Granularity, u64); 4] = [
    (Engine::Sim, Granularity::Operation, 100),
    (Engine::Sim, Granularity::Word, 100),
    (Engine::Real, Granularity::Operation, 10),
    (Engine::Real, Granularity::Word, 10),
];

fn reports<S: Shareable>(program: &Program<S>) -> impl Iterator<Item = Report> + '_ {
    MODES.into_iter().map(|(engine, granularity, executions)| {
        let config = Config::default().ignore_environment().engine(engine).granularity(granularity);
        program.check(&Config { keep_going: true, ..config.executions(executions) }).unwrap()
    })
}

/// No execution in either engine, at either granularity, is a violation.
fn holds<S: Shareable>(program: &Program<S>) {
    for report in reports(program) {
        let name = format!("{} in {:?} at {:?}", report.program, report.engine, report.granularity);
        assert_eq!(report.undecided(), None, "{name}");
        let verdict = report.finding.map(|finding| finding.recording.verdict);
        assert_eq!((report.tally.violations, verdict), (0, None), "{name}");
    }
}

/// In either engine, at either granularity, some execution has a data race.
fn races<S: Shareable>(program: &Program<S>) {
    for report in reports(program) {
        let name = format!("{} in {:?} at {:?}", report.program, report.engine, report.granularity);
        let verdict = report.finding.as_ref().map(|finding| &finding.recording.verdict);
        assert!(matches!(verdict, Some(Verdict::Race { .. })), "{name}: {verdict:?}");
    }
}

/// The one violation of a report.
fn race(report: &Report) -> &Verdict {
    &report.shown().expect("a finding").recording.verdict
}

fn unlocked() -> Program<Both<Mutex<()>>> {
    Program::new("unlocked", || (Mutex::new(()), RaceCell::new(0)))
        .name("total", |state: &Both<Mutex<()>>| &state.1)
        .tasks("adder", 2, |(_, total), _| {
            let seen = total.get();
            total.set(seen + 1);
        })
}

#[test]
fn a_race_names_both_tasks_and_both_lines() {
    let line = line!() - 7;
    let report = unlocked().check(&Config::default().ignore_environment().exhaust()).unwrap();
    assert!(
        report.tally.complete && report.tally.violations == report.tally.executions,
        "{:?}",
        report.tally
    );
    let Verdict::Race { first, second, .. } = race(&report) else { panic!("{:?}", race(&report)) };
    let mut names = [first.name.as_str(), second.name.as_str()];
    names.sort_unstable();
    assert_eq!(names, ["adder 0", "adder 1"]);
    assert!(first.place.file.ends_with("tests/plain_data.rs"), "{}", first.place);
    let lines = [first.place.line, second.place.line];
    assert!(lines.iter().all(|at| [line, line + 1].contains(at)), "{lines:?} around {line}");
    assert!(first.writes || second.writes);
    let text = report::failure(&report).unwrap();
    assert!(text.contains("data race: adder "), "{text}");
    assert!(text.lines().last().unwrap().starts_with("reproduce: SELVEDGE_REPLAY=sv1:"), "{text}");
}

#[test]
fn its_token_replays_in_both_engines() {
    let report = unlocked().check(&Config::default().ignore_environment()).unwrap();
    let finding = report.shown().unwrap();
    let token: Token = finding.token.parse().unwrap();
    for engine in [Engine::Sim, Engine::Real] {
        let strategy = Strategy::Replay(token.schedule.clone());
        let again =
            unlocked().check(&Config::default().ignore_environment().engine(engine).strategy(strategy));
        assert_eq!(race(&again.unwrap()), race(&report), "{engine:?}");
    }
}

/// Event for event, whoever is scheduled when.
#[test]
fn both_engines_give_one_trace() {
    let half_locked = Program::new("half locked", || (Mutex::new(()), RaceCell::new(0))).tasks(
        "adder",
        3,
        |(lock, total): &Both<Mutex<()>>, number| {
            let held = (number > 0).then(|| lock.lock().unwrap());
            total.set(total.get() + 1);
            drop(held);
        },
    );
    for granularity in [Granularity::Operation, Granularity::Word] {
        let traces = [Engine::Sim, Engine::Real].map(|engine| {
            let config = Config::default().ignore_environment().engine(engine).granularity(granularity);
            half_locked.record(&config, 0..30).unwrap()
        });
        assert_eq!(traces[0], traces[1], "{granularity:?}");
    }
}

/// Reduction finds what the search for every schedule finds, and accesses that are ordered
/// cost it nothing.
#[test]
fn reduction_finds_races_and_pays_for_none() {
    let dpor = Config { strategy: Strategy::Dpor, ..Config::default().ignore_environment().exhaust() };
    assert!(matches!(race(&unlocked().check(&dpor).unwrap()), Verdict::Race { .. }));
    let locked = |accesses: u64| {
        let program = Program::new("locked", || (Mutex::new(()), RaceCell::new(0)));
        program.tasks("adder", 3, move |(lock, total): &Both<Mutex<()>>, _| {
            let _held = lock.lock().unwrap();
            (0..accesses).for_each(|_| total.with_mut(|total| *total += 1));
        })
    };
    for accesses in [0, 5] {
        let report = locked(accesses).check(&dpor).unwrap();
        assert_eq!((report.tally.violations, report.tally.executions), (0, 6), "{accesses} accesses");
    }
}

/// The order in which a race is scheduled does not matter: one schedule shows it.
#[test]
fn a_late_access_races_with_an_early_one() {
    let program = Program::new("late", || (Value::new(0_u32), RaceCell::new(0)))
        .task("writer", |(_, cell): &Both<Value<u32>>| cell.set(1))
        .task("reader", |(steps, cell): &Both<Value<u32>>| {
            (0..10).for_each(|_| _ = steps.fetch_add(1));
            cell.get()
        });
    let report = program.check(&Config::default().ignore_environment().exhaust()).unwrap();
    assert!(report.tally.complete && report.tally.violations == report.tally.executions);
}

/// Spinning on a flag of plain data lets others run, and is found.
#[test]
fn a_plain_flag_is_found() {
    let program = Program::new("flag", || (RaceCell::new(false), RaceCell::new(0)))
        .task("writer", |(flag, data): &(RaceCell<bool>, RaceCell<u64>)| {
            data.set(1);
            flag.set(true);
        })
        .task("reader", |(flag, data)| {
            while !flag.get() {}
            data.get()
        });
    // Who spins for ever breaks off soon.
    let limits = Limits { steps: 200, ..Limits::default() };
    let config = Config { limits, strategy: Strategy::Random, ..Config::default().ignore_environment() };
    let report = program.check(&config).unwrap();
    assert!(matches!(race(&report), Verdict::Race { .. }), "{:?}", race(&report));
}

#[test]
fn reads_do_not_race_with_reads() {
    let program = Program::new("readers", || (RaceCell::new(1), RaceCell::new(2))).tasks(
        "reader",
        3,
        |(one, two): &Both<RaceCell<u64>>, _| one.get() + two.get(),
    );
    holds(&program);
}

/// Which of several unordered readers wrote last does not matter: the third finds the one
/// that it does not know.
#[test]
fn every_unordered_read_counts() {
    let program = Program::new("one unknown", || (Semaphore::new(0), RaceCell::new(0)))
        .task("known reader", |(read, cell): &Both<Semaphore>| {
            cell.get();
            read.release();
        })
        .task("unknown reader", |(_, cell)| cell.get())
        .task("writer", |(read, cell)| {
            read.acquire();
            cell.set(1);
        });
    let report = program.check(&Config::default().ignore_environment().exhaust()).unwrap();
    assert_eq!(report.tally.violations, report.tally.executions);
    let Verdict::Race { first, second, .. } = race(&report) else { panic!("{:?}", race(&report)) };
    assert!([&first.name, &second.name].iter().all(|name| *name != "known reader"), "{first:?} {second:?}");
}
