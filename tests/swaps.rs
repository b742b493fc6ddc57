//! Is the critical pair of a finding what it says? Of every failing program two operations
//! are named that decide; the schedule that shows it is run again here, by itself, and both
//! operations are looked for in its record, in the other order.

use selvedge_fixtures::catalogue;
use selvedge_harness::catalogue::{Case, Expect};
use selvedge_harness::judge::{CriticalPair, Later};
use selvedge_harness::prelude::*;
use selvedge_harness::program::{Report, Swap};
use selvedge_harness::{Finding, Outcome, Recording, Verdict};
use std::time::Duration;

/// Programs of which a smaller form is enough here.
const SMALL: [(&str, &str); 3] = [
    ("ticket", "ticket:clients=3,stock=2"),
    ("ticket-file", "ticket-file:clients=3,stock=2"),
    ("bank", "bank:deposits=5+6,withdrawals=7+8"),
];

/// Bounded by executions: how fast these are decides nothing.
fn config(engine: Engine) -> Config {
    let shrink_time = Duration::from_secs(3600);
    Config { shrink_budget: 2_000, shrink_time, ..Config::default().engine(engine).ignore_environment() }
}

/// Every variant that fails, as it is tried here.
fn failing() -> Vec<Case> {
    let catalogue = catalogue().unwrap();
    let all = catalogue.cases().unwrap().into_iter();
    let failing = all.filter(|case| case.variant.expect == Expect::Fails);
    let small = failing.map(|case| {
        let name = case.selection.scenario.name;
        let name = SMALL.iter().find(|(long, _)| *long == name).map_or(name, |(_, small)| small);
        catalogue.parse(name).unwrap().case(case.variant.name).unwrap()
    });
    small.collect()
}

fn swap(report: &Report) -> &Swap {
    report.finding.as_ref().expect("a finding").swap.as_ref().expect("a violation was swapped")
}

/// Line and name of an operation: what is the same of it in every schedule.
fn operation(recording: &Recording, index: usize) -> (usize, String, u32) {
    let step = &recording.steps[index];
    (step.task, step.name.clone(), step.place.line)
}

/// Where the same operation of the same task stands in another recording.
fn same(recording: &Recording, index: usize, other: &Recording) -> usize {
    let wanted = operation(recording, index);
    let is_it = |recording: &Recording, at: &usize| {
        recording.steps[*at].outcome.is_turn() && operation(recording, *at) == wanted
    };
    let number = (0..index).filter(|at| is_it(recording, at)).count();
    (0..other.steps.len()).filter(|at| is_it(other, at)).nth(number).expect("it happens there as well")
}

fn swapped(finding: &Finding, pair: &CriticalPair, other: &Recording) -> bool {
    let recording = &finding.recording;
    let first = same(recording, pair.first, other);
    let second = match pair.second {
        Later::Step(index) => same(recording, index, other),
        Later::Pending(task) => {
            let pending = recording.tasks[task].pending.as_ref().unwrap();
            let same = |at: &usize| operation(other, *at) == (task, pending.name.clone(), pending.place.line);
            (0..other.steps.len()).find(same).expect("it happens there")
        }
    };
    second < first
}

#[test]
fn every_racy_program_has_a_pair_and_its_swap_passes() {
    for case in failing() {
        for engine in [Engine::Sim, Engine::Real] {
            let report = case.check(&config(engine)).unwrap();
            let what = format!("{} in {engine:?}", case.name());
            let finding = report.finding.as_ref().unwrap_or_else(|| panic!("{what}: {:?}", report.tally));
            let Swap::Passes { pair, schedule, .. } = swap(&report) else {
                // What nothing orders is a race in either order, and what a fault does to a single
                // task is no matter of order.
                let races = matches!(finding.found.verdict, Verdict::Race { .. });
                let single = finding.recording.tasks.iter().filter(|task| task.name != "main").count() == 1;
                let is_right = if races {
                    matches!(swap(&report), Swap::Always { .. })
                } else {
                    single && finding.control.is_some()
                };
                assert!(is_right, "{what}: {:?}", swap(&report));
                continue;
            };
            let [a, b] = pair.tasks(&finding.recording);
            assert_ne!(a, b, "{what}");
            let replay = config(engine).strategy(Strategy::Replay(schedule.clone()));
            let again = case.build().unwrap().record(&replay, 0..1).unwrap().remove(0);
            assert_eq!(again.verdict, Verdict::Pass, "{what}");
            assert!(swapped(finding, pair, &again), "{what}: not in the other order: {pair:?}");
            let kills = |recording: &Recording| {
                recording.steps.iter().filter(|step| step.outcome == Outcome::Kill).count()
            };
            assert_eq!(kills(&again), kills(&finding.recording), "{what}");
        }
    }
}

shareable! { struct Row { next: Value<u32>, places: [Value<u32>; 3] } }

/// Each task draws a number; only one order of all three is right.
fn order_of_three(right: [u32; 3]) -> Program<Row> {
    Program::new("order", || Row { next: Value::new(0), places: std::array::from_fn(|_| Value::new(9)) })
        .tasks("task", 3, |row, number| row.places[number].set(row.next.fetch_add(1)))
        .finally(move |row| {
            let places: Vec<u32> = row.places.iter().map(Value::get).collect();
            assert_eq!(places, right);
        })
}

#[test]
fn two_swaps_away_is_no_pair() {
    for engine in [Engine::Sim, Engine::Real] {
        // The run without preemption, in the order 0, 1, 2, as it is.
        let as_it_is = Config { shrink: false, ..config(engine).strategy(Strategy::Replay(Vec::new())) };
        let report = order_of_three([2, 1, 0]).check(&as_it_is).unwrap();
        assert!(matches!(swap(&report), Swap::None { tried: 2.., all: true }), "{:?}", swap(&report));
        let report = order_of_three([1, 0, 2]).check(&as_it_is).unwrap();
        assert!(matches!(swap(&report), Swap::Passes { .. }), "{:?}", swap(&report));
    }
}

/// The writer looks at what it wrote before the other one writes: the two writes are the pair all
/// the same, and so are they with a third task's write in between.
#[test]
fn the_order_of_two_decides_with_others_in_between() {
    let row = || Row { next: Value::new(0), places: std::array::from_fn(|_| Value::new(9)) };
    let looked = Program::new("looked", row)
        .task("first", |row| {
            row.next.set(2);
            row.next.get();
        })
        .task("last", |row| row.next.set(1))
        .finally(|row| assert_eq!(row.next.get(), 2));
    let counted = Program::new("counted", row)
        .task("first", |row| row.places[0].set(row.next.fetch_add(1)))
        .task("between", |row| row.next.fetch_add(1))
        .task("last", |row| row.places[1].set(row.next.fetch_add(1)))
        .finally(|row| assert!(row.places[1].get() < row.places[0].get()));
    for engine in [Engine::Sim, Engine::Real] {
        let as_it_is = Config { shrink: false, ..config(engine).strategy(Strategy::Replay(Vec::new())) };
        for (program, second) in [(&looked, 2), (&counted, 3)] {
            let report = program.check(&as_it_is).unwrap();
            let Swap::Passes { pair, .. } = swap(&report) else { panic!("{:?}", swap(&report)) };
            assert_eq!((pair.first, pair.second), (0, Later::Step(second)), "{engine:?}");
        }
    }
}

#[test]
fn what_fails_in_every_schedule_says_so() {
    let count = |limit: u32| {
        Program::new("count", || Row { next: Value::new(0), places: std::array::from_fn(|_| Value::new(0)) })
            .tasks("task", 2, |row, _| _ = row.next.fetch_add(1))
            .finally(move |row| assert!(row.next.get() < limit))
    };
    for engine in [Engine::Sim, Engine::Real] {
        let report = count(2).check(&config(engine)).unwrap();
        assert_eq!(swap(&report), &Swap::Always { schedules: 2 }, "{engine:?}");
        let report = count(3).check(&config(engine)).unwrap();
        assert!(report.finding.is_none());
    }
}

/// A single task, whose only schedule fails.
#[test]
fn one_task_has_one_schedule() {
    let program =
        Program::new("alone", || Row { next: Value::new(0), places: std::array::from_fn(|_| Value::new(0)) })
            .task("alone", |row| assert_eq!(row.next.fetch_add(1), 1, "no"));
    let report = program.check(&config(Engine::Sim)).unwrap();
    assert_eq!(swap(&report), &Swap::Always { schedules: 1 });
}

/// The pair of a replayed token is looked for as well.
#[test]
fn both_engines_name_the_same_pair() {
    for case in failing() {
        let [sim, real] = [Engine::Sim, Engine::Real].map(|engine| {
            let report = case.check(&config(engine)).unwrap();
            let finding = report.finding.unwrap();
            (finding.swap, finding.recording)
        });
        assert_eq!(sim, real, "{}", case.name());
    }
}

/// What two ends of a socket have in common no record shows: nor what a selector watches.
/// A write to one end decides all the same what is found at the other.
#[test]
fn files_that_belong_together_make_a_pair() {
    let programs: [(&str, fn()); 3] = [
        ("select", || {
            let (own, other) = pipe(true).unwrap();
            let peer = Process::spawn(move || other.send_bytes(b"x").unwrap());
            let ready = selvedge_harness::prelude::wait(&[(&own).into()], Duration::ZERO).unwrap();
            peer.join().unwrap();
            assert_eq!(ready, [0], "nothing was there yet");
        }),
        ("poll", || {
            let (mut own, other) = pipe(true).unwrap();
            let peer = Process::spawn(move || other.send_bytes(b"x").unwrap());
            let ready = own.poll(Duration::ZERO).unwrap();
            peer.join().unwrap();
            assert!(ready, "nothing was there yet");
        }),
        ("read", || {
            let (own, other) = std::os::unix::net::UnixStream::pair().unwrap();
            own.set_nonblocking(true).unwrap();
            let (mut own, mut other) = (Stream::new(own), Stream::new(other));
            let peer = thread::spawn(move || std::io::Write::write(&mut other, b"x").map(|_| other));
            let first = own.wait_readable(Some(Duration::ZERO)).unwrap();
            let _kept = peer.join().unwrap();
            assert!(first, "nothing was there yet");
            let _ = std::io::Read::read(&mut own, &mut [0]);
        }),
    ];
    for engine in [Engine::Sim, Engine::Real] {
        for (name, program) in programs {
            let report = selvedge_harness::check(&config(engine), program).unwrap();
            let finding = report.finding.as_ref().expect(name);
            let Swap::Passes { pair, .. } = swap(&report) else { panic!("{name}: {:?}", swap(&report)) };
            let names = pair.steps().map(|step| finding.recording.steps[step].kind);
            assert_eq!(names.collect::<Vec<_>>(), [Kind::Input, Kind::Output], "{name}");
        }
    }
}
