//! Is a panic that the program catches no finding, whatever its unwinding meets? And is
//! one that nobody catches still the finding, with its own words?
//!
//! Destructors here wait while they unwind: for a lock that another task holds, for a
//! condition, for something that never comes.

use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Report, Verdict, check};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

shareable! {
    struct Desk {
        own: Mutex<u32>,
        papers: Mutex<u32>,
        tidied: Condvar,
        bell: Event,
        done: Value<u32>,
    }
}

fn desk() -> Desk {
    Desk {
        own: Mutex::new(0),
        papers: Mutex::new(0),
        tidied: Condvar::new(),
        bell: Event::new(),
        done: Value::new(0),
    }
}

/// Runs its closure when it is dropped.
struct Defer<F: FnMut()>(F);

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Panics with a guard in hand and a destructor in between, and may catch it.
fn stumble(desk: &Desk, catches: bool, destructor: impl Fn(&Desk)) {
    let fall = || {
        let _own = desk.own.lock().unwrap();
        let _defer = Defer(|| destructor(desk));
        panic!("stumbled");
    };
    if catches {
        assert!(catch_unwind(AssertUnwindSafe(fall)).is_err());
        desk.done.fetch_add(1);
    } else {
        fall();
    }
}

/// Holds the lock over a step of its own.
fn work(desk: &Desk) {
    let mut papers = desk.papers.lock().unwrap();
    desk.done.fetch_add(1);
    *papers += 1;
}

fn add_papers(desk: &Desk) {
    *desk.papers.lock().unwrap() += 1;
}

fn contended(catches: bool) -> Program<Desk> {
    Program::new("desk", desk)
        .task("clumsy", move |desk| stumble(desk, catches, add_papers))
        .task("busy", work)
        .finally(|desk| {
            assert_eq!((*desk.papers.lock().unwrap(), desk.done.get()), (2, 2));
            assert!(desk.own.is_poisoned(), "its holder panicked");
            assert!(!desk.papers.is_poisoned(), "no holder of this one did");
        })
}

fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).ignore_environment()
}

fn verdict(report: &Report) -> Option<Verdict> {
    assert_eq!(report.tally.inconclusive, None);
    report.tally.first.as_ref().map(|found| found.verdict.clone())
}

#[test]
fn a_caught_panic_that_meets_a_lock_is_no_finding() {
    let counts = BOTH.map(|engine| {
        let report = contended(true).check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(verdict(&report), None, "{engine:?}");
        assert!(report.tally.complete);
        report.tally.executions
    });
    assert_eq!(counts[0], counts[1]);
    for engine in BOTH {
        let executions = if engine == Engine::Sim { 2_000 } else { 200 };
        let config = quiet(engine).granularity(Granularity::Word).executions(executions);
        assert_eq!(verdict(&contended(true).check(&config).unwrap()), None, "{engine:?}, words");
    }
}

#[test]
fn so_it_is_among_tasks_that_a_program_starts() {
    for engine in BOTH {
        let executions = if engine == Engine::Sim { 1_000 } else { 100 };
        let report = check(&quiet(engine).executions(executions), || {
            let shared = Shared::new(desk());
            let busy = Process::spawn({
                let desk = shared.clone();
                move || work(&desk)
            });
            let clumsy = thread::spawn({
                let desk = shared.clone();
                move || stumble(&desk, true, add_papers)
            });
            clumsy.join().unwrap();
            assert!(busy.join().unwrap().success());
            assert_eq!((*shared.papers.lock().unwrap(), shared.done.get()), (2, 2));
            assert!(!shared.papers.is_poisoned());
        });
        assert_eq!(verdict(&report.unwrap()), None, "{engine:?}");
    }
}

#[test]
fn a_destructor_may_wait_for_a_condition() {
    let wait = |desk: &Desk| {
        let papers = desk.papers.lock().unwrap();
        drop(desk.tidied.wait_while(papers, |papers| *papers == 0).unwrap());
    };
    let program = || {
        Program::new("condition", desk).task("clumsy", move |desk| stumble(desk, true, wait)).task(
            "tidy",
            |desk| {
                add_papers(desk);
                desk.tidied.notify_one();
            },
        )
    };
    let counts = BOTH.map(|engine| {
        let report = program().check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(verdict(&report), None, "{engine:?}");
        report.tally.executions
    });
    assert_eq!(counts[0], counts[1]);
}

/// `resume_unwind` runs no panic hook: nobody is told, and the schedules are the same.
#[test]
fn a_resumed_panic_unwinds_like_any_other() {
    let program = |resumes: bool| {
        Program::new("resumed", desk)
            .task("clumsy", move |desk| {
                let fall = || {
                    let _own = desk.own.lock().unwrap();
                    let _defer = Defer(|| _ = desk.done.fetch_add(1));
                    let _last = Defer(|| add_papers(desk));
                    if resumes {
                        resume_unwind(Box::new("stumbled"));
                    }
                    panic!("stumbled");
                };
                assert!(catch_unwind(AssertUnwindSafe(fall)).is_err());
                desk.done.fetch_add(1);
            })
            .task("busy", work)
            .finally(|desk| {
                assert!(desk.own.is_poisoned(), "its holder panicked");
                assert_eq!((*desk.papers.lock().unwrap(), desk.done.get()), (2, 3));
            })
    };
    for engine in BOTH {
        let schedules = [false, true].map(|resumes| {
            let program = program(resumes);
            let report = program.check(&quiet(engine).exhaust()).unwrap();
            assert_eq!(verdict(&report), None, "{engine:?}");
            let all = program.record(&quiet(engine).exhaust(), 0..report.tally.executions).unwrap();
            all.into_iter().map(|recording| recording.schedule).collect::<Vec<_>>()
        });
        assert_eq!(schedules[0], schedules[1], "{engine:?}");
    }
}

/// The words of a panic that was caught are not those of one that no hook was told of.
#[test]
fn a_resumed_panic_keeps_its_own_words() {
    let program = Program::new("words", desk).task("clumsy", |desk| {
        assert!(catch_unwind(|| panic!("of no interest")).is_err());
        desk.done.get();
        resume_unwind(Box::new("stumbled"));
    });
    for engine in BOTH {
        let report = program.check(&quiet(engine).exhaust()).unwrap();
        let Some(Verdict::Panic { message, .. }) = verdict(&report) else { panic!("{report:?}") };
        assert_eq!(message, "stumbled", "{engine:?}");
    }
}

/// Another panic comes and is caught while the first waits; each keeps its words.
#[test]
fn an_uncaught_panic_that_waits_is_the_finding() {
    let program = || {
        Program::new("uncaught", desk).task("clumsy", |desk| stumble(desk, false, add_papers)).task(
            "busy",
            |desk| {
                let papers = desk.papers.lock().unwrap();
                desk.done.fetch_add(1);
                assert!(catch_unwind(|| panic!("of no interest")).is_err());
                drop(papers);
            },
        )
    };
    for engine in BOTH {
        let report = program().check(&Config { keep_going: true, ..quiet(engine).exhaust() }).unwrap();
        assert_eq!(report.tally.executions, report.tally.violations);
        // Each of them, not only the first: in some the other panic comes in between.
        let all = program().record(&quiet(engine).exhaust(), 0..report.tally.executions).unwrap();
        assert_eq!(all.len() as u64, report.tally.executions);
        for recording in all {
            let Verdict::Panic { task: 0, message, .. } = &recording.verdict else {
                panic!("{engine:?}: {recording:?}");
            };
            assert_eq!(message, "stumbled");
        }
    }
    let findings = BOTH.map(|engine| {
        let config = Config { shrink: true, ..quiet(engine).exhaust() };
        program().check(&config).unwrap().finding.unwrap().recording
    });
    assert_eq!(findings[0], findings[1]);
}

#[test]
fn a_destructor_that_waits_for_ever_is_a_deadlock() {
    let program = || {
        Program::new("for ever", desk)
            .task("clumsy", |desk| stumble(desk, true, |desk| desk.bell.wait()))
            .task("busy", work)
    };
    for engine in BOTH {
        let report = program().check(&Config { keep_going: true, ..quiet(engine).exhaust() }).unwrap();
        assert_eq!(verdict(&report), Some(Verdict::Deadlock), "{engine:?}");
        assert_eq!(report.tally.executions, report.tally.violations);
        // No execution is another one because of those before it.
        let twice = [0; 2].map(|_| program().record(&quiet(engine).exhaust(), 0..6).unwrap());
        assert_eq!(twice[0], twice[1]);
    }
}

/// An execution that ends while a task waits in the middle of its unwinding: the task
/// goes on once the others have left what it waits for.
#[test]
fn an_abandoned_execution_lets_who_unwinds_finish() {
    let program = || {
        let begin = || {
            assert!(!std::thread::panicking(), "the last execution's unwinding came to its end");
            desk()
        };
        Program::new("abandoned", begin)
            .task("clumsy", |desk| stumble(desk, true, add_papers))
            .task("holder", |desk| {
                let _papers = desk.papers.lock().unwrap();
                desk.done.get();
                desk.done.get();
            })
            .task("breaker", |desk| {
                desk.done.get();
                panic!("broken");
            })
    };
    for engine in BOTH {
        let executions = if engine == Engine::Sim { 2_000 } else { 200 };
        let config = Config { keep_going: true, ..quiet(engine).executions(executions) };
        let report = program().check(&config).unwrap();
        assert_eq!(report.tally.violations, executions);
        let Some(Verdict::Panic { task: 2, message, .. }) = verdict(&report) else {
            panic!("{engine:?}: {report:?}");
        };
        assert_eq!(message, "broken");
    }
}

/// What a panic carries may have a destructor of its own.
struct Burden<F: FnMut() + Send>(F);

impl<F: FnMut() + Send> Drop for Burden<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Nobody is left who could drop it: whatever that would do, the panic is the finding.
#[test]
fn what_a_panic_carries_changes_nothing() {
    for engine in BOTH {
        for what in ["acts", "waits", "panics"] {
            let program = AnyProgram::dynamic(move || {
                let shared = Shared::new(desk());
                let throw = move |desk: Shared<Desk>| {
                    desk.done.fetch_add(1);
                    panic_any(Burden(move || match what {
                        "acts" => _ = desk.done.fetch_add(1),
                        "waits" => desk.bell.wait(),
                        _ => panic!("again"),
                    }));
                };
                let [thrower, other] = [shared.clone(), shared.clone()];
                let process = Process::spawn(move || throw(other));
                let thread = thread::spawn(move || throw(thrower));
                _ = thread.join();
                _ = process.join();
            });
            let config = Config { keep_going: true, ..quiet(engine).executions(50) };
            let report = program.check("burden", &config).unwrap();
            assert_eq!(report.tally.violations, 50, "{engine:?}, {what}");
            let Some(Verdict::Panic { message, .. }) = verdict(&report) else { panic!("{report:?}") };
            assert_eq!(message, "a panic whose payload is not text", "{engine:?}, {what}");
        }
        let judged = Program::new("judged", desk)
            .task("busy", work)
            .finally(|_| panic_any(Burden(|| panic!("again"))));
        let Some(Verdict::Law { message, .. }) = verdict(&judged.check(&quiet(engine)).unwrap()) else {
            panic!("{engine:?}")
        };
        assert_eq!(message, "a panic whose payload is not text", "{engine:?}");
    }
}

/// While one task waits in the middle of its unwinding, another begins to unwind without
/// anybody being told. That neither can leave when the execution is given up is no finding,
/// neither in this execution nor in the next, which meets the same processes.
#[test]
fn two_tasks_that_unwind_are_not_made_to_leave() {
    let fall = |desk: &Desk| {
        let _defer = Defer(|| desk.bell.wait());
        desk.done.fetch_add(1);
        resume_unwind(Box::new("stumbled"));
    };
    let program = || {
        Program::new("both", desk)
            .task("clumsy", move |desk| assert!(catch_unwind(AssertUnwindSafe(|| fall(desk))).is_err()))
            .task("clumsy too", move |desk| assert!(catch_unwind(AssertUnwindSafe(|| fall(desk))).is_err()))
            .task("busy", work)
    };
    let recordings = BOTH.map(|engine| {
        let report = program().check(&Config { keep_going: true, ..quiet(engine).exhaust() }).unwrap();
        assert_eq!(verdict(&report), Some(Verdict::Deadlock), "{engine:?}");
        assert_eq!(report.tally.executions, report.tally.violations);
        program().record(&quiet(engine).exhaust(), 0..report.tally.executions).unwrap()
    });
    assert_eq!(recordings[0], recordings[1]);
}

/// Two tasks panic and wait in their destructors at the same time, and both catch it. Who is
/// first to go on has come to the end of its unwinding when the other still waits: what it
/// does then is scheduled, in fibers as in processes.
#[test]
fn two_tasks_that_unwind_and_go_on_are_the_same_in_both_engines() {
    let stumble = |desk: &Desk, _| {
        stumble_without_lock(desk);
        desk.done.fetch_add(1);
    };
    let program = || {
        Program::new("both go on", desk).tasks("clumsy", 2, stumble).task("busy", |desk| {
            let _papers = desk.papers.lock().unwrap();
            desk.done.get();
        })
    };
    let recordings = BOTH.map(|engine| {
        let report = program().check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(verdict(&report), None, "{engine:?}");
        program().record(&quiet(engine).exhaust(), 0..report.tally.executions).unwrap()
    });
    assert!(recordings[0].iter().all(|recording| {
        let adds = |step: &&selvedge_harness::judge::Step| step.name == "fetch_add";
        recording.steps.iter().filter(adds).count() == 2
    }));
    assert!(recordings[0] == recordings[1], "{} and {}", recordings[0].len(), recordings[1].len());
}

/// Panics and catches it; a destructor takes a lock in between.
fn stumble_without_lock(desk: &Desk) {
    let fall = || {
        let _defer = Defer(|| add_papers(desk));
        panic!("stumbled");
    };
    assert!(catch_unwind(AssertUnwindSafe(fall)).is_err());
}

/// A process that ends in a destructor, as it unwinds, is gone; what the others do is
/// scheduled as before.
#[test]
fn who_exits_as_it_unwinds_leaves_the_others_their_steps() {
    let exit = |desk: &Desk| {
        let _defer = Defer(|| selvedge::process::exit::<selvedge_harness::Checked>(0));
        desk.done.get();
        panic!("stumbled");
    };
    let program = || Program::new("exits", desk).task("exits", exit).tasks("busy", 2, |desk, _| work(desk));
    let recordings = BOTH.map(|engine| {
        let report = program().check(&quiet(engine).exhaust()).unwrap();
        assert_eq!(verdict(&report), None, "{engine:?}");
        program().record(&quiet(engine).exhaust(), 0..report.tally.executions).unwrap()
    });
    // One step among the two times three of those who take turns with the lock.
    assert_eq!(recordings.each_ref().map(Vec::len), [14, 14]);
    assert!(recordings[0] == recordings[1]);
}

/// A task whose execution is over before it ends is told before what it stood, not what it came
/// to as it was made to leave: catching that, it goes on.
#[test]
fn what_an_abandoned_task_does_is_not_told() {
    let program = || {
        AnyProgram::dynamic(|| {
            let desk = Shared::new(desk());
            let shared = desk.clone();
            let _child = Process::spawn(move || {
                _ = catch_unwind(AssertUnwindSafe(|| drop(shared.own.lock().unwrap())));
                shared.done.set(1);
            });
            stumble(&desk, false, |_| ());
        })
    };
    for granularity in [Granularity::Operation, Granularity::Word] {
        let [sim, real] = BOTH.map(|engine| {
            let config = Config::default().engine(engine).granularity(granularity).ignore_environment();
            program().record(&config, 0..50).unwrap()
        });
        assert_eq!(sim, real, "{granularity:?}");
    }
}
