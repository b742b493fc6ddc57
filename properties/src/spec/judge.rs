//! A specification as a model that histories are judged by.
//!
//! Called by the programs of [`program`](crate::program).
//!
//! A state of the judge is the set of all states that the object can be in, so that what a
//! specification leaves open is decided only by what is seen later (the subset construction
//! of Rabin and Scott, 1959). An operation of two parts is two events of the judge's history,
//! both between its call and its end. Two more events tell what no task called: that a task
//! was killed, and that at the end nobody could go on.
//!
//! 1. A set is never empty: an event after which no state is possible is refused.
//! 2. `Stuck` is placed after all others; it is allowed only if none of the operations that
//!    wait could go on: a task that waits although it could go on is a lost wake-up.
//! 3. No event of a killed task comes after its death.

use super::specification::{Specification, Task};
use selvedge_harness::judge::linear::{End, History, Model};
use std::collections::BTreeSet;

/// What the judge's history consists of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Happening<O> {
    /// The first part of an operation of two.
    Begin(Task, O),
    /// An operation, or its second part.
    Do(Task, O),
    /// A task was killed.
    Died(Task),
    /// Nobody can go on; these wait.
    Stuck(Vec<(Task, O)>),
}

/// One state that the object can be in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Possible<S> {
    state: S,
    /// The tasks between the two parts of an operation, by number.
    between: u32,
    /// The tasks that were killed, by number.
    dead: u32,
}

/// A specification as a model.
#[derive(Clone, Debug)]
pub struct Judge<S>(pub S);

fn has(set: u32, task: Task) -> bool {
    set >> task & 1 == 1
}

impl<S: Specification> Judge<S> {
    /// What was recorded, and who was killed when, as the judge's events; `who` tells which
    /// task a client is. With `stuck`, nobody could go on at the end: what has not returned
    /// waits.
    pub fn events(
        &self,
        recorded: &History<S::Op, S::Ret>,
        deaths: &[(usize, u64)],
        who: &dyn Fn(usize) -> usize,
        stuck: bool,
    ) -> History<Happening<S::Op>, Option<S::Ret>> {
        let mut history = History::new();
        let mut waiting = Vec::new();
        let mut last = 0;
        for call in recorded.calls() {
            let (client, op) = (who(call.client), &call.op);
            let task = client as Task;
            if self.0.has_two_parts(op) {
                let end = without_result(&call.end);
                add(&mut history, client, call.at, Happening::Begin(task, op.clone()), end);
            }
            if stuck && call.end == End::Open {
                waiting.push((task, op.clone()));
            } else {
                add(
                    &mut history,
                    call.client,
                    call.at,
                    Happening::Do(task, op.clone()),
                    with_result(&call.end),
                );
            }
            let end = if let End::Returned { at, .. } | End::Killed { at } = call.end { at } else { 0 };
            last = last.max(call.at).max(end);
        }
        for (victim, at) in deaths.iter().map(|&(victim, at)| (who(victim), at)) {
            history.done(victim, at, Happening::Died(victim as Task), None, at);
            last = last.max(at);
        }
        if stuck {
            history.done(usize::MAX, last + 1, Happening::Stuck(waiting), None, last + 2);
        }
        history
    }

    fn one(
        &self,
        from: &Possible<S::State>,
        event: &Happening<S::Op>,
        ret: Option<&S::Ret>,
    ) -> Vec<Possible<S::State>> {
        match event {
            Happening::Begin(task, _) | Happening::Do(task, _) if has(from.dead, *task) => Vec::new(),
            Happening::Begin(task, op) => {
                let between = from.between | 1 << task;
                let begun = self.0.begun(&from.state, *task, op).into_iter();
                begun.map(|state| Possible { state, between, ..*from }).collect()
            }
            Happening::Do(task, op) => {
                if self.0.has_two_parts(op) && !has(from.between, *task) {
                    return Vec::new();
                }
                let between = from.between & !(1 << task);
                let outcomes = self.0.outcomes(&from.state, *task, op).into_iter();
                let fitting = outcomes.filter(|(answer, _)| ret.is_none_or(|ret| ret == answer));
                fitting.map(|(_, state)| Possible { state, between, ..*from }).collect()
            }
            Happening::Died(task) => {
                let (between, dead) = (from.between & !(1 << task), from.dead | 1 << task);
                let left = self.0.deaths(&from.state, *task).into_iter();
                left.map(|state| Possible { state, between, dead }).collect()
            }
            Happening::Stuck(waiting) => {
                let waits = |(task, op): &(Task, S::Op)| {
                    has(from.dead, *task)
                        || if self.0.has_two_parts(op) && !has(from.between, *task) {
                            self.0.begun(&from.state, *task, op).is_empty()
                        } else {
                            self.0.may_wait(&from.state, *task, op)
                        }
                };
                if waiting.iter().all(waits) { vec![from.clone()] } else { Vec::new() }
            }
        }
    }
}

fn with_result<R: Clone>(end: &End<R>) -> End<Option<R>> {
    match end {
        End::Returned { at, ret } => End::Returned { at: *at, ret: Some(ret.clone()) },
        End::Killed { at } => End::Killed { at: *at },
        End::Open => End::Open,
    }
}

fn without_result<R>(end: &End<R>) -> End<Option<R>> {
    match end {
        End::Returned { at, .. } => End::Returned { at: *at, ret: None },
        End::Killed { at } => End::Killed { at: *at },
        End::Open => End::Open,
    }
}

fn add<O, R>(history: &mut History<O, R>, client: usize, at: u64, op: O, end: End<R>) {
    let number = history.call(client, op, at);
    match end {
        End::Returned { at, ret } => history.returned(number, ret, at),
        End::Killed { at } => history.killed(number, at),
        End::Open => {}
    }
}

impl<S: Specification> Model for Judge<S> {
    type Op = Happening<S::Op>;
    type Ret = Option<S::Ret>;
    type State = BTreeSet<Possible<S::State>>;

    fn init(&self) -> Self::State {
        BTreeSet::from([Possible { state: self.0.init(), between: 0, dead: 0 }])
    }

    fn step(&self, states: &Self::State, event: &Self::Op, ret: Option<&Self::Ret>) -> Option<Self::State> {
        let ret = ret.and_then(Option::as_ref);
        let next: Self::State = states.iter().flat_map(|from| self.one(from, event, ret)).collect();
        (!next.is_empty()).then_some(next)
    }

    fn show(&self, event: &Self::Op, ret: Option<&Self::Ret>) -> String {
        match (event, ret) {
            (Happening::Begin(_, op), _) => format!("the beginning of {}", self.0.call(op)),
            (Happening::Do(_, op), Some(Some(ret))) => format!("{} -> {ret:?}", self.0.call(op)),
            (Happening::Do(_, op), _) => format!("{} -> ?", self.0.call(op)),
            (Happening::Died(task), _) => format!("the death of task {task}"),
            (Happening::Stuck(waiting), _) => {
                let calls: Vec<_> =
                    waiting.iter().map(|(task, op)| format!("{} in task {task}", self.0.call(op))).collect();
                format!("that nobody can go on, with {} waiting", calls.join(" and "))
            }
        }
    }
}
