//! What a process does at the moment: it runs, sleeps, is stopped, is a zombie.
//!
//! Called by programs that show it, and by tests.
//!
//! | letter of ps(1) | [`State`] | left by |
//! |---|---|---|
//! | R | `Running`: on a processor, or ready for one | sleeping, stopping, ending |
//! | S, I | `Sleeping`, `Idle` | what it waits for, a signal |
//! | D | `Waiting`: for a device | what it waits for only |
//! | T, t | `Stopped`, `Traced` | `SIGCONT`, its tracer |
//! | Z, X | `Zombie`, `Dead` | a wait of its parent's |
//!
//! 1. The answer was true for a moment: only a stopped process and a zombie stay what they
//!    are until somebody else acts.
//!
//! When the process dies it is a zombie until its parent has waited for it; then nobody has
//! its number, and the question fails.
//!
//! Source: proc_pid_stat(5).

use nix::errno::Errno;
use std::io;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It is on a processor, or ready for one.
    Running,
    /// It waits, and a signal ends that.
    Sleeping,
    /// It waits for a device, and nothing else ends that.
    Waiting,
    /// It is suspended, by `SIGSTOP` or its like.
    Stopped,
    /// A tracer has stopped it.
    Traced,
    /// It has ended, and nobody has waited for it.
    Zombie,
    /// It is about to be forgotten.
    Dead,
    /// A thread of the kernel that has nothing to do.
    Idle,
}

const LETTERS: [(char, State); 8] = [
    ('R', State::Running),
    ('S', State::Sleeping),
    ('D', State::Waiting),
    ('T', State::Stopped),
    ('t', State::Traced),
    ('Z', State::Zombie),
    ('X', State::Dead),
    ('I', State::Idle),
];

impl State {
    /// The letter by which ps(1) tells it.
    #[must_use]
    pub fn letter(self) -> char {
        LETTERS.iter().find(|(_, state)| *state == self).expect("each state has a letter").0
    }
}

/// What the process with this number does.
///
/// ```
/// use selvedge::process::{State, state};
///
/// assert_eq!(state(std::process::id())?, State::Running);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// `ESRCH` if there is no such process.
#[doc(alias = "ps")]
pub fn state(pid: u32) -> io::Result<State> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|_| Errno::ESRCH)?;
    // The name before it may have any character in it, so the last bracket ends it.
    let letter = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    let known = LETTERS.iter().find(|(known, _)| Some(*known) == letter);
    known.map(|(_, state)| *state).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::{Signal, fork};
    use crate::sys::wait::{Which, peek};
    use nix::sys::wait::{WaitPidFlag, waitpid};
    use nix::unistd::Pid;

    #[test]
    fn a_process_is_seen_in_each_state_from_its_start_to_its_end() {
        let child = fork(|| {
            loop {
                nix::unistd::pause();
            }
        })
        .unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        while state(child.id()).unwrap() != State::Sleeping {
            std::thread::yield_now();
        }
        child.signal(Signal::SIGSTOP).unwrap();
        waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert_eq!(state(child.id()).unwrap().letter(), 'T');
        child.signal(Signal::SIGCONT).unwrap();
        waitpid(pid, Some(WaitPidFlag::WCONTINUED)).unwrap();
        assert_ne!(state(child.id()).unwrap(), State::Stopped);
        child.signal(Signal::SIGKILL).unwrap();
        peek(Which::Pid(child.id())).unwrap();
        assert_eq!(state(child.id()).unwrap(), State::Zombie);
        child.wait(None).unwrap();
        assert_eq!(state(child.id()).unwrap_err().raw_os_error(), Some(Errno::ESRCH as i32));
    }
}
