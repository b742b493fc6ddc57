//! Starting this very program again, as a process that runs one registered entry.
//!
//! Called by `process` in the parent. In the child, the C library calls
//! [`begin`] before `main`, and that calls whoever [took charge](set_runner).
//!
//! | when | who | what |
//! |---|---|---|
//! | before `main`, first | `entry!` | puts each entry on the list |
//! | before `main`, last | `begin` | in a process that was started here: runs, and ends the process |
//! | later | programs | nothing of this is seen |
//!
//! 1. A process that was started here never comes to `main`: whatever that starts, it
//!    cannot start over and over.
//! 2. The child has the standard streams and one socket to its parent, and no other
//!    descriptor of its parent's, whether that was marked to be closed or not.
//! 3. Between fork and execution the child calls only what is safe there when other
//!    threads of the parent held locks: so that a program of many threads can do this.
//!
//! When the child dies before it began, its parent sees the socket closed.
//!
//! Sources: execve(2), close_range(2), elf(5) on `.init_array`.

use super::process::{Child, exit_now};
use super::report::Report;
use super::socket;
use nix::errno::Errno;
use nix::libc;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// By this name the child knows what it is; `ps` shows it.
const NAME: &str = "selvedge-entry";
/// The exit code of a child that could not be executed.
const NOT_EXECUTED: i32 = 127;

/// Starts this program again, to run the entry `entry`. Returns the child, and the end of
/// the socket on which it waits for what it needs.
pub(crate) fn execute(entry: &str) -> io::Result<(Child, OwnedFd)> {
    let (here, there) = socket::packets()?;
    let number = there.as_raw_fd();
    let text = |text: String| CString::new(text).map_err(|_| io::Error::from(Errno::EINVAL));
    let arguments = [text(NAME.to_owned())?, text(entry.to_owned())?, text(number.to_string())?];
    let pointers = [arguments[0].as_ptr(), arguments[1].as_ptr(), arguments[2].as_ptr(), std::ptr::null()];
    let report = Report::new(here.try_clone()?, false);
    let child = Child::of_fork(report, || {
        // SAFETY: system calls on numbers and on strings that were made before the fork.
        unsafe {
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
            libc::fcntl(number, libc::F_SETFD, 0);
            libc::execv(c"/proc/self/exe".as_ptr(), pointers.as_ptr());
        }
        exit_now(NOT_EXECUTED)
    })?;
    Ok((child, here))
}

/// What runs an entry: its name, and the socket to the parent.
type Runner = fn(&str, OwnedFd) -> i32;

static RUNNER: Mutex<Option<Runner>> = Mutex::new(None);

/// Says what runs entries. Called when the first is put on the list.
pub(crate) fn set_runner(runner: Runner) {
    *RUNNER.lock().unwrap_or_else(PoisonError::into_inner) = Some(runner);
}

/// Called by the C library before `main`, after all entries were put on the list, because
/// functions without a number come after those with one.
extern "C" fn begin() {
    let mut arguments = std::env::args_os();
    if arguments.next().is_none_or(|name| name != NAME) {
        return;
    }
    let entry = arguments.next().and_then(|entry| entry.into_string().ok());
    let number = arguments.next().and_then(|number| number.to_str()?.parse::<i32>().ok());
    let (Some(entry), Some(number)) = (entry, number) else {
        // Somebody else calls a program of his by this name.
        return;
    };
    // SAFETY: the parent left this descriptor open for us, and nobody else here knows it.
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    // SAFETY: no handler of ours is installed. std does the same before it calls `main`.
    let _ =
        unsafe { nix::sys::signal::signal(nix::sys::signal::SIGPIPE, nix::sys::signal::SigHandler::SigIgn) };
    match *RUNNER.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(runner) => exit_now(runner(&entry, socket)),
        None => {
            eprintln!("there is no entry {entry} in this program: it has none at all");
            exit_now(NOT_EXECUTED)
        }
    }
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

/// Has the C library call a function before `main`, before [`begin`].
#[doc(hidden)]
#[macro_export]
macro_rules! before_main {
    ($function:path) => {
        #[used]
        #[unsafe(link_section = ".init_array.00200")]
        static BEFORE_MAIN: extern "C" fn() = $function;
    };
}
