//! What may go wrong in an execution: the faults that a scheduler injects.
//!
//! All are off unless asked for. Written by a test or the command line, read by the
//! kernel, which makes each a choice of the schedule: a finding with a fault replays,
//! is shrunk and has a token like any other.
//!
//! | fault | what happens at a scheduling point |
//! |---|---|
//! | `kills` | the process of a task is killed by SIGKILL before its announced operation |
//! | `signals` | a task receives a signal that it handles: its handler runs there, whether the task could go on or waits; then its operation is announced once more |
//! | `eintr` | a call on a stream fails with EINTR before it moves anything, also while it waits |
//! | `short_io` | a call on a stream that was to move more moves one byte |
//! | `spurious` | a sleeper wakes without cause |
//! | `timeouts` | the earliest deadline passes although others could go on |
//! | `drift` | as `timeouts`, but any deadline, as if each task had a clock of its own |
//! | `wake_any` | a notification wakes any of the sleepers, not the longest |
//!
//! `signals` strikes only tasks with a handler set through the checked
//! [`Signals`](crate::prelude::Signals), `eintr` and `short_io` only calls on a checked
//! [`Stream`](crate::prelude::Stream): nobody else would notice. A signal that one task sends
//! to another is no fault; it is handled at the receiver's next turn.
//!
//! Numbers are the most of one execution. Kills stop at processes, as in life: the
//! threads of a killed process end with it, its children go on.

mod parse;

pub(crate) use parse::{help, named, number};

use crate::Error;
use crate::kernel::{Choice, Outcome};
use crate::nearest::hint;

/// How many faults of which kind an execution may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Faults {
    /// Processes killed.
    pub kills: u8,
    /// Signals received.
    pub signals: u8,
    /// Calls interrupted.
    pub eintr: u8,
    /// Transfers cut short.
    pub short_io: u8,
    /// Sleepers woken without cause.
    pub spurious: u8,
    /// Deadlines that pass early.
    pub timeouts: u8,
    /// Deadlines need not pass in their order.
    pub drift: bool,
    /// A notification wakes any sleeper.
    pub wake_any: bool,
    /// Names of the tasks that may be killed; `client` stands for `client 0`, `client 1`
    /// and so on. Empty: those that the program names, or else all tasks, except the
    /// main task of a dynamic program.
    pub victims: Vec<String>,
}

impl Faults {
    /// Nothing goes wrong.
    pub const fn none() -> Faults {
        Faults {
            kills: 0,
            signals: 0,
            eintr: 0,
            short_io: 0,
            spurious: 0,
            timeouts: 0,
            drift: false,
            wake_any: false,
            victims: Vec::new(),
        }
    }

    /// Up to `kills` processes are killed.
    #[must_use]
    pub fn kills(kills: u8) -> Faults {
        Faults { kills, ..Faults::none() }
    }

    /// As many as a schedule has, out of those that were allowed.
    pub(crate) fn used_by(&self, schedule: &[Choice]) -> Faults {
        let mut used = Faults {
            drift: self.drift,
            wake_any: self.wake_any,
            victims: self.victims.clone(),
            ..Faults::none()
        };
        for choice in schedule {
            let count = match choice.outcome() {
                Outcome::Run => continue,
                Outcome::Woken => {
                    used.wake_any = true;
                    continue;
                }
                Outcome::TimeOut => &mut used.timeouts,
                Outcome::Kill => &mut used.kills,
                Outcome::Spurious => &mut used.spurious,
                Outcome::Interrupt => &mut used.eintr,
                Outcome::Short => &mut used.short_io,
                Outcome::Signal(_) => &mut used.signals,
            };
            *count = count.saturating_add(1);
        }
        used
    }

    /// Whether there is a kind among these that `own` has none of.
    pub(crate) fn go_beyond(&self, own: &Faults) -> bool {
        let most = |faults: &Faults| {
            let &Faults { kills, signals, eintr, short_io, spurious, timeouts, drift, wake_any, victims: _ } =
                faults;
            [kills, signals, eintr, short_io, spurious, timeouts, u8::from(drift), u8::from(wake_any)]
        };
        most(self).into_iter().zip(most(own)).any(|(asked, own)| asked > 0 && own == 0)
    }

    /// These without any that happens to a task: only who is woken stays open.
    pub(crate) fn harmless(&self) -> Faults {
        Faults { wake_any: self.wake_any, ..Faults::none() }
    }

    /// Names of those who may be killed, if anybody may and they are named.
    pub fn named_victims(&self) -> &[String] {
        if self.kills > 0 { &self.victims } else { &[] }
    }

    /// Whether anything may go wrong.
    pub fn any(&self) -> bool {
        self.strike() || self.wake_any
    }

    /// Whether any of them happens to a task; all do but the choice of who is woken.
    pub(crate) fn strike(&self) -> bool {
        let &Faults {
            kills,
            signals,
            eintr,
            short_io,
            spurious,
            timeouts,
            drift: _,
            wake_any: _,
            victims: _,
        } = self;
        [kills, signals, eintr, short_io, spurious, timeouts].into_iter().any(|most| most > 0)
    }
}

/// Refuses a victim whose name none of these tasks has. What they start themselves goes by
/// the names that processes and threads get.
pub(crate) fn check_victims(victims: &[String], names: &[String]) -> Result<(), Error> {
    let known = |victim: &str| {
        let started = victim.starts_with("Process-") || victim.starts_with("Thread-");
        started || names.iter().any(|name| matches(victim, name))
    };
    let Some(unknown) = victims.iter().find(|victim| !known(victim)) else { return Ok(()) };
    let hint = hint(unknown, names.iter().map(String::as_str));
    Err(Error::Usage(format!("no task is called `{unknown}`, so that it could be killed{hint}")))
}

/// Whether a task of this name is meant by `victim`: `client 3` by itself and by `client`.
pub(crate) fn matches(victim: &str, name: &str) -> bool {
    name.strip_prefix(victim).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix(' ').is_some_and(|rest| rest.parse::<u32>().is_ok())
    })
}
