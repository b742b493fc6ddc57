//! Faults as text: `spurious,timeouts:3,wake_any`.

use super::Faults;
use crate::Error;
use crate::error::nearest;
use std::fmt;
use std::str::FromStr;

/// The names of the faults.
const NAMES: [&str; 8] =
    ["kills", "signals", "eintr", "short_io", "spurious", "timeouts", "drift", "wake_any"];

/// What a fault's number may be.
const FORM: &str = "fault names with the most of each, as in kills:1,spurious:2; the number is 1 if left out";

fn number(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| (1..=8).contains(number))
}

impl Faults {
    /// Adds the fault that `text` names.
    fn add(&mut self, text: &str) -> Result<(), Error> {
        let (name, most) = text.split_once(':').map_or((text, None), |(name, most)| (name, Some(most)));
        let bad = |form: &str| Error::Value {
            what: format!("fault {name}"),
            value: text.to_owned(),
            form: form.to_owned(),
        };
        let flag = match name {
            "drift" => Some(&mut self.drift),
            "wake_any" => Some(&mut self.wake_any),
            _ => None,
        };
        if let Some(flag) = flag {
            if most.is_some() {
                return Err(bad("its name alone: it is on or off"));
            }
            *flag = true;
            if name == "drift" {
                self.timeouts = self.timeouts.max(1);
            }
            return Ok(());
        }
        let slot = match name {
            "kills" => &mut self.kills,
            "signals" => &mut self.signals,
            "eintr" => &mut self.eintr,
            "short_io" => &mut self.short_io,
            "spurious" => &mut self.spurious,
            "timeouts" => &mut self.timeouts,
            _ => {
                return Err(Error::Unknown {
                    what: "fault",
                    name: name.to_owned(),
                    nearest: nearest(name, NAMES.iter().copied()),
                });
            }
        };
        *slot = match most {
            None => 1,
            Some(most) => number(most).ok_or_else(|| bad("a number from 1 to 8, as in kills:2"))?,
        };
        Ok(())
    }
}

impl FromStr for Faults {
    type Err = Error;

    fn from_str(text: &str) -> Result<Faults, Error> {
        let mut faults = Faults::none();
        for part in text.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(Error::Value {
                    what: "faults".to_owned(),
                    value: text.to_owned(),
                    form: FORM.to_owned(),
                });
            }
            faults.add(part)?;
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [self.kills, self.signals, self.eintr, self.short_io, self.spurious, self.timeouts];
        let mut parts: Vec<String> = NAMES
            .iter()
            .zip(numbers)
            .filter(|&(_, most)| most > 0)
            .map(|(name, most)| if most == 1 { (*name).to_owned() } else { format!("{name}:{most}") })
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
        assert!(error("kills:0").contains("from 1 to 8"));
        assert!(error("drift:2").contains("on or off"));
        assert!(error("kills,,eintr").contains("as in"));
    }

    #[test]
    fn victims_are_named_singly_or_by_group() {
        let may = |name| ["client", "writer 2"].iter().any(|victim| crate::fault::matches(victim, name));
        assert!(may("client") && may("client 17") && may("writer 2"));
        assert!(!may("client x") && !may("writer 21") && !may("clients") && !may("writer"));
    }
}
