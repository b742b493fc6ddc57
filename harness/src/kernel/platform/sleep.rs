//! Futex queues under a scheduler: falling asleep on a word, and being woken.
//!
//! Called by `Checked`'s `futex_wait` and `futex_wake`. Sleepers form one list in
//! the order in which they fell asleep; a wake-up takes the longest sleeper on its
//! word first.
//!
//! When a process dies here, the engine takes it out of the list; a wake-up it had
//! already consumed is lost with it, as in the operating system.

use super::signal::take_signals;
use crate::kernel::data::state::{ABANDON, GRANTED, Kernel, Mode};
use crate::kernel::data::task::NOBODY;
use crate::kernel::schedule::choice::{Choice, Outcome};
use crate::kernel::step::point::switch;
use crate::kernel::tasks::life;
use selvedge::platform::{Guard, Op};

/// Puts the running task to sleep on the words at `addresses`; true if its deadline
/// passed before anybody woke it. The operations are made here, so that they are written
/// where they belong and copied nowhere.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point).
#[inline(always)]
pub(in crate::kernel) unsafe fn park(
    this: *mut Kernel,
    addresses: impl Iterator<Item = usize>,
    op: impl FnOnce() -> Op,
    resume: Option<impl FnOnce() -> Op>,
) -> bool {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    let me = kernel.current as usize;
    if kernel.flags & ABANDON != 0 {
        // SAFETY: the caller's promise.
        unsafe { life::stand_aside(this, me) };
        return false;
    }
    kernel.task(me).resumes = resume.is_some();
    if let Some(resume) = resume {
        kernel.task(me).resume = resume();
    }
    let task = kernel.task(me);
    if !task.is_within() {
        task.within = [task.op.object, task.op.also];
    }
    task.op = op().when(Guard::NEVER);
    task.parked_words = 0;
    for (place, address) in task.parked_on.iter_mut().zip(addresses) {
        *place = address;
        task.parked_words += 1;
    }
    // SAFETY: the caller's promise.
    unsafe { sleep(this, me) }
}

/// Lets task `me` sleep, whose slot says on what.
///
/// # Safety
/// As for [`park`].
unsafe fn sleep(this: *mut Kernel, me: usize) -> bool {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    kernel.fall_asleep(me);
    kernel.advance();
    // SAFETY: the caller's promise.
    unsafe { switch(this, me) };
    // SAFETY: the turn is back.
    let kernel = unsafe { &mut *this };
    let task = kernel.task(me);
    let timed_out = task.timed_out;
    let granted = task.resumes && !timed_out;
    task.resumes = false;
    if timed_out {
        kernel.wake_up(me);
    }
    kernel.settle(me);
    kernel.set_enabled(me);
    kernel.task(me).timed_out = false;
    if kernel.task(me).interrupted {
        // Woken by a signal, it looks again by itself.
        // SAFETY: the caller's promise.
        unsafe { take_signals(this, me) };
    } else if granted {
        kernel.flags |= GRANTED;
    }
    timed_out
}

impl Kernel {
    fn fall_asleep(&mut self, me: usize) {
        let tail = self.parked_tail;
        let task = self.task(me);
        task.parked = true;
        task.space = self.space(task.parked_on[0]);
        task.parked_prev = tail;
        task.parked_next = NOBODY;
        if tail == NOBODY {
            self.parked_head = me as u32;
        } else {
            self.task(tail as usize).parked_next = me as u32;
        }
        self.parked_tail = me as u32;
        self.clear_enabled(me);
    }

    /// Takes a sleeper out of the list.
    pub(in crate::kernel) fn wake_up(&mut self, sleeper: usize) {
        let task = self.task(sleeper);
        if !std::mem::replace(&mut task.parked, false) {
            return;
        }
        let (prev, next) = (task.parked_prev, task.parked_next);
        if prev == NOBODY {
            self.parked_head = next;
        } else {
            self.task(prev as usize).parked_next = next;
        }
        if next == NOBODY {
            self.parked_tail = prev;
        } else {
            self.task(next as usize).parked_prev = prev;
        }
    }

    /// Wakes up to `count` sleepers on the word at `address`.
    pub(in crate::kernel) fn wake(&mut self, address: usize, count: u32) -> u32 {
        let space = if self.mode == Mode::Sim { 0 } else { self.space(address) };
        let mut woken = 0;
        while woken < count {
            let Some(sleeper) = self.next_to_wake(address, space, count - woken) else { break };
            woken += 1;
            self.rouse(sleeper);
        }
        woken
    }

    /// Ends the sleep of a task.
    pub(in crate::kernel) fn rouse(&mut self, sleeper: usize) {
        self.wake_up(sleeper);
        let cause = self.steps.checked_sub(1).unwrap_or(NOBODY);
        let task = self.task(sleeper);
        task.timed_out = false;
        task.cause = cause;
        task.slept = [task.op.object, task.op.also];
        task.since = 0;
        if task.resumes {
            task.op = task.resume;
            self.enlist(sleeper);
            self.note_rare_aim(sleeper);
        } else {
            task.op.deadline = u64::MAX;
            self.set_enabled(sleeper);
        }
    }

    fn sleepers(&self, address: usize, space: u32) -> impl Iterator<Item = usize> + '_ {
        let next = move |sleeper: u32| (sleeper != NOBODY).then_some(sleeper);
        std::iter::successors(next(self.parked_head), move |&at| next(self.task(at as usize).parked_next))
            .map(|sleeper| sleeper as usize)
            .filter(move |&index| self.task(index).sleeps_on(address) && self.task(index).space == space)
    }

    /// The longest sleeper; where the schedule decides it (see `wake_any`), another one.
    fn next_to_wake(&mut self, address: usize, space: u32, wanted: u32) -> Option<usize> {
        let longest = self.sleepers(address, space).next()?;
        // What a task wakes as it leaves an execution that is over is no choice.
        let decided = !self.over && (self.faults.wake_any || self.prefix_wakes());
        if !decided || self.sleepers(address, space).nth(wanted as usize).is_none() {
            return Some(longest);
        }
        Some(self.choose_sleeper(address, space).unwrap_or(longest))
    }

    /// Whether the next choice of the prefix is who is woken.
    fn prefix_wakes(&self) -> bool {
        self.cursor < self.plan.prefix && self.prefix_choice(self.cursor).outcome() == Outcome::Woken
    }

    /// Makes a choice of the schedule out of who is woken.
    #[cold]
    fn choose_sleeper(&mut self, address: usize, space: u32) -> Option<usize> {
        if self.steps as usize >= self.limits.steps {
            return None;
        }
        let mut sleepers: Vec<usize> = self.sleepers(address, space).collect();
        sleepers.sort_unstable();
        let mut chosen = sleepers[0];
        if self.prefix_wakes() {
            let wanted = self.prefix_choice(self.cursor).task();
            self.cursor += 1;
            if sleepers.contains(&wanted) {
                chosen = wanted;
            }
        } else if self.faults.inject {
            chosen = sleepers[self.plan.rng.below(sleepers.len() as u32) as usize];
        }
        self.note_choice(Choice::new(chosen, Outcome::Woken));
        self.log_instead(&sleepers);
        Some(chosen)
    }
}
