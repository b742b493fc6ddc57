//! `real`: passing the turn between processes, one futex word for each task.
//!
//! The holder of the turn is the only task that runs. It hands over by setting the
//! next task's word and waking whoever sleeps on it, then sleeps on its own: one
//! wake-up and one sleep, on one core.
//!
//! These functions are marked `inline` so that they lie beside the code that calls them: a
//! forked task maps each part of the program's code anew, and most of what it costs is that.
//!
//! When a process dies here while it waits, nobody notices before it is chosen; the
//! controller finds it dead then. When the controller dies, warm tasks die with it and
//! the others find out within [`LONELY`].

use crate::kernel::data::state::Kernel;
use crate::kernel::data::task::NOBODY;
use selvedge::platform::Woken;
use std::sync::atomic::Ordering;

/// How long a task of a dynamic program sleeps before it looks for its controller.
const LONELY: u64 = 1_000_000_000;

impl Kernel {
    /// `real`: hands the turn over with `give` and sleeps until it is back.
    #[inline(never)]
    pub(in crate::kernel) fn swap_real(&mut self, me: usize, give: impl FnOnce(&mut Kernel)) {
        give(self);
        self.await_turn(me);
    }

    /// Gives the turn to the chosen task, or to the controller at the end.
    #[inline]
    pub(in crate::kernel) fn hand_over(&mut self) {
        // Read now: from the moment the turn is given away the kernel is somebody else's.
        let condemned = std::mem::take(&mut self.condemned);
        if self.over {
            self.request = crate::kernel::Request::Over;
            self.call_controller();
        } else if self.current == NOBODY {
            self.give_turn(self.descriptors.decider as usize);
        } else {
            self.give_turn(self.current as usize);
        }
        if condemned {
            selvedge::sys::process::kill_self();
        }
    }

    /// `real`: wakes the controller, which then holds the turn.
    #[inline]
    pub(crate) fn call_controller(&self) {
        self.controller.store(1, Ordering::Release);
        selvedge::sys::futex::wake(&self.controller, 1);
    }

    /// `real`: wakes a task, which then holds the turn.
    #[inline]
    pub(crate) fn give_turn(&mut self, task: usize) {
        self.holder = task as u32;
        self.wake_task(task);
    }

    /// `real`: wakes a task for something that needs no turn; whoever asks it keeps that.
    #[inline]
    pub(in crate::kernel) fn wake_task(&self, task: usize) {
        let turn = &self.task(task).turn;
        turn.store(1, Ordering::Release);
        selvedge::sys::futex::wake(turn, 1);
    }

    /// `real`: gives the turn to a task whose process is forked next: the process finds it
    /// as it begins, and nobody sleeps or is woken on the way.
    #[inline]
    pub(crate) fn give_in_advance(&mut self, task: usize) {
        self.holder = task as u32;
        self.task(task).turn.store(1, Ordering::Release);
    }

    /// `real`: sleeps until the turn is given to `me`.
    #[inline]
    pub(crate) fn await_turn(&mut self, me: usize) {
        loop {
            self.sleep_until_turn(me);
            // It may be no turn of its own, but something to be done for others.
            if !(self.descriptors.asked || self.descriptors.decider != NOBODY) || self.serve(me) {
                break;
            }
        }
        self.bury();
    }

    #[inline]
    fn sleep_until_turn(&mut self, me: usize) {
        let turn = &self.task(me).turn;
        let mut lonely = self.lonely;
        while turn.swap(0, Ordering::Acquire) == 0 {
            // A warm process dies with the controller; others must look for it.
            let deadline = (me >= self.warm as usize).then_some(lonely);
            let woken = selvedge::sys::futex::wait(turn, 0, deadline);
            if woken == Woken::TimedOut {
                if self.controller_is_gone() {
                    selvedge::sys::process::exit_now(1);
                }
                lonely = selvedge::sys::clock::monotonic() + LONELY;
            }
        }
    }

    /// `real`: waits until the process that ended in the last step is dead.
    #[inline]
    pub(crate) fn bury(&mut self) {
        let pid = std::mem::take(&mut self.dying);
        if pid != 0 {
            selvedge::sys::death::await_death(pid);
        }
    }

    /// `real`: tasks of a dynamic program may miss their controller from now on.
    pub(crate) fn set_lonely(&mut self, now: u64) {
        self.lonely = now + LONELY;
    }

    fn controller_is_gone(&self) -> bool {
        let controller = nix::unistd::Pid::from_raw(self.controller_pid as i32);
        nix::sys::signal::kill(controller, None) == Err(nix::Error::ESRCH)
    }
}
