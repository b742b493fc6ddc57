//! Ctrl-C and `--timeout`: ending a command from outside without leaving anything.
//!
//! Called at the start of the command. SIGINT, SIGTERM and SIGHUP are blocked in all
//! threads and waited for by one, so no handler runs anywhere; the processes that the
//! real engine forks unblock them again.
//!
//! When this process is killed instead, its controllers and their tasks die with it,
//! and the next command that uses scratch folders sweeps what they left.

use super::exit::Exit;
use super::out::complain;
use crate::engine::real::kill_and_bury;
use crate::program::{remove_own_scratch, remove_scratch_of};
use nix::sys::signal::{SigSet, Signal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// From now on, signals end the command cleanly.
pub(super) fn begin() {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    if signals.thread_block().is_err() {
        return;
    }
    let wait = move || {
        if let Ok(signal) = signals.wait() {
            complain(format_args!("ended by {signal}"));
            end(128 + signal as i32);
        }
    };
    if std::thread::Builder::new().name("signals".to_owned()).spawn(wait).is_err() {
        let _ = signals.thread_unblock();
    }
}

/// From now on, the command ends after `time`.
pub(super) fn after(time: Duration) -> std::io::Result<()> {
    let sleep = move || {
        std::thread::sleep(time);
        complain(format_args!("timed out after {} s", time.as_secs_f64()));
        end(Exit::TimedOut.code().into());
    };
    std::thread::Builder::new().name("timeout".to_owned()).spawn(sleep).map(drop)
}

/// Another thread is ending this process.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Waits for the end if another thread is about to end this process: what fails from
/// then on only fails because of that.
pub(super) fn give_way() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Ends this process and everything that it started.
fn end(code: i32) -> ! {
    ENDING.store(true, Ordering::SeqCst);
    for child in children() {
        kill_and_bury(child);
        remove_scratch_of(child);
    }
    remove_own_scratch();
    std::process::exit(code)
}

/// The children of all threads of this process.
fn children() -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
