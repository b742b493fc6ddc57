//! Do the primitives do what their specifications say, in programs that nobody wrote?
//!
//! In fibers and in processes, calls as steps and words as steps. Together the tests in fibers
//! run at least a thousand programs, those in processes fewer.

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_properties::program::{
    Apart, Counts, Messages, Numbers, OfCrew, RealArena, RealList, RealPipe, RealPool, RealSpsc, RealVector,
    Threads, Tried, hunt,
};
use std::cell::Cell;

/// Programs a primitive: in fibers, in processes.
const PROGRAMS: (u32, u32) = if cfg!(debug_assertions) { (35, 4) } else { (1000, 20) };

/// How each program is explored.
fn ways(engine: Engine, kills: u8) -> [Config; 2] {
    let (calls, words) = if engine == Engine::Sim { (12, 24) } else { (4, 8) };
    let way = |granularity, executions| {
        let config = Config::default().engine(engine).granularity(granularity).executions(executions);
        config.faults(Faults::kills(kills)).seed(kills.into()).ignore_environment()
    };
    [way(Granularity::Operation, calls), way(Granularity::Word, words)]
}

/// Nothing may be found in so many programs.
fn holds<T: Tried>(engine: Engine, kills: u8) -> Counts {
    let programs = if engine == Engine::Sim { PROGRAMS.0 } else { PROGRAMS.1 };
    match hunt::<T>(programs, &ways(engine, kills)) {
        Ok(counts) => {
            assert_eq!(counts.programs, u64::from(programs));
            // A pool of threads has its locks on the heap, where they lie elsewhere each time.
            let on_the_heap = std::any::type_name::<T>().contains("OfCrew");
            assert!(counts.undecided == 0 || on_the_heap, "{counts:?}");
            println!("{engine:?}, {kills} kills: {counts:?}");
            counts
        }
        Err(caught) => panic!("{caught}"),
    }
}

macro_rules! hunts {
    ($($name:ident: $subject:ty, kills $kills:expr;)*) => {
        hunts! { in_fibers, Engine::Sim; $($name: $subject, $kills;)* }
        hunts! { in_processes, Engine::Real; $($name: $subject, $kills;)* }
    };
    ($module:ident, $engine:expr; $($name:ident: $subject:ty, $kills:expr;)*) => {
        mod $module {
            use super::*;
            // Each in a process of its own, fibers as well: of their pipes, a command that a test
            // beside them starts has copies for a moment, and so long these do not end.
            rusty_fork::rusty_fork_test! {
                #![rusty_fork(timeout_ms = 600_000)]
                $(#[test]
                fn $name() {
                    for kills in $kills {
                        holds::<$subject>($engine, kills);
                    }
                })*
            }
        }
    };
}

hunts! {
    a_mutex: Mutex<u32>, kills [0];
    a_semaphore: Semaphore, kills [0];
    a_bounded_semaphore: BoundedSemaphore, kills [0];
    a_robust_mutex: RobustMutex<u32>, kills [0, 1, 2];
    a_reentrant_mutex: ReentrantMutex<Cell<u32>>, kills [0, 1, 2];
    a_lock_for_readers_and_writers: RwLock<u32>, kills [0, 1, 2];
    a_robust_semaphore: RobustSemaphore, kills [0, 1, 2];
    an_event: Event, kills [0, 1];
    a_condition: (Mutex<()>, Condvar), kills [0];
    a_condition_over_a_robust_mutex: (RobustMutex<u32>, Condvar), kills [0, 1, 2];
    a_barrier: Barrier, kills [0, 1];
    something_done_once: Once, kills [0, 1, 2];
    a_queue: Queue<u8>, kills [0, 1];
    a_queue_of_plain_numbers: PlainQueue<u8>, kills [0, 1];
    a_stack: LifoQueue<u8>, kills [0, 1];
    a_priority_queue: PriorityQueue<u8>, kills [0, 1];
    a_simple_queue: SimpleQueue<u8>, kills [0, 1];
    a_queue_of_work: JoinableQueue<u8>, kills [0, 1];
    a_value: Value<u32>, kills [0, 1];
    an_array: Array<u32>, kills [0, 1];
    a_map: SharedMap<u8, u8>, kills [0, 1];
    an_arena: Apart<RealArena>, kills [0, 1, 2];
    a_vector: Apart<RealVector>, kills [0, 1, 2];
    a_list: Apart<RealList>, kills [0, 1];
    a_channel_for_two: Apart<RealSpsc<Numbers>>, kills [0];
    a_channel_for_two_of_messages: Apart<RealSpsc<Messages>>, kills [0];
    a_pipe: Apart<RealPipe>, kills [0, 1];
    a_pool_of_threads: Apart<OfCrew<Threads>>, kills [0];
    a_pool_of_processes: RealPool, kills [0, 1, 2];
}
