//! Sums over what the tasks have left to do on the object of interest, so that one of a
//! thousand tasks is drawn by that in ten steps. A few tasks are asked one by one, which is
//! quicker than to keep sums.
//!
//! Used by `surw`, and by nobody else: the numbers lie in the arena beside the standings and
//! are kept only while that policy runs.
//!
//! A binary indexed tree (Fenwick, "A new data structure for cumulative frequency tables",
//! Software: Practice and Experience 24, 1994). Node i, counted from 1, has the sum of as
//! many tasks up to number i - 1 as the lowest set bit of i says.
//!
//! 1. There are as many nodes as tasks, or none where the tasks are [few](FEW): a new task adds
//!    one, made from those before it, so that nothing has to be cleared between executions.
//! 2. While policy `Surw` runs, the sum of a task alone is the `keen` of its standing, and the
//!    sum of all is the `total` of the guide.
//!
//! When a process dies here, the tree lies in the arena as it was.

use crate::kernel::data::state::Kernel;

/// So many tasks have no sums.
const FEW: usize = 16;

/// The part of a number that says how many tasks a node sums up.
#[inline(always)]
fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

impl Kernel {
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "a node belongs to whoever holds the turn, as a slot does")]
    fn node(&self, node: usize) -> &mut u64 {
        debug_assert!((1..=self.tasks as usize).contains(&node));
        // SAFETY: 1 <= node <= tasks <= capacity, and there are capacity + 1 nodes; only the
        // holder of the turn touches them, and no caller takes two of one number.
        unsafe { &mut *self.parts.sums.add(node) }
    }

    /// Whether there are no sums.
    #[inline(always)]
    pub(super) fn are_few(&self) -> bool {
        self.tasks as usize <= FEW
    }

    /// The newest task has this much, as its standing says.
    pub(super) fn append_sum(&mut self, keen: u32) {
        self.guide.total += u64::from(keen);
        let new = self.tasks as usize;
        if new > FEW {
            // The first that are no longer few make the nodes of those before them, too.
            let first = if new == FEW + 1 { 1 } else { new };
            (first..=new).for_each(|node| self.make_node(node));
        }
    }

    /// Makes a node from those before it.
    fn make_node(&mut self, new: usize) {
        let mut sum = u64::from(self.standing(new - 1).keen);
        let mut node = new - 1;
        while node > new - lowest_bit(new) {
            sum += *self.node(node);
            node -= lowest_bit(node);
        }
        *self.node(new) = sum;
    }

    /// What a task has has changed.
    #[inline(always)]
    pub(super) fn change_sum(&mut self, task: usize, from: u32, to: u32) {
        let change = u64::from(to).wrapping_sub(u64::from(from));
        self.guide.total = self.guide.total.wrapping_add(change);
        if !self.are_few() {
            self.change_nodes(task, change);
        }
    }

    #[inline(never)]
    fn change_nodes(&mut self, task: usize, change: u64) {
        let mut node = task + 1;
        while node <= self.tasks as usize {
            let sum = self.node(node);
            *sum = sum.wrapping_add(change);
            node += lowest_bit(node);
        }
    }

    /// What the first so many tasks have together.
    pub(super) fn sum_of_first(&self, tasks: usize) -> u64 {
        if self.are_few() {
            return (0..tasks).map(|task| u64::from(self.standing(task).keen)).sum();
        }
        let (mut sum, mut node) = (0, tasks);
        while node > 0 {
            sum += *self.node(node);
            node -= lowest_bit(node);
        }
        sum
    }

    /// The task on which `rest` falls where what they have lies side by side. It is less
    /// than the sum of all.
    #[inline(always)]
    pub(super) fn task_at_sum(&self, mut rest: u64) -> usize {
        if !self.are_few() {
            return self.find_by_nodes(rest);
        }
        let mut task = 0;
        loop {
            let keen = u64::from(self.standing(task).keen);
            if rest < keen {
                return task;
            }
            rest -= keen;
            task += 1;
        }
    }

    #[inline(never)]
    fn find_by_nodes(&self, mut rest: u64) -> usize {
        let tasks = self.tasks as usize;
        let (mut task, mut half) = (0, 1 << tasks.ilog2());
        while half > 0 {
            if task + half <= tasks && *self.node(task + half) <= rest {
                task += half;
                rest -= *self.node(task);
            }
            half /= 2;
        }
        task
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::{Arena, Limits, Mode, Rng};

    /// The task on which `rest` falls, found by asking each.
    fn asked(weights: &[u32], mut rest: u64) -> usize {
        let falls = |&weight: &u32| {
            let here = rest < u64::from(weight);
            rest = rest.wrapping_sub(u64::from(weight));
            here
        };
        weights.iter().position(falls).expect("rest is less than all weights")
    }

    #[test]
    fn a_sum_finds_the_task_that_asking_each_finds() {
        let arena = Arena::new(Limits { tasks: 256, ..Limits::default() }, Mode::Sim).unwrap();
        // SAFETY: the arena lives as long as the test, and nobody else has its kernel.
        let kernel = unsafe { &mut *arena.kernel() };
        let mut rng = Rng::new(7);
        // Twice: what the first round leaves behind must not show in the second.
        for tasks in [200_usize, 130] {
            let mut weights = Vec::new();
            kernel.tasks = 0;
            kernel.guide.total = 0;
            while weights.len() < tasks {
                weights.push(rng.below(4));
                kernel.tasks += 1;
                let new = weights.len() - 1;
                kernel.standing(new).keen = weights[new];
                kernel.append_sum(weights[new]);
                let (task, now) = (rng.below(kernel.tasks) as usize, rng.below(4));
                kernel.set_keen(task, now);
                weights[task] = now;
                let all: u32 = weights.iter().sum();
                assert_eq!(kernel.sum_of_first(weights.len()), u64::from(all));
                assert_eq!(kernel.guide.total, u64::from(all));
                if all > 0 {
                    let rest = u64::from(rng.below(all));
                    assert_eq!(kernel.task_at_sum(rest), asked(&weights, rest), "{weights:?}");
                }
            }
        }
    }
}
