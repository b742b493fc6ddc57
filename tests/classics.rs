//! Do the classic programs have the numbers that are known of them? Every schedule is
//! counted, the walk's chances are measured, the fewest preemptions and switches are
//! searched for, and what a declared task does is compared with what a started one does.

use selvedge_fixtures::catalogue;
use selvedge_harness::catalogue::Case;
use selvedge_harness::judge::Step;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Kind, Recording, Report, Verdict, join_task};
use std::time::Duration;

/// What is known of a program that fails.
struct Row {
    name: &'static str,
    /// The chance that the even walk over enabled tasks shows the bug.
    chance: f64,
    /// The fewest preemptions and context switches that show it.
    preemptions: u32,
    switches: usize,
    /// Schedules, and those that show the bug.
    all: u64,
    bad: u64,
}

const fn row(name: &'static str, chance: f64, fewest: (u32, usize), all: (u64, u64)) -> Row {
    Row { name, chance, preemptions: fewest.0, switches: fewest.1, all: all.0, bad: all.1 }
}

const ROWS: [Row; 20] = [
    row("account", 0.333333, (0, 2), (6, 2)),
    row("account:mode=main-spawns", 0.118056, (0, 3), (184, 4)),
    row("deadlock01", 0.5, (1, 1), (6, 2)),
    row("deadlock01:mode=main-spawns", 0.375, (1, 2), (46, 3)),
    row("circular-buffer:items=7", 0.9375, (1, 2), (467, 339)),
    row("circular-buffer:items=7,mode=main-spawns", 0.912821, (1, 3), (3991, 2043)),
    row("reorder:setters=2,checkers=1", 0.0493827, (1, 1), (162, 8)),
    row("reorder:setters=2,checkers=1,mode=main-spawns", 0.0250343, (1, 2), (2770, 23)),
    row("twostage:writers=1,readers=1", 0.0625, (1, 1), (8, 1)),
    row("twostage:writers=1,readers=1,mode=main-spawns", 0.078125, (1, 2), (87, 3)),
    // The reader has given its lock back by the time it looks at what it read: a second writer
    // may go on before that.
    row("twostage:writers=2,readers=1", 0.057613, (1, 1), (346, 14)),
    row("twostage:writers=1,readers=2", 0.0992798, (1, 1), (166, 16)),
    row("twostage:writers=1,readers=2,mode=main-spawns", 0.111827, (1, 2), (29091, 144)),
    row("lost-wakeup", 0.125, (1, 2), (8, 1)),
    row("lost-wakeup:mode=main-spawns", 0.125, (1, 3), (21, 2)),
    row("dining:philosophers=3", 0.333333, (1, 2), (168, 6)),
    row("dining:philosophers=3,mode=main-spawns", 0.168981, (1, 3), (15876, 15)),
    row("lost-update:tasks=2,times=1", 0.5, (1, 3), (10, 6)),
    row("lost-update:tasks=2,times=1,mode=main-spawns", 0.375, (1, 4), (902, 456)),
    row("lost-update:tasks=2,times=3", 0.933594, (1, 3), (1716, 1666)),
];

/// Too many schedules for a debug build.
const LARGE: [Row; 2] = [
    row("wronglock:checkers=1,writers=3", 0.371584, (1, 2), (71844, 24342)),
    row("lost-update:tasks=2,times=3,mode=main-spawns", 0.888672, (1, 4), (557758, 530872)),
];

/// A minute of schedules for one worker.
const LARGEST: Row =
    row("wronglock:checkers=1,writers=3,mode=main-spawns", 0.311699, (1, 3), (30377786, 692325));

fn all_rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(&LARGE).chain([&LARGEST])
}

fn case(name: &str, variant: &str) -> Case {
    catalogue().unwrap().parse(name).unwrap().case(variant).unwrap()
}

fn quiet() -> Config {
    Config { shrink: false, ..Config::default().ignore_environment() }
}

fn explore(name: &str, variant: &str, config: &Config) -> Report {
    let report = case(name, variant).check(config).unwrap();
    assert_eq!(report.tally.inconclusive, None, "{name}, {variant}");
    report
}

/// The measured rate meets the chance within three sigma.
fn meets(name: &str, chance: f64) {
    const RUNS: u64 = 20_000;
    let config = Config { keep_going: true, ..quiet().strategy(Strategy::Random).executions(RUNS).seed(1) };
    let hits = explore(name, "racy", &config).tally.violations as f64;
    let mean = RUNS as f64 * chance;
    let sigma = (mean * (1.0 - chance)).sqrt();
    assert!((hits - mean).abs() <= 3.0 * sigma, "{name}: {hits} of {RUNS}, expected {mean} +- {sigma}");
}

#[test]
fn the_walk_meets_the_bugs_as_often_as_it_should() {
    for row in all_rows() {
        meets(row.name, row.chance);
    }
}

/// In how many ways `k` things can be chosen out of `n`.
fn choose(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// What is rare by depth, and what is rare by the width of its window.
#[test]
fn the_walk_is_defeated_by_depth_and_narrow_windows() {
    meets("late:operations=6", 0.5_f64.powi(6));
    // What comes after the operation in question does not matter.
    meets("late:operations=6,more=9", 0.5_f64.powi(6));
    for (operations, others) in [(30, 30), (10, 1), (2, 5), (6, 2)] {
        // Of the steps before the look, so many are the first task's.
        let (before, idle) = (operations / 2, (others - 1) / 2);
        let chance = choose(before + idle, idle) * 0.5_f64.powi((before + idle + 1) as i32);
        meets(&format!("window:operations={operations},others={others}"), chance);
    }
}

fn has_exact_counts(row: &Row, jobs: usize) {
    let tally = explore(row.name, "racy", &quiet().exhaust().jobs(jobs)).tally;
    assert!(tally.complete, "{}", row.name);
    assert_eq!((tally.executions, tally.violations), (row.all, row.bad), "{}", row.name);
}

#[test]
fn every_schedule_is_counted() {
    ROWS.iter().for_each(|row| has_exact_counts(row, 1));
}

#[test]
fn real_processes_have_the_same_schedules() {
    for row in ROWS.iter().filter(|row| row.all <= 200) {
        let tally = explore(row.name, "racy", &quiet().engine(Engine::Real).exhaust()).tally;
        assert_eq!((tally.executions, tally.violations), (row.all, row.bad), "{}", row.name);
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "half a million schedules")]
fn every_schedule_of_the_large_ones_is_counted() {
    LARGE.iter().for_each(|row| has_exact_counts(row, 2));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "thirty million schedules")]
fn every_schedule_of_the_largest_one_is_counted() {
    has_exact_counts(&LARGEST, 2);
}

#[test]
fn no_bug_shows_with_fewer_preemptions() {
    for row in all_rows() {
        for preemptions in 0..=row.preemptions {
            let config = quiet().strategy(Strategy::Dfs { preemptions: Some(preemptions) }).exhaust();
            let tally = explore(row.name, "racy", &config).tally;
            assert!(tally.complete, "{}", row.name);
            assert_eq!(tally.violations > 0, preemptions == row.preemptions, "{} at {preemptions}", row.name);
        }
    }
}

/// Whatever schedule it begins with.
#[test]
fn shrinking_reaches_the_fewest_switches_and_proves_it() {
    for row in all_rows() {
        for seed in 0..3 {
            let config = Config {
                shrink_time: Duration::from_secs(120),
                ..Config::default().ignore_environment().executions(100_000).seed(seed)
            };
            let finding = explore(row.name, "racy", &config).finding.expect(row.name);
            assert_eq!(finding.switches, row.switches, "{}, seed {seed}", row.name);
            assert!(finding.proved_minimal, "{}, seed {seed}", row.name);
            assert_eq!(finding.preemptions, row.preemptions as usize, "{}, seed {seed}", row.name);
            let recording = &finding.recording;
            assert_eq!(recording.switches(), row.switches, "{}, seed {seed}", row.name);
            assert!(recording.verdict.is_like(&finding.found.verdict), "{}, seed {seed}", row.name);
        }
    }
}

const CLASSICS: [&str; 22] = [
    "account",
    "deadlock01",
    "circular-buffer:items=3",
    "reorder",
    "twostage",
    "wronglock:writers=1",
    "lost-wakeup",
    "dining",
    "lost-update",
    "bank-counts:deposits=3,withdrawals=2",
    "buffer:items=1",
    "late:operations=5",
    "window:operations=4,others=3",
    "ainc",
    "inc:tasks=2",
    "casrot",
    "readers:readers=2",
    "lockinc:tasks=2",
    "indep:tasks=2",
    "sb",
    "mp",
    "lb",
];

/// The name of a program in a mode.
fn in_mode(name: &str, mode: &str) -> String {
    format!("{name}{}mode={mode}", if name.contains(':') { ',' } else { ':' })
}

/// The cases of all classics in a mode.
fn cases(mode: &str) -> Vec<Case> {
    let catalogue = catalogue().unwrap();
    let names = CLASSICS.iter().chain(&["iriw"]);
    names.flat_map(|name| catalogue.parse(&in_mode(name, mode)).unwrap().cases()).collect()
}

#[test]
fn what_is_fixed_holds_on_every_schedule() {
    for case in cases("static").into_iter().chain(cases("main-spawns")) {
        let expected_to_fail = case.variant.name == "racy";
        let tally = case.check(&quiet().exhaust()).unwrap().tally;
        assert!(tally.complete, "{}", case.name());
        assert_eq!(tally.violations > 0, expected_to_fail, "{}: {:?}", case.name(), tally.first);
    }
}

/// With the sizes at which they are explored by default, as far as three preemptions go.
#[test]
fn what_is_fixed_holds_at_its_full_size() {
    for name in
        ["circular-buffer", "wronglock", "buffer", "late", "lost-update:tasks=3", "dining:philosophers=4"]
    {
        let config = quiet().strategy(Strategy::Dfs { preemptions: Some(3) }).exhaust();
        let tally = explore(name, "fixed", &config).tally;
        assert!(tally.complete && tally.executions > 10, "{name}: {}", tally.executions);
        assert_eq!(tally.violations, 0, "{name}: {:?}", tally.first);
    }
}

/// The steps of all tasks but a main one, by what they do.
/// Task, operation, kind, object, value.
type Taken = (String, String, Kind, Option<String>, Option<u64>);

fn steps(recording: &Recording, main: bool) -> Vec<Taken> {
    let first = usize::from(main);
    let of_tasks = recording.steps.iter().filter(|step| step.task >= first);
    let object = |step: &Step| step.object.map(|index| recording.objects[index].name.clone());
    of_tasks
        .map(|step| (recording.task_name(step.task), step.name.clone(), step.kind, object(step), step.value))
        .collect()
}

/// Without preemption, both go through the same steps in the same order.
#[test]
fn a_started_task_takes_the_steps_of_a_declared_one() {
    let config = quiet().strategy(Strategy::Dfs { preemptions: Some(0) });
    for (declared, started) in cases("static").into_iter().zip(cases("main-spawns")) {
        let record = |case: &Case| case.build().unwrap().record(&config, [0]).unwrap().remove(0);
        let (declared, started) = (record(&declared), record(&started));
        assert_eq!(steps(&declared, false), steps(&started, true));
        let tasks = declared.tasks.len();
        assert_eq!(started.tasks.len(), tasks + 1);
        if started.verdict == Verdict::Pass {
            let of_main = started.steps.iter().filter(|step| step.task == 0).map(|step| step.kind);
            let expected = [vec![Kind::Spawn; tasks], vec![Kind::Join; tasks]].concat();
            assert_eq!(of_main.collect::<Vec<_>>(), expected);
        }
    }
}

/// Declared tasks are compared for every scenario in `races`.
#[test]
fn both_engines_give_one_trace_of_started_tasks() {
    for case in cases("main-spawns") {
        let program = case.build().unwrap();
        let trace = |engine| program.record(&quiet().engine(engine).seed(5), 0..10).unwrap();
        let (fibers, processes) = (trace(Engine::Sim), trace(Engine::Real));
        for (fiber, process) in fibers.iter().zip(&processes) {
            assert_eq!(fiber, process, "{}", case.name());
        }
    }
}

#[test]
fn a_hundred_tasks_run() {
    for name in [
        "reorder:setters=99,checkers=1",
        "twostage:writers=50,readers=50",
        "wronglock:checkers=1,writers=99",
        "dining:philosophers=100",
    ] {
        for mode in ["static", "main-spawns"] {
            let program = case(&in_mode(name, mode), "racy").build().unwrap();
            let trace = |engine| program.record(&quiet().engine(engine).seed(5), 0..2).unwrap();
            let (fibers, processes) = (trace(Engine::Sim), trace(Engine::Real));
            assert_eq!(fibers, processes, "{name}");
            // A main task may not come to start them all before the bug shows.
            let all = 100 + usize::from(mode == "main-spawns");
            let passed = |trace: &&Recording| trace.verdict == Verdict::Pass;
            assert!(fibers.iter().filter(passed).all(|trace| trace.tasks.len() == all), "{name}");
        }
    }
}

/// How many outcomes can be told apart, which no two equivalent schedules can.
#[test]
fn labels_tell_what_can_differ() {
    let mut expected = vec![
        ("sb".to_owned(), 3),
        ("mp".to_owned(), 3),
        ("lb".to_owned(), 3),
        ("iriw".to_owned(), 15),
        ("lockinc:tasks=2,times=2".to_owned(), 6),
        ("indep".to_owned(), 0),
    ];
    for (tasks, outcomes) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        expected.push((format!("ainc:tasks={tasks}"), outcomes));
    }
    for (tasks, outcomes) in [(2, 2), (3, 5), (4, 14), (5, 43), (6, 144)] {
        expected.push((format!("casrot:tasks={tasks}"), outcomes));
    }
    for readers in [2, 4] {
        expected.push((format!("readers:readers={readers}"), 1 << readers));
    }
    for (name, outcomes) in expected {
        let tally = explore(&name, "plain", &quiet().exhaust()).tally;
        assert_eq!(tally.outcomes.len(), outcomes, "{name}: {:?}", tally.outcomes);
    }
}

/// Who reads a trace can tell a refused exchange, also from the one number that looks
/// like the mark of a refusal.
#[test]
fn a_refused_exchange_can_be_told() {
    let program = Program::new("exchange", || Value::<i64>::new(-1)).task("task", |value| {
        assert_eq!(value.compare_exchange(0, 1), Err(-1));
        assert_eq!(value.compare_exchange(-1, 7), Ok(-1));
        assert_eq!(value.compare_exchange(7, 8), Ok(7));
    });
    let trace = program.record(&quiet(), [0]).unwrap().remove(0);
    let values: Vec<u64> = trace.steps.iter().map(|step| step.value.unwrap()).collect();
    assert_eq!(values, [u64::MAX, u64::MAX - 1, 7]);
    assert!(trace.steps.iter().all(|step| step.kind == Kind::ReadWrite));
}

/// Two threads that a main task starts: start, start, add, add, join, join.
#[test]
fn a_main_task_starts_threads_as_well() {
    let program = Program::new("threads", || Value::<u32>::new(0))
        .threads("adder", 2, |sum, _| sum.fetch_add(1))
        .finally(|sum| assert_eq!(sum.get(), 2))
        .main_spawns();
    for engine in [Engine::Sim, Engine::Real] {
        let tally = program.check("threads", &quiet().engine(engine).exhaust()).unwrap().tally;
        assert_eq!((tally.executions, tally.violations), (5, 0), "{engine:?}");
    }
}

/// Nobody decides, but whoever fails is heard of, and siblings wait for each other.
#[test]
fn started_tasks_run_unscheduled() {
    let wild = quiet().engine(Engine::Wild).executions(3);
    let failing = |threads: bool| -> AnyProgram {
        let program = Program::new("failing", || Value::<u32>::new(0));
        let fail = |_: &Value<u32>, number: usize| assert!(number != 1, "number one fails");
        let program = if threads { program.threads("task", 2, fail) } else { program.tasks("task", 2, fail) };
        program.main_spawns()
    };
    for threads in [false, true] {
        let tally = failing(threads).check("failing", &wild).unwrap().tally;
        let verdict = tally.first.expect("number one always fails").verdict;
        // A thread says why on standard error only.
        match &verdict {
            Verdict::Panic { message, .. } => assert_eq!(message, "number one fails"),
            other => assert!(threads && matches!(other, Verdict::Died { status: 101, .. }), "{other:?}"),
        }
    }
    for mode in ["static", "main-spawns"] {
        let tally = explore(&in_mode("lost-update", mode), "fixed", &wild).tally;
        assert_eq!((tally.executions, tally.violations), (3, 0), "{:?}", tally.first);
    }
}

#[test]
fn a_task_that_does_not_exist_cannot_be_joined() {
    let program = Program::new("join", || Value::<u32>::new(0)).task("task", |_| _ = join_task(3));
    let report = program.check(&quiet().executions(1)).unwrap();
    let verdict = report.tally.first.expect("there is no task 3").verdict.to_string();
    assert!(verdict.contains("task 3 cannot be joined: only 1 tasks were started so far"), "{verdict}");
    assert!(!join_task(0), "outside an exploration there are no numbers");
}
