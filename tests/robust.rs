//! Does a robust lock survive whoever holds it, wherever the scheduler kills?
//!
//! Every step of every task is a kill point: the strategy exhausts schedules and kills
//! together, in fibers, where the harness lets go as the Linux kernel would, and in
//! processes, where SIGKILL is real and the Linux kernel marks the words itself.

use selvedge::Shareable;
use selvedge::platform::{Atomic, Op, Owner, Platform, Robust};
use selvedge::raw::{Left, RawRobustMutex, Taken};
use selvedge::sys::robust::{Links, OWNER, WAITERS};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, Choice, Outcome, Report, Verdict};
use std::panic::Location;
use std::sync::atomic::Ordering::SeqCst;

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
    // Two schedules without a kill, two with one before anybody has the lock, and for each who
    // may be first: either is killed while the first has it, which takes two steps, or the
    // second is at one of its three.
    assert_eq!(counts, [2 + 2 + 2 * (2 * 2 + 3); 2]);
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
fn whoever_kills_keeps_its_own_locks() {
    // Before the first step whoever arrived last decides: it kills the first task, then takes
    // the lock, and is killed with it before it has told anybody that it has it.
    let (first, decider, waiter) = (0, 2, 1);
    let kill = |task| Choice::new(task, Outcome::Kill);
    let mut schedule = vec![kill(first), Choice::run(decider), Choice::run(waiter), kill(decider)];
    schedule.extend([Choice::run(waiter); 5]);
    let config = |engine| quiet(engine, Granularity::Word).strategy(Strategy::Replay(schedule.clone()));
    let [sim, real] = BOTH.map(|engine| adders(3, true, 2).record(&config(engine), 0..1).unwrap());
    assert_eq!(sim, real);
    assert_eq!(sim[0].verdict, Verdict::Pass);
}

#[test]
fn who_does_not_repair_leaves_it_unrecoverable() {
    let report = adders(3, false, 1).check(&quiet(Engine::Sim, Granularity::Operation).exhaust()).unwrap();
    passes(&report, "unrecoverable");
}

/// What the law below asks of a lock.
trait Lock: Shareable + Send + Sync {
    fn new() -> Self;
    fn lock(&self);
    fn unlock(&self);
}

shareable! {
    struct Shipped { raw: RawRobustMutex<Checked> }

    /// Broken as pthread's is: giving the lock back takes the mark of the waiters away, so
    /// that a third task, which takes the lock before the one that was woken, wakes nobody.
    #[repr(C)]
    struct Forgetful { word: <Checked as Robust>::Word, lost: u32, links: Links }
}

impl Lock for Shipped {
    fn new() -> Self {
        Shipped { raw: RawRobustMutex::new() }
    }
    fn lock(&self) {
        assert_ne!(self.raw.lock(Location::caller()), Taken::Unrecoverable);
    }
    fn unlock(&self) {
        self.raw.unlock(Left::Clean, Location::caller()).expect("it is the caller's");
    }
}

impl Lock for Forgetful {
    fn new() -> Self {
        Forgetful { word: Atomic::new(0), lost: 0, links: Links::default() }
    }

    fn lock(&self) {
        let (me, mut slept) = (Checked::me(), self.lost);
        me.begin(&self.links);
        let mut word = self.word.load(SeqCst);
        loop {
            let wanted = if word & OWNER == 0 { me.id() | slept } else { word | WAITERS };
            match self.word.compare_exchange(word, wanted, SeqCst, SeqCst) {
                Ok(_) if word & OWNER == 0 => break,
                Ok(_) => {
                    let op = || Op::new(Kind::Acquire, "lock", 0, Location::caller());
                    let futex = Checked::futex(&self.word);
                    Checked::futex_wait(futex, wanted, None, op, None::<fn() -> Op>);
                    slept = WAITERS;
                    word = self.word.load(SeqCst);
                }
                Err(now) => word = now,
            }
        }
        me.link(&self.links);
        me.end();
    }

    fn unlock(&self) {
        let me = Checked::me();
        me.begin(&self.links);
        me.unlink(&self.links);
        if self.word.swap(0, SeqCst) & WAITERS != 0 {
            Checked::futex_wake(Checked::futex(&self.word), 1);
        }
        me.end();
    }
}

/// Some tasks take the lock, one of them may die: do the others get it?
fn queue<L: Lock + 'static>(tasks: usize) -> Program<L> {
    Program::new("queue", L::new)
        .tasks("task", tasks, |lock, _| {
            lock.lock();
            lock.unlock();
        })
        .faults(Faults::kills(1))
}

fn words<L: Lock + 'static>(tasks: usize, preemptions: u32) -> Report {
    let bounded = Strategy::Dfs { preemptions: Some(preemptions) };
    queue::<L>(tasks).check(&quiet(Engine::Sim, Granularity::Word).strategy(bounded).exhaust()).unwrap()
}

/// Each access to a word is a step, and each step a kill point.
#[test]
fn no_wake_up_is_lost_with_whoever_consumed_it() {
    for (tasks, preemptions) in [(2, 4), (3, 2), (4, 1)] {
        let report = words::<Shipped>(tasks, preemptions);
        println!("{tasks} tasks, {preemptions} preemptions: {} executions", report.tally.executions);
        passes(&report, "words");
    }
}

#[test]
fn a_forgetful_lock_loses_one() {
    let first = words::<Forgetful>(4, 1).tally.first;
    assert_eq!(first.map(|found| found.verdict), Some(Verdict::Deadlock));
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
