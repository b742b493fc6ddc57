//! Do the primitives that survive their holders keep their laws while somebody is killed?
//!
//! In fibers and in processes, at both granularities; and is a program that breaks the
//! law caught?

use selvedge_harness::Report;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use std::cell::Cell;

/// Explores a program with so many faults; tells whether nothing was found.
fn is_sound(program: AnyProgram, faults: Faults, granularity: Granularity, engine: Engine) -> bool {
    let executions = if engine == Engine::Sim { 1500 } else { 150 };
    let config = Config { shrink: false, ..Config::default() }
        .engine(engine)
        .granularity(granularity)
        .executions(executions)
        .faults(faults.clone())
        .ignore_environment();
    let report: Report = program.check("law", &config).unwrap();
    assert_eq!(report.tally.inconclusive, None, "{engine:?} {granularity:?}");
    if let Some(first) = &report.tally.first {
        println!("{engine:?} {granularity:?} {faults:?}: {:?}", first.verdict);
    }
    report.tally.first.is_none()
}

/// Whether a law holds, in each way to look and with each number of deaths.
#[track_caller]
fn each(program: impl Fn() -> AnyProgram, kills: &[u8], holds: bool) {
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in [Engine::Sim, Engine::Real] {
            for &kills in kills {
                let sound = is_sound(program(), Faults::kills(kills), granularity, engine);
                assert_eq!(sound, holds, "{engine:?} {granularity:?}, {kills} deaths");
            }
        }
    }
}

/// Two numbers that are equal unless somebody is at work on them.
type Twins = [Cell<u32>; 2];

shareable! {
    struct Room { seats: RobustSemaphore, inside: RwLock<u32>, count: Value<u32> }
    struct Hall { lock: RwLock<u32>, here: Value<u32>, all: Event }
    struct Deep { twins: ReentrantMutex<Twins>, bare: Value<u32> }
    struct Table { twins: RwLock<[u32; 2]>, reads: Value<u32> }
}

fn check(twins: [u32; 2]) {
    assert_eq!(twins[0], twins[1], "torn");
}

/// Takes the lock `depth` times, one inside the other, and works at the bottom.
fn descend(deep: &Deep, depth: u32) {
    let guard = match deep.twins.lock() {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(guard)) => {
            guard[1].set(guard[0].get());
            guard.mark_consistent();
            guard
        }
        Err(error) => panic!("{error}"),
    };
    if depth > 1 {
        descend(deep, depth - 1);
        assert_eq!(guard.depth(), 1 + 3 - depth);
    } else {
        check([guard[0].get(), guard[1].get()]);
        guard[0].set(guard[0].get() + 1);
        step();
        guard[1].set(guard[1].get() + 1);
        let seen = deep.bare.get();
        deep.bare.set(seen + 1);
    }
}

fn reentrant(tasks: usize) -> Program<Deep> {
    Program::new("reentrant", || Deep { twins: ReentrantMutex::new(Twins::default()), bare: Value::new(0) })
        .tasks("task", tasks, |deep, _| descend(deep, 3))
        .finally(move |deep| {
            let guard = deep.twins.lock().or_else(|error| error.into_guard().ok_or("lost")).unwrap();
            assert_eq!(guard.depth(), 1);
        })
}

#[test]
fn a_reentrant_lock_is_taken_again_and_survives() {
    each(|| reentrant(3).into(), &[0, 1, 2], true);
}

/// Both steps of the work under one lock each are not the work under one.
#[test]
fn a_lock_given_back_in_between_does_not_exclude() {
    let program = || {
        let init = || Deep { twins: ReentrantMutex::new(Twins::default()), bare: Value::new(0) };
        Program::new("given back", init)
            .tasks("task", 2, |deep, _| {
                let seen = {
                    let _guard = deep.twins.lock().unwrap();
                    deep.bare.get()
                };
                let _guard = deep.twins.lock().unwrap();
                deep.bare.set(seen + 1);
            })
            .finally(|deep| assert_eq!(deep.bare.get(), 2))
    };
    each(|| program().into(), &[0], false);
}

/// Readers and writers of two numbers; whoever finds a dead writer's half repairs it.
fn table(readers: usize, writers: usize, locked: bool) -> Program<Table> {
    Program::new("table", || Table { twins: RwLock::new([0, 0]), reads: Value::new(0) })
        .tasks("reader", readers, move |table, _| match table.twins.read() {
            Ok(twins) => {
                check(*twins);
                table.reads.fetch_add(1);
                check(*twins);
            }
            Err(LockError::OwnerDied(twins)) => assert!(twins[0] >= twins[1]),
            Err(error) => panic!("{error}"),
        })
        .tasks("writer", writers, move |table, _| {
            let mut twins = match table.twins.write() {
                Ok(twins) => twins,
                Err(LockError::OwnerDied(mut twins)) => {
                    twins[1] = twins[0];
                    twins.mark_consistent();
                    twins
                }
                Err(error) => panic!("{error}"),
            };
            check(*twins);
            twins[0] += 1;
            step();
            if locked {
                twins[1] += 1;
                let twins = twins.downgrade();
                check(*twins);
            } else {
                // What belongs together is done under two locks.
                drop(twins);
                table.twins.write().unwrap()[1] += 1;
            }
        })
}

#[test]
fn a_read_write_lock_separates_and_survives() {
    each(|| table(2, 2, true).into(), &[0, 1, 2], true);
}

#[test]
fn half_a_write_is_seen() {
    each(|| table(2, 2, false).into(), &[0], false);
}

/// Readers are inside at the same time: each waits for the other.
#[test]
fn readers_do_not_exclude_each_other() {
    shareable! { struct Meeting { lock: RwLock<u32>, here: Semaphore, there: Semaphore } }
    let program = |write: bool| {
        let init = || Meeting { lock: RwLock::new(0), here: Semaphore::new(0), there: Semaphore::new(0) };
        Program::new("meeting", init)
            .task("one", move |meeting| {
                let _guard = meeting.lock.read().unwrap();
                meeting.here.release();
                meeting.there.acquire();
            })
            .task("other", move |meeting| {
                let _read = (!write).then(|| meeting.lock.read().unwrap());
                let _write = write.then(|| meeting.lock.write().unwrap());
                meeting.there.release();
                meeting.here.acquire();
            })
    };
    each(|| program(false).into(), &[0], true);
    each(|| program(true).into(), &[0], false);
}

/// Visitors of a room with `seats` seats, taken in each of the ways that there are. Who is
/// inside shares a lock with as many as there are seats.
fn room(seats: u32, visitors: usize, law: u32) -> Program<Room> {
    let init = move || {
        let seats = RobustSemaphore::new(seats).unwrap();
        Room { seats, inside: RwLock::new(0), count: Value::new(0) }
    };
    Program::new("room", init)
        .tasks("visitor", visitors, move |room, index| {
            let seat = match index % 3 {
                0 => room.seats.try_acquire(),
                1 => room.seats.acquire_until(1_000),
                _ => None,
            };
            let _seat = seat.unwrap_or_else(|| room.seats.acquire());
            let others = room.count.fetch_add(1);
            assert!(others < law, "{others} others are inside");
            step();
            room.count.fetch_add(u32::MAX);
        })
        .finally(move |room| {
            let _seats: Vec<_> =
                (0..seats).map(|_| room.seats.try_acquire().expect("a seat was lost")).collect();
            assert_eq!(room.seats.value(), 0);
        })
}

#[test]
fn seats_limit_and_come_back() {
    each(|| room(1, 3, 1).into(), &[0], true);
    each(|| room(2, 4, 2).into(), &[0], true);
    // Who dies inside is counted for ever, so the law is about the seats only.
    each(|| room(1, 3, 9).into(), &[1, 2], true);
    each(|| room(2, 4, 9).into(), &[2], true);
}

#[test]
fn a_seat_too_many_does_not_limit() {
    each(|| room(2, 4, 1).into(), &[0], false);
}

/// More readers than there are places for: they come in one after the other, whoever
/// leaves first.
#[test]
fn a_full_lock_lets_the_next_one_in_whoever_leaves() {
    let readers = RwLock::<u32>::READERS;
    let program = move |first: usize| {
        let init = || Hall { lock: RwLock::new(0), here: Value::new(0), all: Event::new() };
        Program::new("hall", init)
            .tasks("reader", readers, move |hall, index| {
                let _guard = hall.lock.read().unwrap();
                if hall.here.fetch_add(1) as usize == readers {
                    hall.all.set();
                }
                // All but one stay until the last one is in.
                if index != first {
                    hall.all.wait();
                }
            })
            .task("late", move |hall| {
                let _guard = hall.lock.read().unwrap();
                if hall.here.fetch_add(1) as usize == readers {
                    hall.all.set();
                }
            })
    };
    for first in [0, readers / 2, readers - 1] {
        let config = Config { shrink: false, ..Config::default() }.executions(40).ignore_environment();
        for granularity in [Granularity::Operation, Granularity::Word] {
            let report = program(first).check(&config.clone().granularity(granularity)).unwrap();
            assert_eq!(report.tally.first.map(|found| found.verdict), None, "{first} {granularity:?}");
        }
    }
}

fn repaired<'a>(
    error: LockError<RwLockWriteGuard<'a, [u32; 2]>>,
) -> Result<RwLockWriteGuard<'a, [u32; 2]>, LockError<RwLockWriteGuard<'a, [u32; 2]>>> {
    match error {
        LockError::OwnerDied(mut twins) => {
            twins[1] = twins[0];
            twins.mark_consistent();
            Ok(twins)
        }
        other => Err(other),
    }
}

/// Forms that give up, and deadlines that pass at any moment: whatever was tried, nobody is
/// left waiting and nothing is left taken.
fn hasty(tasks: usize) -> Program<Table> {
    Program::new("hasty", || Table { twins: RwLock::new([0, 0]), reads: Value::new(0) })
        .tasks("hasty", tasks, |table, index| match index % 4 {
            0 => drop(table.twins.try_read()),
            1 => drop(table.twins.write_until(500).or_else(repaired)),
            2 => drop(table.twins.read_until(500)),
            _ => drop(table.twins.try_write().or_else(repaired)),
        })
        .finally(|table| {
            let last = table.twins.try_write().or_else(repaired);
            assert!(last.is_ok(), "left taken, or lost: {last:?}", last = last.err());
        })
}

#[test]
fn who_gives_up_leaves_nothing_taken() {
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in [Engine::Sim, Engine::Real] {
            for kills in [0, 1] {
                let faults = Faults { timeouts: 2, ..Faults::kills(kills) };
                assert!(is_sound(hasty(5).into(), faults, granularity, engine), "{granularity:?} {engine:?}");
            }
        }
    }
}

shareable! { struct Both { nested: ReentrantMutex<Twins>, book: RwLock<[u32; 2]>, seats: RobustSemaphore } }

/// Threads of one process and another process, at all three at once: whoever dies takes
/// all threads of its process along, each with what it holds.
fn mixed() -> Program<Both> {
    fn visit(both: &Both, index: usize) {
        let _seat = both.seats.acquire();
        if index == 0 {
            let mut book = both.book.write().or_else(repaired).unwrap();
            book[0] += 1;
            step();
            book[1] += 1;
            return;
        }
        let guard = both.nested.lock().or_else(|error| error.into_guard().ok_or("lost")).unwrap();
        guard.mark_consistent();
        guard[0].set(guard[0].get() + 1);
        match both.book.read() {
            Ok(book) => check(*book),
            Err(LockError::OwnerDied(book)) => assert!(book[0] >= book[1]),
            Err(error) => panic!("{error}"),
        }
    }
    let init = || Both {
        nested: ReentrantMutex::new(Twins::default()),
        book: RwLock::new([0, 0]),
        seats: RobustSemaphore::new(2).unwrap(),
    };
    Program::new("mixed", init)
        .threads("thread", 3, visit)
        .task("process", |both| visit(both, 1))
        .task("writer", |both| visit(both, 0))
        .finally(|both| {
            assert_eq!(both.seats.value(), 2);
            assert!(!both.nested.is_locked() && both.book.try_write().or_else(repaired).is_ok());
        })
}

#[test]
fn threads_and_processes_survive_each_other() {
    each(|| mixed().into(), &[0, 1, 2], true);
}
