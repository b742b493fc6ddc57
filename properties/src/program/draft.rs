//! A program as it was drawn, and how it is made smaller while it fails.
//!
//! Called by [`hunt`](super::hunt()). proptest knows for each parameter and each operation what
//! would be simpler than what it has drawn; what can be left out is tried here, one task or
//! operation at a time, so that of what remains nothing can be left out any more.
//!
//! 1. `ops` has a tree for each operation of `program`.
//! 2. The program fails, whatever the trees stand at.

use super::generated::{Generated, OPERATIONS, Part};
use super::subject::Generate;
use super::tried::Tried;
use crate::spec::Specification;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};
use std::fmt::Debug;

type Op<T> = <<T as Tried>::Spec as Specification>::Op;
type Tree<V> = Box<dyn ValueTree<Value = V>>;

/// How long to look for an execution that fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// While there is much to try.
    Short,
    /// Before it is said that nothing more can go.
    Long,
}

/// A program with what proptest knows about its parts.
pub(super) struct Draft<T: Tried> {
    pub(super) program: Generated<T::Spec>,
    setup: Tree<T::Spec>,
    ops: Vec<Vec<Tree<Op<T>>>>,
}

impl<T: Tried> Draft<T> {
    /// A program of at least 2 tasks of up to 6 operations.
    pub(super) fn draw(runner: &mut TestRunner) -> Result<Self, Reason> {
        let setup = T::setups().new_tree(runner)?;
        let mut ops = Vec::new();
        for _ in 0..(2..=T::Spec::TASKS).new_tree(runner)?.current() {
            let count = (1..=OPERATIONS).new_tree(runner)?.current();
            let drawn: Result<_, _> = (0..count).map(|_| T::ops().new_tree(runner)).collect();
            ops.push(drawn?);
        }
        let tasks = ops.iter().map(|ops: &Vec<Tree<_>>| ops.iter().map(|op| op.current()).collect());
        let program = Generated { setup: setup.current().fit(ops.len()), tasks: tasks.collect() };
        Ok(Draft { program, setup, ops })
    }

    /// The smallest program found of which `fails` says so: no task and no operation of it can
    /// be left out.
    pub(super) fn reduce(mut self, fails: impl Fn(&Generated<T::Spec>, Look) -> bool) -> Generated<T::Spec> {
        let quickly = |program: &_| fails(program, Look::Short);
        loop {
            self.leave_out(quickly);
            if !self.simplify(quickly) && !self.leave_out(|program| fails(program, Look::Long)) {
                return self.program;
            }
        }
    }

    /// Leaves out what can be; says whether that was anything.
    fn leave_out(&mut self, fails: impl Fn(&Generated<T::Spec>) -> bool) -> bool {
        let mut any = false;
        // What did not work before may do now.
        while self.sweep(&fails) {
            any = true;
        }
        any
    }

    /// Tries to leave out each part once, those that stand last first.
    fn sweep(&mut self, fails: impl Fn(&Generated<T::Spec>) -> bool) -> bool {
        let mut any = false;
        let tasks: Vec<Part> = self.program.whole_tasks().collect();
        any |= self.try_without(tasks, &fails);
        let operations: Vec<Part> = self.program.single_operations().collect();
        any | self.try_without(operations, fails)
    }

    fn try_without(&mut self, parts: Vec<Part>, fails: impl Fn(&Generated<T::Spec>) -> bool) -> bool {
        let mut any = false;
        for part in parts.into_iter().rev() {
            let candidate = self.program.without(part);
            // The last task stays.
            if !candidate.tasks.is_empty() && fails(&candidate) {
                self.program = candidate;
                part.leave_out_of(&mut self.ops);
                any = true;
            }
        }
        any
    }

    /// Makes parameters and operations simpler; says whether it did.
    fn simplify(&mut self, fails: impl Fn(&Generated<T::Spec>) -> bool) -> bool {
        let Draft { program, setup, ops } = self;
        let tasks = program.tasks.len();
        let mut any = simpler(setup, program, &fails, |program, setup| program.setup = setup.fit(tasks));
        for (task, ops) in ops.iter_mut().enumerate() {
            for (at, op) in ops.iter_mut().enumerate() {
                any |= simpler(op, program, &fails, |program, op| program.tasks[task][at] = op);
            }
        }
        any
    }
}

/// Walks down a tree as far as the program fails with the value that it stands at.
fn simpler<S: Specification, V: Debug>(
    tree: &mut Tree<V>,
    program: &mut Generated<S>,
    fails: impl Fn(&Generated<S>) -> bool,
    put: impl Fn(&mut Generated<S>, V),
) -> bool {
    let mut any = false;
    let mut moved = tree.simplify();
    while moved {
        let mut candidate = program.clone();
        put(&mut candidate, tree.current());
        if fails(&candidate) {
            *program = candidate;
            any = true;
            moved = tree.simplify();
        } else {
            moved = tree.complicate();
        }
    }
    any
}
