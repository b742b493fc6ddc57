//! Do programs that record their operations get the right verdict, in every engine, with
//! kills and without?

use selvedge_harness::fault::Faults;
use selvedge_harness::judge::linear::spec::{Register, RegisterOp, RegisterRet};
use selvedge_harness::judge::linear::{Consistency, Crash, Model, Options};
use selvedge_harness::prelude::*;
use selvedge_harness::{Program, Verdict};
use std::time::Duration;

/// A counter that tells its value before each increment.
struct Counter;

impl Model for Counter {
    type Op = ();
    type Ret = u32;
    type State = u32;

    fn init(&self) -> u32 {
        0
    }
    fn step(&self, state: &u32, (): &(), ret: Option<&u32>) -> Option<u32> {
        ret.is_none_or(|ret| ret == state).then_some(state + 1)
    }
    fn show(&self, (): &(), ret: Option<&u32>) -> String {
        ret.map_or("take a number -> ?".to_owned(), |ret| format!("take a number -> {ret}"))
    }
}

shareable! {
    struct Office { next: Value<u32>, lock: Mutex<u32>, history: Recorder<(), u32, 8> }
}

fn office() -> Office {
    Office { next: Value::new(0), lock: Mutex::new(0), history: Recorder::new() }
}

fn racy(office: &Office) {
    office.history.call((), || {
        let number = office.next.get();
        office.next.set(number + 1);
        number
    });
}

fn locked(office: &Office) {
    office.history.call((), || {
        let mut next = office.lock.lock().unwrap();
        *next += 1;
        *next - 1
    });
}

fn program(customer: fn(&Office)) -> Program<Office> {
    Program::new("office", office)
        .tasks("customer", 2, move |office, _| customer(office))
        .linearizable(Counter, |office| &office.history)
}

fn config() -> Config {
    Config { environment: false, persist: false, ..Config::default() }
}

#[test]
fn a_history_that_nothing_explains_is_a_finding() {
    for engine in [Engine::Sim, Engine::Real] {
        let report = program(racy).check(&config().engine(engine).executions(200)).unwrap();
        let finding = report.finding.as_ref().expect("two customers get one number");
        let Verdict::Law { message, place } = &finding.recording.verdict else { panic!("{report:?}") };
        assert!(
            message.starts_with("not linearizable: no order explains take a number -> 0 by customer "),
            "{message}"
        );
        assert!(
            message.contains("the longest prefix that can be explained has 1 operation, in this order:"),
            "{message}"
        );
        assert!(place.file.ends_with("tests/histories.rs"), "{place}");
    }
}

#[test]
fn a_sound_history_holds_in_every_schedule() {
    let report = program(locked).check(&config().exhaust()).unwrap();
    assert!(report.tally.complete && report.tally.first.is_none(), "{report:?}");
    let real = program(locked).check(&config().engine(Engine::Real).executions(30)).unwrap();
    assert!(real.finding.is_none(), "{real:?}");
}

#[test]
fn wild_histories_are_judged_by_the_clock() {
    let report = program(locked).check(&config().engine(Engine::Wild).executions(20)).unwrap();
    assert_eq!((report.tally.executions, &report.tally.first), (20, &None));
    // What is wrong whoever runs first is found here as well.
    let wrong = |office: &Office| _ = office.history.call((), || 1);
    let report = program(wrong).check(&config().engine(Engine::Wild).executions(1)).unwrap();
    let found = report.tally.first.expect("nobody got number 0");
    let Verdict::Law { message, .. } = &found.verdict else { panic!("{found:?}") };
    assert!(message.starts_with("not linearizable"), "{message}");
    assert!(message.contains(" by customer "), "the program names its tasks: {message}");
}

/// Reduction keeps all orders of calls and returns that a judge can tell apart.
#[test]
fn reduction_finds_what_exhausting_finds() {
    for customer in [racy as fn(&Office), locked] {
        let all = program(customer).check(&config().exhaust()).unwrap();
        let dpor = Config { strategy: Strategy::Dpor, ..config() }.exhaust();
        let reduced = program(customer).check(&dpor).unwrap();
        assert_eq!(all.tally.first.is_some(), reduced.tally.first.is_some());
        assert!(reduced.tally.complete && reduced.tally.executions < all.tally.executions);
    }
}

shareable! {
    struct Cell {
        value: Value<i64>,
        late: Value<i64>,
        history: Recorder<RegisterOp, RegisterRet, 8>,
    }
}

fn cell() -> Cell {
    Cell { value: Value::new(0), late: Value::new(0), history: Recorder::new() }
}

fn read(cell: &Cell) {
    cell.history.call(RegisterOp::Read, || RegisterRet::Value(Some(cell.value.get())));
}

fn write(cell: &Cell, value: i64) {
    cell.history.call(RegisterOp::Write(value), || {
        cell.value.set(value);
        RegisterRet::Done
    });
}

/// A writer leaves a note of what it is about to write; readers put it in place.
/// So a write may take effect after its writer was killed.
fn helped(crash: Crash) -> Program<Cell> {
    let options = Options { crash, ..Options::default() };
    Program::new("helped", cell)
        .task("writer", |cell| {
            write(cell, 1);
            cell.history.call(RegisterOp::Write(2), || {
                cell.late.set(2);
                cell.value.set(2);
                cell.late.set(0);
                RegisterRet::Done
            });
        })
        .task("reader", |cell| {
            read(cell);
            let late = cell.late.get();
            if late != 0 {
                cell.value.set(late);
            }
            read(cell);
        })
        .faults(Faults { kills: 1, victims: vec!["writer".to_owned()], ..Faults::none() })
        .judged(options, Nonzero, |cell| &cell.history)
}

/// A register that holds 0 at first.
struct Nonzero;

impl Model for Nonzero {
    type Op = RegisterOp;
    type Ret = RegisterRet;
    type State = Option<i64>;

    fn init(&self) -> Option<i64> {
        Some(0)
    }
    fn step(&self, state: &Option<i64>, op: &RegisterOp, ret: Option<&RegisterRet>) -> Option<Option<i64>> {
        Register.step(state, op, ret)
    }
}

#[test]
fn after_its_kill_a_task_does_nothing_more() {
    let exhaust = Config { keep_going: false, ..config().exhaust() };
    let strict = helped(Crash::Strict).check(&exhaust).unwrap();
    let finding = strict.finding.expect("a write takes effect after its writer was killed");
    let Verdict::Law { message, .. } = &finding.recording.verdict else { panic!("{finding:?}") };
    assert!(message.contains("no order explains"), "{message}");
    assert_eq!(finding.control.map(|control| control.verdict), Some(Verdict::Pass));
    let durable = helped(Crash::Durable).check(&config().exhaust()).unwrap();
    assert!(durable.tally.complete && durable.finding.is_none(), "{durable:?}");
    // The same schedule kills a real process at the same place.
    let replay = config().engine(Engine::Real).strategy(Strategy::Replay(finding.schedule)).executions(1);
    let real = helped(Crash::Strict).check(&replay).unwrap();
    assert_eq!(real.tally.first.map(|found| found.verdict), Some(finding.recording.verdict));
    assert!(helped(Crash::Durable).check(&replay).unwrap().finding.is_none());
}

/// Each task keeps a copy of its own for itself: in the order of each all is well, in
/// real time a write that has returned is not seen.
#[test]
fn sequential_consistency_is_another_law() {
    let program = |consistency| {
        Program::new("copies", cell)
            .task("writer", |cell| write(cell, 1))
            .task("reader", |cell| {
                cell.history.call(RegisterOp::Read, || RegisterRet::Value(Some(cell.late.get())));
            })
            .judged(Options { consistency, ..Options::default() }, Nonzero, |cell| &cell.history)
            .check(&config().exhaust())
            .unwrap()
    };
    assert!(program(Consistency::Linearizable).finding.is_some());
    let sequential = program(Consistency::Sequential);
    assert!(sequential.tally.complete && sequential.finding.is_none());
}

#[test]
fn a_judge_without_time_decides_nothing() {
    let options = Options { time: Some(Duration::ZERO), monitors: false, ..Options::default() };
    let program = Program::new("office", office).tasks("customer", 2, |office, _| racy(office)).judged(
        options,
        Counter,
        |office| &office.history,
    );
    let error = program.explore(&config().executions(10)).unwrap_err();
    assert!(
        error.to_string().contains("inconclusive after 1 execution: judging the history: the time was up"),
        "{error}"
    );
}

#[test]
fn a_program_that_spawns_judges_at_its_end() {
    let run = |customer: fn(&Office)| {
        selvedge_harness::check(&config().executions(300), move || {
            let office = Shared::new(office());
            let customers: Vec<_> = (0..2)
                .map(|_| {
                    let office = office.clone();
                    Process::spawn(move || customer(&office))
                })
                .collect();
            customers.into_iter().for_each(|customer| _ = customer.join());
            office.history.assert_linearizable(&Counter);
        })
        .unwrap()
    };
    let report = run(racy);
    let finding = report.finding.expect("two customers get one number");
    assert!(matches!(&finding.recording.verdict, Verdict::Panic { task: 0, message, .. }
        if message.starts_with("not linearizable: no order explains take a number -> 0 by task ")));
    assert!(run(locked).finding.is_none());
}

/// The whole message, as a failing test prints it.
#[test]
fn the_panic_tells_prefix_and_operation() {
    let result = std::panic::catch_unwind(|| {
        let _ = program(racy).explore(&config().executions(200));
    });
    let message = *result.unwrap_err().downcast::<String>().unwrap();
    for part in [
        "not linearizable: no order explains take a number -> 0",
        "the longest prefix",
        "call",
        "return",
        "reproduce: SELVEDGE_REPLAY=sv1:",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}
