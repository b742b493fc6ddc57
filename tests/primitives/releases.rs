//! The laws of what releases many: real processes, one of which is killed by SIGKILL at a
//! random moment, and all others must be released.
//!
//! In each round some processes wait, something happens that is to release them, and at
//! about the same time one is killed.
//!
//! When a process dies here, that is the test.

use crate::family::{Family, LONG, Outcome, SHORT, child, holds, is_caught, refute, until};
use crate::kills::Moments;
use proptest::prelude::any;
use rusty_fork::rusty_fork_test;
use selvedge::sys::futex;
use selvedge::{
    Barrier, Condvar, Event, ExitStatus, LockError, OnceCell, Process, RobustMutex, Shared, Value, shareable,
};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

/// How many are killed in one test.
const KILLS: u32 = if cfg!(debug_assertions) { 60 } else { 1000 };
/// How many wait besides the one that is killed.
const OTHERS: usize = 2;

/// Kills one and waits until it is dead; it may have ended by itself before.
fn kill(family: &[Process], victim: usize) -> Outcome {
    match family[victim].kill().and_then(|()| family[victim].join()) {
        Ok(ExitStatus::Signal(9) | ExitStatus::Code(0)) => Ok(()),
        Ok(status) => refute(format!("the victim ended with {status}")),
        Err(error) => refute(error.to_string()),
    }
}

/// Waits until all but the one that was killed have ended well.
fn others_end(family: Vec<Process>, victim: usize, patience: Duration, what: &str) -> Outcome {
    let others = family.into_iter().enumerate().filter(|(index, _)| *index != victim);
    let others = Family::of(others.map(|(_, child)| child));
    let deadline = Instant::now() + patience;
    while others.iter().any(Process::is_alive) {
        if Instant::now() > deadline {
            return refute(what);
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    others.join()
}

shareable! { struct Lights { green: Event, word: AtomicU32, begun: Value<u32> } }

/// One sets an event, and is killed at about that time. If the event is set then, all who
/// wait are released.
fn event(rounds: u32, seed: u64, broken: bool) -> Outcome {
    let mut moments = Moments::new(seed);
    for _ in 0..rounds {
        let lights =
            Shared::new(Lights { green: Event::new(), word: AtomicU32::new(0), begun: Value::new(0) });
        let copy = lights.clone();
        let wait = move || {
            copy.begun.fetch_add(1);
            if broken {
                while copy.word.load(SeqCst) == 0 {
                    futex::wait(&copy.word, 0, None);
                }
            } else {
                copy.green.wait();
            }
        };
        let copy = lights.clone();
        let set = move || {
            copy.begun.fetch_add(1);
            if broken {
                // The flag first, then the sleepers; in between it holds still, so that what is
                // wrong shows nearly every time.
                copy.word.store(1, SeqCst);
                selvedge::sleep(SHORT / 10);
                futex::wake(&copy.word, u32::MAX);
            } else {
                copy.green.set();
            }
        };
        let mut family: Vec<_> = (0..OTHERS).map(|_| child(wait.clone())).collect();
        until("that all wait", || family.iter().all(crate::family::asleep))?;
        family.push(child(set));
        until("that the setter begins", || lights.begun.get() == OTHERS as u32 + 1)?;
        moments.pass_at_most(60_000);
        kill(&family, OTHERS)?;
        if !lights.green.is_set() && lights.word.load(SeqCst) == 0 {
            lights.green.set();
            lights.word.store(1, SeqCst);
            futex::wake(&lights.word, u32::MAX);
        }
        others_end(family, OTHERS, if broken { SHORT } else { LONG }, "they wait for an event that is set")?;
    }
    Ok(())
}

shareable! { struct Door { open: RobustMutex<bool>, changed: Condvar, begun: Value<u32> } }

/// Goes through the door once it is open, and notifies the next one.
fn go_through(door: &Door) {
    door.begun.fetch_add(1);
    let mut taken = door.open.lock();
    loop {
        match taken.map(|open| door.changed.wait_while(open, |open| !*open)) {
            // With the lock in hand: who dies before it has notified dies as its holder.
            Ok(Ok(_open)) => return door.changed.notify_one(),
            Ok(Err(LockError::OwnerDied(mut open))) | Err(LockError::OwnerDied(mut open)) => {
                open.mark_consistent();
                door.changed.notify_all();
                taken = Ok(open);
            }
            Ok(Err(other)) | Err(other) => panic!("{other}"),
        }
    }
}

/// One notification, which is passed on, and one of those who wait is killed at about that
/// time.
fn condition(rounds: u32, seed: u64) -> Outcome {
    let mut moments = Moments::new(seed);
    for _ in 0..rounds {
        let door = Shared::new(Door {
            open: RobustMutex::new(false),
            changed: Condvar::new(),
            begun: Value::new(0),
        });
        let start = |_| {
            let door = door.clone();
            child(move || go_through(&door))
        };
        let family: Vec<_> = (0..=OTHERS).map(start).collect();
        until("that all wait", || family.iter().all(crate::family::asleep))?;
        let victim = moments.below(OTHERS as u64 + 1) as usize;
        match door.open.lock() {
            Ok(mut open) => *open = true,
            Err(error) => refute(error.to_string())?,
        }
        door.changed.notify_one();
        moments.pass_at_most(60_000);
        kill(&family, victim)?;
        // Whoever looks after the dead: if it had the lock, those asleep are notified.
        if let Err(LockError::OwnerDied(mut open)) = door.open.lock() {
            open.mark_consistent();
            drop(open);
            door.changed.notify_all();
        }
        others_end(family, victim, LONG, "the notification was lost")?;
    }
    Ok(())
}

shareable! { struct Hall { barrier: Barrier, begun: Value<u32> } }

/// As many meet as are needed, and one is killed at about that time. If the others have not
/// passed with it, they pass with whoever comes in its place.
fn barrier(rounds: u32, seed: u64) -> Outcome {
    let mut moments = Moments::new(seed);
    for _ in 0..rounds {
        let hall = Shared::new(Hall { barrier: Barrier::new(OTHERS as u32 + 1), begun: Value::new(0) });
        let start = |_| {
            let hall = hall.clone();
            child(move || {
                hall.begun.fetch_add(1);
                hall.barrier.wait().unwrap();
            })
        };
        let family: Vec<_> = (0..=OTHERS).map(start).collect();
        until("that they come", || hall.begun.get() >= OTHERS as u32)?;
        moments.pass_at_most(60_000);
        let victim = moments.below(OTHERS as u64 + 1) as usize;
        kill(&family, victim)?;
        let others = || family.iter().enumerate().filter(|(index, _)| *index != victim);
        until("that the others pass, or wait for one more", || {
            others().all(|(_, child)| !child.is_alive()) || hall.barrier.waiting() == OTHERS as u32
        })?;
        // Passing with the dead one, they may still be on their way out.
        let _ = hall.barrier.try_wait();
        others_end(family, victim, LONG, "the barrier holds them back")?;
    }
    Ok(())
}

shareable! { struct Table { cell: OnceCell<[u64; 4]>, begun: Value<u32> } }

/// All want a value; whoever makes it is killed in the middle, and so is one at random.
fn once(rounds: u32, seed: u64) -> Outcome {
    let mut moments = Moments::new(seed);
    for _ in 0..rounds {
        let table = Shared::new(Table { cell: OnceCell::new(), begun: Value::new(0) });
        let start = |index: usize| {
            let table = table.clone();
            child(move || {
                table.begun.fetch_add(1);
                let made = table.cell.get_or_init(|| {
                    (0..200).for_each(|_| std::hint::spin_loop());
                    [index as u64; 4]
                });
                assert!(made.iter().all(|part| *part == made[0]));
            })
        };
        let family: Vec<_> = (0..=OTHERS).map(start).collect();
        until("that one begins", || table.begun.get() > 0)?;
        moments.pass_at_most(60_000);
        let victim = moments.below(OTHERS as u64 + 1) as usize;
        kill(&family, victim)?;
        others_end(family, victim, LONG, "they wait for a value that nobody makes")?;
        if table.cell.get().is_none() {
            refute("nobody made it")?;
        }
    }
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn an_event_is_set_whole_or_not_at_all() {
        holds(1, any::<u64>(), |seed| event(KILLS, seed, false));
    }

    #[test]
    fn an_event_in_two_steps_is_cut_in_two() {
        is_caught("an event that is set", || event(100, 3, true));
    }

    #[test]
    fn a_notification_passes_from_the_dead_to_the_living() {
        holds(1, any::<u64>(), |seed| condition(KILLS, seed));
    }

    #[test]
    fn a_barrier_does_not_count_the_dead() {
        holds(1, any::<u64>(), |seed| barrier(KILLS, seed));
    }

    #[test]
    fn a_value_is_made_by_the_next_one() {
        holds(1, any::<u64>(), |seed| once(KILLS, seed));
    }
}
