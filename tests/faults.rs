//! Does everything that can go wrong go wrong where the schedule says, and nowhere else?
//!
//! Kills are real in `real`: a process dies by SIGKILL and the operating system cleans up
//! after it.

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Outcome, Report, Verdict};

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

shareable! {
    struct Slots { lock: Mutex<()>, index: Value<u32>, slot: Value<u32> }
}

fn slots() -> Slots {
    Slots { lock: Mutex::new(()), index: Value::new(0), slot: Value::new(0) }
}

fn quiet(engine: Engine) -> Config {
    Config::default().engine(engine).ignore_environment()
}

/// Both add one under a plain lock; the victim may die.
fn plain_lock() -> Program<Slots> {
    let add = |slots: &Slots| {
        let _guard = slots.lock.lock().unwrap();
        slots.index.set(slots.index.get() + 1);
    };
    Program::new("plain lock", slots)
        .task("victim", add)
        .task("other", add)
        .faults(Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) })
}

/// The index is published before the slot is written.
fn publish() -> Program<Slots> {
    Program::new("publish", slots)
        .task("writer", |slots| {
            slots.index.set(1);
            slots.slot.set(7);
        })
        .task("reader", |slots| {
            if slots.index.get() == 1 {
                assert_eq!(slots.slot.get(), 7);
            }
        })
}

fn exhaust(program: &Program<Slots>, engine: Engine) -> Report {
    program.check(&quiet(engine).exhaust()).unwrap()
}

#[test]
fn a_holder_that_is_killed_leaves_a_plain_lock_locked() {
    let reports = BOTH.map(|engine| exhaust(&plain_lock(), engine));
    for report in &reports {
        let finding = report.finding.as_ref().expect("a dead holder");
        assert_eq!(finding.recording.verdict, Verdict::Deadlock);
        assert_eq!((finding.preemptions, finding.switches), (0, 0));
        assert!(finding.proved_minimal);
        assert_eq!(finding.recording.tasks[0].status, Some(-9));
        let kills = finding.recording.steps.iter().filter(|step| step.outcome == Outcome::Kill);
        assert_eq!(kills.count(), 1);
    }
    let [sim, real] = reports;
    assert_eq!(sim.tally.executions, real.tally.executions);
    assert_eq!(sim.tally.violations, real.tally.violations);
    assert_eq!(sim.finding.unwrap().recording, real.finding.unwrap().recording);
}

#[test]
fn nothing_is_killed_unless_asked_for() {
    for engine in BOTH {
        let report = plain_lock().check(&quiet(engine).exhaust().faults(Faults::none())).unwrap();
        assert_eq!((report.tally.violations, report.tally.executions), (0, 2), "{engine:?}");
    }
}

/// The same executions by number, faults included, in both engines.
#[test]
fn random_faults_replay_in_the_other_engine() {
    let config = |engine| quiet(engine).seed(5).faults(Faults::kills(2));
    let [sim, real] = BOTH.map(|engine| publish().record(&config(engine), 0..300).unwrap());
    let mut killed = 0;
    for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
        assert_eq!(a, b, "execution {index}");
        killed += a.steps.iter().filter(|step| step.outcome == Outcome::Kill).count();
    }
    assert!(killed > 200, "{killed} kills in 300 executions");
    let broken = sim.iter().filter(|recording| recording.verdict.is_violation()).count();
    assert!(broken > 10, "{broken} of 300 executions met the torn publication");
}
