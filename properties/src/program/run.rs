//! From a generated program to one that the harness explores.
//!
//! Called by [`hunt`](super::hunt) and by tests.
//!
//! 1. Every operation is recorded, also those by which a task puts down what it holds: the
//!    judge knows everything that was done to the object.
//! 2. An end at which nobody can go on is judged like any other.
//!
//! When a process dies here, its operation may have taken effect before, or never; what its
//! death does to the object, the specification says.

use super::generated::Generated;
use super::subject::Subject;
use crate::spec::{Judge, Specification, Task};
use selvedge_harness::judge::linear::{Judgement, Options, explain, judge};
use selvedge_harness::{Program, Recorder};

/// Room for the operations of a program.
pub(super) const ROOM: usize = 64;

type Op<T> = <<T as Subject>::Spec as Specification>::Op;
type Ret<T> = <<T as Subject>::Spec as Specification>::Ret;

/// The state of a generated program: the object and what was done to it.
pub type World<T> = (T, Recorder<Op<T>, Ret<T>, ROOM>);

/// The program, for [`check`](Program::check) or [`explore`](Program::explore).
pub fn program<T: Subject>(generated: &Generated<T::Spec>) -> Program<World<T>> {
    let (setup, tasks) = (generated.setup.clone(), generated.tasks.clone());
    let (finally, stuck) = (Judge(setup.clone()), Judge(setup.clone()));
    Program::new(setup.declaration(), move || (T::new(&setup), Recorder::new()))
        .tasks("task", tasks.len(), move |world, me| task(world, me, &tasks[me]))
        .finally(move |world| demand(&finally, &world.1, &|task| task, false))
        .stuck(move |world| demand(&stuck, &world.1, &|task| task, true))
        .name("it", |world| &world.0)
        .name("history", |world| &world.1)
}

/// What one task does.
fn task<T: Subject>((object, history): &World<T>, me: usize, ops: &[Op<T>]) {
    let mut held = T::Held::default();
    for op in ops {
        history.call(op.clone(), || object.perform(&mut held, me as Task, op));
    }
    while let Some(op) = T::closing(&held) {
        history.call(op.clone(), || object.perform(&mut held, me as Task, &op));
    }
}

/// Panics unless the specification allows what was recorded; `who` tells which task of the
/// generated program a client is.
pub(super) fn demand<S: Specification>(
    model: &Judge<S>,
    recorder: &Recorder<S::Op, S::Ret, ROOM>,
    who: &dyn Fn(usize) -> usize,
    stuck: bool,
) {
    let history = model.events(&recorder.history(), &recorder.deaths(), who, stuck);
    match judge(model, &history, &Options::default()) {
        Judgement::Holds => {}
        Judgement::Broken(why) => {
            let name = |client: usize| match client {
                usize::MAX => "the end".to_owned(),
                task => format!("task {task}"),
            };
            panic!("not as specified: {}", explain(model, &history, &why, &name));
        }
        Judgement::Inconclusive(why) => panic!("nobody can tell: {why}"),
    }
}
