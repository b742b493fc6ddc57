//! Wakeup trees: what shall be tried from a state, as sequences of tasks that share
//! their beginnings.
//!
//! Called by the strategy. A tree is an ordered list of branches; they are tried in that
//! order. A sequence is put in only if no branch covers it already. Where that is not
//! known before a branch was run, the sequence waits until all branches were; if more than the
//! first step of that branch is planned, it is put in there as well.
//!
//! 1. No two branches begin with the same task.
//! 2. A leaf stands for everything that can follow it.
//! 3. What waits, waits for a branch: where no branch is left, it is looked at again.
//! 4. A sequence whose race is with what its last step did besides its operation is put behind
//!    a leaf that covers it: what follows a leaf may be thought to be covered by a sleeper that
//!    commutes with that operation.

use super::open::Cover;
use super::reversal::{Begins, Item, Reversal, Waiting};
use super::trace::Trace;
use crate::kernel::{Kernel, Sleeper};

/// A task that goes on, and what then.
pub(super) struct Node {
    pub(super) who: Sleeper,
    /// Its step touches nothing else.
    known: bool,
    /// It goes on if it can after a step that is not known; if it cannot, nothing of what is
    /// planned behind it can happen.
    pub(super) perhaps: bool,
    pub(super) then: Tree,
}

/// What shall be tried from a state.
#[derive(Default)]
pub(super) struct Tree {
    branches: Vec<Node>,
    waiting: Vec<Waiting>,
}

/// One node after the other: a tree is as deep as an execution is long, too deep for a call within
/// a call for each step.
impl Drop for Tree {
    fn drop(&mut self) {
        let mut left = std::mem::take(&mut self.branches);
        while let Some(mut node) = left.pop() {
            left.append(&mut node.then.branches);
        }
    }
}

impl Tree {
    pub(super) fn is_empty(&self) -> bool {
        self.branches.is_empty() && self.waiting.is_empty()
    }

    /// The next branch, which leaves the tree.
    pub(super) fn next(&mut self) -> Option<Node> {
        (!self.branches.is_empty()).then(|| self.branches.remove(0))
    }

    /// What is planned behind the first step of a task, which leaves the tree.
    pub(super) fn take(&mut self, task: usize) -> Tree {
        let branch = self.branches.iter().position(|node| node.who.task as usize == task);
        branch.map_or_else(Tree::default, |at| self.branches.remove(at).then)
    }

    /// What waited, if there is no branch left.
    pub(super) fn waiting(&mut self) -> Vec<Waiting> {
        if self.branches.is_empty() { std::mem::take(&mut self.waiting) } else { Vec::new() }
    }

    /// Puts a sequence in, unless it is covered. Says by which first step it is from now on.
    pub(super) fn insert(&mut self, mut steps: Reversal, trace: &Trace, kernel: &Kernel) -> Cover {
        let mut tree = self;
        let mut cover = None;
        while !steps.is_empty() {
            let begins = |node: &Node| {
                let next = || steps.next_of(&node.who, trace, kernel);
                steps.begins_with(node.who.task as usize, node.known, next, trace)
            };
            let found =
                tree.branches.iter().map(begins).enumerate().find(|(_, begins)| *begins != Begins::No);
            let Some((at, begins)) = found else {
                tree.branches.extend(branch(&steps));
                break;
            };
            let node = &mut tree.branches[at];
            cover.get_or_insert(match begins {
                Begins::Beside => Cover::Beside(node.who),
                Begins::Perhaps => Cover::Perhaps,
                _ => Cover::Within,
            });
            let who = node.who.task as usize;
            let goes_on = !node.then.is_empty();
            match begins {
                Begins::Yes | Begins::Beside if goes_on => {}
                Begins::Yes | Begins::Beside => {
                    if steps.beside {
                        steps.drop_first_of(who);
                        node.then.branches.extend(branch(&steps));
                    }
                    break;
                }
                // What is planned behind that step is not all that will be run there.
                _ if goes_on => tree.waiting.push(steps.clone().waiting_for(who, trace)),
                _ => {
                    tree.waiting.push(steps.waiting_for(who, trace));
                    break;
                }
            }
            steps.drop_first_of(who);
            tree = &mut node.then;
        }
        cover.unwrap_or(Cover::Within)
    }
}

/// A sequence as a branch.
fn branch(steps: &Reversal) -> Option<Node> {
    steps.steps().iter().rev().fold(None, |then, &Item { who, known, perhaps, .. }| {
        let then = Tree { branches: then.into_iter().collect(), waiting: Vec::new() };
        Some(Node { who, known, perhaps, then })
    })
}
