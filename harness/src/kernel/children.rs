//! Tasks that a program starts itself, and the memory they share: the part of the
//! `Checked` platform that whole programs need.
//!
//! A started task runs, within the step that starts it, up to its first visible
//! operation; so it has no step of its own for having begun. In `sim` it is a fiber,
//! in `real` a forked process or a thread.
//!
//! When a child process dies here, whoever has the turn next (or sent the fatal
//! signal) waits for the operating system to have closed its files before it goes on.

use super::checked::{Checked, open_always, perform};
use super::point::switch_by;
use super::segment::CheckedSegment;
use super::state::{Kernel, Launch, Mode};
use super::task::{Role, Task, logical_id};
use super::{current, life, open, outside, panic};
use nix::sys::signal::Signal;
use nix::unistd::ForkResult;
use selvedge::platform::{Child, Cmp, Guard, Kind, Native, Op, Site, Tasks};
use selvedge::process::ExitStatus;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A child of the checked platform: a task of an exploration, or a native child.
pub struct CheckedChild<N>(Inner<N>);

// Small, because a handle is moved from hand to hand: what is large is boxed.
enum Inner<N> {
    Native(Box<N>),
    Task(TaskChild),
}

struct TaskChild {
    task: u32,
    /// The operating system keeps nothing of it: in `real`, its process was waited for, or
    /// its thread joined.
    reaped: AtomicBool,
    /// `real`: the thread, to be joined for good at the end.
    thread: Option<Box<Thread>>,
}

type Thread = Mutex<Option<std::thread::JoinHandle<()>>>;

impl<N> std::fmt::Debug for CheckedChild<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Inner::Native(_) => f.write_str("CheckedChild(native)"),
            Inner::Task(child) => write!(f, "CheckedChild(task {})", child.task),
        }
    }
}

fn decode(status: i32) -> ExitStatus {
    if status < 0 { ExitStatus::Signal(-status) } else { ExitStatus::Code(status) }
}

fn no_exploration() -> io::Error {
    io::Error::other("this task belongs to an exploration that is over")
}

impl<N: Child> Child for CheckedChild<N> {
    fn id(&self) -> u32 {
        match &self.0 {
            Inner::Native(child) => child.id(),
            Inner::Task(child) => logical_id(child.task as usize),
        }
    }

    #[inline(always)]
    fn wait(&self, deadline: Option<u64>, site: impl Site) -> io::Result<Option<ExitStatus>> {
        match &self.0 {
            Inner::Native(child) => match (deadline, outside::patience()) {
                (None, until @ Some(_)) => match child.wait(until, site)? {
                    None => outside::accuse_at("join", site.location()),
                    ended => Ok(ended),
                },
                _ => child.wait(deadline, site),
            },
            Inner::Task(child) => child.wait(deadline, site.location()),
        }
    }

    fn has_ended(&self) -> bool {
        match &self.0 {
            Inner::Native(child) => child.has_ended(),
            Inner::Task(child) => {
                let this = current::get();
                // SAFETY: a current kernel is alive, and the caller has the turn.
                this.is_null() || unsafe { (*this).was_ended(child.task as usize) }
            }
        }
    }

    fn sentinel(&self) -> io::Result<BorrowedFd<'_>> {
        match &self.0 {
            Inner::Native(child) => child.sentinel(),
            Inner::Task(_) => {
                let text = "a process of an exploration has no descriptor (ENOTSUP); join it";
                Err(io::Error::new(io::ErrorKind::Unsupported, text))
            }
        }
    }

    fn last_words(&self) -> Option<String> {
        match &self.0 {
            Inner::Native(child) => child.last_words(),
            Inner::Task(_) => None,
        }
    }

    fn signal(&self, signal: Signal, site: impl Site) -> io::Result<()> {
        match &self.0 {
            Inner::Native(child) => child.signal(signal, site),
            Inner::Task(child) => child.signal(signal, site.location()),
        }
    }
}

impl TaskChild {
    /// A new one, of which nothing is left to take away in `sim`.
    fn new(task: usize, mode: Mode) -> TaskChild {
        TaskChild { task: task as u32, reaped: AtomicBool::new(mode == Mode::Sim), thread: None }
    }

    /// Takes the zombie or the ended thread away.
    #[inline]
    fn reap(&self, task: &Task) {
        if self.reaped.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(thread) = &self.thread {
            let thread = thread.lock().ok().and_then(|mut thread| thread.take());
            if let Some(thread) = thread {
                // Its panic, if any, is a finding already.
                let _ = thread.join();
            }
        } else {
            // Somebody else's child is reaped by the controller.
            selvedge::sys::process::reap(task.pid());
        }
    }

    #[inline(always)]
    fn wait(
        &self,
        deadline: Option<u64>,
        site: &'static Location<'static>,
    ) -> io::Result<Option<ExitStatus>> {
        let this = current::get();
        if this.is_null() {
            return Err(no_exploration());
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &*this };
        let word = &kernel.task(self.task as usize).ended;
        let object = std::ptr::from_ref(word) as usize;
        let now = kernel.clock;
        let op = || match deadline {
            Some(deadline) if deadline <= now => Op::new(Kind::Read, "is_alive", object, site),
            _ => Op::new(Kind::Join, "join", object, site)
                .when(Guard::on(word, !0, Cmp::Eq, 1))
                .until(deadline),
        };
        let ended = || word.load(Ordering::Relaxed) == 1;
        // SAFETY: as above.
        if !unsafe { perform(this, op, ended) } {
            return Ok(None);
        }
        // SAFETY: as above.
        unsafe { (*this).order_join(self.task as usize) };
        if !self.reaped.load(Ordering::Relaxed) {
            self.reap(kernel.task(self.task as usize));
        }
        Ok(Some(decode(kernel.task(self.task as usize).status)))
    }

    fn signal(&self, signal: Signal, site: &'static Location<'static>) -> io::Result<()> {
        let this = current::get();
        if this.is_null() {
            return Err(no_exploration());
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &*this };
        if kernel.task(self.task as usize).role == Role::Thread {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a thread cannot be sent a signal of its own",
            ));
        }
        // SAFETY: as above.
        unsafe { super::handlers::send(this, self.task as usize, signal, site) }
    }
}

impl Tasks for Checked {
    type Process = CheckedChild<<Native as Tasks>::Process>;
    type Thread = CheckedChild<<Native as Tasks>::Thread>;
    type Segment = CheckedSegment;

    fn fork<F: FnOnce() -> i32 + 'static>(
        name: &str,
        body: F,
        site: Self::Site,
    ) -> io::Result<Self::Process> {
        Self::fork_holding(name, body, || (), site)
    }

    fn fork_holding<F: FnOnce() -> i32 + 'static>(
        name: &str,
        body: F,
        release: impl FnOnce(),
        site: Self::Site,
    ) -> io::Result<Self::Process> {
        let this = current::get();
        if this.is_null() {
            outside::note_helper();
            return Ok(CheckedChild(Inner::Native(Box::new(Native::fork(name, body, ())?))));
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let (kernel, child) = unsafe { (&mut *this, begin(this, Role::Process, name, site)?) };
        let handle = TaskChild::new(child, kernel.mode);
        match kernel.mode {
            // SAFETY: as above.
            Mode::Sim => unsafe {
                let parent = kernel.task(kernel.current as usize).process;
                open::share(parent, child as u32, &body, release, site);
                start_fiber(this, child, body);
            },
            // SAFETY: as above.
            Mode::Real => unsafe { start_process(this, child, body)? },
        }
        Ok(CheckedChild(Inner::Task(handle)))
    }

    fn has_own_memory() -> bool {
        let this = current::get();
        // SAFETY: a current kernel is alive.
        this.is_null() || unsafe { (*this).mode } == Mode::Real
    }

    fn executes() -> bool {
        current::get().is_null()
    }

    fn adopt(child: selvedge::sys::process::Child) -> Self::Process {
        CheckedChild(Inner::Native(Box::new(child)))
    }

    fn thread<F: FnOnce() + Send + 'static>(
        name: &str,
        body: F,
        site: Self::Site,
    ) -> io::Result<Self::Thread> {
        let this = current::get();
        if this.is_null() {
            outside::note_helper();
            return Ok(CheckedChild(Inner::Native(Box::new(Native::thread(name, body, ())?))));
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let (kernel, child) = unsafe { (&mut *this, begin(this, Role::Thread, name, site)?) };
        let mut handle = TaskChild::new(child, kernel.mode);
        let body = move || {
            body();
            0
        };
        match kernel.mode {
            // SAFETY: as above.
            Mode::Sim => unsafe { start_fiber(this, child, body) },
            Mode::Real => {
                let address = this as usize;
                let passport = selvedge::process::passport::<Checked>();
                let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                    passport.belong();
                    run_here(address as *mut Kernel, child, body);
                });
                match thread {
                    Ok(thread) => {
                        // SAFETY: as above.
                        unsafe { launch(this, child) };
                        handle.thread = Some(Box::new(Mutex::new(Some(thread))));
                    }
                    Err(error) => {
                        kernel.end_task(child, 0);
                        return Err(error);
                    }
                }
            }
        }
        Ok(CheckedChild(Inner::Task(handle)))
    }

    #[inline]
    fn knows_threads() -> bool {
        !current::get().is_null()
    }

    fn running_threads() -> usize {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() { 0 } else { unsafe { (*this).started_threads() } }
    }

    // Memory that one execution used is cleared for the next, whole.
    const RESERVE: usize = 64 << 10;

    fn segment(size: usize) -> io::Result<CheckedSegment> {
        CheckedSegment::new(size)
    }

    fn create_named(name: &str, size: usize, fill: &mut dyn FnMut(*mut u8)) -> io::Result<CheckedSegment> {
        super::named::create(name, size, fill)
    }

    fn open_named(name: &str) -> io::Result<CheckedSegment> {
        super::named::open(name)
    }

    fn unlink_named(name: &str) -> io::Result<()> {
        super::named::unlink(name)
    }

    fn sleep(nanos: u64, site: Self::Site) {
        let this = current::get();
        if this.is_null() {
            if outside::is_alone() {
                return;
            }
            return Native::sleep(nanos, ());
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let until = unsafe { (*this).clock }.saturating_add(nanos).min(u64::MAX - 1);
        let op = || Op::new(Kind::Sleep, "sleep", 0, site).when(Guard::NEVER).until(Some(until));
        // SAFETY: as above.
        unsafe { perform(this, op, || ()) };
    }

    fn exit(code: i32) -> ! {
        let this = current::get();
        if this.is_null() {
            Native::exit(code);
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            let me = (*this).current as usize;
            life::exit(this, me, code)
        }
    }

    fn process_id() -> u32 {
        let this = current::get();
        if this.is_null() {
            return Native::process_id();
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let kernel = unsafe { &*this };
        logical_id(kernel.task(kernel.current as usize).process as usize)
    }
}

/// The step that starts a task: announces it and creates its slot.
///
/// # Safety
/// `this` is the current kernel and the caller has the turn.
#[inline(always)]
unsafe fn begin(
    this: *mut Kernel,
    role: Role,
    name: &str,
    site: &'static Location<'static>,
) -> io::Result<usize> {
    let kind = if role == Role::Process { "spawn process" } else { "spawn thread" };
    // SAFETY: the caller's promise.
    let step = unsafe { open_always(this, || Op::new(Kind::Spawn, kind, 0, site)) };
    // SAFETY: as above.
    let kernel = unsafe { &mut *this };
    let me = kernel.current;
    let process = (role == Role::Thread).then_some(kernel.task(me as usize).process);
    let child = kernel.create(role, me, process, name).map_err(|limit| {
        io::Error::new(io::ErrorKind::QuotaExceeded, format!("an execution may have {limit} tasks at most"))
    })?;
    super::handlers::start(kernel, me as usize, child);
    step.conclude(&(child as u64));
    Ok(child)
}

/// Lets the new task run up to its first operation; returns with the turn.
///
/// # Safety
/// As for [`begin`]; `child` is what it returned.
#[inline(always)]
unsafe fn launch(this: *mut Kernel, child: usize) {
    // SAFETY: the caller's promise.
    unsafe { launch_by(this, child, Kernel::hand_over) };
}

/// [`launch`], where in `real` the turn is handed over by `give`.
///
/// # Safety
/// As for [`launch`].
#[inline(always)]
unsafe fn launch_by(this: *mut Kernel, child: usize, give: impl FnOnce(&mut Kernel)) {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    let me = kernel.current as usize;
    kernel.launch = Launch::Back;
    kernel.current = child as u32;
    // SAFETY: as above.
    unsafe { switch_by(this, me, give) };
}

/// `sim`: starts `body` on a fiber.
///
/// # Safety
/// As for [`launch`].
#[inline(always)]
unsafe fn start_fiber<F: FnOnce() -> i32 + 'static>(this: *mut Kernel, child: usize, body: F) {
    /// # Safety
    /// `argument` points at an initialised `F` that the caller gives away.
    unsafe fn entry<F: FnOnce() -> i32>(argument: *mut ()) {
        // SAFETY: the caller's promise; `start_fiber` does not drop it.
        let body = unsafe { argument.cast::<F>().read() };
        let this = current::get();
        // SAFETY: the engine resumed this fiber as the running task.
        unsafe { life::enter(this, (*this).current as usize, body) };
    }
    let mut body = std::mem::ManuallyDrop::new(body);
    // SAFETY: the caller's promise.
    let task = unsafe { (*this).task(child) };
    task.entry = Some(entry::<F>);
    task.argument = (&raw mut *body).cast();
    // SAFETY: the child takes `body` before its first operation, hence before this
    // returns; if the execution ends before that, `body` is leaked, not dropped twice.
    unsafe { launch(this, child) };
}

/// `real`: starts `body` in a forked child. The fork hands the turn over.
///
/// # Safety
/// As for [`launch`].
unsafe fn start_process(this: *mut Kernel, child: usize, body: impl FnOnce() -> i32) -> io::Result<()> {
    // SAFETY: the caller's promise.
    let me = unsafe { (*this).current as usize };
    let mut refused = None;
    let give = |kernel: &mut Kernel| {
        kernel.give_in_advance(child);
        // SAFETY: the controller's processes have no thread that could hold a lock, unless
        // the program started one: then its own rules for fork hold. The child runs `body`
        // and leaves by `_exit`.
        match unsafe { nix::unistd::fork() } {
            Ok(ForkResult::Child) => run_process(this, child, body),
            // The turn is gone: nothing but this may be touched.
            Ok(ForkResult::Parent { child: pid }) => {
                kernel.task(child).pid.store(pid.as_raw() as u32, Ordering::Relaxed);
            }
            Err(errno) => {
                refused = Some(errno);
                kernel.launch = Launch::Done;
                kernel.current = me as u32;
                kernel.give_in_advance(me);
            }
        }
    };
    // SAFETY: as above.
    unsafe { launch_by(this, child, give) };
    let Some(errno) = refused else { return Ok(()) };
    // SAFETY: the turn is back.
    unsafe { (*this).end_task(child, 0) };
    Err(errno.into())
}

/// `real`: the life of a forked child.
fn run_process(this: *mut Kernel, child: usize, body: impl FnOnce() -> i32) -> ! {
    // SAFETY: the child inherited the kernel's mapping and its current kernel.
    let kernel = unsafe { &mut *this };
    kernel.await_turn(child);
    // SAFETY: the turn was given to this task.
    unsafe { life::enter(this, child, body) };
    let code = kernel.task(child).status;
    let _ = std::io::Write::flush(&mut std::io::stdout());
    life::depart(kernel);
    selvedge::sys::process::exit_now(code)
}

/// `real`: the life of a thread.
fn run_here(this: *mut Kernel, child: usize, body: impl FnOnce() -> i32) {
    // SAFETY: the thread's process maps the kernel.
    let kernel = unsafe { &mut *this };
    current::set(this);
    let before = panic::capture(&raw mut kernel.note);
    kernel.await_turn(child);
    // SAFETY: the turn was given to this task.
    unsafe { life::enter(this, child, body) };
    panic::capture(before);
    current::set(std::ptr::null_mut());
    life::depart(kernel);
}
