//! Do slots before a gate survive whoever holds one, waits for one, or is about to?
//!
//! Each access to a word is a step, and each step a kill point: the strategy goes through
//! all schedules with so many preemptions and all kills in them. Machines that leave one
//! thing out go through the same programs and must be caught.

use selvedge::Shareable;
use selvedge::platform::{Atomic, Op, Owner, Platform, Robust};
use selvedge::raw::{Left, Patience, RawRobustSemaphore, RawRwLock, Taken};
use selvedge::sys::robust::{Links, OWNER, WAITERS};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, Report, Verdict};
use std::panic::Location;
use std::sync::atomic::Ordering::SeqCst;

/// A way in and a way out; what the programs below ask of a machine.
trait Place: Shareable + Send + Sync {
    /// Comes in, as one of many or alone, and runs `inside`.
    fn visit(&self, alone: bool, inside: impl FnOnce());
}

shareable! {
    struct Lock { raw: RawRwLock<Checked> }
    struct Permits { raw: RawRobustSemaphore<Checked> }
}

fn lock() -> Lock {
    Lock { raw: RawRwLock::new() }
}

/// One permit, so that everybody is alone.
fn permit() -> Permits {
    Permits { raw: RawRobustSemaphore::new(1).expect("one is allowed") }
}

impl Place for Lock {
    fn visit(&self, alone: bool, inside: impl FnOnce()) {
        let site = Location::caller();
        if alone {
            assert_ne!(self.raw.write(Patience::Forever, site), Some(Taken::Unrecoverable));
            inside();
            self.raw.end_write(Left::Clean, site);
        } else {
            let (reading, _) = self.raw.read(Patience::Forever, site).expect("patient");
            inside();
            self.raw.end_read(Checked::me(), reading, site);
        }
    }
}

impl Place for Permits {
    fn visit(&self, _: bool, inside: impl FnOnce()) {
        let permit = self.raw.acquire(Patience::Forever, Location::caller()).expect("patient");
        inside();
        self.raw.release(Checked::me(), permit, Location::caller());
    }
}

/// The same machine by other means: a task has the slot of its place. What a broken one
/// leaves out is false.
#[derive(Clone, Copy)]
struct Care {
    /// Whoever claimed a slot looks whether somebody is, or wants to be, alone.
    looks: bool,
    /// Whoever frees a slot wakes.
    wakes: bool,
    /// A held slot carries a mark, so that the kernel wakes when its holder dies.
    marks: bool,
}

// SAFETY: three bits of plain data.
unsafe impl Shareable for Care {}

const CAREFUL: Care = Care { looks: true, wakes: true, marks: true };

shareable! {
    #[repr(C)]
    struct Slot { word: <Checked as Robust>::Word, unused: u32, links: Links }
    struct Other { gate: RobustMutex<()>, slots: [Slot; 3], care: Care }
    struct House<P: Shareable> { place: P, inside: Value<u32> }
}

fn other(care: Care) -> Other {
    let slot = |_| Slot { word: Atomic::new(0), unused: 0, links: Links::default() };
    Other { gate: RobustMutex::new(()), slots: std::array::from_fn(slot), care }
}

impl Other {
    /// Nothing but a place in the source for what happens inside.
    fn step(&self, name: &'static str, body: impl FnOnce()) {
        Checked::step(|| Op::new(Kind::ReadWrite, name, 0, Location::caller()), body);
    }

    fn read(&self, inside: impl FnOnce()) {
        let me = Checked::me();
        let slot = &self.slots[me.place()];
        self.step("claim", || {
            me.begin(&slot.links);
            slot.word.store(me.id() | if self.care.marks { WAITERS } else { 0 }, SeqCst);
            me.link(&slot.links);
            me.end();
        });
        if self.care.looks && self.gate.is_locked() {
            self.leave(slot);
            // Whoever has the gate is alone, which is more than was asked.
            let _gate = self.gate.lock();
            return inside();
        }
        inside();
        self.leave(slot);
    }

    fn leave(&self, slot: &Slot) {
        let me = Checked::me();
        self.step("leave", || {
            me.begin(&slot.links);
            me.unlink(&slot.links);
            slot.word.store(0, SeqCst);
            if self.care.wakes && self.gate.is_locked() {
                Checked::futex_wake(Checked::futex(&slot.word), 1);
            }
            me.end();
        });
    }
}

impl Place for Other {
    fn visit(&self, alone: bool, inside: impl FnOnce()) {
        if !alone {
            return self.read(inside);
        }
        let _gate = self.gate.lock();
        let wait = |slot: &Slot| loop {
            let word = slot.word.load(SeqCst);
            if word & OWNER == 0 {
                break;
            }
            let op = || Op::new(Kind::Acquire, "write", 0, Location::caller());
            Checked::futex_wait(Checked::futex(&slot.word), word, None, op, None::<fn() -> Op>);
        };
        self.step("wait", || self.slots.iter().for_each(wait));
        inside();
    }
}

/// Many visitors and some who want to be alone, of whom up to `kills` die. Where nobody
/// dies, who is alone is alone.
fn house<P: Place + 'static>(
    make: impl Fn() -> P + Send + Sync + Clone + 'static,
    tasks: [usize; 2],
    kills: u8,
) -> Program<House<P>> {
    Program::new("house", move || House { place: make(), inside: Value::new(0) })
        .tasks("visitor", tasks[0], move |house, _| {
            house.place.visit(false, || assert!(house.inside.get() == 0 || kills > 0, "not alone"));
        })
        .tasks("alone", tasks[1], |house, _| {
            house.place.visit(true, || {
                house.inside.set(1);
                house.inside.set(0);
            });
        })
        .faults(Faults::kills(kills))
}

fn explored<P: Place + 'static>(
    make: impl Fn() -> P + Send + Sync + Clone + 'static,
    tasks: [usize; 2],
    kills: u8,
    preemptions: u32,
) -> Report {
    let bounded = Strategy::Dfs { preemptions: Some(preemptions) };
    let config = Config { shrink: false, ..Config::default() }.granularity(Granularity::Word);
    let config = config.strategy(bounded).exhaust().ignore_environment();
    house(make, tasks, kills).check(&config).unwrap()
}

#[track_caller]
fn holds<P: Place + 'static>(
    make: impl Fn() -> P + Send + Sync + Clone + 'static,
    all: &[([usize; 2], u8, u32)],
) {
    for &(tasks, kills, preemptions) in all {
        let report = explored(make.clone(), tasks, kills, preemptions);
        println!(
            "{tasks:?}, {kills} kills, {preemptions} preemptions: {} executions",
            report.tally.executions
        );
        let first = report.tally.first.as_ref().map(|found| &found.verdict);
        assert_eq!((first, &report.tally.inconclusive), (None, &None), "{tasks:?} {kills} {preemptions}");
    }
}

#[test]
fn a_lock_separates_and_loses_nobody() {
    holds(lock, &[([1, 1], 0, 2), ([2, 1], 0, 2), ([1, 2], 0, 1)]);
    holds(lock, &[([1, 1], 1, 1), ([2, 1], 1, 0), ([1, 2], 1, 0), ([2, 1], 2, 0)]);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a minute in a debug build; the test above runs smaller ones")]
fn a_lock_separates_and_loses_nobody_however_often_interrupted() {
    holds(lock, &[([1, 1], 0, 4), ([2, 1], 0, 3), ([1, 2], 0, 2)]);
    holds(lock, &[([1, 1], 1, 2), ([2, 1], 1, 1), ([1, 2], 1, 1), ([2, 1], 2, 1)]);
}

#[test]
fn permits_come_back() {
    holds(permit, &[([2, 0], 0, 4), ([3, 0], 0, 2), ([2, 0], 1, 3), ([3, 0], 1, 1), ([4, 0], 2, 0)]);
}

#[test]
fn a_machine_that_leaves_nothing_out_holds() {
    holds(|| other(CAREFUL), &[([1, 1], 0, 4), ([2, 1], 0, 2), ([2, 1], 1, 1)]);
}

#[track_caller]
fn is_caught(care: Care, kills: u8, verdict: impl Fn(&Verdict) -> bool) {
    let first = explored(move || other(care), [2, 1], kills, 2).tally.first;
    assert!(first.as_ref().is_some_and(|found| verdict(&found.verdict)), "{:?}", first.map(|f| f.verdict));
}

#[test]
fn who_does_not_look_is_not_alone() {
    is_caught(Care { looks: false, ..CAREFUL }, 0, |verdict| matches!(verdict, Verdict::Panic { .. }));
}

#[test]
fn who_does_not_wake_loses_one() {
    is_caught(Care { wakes: false, ..CAREFUL }, 0, |verdict| *verdict == Verdict::Deadlock);
}

#[test]
fn a_slot_without_a_mark_loses_one_to_a_death() {
    is_caught(Care { marks: false, ..CAREFUL }, 1, |verdict| *verdict == Verdict::Deadlock);
}

#[test]
fn both_engines_see_the_same() {
    for granularity in [Granularity::Operation, Granularity::Word] {
        let config = Config { shrink: false, ..Config::default() }.granularity(granularity);
        let config = config.seed(3).faults(Faults::kills(2)).ignore_environment();
        let record = |engine| {
            let locks = house(lock, [2, 2], 2).record(&config.clone().engine(engine), 0..100).unwrap();
            let permits = house(permit, [4, 0], 2).record(&config.clone().engine(engine), 0..100).unwrap();
            [locks, permits].concat()
        };
        let (sim, real) = (record(Engine::Sim), record(Engine::Real));
        for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
            assert_eq!(a, b, "{granularity:?} execution {index}");
        }
    }
}
