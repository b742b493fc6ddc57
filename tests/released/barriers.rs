//! Barriers: nobody passes before all are there, all of a generation pass or none does, and
//! the arrivals of the dead do not count.

use super::{each, each_as_told, every_word, every_word_as_told, passes, quiet};
use selvedge::raw::RawBarrier;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, join_task};
use std::time::Duration;

shareable! {
    struct Hall { barrier: Barrier, phases: [Value<u32>; 4], actions: Value<u32>, passed: Value<u32>, failed: Value<u32> }
}

fn hall(parties: u32) -> Hall {
    Hall {
        barrier: Barrier::new(parties),
        phases: std::array::from_fn(|_| Value::new(0)),
        actions: Value::new(0),
        passed: Value::new(0),
        failed: Value::new(0),
    }
}

/// Each tells its phase and waits: then nobody is behind, and nobody two phases ahead.
fn lock_step(parties: u32, rounds: u32, waits: bool) -> Program<Hall> {
    Program::new("lock step", move || hall(parties))
        .tasks("party", parties as usize, move |hall, me| {
            for round in 1..=rounds {
                hall.phases[me].set(round);
                let place = if waits {
                    hall.barrier.wait_with(|| hall.actions.set(round)).unwrap().index()
                } else {
                    0
                };
                assert!(place < parties);
                assert!(!waits || hall.actions.get() >= round, "the action comes first");
                for phase in &hall.phases[..parties as usize] {
                    let phase = phase.get();
                    assert!(
                        phase == round || phase == round + 1,
                        "one is in phase {phase}, another in {round}"
                    );
                }
            }
        })
        .finally(move |hall| {
            if waits {
                assert_eq!(
                    (hall.barrier.waiting(), hall.barrier.is_broken(), hall.actions.get()),
                    (0, false, rounds)
                );
            }
        })
}

#[test]
fn all_go_in_lock_step() {
    each(|| lock_step(2, 3, true).into(), &[0], true);
    each(|| lock_step(3, 2, true).into(), &[0], true);
    each(|| lock_step(3, 2, false).into(), &[0], false);
}

#[test]
fn every_interleaving_of_two_parties_goes_in_lock_step() {
    assert!(every_word(lock_step(2, 2, true).into(), 0, 2, true) > 1_000);
}

/// Four come where two are needed: whoever passes, passes with another one.
fn pairs(tasks: usize) -> Program<Hall> {
    Program::new("pairs", || hall(2))
        .tasks("party", tasks, |hall, _| {
            let result = hall.barrier.wait().unwrap();
            hall.passed.fetch_add(1);
            hall.actions.fetch_add(u32::from(result.is_leader()));
        })
        .finally(move |hall| {
            assert_eq!(hall.passed.get(), tasks as u32);
            assert_eq!(hall.actions.get() * 2, tasks as u32, "one leader in each generation");
        })
}

#[test]
fn generations_of_more_tasks_than_parties_do_not_mix() {
    each(|| pairs(4).into(), &[0], true);
    every_word(pairs(4).into(), 0, 1, true);
}

/// The place of a dead task is taken by another one.
fn replaced() -> Program<Hall> {
    Program::new("replaced", || hall(2))
        .task("mortal", |hall| {
            let _ = hall.barrier.wait();
        })
        .task("party", |hall| {
            assert!(hall.barrier.wait_with(|| step()).is_ok());
            hall.passed.set(1);
        })
        .task("replacement", |hall| {
            join_task(0);
            // If the dead one had passed, nobody comes any more.
            let alone = hall.barrier.wait_timeout(Duration::from_secs(1)).is_err();
            assert!(!alone || hall.passed.get() == 1, "both wait, each by itself");
        })
        .finally(|hall| assert_eq!(hall.passed.get(), 1))
        .faults(Faults { victims: vec!["mortal".to_owned()], ..Faults::kills(1) })
}

/// After its death, wherever that was, nobody is counted.
fn counted(waits: bool) -> Program<Hall> {
    Program::new("counted", || hall(2))
        .task("mortal", move |hall| {
            let _ = if waits {
                hall.barrier.wait_timeout(Duration::from_secs(1))
            } else {
                hall.barrier.try_wait()
            };
        })
        .task("witness", |hall| {
            join_task(0);
            hall.failed.set(u32::from(hall.barrier.is_broken()));
            hall.barrier.reset();
            assert_eq!((hall.barrier.waiting(), hall.barrier.try_wait()), (0, Err(BarrierError::WouldBlock)));
        })
        .finally(|hall| assert_eq!(hall.failed.get(), 0, "it died of a broken barrier"))
        .faults(Faults { victims: vec!["mortal".to_owned()], ..Faults::kills(1) })
}

#[test]
fn the_arrival_of_a_dead_task_is_taken_back() {
    each_as_told(|| replaced().into(), true);
    every_word_as_told(replaced().into(), 2, true);
    every_word_as_told(counted(false).into(), 2, true);
    // Alive, it waits until it is late, and the barrier is broken.
    every_word_as_told(counted(true).into(), 2, false);
}

#[test]
fn an_abort_releases_everybody_whoever_dies() {
    let program = |parties| {
        Program::new("abort", || hall(4))
            .tasks("party", parties, |hall, _| assert_eq!(hall.barrier.wait(), Err(BarrierError::Broken)))
            .tasks("aborter", 2, |hall, _| hall.barrier.abort())
    };
    each(|| program(2).into(), &[0, 1], true);
    each(|| program(2).into(), &[2], false);
    every_word(program(1).into(), 1, 1, true);
}

/// Whoever is late breaks it; then either all of that generation passed, or none.
fn late() -> Program<Hall> {
    Program::new("late", || hall(3))
        .tasks("party", 3, |hall, _| match hall.barrier.wait_timeout(Duration::from_millis(1)) {
            Ok(_) => {
                hall.passed.fetch_add(1);
            }
            Err(error) => {
                assert_eq!(error, BarrierError::Broken);
                hall.failed.fetch_add(1);
            }
        })
        .finally(|hall| {
            let (passed, failed) = (hall.passed.get(), hall.failed.get());
            assert!(passed == 3 || passed == 0, "{passed} passed, {failed} did not");
            assert_eq!(hall.barrier.is_broken(), failed > 0);
        })
}

#[test]
fn a_generation_passes_whole_or_not_at_all() {
    let faults = Faults { timeouts: 2, ..Faults::kills(0) };
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in super::BOTH {
            let executions = if engine == Engine::Sim { 3000 } else { 200 };
            let config = quiet(engine, granularity).faults(faults.clone()).executions(executions);
            let report = late().check(&config).unwrap();
            assert!(passes(&report), "{engine:?} {granularity:?}");
            assert!(report.tally.executions >= executions);
        }
    }
}

/// A reset while some wait, and at once the next generation.
fn reset() -> Program<Hall> {
    Program::new("reset", || hall(2))
        .tasks("party", 2, |hall, _| {
            while hall.barrier.wait().is_err() {
                hall.failed.fetch_add(1);
            }
            hall.passed.fetch_add(1);
        })
        .task("resetter", |hall| hall.barrier.reset())
        .finally(|hall| {
            assert_eq!(hall.passed.get(), 2);
            assert!(hall.failed.get() <= 1, "only who waited is told");
            assert!(!hall.barrier.is_broken());
        })
}

#[test]
fn a_reset_tells_who_waits_and_nobody_else() {
    each(|| reset().into(), &[0], true);
    assert!(every_word(reset().into(), 0, 2, true) > 1_000);
}

#[test]
fn a_barrier_takes_the_parties_it_has_room_for() {
    assert!(RawBarrier::<Checked, 3>::new(4).is_some());
    assert!(RawBarrier::<Checked, 3>::new(5).is_none() && RawBarrier::<Checked, 3>::new(0).is_none());
    let error = Barrier::try_new(0).unwrap_err().to_string();
    assert_eq!(error, "the number of parties of a barrier is 0, but must be from 1 to 128");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let barrier = Barrier::new(1);
    let mut inner = Ok(());
    barrier.wait_with(|| inner = barrier.wait().map(drop)).unwrap();
    assert_eq!(inner, Err(BarrierError::InAction), "an action cannot wait for itself");
    let outcome = std::panic::catch_unwind(|| barrier.wait_with(|| panic!("half way")));
    assert!(outcome.is_err() && barrier.is_broken(), "an action that panicked was not done");
    assert_eq!(barrier.wait(), Err(BarrierError::Broken));
    barrier.reset();
    assert_eq!(barrier.wait_with(|| barrier.reset()), Err(BarrierError::Broken), "reset from inside");
    assert!(barrier.wait().is_ok() && !barrier.is_broken());
    let once = Once::new();
    let nested = std::panic::catch_unwind(|| once.call_once(|| once.call_once(|| ())));
    let message = nested.unwrap_err();
    assert!(message.downcast_ref::<String>().is_some_and(|text| text.contains("asks for itself")));
    assert!(once.try_call_once(|| ()) && once.is_completed(), "after a panic, the next one does it");
}

#[test]
fn both_engines_see_the_same() {
    super::both_see_the_same(&replaced());
    super::both_see_the_same(&late());
    super::both_see_the_same(&reset());
}
