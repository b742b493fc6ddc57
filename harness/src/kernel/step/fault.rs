//! Faults as choices: which are possible now, which one is injected, and what it does.
//!
//! Called at each decision while faults are armed; the strategies read the log of what
//! was possible. A fault is a choice like any other: it takes a step of the schedule.
//! A fault that gives nobody the turn (a kill, a wake-up without cause) is followed by
//! a further decision.
//!
//! In random runs the places are drawn before the execution: as many steps as may have
//! a fault, uniform over the length of the longest of a few runs, or over twice that, four
//! times and so on, each a third as often as the one before, because no run tells how long
//! another one will be; at each, one of the kinds that are possible then, and one of the tasks
//! that it can happen to.
//!
//! When a process dies here, that is the point: `real` kills it with SIGKILL and waits
//! until the operating system has closed its files and marked its robust locks before
//! anybody goes on; in `sim` its fiber is never resumed, and nothing on it is dropped.

use crate::fault::Faults;
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::State;
use crate::kernel::schedule::choice::{Choice, Outcome};
use crate::kernel::schedule::rng::Rng;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use selvedge::platform::Cmp;
use selvedge::sys::death::await_death;

/// Signals that a task can be sent as a fault.
pub(in crate::kernel) const SIGNALS: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGALRM, Signal::SIGUSR1, Signal::SIGUSR2];

/// Kinds of faults that are a choice at a decision.
pub(crate) const KINDS: usize = 5 + SIGNALS.len();

/// The outcome of the fault with this number, below [`KINDS`].
pub(crate) fn outcome(kind: usize) -> Outcome {
    match kind {
        0 => Outcome::TimeOut,
        1 => Outcome::Spurious,
        2 => Outcome::Interrupt,
        3 => Outcome::Short,
        4 => Outcome::Kill,
        _ => Outcome::Signal(SIGNALS[kind - 5] as u8),
    }
}

/// The most faults of one execution whose places are drawn.
const PLACES: usize = 8;

/// What may go wrong, as plain data.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FaultPlan {
    /// The most of each budget: timeouts, spurious, eintr, short, kills, signals.
    pub(crate) most: [u8; 6],
    pub(crate) drift: bool,
    pub(crate) wake_any: bool,
    /// Places are drawn at random; else only the prefix has faults.
    pub(crate) inject: bool,
    /// A fault may be due at any decision.
    pub(in crate::kernel) armed: bool,
    /// Steps over which most places are drawn.
    pub(crate) horizon: u32,
    left: [u8; 6],
    /// Steps at which a fault is due, ascending; `u32::MAX` where there is none.
    places: [u32; PLACES],
    next: u8,
    rng: Rng,
}

impl FaultPlan {
    pub(crate) const NONE: FaultPlan = FaultPlan {
        most: [0; 6],
        drift: false,
        wake_any: false,
        inject: false,
        armed: false,
        horizon: 0,
        left: [0; 6],
        places: [u32::MAX; PLACES],
        next: 0,
        rng: Rng::new(0),
    };

    /// Whether any decision has to look for faults.
    pub(crate) fn any(&self) -> bool {
        self.most != [0; 6]
    }

    /// Before an execution: fills the budgets and draws the places.
    pub(in crate::kernel) fn reset(&mut self, seed: u64) {
        self.left = self.most;
        self.places = [u32::MAX; PLACES];
        self.next = 0;
        self.armed = self.inject && self.any();
        if !self.armed {
            return;
        }
        self.rng = Rng::derive(seed, u64::from(u32::MAX));
        let total: usize = self.most.iter().map(|&most| usize::from(most)).sum();
        for index in 0..total.min(PLACES) {
            // The first always, the others in half of the executions each.
            if index == 0 || self.rng.below(2) == 0 {
                self.places[index] = self.draw();
            }
        }
        self.places.sort_unstable();
    }

    /// A step at which a fault is due.
    fn draw(&mut self) -> u32 {
        let mut within = self.horizon.max(1);
        while self.rng.below(3) == 0 {
            within = within.saturating_mul(2);
        }
        self.rng.below(within)
    }

    fn budget(kind: usize) -> usize {
        kind.min(5)
    }
}

impl Kernel {
    /// Whether a fault of this kind can happen to a task now.
    fn can_happen(&self, kind: usize, index: usize, earliest: u64) -> bool {
        let task = self.task(index);
        if task.state != State::Live {
            return false;
        }
        let waits = task.op.deadline != u64::MAX && !self.is_enabled(index);
        match kind {
            0 => waits && (self.faults.drift || task.op.deadline == earliest),
            1 => task.parked && self.sees_guard_after(index),
            2 => task.span > 0,
            3 => task.span > 1 && self.is_enabled(index),
            4 => task.victim,
            _ => {
                let bit = 1 << (kind - 5);
                task.handlers & !task.blocked & bit != 0 && !task.handling && !task.interrupted
            }
        }
    }

    /// Calls `found` for each fault that is possible now, kinds in order, tasks in order.
    fn possible_faults(&self, mut found: impl FnMut(usize, usize)) {
        let earliest = (0..self.tasks as usize)
            .filter(|&index| self.task(index).state == State::Live && !self.is_enabled(index))
            .map(|index| self.task(index).op.deadline)
            .min()
            .unwrap_or(u64::MAX);
        for kind in 0..KINDS {
            if self.faults.left[FaultPlan::budget(kind)] == 0 {
                continue;
            }
            for index in 0..self.tasks as usize {
                if self.can_happen(kind, index, earliest) {
                    found(kind, index);
                }
            }
        }
    }

    /// Whether the guard that a sleeper has once it is woken can be looked at from where the
    /// decision is taken: it may lie in memory that only the sleeper's process has. The same in
    /// both engines, also in the one where all memory is one.
    fn sees_guard_after(&self, sleeper: usize) -> bool {
        let task = self.task(sleeper);
        let alone =
            task.resumes && task.resume.guard.cmp != Cmp::Always && !self.is_shared(task.resume.guard.word);
        let decider = self.current;
        !alone || decider < self.tasks && self.task(decider as usize).process == task.process
    }

    /// Random runs: injects a fault if one is due; tells whether that gave the turn.
    #[cold]
    pub(in crate::kernel) fn inject(&mut self) -> Option<bool> {
        let due = self.faults.places.get(usize::from(self.faults.next)).copied().unwrap_or(u32::MAX);
        if self.steps < due {
            return None;
        }
        let mut counts = [0_u32; KINDS];
        self.possible_faults(|kind, _| counts[kind] += 1);
        let kinds = counts.iter().filter(|&&count| count > 0).count() as u32;
        if kinds == 0 {
            return None;
        }
        self.faults.next += 1;
        let nth = self.faults.rng.below(kinds) as usize;
        let kind = (0..KINDS).filter(|&kind| counts[kind] > 0).nth(nth).unwrap_or(0);
        let mut left = self.faults.rng.below(counts[kind]);
        let mut victim = 0;
        self.possible_faults(|other, index| {
            if other == kind {
                if left == 0 {
                    victim = index;
                }
                left = left.wrapping_sub(1);
            }
        });
        Some(self.happen(Choice::new(victim, outcome(kind))))
    }

    /// A choice of the prefix that is a fault: performs it if it is possible. `None` if it
    /// is not; else whether the turn was given, or the execution is over.
    pub(in crate::kernel) fn follow_fault(&mut self, choice: Choice) -> Option<bool> {
        let index = choice.task();
        if index >= self.tasks as usize || self.task(index).state != State::Live {
            return None;
        }
        let possible = match choice.outcome() {
            Outcome::Kill => true,
            Outcome::Spurious => self.task(index).parked && self.sees_guard_after(index),
            Outcome::Interrupt => self.task(index).span > 0,
            Outcome::Short => self.task(index).span > 1 && self.is_enabled(index),
            Outcome::Signal(signal) => {
                let at = SIGNALS.iter().position(|&other| other as u8 == signal);
                at.is_some_and(|at| self.can_happen(5 + at, index, 0))
            }
            Outcome::TimeOut => self.task(index).op.deadline != u64::MAX && !self.is_enabled(index),
            Outcome::Run | Outcome::Woken => false,
        };
        possible.then(|| self.happen(choice))
    }

    /// Performs a fault that is possible; true if the turn was given.
    fn happen(&mut self, choice: Choice) -> bool {
        // Before it changes what was possible, or else nothing would be tried in its stead.
        self.log_alternatives();
        let index = choice.task();
        let kind = (0..KINDS).find(|&kind| outcome(kind) == choice.outcome()).unwrap_or(0);
        let left = &mut self.faults.left[FaultPlan::budget(kind)];
        *left = left.saturating_sub(1);
        match choice.outcome() {
            Outcome::Kill => {
                self.write_down(choice);
                self.kill_process(self.task(index).process as usize, Signal::SIGKILL);
                false
            }
            Outcome::Spurious => {
                self.write_down(choice);
                self.rouse(index);
                false
            }
            Outcome::TimeOut => {
                self.pass_time(self.task(index).op.deadline);
                self.write_down(choice);
                self.current = index as u32;
                true
            }
            other => {
                if matches!(other, Outcome::Signal(_)) {
                    self.interrupt(index);
                }
                self.task(index).outcome = other;
                self.write_down(choice);
                self.current = index as u32;
                true
            }
        }
    }

    /// Kills a process by a signal, while a decision is taken or another process runs.
    pub(in crate::kernel) fn kill_process(&mut self, process: usize, signal: Signal) {
        if self.mode == Mode::Real {
            let pid = self.task(process).pid();
            if pid == std::process::id() {
                // Whoever gets the turn next waits for the end of this process.
                self.dying = pid;
                self.condemned = true;
            } else if pid != 0 && kill(Pid::from_raw(pid as i32), signal).is_ok() {
                await_death(pid);
            }
        }
        self.kill(process, signal as i32);
        self.look_again();
    }

    /// Writes down which faults were possible at this step.
    #[cold]
    pub(in crate::kernel) fn log_faults(&mut self) {
        let stride = self.parts.stride;
        let at = |kind: usize| (kind * self.limits.steps + self.steps as usize) * stride;
        for kind in 0..KINDS {
            // SAFETY: steps < limits.steps, and the log has KINDS * limits.steps * stride words.
            unsafe { self.parts.faults.add(at(kind)).write_bytes(0, self.words as usize) };
        }
        let log = self.parts.faults;
        self.possible_faults(|kind, index| {
            // SAFETY: as above; index < 64 * words.
            unsafe { *log.add(at(kind) + index / 64) |= 1 << (index % 64) };
        });
    }

    /// The tasks to which a fault of this kind could have happened at a step, if the plan
    /// asked for the log and faults are on.
    pub(crate) fn possible_at(&self, kind: usize, step: usize) -> &[u64] {
        debug_assert!(self.plan.log_enabled && self.faults.any() && step < self.steps as usize);
        // SAFETY: as in `log_faults`.
        unsafe {
            let at = (kind * self.limits.steps + step) * self.parts.stride;
            std::slice::from_raw_parts(self.parts.faults.add(at), self.words as usize)
        }
    }

    /// From now on executions may have these faults: at places drawn at random over
    /// `horizon` steps, or, without a horizon, where the prefix says.
    pub(crate) fn arm(&mut self, faults: &Faults, horizon: Option<u32>) {
        let Faults { kills, signals, eintr, short_io, spurious, timeouts, drift, wake_any, victims } = faults;
        self.faults = FaultPlan {
            most: [*timeouts, *spurious, *eintr, *short_io, *kills, *signals],
            drift: *drift,
            wake_any: *wake_any,
            inject: horizon.is_some(),
            horizon: horizon.unwrap_or(0),
            ..FaultPlan::NONE
        };
        self.victims.set(&victims.join("\n"));
    }

    /// Whether the victims were named.
    pub(crate) fn names_victims(&self) -> bool {
        !self.victims.is_empty()
    }

    /// Whether somebody was there who may be killed.
    pub(crate) fn has_victim(&self) -> bool {
        (0..self.tasks as usize).any(|index| self.task(index).victim)
    }

    /// Decides whether a task may be killed: one that is named, or any if nobody is;
    /// whoever checks the others (the main task of a dynamic program) only if named.
    pub(crate) fn mark_victim(&mut self, index: usize, name: &str) {
        let victims = self.victims.as_str();
        let named = || victims.lines().any(|victim| crate::fault::matches(victim, name));
        let is_victim = if victims.is_empty() { self.judge_task != index as u32 } else { named() };
        self.task(index).victim = is_victim;
    }
}
