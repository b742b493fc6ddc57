//! `exit` in a fiber: it ends all tasks, and with them the program that explores.
//!
//! Nothing can stop it: std and the C library let a program exit only once. But what was
//! found is known at that moment, and the handlers that run at an exit may do anything. So
//! the one that is set here lets a [`Teller`] tell the finding, and then ends the program.
//!
//! | who called `exit` | what is told |
//! |---|---|
//! | a task, in an exploration with a teller | the finding |
//! | a task otherwise | which task, at which step |
//! | the set-up, `finally`, `label`, a destructor | which of them; nothing was judged |
//!
//! `_exit` runs no handler, and a test that it ends with code 0 would count as passed. So a
//! program that explores has an `_exit` of its own, which does the same and then leaves as the
//! operating system's does. SIGKILL, and a signal without a handler whose default is to end
//! the process, cannot be told: whoever started this process sees that it died of one, and
//! `real` says who did it. Where no exploration is going on all this costs nothing.
//!
//! 1. The thread that exits has lost its thread-local variables already, and stands on the
//!    stack of a fiber: the teller runs in a thread of its own.
//! 2. From here on, the watchdog and the handlers of fatal signals leave this thread alone.
//!
//! When a process dies here, it was about to; the teller has told what it could.
//!
//! Sources: on_exit(3), _exit(2).

use super::crash;
use crate::engine::Model;
use crate::engine::moment::Moment;
use crate::kernel::Choice;
use nix::libc;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

/// The code of a failed test, whatever the program wanted.
const FAILED: i32 = 101;

/// What is known when a task exits.
pub(crate) struct Exit {
    /// The task.
    pub(crate) task: usize,
    /// The code that it gave.
    pub(crate) code: i32,
    /// The choices up to then.
    pub(crate) schedule: Vec<Choice>,
    /// The number of the execution.
    pub(crate) index: u64,
}

/// Tells of an exit; the code with which the program ends.
pub(crate) type Teller = Arc<dyn Fn(&dyn Model, &Exit) -> i32 + Send + Sync>;

unsafe extern "C" {
    fn on_exit(handler: extern "C" fn(libc::c_int, *mut c_void), argument: *mut c_void) -> libc::c_int;
}

/// From now on, exits are told.
pub(super) fn watch() {
    // SAFETY: the function is valid for the life of the program.
    unsafe { on_exit(exits, ptr::null_mut()) };
}

/// `_exit`(2), by which also a task may leave.
#[unsafe(no_mangle)]
extern "C" fn _exit(code: libc::c_int) -> ! {
    if crash::is_here() {
        exits(code, ptr::null_mut());
    }
    selvedge::sys::process::exit_group(code)
}

extern "C" fn exits(code: libc::c_int, _: *mut c_void) {
    let engine = crash::disarm();
    if engine.is_null() {
        return;
    }
    // SAFETY: the engine pointer is valid while its watch lives, and code that runs
    // within it, on this thread, called `exit`.
    let (engine, kernel) = unsafe { (&*engine, &*(*engine).arena.kernel()) };
    let text = match (Moment::now().outside_tasks(), &engine.teller) {
        (None, Some(teller)) => {
            let exit = Exit {
                task: kernel.current as usize,
                code: code & 0xFF,
                schedule: kernel.schedule().to_vec(),
                index: engine.index,
            };
            selvedge::sys::process::exit_now(apart(&|| teller(engine.model, &exit)).unwrap_or(FAILED));
        }
        (Some(part), _) => format!(
            "selvedge: {part} ended the whole program with exit().\n\
             Nothing was judged: what stands outside of the tasks has to return.\n"
        ),
        (None, None) => format!(
            "selvedge: task {} ended the whole program with exit() at step {}.\n\
             In fibers all tasks share one process; run this in processes \
             (SELVEDGE_ENGINE=real) to get a finding that can be shrunk and replayed.\n",
            kernel.current, kernel.steps
        ),
    };
    let _ = nix::unistd::write(std::io::stderr(), text.as_bytes());
    selvedge::sys::process::exit_now(FAILED);
}

/// What a thread of the C library shall do, and what came of it.
struct Work<'w> {
    tell: &'w dyn Fn() -> i32,
    code: Option<i32>,
}

/// Runs `tell` in a new thread; none if there is no thread, or if it panics. Made by the C
/// library, since std starts threads only from one that still has its own variables.
fn apart(tell: &dyn Fn() -> i32) -> Option<i32> {
    extern "C" fn run(work: *mut c_void) -> *mut c_void {
        // SAFETY: the starter waits for this thread, which alone uses its work meanwhile.
        let work = unsafe { &mut *work.cast::<Work<'_>>() };
        work.code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work.tell)).ok();
        ptr::null_mut()
    }
    let mut work = Work { tell, code: None };
    let mut thread: libc::pthread_t = 0;
    // SAFETY: pointers to live values; the work outlives the thread, which is joined.
    unsafe {
        if libc::pthread_create(&raw mut thread, ptr::null(), run, (&raw mut work).cast()) != 0 {
            return None;
        }
        libc::pthread_join(thread, ptr::null_mut());
    }
    work.code
}
