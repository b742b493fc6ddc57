//! Pools: what `multiprocessing.Pool` is relied on for.
//!
//! When a process dies here that was not to, that is a failure.

use rusty_fork::rusty_fork_test;
use selvedge::{Error, Event, Manager, Pool, PoolError, Process, Shared, Value};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
const SHORT: Duration = Duration::from_millis(20);

/// What a task cannot capture: workers have it from their parent, or from an initializer.
static GATE: OnceLock<Shared<Event>> = OnceLock::new();
static COUNT: OnceLock<Shared<Value<u32>>> = OnceLock::new();

fn gate() -> &'static Event {
    GATE.get_or_init(|| Shared::new(Event::new()))
}

fn count() -> &'static Value<u32> {
    COUNT.get_or_init(|| Shared::new(Value::new(0)))
}

fn square(x: u32) -> u32 {
    x * x
}

/// An argument that cannot be serialised where it is 13.
#[derive(Debug, PartialEq, Deserialize)]
struct Unlucky(u32);

impl Serialize for Unlucky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            13 => Err(serde::ser::Error::custom("no 13, please")),
            number => serializer.serialize_u32(number),
        }
    }
}

/// Says when one of them is dropped.
#[derive(Serialize, Deserialize)]
struct Counted(u32);

impl Drop for Counted {
    fn drop(&mut self) {
        count().fetch_add(1);
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_pool_01_results_are_those_of_a_plain_map_in_order() {
        let pool = Pool::new(4).unwrap();
        assert_eq!(pool.apply(square, 5), Ok(25));
        assert_eq!(pool.apply(|(text, times): (String, usize)| text.repeat(times), ("ab".to_owned(), 2)), Ok("abab".to_owned()));
        let expected: Vec<u32> = (0..100).map(square).collect();
        assert_eq!(pool.map(square, 0..100).as_ref(), Ok(&expected));
        for chunk in [1, 3, 20, 100, 1000] {
            assert_eq!(pool.map_chunked(square, 0..100, chunk).as_ref(), Ok(&expected), "{chunk}");
        }
        assert_eq!(pool.map_chunked(square, 0..100, 0), Err(PoolError::NoChunk));
        assert_eq!(pool.map(square, []), Ok(Vec::new()));
        assert_eq!(pool.map(|()| (), [(); 9]), Ok(vec![(); 9]));
        let pairs = pool.map_async(|(a, b): (i32, i32)| a - b, (0..10).zip(5..15), Some(3)).unwrap();
        assert_eq!(pairs.get(), Ok(vec![-5; 10]));
        assert_eq!(pairs.get(), Err(PoolError::Taken));
    }

    #[test]
    fn c_pool_02_the_callback_gets_the_whole_list_once_and_the_error_once() {
        let pool = Pool::new(2).unwrap();
        let calls = Rc::new(RefCell::new(Vec::new()));
        let note = || {
            let calls = Rc::clone(&calls);
            move |outcome: Result<&Vec<u32>, &PoolError>| calls.borrow_mut().push(outcome.cloned().map_err(|error| error.to_string()))
        };
        let good = pool.map_async_then(square, 0..10, Some(2), note()).unwrap();
        good.wait();
        let bad = pool.map_async_then(|x: u32| 10 / (x - 3), 3..10, Some(1), note()).unwrap();
        assert!(bad.get().is_err());
        let calls = calls.take();
        assert_eq!(calls.len(), 2, "{calls:?}");
        assert_eq!(calls[0], Ok((0..10).map(square).collect()));
        assert!(calls[1].as_ref().is_err_and(|text| text.contains("divide by zero")), "{calls:?}");
    }

    #[test]
    fn c_pool_03_get_waits_for_the_result_of_a_slow_task() {
        gate();
        let pool = Pool::new(2).unwrap();
        let slow = pool.apply_async(|x: u32| { gate().wait(); square(x) }, 7).unwrap();
        assert!(!slow.ready() && slow.successful() == Err(PoolError::NotFinished));
        // The other worker lets it go on.
        let other = pool.apply_async(|()| gate().set(), ()).unwrap();
        assert_eq!(slow.get(), Ok(49));
        assert_eq!(slow.successful(), Ok(true));
        assert_eq!(other.get(), Ok(()));
    }

    #[test]
    fn c_pool_04_get_gives_up_in_time_and_the_pool_can_be_terminated() {
        gate();
        let pool = Pool::new(2).unwrap();
        let never = pool.apply_async(|()| gate().wait(), ()).unwrap();
        let begin = Instant::now();
        assert_eq!(never.get_timeout(SHORT), Err(PoolError::Timeout));
        assert!(begin.elapsed() >= SHORT);
        assert!(!never.wait_timeout(Duration::ZERO));
        pool.terminate();
        assert_eq!(pool.join(), Ok(()));
        assert_eq!(never.get(), Err(PoolError::Terminated));
    }

    #[test]
    fn c_pool_05_imap_is_in_order_and_lazy() {
        let pool = Pool::new(3).unwrap();
        let taken = RefCell::new(0);
        let arguments = (0..1000_u32).inspect(|_| *taken.borrow_mut() += 1);
        let mut results = pool.imap(square, arguments, 10).unwrap();
        assert_eq!(results.next(), Some(Ok(0)));
        assert!(*taken.borrow() <= 120, "{taken:?}");
        let rest: Vec<_> = results.by_ref().map(Result::unwrap).collect();
        assert_eq!(rest, (1..1000).map(square).collect::<Vec<_>>());
        assert_eq!((results.next(), results.next()), (None, None));
        let all: Result<Vec<u32>, _> = pool.imap(square, 0..1000, 100).unwrap().collect();
        assert_eq!(all, Ok((0..1000).map(square).collect()));
    }

    #[test]
    fn c_pool_06_imap_unordered_has_the_same_results() {
        let pool = Pool::new(3).unwrap();
        for chunk in [1, 53] {
            let results = pool.imap_unordered(square, 0..200, chunk).unwrap();
            let mut results: Vec<u32> = results.map(Result::unwrap).collect();
            results.sort_unstable();
            assert_eq!(results, (0..200).map(square).collect::<Vec<_>>());
        }
    }

    #[test]
    fn c_pool_08_an_argument_that_cannot_be_serialised_is_an_error_at_once() {
        let pool = Pool::new(2).unwrap();
        let refused = pool.map_chunked(|x: Unlucky| x.0, (0..20).map(Unlucky), 1);
        assert!(matches!(&refused, Err(PoolError::Argument { why }) if !why.is_empty()), "{refused:?}");
        let unsendable = pool.apply(Unlucky, 13);
        assert!(matches!(&unsendable, Err(PoolError::Result { why }) if !why.is_empty()), "{unsendable:?}");
        assert_eq!(pool.apply(|x: Unlucky| x.0, Unlucky(4)), Ok(4));
    }

    #[test]
    fn c_pool_10_a_pool_of_none_is_refused_and_one_of_three_has_three() {
        let refused = Pool::new(0).unwrap_err();
        assert!(matches!(refused, Error::InvalidArgument { .. }));
        assert_eq!(refused.to_string(), "the number of workers is 0, but must be from 1 to 4096");
        assert!(Pool::new(usize::MAX).is_err());
        let pool = Pool::new(3).unwrap();
        assert_eq!(pool.worker_pids().into_iter().collect::<BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn c_pool_11_terminate_ends_a_pool_with_ten_thousand_long_tasks_at_once() {
        gate();
        let pool = Pool::new(3).unwrap();
        // Nobody opens the gate.
        let tasks = pool.map_async(|_: u32| gate().wait(), 0..10_000, Some(1)).unwrap();
        pool.terminate();
        assert_eq!(pool.join(), Ok(()));
        assert_eq!(tasks.get(), Err(PoolError::Terminated));
        assert!(pool.worker_pids().is_empty());
    }

    #[test]
    fn c_pool_12_a_pool_ends_with_its_scope_and_a_closed_one_refuses() {
        let workers = {
            let pool = Pool::new(2).unwrap();
            assert_eq!(pool.map(square, 0..3), Ok(vec![0, 1, 4]));
            assert_eq!(selvedge::active_children().len(), 2);
            pool.worker_pids()
        };
        assert_eq!(workers.len(), 2);
        assert!(selvedge::active_children().is_empty());
        let pool = Pool::new(2).unwrap();
        assert_eq!(pool.join(), Err(PoolError::StillOpen));
        let before = pool.map_async(square, 0..50, Some(1)).unwrap();
        pool.close();
        assert_eq!(pool.apply(square, 1), Err(PoolError::Closed));
        assert_eq!(pool.imap(square, 0..3, 1).unwrap_err(), PoolError::Closed);
        assert_eq!(pool.join(), Ok(()));
        assert_eq!(before.get(), Ok((0..50).map(square).collect()));
        assert_eq!(pool.map(square, []), Err(PoolError::Closed));
    }

    #[test]
    fn c_pool_13_an_error_keeps_its_type_and_a_panic_its_place() {
        let pool = Pool::new(2).unwrap();
        let typed: Result<Result<u32, (String, u32)>, PoolError> =
            pool.apply(|x: u32| Err(("too much".to_owned(), x)), 9);
        assert_eq!(typed, Ok(Err(("too much".to_owned(), 9))));
        let line = line!() + 1;
        let panicked = pool.apply(|x: u32| if x == 9 { panic!("not {x}") } else { x }, 9);
        let Err(PoolError::Panicked { message, location }) = &panicked else { panic!("{panicked:?}") };
        assert_eq!(message, "not 9");
        assert!(location.starts_with(&format!("{}:{line}:", file!())), "{location}");
        assert_eq!(pool.apply(square, 2), Ok(4));
    }

    #[test]
    fn c_pool_15_arguments_and_results_are_dropped_after_the_task() {
        count();
        let pool = Pool::new(2).unwrap();
        let results = pool.map_async(|counted: Counted| counted, (0..10).map(Counted), Some(2)).unwrap();
        // Each is dropped here once it is encoded; there, once its result is.
        results.wait();
        assert_eq!(count().get(), 20);
        drop(results);
        assert_eq!(count().get(), 30);
    }

    #[test]
    fn c_pool_16_the_error_of_a_task_goes_to_the_callback_and_to_get() {
        let pool = Pool::new(2).unwrap();
        let seen = Rc::new(RefCell::new(None));
        let note = Rc::clone(&seen);
        let failing = pool.apply_async_then(|x: u32| { assert_ne!(x, 3, "three"); x }, 3, move |outcome| {
            *note.borrow_mut() = outcome.err().cloned();
        });
        let error = failing.unwrap().get().unwrap_err();
        assert!(matches!(&error, PoolError::Panicked { message, .. } if message.contains("three")), "{error}");
        assert_eq!(seen.take(), Some(error));
    }

    #[test]
    fn c_pool_18_workers_are_replaced_after_ten_tasks() {
        let pool: Pool = Pool::builder().workers(3).max_tasks_per_worker(10).build().unwrap();
        let born = pool.worker_pids();
        let tasks = pool.map_async(|x: u32| (square(x), std::process::id()), 0..100, Some(1)).unwrap();
        let (squares, pids): (Vec<u32>, Vec<u32>) = tasks.get().unwrap().into_iter().unzip();
        assert_eq!(squares, (0..100).map(square).collect::<Vec<_>>());
        let mut by_worker = std::collections::BTreeMap::new();
        pids.iter().for_each(|pid| *by_worker.entry(*pid).or_insert(0) += 1);
        assert!(by_worker.len() >= 10 && by_worker.values().all(|tasks| *tasks <= 10), "{by_worker:?}");
        pool.close();
        assert_eq!(pool.join(), Ok(()));
        assert!(pids.iter().any(|pid| !born.contains(pid)));
    }

    #[test]
    fn c_pool_20_no_tasks_per_worker_are_refused() {
        let refused = Pool::builder().workers(1).max_tasks_per_worker(0).build().map(|_: Pool| ()).unwrap_err();
        assert_eq!(refused.to_string(), "the number of tasks per worker is 0, but must be at least 1, or not be given at all");
    }

    #[test]
    fn c_pool_22_the_initializer_runs_once_in_each_worker() {
        let started = Shared::new(Value::new(0_u32));
        let pool: Pool = Pool::builder()
            .workers(3)
            .initializer({ let started = started.clone(); move || { started.fetch_add(1); } })
            .build()
            .unwrap();
        assert_eq!(pool.map_chunked(square, 0..30, 1).map(|all| all.len()), Ok(30));
        pool.close();
        pool.join().unwrap();
        assert_eq!(started.get(), 3);
        let broken: Pool = Pool::builder().workers(2).initializer(|| panic!("not today")).build().unwrap();
        let error = broken.map(square, 0..9).unwrap_err();
        assert!(matches!(&error, PoolError::NotReady { why } if why.starts_with("not today (at ")), "{error}");
        let leaving: Pool = Pool::builder().workers(2).initializer(|| selvedge::exit(3)).build().unwrap();
        let error = leaving.map(square, 0..9).unwrap_err();
        assert!(matches!(&error, PoolError::NotReady { why } if why.contains("before they were ready")), "{error}");
        // That of a manager is its server's.
        let started = Shared::new(Value::new(0_u32));
        let initializer = { let started = started.clone(); move || { started.fetch_add(std::process::id()); } };
        let manager: Manager = selvedge::manager::Builder::default().initializer(initializer).start().unwrap();
        assert_eq!(manager.list([1_u32]).unwrap().to_vec().unwrap(), [1]);
        assert_eq!(Some(started.get()), manager.pid());
        let broken = selvedge::manager::Builder::default().initializer(|| panic!("not today"));
        let error = broken.start::<selvedge::platform::Native>().unwrap_err().to_string();
        assert!(error.contains("exit code 101: not today"), "{error}");
    }

    #[test]
    fn c_pool_23_a_pool_that_is_left_open_does_not_keep_its_process() {
        let mut child = Process::new(|| {
            gate();
            let pool = Pool::new(2).unwrap();
            drop(pool.map_async(|_: u32| gate().wait(), 0..10, Some(1)));
            std::mem::forget(pool);
        });
        child.start().unwrap();
        assert!(child.join_timeout(LONG).unwrap().is_some_and(|status| status.success()));
    }
}
