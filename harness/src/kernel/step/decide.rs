//! The decision: who goes on, or how the execution ends.
//!
//! Taken by the running task at its scheduling point, with the plan that the
//! strategy wrote before the execution.

use crate::kernel::data::state::{Kernel, Launch, Mode};
use crate::kernel::data::task::State;
use crate::kernel::schedule::choice::{Choice, Outcome};
use crate::kernel::schedule::event::EVERYTHING;
use crate::kernel::schedule::plan::{Mismatch, Policy};

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
    /// Two tasks touched plain data, and nothing orders them.
    Raced,
    /// A judge that a task called could not decide; the note says why.
    Undecided,
    /// A process or thread died without a word.
    Died,
    /// Everybody who is enabled sleeps: policy `Awake` has nobody to choose.
    Blocked,
    /// The plan's prefix named a task that was not enabled.
    Diverged,
    /// The engine gave the execution up, and says why itself.
    GivenUp,
}

impl End {
    /// Whether a step ended the execution, on which nobody could go on after it.
    pub(crate) fn is_sudden(self) -> bool {
        matches!(self, End::Panicked | End::Raced | End::Undecided | End::Died)
    }
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
        self.note_rare_aim(self.current as usize);
        if self.descriptors.waiting > 0 && self.dying == 0 {
            self.look_at_descriptors();
        }
        match self.launch {
            Launch::Back => {
                self.launch = Launch::Done;
                self.current = self.task(self.current as usize).parent;
                // A thread that exits before its first operation took its parent along.
                if self.task(self.current as usize).state != State::Live {
                    self.pick_with_care();
                }
            }
            Launch::Next | Launch::Done => match self.next_to_launch() {
                Some(task) => self.current = task,
                None => {
                    self.launch = Launch::Done;
                    self.current = 0;
                    self.pick_with_care();
                }
            },
        }
    }

    /// The next of the tasks that exist from the start, unless its process ended before it began.
    fn next_to_launch(&mut self) -> Option<u32> {
        (self.current + 1..self.tasks).find(|&task| self.task(task as usize).state == State::Starting)
    }

    /// Chooses the next task and records the choice, or ends the execution.
    #[inline(always)]
    fn pick(&mut self) {
        if self.steps < self.plain_until {
            // SAFETY: there is at least one word of capacity.
            let set = unsafe { *self.parts.enabled };
            if set != 0 {
                let task = self.choose_in(set);
                // SAFETY: steps < plain_until <= limits.steps, the length of `choices`.
                unsafe { self.parts.choices.add(self.steps as usize).write(Choice::run(task)) };
                self.steps += 1;
                self.current = task as u32;
                return;
            }
        }
        self.pick_with_care();
    }

    /// Finds out up to which step decisions of this execution are plain: nothing but the
    /// policy takes them, and nothing but the choice is written down. What makes one
    /// different later (more tasks than one word of the set has, a wait for a descriptor, the
    /// end) calls [`be_careful`](Self::be_careful).
    pub(in crate::kernel) fn find_plain_steps(&mut self) {
        let plan = &self.plan;
        let special = plan.log_enabled || plan.record || plan.prefix > 0 || self.faults.armed;
        let plain = !special && plan.policy != Policy::Awake;
        self.plain_until = if plain { u32::try_from(self.limits.steps).unwrap_or(u32::MAX) } else { 0 };
    }

    /// No decision of this execution is plain any more.
    #[inline]
    pub(in crate::kernel) fn be_careful(&mut self) {
        self.plain_until = 0;
    }

    /// The same where a decision may be more than that of a policy.
    #[inline(never)]
    fn pick_with_care(&mut self) {
        if self.over {
            return;
        }
        self.note_rare_aim(self.current as usize);
        if self.descriptors.waiting > 0 && self.look_at_descriptors() {
            return;
        }
        if self.steps as usize >= self.limits.steps {
            return self.finish_as(End::StepBound, self.current);
        }
        if self.cursor < self.plan.prefix && self.follow() {
            return;
        }
        if self.faults.armed
            && let Some(given) = self.inject()
        {
            if !given {
                self.pick_with_care();
            }
            return;
        }
        if self.plan.policy == Policy::Awake {
            return self.pick_awake();
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
            match self.tidy() {
                0 => return self.stuck(),
                // All in one word, as where most tasks wait or have ended.
                word if word.is_power_of_two() && self.coarse == 0 => {
                    self.choose_in_word(word.trailing_zeros() as usize)
                }
                _ => self.choose_among(),
            }
        };
        self.commit(Choice::run(task));
    }

    /// Takes the next choices of the prefix up to one that gives somebody the turn; false
    /// if it has none left that can be taken.
    #[inline(never)]
    fn follow(&mut self) -> bool {
        let mut happened = false;
        while self.cursor < self.plan.prefix {
            let choice = self.prefix_choice(self.cursor);
            self.cursor += 1;
            let given = match choice.outcome() {
                Outcome::Run => self.is_ready(choice.task()).then(|| {
                    self.commit(choice);
                    true
                }),
                _ => self.follow_fault(choice),
            };
            match given {
                Some(true) => return true,
                Some(false) => {
                    happened = true;
                    // A death may have made descriptors ready: look first.
                    if self.descriptors.waiting > 0 {
                        break;
                    }
                }
                None => match self.plan.mismatch {
                    Mismatch::Skip => {}
                    Mismatch::DropFrom(index) if self.cursor > index => self.cursor = self.plan.prefix,
                    Mismatch::Stop | Mismatch::DropFrom(_) => {
                        self.finish_as(End::Diverged, choice.task() as u32);
                        return true;
                    }
                },
            }
        }
        if happened {
            // Steps were taken: begin with the bound on them.
            self.pick_with_care();
        }
        happened
    }

    /// Whether a task can go on, if need be after time has passed.
    fn is_ready(&mut self, task: usize) -> bool {
        while !self.is_enabled(task) {
            if self.enabled().iter().any(|&word| word != 0) || !self.revive() {
                return false;
            }
        }
        true
    }

    /// Gives a task the turn.
    #[inline]
    pub(in crate::kernel) fn commit(&mut self, choice: Choice) {
        self.note_choice(choice);
        self.current = choice.task() as u32;
    }

    /// Writes a choice down, and what else there was; the turn stays where it is.
    #[inline]
    pub(in crate::kernel) fn note_choice(&mut self, choice: Choice) {
        self.log_alternatives();
        self.write_down(choice);
    }

    /// Writes down what may be chosen at this step, if the plan asks for that.
    #[inline]
    pub(in crate::kernel) fn log_alternatives(&mut self) {
        if self.plan.logs() {
            self.log_enabled();
        }
    }

    /// Writes a choice down whose alternatives were logged.
    #[inline]
    pub(in crate::kernel) fn write_down(&mut self, choice: Choice) {
        if self.plan.record {
            self.record(choice);
        }
        // SAFETY: `pick` checked steps < limits.steps, the length of `choices`.
        unsafe { self.parts.choices.add(self.steps as usize).write(choice) };
        self.steps += 1;
    }

    #[inline(never)]
    fn log_enabled(&mut self) {
        let at = self.steps as usize * self.parts.stride;
        // SAFETY: `pick` checked steps; the log has stride >= words words a step.
        unsafe {
            std::ptr::copy_nonoverlapping(self.parts.enabled, self.parts.log.add(at), self.words as usize);
        }
        if self.faults.any() {
            self.log_faults();
        }
    }

    /// The alternatives of the last choice were these tasks, not the enabled ones.
    pub(in crate::kernel) fn log_instead(&mut self, tasks: &[usize]) {
        if !self.plan.logs() {
            return;
        }
        let at = (self.steps as usize - 1) * self.parts.stride;
        // SAFETY: as in `log_enabled`; every task number is below 64 * words.
        unsafe {
            let log = self.parts.log.add(at);
            log.write_bytes(0, self.words as usize);
            tasks.iter().for_each(|&task| *log.add(task / 64) |= 1 << (task % 64));
        }
    }

    /// Nobody is enabled: everything is done, or a deadline passes, or this is a
    /// deadlock.
    #[cold]
    pub(in crate::kernel) fn stuck(&mut self) {
        if self.alive == 0 {
            self.finish_as(End::Finished, crate::kernel::NOBODY);
        } else if self.revive() {
            self.pick_with_care();
        } else {
            self.finish_as(End::Deadlock, crate::kernel::NOBODY);
        }
    }

    /// Nobody is enabled: looks at all guards and descriptors again, then lets time pass to the next
    /// deadline; false if neither enables anybody.
    fn revive(&mut self) -> bool {
        if self.look_again() || self.look_at_everybody() {
            return true;
        }
        let waits = |&index: &usize| self.task(index).state == State::Live;
        let next = (0..self.tasks as usize).filter(waits).map(|index| self.task(index).op.deadline).min();
        match next.unwrap_or(u64::MAX).min(self.next_alarm()) {
            u64::MAX => false,
            deadline => {
                self.pass_time(deadline);
                true
            }
        }
    }

    /// Evaluates every guard again, for words that changed without the kernel's
    /// knowledge; true if any came out otherwise.
    pub(in crate::kernel) fn look_again(&mut self) -> bool {
        let space = self.space_here();
        self.guards.refresh(space, self.parts.enabled, self.words as usize)
    }

    /// The address space in which the decision is taken. In `real` that need not be the running
    /// task's: before the first step whoever arrived last decides, and after a death one who waits.
    fn space_here(&self) -> u32 {
        if self.mode == Mode::Sim {
            return 0;
        }
        let pid = selvedge::sys::process::id();
        let is_it = |&index: &usize| {
            let task = self.task(index);
            task.process as usize == index && task.pid() == pid
        };
        // The controller has no memory of a task's own.
        (0..self.tasks as usize).find(is_it).map_or(0, |process| process as u32 + 1)
    }

    /// Sets the clock forward: everybody whose deadline has passed then can go on.
    pub(in crate::kernel) fn pass_time(&mut self, to: u64) {
        self.clock = self.clock.max(to);
        for index in 0..self.tasks as usize {
            let task = self.task(index);
            if task.state == State::Live && task.op.deadline <= self.clock && !self.is_enabled(index) {
                self.delist(index);
                self.task(index).timed_out = true;
                self.task(index).since = self.steps;
                self.set_enabled(index);
            }
        }
        self.ring_alarms();
    }

    /// Ends the execution.
    pub(crate) fn finish_as(&mut self, end: End, culprit: u32) {
        if !self.over {
            self.over = true;
            self.be_careful();
            self.end = end;
            self.culprit = culprit;
            if self.plan.record {
                if end.is_sudden() {
                    // Nobody goes on after the step that did this: it commutes with nothing.
                    self.note_tail(|tail| tail.ends = EVERYTHING);
                }
                for task in 0..self.tasks as usize {
                    self.task(task).ready = self.is_enabled(task);
                    self.task(task).reads = self.would_only_read(task);
                }
            }
        }
    }
}
