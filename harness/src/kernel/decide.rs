//! The decision: who goes on, or how the execution ends.
//!
//! Taken by the running task at its scheduling point, with the plan that the
//! strategy wrote before the execution.

use super::choice::{Choice, Outcome};
use super::plan::Mismatch;
use super::state::{Kernel, Launch};
use super::task::State;

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum End {
    /// Every task ended.
    Finished,
    /// Nobody is enabled, somebody is unfinished.
    Deadlock,
    /// The bound on steps was reached.
    StepBound,
    /// A task panicked.
    Panicked,
    /// A process or thread died without a word.
    Died,
    /// The plan's prefix named a task that was not enabled.
    Diverged,
    /// The engine gave the execution up, and says why itself.
    GivenUp,
}

impl Kernel {
    /// Moves the turn: during the start of tasks along their order, else by choice.
    #[inline(always)]
    pub(crate) fn advance(&mut self) {
        if self.launch == Launch::Done { self.pick() } else { self.launch_next() }
    }

    #[cold]
    fn launch_next(&mut self) {
        if self.over {
            return;
        }
        match self.launch {
            Launch::Next if self.current + 1 < self.tasks => self.current += 1,
            Launch::Back => {
                self.launch = Launch::Done;
                self.current = self.task(self.current as usize).parent;
            }
            Launch::Next | Launch::Done => {
                self.launch = Launch::Done;
                self.current = 0;
                self.pick();
            }
        }
    }

    /// Chooses the next task and records the choice, or ends the execution.
    #[inline]
    fn pick(&mut self) {
        if self.over {
            return;
        }
        if self.steps as usize >= self.limits.steps {
            return self.finish_as(End::StepBound, self.current);
        }
        if self.cursor < self.plan.prefix && self.follow() {
            return;
        }
        // SAFETY: there is at least one word of capacity.
        let first = unsafe { *self.parts.enabled };
        // Most programs have at most 64 tasks; their whole set is one word.
        let task = if self.words <= 1 {
            if first == 0 {
                return self.stuck();
            }
            self.choose_in(first)
        } else {
            let count: u32 = self.enabled().iter().map(|word| word.count_ones()).sum();
            if count == 0 {
                return self.stuck();
            }
            self.choose_among(count)
        };
        self.commit(Choice::run(task));
    }

    /// Takes the next choice of the prefix; false if it has none left that can be
    /// taken.
    #[inline(never)]
    fn follow(&mut self) -> bool {
        while self.cursor < self.plan.prefix {
            let choice = self.prefix_choice(self.cursor);
            let possible = match choice.outcome() {
                Outcome::Run => self.is_enabled(choice.task()),
                Outcome::TimeOut => {
                    self.enabled().iter().all(|&word| word == 0)
                        && self.next_deadline() == Some(choice.task())
                }
            };
            self.cursor += 1;
            if possible {
                match choice.outcome() {
                    Outcome::Run => self.commit(choice),
                    Outcome::TimeOut => self.time_out(choice.task()),
                }
                return true;
            }
            if self.plan.mismatch == Mismatch::Stop {
                self.finish_as(End::Diverged, choice.task() as u32);
                return true;
            }
        }
        false
    }

    #[inline]
    fn commit(&mut self, choice: Choice) {
        if self.plan.log_enabled {
            self.log_enabled();
        }
        if self.plan.record {
            self.record(choice);
        }
        // SAFETY: `pick` checked steps < limits.steps, the length of `choices`.
        unsafe { self.parts.choices.add(self.steps as usize).write(choice) };
        self.steps += 1;
        self.current = choice.task() as u32;
    }

    #[inline(never)]
    fn log_enabled(&mut self) {
        let at = self.steps as usize * self.parts.stride;
        // SAFETY: `pick` checked steps; the log has stride >= words words a step.
        unsafe {
            std::ptr::copy_nonoverlapping(self.parts.enabled, self.parts.log.add(at), self.words as usize);
        }
    }

    /// Nobody is enabled: everything is done, or a deadline passes, or this is a
    /// deadlock.
    #[cold]
    fn stuck(&mut self) {
        if self.alive == 0 {
            return self.finish_as(End::Finished, super::NOBODY);
        }
        let space = self.task(self.current as usize).process + 1;
        if self.guards.refresh(space, self.parts.enabled, self.words as usize) {
            return self.pick();
        }
        match self.next_deadline() {
            Some(task) => self.time_out(task),
            None => self.finish_as(End::Deadlock, super::NOBODY),
        }
    }

    /// The live task with the earliest deadline; the lowest number wins a tie.
    fn next_deadline(&self) -> Option<usize> {
        (0..self.tasks as usize)
            .filter(|&index| {
                self.task(index).state == State::Live && self.task(index).op.deadline != u64::MAX
            })
            .min_by_key(|&index| self.task(index).op.deadline)
    }

    fn time_out(&mut self, index: usize) {
        self.clock = self.clock.max(self.task(index).op.deadline);
        self.task(index).timed_out = true;
        self.commit(Choice::new(index, Outcome::TimeOut));
    }

    /// Ends the execution.
    pub(crate) fn finish_as(&mut self, end: End, culprit: u32) {
        if !self.over {
            self.over = true;
            self.end = end;
            self.culprit = culprit;
            if self.plan.record {
                for task in 0..self.tasks as usize {
                    self.task(task).ready = self.is_enabled(task);
                }
            }
        }
    }
}
