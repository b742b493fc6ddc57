//! Events: a set releases everybody, whoever is killed.

use super::{each, each_as_told, every_word};
use selvedge::Shareable;
use selvedge::platform::{Atomic, Op, Platform, Robust};
use selvedge::raw::RawEvent;
use selvedge_harness::Checked;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use std::panic::Location;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// What the law below asks of an event.
trait Flag: Shareable + Send + Sync {
    fn new() -> Self;
    fn set(&self);
    fn wait(&self);
}

shareable! {
    struct Shipped { raw: RawEvent<Checked> }

    /// Broken as events mostly are: the flag is set first, and then the sleepers are woken.
    struct TwoSteps { word: <Checked as Robust>::Word }
}

impl Flag for Shipped {
    fn new() -> Self {
        Shipped { raw: RawEvent::new() }
    }
    fn set(&self) {
        self.raw.set(Location::caller());
    }
    fn wait(&self) {
        self.raw.wait(Location::caller());
    }
}

impl Flag for TwoSteps {
    fn new() -> Self {
        TwoSteps { word: Atomic::new(0) }
    }
    fn set(&self) {
        if self.word.swap(1, SeqCst) == 0 {
            Checked::futex_wake(Checked::futex(&self.word), u32::MAX);
        }
    }
    fn wait(&self) {
        while self.word.load(SeqCst) == 0 {
            let op = || Op::new(Kind::Wait, "wait", 0, Location::caller());
            Checked::futex_wait(Checked::futex(&self.word), 0, None, op, None::<fn() -> Op>);
        }
    }
}

/// Two set the event, of whom one may be killed, and so may those who wait.
fn setters<E: Flag + 'static>() -> Program<E> {
    Program::new("setters", E::new).tasks("setter", 2, |event, _| event.set()).tasks(
        "waiter",
        2,
        |event, _| event.wait(),
    )
}

#[test]
fn a_set_releases_all_or_was_not() {
    let executions = every_word(setters::<Shipped>().into(), 1, 2, true);
    assert!(executions > 1_000);
}

#[test]
fn a_set_in_two_steps_can_be_cut_in_two() {
    every_word(setters::<TwoSteps>().into(), 1, 2, false);
}

shareable! { struct Lights { green: Event, gone: Value<u32> } }

fn dark() -> Lights {
    Lights { green: Event::new(), gone: Value::new(0) }
}

/// A light that turns green for a moment, once all cars that are left wait: time passes when
/// nobody can go on any more.
fn lights(cars: usize) -> Program<Lights> {
    Program::new("lights", dark)
        .tasks("car", cars, |lights, _| {
            lights.green.wait();
            lights.gone.fetch_add(1);
        })
        .task("light", move |lights| {
            thread::sleep(Duration::from_secs(1));
            lights.green.set();
            lights.green.clear();
            assert!(!lights.green.is_set());
        })
}

#[test]
fn a_pulse_releases_whoever_waits() {
    let waits = || lights(2).finally(|lights| assert_eq!(lights.gone.get(), 2));
    each(|| waits().into(), &[0], true);
}

/// Who sets an event does not wait for those who wait, whether they live or not.
#[test]
fn nobody_waits_for_dead_waiters() {
    let program = |mortal: &str| {
        let faults = Faults { victims: vec![mortal.to_owned()], ..Faults::kills(2) };
        Program::new("dead waiters", dark)
            .tasks("car", 2, |lights, _| lights.green.wait())
            .task("light", |lights| {
                lights.green.set();
                lights.green.clear();
                lights.green.set();
            })
            .faults(faults)
    };
    each_as_told(|| program("car").into(), true);
    // Without the light, the cars wait for what nobody does.
    each_as_told(|| program("light").into(), false);
}

#[test]
fn both_engines_see_the_same() {
    super::both_see_the_same(&setters::<Shipped>());
    super::both_see_the_same(&lights(2));
}
