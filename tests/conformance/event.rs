//! Events: what `threading.Event` and `multiprocessing.Event` are relied on for.
//!
//! When a process dies here, no test asked for it.

use super::under_the_scheduler;
use rusty_fork::rusty_fork_test;
use selvedge::{Process, Shared, shareable};
use selvedge_harness::prelude::{self as checked, Program};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn c_event_01_set_and_clear_can_be_repeated() {
    let event = selvedge::Event::new();
    assert!(!event.is_set());
    for _ in 0..2 {
        event.set();
        assert!(event.is_set());
    }
    for _ in 0..2 {
        event.clear();
        assert!(!event.is_set());
    }
}

#[test]
fn c_event_03_a_wait_ends_when_its_time_is_up() {
    let event = selvedge::Event::new();
    let waited = |timeout| {
        let start = Instant::now();
        (event.wait_timeout(timeout), start.elapsed())
    };
    assert!(!waited(Duration::ZERO).0);
    let (set, took) = waited(SHORT);
    assert!(!set && took >= SHORT, "{took:?}");
    event.set();
    assert!(waited(Duration::ZERO).0 && waited(SHORT).0);
}

shareable! { struct Crossing { light: checked::Event, gone: checked::Value<u32> } }

#[test]
fn c_event_04_a_pulse_releases_all_who_wait() {
    let init = || Crossing { light: checked::Event::new(), gone: checked::Value::new(0) };
    under_the_scheduler(|| {
        Program::new("pulse", init)
            .tasks("car", 5, |crossing, _| {
                crossing.light.wait();
                crossing.gone.fetch_add(1);
            })
            .task("light", |crossing| {
                // Time passes when nobody can go on any more: then all wait.
                checked::thread::sleep(SHORT);
                crossing.light.set();
                crossing.light.clear();
            })
            .finally(|crossing| assert_eq!((crossing.gone.get(), crossing.light.is_set()), (5, false)))
            .into()
    });
}

#[test]
fn c_event_06_what_is_printed_tells_the_state() {
    let event = selvedge::Event::new();
    assert_eq!(format!("{event:?}"), "Event(unset)");
    event.set();
    assert_eq!(format!("{event:?}"), "Event(set)");
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_event_07_a_child_releases_its_parent() {
        let event = Shared::new(selvedge::Event::new());
        let start = Instant::now();
        assert!(!event.wait_timeout(Duration::ZERO) && !event.wait_timeout(SHORT));
        assert!(start.elapsed() >= SHORT);
        let child = Process::spawn({
            let event = event.clone();
            move || {
                // Nobody sets this one: it only lets time pass.
                selvedge::Event::new().wait_timeout(SHORT);
                event.set();
            }
        });
        event.wait();
        assert!(start.elapsed() >= 2 * SHORT);
        assert!(event.wait_timeout(Duration::ZERO) && event.wait_timeout(SHORT));
        assert!(child.join().unwrap().success());
    }
}
