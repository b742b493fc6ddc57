// What tells others that something has come about: conditions, events, barriers.
//
// Included by `tests/laws/programs.rs`.

shareable! {
    struct Turns { turn: Mutex<u32>, passed: Condvar }
    struct Lights { green: Event, ready: Semaphore, gone: Semaphore, again: Semaphore }
    struct Hall { barrier: Barrier, here: Value<u32> }
}

/// Everybody gets its turn, one after the other: no notification is lost.
fn condvar(processes: u32, rounds: u32) {
    let turns = Shared::new(Turns { turn: Mutex::new(0), passed: Condvar::new() });
    let shared = turns.clone();
    all(processes, move |index| {
        for _ in 0..rounds {
            let turn = shared.turn.lock().unwrap();
            let mut turn = shared.passed.wait_while(turn, |turn| *turn % processes != index).unwrap();
            *turn += 1;
            shared.passed.notify_all();
        }
    });
    assert_eq!(*turns.turn.lock().unwrap(), processes * rounds, "a turn was lost");
}

/// Each set releases everybody who waits for it.
fn event(processes: u32, rounds: u32) {
    let none = || Semaphore::new(0);
    let lights = Lights { green: Event::new(), ready: none(), gone: none(), again: none() };
    let lights = Shared::new(lights);
    let shared = lights.clone();
    all(processes + 1, move |index| {
        for _ in 0..rounds {
            if index < processes {
                shared.ready.release();
                shared.green.wait();
                shared.gone.release();
                // Nobody comes again before the light has changed.
                shared.again.acquire();
                continue;
            }
            (0..processes).for_each(|_| shared.ready.acquire());
            shared.green.set();
            (0..processes).for_each(|_| shared.gone.acquire());
            shared.green.clear();
            (0..processes).for_each(|_| shared.again.release());
        }
    });
    assert_eq!((lights.ready.value(), lights.gone.value(), lights.again.value()), (0, 0, 0));
}

/// Nobody passes before all of its generation are there.
fn barrier(processes: u32, rounds: u32) {
    let hall = Shared::new(Hall { barrier: Barrier::new(processes), here: Value::new(0) });
    let shared = hall.clone();
    all(processes, move |_| {
        for round in 1..=rounds {
            shared.here.fetch_add(1);
            shared.barrier.wait().unwrap();
            let here = shared.here.get();
            assert!(here >= processes * round, "passed with {here} in round {round}");
        }
    });
    assert_eq!(hall.here.get(), processes * rounds);
}
