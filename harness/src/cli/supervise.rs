//! The command as two processes: one works, the other sees to it that nothing is left.
//!
//! Called at the start of the command. Whoever works may end at any instruction: by
//! Ctrl-C, by a crash of the program under test, by its `exit`. What it was writing at
//! that moment it can no longer remove, and a thread of its own that tried would race
//! with the others. So the work is done in a forked child, and its parent, which does
//! nothing else, cleans up when the child is dead.
//!
//! | what ends the command | who notices | exit code |
//! |---|---|---|
//! | the work is done, or `--timeout` | the worker | the worker's |
//! | a signal | the supervisor, which kills the worker | 128 + the signal |
//! | a signal to the worker, or its crash | the supervisor, by the worker's death | 128 + the signal |
//!
//! 1. The supervisor catches every signal that would end it; those of a terminal (and
//!    SIGTERM) are blocked in the worker, so that one process decides.
//! 2. It is the sub-reaper: whatever the worker started and lost becomes its child.
//! 3. Folders are removed after everybody who could write to them has been reaped.
//!
//! When the supervisor is killed, the worker, its controllers and their tasks die with
//! it, and the next command that uses scratch folders sweeps what they left.
//!
//! Sources: signalfd(2), prctl(2) on `PR_SET_CHILD_SUBREAPER` and `PR_SET_PDEATHSIG`.

use super::exit::Exit;
use super::out::complain;
use crate::Error;
use crate::engine::real::kill_and_bury;
use crate::program::remove_all_scratch_of;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use selvedge::sys::process::{self, Child};
use std::time::Duration;

/// Runs `work` in a child and returns the code with which the command ends.
pub(super) fn run(work: impl FnOnce() -> u8) -> u8 {
    match start(work) {
        Ok((worker, signals)) => {
            // The handle lives to the end: dropping it would reap the worker if it has ended.
            let end = wait(worker.id(), &signals);
            clean_up(worker.id());
            end.tell()
        }
        Err(errno) => {
            complain(Error::os("starting the process that works", errno));
            Exit::Internal.code()
        }
    }
}

/// From now on, the command ends after `time`. Called by the worker.
pub(super) fn after(time: Duration) -> std::io::Result<()> {
    let sleep = move || {
        std::thread::sleep(time);
        complain(format_args!("timed out after {} s", time.as_secs_f64()));
        process::exit_now(Exit::TimedOut.code().into());
    };
    std::thread::Builder::new().name("timeout".to_owned()).spawn(sleep).map(drop)
}

/// How the command ended.
enum End {
    /// The worker ended with this code.
    Code(i32),
    /// A signal came from outside.
    Signal(i32),
    /// The worker died of a signal.
    Death(i32),
}

impl End {
    /// Says on standard error what a signal did; the exit code.
    fn tell(self) -> u8 {
        let name = |signal| {
            Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |name| name.to_string())
        };
        let code = match self {
            End::Code(code) => code,
            End::Signal(signal) => {
                complain(format_args!("ended by {}", name(signal)));
                128 + signal
            }
            End::Death(signal) => {
                complain(format_args!(
                    "the process that explores was ended by {}; if a task did that, --engine real names it",
                    name(signal)
                ));
                128 + signal
            }
        };
        code as u8
    }
}

/// The signals that would end this process, and SIGCHLD, which tells of the worker.
fn watched() -> SigSet {
    let mut signals = SigSet::all();
    // These stop and continue a job, or change nothing by default.
    for signal in [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGCONT] {
        signals.remove(signal);
    }
    for signal in [Signal::SIGWINCH, Signal::SIGURG] {
        signals.remove(signal);
    }
    // Rust programs ignore it: who writes to a closed pipe gets an error.
    signals.remove(Signal::SIGPIPE);
    if is_ignored(Signal::SIGHUP) {
        // Started with nohup(1).
        signals.remove(Signal::SIGHUP);
    }
    signals
}

/// Whether this process was started with a signal ignored.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal as i32 - 1) & 1 == 1
}

/// Forks the worker. Every watched signal is blocked before, so
/// that none is lost in between, and what they are read from is there.
fn start(work: impl FnOnce() -> u8) -> Result<(Child, SignalFd), Errno> {
    prctl::set_child_subreaper(true)?;
    let signals = SignalFd::with_flags(&watched(), SfdFlags::SFD_CLOEXEC)?;
    let mut workers = watched().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP] {
        workers.add(signal);
    }
    let supervisor = std::process::id();
    let body = || {
        let _ = workers.thread_set_mask();
        let _ = prctl::set_pdeathsig(Signal::SIGKILL);
        if nix::unistd::getppid().as_raw() as u32 != supervisor {
            process::exit_now(0);
        }
        work().into()
    };
    let worker = process::fork(body);
    let worker = worker.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
    Ok((worker, signals))
}

/// Waits for the worker's end, or ends it when a signal comes.
fn wait(worker: u32, signals: &SignalFd) -> End {
    loop {
        // Nothing but an interruption can go wrong here: signalfd(2).
        let Ok(Some(info)) = signals.read_signal() else { continue };
        let signal = info.ssi_signo as i32;
        if signal != Signal::SIGCHLD as i32 {
            kill_and_bury(worker);
            return End::Signal(signal);
        }
        // Others may have ended too: what the worker lost, and this process inherited.
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) if pid.as_raw() as u32 == worker => {
                    return End::Code(code);
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid.as_raw() as u32 == worker => {
                    return End::Death(signal as i32);
                }
                Ok(WaitStatus::StillAlive) | Err(_) => break,
                Ok(_) => {}
            }
        }
    }
}

/// Ends everybody who is left, and removes the folders of all.
fn clean_up(worker: u32) {
    let mut dead = vec![worker];
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            // Somebody lives. Whoever this orphans becomes a child of this process.
            Ok(WaitStatus::StillAlive) => children().into_iter().for_each(kill_and_bury),
            Ok(status) => dead.extend(status.pid().map(|pid| pid.as_raw() as u32)),
            Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
    remove_all_scratch_of(&dead);
}

/// The children of this process, which has one thread.
fn children() -> Vec<u32> {
    let list = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
