//! The `real` engine in the middle of a busy program: other threads print, allocate,
//! panic and change the panic hook while it forks; and nothing is left behind.
//!
//! In a binary of its own, because it counts the processes and descriptors of the
//! whole program, and its tests run one after the other.

use selvedge_harness::prelude::*;
use selvedge_harness::{Verdict, check};
use serial_test::serial;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

shareable! {
    struct Count {
        value: Value<u32>,
    }
}

fn racy() -> Program<Count> {
    Program::new("racy", || Count { value: Value::new(0) })
        .tasks("adder", 2, |s, _| {
            let seen = s.value.get();
            s.value.set(seen + 1);
        })
        .finally(|s| assert_eq!(s.value.get(), 2))
}

fn real() -> Config {
    Config::default().engine(Engine::Real).ignore_environment()
}

/// What a program can leave behind: children, descriptors, mappings of shared memory, scratch.
#[derive(Debug, PartialEq, Eq)]
struct Belongings {
    children: BTreeSet<String>,
    descriptors: usize,
    shared_memory: usize,
    scratch: BTreeSet<String>,
}

fn names(folder: &str, begin: &str) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .map(|entries| {
            let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.filter(|name| name.starts_with(begin)).collect()
        })
        .unwrap_or_default()
}

fn belongings() -> Belongings {
    let me = std::process::id();
    let mut children = BTreeSet::new();
    for task in names("/proc/self/task", "") {
        let text = std::fs::read_to_string(format!("/proc/{me}/task/{task}/children")).unwrap_or_default();
        children.extend(text.split_ascii_whitespace().map(str::to_owned));
    }
    let temp = std::env::temp_dir();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let is_shared =
        |line: &&str| line.split_ascii_whitespace().nth(1).is_some_and(|mode| mode.ends_with('s'));
    Belongings {
        children,
        descriptors: names("/proc/self/fd", "").len(),
        shared_memory: maps.lines().filter(is_shared).count(),
        scratch: names(&temp.to_string_lossy(), &format!("selvedge-{me}-")),
    }
}

/// Runs `body` while threads take, again and again, every lock that a fork can catch.
fn in_a_crowd(body: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    let rounds = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let crowd: [fn(); 4] = [
            || {
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(b"").and_then(|()| out.flush());
            },
            || {
                let mut err = std::io::stderr().lock();
                let _ = err.write_all(b"");
            },
            || drop(std::hint::black_box((0..64).map(|n| vec![n; 100]).collect::<Vec<_>>())),
            || {
                let hook = std::panic::take_hook();
                std::panic::set_hook(hook);
            },
        ];
        for work in crowd {
            let (stop, rounds) = (&stop, &rounds);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    work();
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        body();
        stop.store(true, Ordering::Relaxed);
    });
    assert!(rounds.into_inner() > 0);
}

#[test]
#[serial]
fn forks_in_a_crowd_and_leaves_nothing() {
    // Warm up: what the first exploration opens once and for all may stay.
    racy().check(&real()).unwrap();
    let before = belongings();
    in_a_crowd(|| {
        for seed in 0..25 {
            let report = racy().check(&real().seed(seed)).unwrap();
            assert!(matches!(report.tally.first.unwrap().verdict, Verdict::Law { .. }), "seed {seed}");
        }
        for seed in 0..20 {
            let report = check(&real().seed(seed).executions(20), || {
                let count = Shared::new(Value::<u32>::new(0));
                let child = Process::spawn({
                    let count = count.clone();
                    move || {
                        println!("a child prints");
                        count.fetch_add(1)
                    }
                });
                let orphan = Process::spawn(|| thread::sleep(std::time::Duration::from_secs(3600)));
                child.join().unwrap();
                orphan.kill().unwrap();
                assert_eq!(count.get(), 1);
            })
            .unwrap();
            assert_eq!(report.tally.first, None, "seed {seed}");
        }
    });
    assert_eq!(belongings(), before);
}

/// Programs that die in every way, that deadlock, and that leave children behind.
#[test]
#[serial]
fn nothing_is_left_by_programs_that_go_wrong() {
    let config = || Config { keep_going: true, shrink: false, ..real().executions(30) };
    let bad: [fn(); 5] = [
        || panic!("a panic"),
        || std::process::abort(),
        || {
            let never = Shared::new(Event::new());
            let _waiting = Process::spawn({
                let never = never.clone();
                move || never.wait()
            });
            never.wait();
        },
        || {
            let _forgotten = Process::spawn(|| thread::sleep(std::time::Duration::from_secs(3600)));
        },
        || {
            let middle = Process::spawn(|| {
                let _orphan = Process::spawn(|| thread::sleep(std::time::Duration::from_secs(3600)));
            });
            middle.join().unwrap();
        },
    ];
    check(&config(), || ()).unwrap();
    let before = belongings();
    for (number, body) in bad.into_iter().enumerate() {
        let report = check(&config(), body).unwrap();
        let expected = if number < 3 { 30 } else { 0 };
        assert_eq!((report.tally.executions, report.tally.violations), (30, expected), "program {number}");
        assert_eq!(belongings(), before, "program {number}");
    }
}
