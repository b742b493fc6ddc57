//! Collections that one puts numbers into and takes numbers out of: queue, stack and
//! priority queue. They differ in which number is taken.

use super::super::history::Call;
use super::super::model::Model;
use super::super::monitor;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What one can do to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PoolOp {
    /// Puts a number in.
    Put(i64),
    /// Takes a number out.
    Take,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PoolRet {
    /// It was put in.
    Done,
    /// What was taken; `None` if there was nothing.
    Took(Option<i64>),
}

/// A first-in-first-out queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue;

/// A last-in-first-out stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stack;

/// A priority queue, from which the least number is taken; its state is sorted.
#[derive(Clone, Copy, Debug, Default)]
pub struct PriorityQueue;

/// A collection by what it is stored in.
fn step<S>(
    mut state: S,
    op: PoolOp,
    ret: Option<&PoolRet>,
    put: impl FnOnce(&mut S, i64),
    take: impl FnOnce(&mut S) -> Option<i64>,
) -> Option<S> {
    let answer = match op {
        PoolOp::Put(value) => {
            put(&mut state, value);
            PoolRet::Done
        }
        PoolOp::Take => PoolRet::Took(take(&mut state)),
    };
    ret.is_none_or(|ret| *ret == answer).then_some(state)
}

fn show(op: PoolOp, ret: Option<&PoolRet>) -> String {
    match (op, ret) {
        (PoolOp::Put(value), Some(_)) => format!("put {value}"),
        (PoolOp::Put(value), None) => format!("put {value} -> ?"),
        (PoolOp::Take, Some(PoolRet::Took(Some(value)))) => format!("take -> {value}"),
        (PoolOp::Take, Some(_)) => "take -> nothing".to_owned(),
        (PoolOp::Take, None) => "take -> ?".to_owned(),
    }
}

macro_rules! pools {
    ($($pool:ident over $state:ty, put by $put:expr, taken by $take:expr, watched by $monitor:path;)*) => {$(
        impl Model for $pool {
            type Op = PoolOp;
            type Ret = PoolRet;
            type State = $state;

            fn init(&self) -> $state {
                <$state>::new()
            }

            fn step(&self, state: &$state, op: &PoolOp, ret: Option<&PoolRet>) -> Option<$state> {
                step(state.clone(), *op, ret, $put, $take)
            }

            fn reads(&self, op: &PoolOp, ret: &PoolRet) -> bool {
                (*op, *ret) == (PoolOp::Take, PoolRet::Took(None))
            }

            fn bytes(&self, state: &$state) -> usize {
                size_of_val(state) + 8 * state.len()
            }

            fn monitor(&self, calls: &[&Call<PoolOp, PoolRet>]) -> Option<bool> {
                monitor::pool(calls, $monitor)
            }

            fn show(&self, op: &PoolOp, ret: Option<&PoolRet>) -> String {
                show(*op, ret)
            }
        }
    )*};
}

pools! {
    Queue over VecDeque<i64>, put by VecDeque::push_back, taken by VecDeque::pop_front,
        watched by monitor::queue;
    Stack over Vec<i64>, put by Vec::push, taken by Vec::pop, watched by monitor::stack;
    PriorityQueue over Vec<i64>, put by insert, taken by take_first, watched by monitor::priority_queue;
}

fn insert(sorted: &mut Vec<i64>, value: i64) {
    sorted.insert(sorted.partition_point(|other| *other < value), value);
}

fn take_first(sorted: &mut Vec<i64>) -> Option<i64> {
    (!sorted.is_empty()).then(|| sorted.remove(0))
}
