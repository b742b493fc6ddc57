//! Tasks whose descriptors are looked at one by one: those that are alone, or all who wait.
//!
//! Used by [`descriptor`](super::descriptor), where the counts and sets are kept. Only the process
//! that has a descriptor can look at it.
//!
//! | whose descriptor | who looks |
//! |---|---|
//! | of the process that decides, or in `sim` | the running task |
//! | of another process | a waiting task of that process: it is *asked*, and answers |
//! | anybody's, while the deciding process dies | a waiting task decides in its place |
//!
//! When a process dies here that was asked, whoever asked finds out and goes on: the
//! task counts as ready, and the engine finds it dead when it is chosen.

use super::descriptor::{descriptor, direction};
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::NOBODY;
use nix::poll::PollFd;
use selvedge::platform::Woken;
use selvedge::sys::{clock, futex, ready};
use std::sync::atomic::Ordering;

/// How long somebody who asked waits before he looks whether the asked one is alive.
const PATROL: u64 = 100_000_000;

impl Kernel {
    /// Looks at those who are alone, or at everybody who waits.
    pub(super) fn look_at_each(&mut self, everybody: bool) {
        self.descriptors.everybody = everybody;
        let tasks = self.looked_at();
        if self.mode == Mode::Sim {
            return self.poll(&tasks);
        }
        let here = std::process::id();
        self.descriptors.round = self.descriptors.round.wrapping_add(1);
        for index in tasks {
            let process = self.task(index).process;
            if self.task(index).round == self.descriptors.round {
                continue;
            } else if self.task(process as usize).pid() == here {
                self.look_at_descriptors_of(process);
            } else {
                self.ask(index, self.task(process as usize).pid());
            }
        }
    }

    pub(super) fn looked_at(&self) -> Vec<usize> {
        let bits = |word: usize| match self.descriptors.everybody {
            true => !0,
            // SAFETY: as in `hear`.
            false => unsafe { *self.parts.alone.add(word) },
        };
        let words = (0..self.words as usize).map(|word| (word * 64, bits(word)));
        let tasks = words.flat_map(|(first, bits)| {
            let is_in = move |bit: &usize| bits >> bit & 1 == 1;
            (bits.trailing_zeros() as usize..64).filter(is_in).map(move |bit| first + bit)
        });
        tasks.filter(|&index| index < self.tasks as usize && self.awaits_descriptor(index)).collect()
    }

    /// `real`: looks for those of the tasks that are of this very process.
    fn look_at_descriptors_of(&mut self, process: u32) {
        let mut tasks = self.looked_at();
        tasks.retain(|&index| self.task(index).process == process);
        tasks.iter().for_each(|&index| self.task(index).round = self.descriptors.round);
        self.poll(&tasks);
    }

    fn set_descriptor_ready(&mut self, index: usize, is_ready: bool) {
        if is_ready {
            self.set_enabled(index);
        } else {
            self.clear_enabled(index);
        }
    }

    /// Looks at the descriptors that these tasks wait for, which this process has.
    fn poll(&mut self, tasks: &[usize]) {
        let (mut files, mut asked) = (Vec::new(), Vec::new());
        for &index in tasks {
            let guard = self.task(index).op.guard;
            if let Some(direction) = direction(&guard) {
                files.push(index);
                asked.push(PollFd::new(descriptor(&guard), direction));
            } else {
                self.set_descriptor_ready(index, Kernel::is_descriptor_ready(&guard));
            }
        }
        ready::are_ready(&mut asked, |place, is_ready| self.set_descriptor_ready(files[place], is_ready));
    }

    /// Nobody can go on: true if somebody can whose descriptor the set has forgotten.
    pub(in crate::kernel) fn look_at_everybody(&mut self) -> bool {
        if self.descriptors.waiting == 0 {
            return false;
        }
        self.look_at_each(true);
        let mut ready = self.looked_at();
        ready.retain(|&index| self.is_enabled(index));
        ready.iter().for_each(|&index| self.leave_alone(index));
        !ready.is_empty()
    }

    /// From now on the task's descriptor is looked at by itself.
    pub(super) fn leave_alone(&mut self, index: usize) {
        let bit = 1 << (index % 64);
        // SAFETY: index < capacity = 64 * stride, the words of `alone`.
        let word = unsafe { &mut *self.parts.alone.add(index / 64) };
        self.descriptors.alone += u32::from(*word & bit == 0);
        *word |= bit;
    }

    /// `real`: lets a task of another process look, and waits for its answer.
    fn ask(&mut self, index: usize, pid: u32) {
        self.descriptors.answer.store(0, Ordering::Relaxed);
        self.descriptors.asked = true;
        self.wake_task(index);
        while self.descriptors.answer.load(Ordering::Acquire) == 0 {
            let woken = futex::wait(&self.descriptors.answer, 0, Some(clock::monotonic() + PATROL));
            let dead = || nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), None).is_err();
            if woken == Woken::TimedOut && dead() {
                self.descriptors.asked = false;
                return self.set_descriptor_ready(index, true);
            }
        }
    }

    /// `real`: what a task does that was given the turn for something else than to go on;
    /// true if it has the turn for good.
    #[cold]
    pub(in crate::kernel) fn serve(&mut self, me: usize) -> bool {
        if std::mem::take(&mut self.descriptors.asked) {
            self.look_at_descriptors_of(self.task(me).process);
            self.descriptors.answer.store(1, Ordering::Release);
            futex::wake(&self.descriptors.answer, 1);
            return false;
        }
        self.bury();
        self.current = self.descriptors.last;
        self.advance();
        if self.current != NOBODY {
            self.descriptors.decider = NOBODY;
        }
        let mine = !self.over && self.current as usize == me;
        if !mine {
            self.hand_over();
        }
        mine
    }
}
