//! What an entry is given, under a scheduler: there every process is forked, and what it was
//! given is the same memory all the same.

use selvedge::process::StartMethod;
use selvedge_harness::prelude::*;
use selvedge_harness::{Config, Engine};

/// Numbers to add to a sum, and perhaps a lock to do so.
type Given = (Queue<u32>, Shared<Value<u32>>, Option<Shared<RobustMutex<()>>>);

selvedge::entry! {
    /// Adds what comes to the sum, with the lock or without it.
    static ADD((numbers, sum, lock): Given) {
        while let Ok(number) = numbers.get() {
            let _guard = lock.as_ref().map(|lock| lock.lock().unwrap());
            sum.set(sum.get() + number);
        }
    }
}

/// Two processes that add two numbers; panics if the sum was ever another.
fn add_up(engine: Engine, locked: bool) {
    let executions = if engine == Engine::Real && locked { 20 } else { 300 };
    let config = Config::default().ignore_environment().engine(engine).executions(executions);
    let report = selvedge_harness::explore_with(&config, || {
        let (numbers, sum) = (Queue::bounded(2), Shared::new(Value::new(0)));
        let lock = locked.then(|| Shared::new(RobustMutex::new(())));
        let workers = [StartMethod::Spawn, StartMethod::ForkServer].map(|method| {
            let given = (numbers.clone(), sum.clone(), lock.clone());
            let mut worker = Process::entry(&ADD, given).method(method);
            worker.start().unwrap();
            worker
        });
        numbers.put(1).unwrap();
        numbers.put(2).unwrap();
        numbers.close();
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(sum.get(), 3);
    });
    assert_eq!(report.unwrap().tally.executions, executions);
}

/// The same of two processes, one of which is sent what was made after its start.
fn add_what_comes(engine: Engine, locked: bool) {
    let executions = if engine == Engine::Real && locked { 20 } else { 300 };
    let config = Config::default().ignore_environment().engine(engine).executions(executions);
    let add = |(numbers, sum, lock): &Given| {
        let number = numbers.get().unwrap();
        let _guard = lock.as_ref().map(|lock| lock.lock().unwrap());
        sum.set(sum.get() + number);
    };
    let report = selvedge_harness::explore_with(&config, || {
        let (here, mut there) = pipe(true).unwrap();
        let other = Process::spawn(move || add(&there.recv::<Given>().unwrap()));
        let lock = locked.then(|| Shared::new(RobustMutex::new(())));
        let given: Given = (Queue::bounded(2), Shared::new(Value::new(0)), lock);
        given.0.put(1).unwrap();
        given.0.put(2).unwrap();
        here.send(&given).unwrap();
        add(&given);
        other.join().unwrap();
        assert_eq!(given.1.get(), 3);
        // Where it cannot go natively, it does not go here.
        let (_end, one_way) = pipe(false).unwrap();
        assert!(one_way.send(&given).is_err());
        assert!(Queue::<Given>::bounded(1).put(given).is_err());
    });
    assert_eq!(report.unwrap().tally.executions, executions);
}

#[test]
fn what_is_sent_later_is_explored_too() {
    for engine in [Engine::Sim, Engine::Real] {
        add_what_comes(engine, true);
        let lost = std::panic::catch_unwind(|| add_what_comes(engine, false)).unwrap_err();
        let lost = lost.downcast_ref::<String>().map_or("", String::as_str);
        assert!(lost.contains("critical pair: ") && lost.contains("set value"), "{engine:?}: {lost}");
    }
}

#[test]
fn an_entry_is_explored_with_what_it_was_given() {
    for engine in [Engine::Sim, Engine::Real] {
        add_up(engine, true);
        let lost = std::panic::catch_unwind(|| add_up(engine, false)).unwrap_err();
        let lost = lost.downcast_ref::<String>().map_or("", String::as_str);
        assert!(lost.contains("critical pair: Process-") && lost.contains("set value"), "{engine:?}: {lost}");
    }
}
