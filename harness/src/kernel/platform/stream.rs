//! Calls on descriptors: tasks that wait until one is ready, and the calls themselves.
//!
//! Used by the `Checked` platform. The pipe, socket or file is the operating system's own
//! in both engines, so only it knows whether a call would block, and only from the
//! process whose descriptor it is. Before each decision all descriptors that tasks wait
//! for are looked at again: any step may have written, read, closed one or died.
//!
//! | whose descriptor | who looks |
//! |---|---|
//! | of the process that decides, or in `sim` | the running task |
//! | of another process | a waiting task of that process: it is *asked*, and answers |
//! | anybody's, while the deciding process dies | a waiting task decides in its place |
//!
//! The last is because a process that ends still holds its descriptors while it decides;
//! who decides for it first waits until it is buried.
//!
//! 1. While a task waits for a descriptor, its bit in `enabled` says whether that was ready
//!    at the last decision.
//! 2. `waiting` counts the tasks whose guard asks about one; while it is 0
//!    all this costs one test a decision.
//! 3. No call blocks while its task has the turn.
//!
//! When a process dies here that was asked, whoever asked finds out and goes on: the
//! task counts as ready, and the engine finds it dead when it is chosen.

use super::checked::{Checked, open_always};
use super::open::{Watched, Withheld};
use crate::kernel::data::current;
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::{NOBODY, State};
use crate::kernel::schedule::choice::Outcome;
use crate::kernel::tasks::outside;
use nix::poll::{PollFd, PollFlags};
use selvedge::platform::{Call, Cmp, Guard, Io, Native, Op, Platform, Woken};
use selvedge::sys::{clock, futex, ofd, ready};
use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

/// How long somebody who asked waits before he looks whether the asked one is alive.
const PATROL: u64 = 100_000_000;

/// Objects that stand for files are numbered from here: no address lies so high.
pub(in crate::kernel) const FILES: usize = 1 << 63;

/// Whether an object is a file.
pub(crate) fn is_file(object: usize) -> bool {
    object & FILES != 0 && object < crate::kernel::schedule::event::EVERYTHING - 1
}

/// The file behind a descriptor as an object: the same for both ends of a pipe, and in
/// every process. A file that cannot be asked has no number.
pub(in crate::kernel) fn file(fd: BorrowedFd<'_>) -> usize {
    nix::sys::stat::fstat(fd).map_or(0, |stat| FILES | stat.st_ino as usize)
}

/// The pipe behind a descriptor; none if it is something else.
pub(in crate::kernel) fn pipe(fd: BorrowedFd<'_>) -> Option<usize> {
    let stat = nix::sys::stat::fstat(fd).ok()?;
    let is_pipe = stat.st_mode & nix::libc::S_IFMT == nix::libc::S_IFIFO;
    is_pipe.then_some(FILES | stat.st_ino as usize)
}

/// The descriptor that a guard asks about.
fn descriptor(guard: &Guard) -> BorrowedFd<'static> {
    // SAFETY: the task that announced the guard borrows the descriptor until its call
    // is over, so it is open, or was closed by force when its process was killed; nobody keeps
    // what this returns beyond a look.
    unsafe { BorrowedFd::borrow_raw(guard.word as i32) }
}

/// What a guard asks poll(2) for; nothing if it asks for a lock.
fn direction(guard: &Guard) -> Option<PollFlags> {
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
    /// `sim`: there may be streams on the list of `open`.
    pub(in crate::kernel) listed: bool,
    /// Rounds of looking at them.
    round: u32,
    /// `real`: the task that is given the turn shall look at its own and answer.
    pub(in crate::kernel) asked: bool,
    /// `real`: 1 once there is an answer.
    answer: AtomicU32,
    /// `real`: the task that takes the decision of a process that is ending, and the one
    /// that ran last; until then nobody is `current`.
    pub(crate) decider: u32,
    last: u32,
}

impl Descriptors {
    pub(in crate::kernel) fn new() -> Descriptors {
        let answer = AtomicU32::new(0);
        Descriptors {
            waiting: 0,
            listed: false,
            round: 0,
            asked: false,
            answer,
            decider: NOBODY,
            last: NOBODY,
        }
    }
}

impl Kernel {
    /// Whether this execution made or looked at a descriptor.
    pub(crate) fn used_descriptors(&self) -> bool {
        self.descriptors.listed || self.descriptors.round > 0
    }

    /// Whether a descriptor of this very process is ready.
    pub(in crate::kernel) fn is_descriptor_ready(guard: &Guard) -> bool {
        match direction(guard) {
            Some(direction) => ready::is_ready(descriptor(guard), direction),
            None => ofd::is_free(descriptor(guard), guard.value == 1),
        }
    }

    /// The running task waits until its descriptor is ready.
    #[cold]
    pub(in crate::kernel) fn await_descriptor(&mut self, me: usize) {
        self.descriptors.waiting += 1;
        self.be_careful();
        self.task(me).guarded = true;
        let guard = self.task(me).op.guard;
        self.set_descriptor_ready(me, Kernel::is_descriptor_ready(&guard));
    }

    fn set_descriptor_ready(&mut self, index: usize, is_ready: bool) {
        self.task(index).descriptor_ready = is_ready;
        if is_ready {
            self.set_enabled(index);
        } else {
            self.clear_enabled(index);
        }
    }

    fn awaits_descriptor(&self, index: usize) -> bool {
        let task = self.task(index);
        task.guarded && task.state == State::Live && task.op.guard.asks_descriptor()
    }

    /// Before a decision: looks at all descriptors that tasks wait for. True if somebody
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
        let here = std::process::id();
        self.descriptors.round = self.descriptors.round.wrapping_add(1);
        for index in 0..self.tasks as usize {
            if !self.awaits_descriptor(index) || self.task(index).round == self.descriptors.round {
                continue;
            }
            let process = self.task(index).process;
            if self.mode == Mode::Sim || self.task(process as usize).pid() == here {
                self.look_at_descriptors_of(process);
            } else {
                self.ask(index, self.task(process as usize).pid());
            }
        }
        false
    }

    /// Looks at the descriptors that tasks of this very process wait for; in `sim` at all.
    fn look_at_descriptors_of(&mut self, process: u32) {
        let (mut tasks, mut asked) = (Vec::new(), Vec::new());
        for index in 0..self.tasks as usize {
            let own = self.mode == Mode::Sim || self.task(index).process == process;
            if !own || !self.awaits_descriptor(index) {
                continue;
            }
            let guard = self.task(index).op.guard;
            self.task(index).round = self.descriptors.round;
            if let Some(direction) = direction(&guard) {
                tasks.push(index);
                asked.push(PollFd::new(descriptor(&guard), direction));
            } else {
                self.set_descriptor_ready(index, Kernel::is_descriptor_ready(&guard));
            }
        }
        ready::are_ready(&mut asked, |place, is_ready| self.set_descriptor_ready(tasks[place], is_ready));
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

/// Announces a call and returns once it may be made: its step, and its outcome. A `len`
/// of 0 stands for a call that nothing can go wrong with.
///
/// # Safety
/// `this` is the calling thread's current kernel, and the caller is its running task.
pub(in crate::kernel) unsafe fn announce(
    this: *mut Kernel,
    call: &Call<'_, &'static Location<'static>>,
    len: usize,
    deadline: Option<u64>,
    guard: Guard,
) -> (super::checked::Open, Outcome) {
    let object = file(call.fd);
    let op = Op::new(call.kind, call.name, object, call.site).when(guard).until(deadline);
    // SAFETY: the caller's promise; no reference is kept across the switch.
    unsafe {
        let me = (*this).current as usize;
        (*this).task(me).span = u32::try_from(len).unwrap_or(u32::MAX);
        let open = open_always(this, || op);
        let task = (*this).task(me);
        task.span = 0;
        (open, std::mem::replace(&mut task.outcome, Outcome::Run))
    }
}

/// What the caller knew goes with the bytes that it moved.
fn order_moved(this: *mut Kernel, call: &Call<'_, &'static Location<'static>>, moved: &io::Result<usize>) {
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let kernel = unsafe { this.as_mut() }.filter(|kernel| kernel.keeps_order());
    if let (Some(kernel), Ok(moved)) = (kernel, moved)
        && ready::blocks(call.fd)
    {
        kernel.order_bytes(call.fd, call.kind == selvedge::platform::Kind::Output, *moved == 0);
    }
}

fn interrupted() -> io::Error {
    io::Error::from_raw_os_error(nix::libc::EINTR)
}

impl Io for Checked {
    type Watch = Watched;

    fn watch(fd: BorrowedFd<'_>) -> Watched {
        Watched::new(fd)
    }

    type Withheld = Withheld;

    fn withhold(fd: BorrowedFd<'_>) -> io::Result<Withheld> {
        Withheld::new(fd)
    }

    fn transfer(
        call: Call<'_, Self::Site>,
        len: usize,
        mut body: impl FnMut(Range<usize>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() || unsafe { (*this).is_inside() } {
            if outside::is_alone() && ready::blocks(call.fd) && !ready::is_ready(call.fd, call.direction()) {
                outside::accuse_at(call.name, call.site);
            }
            let moved = body(0..len);
            order_moved(this, &call, &moved);
            return moved;
        }
        let blocks = ready::blocks(call.fd);
        let guard = if blocks { Guard::ready(call.fd, call.kind) } else { Guard::ALWAYS };
        // A socket may have a limit of its own for the time that a call takes.
        let limit = if blocks { ready::limit(call.fd, call.direction()) } else { None };
        let deadline = limit.map(|limit| Checked::now().saturating_add(limit));
        let mut done = 0;
        loop {
            // SAFETY: as above.
            let (step, outcome) = unsafe { announce(this, &call, (len - done).max(1), deadline, guard) };
            let most = if outcome == Outcome::Short { done + 1 } else { len };
            let moved = if outcome == Outcome::Interrupt {
                Err(interrupted())
            } else {
                let _mark = ready::NonBlocking::begin(call.fd);
                body(done..most)
            };
            let scheduled = step.is_scheduled();
            order_moved(this, &call, &moved);
            step.conclude(&moved);
            let late = deadline.is_some_and(|deadline| Checked::now() >= deadline);
            let again = blocks && scheduled && !late;
            match moved {
                // Somebody unseen was faster: it waits on.
                Err(error) if again && error.kind() == io::ErrorKind::WouldBlock => {}
                // What has been moved cannot be taken back.
                Err(_) if done > 0 => return Ok(done),
                Err(error) => return Err(error),
                Ok(moved) => {
                    done += moved;
                    let writes_on = call.kind == selvedge::platform::Kind::Output && outcome == Outcome::Run;
                    if !(again && writes_on && moved > 0 && done < len) {
                        return Ok(done);
                    }
                }
            }
        }
    }

    fn ready(call: Call<'_, Self::Site>, deadline: Option<u64>) -> io::Result<bool> {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() || unsafe { (*this).is_inside() } {
            if outside::is_alone() {
                let is_ready = ready::is_ready(call.fd, call.direction());
                if !is_ready && deadline.is_none() {
                    outside::accuse_at(call.name, call.site);
                }
                return Ok(is_ready);
            }
            let fixed = Call { kind: call.kind, name: call.name, fd: call.fd, site: () };
            return Native::ready(fixed, deadline);
        }
        let asks = deadline.is_none_or(|deadline| deadline > Checked::now());
        let guard = if asks { Guard::ready(call.fd, call.kind) } else { Guard::ALWAYS };
        // SAFETY: as above.
        let (step, outcome) = unsafe { announce(this, &call, usize::from(asks), deadline, guard) };
        let result = match outcome {
            Outcome::Interrupt => Err(interrupted()),
            _ => Ok(ready::is_ready(call.fd, call.direction())),
        };
        step.conclude(&result);
        result
    }

    fn lock_file(call: Call<'_, Self::Site>, exclusive: bool, deadline: Option<u64>) -> io::Result<bool> {
        super::file_lock::lock(&call, exclusive, deadline)
    }

    fn lock_holders(fd: BorrowedFd<'_>) -> Vec<u32> {
        if current::get().is_null() { Native::lock_holders(fd) } else { Vec::new() }
    }

    fn unlock_file(call: Call<'_, Self::Site>) -> io::Result<()> {
        super::file_lock::unlock(&call)
    }
}
