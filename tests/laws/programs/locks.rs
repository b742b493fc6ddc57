// Locks and permits: whoever is inside is alone there, or with no more than there are permits.
//
// Included by `tests/laws/programs.rs`.

/// Whoever is `inside` is alone there: what it reads is still true when it writes.
fn excludes<S: Shareable + Send + Sync + 'static>(
    lock: S,
    (processes, rounds): (u32, u32),
    inside: fn(&S, &mut dyn FnMut()),
) {
    let shared = Shared::new(lock);
    let count = Shared::new(Value::<u32>::new(0));
    let (lock, number) = (shared.clone(), count.clone());
    all(processes, move |_| {
        for _ in 0..rounds {
            inside(&lock, &mut || number.set(number.get() + 1));
        }
    });
    assert_eq!(count.get(), processes * rounds, "somebody was not alone");
}

fn mutex(processes: u32, rounds: u32) {
    excludes(Mutex::new(0_u32), (processes, rounds), |lock, body| {
        let _guard = lock.lock().unwrap();
        body();
    });
}

fn robust_mutex(processes: u32, rounds: u32) {
    excludes(RobustMutex::new(0_u32), (processes, rounds), |lock, body| {
        let _guard = lock.lock().unwrap();
        body();
    });
}

fn reentrant_mutex(processes: u32, rounds: u32) {
    excludes(ReentrantMutex::new(0_u32), (processes, rounds), |lock, body| {
        let _outer = lock.lock().unwrap();
        let _inner = lock.lock().unwrap();
        body();
    });
}

fn once(processes: u32, rounds: u32) {
    for _ in 0..rounds.div_ceil(20) {
        let (once, done) = (Shared::new(Once::new()), Shared::new(Value::<u32>::new(0)));
        let (shared, count) = (once.clone(), done.clone());
        all(processes, move |_| {
            shared.call_once(|| count.set(count.get() + 1));
            assert_eq!(count.get(), 1, "done twice, or not yet");
        });
    }
}

fn once_cell(processes: u32, rounds: u32) {
    for _ in 0..rounds.div_ceil(20) {
        let (cell, made) = (Shared::new(OnceCell::<u64>::new()), Shared::new(Value::<u32>::new(0)));
        let (shared, count) = (cell.clone(), made.clone());
        all(processes, move |_| {
            let value = *shared.get_or_init(|| {
                count.set(count.get() + 1);
                42
            });
            assert_eq!((value, count.get()), (42, 1), "made twice, or seen half");
        });
    }
}

fn lazy_lock(processes: u32, rounds: u32) {
    for _ in 0..rounds.div_ceil(20) {
        let lazy = Shared::new(LazyLock::<[u64; 4]>::new(|| [7; 4]));
        let shared = lazy.clone();
        all(processes, move |_| assert_eq!(**shared, [7; 4], "seen half"));
    }
}

fn rw_lock(processes: u32, rounds: u32) {
    let lock = Shared::new(RwLock::new([0_u32; 2]));
    let shared = lock.clone();
    all(processes, move |index| {
        for round in 0..rounds {
            if (index + round).is_multiple_of(2) {
                let mut pair = shared.write().unwrap();
                pair[0] += 1;
                pair[1] += 1;
            } else {
                let pair = shared.read().unwrap();
                assert_eq!(pair[0], pair[1], "somebody wrote meanwhile");
            }
        }
    });
    let writes: u32 =
        (0..processes).flat_map(|index| (0..rounds).map(move |round| (index + round + 1) % 2)).sum();
    let pair = lock.read().unwrap();
    assert_eq!(*pair, [writes; 2], "a write was lost");
}

/// Never more than two inside, and every permit comes back.
fn limits<S: Shareable + Send + Sync + 'static>(
    room: S,
    (processes, rounds): (u32, u32),
    inside: fn(&S, &mut dyn FnMut()),
    free: fn(&S) -> u32,
) {
    let (room, count) = (Shared::new(room), Shared::new(Value::<u32>::new(0)));
    let (shared, number) = (room.clone(), count.clone());
    all(processes, move |_| {
        for _ in 0..rounds {
            inside(&shared, &mut || {
                let others = number.fetch_add(1);
                assert!(others < 2, "{others} others are inside with two permits");
                number.fetch_add(u32::MAX);
            });
        }
    });
    assert_eq!(free(&room), 2, "a permit was lost");
}

fn semaphore(processes: u32, rounds: u32) {
    let inside = |room: &Semaphore, body: &mut dyn FnMut()| {
        room.acquire();
        body();
        room.release();
    };
    limits(Semaphore::new(2), (processes, rounds), inside, |room| room.value());
}

fn bounded_semaphore(processes: u32, rounds: u32) {
    let inside = |room: &BoundedSemaphore, body: &mut dyn FnMut()| {
        room.acquire();
        body();
        room.release().unwrap();
    };
    limits(BoundedSemaphore::new(2), (processes, rounds), inside, |room| {
        assert!(room.release().is_err(), "a release too many was not refused");
        room.value()
    });
}

fn robust_semaphore(processes: u32, rounds: u32) {
    let inside = |room: &RobustSemaphore, body: &mut dyn FnMut()| {
        let _permit = room.acquire();
        body();
    };
    limits(RobustSemaphore::new(2).unwrap(), (processes, rounds), inside, |room| room.value());
}

fn file_lock(processes: u32, rounds: u32) {
    // Another execution may be at work in another thread: each has a file of its own.
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Relaxed);
    let path = std::env::temp_dir().join(format!("selvedge-law-{}-{number}", std::process::id()));
    let count = Shared::new(Value::<u32>::new(0));
    let (place, number) = (path.clone(), count.clone());
    all(processes, move |_| {
        let mut lock = FileLock::open(&place).unwrap();
        for _ in 0..rounds {
            let _guard = lock.lock().unwrap();
            number.set(number.get() + 1);
        }
    });
    // Nothing is left behind, and nothing follows if it is.
    let _ = std::fs::remove_file(path);
    assert_eq!(count.get(), processes * rounds, "somebody was not alone");
}
