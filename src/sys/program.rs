//! Which program a process belongs to, in a way that survives the reuse of pids.
//!
//! Asked by [`shm`](crate::shm) for who made a segment, and whether that is still alive.
//!
//! | field | what it tells apart |
//! |---|---|
//! | pid | the processes of one moment |
//! | start, in clock ticks since the system started | the processes that had one pid, one after the other |
//! | namespace, the inode of the pid namespace | what one pid means in two containers |
//!
//! 1. A program is its first process: the one that forked first, or that asked first. All
//!    that descend from it by [`fork`](super::process::fork) belong to it, and those that it
//!    executed as processes of its own.
//! 2. A program of another namespace cannot be judged, and counts as alive.
//!
//! When a process dies here, nothing is left behind; until it is waited for, it counts as
//! dead already.
//!
//! Source: proc_pid_stat(5), fields 3 and 22; pid_namespaces(7).

use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

/// The first process of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its pid.
    pub pid: u32,
    /// When it started, in clock ticks since the system started.
    pub start: u64,
    /// The inode of its pid namespace.
    pub namespace: u64,
}

static FIRST: OnceLock<Program> = OnceLock::new();

impl Program {
    /// The program of the calling process.
    #[must_use]
    pub fn current() -> Program {
        *FIRST.get_or_init(|| Program::of(std::process::id()).unwrap_or(Program::UNKNOWN))
    }

    /// Makes the calling process, which was executed and not forked, part of its parent's
    /// program; one that has asked for its program before stays what it is.
    pub(crate) fn join(self) {
        let _ = FIRST.set(self);
    }

    /// What is there without `/proc`: a program that nobody can judge.
    const UNKNOWN: Program = Program { pid: 0, start: 0, namespace: 0 };

    /// The process `pid` of the caller's namespace, if it lives.
    #[must_use]
    pub fn of(pid: u32) -> Option<Program> {
        Some(Program { pid, start: start(pid)?, namespace: namespace()? })
    }

    /// Whether it may still be running.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        // Invariant 2; a program without a number cannot be judged either.
        let judged = self.pid != 0 && Some(self.namespace) == namespace();
        !judged || start(self.pid) == Some(self.start)
    }
}

fn namespace() -> Option<u64> {
    fs::metadata("/proc/self/ns/pid").ok().map(|namespace| namespace.ino())
}

/// When a process started; `None` if there is none, or only what is left until somebody
/// waits for it.
fn start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything, parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    match fields.next()? {
        "Z" | "X" | "x" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::{Signal, fork};

    #[test]
    fn another_process_with_the_same_pid_is_another_program() {
        let me = Program::current();
        assert!(me.is_alive() && me.pid == std::process::id() && me.start > 0);
        assert!(!Program { start: me.start + 1, ..me }.is_alive());
        assert!(Program { start: me.start + 1, namespace: me.namespace + 1, ..me }.is_alive());
        assert!(Program::UNKNOWN.is_alive());
    }

    #[test]
    fn a_child_belongs_to_the_program_and_the_dead_are_dead() {
        let (me, child) = (
            Program::current(),
            fork(|| {
                loop {
                    std::thread::park();
                }
            }),
        );
        let child = child.unwrap();
        let its = Program::of(child.id()).unwrap();
        assert!(its.is_alive());
        child.signal(Signal::SIGKILL).unwrap();
        assert!(child.wait(None).unwrap().is_some());
        assert!(!its.is_alive());
        let same = fork(move || i32::from(Program::current() != me)).unwrap();
        assert!(same.wait(None).unwrap().unwrap().success());
    }
}
