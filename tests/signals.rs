//! Do signals come where the schedule says, run their handlers there, and end whoever does
//! not handle them, in both engines alike?

use selvedge::signal::Signal::{SIGALRM, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use selvedge_harness::fault::Faults;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Outcome, Recording, Report, Verdict, prelude::*};
use serial_test::serial;
use std::time::Duration;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

fn quiet(engine: Engine) -> Config {
    Config::default().engine(engine).ignore_environment()
}

fn signals(most: u8) -> Faults {
    Faults { signals: most, ..Faults::none() }
}

shareable! {
    struct Desk { lock: Mutex<u32>, ready: Event, changed: Condvar, seen: Value<u32>, done: Value<u32> }
}

fn desk() -> Desk {
    Desk {
        lock: Mutex::new(0),
        ready: Event::new(),
        changed: Condvar::new(),
        seen: Value::new(0),
        done: Value::new(0),
    }
}

/// The same in both engines: the tally and the finding, step by step.
fn in_both(program: impl Fn() -> AnyProgram, config: impl Fn(Config) -> Config) -> Report {
    let [sim, real] = BOTH.map(|engine| program().check("signals", &config(quiet(engine))).unwrap());
    assert_eq!(sim.tally.executions, real.tally.executions);
    assert_eq!(sim.tally.violations, real.tally.violations);
    assert_eq!(sim.tally.outcomes, real.tally.outcomes);
    let trace = |report: &Report| report.finding.as_ref().map(|found| found.recording.clone());
    assert_eq!(trace(&sim), trace(&real));
    sim
}

fn received(recording: &Recording) -> usize {
    recording.steps.iter().filter(|step| matches!(step.outcome, Outcome::Signal(_))).count()
}

/// A handler that runs between two operations of a sum that is not indivisible.
fn sums() -> AnyProgram {
    Program::new("sums", desk)
        .task("adder", |desk| {
            Signals::handling(
                SIGUSR1,
                |_| _ = desk.done.fetch_add(1),
                || {
                    let sum = desk.seen.get();
                    desk.seen.set(sum + 1);
                },
            )
            .unwrap();
        })
        .label(|desk, label| label.push_str(&format!("{} {}", desk.seen.get(), desk.done.get())))
        .into()
}

/// Before each operation but the first (which sets the handler) the signal may come.
#[test]
#[serial]
fn a_signal_comes_before_any_operation_while_it_is_handled() {
    let report = in_both(sums, |config| config.exhaust().faults(signals(1)));
    assert!(report.tally.complete);
    // Without a signal; before get, before set, before the handler is taken back.
    assert_eq!(report.tally.executions, 4);
    let outcomes: Vec<_> =
        report.tally.outcomes.iter().map(|(label, count)| (label.as_str(), *count)).collect();
    assert_eq!(outcomes, [("1 0", 1), ("1 1", 3)]);
    let without = in_both(sums, |config| config.exhaust().faults(Faults::none()));
    assert_eq!(without.tally.executions, 1);
}

/// The classic: a handler takes the lock that its own task holds.
fn locks(blocks: bool) -> AnyProgram {
    Program::new("locks", desk)
        .task("clerk", move |desk| {
            let count = |_| *desk.lock.lock().unwrap() += 1;
            Signals::handling(SIGTERM, count, || {
                if blocks {
                    Signals::block([SIGTERM]).unwrap();
                }
                *desk.lock.lock().unwrap() += 1;
                if blocks {
                    Signals::unblock([SIGTERM]).unwrap();
                }
            })
            .unwrap();
        })
        .task("other", |desk| *desk.lock.lock().unwrap() += 1)
        .into()
}

#[test]
#[serial]
fn a_handler_that_takes_its_own_tasks_lock_waits_for_ever() {
    let report = in_both(|| locks(false), |config| config.exhaust().faults(signals(1)));
    let finding = report.finding.expect("a handler in the middle of the critical section");
    assert_eq!(finding.recording.verdict, Verdict::Deadlock);
    assert_eq!(received(&finding.recording), 1);
    assert!(finding.control.is_some_and(|control| control.verdict == Verdict::Pass), "without the signal");
    assert_eq!(in_both(|| locks(true), |config| config.exhaust().faults(signals(1))).finding, None);
    assert_eq!(in_both(|| locks(false), |config| config.exhaust()).finding, None);
}

/// A sleeper takes a signal and sleeps on; an event is still waited for, a deadline still
/// passes.
#[test]
#[serial]
fn whoever_waits_takes_a_signal_and_waits_on() {
    let program = || {
        Program::new("sleepers", desk)
            .task("waiter", |desk| {
                Signals::handling(
                    SIGHUP,
                    |_| _ = desk.seen.fetch_add(1),
                    || {
                        desk.ready.wait();
                        assert!(desk.ready.is_set());
                        let mut count = desk.lock.lock().unwrap();
                        while *count == 0 {
                            count = desk.changed.wait(count).unwrap();
                        }
                        drop(count);
                        thread::sleep(Duration::from_secs(5));
                    },
                )
                .unwrap();
            })
            .task("setter", |desk| {
                desk.ready.set();
                *desk.lock.lock().unwrap() = 1;
                desk.changed.notify_one();
            })
            .label(|desk, label| label.push_str(&desk.seen.get().to_string()))
            .into()
    };
    let report = in_both(program, |config| config.exhaust().faults(signals(1)));
    assert_eq!(report.finding, None);
    assert_eq!(report.tally.outcomes.keys().collect::<Vec<_>>(), ["0", "1"]);
}

/// One process signals another, which is in the middle of something, waits, or is not yet
/// ready for it.
fn sent(ready: bool) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let desk = Shared::new(desk());
        let child = Process::spawn({
            let desk = desk.clone();
            move || {
                let seen = desk.clone();
                let _handler = Signals::handle(SIGUSR1, move |_| _ = seen.seen.fetch_add(1)).unwrap();
                desk.ready.set();
                desk.changed.notify_all();
                while desk.seen.get() == 0 {
                    Signals::pause().unwrap();
                }
            }
        });
        if ready {
            desk.ready.wait();
        }
        Signals::send(child.pid().unwrap(), SIGUSR1).unwrap();
        let status = child.join().unwrap();
        selvedge_harness::prelude::outcome(format!("{status:?}"));
    })
}

#[test]
#[serial]
fn a_signal_is_handled_by_who_is_ready_for_it_and_ends_who_is_not() {
    let early = in_both(|| sent(false), |config| Config { shrink: false, ..config.exhaust() });
    let outcomes: Vec<_> = early.tally.outcomes.keys().map(String::as_str).collect();
    assert_eq!(outcomes, ["Code(0)", "Signal(10)"]);
    // The signal comes between the look at the count and the pause: it is slept through.
    let late = in_both(|| sent(true), |config| config.exhaust());
    let finding = late.finding.expect("a signal before the pause");
    assert_eq!(finding.recording.verdict, Verdict::Deadlock);
    let pending = finding.recording.tasks[1].pending.as_ref().unwrap();
    assert_eq!(pending.name, "pause");
}

/// Blocked before anything could be missed, and waited for: nothing is.
#[test]
#[serial]
fn a_blocked_signal_waits_for_its_taker() {
    let program = || {
        AnyProgram::dynamic(|| {
            Signals::block([SIGUSR2]).unwrap();
            let child = Process::spawn(|| {
                assert_eq!(Signals::wait([SIGUSR2]).unwrap(), SIGUSR2);
                assert_eq!(Signals::wait_timeout([SIGUSR2], Duration::ZERO).unwrap(), None);
                assert_eq!(Signals::wait_timeout([SIGUSR2], Duration::from_secs(9)).unwrap(), None);
            });
            Signals::send(child.pid().unwrap(), SIGUSR2).unwrap();
            assert!(child.join().unwrap().success());
        })
    };
    let report = in_both(program, |config| config.exhaust());
    assert_eq!(report.finding, None);
    assert!(report.tally.complete);
}

/// Pending signals, masks and `raise` of one task.
#[test]
#[serial]
fn a_task_signals_itself() {
    let program = || {
        Program::new("itself", desk)
            .task("itself", |desk| {
                let handler = |_| _ = desk.seen.fetch_add(1);
                Signals::handling(SIGINT, handler, || {
                    Signals::raise(SIGINT).unwrap();
                    assert_eq!(desk.seen.get(), 1);
                    assert!(!Signals::block([SIGINT]).unwrap().contains(SIGINT));
                    Signals::raise(SIGINT).unwrap();
                    Signals::raise(SIGINT).unwrap();
                    assert_eq!(desk.seen.get(), 1);
                    assert!(Signals::pending().unwrap().contains(SIGINT));
                    assert!(Signals::unblock([SIGINT]).unwrap().contains(SIGINT));
                    assert_eq!(desk.seen.get(), 2, "signals do not count");
                    assert!(!Signals::pending().unwrap().contains(SIGINT));
                })
                .unwrap();
                let _ignored = Signals::ignore(SIGINT).unwrap();
                Signals::raise(SIGINT).unwrap();
            })
            .into()
    };
    assert_eq!(in_both(program, |config| config.exhaust()).finding, None);
}

/// Alarms ring on the virtual clock, again and again if asked to.
#[test]
#[serial]
fn alarms_ring_on_the_virtual_clock() {
    use selvedge::signal::{Clock, Setting};
    let program = || {
        Program::new("alarm", desk)
            .task("sleeper", |desk| {
                let handler = |_| _ = desk.seen.fetch_add(1);
                Signals::handling(SIGALRM, handler, || {
                    assert_eq!(Signals::alarm(3600).unwrap(), 0);
                    assert_eq!(Signals::alarm(1800).unwrap(), 3600);
                    Signals::pause().unwrap();
                    assert_eq!(desk.seen.get(), 1);
                    let second = Duration::from_secs(1);
                    Signals::set_timer(Clock::Real, Setting { next: second, interval: second }).unwrap();
                    while desk.seen.get() < 4 {
                        Signals::pause().unwrap();
                    }
                    let left = Signals::set_timer(Clock::Real, Setting::default()).unwrap();
                    assert_eq!(left.interval, second);
                    assert!(Signals::set_timer(Clock::Prof, Setting::default()).is_err());
                })
                .unwrap();
                assert_eq!(Signals::timer(Clock::Real).unwrap(), Setting::default());
            })
            .into()
    };
    assert_eq!(in_both(program, |config| config.exhaust()).finding, None);
    // Nobody handles it: the sleeper dies, and whoever waits for it learns of that.
    let dies = || {
        AnyProgram::dynamic(|| {
            let child = Process::spawn(|| {
                Signals::alarm(1).unwrap();
                thread::sleep(Duration::from_secs(3600));
            });
            assert_eq!(child.join().unwrap(), selvedge::ExitStatus::Signal(SIGALRM as i32));
        })
    };
    assert_eq!(in_both(dies, |config| config.exhaust()).finding, None);
}

/// A task that sends itself what nobody handles is gone, and so is nothing else.
#[test]
#[serial]
fn a_task_ends_itself_by_a_signal() {
    let program = || {
        AnyProgram::dynamic(|| {
            let child = Process::spawn(|| {
                Signals::raise(SIGTERM).unwrap();
                unreachable!("it was ended");
            });
            assert_eq!(child.join().unwrap(), selvedge::ExitStatus::Signal(SIGTERM as i32));
        })
    };
    assert_eq!(in_both(program, |config| config.exhaust()).finding, None);
}

/// Random places, both engines, one trace.
#[test]
#[serial]
fn random_signals_replay_in_the_other_engine() {
    for program in [sums, || locks(false), || sent(true), with_threads] {
        for granularity in [Granularity::Operation, Granularity::Word] {
            let [sim, real] = BOTH.map(|engine| {
                let config = quiet(engine).seed(3).faults(signals(2)).granularity(granularity);
                program().record(&config, 0..40).unwrap()
            });
            assert_eq!(sim, real);
            assert!(sim.iter().map(received).sum::<usize>() > 10);
        }
    }
}

/// A process of two threads of which one handles the signal that another process sends.
fn with_threads() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let desk = Shared::new(desk());
        let seen = desk.clone();
        let me = selvedge::process::id::<selvedge_harness::Checked>();
        let handler = Signals::handle(SIGUSR1, move |_| _ = seen.seen.fetch_add(1)).unwrap();
        let sender = Process::spawn(move || Signals::send(me, SIGUSR1).unwrap());
        let other = desk.clone();
        let worker = thread::spawn(move || {
            *other.lock.lock().unwrap() += 1;
            other.done.fetch_add(1)
        });
        *desk.lock.lock().unwrap() += 1;
        worker.join().unwrap();
        assert!(sender.join().unwrap().success());
        drop(handler);
        assert!(desk.seen.get() >= 1, "the sender had ended, so its signal was handled");
    })
}

#[test]
#[serial]
fn a_processs_signal_is_handled_by_the_thread_that_said_so() {
    let report =
        in_both(with_threads, |config| Config { keep_going: true, ..config.executions(150).seed(1) });
    assert_eq!(report.finding, None);
}

/// A panic of a handler is a panic of its task.
#[test]
#[serial]
fn a_handler_that_panics_ends_its_task() {
    let program = || {
        Program::new("panics", desk)
            .task("clerk", |desk| {
                Signals::handling(
                    SIGINT,
                    |_| panic!("enough"),
                    || {
                        *desk.lock.lock().unwrap() += 1;
                    },
                )
                .unwrap();
            })
            .into()
    };
    let report = in_both(program, |config| config.exhaust().faults(signals(1)));
    let verdict = report.finding.expect("a panic").recording.verdict;
    assert!(matches!(&verdict, Verdict::Panic { message, .. } if message == "enough"), "{verdict:?}");
}

/// Two signals that come before their receiver goes on are both handled, the lower number
/// first, and what it waited for is still waited for.
#[test]
#[serial]
fn two_signals_at_once_are_both_handled() {
    let program = || {
        AnyProgram::dynamic(|| {
            let desk = Shared::new(desk());
            let child = Process::spawn({
                let desk = desk.clone();
                move || {
                    let (one, two) = (desk.clone(), desk.clone());
                    let first = Signals::handle(SIGUSR1, move |_| _ = one.seen.fetch_add(1)).unwrap();
                    let second = Signals::handle(SIGUSR2, move |_| _ = two.done.fetch_add(1)).unwrap();
                    desk.ready.wait();
                    drop((first, second));
                }
            });
            let pid = child.pid().unwrap();
            // Whoever is not ready yet dies of the first; then there is nobody left.
            let _ = Signals::send(pid, SIGUSR2).and_then(|()| Signals::send(pid, SIGUSR1));
            desk.ready.set();
            let status = child.join().unwrap();
            let counts = (desk.seen.get(), desk.done.get());
            outcome(format!("{status:?} {counts:?}"));
        })
    };
    let report = in_both(program, |config| config.exhaust());
    assert_eq!(report.finding, None);
    let outcomes: Vec<_> = report.tally.outcomes.keys().map(String::as_str).collect();
    assert!(outcomes.contains(&"Code(0) (1, 1)"), "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| outcome.starts_with("Signal(") || *outcome == "Code(0) (1, 1)"));
}

/// A child has the handlers of its parent that last. One that borrows is not its own: it does what
/// was done before that was set, whether its parent is still in that call or not.
#[test]
#[serial]
fn a_child_has_the_handlers_that_last() {
    let program = |lasts: bool| {
        AnyProgram::dynamic(move || {
            let desk = Shared::new(desk());
            let own = desk.clone();
            let lasting =
                lasts.then(|| Signals::handle(SIGTERM, move |_| _ = own.done.fetch_add(1)).unwrap());
            let there = desk.clone();
            let start = || {
                Process::spawn(move || {
                    step();
                    there.ready.wait();
                })
            };
            let child = Signals::handling(SIGTERM, |_| desk.seen.set(9), start).unwrap();
            child.terminate().unwrap();
            desk.ready.set();
            let code = child.join().unwrap().code();
            outcome(format!("{code:?}, {} and {}", desk.seen.get(), desk.done.get()));
            drop(lasting);
        })
    };
    for (lasts, end) in [(true, "Some(0), 0 and 1"), (false, "None, 0 and 0")] {
        let report = in_both(|| program(lasts), |config| config.executions(50));
        assert_eq!(report.tally.outcomes.keys().collect::<Vec<_>>(), [end]);
    }
}
