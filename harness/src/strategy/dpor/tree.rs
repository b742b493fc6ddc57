//! Wakeup trees: what shall be tried from a state, as sequences of tasks that share
//! their beginnings.
//!
//! Called by `races`. A tree is an ordered list of branches; they are tried in that
//! order. A sequence is put in only if no branch covers it already.
//!
//! 1. No two branches begin with the same task.
//! 2. A leaf stands for everything that can follow it.

use super::races::Reversal;
use super::trace::Trace;
use crate::kernel::{Kernel, Sleeper};

/// A task that goes on, and what then.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) who: Sleeper,
    pub(super) then: Vec<Node>,
}

/// Puts a sequence into the tree of a state, unless it is covered.
pub(super) fn insert(mut tree: &mut Vec<Node>, mut steps: Reversal, trace: &Trace, kernel: &Kernel) {
    while !steps.is_empty() {
        let found = tree.iter().position(|node| steps.begin_with(&node.who, trace, kernel));
        let Some(at) = found else {
            let mut branch = None;
            for who in steps.tasks().rev() {
                branch = Some(Node { who, then: branch.into_iter().collect() });
            }
            tree.extend(branch);
            return;
        };
        let node = &mut tree[at];
        steps.drop_first_of(node.who.task as usize);
        if node.then.is_empty() {
            return;
        }
        tree = &mut node.then;
    }
}
