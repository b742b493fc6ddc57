//! How the kernel schedules a process: niceness, policy, processors.
//!
//! Called by programs, as [`process::scheduling`](crate::process::scheduling). A process
//! is named by its pid. To Linux all of this belongs to threads: the pid names the main
//! thread of its process, 0 the calling thread, and threads and children that are started
//! later have copies.
//!
//! When a process dies, its settings die with it.
//!
//! Sources: getpriority(2), sched(7), sched_setaffinity(2).

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use std::io;
use std::time::Duration;

/// Who runs when several could, as sched(7) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Shares by niceness: `SCHED_OTHER`.
    Normal,
    /// The same for work that nobody waits for: `SCHED_BATCH`.
    Batch,
    /// Only what nobody else wants: `SCHED_IDLE`.
    Idle,
    /// Real time, until it sleeps: `SCHED_FIFO`.
    Fifo,
    /// Real time, in turns: `SCHED_RR`.
    RoundRobin,
}

const POLICIES: [(Policy, libc::c_int); 5] = [
    (Policy::Normal, libc::SCHED_OTHER),
    (Policy::Batch, libc::SCHED_BATCH),
    (Policy::Idle, libc::SCHED_IDLE),
    (Policy::Fifo, libc::SCHED_FIFO),
    (Policy::RoundRobin, libc::SCHED_RR),
];

impl Policy {
    fn number(self) -> libc::c_int {
        POLICIES.iter().find(|(policy, _)| *policy == self).expect("each policy has a number").1
    }

    /// The lowest and the highest priority that a process of this policy can have.
    ///
    /// # Panics
    /// Never: Linux knows each of these policies.
    #[doc(alias = "sched_get_priority_min")]
    #[must_use]
    pub fn priorities(self) -> (i32, i32) {
        // SAFETY: both calls take a number and return one.
        unsafe { (libc::sched_get_priority_min(self.number()), libc::sched_get_priority_max(self.number())) }
    }
}

fn number(pid: u32) -> io::Result<libc::pid_t> {
    // What is no pid at all is nobody's.
    libc::pid_t::try_from(pid).map_err(|_| Errno::ESRCH.into())
}

/// The niceness of a process: from -20, the most favoured, to 19.
///
/// # Errors
/// `ESRCH` if there is no such process.
#[doc(alias = "getpriority")]
pub fn niceness(pid: u32) -> io::Result<i32> {
    let pid = number(pid)?.cast_unsigned();
    // -1 is a niceness too: only errno tells.
    Errno::clear();
    // SAFETY: the call takes two numbers and returns one.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, pid) };
    match Errno::last_raw() {
        0 => Ok(nice),
        errno if nice == -1 => Err(io::Error::from_raw_os_error(errno)),
        _ => Ok(nice),
    }
}

/// Sets the niceness of a process; the kernel takes a number out of range for the
/// nearest one.
///
/// # Errors
/// `ESRCH` if there is no such process, `EACCES` or `EPERM` if this one may not.
#[doc(alias = "setpriority")]
pub fn set_niceness(pid: u32, nice: i32) -> io::Result<()> {
    let pid = number(pid)?.cast_unsigned();
    // SAFETY: the call takes three numbers.
    Errno::result(unsafe { libc::setpriority(libc::PRIO_PROCESS, pid, nice) })?;
    Ok(())
}

/// The policy of a process.
///
/// # Errors
/// `ESRCH` if there is no such process, `ENOTSUP` if its policy is none of [`Policy`].
#[doc(alias = "sched_getscheduler")]
pub fn policy(pid: u32) -> io::Result<Policy> {
    // SAFETY: the call takes a number and returns one.
    let found = Errno::result(unsafe { libc::sched_getscheduler(number(pid)?) })?;
    let known = POLICIES.iter().find(|(_, number)| *number == found & !libc::SCHED_RESET_ON_FORK);
    known.map(|(policy, _)| *policy).ok_or_else(|| Errno::ENOTSUP.into())
}

/// Gives a process another policy and, for those of real time, a priority.
///
/// # Errors
/// `EINVAL` if the policy has no such [priority](Policy::priorities), `ESRCH` if there is
/// no such process, `EPERM` if this one may not.
#[doc(alias = "sched_setscheduler")]
pub fn set_policy(pid: u32, policy: Policy, priority: i32) -> io::Result<()> {
    let parameter = libc::sched_param { sched_priority: priority };
    // SAFETY: the parameter is read during the call only.
    Errno::result(unsafe { libc::sched_setscheduler(number(pid)?, policy.number(), &raw const parameter) })?;
    Ok(())
}

/// How long a process of policy [`RoundRobin`](Policy::RoundRobin) runs before the next
/// one's turn.
///
/// # Errors
/// `ESRCH` if there is no such process.
#[doc(alias = "sched_rr_get_interval")]
pub fn turn(pid: u32) -> io::Result<Duration> {
    let mut turn = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `turn` is valid for writes during the call.
    Errno::result(unsafe { libc::sched_rr_get_interval(number(pid)?, &raw mut turn) })?;
    Ok(Duration::new(turn.tv_sec.cast_unsigned(), turn.tv_nsec as u32))
}

/// The numbers of the processors on which a process may run, ascending.
///
/// # Errors
/// `ESRCH` if there is no such process.
#[doc(alias = "sched_getaffinity")]
pub fn processors(pid: u32) -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(number(pid)?))?;
    Ok((0..CpuSet::count()).filter(|&cpu| set.is_set(cpu) == Ok(true)).collect())
}

/// Confines a process to these processors.
///
/// # Errors
/// `EINVAL` if none of them exists, or one is out of the range of numbers; `ESRCH` if there
/// is no such process.
#[doc(alias = "sched_setaffinity")]
pub fn set_processors(pid: u32, processors: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &cpu in processors {
        set.set(cpu)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(number(pid)?), &set)?)
}

/// Lets others run first.
#[doc(alias = "sched_yield")]
pub fn give_way() {
    std::thread::yield_now();
}
