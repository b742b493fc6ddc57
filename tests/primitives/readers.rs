//! The law of readers and writers, between real processes of several threads each.
//!
//! When a process dies here that should not, the law did not hold in it.

use crate::family::{Family, LONG, Outcome, holds, is_caught};
use proptest::prop_assert_eq;
use rusty_fork::rusty_fork_test;
use selvedge::{LockError, RwLock, Shared, Value, shareable, spawn};
use std::thread::yield_now;

shareable! { struct Page { lock: RwLock<()>, lines: [Value<u64>; 2] } }

/// A writer's two lines are equal whenever a reader looks, and no line is lost.
fn readers_see_whole_pages(processes: usize, threads: usize, rounds: u32, broken: bool) -> Outcome {
    let page = Shared::new(Page { lock: RwLock::new(()), lines: [Value::new(0), Value::new(0)] });
    let read = |page: &Page, way: u32| {
        let guard = match way % 3 {
            0 => page.lock.read(),
            1 => page.lock.try_read_for(LONG),
            _ => loop {
                match page.lock.try_read() {
                    Err(LockError::WouldBlock) => yield_now(),
                    other => break other,
                }
            },
        };
        guard.is_ok() && page.lines[0].get() == page.lines[1].get()
    };
    let write = move |page: &Page, way: u32| {
        let shared = broken.then(|| page.lock.read());
        let alone = match way % 2 {
            _ if broken => None,
            0 => Some(page.lock.write()),
            _ => Some(page.lock.try_write_for(LONG)),
        };
        let seen = page.lines[0].get();
        page.lines[0].set(seen + 1);
        if way.is_multiple_of(8) {
            yield_now();
        }
        page.lines[1].set(seen + 1);
        // Some writers look at what they wrote before anybody can change it.
        match alone {
            Some(Ok(alone)) if way.is_multiple_of(4) => {
                let _reads = alone.downgrade();
                page.lines[1].get() == seen + 1
            }
            Some(alone) => alone.is_ok(),
            None => shared.is_some(),
        }
    };
    let copy = page.clone();
    let family = Family::start(processes, move |index| {
        let run = |way: usize| {
            let page = copy.clone();
            // Every third task writes.
            let work = move |round: u32| {
                if way.is_multiple_of(3) { write(&page, round) } else { read(&page, round) }
            };
            spawn(move || (0..rounds).all(work))
        };
        let all: Vec<_> = (0..threads).map(|thread| run(index * threads + thread)).collect();
        all.into_iter().all(|thread| thread.join().unwrap_or(false))
    });
    family.join()?;
    let writers = (processes * threads).div_ceil(3) as u64;
    prop_assert_eq!(page.lines[0].get(), writers * u64::from(rounds), "lines were lost");
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_read_write_lock_separates() {
        // More rounds than a process takes to change to its cheaper fence.
        holds(6, (1..=4_usize, 1..=3_usize, 1..=8_000_u32), |(processes, threads, rounds)| {
            readers_see_whole_pages(processes, threads, rounds, false)
        });
    }

    #[test]
    fn writers_who_only_read_do_not_separate() {
        is_caught("refuted by child", || readers_see_whole_pages(4, 1, 2_000, true));
    }
}
