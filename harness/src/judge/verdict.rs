//! How an execution ended.

use selvedge::process::ExitStatus;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file as the compiler was given it.
    pub file: String,
    /// Line, from 1; 0 if unknown.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub column: u32,
}

impl Place {
    /// A line of a file; steps up that the compiler was given are taken out of its
    /// path (`fixtures/../tests/races.rs` is `tests/races.rs`).
    pub fn new(file: &str, line: u32, column: u32) -> Place {
        let mut parts: Vec<&str> = Vec::new();
        for part in file.split('/') {
            match (part, parts.last()) {
                ("..", Some(&last)) if last != ".." && !last.is_empty() => _ = parts.pop(),
                _ => parts.push(part),
            }
        }
        Place { file: parts.join("/"), line, column }
    }

    /// The same of a line that the compiler knows.
    pub(crate) fn of(site: &std::panic::Location<'_>) -> Place {
        Place::new(site.file(), site.line(), site.column())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str("unknown place") } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

/// An access to plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The task.
    pub task: usize,
    /// Its name.
    pub name: String,
    /// It writes; else it reads.
    pub writes: bool,
    /// Where it stands.
    pub place: Place,
}

impl Access {
    /// Whether both do the same at the same place.
    fn is_like(&self, other: &Access) -> bool {
        self.writes == other.writes && self.place == other.place
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.name, if self.writes { "writes" } else { "reads" }, self.place)
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Verdict {
    /// All tasks ended and every law holds.
    Pass,
    /// All tasks ended, and what was asserted about the end does not hold.
    Law {
        /// What the assertion said.
        message: String,
        /// Where it stands.
        place: Place,
    },
    /// A task panicked.
    Panic {
        /// The task.
        task: usize,
        /// Steps taken, the task's own last one included.
        step: usize,
        /// What the panic said.
        message: String,
        /// Where it stands.
        place: Place,
    },
    /// A task's process ended although its code had not.
    Died {
        /// The task.
        task: usize,
        /// Steps taken, the task's own last one included.
        step: usize,
        /// Its exit code, or minus the signal that killed it.
        status: i32,
    },
    /// Two tasks accessed the same plain data, at least one of them to write, and nothing
    /// orders the two accesses.
    Race {
        /// Steps taken, the second access included.
        step: usize,
        /// The access that came first in this schedule.
        first: Box<Access>,
        /// The other.
        second: Box<Access>,
    },
    /// Unfinished tasks, none of which can go on.
    Deadlock,
    /// The bound on steps was reached.
    Livelock {
        /// That bound.
        steps: usize,
    },
    /// The schedule named a task that could not go on.
    Diverged {
        /// Steps taken before.
        step: usize,
        /// The task.
        task: usize,
    },
    /// Something besides the scheduler decided what happened: two runs of one schedule
    /// were not the same.
    Nondeterministic(super::Difference),
    /// The execution could not be judged; the text says why.
    Broken(String),
    /// What the program runs in refused it something that every execution needs; the text says
    /// what, and what would be right.
    Refused(String),
}

impl Verdict {
    /// Whether this breaks a law (a pass does not, and an execution that could not
    /// be judged does not either).
    pub fn is_violation(&self) -> bool {
        !self.is_undecided()
            && !matches!(self, Verdict::Pass | Verdict::Diverged { .. } | Verdict::Nondeterministic(_))
    }

    /// Whether the execution could not be judged, whatever its schedule.
    pub(crate) fn is_undecided(&self) -> bool {
        matches!(self, Verdict::Broken(_) | Verdict::Refused(_))
    }

    /// Whether both are the same finding, perhaps reached in another way.
    pub fn is_like(&self, other: &Verdict) -> bool {
        match (self, other) {
            (Verdict::Law { place: a, .. }, Verdict::Law { place: b, .. })
            // Where somebody else's panic hook was in the way, the place is not known.
            | (Verdict::Panic { place: a, .. }, Verdict::Panic { place: b, .. }) => {
                a == b || a.line == 0 || b.line == 0
            }
            (Verdict::Race { first: a, second: b, .. }, Verdict::Race { first: c, second: d, .. }) => {
                a.is_like(c) && b.is_like(d) || a.is_like(d) && b.is_like(c)
            }
            (Verdict::Died { status: a, .. }, Verdict::Died { status: b, .. }) => a == b,
            (Verdict::Deadlock, Verdict::Deadlock) | (Verdict::Livelock { .. }, Verdict::Livelock { .. }) => {
                true
            }
            _ => false,
        }
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Law { .. } => "law broken",
            Verdict::Panic { .. } => "panic",
            Verdict::Died { .. } => "death",
            Verdict::Race { .. } => "data race",
            Verdict::Deadlock => "deadlock",
            Verdict::Livelock { .. } => "livelock",
            Verdict::Diverged { .. } => "diverged",
            Verdict::Nondeterministic(_) => "not deterministic",
            Verdict::Broken(_) | Verdict::Refused(_) => "inconclusive",
        }
    }
}

/// An exit status as the kernel stores it: a code, or minus a signal.
pub(crate) fn status_text(status: i32) -> String {
    let status = if status < 0 { ExitStatus::Signal(-status) } else { ExitStatus::Code(status) };
    status.to_string()
}

impl Verdict {
    /// The verdict in a sentence; `name` is what a task is called.
    pub fn told(&self, name: impl Fn(usize) -> String) -> String {
        match self {
            Verdict::Pass => "every law holds".to_owned(),
            Verdict::Law { message, place } => format!("{message} ({place})"),
            Verdict::Panic { task, step, message, place } => {
                format!("{} panicked at step {step}: {message} ({place})", name(*task))
            }
            Verdict::Died { task, step, status } => {
                format!("{} died at step {step}: {}", name(*task), status_text(*status))
            }
            Verdict::Race { first, second, .. } => {
                format!("data race: {second} what {first}, and nothing orders the two")
            }
            Verdict::Deadlock => "deadlock: no unfinished task can go on".to_owned(),
            Verdict::Livelock { steps } => format!("livelock: still running after {steps} steps"),
            Verdict::Diverged { step, task } => {
                let name = name(*task);
                format!("the schedule does not fit: at step {step} it names {name}, which cannot go on")
            }
            Verdict::Nondeterministic(difference) => format!("not deterministic: {difference}"),
            Verdict::Broken(why) | Verdict::Refused(why) => why.clone(),
        }
    }
}

/// As [`told`](Verdict::told), with the numbers of the tasks.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(|task| format!("task {task}")))
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn paths_are_tidied() {
        let tidy = |path: &str| Place::new(path, 1, 1).file;
        assert_eq!(tidy("fixtures/../tests/races.rs"), "tests/races.rs");
        assert_eq!(tidy("/a/b/../../c.rs"), "/c.rs");
        assert_eq!(tidy("../../x.rs"), "../../x.rs");
        assert_eq!(tidy("src/lib.rs"), "src/lib.rs");
    }
}
