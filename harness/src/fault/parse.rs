//! Faults as text: `spurious,timeouts:3,wake_any`.

use super::Faults;
use crate::Error;
use crate::value::Whole;
use std::fmt;
use std::str::FromStr;

/// The names of the faults, and what each does, in a line.
const FAULTS: [(&str, &str); 8] = [
    ("kills", "the process of a task is killed by SIGKILL before its announced operation"),
    ("signals", "a task receives a signal that it handles; its handler runs there, then the task goes on"),
    ("eintr", "a call on a stream fails with EINTR before it moves anything, also while it waits"),
    ("short_io", "a read or write on a stream moves one byte, although it was to move more"),
    ("spurious", "a sleeper wakes without cause"),
    ("timeouts", "the earliest deadline passes although others could go on"),
    ("drift", "as timeouts, but any deadline, as if each task had a clock of its own"),
    ("wake_any", "a notification wakes any of the sleepers, not the longest"),
];

fn names() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().map(|(name, _)| *name)
}

/// What each fault does, for the help of commands that take some.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Faults in place of the scenario's own, at most so many an execution (1 if no number is given):\n",
    );
    for (name, does) in FAULTS {
        let number = if matches!(name, "drift" | "wake_any") { "" } else { "[:N]" };
        text.push_str(&format!("  {:14} {does}\n", format!("{name}{number}")));
    }
    text.push_str(
        "  They are choices of the schedule: a finding with one is shrunk and replays like any other.",
    );
    text
}

/// The most of a fault in an execution; 0 is as if it were not named.
pub(crate) fn number() -> Whole<u8> {
    Whole::new(0..=8)
}

/// The names of the faults in `text`, whether there are such or not.
pub(crate) fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(|part| part.split(':').next().unwrap_or(part).trim())
}

/// What a fault's number may be.
const FORM: &str = "fault names with the most of each, as in kills:1,spurious:2; the number is 1 if left out";

impl Faults {
    /// Adds the fault that `text` names.
    fn add(&mut self, text: &str) -> Result<(), Error> {
        let (name, most) = text.split_once(':').map_or((text, None), |(name, most)| (name, Some(most)));
        let bad = |form: String| Error::value(&format!("fault {name}"), text, form);
        let flag = match name {
            "drift" => Some(&mut self.drift),
            "wake_any" => Some(&mut self.wake_any),
            _ => None,
        };
        if let Some(flag) = flag {
            if most.is_some() {
                return Err(bad("its name alone: it is on or off".to_owned()));
            }
            *flag = true;
            return Ok(());
        }
        let slot = match name {
            "kills" => &mut self.kills,
            "signals" => &mut self.signals,
            "eintr" => &mut self.eintr,
            "short_io" => &mut self.short_io,
            "spurious" => &mut self.spurious,
            "timeouts" => &mut self.timeouts,
            _ => return Err(Error::unknown("fault", name, names())),
        };
        *slot = match most {
            None => 1,
            Some(most) => number().parse(most).ok_or_else(|| bad(format!("{}, as in {name}:2", number())))?,
        };
        Ok(())
    }
}

impl FromStr for Faults {
    type Err = Error;

    fn from_str(text: &str) -> Result<Faults, Error> {
        let mut faults = Faults::none();
        let names: Vec<&str> = named(text).collect();
        for (place, part) in text.split(',').map(str::trim).enumerate() {
            let name = names[place];
            if !part.is_empty() && names[..place].contains(&name) {
                return Err(Error::Usage(format!("fault {name} is given twice")));
            }
            if part.is_empty() {
                return Err(Error::value("faults", text, FORM));
            }
            faults.add(part)?;
        }
        if faults.drift {
            faults.timeouts = faults.timeouts.max(1);
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [self.kills, self.signals, self.eintr, self.short_io, self.spurious, self.timeouts];
        let mut parts: Vec<String> = names()
            .zip(numbers)
            .filter(|&(_, most)| most > 0)
            .map(|(name, most)| if most == 1 { name.to_owned() } else { format!("{name}:{most}") })
            .collect();
        parts.extend(self.drift.then(|| "drift".to_owned()));
        parts.extend(self.wake_any.then(|| "wake_any".to_owned()));
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_written() {
        for text in ["kills", "kills:2,spurious", "timeouts:3,drift,wake_any", "eintr,short_io:8"] {
            assert_eq!(text.parse::<Faults>().unwrap().to_string(), text);
        }
        let error = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        assert!(error("kils").contains("did you mean `kills`"), "{}", error("kils"));
        assert!(error("kills:9").contains("from 0 to 8, as in kills:2"));
        assert_eq!("kills:0,spurious".parse::<Faults>().unwrap().to_string(), "spurious");
        assert!(
            error("spurious:x").contains("`spurious:x` is not a whole number from 0 to 8, as in spurious:2")
        );
        assert!(error("drift:2").contains("on or off"));
        assert!(error("kills,,eintr").contains("as in"));
        assert_eq!(error("eintr,kills,eintr:2"), "fault eintr is given twice");
        assert!(error("foo").contains("there are kills, signals"), "{}", error("foo"));
    }

    #[test]
    fn victims_are_named_singly_or_by_group() {
        let may = |name| ["client", "writer 2"].iter().any(|victim| crate::fault::matches(victim, name));
        assert!(may("client") && may("client 17") && may("writer 2"));
        assert!(!may("client x") && !may("writer 21") && !may("clients") && !may("writer"));
    }
}
