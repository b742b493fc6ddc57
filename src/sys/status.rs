//! How a task ended.
//!
//! Made by [`process`](super::process) and [`thread`](super::thread) when a child has
//! ended, and by a scheduler for the tasks it runs; read by whoever joins it. Public as
//! [`process::ExitStatus`](crate::ExitStatus) too.
//!
//! | value | the child |
//! |---|---|
//! | [`Code(0)`](ExitStatus::Code) | returned |
//! | [`Code(101)`](ExitStatus::Code) | panicked |
//! | [`Code(n)`](ExitStatus::Code) | ended itself with code n, 0 to 255 |
//! | [`Signal(n)`](ExitStatus::Signal) | was killed by signal n |
//! | [`Unknown`](ExitStatus::Unknown) | has ended, and who was to tell how died before it |
//!
//! When a process dies, this is what remains of it.

use super::process::Signal;
use std::fmt;

/// How a process or a thread ended.
#[doc(alias = "exitcode")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It ended by itself with this code; 0 is success.
    Code(i32),
    /// It was killed by the signal with this number.
    Signal(i32),
    /// It has ended, and nobody will ever know how: a fork server had started it, which alone is
    /// told by the operating system, and died before it.
    Unknown,
}

impl ExitStatus {
    /// The status in the number that `wait(2)` gives; `None` if that is the number of one
    /// that was stopped or goes on.
    ///
    /// ```
    /// use selvedge::ExitStatus;
    ///
    /// assert_eq!(ExitStatus::from_raw(256), Some(ExitStatus::Code(1)));
    /// assert_eq!(ExitStatus::from_raw(9), Some(ExitStatus::Signal(9)));
    /// ```
    #[doc(alias = "waitstatus_to_exitcode")]
    #[must_use]
    pub fn from_raw(status: i32) -> Option<ExitStatus> {
        match status & 0x7F {
            0 => Some(ExitStatus::Code(status >> 8 & 0xFF)),
            // All seven bits: stopped, or going on.
            0x7F => None,
            signal => Some(ExitStatus::Signal(signal)),
        }
    }

    /// One number for all: the code, or minus the signal, or if nobody knows, `i32::MIN`, which is
    /// neither.
    #[must_use]
    pub const fn exit_code(self) -> i32 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal(number) => -number,
            ExitStatus::Unknown => i32::MIN,
        }
    }

    /// Whether it ended by itself with code 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == ExitStatus::Code(0)
    }

    /// The code with which it ended by itself.
    #[doc(alias = "WEXITSTATUS")]
    #[must_use]
    pub fn code(self) -> Option<i32> {
        match self {
            ExitStatus::Code(code) => Some(code),
            ExitStatus::Signal(_) | ExitStatus::Unknown => None,
        }
    }

    /// The number of the signal that killed it.
    #[doc(alias = "WTERMSIG")]
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        match self {
            ExitStatus::Code(_) | ExitStatus::Unknown => None,
            ExitStatus::Signal(number) => Some(number),
        }
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ExitStatus::Code(code) => write!(f, "exit code {code}"),
            ExitStatus::Signal(number) => match Signal::try_from(number) {
                Ok(signal) => write!(f, "killed by signal {number} ({signal})"),
                // Real-time signals have numbers only.
                Err(_) => write!(f, "killed by signal {number}"),
            },
            ExitStatus::Unknown => f.write_str("ended in an unknown way: the fork server died before it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_as_a_sentence() {
        assert_eq!(ExitStatus::Code(3).to_string(), "exit code 3");
        assert_eq!(ExitStatus::Signal(9).to_string(), "killed by signal 9 (SIGKILL)");
        assert_eq!(ExitStatus::Signal(40).to_string(), "killed by signal 40");
        let unknown = ExitStatus::Unknown.to_string();
        assert_eq!(unknown, "ended in an unknown way: the fork server died before it");
    }

    #[test]
    fn a_signal_is_no_code() {
        assert_eq!((ExitStatus::Signal(9).code(), ExitStatus::Signal(9).signal()), (None, Some(9)));
        assert_eq!((ExitStatus::Code(0).code(), ExitStatus::Code(0).signal()), (Some(0), None));
        assert!(ExitStatus::Code(0).success() && !ExitStatus::Code(1).success());
        assert_eq!((ExitStatus::Unknown.code(), ExitStatus::Unknown.signal()), (None, None));
        assert!(!ExitStatus::Unknown.success() && ExitStatus::Unknown.exit_code() == i32::MIN);
    }
}
