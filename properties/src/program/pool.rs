//! Programs over a pool, and the pools that they are run on: one of threads, which tasks
//! share, and one of processes, which belongs to one task.
//!
//! How often a task was run is counted in memory that all processes share: only one program
//! over a kind of pool may be explored at a time.

use super::generated::Generated;
use super::handed::{Handed, Tasks};
use super::run::{ROOM, demand};
use super::subject::Generate;
use super::tried::Tried;
use crate::spec::{Judge, Pool, PoolOp, PoolRet, Task};
use proptest::prelude::*;
use selvedge::pool::{AsyncResult, PoolError, ThreadResult};
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Checked, Recorder, prelude, unobserved};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

impl Generate for Pool {
    fn ops() -> BoxedStrategy<PoolOp> {
        prop_oneof![
            6 => (0..10_u8).prop_map(PoolOp::Submit),
            4 => Just(PoolOp::Collect),
            1 => Just(PoolOp::Close),
            1 => Just(PoolOp::Join),
        ]
        .boxed()
    }
}

fn setups() -> BoxedStrategy<Pool> {
    (1..=2_usize).prop_map(|workers| Pool { workers }).boxed()
}

type Counter = selvedge::Shared<AtomicU32>;

static OF_THREADS: OnceLock<Counter> = OnceLock::new();
static OF_PROCESSES: OnceLock<Counter> = OnceLock::new();

fn runs(counter: &'static OnceLock<Counter>) -> &'static AtomicU32 {
    // It counts what the workers did, and is no part of the program.
    unobserved(|| counter.get_or_init(|| selvedge::Shared::new(AtomicU32::new(0))))
}

fn accepted<R>(result: Result<R, PoolError>, out: &mut VecDeque<R>) -> PoolRet {
    match result {
        Ok(result) => {
            out.push_back(result);
            PoolRet::Done
        }
        Err(PoolError::Closed) => PoolRet::Refused,
        Err(error) => panic!("a task was refused: {error}"),
    }
}

fn joined(result: Result<(), PoolError>, counter: &'static OnceLock<Counter>) -> PoolRet {
    match result {
        Ok(()) => PoolRet::Runs(runs(counter).load(SeqCst)),
        Err(PoolError::StillOpen) => PoolRet::Refused,
        Err(error) => panic!("the pool cannot be joined: {error}"),
    }
}

/// A pool of threads, whose parts can be replaced by broken ones.
pub trait Crew: 'static {
    /// Has a number raised.
    fn submit(pool: &prelude::ThreadPool, number: u8) -> Result<ThreadResult<u8, Checked>, PoolError> {
        pool.apply_async(Self::run, number)
    }

    /// Raises it.
    fn run(number: u8) -> u8 {
        runs(&OF_THREADS).fetch_add(1, SeqCst);
        number + 1
    }

    /// Which result is collected next, of so many.
    fn next(count: usize) -> usize {
        let _ = count;
        0
    }
}

/// Replaces nothing.
#[derive(Debug)]
pub struct Threads;

impl Crew for Threads {}

/// A pool of threads that the threads of a program share.
#[derive(Debug)]
pub struct OfCrew<C>(std::marker::PhantomData<C>);

/// What a thread has: the pool and results to collect.
type Client = (Arc<prelude::ThreadPool>, VecDeque<ThreadResult<u8, Checked>>);

impl<C: Crew> Handed for OfCrew<C> {
    type Spec = Pool;
    type End = Client;
    type Rest = Arc<prelude::ThreadPool>;

    const TASKS: Tasks = Tasks::Threads;

    fn setups() -> BoxedStrategy<Pool> {
        setups()
    }

    fn own_tasks(setup: &Pool) -> usize {
        setup.workers
    }

    fn new(setup: &Pool, tasks: usize) -> (Vec<Client>, Self::Rest) {
        runs(&OF_THREADS).store(0, SeqCst);
        let pool = Arc::new(prelude::ThreadPool::new(setup.workers).expect("a few threads"));
        ((0..tasks).map(|_| (Arc::clone(&pool), VecDeque::new())).collect(), pool)
    }

    fn perform((pool, out): &mut Client, _: Task, op: &PoolOp) -> PoolRet {
        match *op {
            PoolOp::Submit(number) => accepted(C::submit(pool, number), out),
            PoolOp::Collect if out.is_empty() => PoolRet::Nothing,
            PoolOp::Collect => {
                let result = out.remove(C::next(out.len())).expect("it is there");
                PoolRet::Result(result.get().expect("a task that does not fail"))
            }
            PoolOp::Close => {
                pool.close();
                PoolRet::Done
            }
            PoolOp::Join => joined(pool.join(), &OF_THREADS),
        }
    }

    fn closing(_: &Client) -> Option<PoolOp> {
        None
    }
}

/// A pool of processes, which the main task alone uses: it does what a program says, one
/// task's part after the other's.
#[derive(Debug)]
pub struct RealPool;

/// What the main task has: the pool and results to collect.
struct Owner(prelude::Pool, VecDeque<AsyncResult<u8, Checked>>);

impl Owner {
    fn perform(&mut self, op: &PoolOp) -> PoolRet {
        let Owner(pool, out) = self;
        match *op {
            PoolOp::Submit(number) => {
                let task = |number: u8| {
                    runs(&OF_PROCESSES).fetch_add(1, SeqCst);
                    number + 1
                };
                accepted(pool.apply_async(task, number), out)
            }
            PoolOp::Collect => match out.pop_front() {
                Some(result) => match result.get() {
                    Ok(number) => PoolRet::Result(number),
                    Err(PoolError::WorkerLost { .. }) => PoolRet::Lost,
                    Err(error) => panic!("a task failed: {error}"),
                },
                None => PoolRet::Nothing,
            },
            PoolOp::Close => {
                pool.close();
                PoolRet::Done
            }
            PoolOp::Join => joined(pool.join(), &OF_PROCESSES),
        }
    }
}

impl Tried for RealPool {
    type Spec = Pool;

    fn setups() -> BoxedStrategy<Pool> {
        setups()
    }

    fn ops() -> BoxedStrategy<PoolOp> {
        Pool::ops()
    }

    fn program(generated: &Generated<Pool>) -> AnyProgram {
        let (setup, ops) = (generated.setup, generated.tasks.concat());
        AnyProgram::dynamic(move || {
            runs(&OF_PROCESSES).store(0, SeqCst);
            let history: Recorder<PoolOp, PoolRet, ROOM> = Recorder::new();
            let pool = prelude::Pool::new(setup.workers).expect("a few processes");
            let mut owner = Owner(pool, VecDeque::new());
            for op in &ops {
                history.call(*op, || owner.perform(op));
            }
            drop(owner);
            // The main task is 0; who dies is a worker.
            demand(&Judge(setup), &history, &|task| task, false);
        })
    }
}
