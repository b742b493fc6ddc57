//! Tasks that wait until a descriptor is ready, and who looks.
//!
//! Used where such a task announces its call, and before each decision. Whether a call would
//! block only the operating system knows, and it may be otherwise after any step: the program
//! may have written, read or closed something between two points, as may a handler, or whoever is
//! not part of the exploration; a process may have died. So it is asked at each decision, but all
//! at once: what a task waits for is in a [set](super::watch) from its announcement to its turn.
//! That one call costs the same for one task that waits as for a thousand; what is more is for
//! those that are ready.
//!
//! Some cannot be in a set: locks of files, and what epoll(7) refuses. A task that waits for such a
//! one is *alone*: at each decision it is [looked at](super::one_by_one) by itself. In `sim` so are the first few, for
//! whom one poll(2) is cheaper than a set.
//!
//! Where nobody can go on, everybody who waits is looked at by himself before time passes or a
//! deadlock is found: a set has forgotten a descriptor that somebody closed, while poll(2) says
//! that the call on it will not block. Whoever turns out to be ready is alone from then on.
//!
//! A process that ends still holds its descriptors while it decides. So it does not: a waiting
//! task, if there is one, waits until that process is buried, and decides in its place.
//!
//! 1. While a task waits for a descriptor, its bit in `enabled` says whether that was ready
//!    at the last decision; if the set said so, its bit in `told` is set, too.
//! 2. `waiting` counts the tasks whose guard asks about a descriptor, `alone` those of them that
//!    are alone. While `waiting` is 0 all this costs one test a decision.
//! 3. Only the process of a task puts its descriptor into the set and takes it out again.
//!
//! When a process dies here, its descriptors leave the set with it; its tasks wait for nothing any
//! more.

use super::watch::{Set, Watch};
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::{NOBODY, State};
use nix::poll::PollFlags;
use selvedge::platform::{Cmp, Guard};
use selvedge::sys::{ofd, ready};
use std::os::fd::BorrowedFd;
use std::sync::atomic::AtomicU32;

/// `sim`: so many are looked at by themselves for less than they would cost to put into a set and
/// to take out again.
const FEW: u32 = 4;

/// The descriptor that a guard asks about.
pub(super) fn descriptor(guard: &Guard) -> BorrowedFd<'static> {
    // SAFETY: the task that announced the guard borrows the descriptor until its call
    // is over, so it is open, or was closed by force when its process was killed; nobody keeps
    // what this returns beyond a look.
    unsafe { BorrowedFd::borrow_raw(guard.word as i32) }
}

/// What a guard asks poll(2) for; nothing if it asks for a lock.
pub(super) fn direction(guard: &Guard) -> Option<PollFlags> {
    match guard.cmp {
        Cmp::Lockable => None,
        Cmp::Writable => Some(PollFlags::POLLOUT),
        _ => Some(PollFlags::POLLIN),
    }
}

/// What the kernel knows about descriptors that tasks wait for.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Descriptors {
    /// Tasks whose guard asks about one.
    pub(in crate::kernel) waiting: u32,
    /// Those among them that are looked at by themselves.
    pub(super) alone: u32,
    /// `sim`: there may be streams on the list of `open`.
    pub(in crate::kernel) listed: bool,
    /// Somebody waited.
    used: bool,
    /// Everybody who waits is looked at by himself this time.
    pub(super) everybody: bool,
    /// The common set; in `sim` there is none before somebody waits.
    set: Option<Set>,
    /// Waits so far, over all executions.
    waits: u32,
    /// Rounds of looking at descriptors by themselves.
    pub(super) round: u32,
    /// `real`: the task that is given the turn shall look at its own and answer.
    pub(in crate::kernel) asked: bool,
    /// `real`: 1 once there is an answer.
    pub(super) answer: AtomicU32,
    /// `real`: the task that takes the decision of a process that is ending, and the one
    /// that ran last; until then nobody is `current`.
    pub(crate) decider: u32,
    pub(super) last: u32,
}

impl Descriptors {
    pub(in crate::kernel) fn new() -> Descriptors {
        Descriptors {
            waiting: 0,
            alone: 0,
            listed: false,
            used: false,
            everybody: false,
            set: None,
            waits: 0,
            round: 0,
            asked: false,
            answer: AtomicU32::new(0),
            decider: NOBODY,
            last: NOBODY,
        }
    }

    /// Makes the common set, if there is none; whoever is forked from here on has it, too.
    pub(in crate::kernel) fn make_set(&mut self) -> nix::Result<()> {
        if self.set.is_none() {
            self.set = Some(Set::new()?);
        }
        Ok(())
    }

    /// Closes the common set.
    pub(in crate::kernel) fn close_set(&mut self) {
        if let Some(set) = self.set.take() {
            set.close();
        }
    }
}

impl Kernel {
    /// For the next execution, in which nobody waits yet; the set stays.
    pub(in crate::kernel) fn reset_descriptors(&mut self) {
        if self.descriptors.used {
            for word in 0..self.words as usize {
                // SAFETY: words <= stride, the length of both sets.
                unsafe {
                    *self.parts.told.add(word) = 0;
                    *self.parts.alone.add(word) = 0;
                }
            }
        }
        // Numbers go on: a task's slot keeps those of the execution before.
        let Descriptors { set, waits, round, .. } = self.descriptors;
        self.descriptors = Descriptors { set, waits, round, ..Descriptors::new() };
    }

    /// Whether this execution made a descriptor or waited for one.
    pub(crate) fn used_descriptors(&self) -> bool {
        self.descriptors.listed || self.descriptors.used
    }

    /// Whether a descriptor of this very process is ready.
    pub(in crate::kernel) fn is_descriptor_ready(guard: &Guard) -> bool {
        match direction(guard) {
            Some(direction) => ready::is_ready(descriptor(guard), direction),
            None => ofd::is_free(descriptor(guard), guard.value == 1),
        }
    }

    /// The running task waits until its descriptor is ready, which the next look will tell.
    #[cold]
    pub(in crate::kernel) fn await_descriptor(&mut self, me: usize) {
        self.be_careful();
        debug_assert_eq!(self.task(me).watch, Watch::Nowhere, "its last wait is over");
        self.descriptors.used = true;
        self.descriptors.waits = self.descriptors.waits.wrapping_add(1);
        let wait = self.descriptors.waits;
        let guard = self.task(me).op.guard;
        let watch = self.watch(&guard, u64::from(wait) << 32 | me as u64);
        if watch.is_none() {
            self.leave_alone(me);
        }
        let task = self.task(me);
        task.guarded = true;
        task.wait = wait;
        task.watch = watch.unwrap_or(Watch::Nowhere);
        self.descriptors.waiting += 1;
        self.clear_enabled(me);
    }

    /// Has the operating system watch a descriptor of this process, if it can.
    fn watch(&mut self, guard: &Guard, number: u64) -> Option<Watch> {
        let direction = direction(guard)?;
        if self.mode == Mode::Sim {
            if self.descriptors.alone < FEW {
                return None;
            }
            self.descriptors.make_set().ok()?;
        }
        self.descriptors.set?.watch(descriptor(guard), direction, number).ok()
    }

    /// The task does not wait for its descriptor any more.
    #[cold]
    pub(in crate::kernel) fn leave_descriptor(&mut self, index: usize) {
        self.descriptors.waiting -= 1;
        let bit = 1 << (index % 64);
        // SAFETY: index < capacity = 64 * stride, the words of both sets.
        unsafe {
            *self.parts.told.add(index / 64) &= !bit;
            let alone = &mut *self.parts.alone.add(index / 64);
            self.descriptors.alone -= u32::from(*alone & bit != 0);
            *alone &= !bit;
        }
        if self.mode == Mode::Sim {
            self.unwatch(index);
        }
    }

    /// Ends the watch that a task of this process began.
    #[cold]
    pub(in crate::kernel) fn unwatch(&mut self, index: usize) {
        let watch = std::mem::replace(&mut self.task(index).watch, Watch::Nowhere);
        if let Some(set) = self.descriptors.set {
            set.forget(watch);
        }
    }

    /// `sim`: after an execution, nothing is watched.
    #[cold]
    pub(in crate::kernel) fn unwatch_all(&mut self) {
        (0..self.tasks as usize).for_each(|index| self.unwatch(index));
        self.descriptors.close_set();
    }

    pub(super) fn awaits_descriptor(&self, index: usize) -> bool {
        let task = self.task(index);
        task.guarded && task.state == State::Live && task.op.guard.asks_descriptor()
    }

    /// Before a decision: finds out whose descriptors are ready. True if somebody
    /// else has to take this decision.
    #[cold]
    #[inline(never)]
    pub(in crate::kernel) fn look_at_descriptors(&mut self) -> bool {
        let waiting =
            |kernel: &Kernel| (0..kernel.tasks as usize).find(|&index| kernel.awaits_descriptor(index));
        if self.dying != 0
            && let Some(other) = waiting(self)
        {
            self.descriptors.decider = other as u32;
            // The decision depends on who ran last, and that is not who takes it.
            self.descriptors.last = std::mem::replace(&mut self.current, NOBODY);
            return true;
        }
        let deaf = self.descriptors.alone < self.descriptors.waiting && !self.hear();
        if deaf || self.descriptors.alone > 0 {
            self.look_at_each(deaf);
        }
        false
    }

    /// Asks the set; false if there is none that answers.
    fn hear(&mut self) -> bool {
        for word in 0..self.words as usize {
            // SAFETY: words <= stride, the length of the sets.
            unsafe {
                let told = std::mem::take(&mut *self.parts.told.add(word));
                *self.parts.enabled.add(word) &= !told;
            }
        }
        let Some(set) = self.descriptors.set else { return false };
        set.tell(|number| {
            let (index, wait) = (number as u32 as usize, (number >> 32) as u32);
            if self.task(index).wait == wait && self.awaits_descriptor(index) {
                self.set_enabled(index);
                // SAFETY: as in `leave_descriptor`.
                unsafe { *self.parts.told.add(index / 64) |= 1 << (index % 64) };
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tasks::alone::Alone;
    use crate::kernel::{Arena, Limits, Rng, Role};
    use selvedge::platform::{Kind, Op};
    use std::io::{Read, Write};
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::panic::Location;

    const TASKS: usize = 130;

    fn kernel_for(test: impl FnOnce(&mut Kernel)) {
        // A copy of this process would keep open what is closed here.
        let _alone = Alone::new();
        let limits = Limits { tasks: TASKS, steps: 64, memory: 1 << 20, ..Limits::default() };
        let arena = Arena::new(limits, Mode::Sim).unwrap();
        // SAFETY: the arena lives, and nobody else has its kernel.
        let kernel = unsafe { &mut *arena.kernel() };
        kernel.reset();
        for _ in 0..TASKS {
            let task = kernel.create(Role::Thread, NOBODY, None, "task", Location::caller()).unwrap();
            kernel.task(task).state = State::Live;
        }
        test(kernel);
    }

    fn wait(kernel: &mut Kernel, task: usize, fd: BorrowedFd<'_>, kind: Kind) {
        let guard = Guard::ready(fd, kind);
        kernel.task(task).op = Op::new(kind, "wait", 0, Location::caller()).when(guard);
        kernel.enlist(task);
    }

    /// Who can go on after a look; the same as poll(2) says of each descriptor by itself.
    fn ready(kernel: &mut Kernel) -> Vec<usize> {
        assert!(!kernel.look_at_descriptors());
        let waiting: Vec<usize> = (0..TASKS).filter(|&task| kernel.awaits_descriptor(task)).collect();
        assert_eq!(waiting.len(), kernel.descriptors.waiting as usize);
        for &task in &waiting {
            let is_ready = Kernel::is_descriptor_ready(&kernel.task(task).op.guard);
            assert_eq!(kernel.is_enabled(task), is_ready, "task {task}: {:?}", kernel.task(task).watch);
        }
        waiting.into_iter().filter(|&task| kernel.is_enabled(task)).collect()
    }

    #[test]
    fn few_are_looked_at_by_themselves_however_many_wait() {
        kernel_for(|kernel| {
            let sockets: Vec<_> = (0..TASKS / 2).map(|_| UnixStream::pair().unwrap()).collect();
            for task in 0..TASKS {
                wait(kernel, task, sockets[task % sockets.len()].0.as_fd(), Kind::Input);
            }
            assert_eq!(kernel.looked_at().len(), FEW as usize);
            assert!(ready(kernel).is_empty());
            (&sockets[7].1).write_all(b"x").unwrap();
            assert_eq!(ready(kernel), [7, 7 + TASKS / 2]);
            (&sockets[7].0).read_exact(&mut [0]).unwrap();
            assert!(ready(kernel).is_empty());
            for task in 0..TASKS {
                kernel.settle(task);
            }
            assert_eq!((kernel.descriptors.waiting, kernel.descriptors.alone), (0, 0));
        });
    }

    #[test]
    fn whose_descriptor_was_closed_is_found_before_nobody_can_go_on() {
        kernel_for(|kernel| {
            let (here, _there) = UnixStream::pair().unwrap();
            let mut ends: Vec<OwnedFd> = (0..=FEW).map(|_| here.try_clone().unwrap().into()).collect();
            for (task, end) in ends.iter().enumerate() {
                wait(kernel, task, end.as_fd(), Kind::Input);
            }
            assert!(ready(kernel).is_empty() && !kernel.look_at_everybody());
            // The last of them becomes the end of another file; nobody else has its own.
            let other = std::fs::File::open("/dev/zero").unwrap();
            nix::unistd::dup2(other, ends.last_mut().unwrap()).unwrap();
            assert!(kernel.look_at_everybody());
            assert_eq!(ready(kernel), [FEW as usize]);
        });
    }

    /// Ends of sockets are made, waited for, filled, emptied and closed in any order; closed also
    /// while tasks wait, which are killed, and while the file is kept open under another number.
    #[test]
    fn what_is_told_is_what_poll_says() {
        kernel_for(|kernel| {
            let mut rng = Rng::new(3);
            let mut ends: Vec<Option<UnixStream>> = (0..24).map(|_| None).collect();
            let mut counts = [0; 3];
            for _ in 0..20_000 {
                let task = rng.below(TASKS as u32) as usize;
                let (one, other) = (rng.below(12) as usize, 12 + rng.below(12) as usize);
                let pick = if rng.below(2) == 0 { one } else { other };
                let mut closes = false;
                match (rng.below(16), &ends[pick]) {
                    (_, None) => {
                        let (here, there) = UnixStream::pair().unwrap();
                        [&here, &there].into_iter().for_each(|end| end.set_nonblocking(true).unwrap());
                        ends[one].get_or_insert(here);
                        ends[other].get_or_insert(there);
                    }
                    (0..4, _) if kernel.awaits_descriptor(task) => kernel.settle(task),
                    (4..6, Some(end)) if !kernel.awaits_descriptor(task) => {
                        let kind = if rng.below(4) > 0 { Kind::Input } else { Kind::Output };
                        wait(kernel, task, end.as_fd(), kind);
                    }
                    (6..8, Some(end)) => _ = { end }.write(&vec![0; 1 << (20 * rng.below(2))]),
                    (8..15, Some(end)) => closes = matches!({ end }.read(&mut vec![0; 1 << 20]), Ok(0)),
                    (15, _) => closes = true,
                    _ => {}
                }
                if let Some(end) = ends[pick].take_if(|_| closes) {
                    ends[pick] = (rng.below(2) == 0).then(|| end.try_clone().unwrap());
                    let number = end.as_raw_fd() as usize;
                    drop(end);
                    for task in 0..TASKS {
                        if kernel.awaits_descriptor(task) && kernel.task(task).op.guard.word == number {
                            kernel.delist(task);
                        }
                    }
                }
                counts[0] += ready(kernel).len();
                counts[1] += kernel.descriptors.waiting as usize;
                counts[2] += kernel.looked_at().len();
            }
            let [ready, waiting, alone] = counts;
            assert!(ready > 20_000 && waiting > ready + 20_000 && waiting > 2 * alone, "{counts:?}");
        });
    }
}
