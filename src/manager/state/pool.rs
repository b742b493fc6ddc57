//! Tasks that worker processes fetch from the server, and what became of them.
//!
//! Called by `server` for `Pool`; `nursery` starts the workers, who are clients as others.
//!
//! | task | becomes | when |
//! |---|---|---|
//! | waiting | taken | a worker asks for one |
//! | taken | finished | the worker hands the result in, or has ended |
//! | finished | forgotten | its result is collected, or who submitted it has died |
//!
//! | pool | new tasks | workers |
//! |---|---|---|
//! | open | taken | as many as were asked for |
//! | closed | refused | until nothing waits |
//! | over | refused; what was out is lost | none |
//!
//! 1. A task is given out at most once.
//! 2. Tasks are known by the address of a function, so that only programs that have the
//!    same code at the same place can submit any: those of one family.
//!
//! When a worker dies, the task that it had taken is lost, and whoever waits for it is
//! told; another worker takes its place.

use super::object::{Attempt, Method, Object, Staff, Who, other_object};
use crate::manager::message::{Bytes, Reply};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// So many workers may end in a row before any of them takes a task.
const VAIN: u32 = 16;

/// A method of a pool.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum PoolCall {
    /// From a program of this family: functions with their arguments.
    Submit {
        family: u64,
        tasks: Vec<(u64, Bytes)>,
    },
    /// The results of so many tasks, once there are all.
    Collect {
        first: u64,
        count: u64,
    },
    /// Waits as `Collect` does, and leaves them.
    Await {
        first: u64,
        count: u64,
    },
    /// From a worker, which says its number.
    Take(u32),
    /// From a worker: what became of a task.
    HandIn(u64, Result<Bytes, String>),
    Close,
    Terminate,
    /// Waits until nothing is out.
    Join,
}

/// What a worker gets.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) struct Task {
    pub(in crate::manager) number: u64,
    pub(in crate::manager) function: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    Over,
}

struct Entry {
    /// Who wants to know.
    client: u64,
    outcome: Option<Result<Bytes, String>>,
}

pub(super) struct Pool {
    family: u64,
    workers: usize,
    state: State,
    next: u64,
    waiting: VecDeque<(u64, u64, Bytes)>,
    /// Who is at which task.
    taken: BTreeMap<u32, u64>,
    tasks: BTreeMap<u64, Entry>,
    vain: u32,
}

impl Pool {
    pub(super) fn new(family: u64, workers: u64) -> Pool {
        Pool {
            family,
            workers: workers as usize,
            state: State::Open,
            next: 0,
            waiting: VecDeque::new(),
            taken: BTreeMap::new(),
            tasks: BTreeMap::new(),
            vain: 0,
        }
    }

    fn submit(&mut self, who: Who, family: u64, tasks: Vec<(u64, Bytes)>) -> Attempt {
        if family != self.family {
            return Attempt::refused(
                "a pool's tasks are functions of the program that started the manager, and this is \
                 another one, or was not forked from it",
            );
        }
        if self.state != State::Open {
            return Attempt::refused("the pool is closed and takes no new tasks");
        }
        let first = self.next;
        for (function, input) in tasks {
            self.tasks.insert(self.next, Entry { client: who.client, outcome: None });
            self.waiting.push_back((self.next, function, input));
            self.next += 1;
        }
        Attempt::Done(Reply::Number(first))
    }

    fn are_finished(&self, first: u64, count: u64) -> bool {
        let range = first..first.saturating_add(count);
        self.tasks.range(range).all(|(_, task)| task.outcome.is_some())
    }

    fn collect(&mut self, first: u64, count: u64) -> Reply {
        let mut results = Vec::new();
        let mut lost = None;
        for number in first..first.saturating_add(count) {
            match self.tasks.remove(&number).and_then(|task| task.outcome) {
                Some(Ok(result)) => results.push(result),
                Some(Err(why)) => lost = lost.or(Some(why)),
                None => return Reply::Refused("these results were collected before".to_owned()),
            }
        }
        lost.map_or(Reply::Many(results), Reply::Refused)
    }

    fn take(&mut self, worker: u32) -> Attempt {
        self.vain = 0;
        if self.state == State::Over {
            return Attempt::Done(Reply::Done);
        }
        match self.waiting.pop_front() {
            Some((number, function, input)) => {
                self.taken.insert(worker, number);
                Attempt::Done(Reply::Task(Task { number, function }, input))
            }
            None if self.state == State::Open => Attempt::Wait,
            None => Attempt::Done(Reply::Done),
        }
    }

    /// This is what became of a task, unless that is known already.
    fn finish(&mut self, number: u64, outcome: Result<Bytes, String>) {
        if let Some(task) = self.tasks.get_mut(&number) {
            task.outcome.get_or_insert(outcome);
        }
    }

    /// What is out comes to nothing.
    fn lose_all(&mut self, why: &str) {
        self.state = State::Over;
        self.waiting.clear();
        for task in self.tasks.values_mut() {
            task.outcome.get_or_insert_with(|| Err(why.to_owned()));
        }
    }
}

impl Object for Pool {
    fn attempt(&mut self, who: Who, method: &mut Method) -> Attempt {
        let Method::Pool(call) = method else { return other_object() };
        match call {
            PoolCall::Submit { family, tasks } => {
                let (family, tasks) = (*family, std::mem::take(tasks));
                self.submit(who, family, tasks)
            }
            PoolCall::Collect { first, count } | PoolCall::Await { first, count }
                if !self.are_finished(*first, *count) =>
            {
                Attempt::Wait
            }
            PoolCall::Collect { first, count } => {
                let (first, count) = (*first, *count);
                Attempt::Done(self.collect(first, count))
            }
            PoolCall::Await { .. } => Attempt::Done(Reply::Yes(true)),
            PoolCall::Take(worker) => self.take(*worker),
            PoolCall::HandIn(number, outcome) => {
                let outcome = std::mem::replace(outcome, Err(String::new()));
                self.taken.retain(|_, task| task != number);
                self.finish(*number, outcome);
                Attempt::Done(Reply::Done)
            }
            PoolCall::Close => {
                if self.state == State::Open {
                    self.state = State::Closed;
                }
                Attempt::Done(Reply::Done)
            }
            PoolCall::Terminate => {
                self.lose_all("the task was lost: its pool was terminated");
                Attempt::Done(Reply::Done)
            }
            PoolCall::Join if self.state == State::Open => {
                Attempt::refused("the pool is still open; close or terminate it before it is joined")
            }
            PoolCall::Join if self.are_finished(0, self.next) => Attempt::Done(Reply::Done),
            PoolCall::Join => Attempt::Wait,
        }
    }

    fn died(&mut self, client: u64) {
        self.waiting.retain(|(number, ..)| self.tasks.get(number).is_some_and(|task| task.client != client));
        self.tasks.retain(|_, task| task.client != client);
    }

    fn staff(&self) -> Option<Staff> {
        Some(match self.state {
            State::Open => Staff::AtLeast(self.workers),
            State::Closed => Staff::AtLeast(self.workers.min(self.waiting.len())),
            State::Over => Staff::Nobody,
        })
    }

    fn worker_ended(&mut self, worker: u32, how: &str) {
        if let Some(number) = self.taken.remove(&worker) {
            let why = format!("the task was lost: its worker, process {worker}, ended: {how}");
            self.finish(number, Err(why));
        } else {
            self.vain += 1;
        }
        if self.vain > VAIN && self.state != State::Over {
            self.lose_all(&format!(
                "the pool is over: {VAIN} workers ended before they took a task, the last: {how}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Who = Who { client: 1, task: 1 };

    fn call(pool: &mut Pool, call: PoolCall) -> Option<Reply> {
        match pool.attempt(WHO, &mut Method::Pool(call)) {
            Attempt::Done(reply) => Some(reply),
            Attempt::Wait => None,
        }
    }

    fn submit(pool: &mut Pool, family: u64) -> Option<Reply> {
        call(pool, PoolCall::Submit { family, tasks: vec![(7, Bytes(Vec::new()))] })
    }

    fn refused(reply: Option<Reply>) -> String {
        match reply {
            Some(Reply::Refused(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stranger_has_no_functions() {
        let mut pool = Pool::new(5, 1);
        assert!(refused(submit(&mut pool, 6)).contains("another one, or was not forked from it"));
        assert!(matches!(submit(&mut pool, 5), Some(Reply::Number(0))));
    }

    #[test]
    fn a_task_of_a_worker_that_ended_is_lost_and_nobody_tries_for_ever() {
        let mut pool = Pool::new(5, 1);
        submit(&mut pool, 5);
        submit(&mut pool, 5);
        assert!(matches!(call(&mut pool, PoolCall::Take(9)), Some(Reply::Task(Task { number: 0, .. }, _))));
        assert!(call(&mut pool, PoolCall::Collect { first: 0, count: 1 }).is_none());
        pool.worker_ended(9, "chance");
        let lost = call(&mut pool, PoolCall::Collect { first: 0, count: 1 });
        assert_eq!(refused(lost), "the task was lost: its worker, process 9, ended: chance");
        assert!(refused(call(&mut pool, PoolCall::Collect { first: 0, count: 1 })).contains("before"));
        assert!(matches!(pool.staff(), Some(Staff::AtLeast(1))));
        (0..=VAIN).for_each(|worker| pool.worker_ended(worker, "itself"));
        assert!(matches!(pool.staff(), Some(Staff::Nobody)));
        let lost = call(&mut pool, PoolCall::Collect { first: 1, count: 1 });
        assert!(refused(lost).contains("16 workers ended before they took a task"));
    }
}
