//! What orders tasks by way of the operating system, or of whole pools of them.

use super::tasks::{Data, data, has_race};
use super::*;

/// Signals that a test waits for.
const TOLD: Signal = Signal::SIGUSR2;

#[test]
fn a_file_lock() {
    let body = |inside: bool| {
        move || {
            let data = data();
            let children = [0, 1].map(|_| {
                let data: Data = data.clone();
                Process::spawn(move || {
                    let mut file = FileLock::open(selvedge_harness::scratch().join("plain.lock")).unwrap();
                    let held = file.lock().unwrap();
                    if !inside {
                        drop(held);
                        data.1.with_mut(|total| *total += 1);
                    } else {
                        data.1.with_mut(|total| *total += 1);
                        drop(held);
                    }
                })
            });
            children.iter().for_each(|child| assert!(child.join().unwrap().success()));
        }
    };
    assert!(!has_race(body(true)));
    assert!(has_race(body(false)));
}

#[test]
fn a_signal_that_is_waited_for() {
    let body = |first: bool| {
        move || {
            let data = data();
            let child = Process::spawn({
                let data = data.clone();
                move || {
                    Signals::block([TOLD]).unwrap();
                    data.0.release();
                    assert_eq!(Signals::wait([TOLD]).unwrap(), TOLD);
                    data.1.get();
                }
            });
            data.0.acquire();
            if first {
                data.1.set(1);
            }
            Signals::send(child.pid().unwrap(), TOLD).unwrap();
            if !first {
                data.1.set(1);
            }
            assert!(child.join().unwrap().success());
        }
    };
    assert!(!has_race(body(true)));
    assert!(has_race(body(false)));
}

/// Who finds the end of a pipe knows what its last writer did before it closed it.
#[test]
fn the_end_of_a_pipe() {
    let body = |first: bool| {
        move || {
            let data = data();
            let (mut reader, writer) = pipe(false).unwrap();
            let child = Process::spawn({
                let data = data.clone();
                move || {
                    if first {
                        data.1.set(1);
                    }
                    drop(writer);
                    if !first {
                        data.1.set(1);
                    }
                }
            });
            assert!(reader.recv::<u32>().is_err());
            data.1.get();
            assert!(child.join().unwrap().success());
        }
    };
    assert!(!has_race(body(true)));
    assert!(has_race(body(false)));
}

/// A task of a pool knows what was done before it was given, and who has its result what
/// it did; two tasks know nothing of each other.
#[test]
fn a_pool() {
    let body = |tasks: u64| {
        move || {
            let cell = std::sync::Arc::new(RaceCell::new(0_u64));
            cell.set(1);
            let pool = ThreadPool::new(2).unwrap();
            let inside = cell.clone();
            pool.map(move |more: u64| inside.with_mut(|total| *total += more), 0..tasks).unwrap();
            cell.get();
        }
    };
    assert!(!has_race(body(1)));
    assert!(has_race(body(3)));
}
