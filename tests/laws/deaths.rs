//! What must hold although somebody is killed.

use super::*;
use selvedge_harness::prelude::LockError;

shareable! {
    struct Heirs { lock: RobustMutex<u32>, inheritance: Inheritance }
}

/// Owners of a robust lock, one of whom may be killed; `told` says what an heir says.
fn heirs(name: &str, told: fn(&Inheritance)) -> Program<Heirs> {
    Program::new(name, || Heirs { lock: RobustMutex::new(0), inheritance: Inheritance::new() })
        .tasks("owner", 3, move |heirs, _| {
            let mut guard = match heirs.lock.lock() {
                Ok(guard) => {
                    heirs.inheritance.took();
                    guard
                }
                Err(LockError::OwnerDied(mut guard)) => {
                    told(&heirs.inheritance);
                    guard.mark_consistent();
                    guard
                }
                Err(error) => panic!("{error}"),
            };
            *guard += 1;
            step();
            drop(guard);
            heirs.inheritance.gave();
        })
        .faults(Faults::kills(2))
}

#[test]
fn the_owners_death_is_reported_once_and_to_one() {
    keeps(&heirs("honest", Inheritance::inherited));
    breaks(&DEATH_REPORTED_ONCE, &heirs("keeps it to himself", |lock| lock.took()));
    breaks(
        &DEATH_REPORTED_ONCE,
        &heirs("forgets and is told again", |lock| {
            lock.gave();
            lock.inherited();
        }),
    );
}

fn holders<P: Shareable>(name: &str, make: fn() -> P, hold: fn(&P), left: fn(&P) -> u32) -> Program<P> {
    Program::new(name, make)
        .tasks("holder", 3, move |permits, _| hold(permits))
        .finally(move |permits| all_back(left(permits), 2))
        .faults(Faults::kills(2))
}

#[test]
fn no_token_is_lost_with_a_dead_holder() {
    let robust = || RobustSemaphore::new(2).unwrap();
    keeps(&holders(
        "robust",
        robust,
        |permits| {
            let _permit = permits.acquire();
            step();
        },
        |permits| permits.value(),
    ));
    breaks(
        &TOKENS_SURVIVE,
        &holders(
            "plain",
            || Semaphore::new(2),
            |permits| {
                permits.acquire();
                step();
                permits.release();
            },
            |permits| permits.value(),
        ),
    );
}

/// Who gives back for the dead what they did not have, or had given back, makes up permits; fewer
/// than there were are never left.
#[test]
fn no_token_is_made_up_for_a_dead_holder() {
    breaks(
        &TOKENS_SURVIVE,
        &holders(
            "given back for the dead",
            || (Semaphore::new(2), Value::new(0_u32)),
            |(permits, ended)| {
                permits.acquire();
                permits.release();
                ended.fetch_add(1);
            },
            |(permits, ended)| {
                (ended.get()..3).for_each(|_| permits.release());
                permits.value()
            },
        ),
    );
}
