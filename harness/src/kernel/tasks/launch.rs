//! Starting a task within an execution.
//!
//! Called by the `Checked` platform when a program starts a task. The new task runs, within
//! the step that starts it, up to its first visible operation; so it has no step of its own
//! for having begun. In `sim` it is a fiber, in `real` a forked process or a thread.
//!
//! When a process dies here, the fork did not happen, or the new task ends as any task does.

use super::{life, panic};
use crate::kernel::data::current;
use crate::kernel::data::state::{Kernel, Launch};
use crate::kernel::data::task::Role;
use crate::kernel::platform::checked::{Checked, open_always};
use crate::kernel::platform::handlers;
use crate::kernel::step::point::switch_by;
use nix::unistd::ForkResult;
use selvedge::platform::{Kind, Op};
use std::io;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// The step that starts a task: announces it and creates its slot.
///
/// # Safety
/// `this` is the current kernel and the caller has the turn.
#[inline(always)]
pub(in crate::kernel) unsafe fn begin(
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
    let site = kernel.task(me as usize).told(site);
    let child = kernel.create(role, me, process, name, site).map_err(|limit| {
        io::Error::new(io::ErrorKind::QuotaExceeded, format!("an execution may have {limit} tasks at most"))
    })?;
    handlers::start(kernel, me as usize, child);
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
pub(in crate::kernel) unsafe fn start_fiber<F: FnOnce() -> i32 + 'static>(
    this: *mut Kernel,
    child: usize,
    body: F,
) {
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
pub(in crate::kernel) unsafe fn start_process(
    this: *mut Kernel,
    child: usize,
    body: impl FnOnce() -> i32,
) -> io::Result<()> {
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
            // The turn is gone: nothing may be touched.
            Ok(ForkResult::Parent { .. }) => {}
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

/// `real`: starts `body` on a thread of this process.
///
/// # Safety
/// As for [`launch`].
#[inline(never)]
pub(in crate::kernel) unsafe fn start_thread(
    this: *mut Kernel,
    child: usize,
    name: &str,
    body: impl FnOnce() -> i32 + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let address = this as usize;
    let passport = selvedge::process::passport::<Checked>();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        passport.belong();
        run_here(address as *mut Kernel, child, body);
    });
    match thread {
        // SAFETY: the caller's promise.
        Ok(_) => unsafe { launch(this, child) },
        // SAFETY: as above.
        Err(_) => unsafe { (*this).end_task(child, 0) },
    }
    thread
}

/// `real`: the life of a forked child.
fn run_process(this: *mut Kernel, child: usize, body: impl FnOnce() -> i32) -> ! {
    // SAFETY: the child inherited the kernel's mapping and its current kernel.
    let kernel = unsafe { &mut *this };
    // Not by its parent, which may come to that after the child has ended: who goes on then
    // would not know whose burial to wait for.
    kernel.task(child).pid.store(selvedge::sys::process::id(), Ordering::Relaxed);
    kernel.await_turn(child);
    // SAFETY: the turn was given to this task.
    unsafe { life::enter(this, child, body) };
    let code = kernel.task(child).status;
    selvedge::sys::output::flush();
    life::depart(kernel);
    selvedge::sys::process::exit_group(code)
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
