//! Panics of other people's code whose payloads panic again as they are dropped.

use rusty_fork::rusty_fork_test;
use selvedge::manager::{Builder, Manager, Type};
use selvedge::{ExitStatus, Pool, PoolError, Process, Thread, ThreadPool};
use std::fmt::Debug;
use std::panic::panic_any;
use std::time::Duration;

/// Whoever waits for longer waits for ever.
const LONG: Duration = Duration::from_secs(300);

struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("it was dropped");
    }
}

fn explode(number: u32) -> u32 {
    if number == 1 { panic_any(Explosive) } else { number }
}

#[track_caller]
fn says<T: Debug>(outcome: Result<T, impl ToString>, what: &str) {
    let text = outcome.expect_err("it panicked").to_string();
    assert!(text.contains(what) && text.contains("a panic without a message"), "{text:?}");
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn a_pool_hears_of_it_and_goes_on() {
        let pool = Pool::new(1).unwrap();
        let workers = pool.worker_pids();
        let lost = pool.apply_async(explode, 1).unwrap().get_timeout(LONG);
        assert!(matches!(lost, Err(PoolError::Panicked { .. })), "{lost:?}");
        assert_eq!((pool.apply(explode, 2), pool.worker_pids()), (Ok(2), workers));
    }

    #[test]
    fn a_pool_of_threads_hears_of_it_and_goes_on() {
        let pool = ThreadPool::new(1).unwrap();
        says(pool.apply_async(explode, 1).unwrap().get_timeout(LONG), "panics.rs");
        assert_eq!(pool.apply(explode, 2), Ok(2));
    }

    #[test]
    fn a_manager_hears_of_it_and_serves_on() {
        let number = Type::new("Number", explode).method("explode", |_, number: u32| explode(number));
        let manager: Manager = Builder::default().register(number).start().unwrap();
        says(manager.create("Number", &1_u32).map(drop), "Number panicked");
        let object = manager.create("Number", &2_u32).unwrap();
        says(object.call::<_, u32>("explode", &1_u32), "explode panicked");
        assert_eq!(object.call::<_, u32>("explode", &2_u32).unwrap(), 2);
        let pool = manager.pool(1).unwrap();
        says(pool.apply(explode, 1), "the task panicked");
        assert_eq!(pool.apply(explode, 2).unwrap(), 2);
    }

    #[test]
    fn a_task_ends_as_after_any_panic() {
        let child = Process::spawn(|| explode(1));
        assert_eq!(child.join().unwrap(), ExitStatus::Code(101));
        assert_eq!(child.panic_message().as_deref(), Some("a panic without a message"));
        let mut thread = Thread::new(|| explode(1));
        thread.start().unwrap();
        assert_eq!(thread.join().unwrap(), ExitStatus::Code(101));
    }
}
