//! The tasks that a program starts itself, and the memory that it makes for them: the
//! part of the `Checked` platform that whole programs need.
//!
//! When a child process dies here, whoever has the turn next (or sent the fatal
//! signal) waits for the operating system to have closed its files before it goes on.

use super::checked::{Checked, perform};
use super::children::{CheckedChild, Inner, TaskChild};
use super::segment::CheckedSegment;
use super::{named, open};
use crate::kernel::data::current;
use crate::kernel::data::state::Mode;
use crate::kernel::data::task::{Role, logical_id};
use crate::kernel::tasks::launch::{begin, start_fiber, start_process, start_thread};
use crate::kernel::tasks::{life, outside};
use selvedge::platform::{Guard, Kind, Native, Op, Tasks};
use std::io;
use std::sync::Mutex;

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

    #[inline]
    fn has_own_memory() -> bool {
        let this = current::get();
        // SAFETY: a current kernel is alive.
        this.is_null() || unsafe { (*this).mode } == Mode::Real
    }

    #[inline]
    fn executes() -> bool {
        current::get().is_null()
    }

    fn adopt(child: selvedge::sys::process::Child) -> Self::Process {
        CheckedChild(Inner::Native(Box::new(child)))
    }

    // Part of its caller, of which there is one for each kind of body: each call that the new
    // task returns through, or its starter after it ran, is one that the processor guesses wrong.
    #[inline(always)]
    fn thread<F: FnOnce() + Send + 'static>(
        name: &str,
        body: F,
        site: Self::Site,
    ) -> io::Result<Self::Thread> {
        let this = current::get();
        if this.is_null() {
            return native_thread(name, body);
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
                // SAFETY: as above.
                let thread = unsafe { start_thread(this, child, name, body)? };
                handle.thread = Some(Box::new(Mutex::new(Some(thread))));
            }
        }
        Ok(CheckedChild(Inner::Task(handle)))
    }

    #[inline]
    fn knows_threads() -> bool {
        !current::get().is_null()
    }

    #[inline]
    fn running_threads() -> usize {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() { 0 } else { unsafe { (*this).started_threads() } }
    }

    fn helps() {
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if let Some(kernel) = unsafe { current::get().as_mut() } {
            kernel.task(kernel.current as usize).helps = true;
        }
    }

    // Memory that one execution used is cleared for the next, whole.
    const RESERVE: usize = 64 << 10;

    #[inline]
    fn segment(size: usize) -> io::Result<CheckedSegment> {
        CheckedSegment::new(size)
    }

    fn create_named(name: &str, size: usize, fill: &mut dyn FnMut(*mut u8)) -> io::Result<CheckedSegment> {
        named::create(name, size, fill)
    }

    fn open_named(name: &str) -> io::Result<CheckedSegment> {
        named::open(name)
    }

    fn unlink_named(name: &str) -> io::Result<()> {
        named::unlink(name)
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

    #[inline]
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

/// A thread that nobody schedules.
#[cold]
fn native_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<<Checked as Tasks>::Thread> {
    outside::note_helper();
    Ok(CheckedChild(Inner::Native(Box::new(Native::thread(name, body, ())?))))
}
