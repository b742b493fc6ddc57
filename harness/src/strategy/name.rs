//! Strategies as text: `pct:3`, `dfs`, `portfolio`.
//!
//! Used by the command line, the environment and reports. What is written is read back
//! as the same strategy, except `replay`, which has no text.

use super::{Strategy, delay, pct};
use crate::Error;
use crate::kernel::MARKS;
use crate::nearest::{hint, nearest};
use crate::value::Whole;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The forms in which strategies are named.
pub const NAMES: [&str; 10] =
    ["portfolio", "random", "pct:d", "pos", "urw", "surw", "delay:d", "dfs", "dfs:p", "dpor"];

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Strategy::Portfolio => f.write_str("portfolio"),
            Strategy::Random => f.write_str("random"),
            Strategy::Pct { depth } => write!(f, "pct:{depth}"),
            Strategy::Pos => f.write_str("pos"),
            Strategy::Urw => f.write_str("urw"),
            Strategy::Surw => f.write_str("surw"),
            Strategy::Delay { delays } => write!(f, "delay:{delays}"),
            Strategy::Dfs { preemptions: None } => f.write_str("dfs"),
            Strategy::Dfs { preemptions: Some(p) } => write!(f, "dfs:{p}"),
            Strategy::Dpor => f.write_str("dpor"),
            Strategy::Replay(_) => f.write_str("replay"),
        }
    }
}

impl Strategy {
    /// Refuses a number out of range, in the words for its text.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self {
            Strategy::Replay(_) => Ok(()),
            other => other.to_string().parse::<Strategy>().map(|_| ()),
        }
    }
}

/// The number after the colon.
fn number(name: &str, text: &str, range: RangeInclusive<u32>, of: &'static str) -> Result<u32, Error> {
    let form = Whole::new(range).of(of);
    form.parse(text)
        .ok_or_else(|| Error::value(&format!("strategy {name}"), text, format!("{form}, as in {name}:2")))
}

/// What is wrong with `text`, which begins with `name`.
fn unknown(name: &str, text: &str) -> Error {
    let mut names: Vec<&str> = NAMES.iter().map(|form| form.split(':').next().unwrap_or(form)).collect();
    names.dedup();
    if text != name && names.contains(&name) {
        return Error::Usage(format!("strategy {name} takes no number, so `{text}` is none; say {name}"));
    }
    let meant =
        nearest(name, names).map_or_else(|| hint(text, NAMES), |meant| format!("; did you mean `{meant}`?"));
    Error::Unknown { what: "strategy", name: text.to_owned(), hint: meant }
}

impl FromStr for Strategy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Strategy, Error> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let most = MARKS as u32;
        match (name, argument) {
            ("portfolio", None) => Ok(Strategy::Portfolio),
            ("random", None) => Ok(Strategy::Random),
            ("pos", None) => Ok(Strategy::Pos),
            ("urw", None) => Ok(Strategy::Urw),
            ("surw", None) => Ok(Strategy::Surw),
            ("pct", None) => Ok(Strategy::Pct { depth: pct::DEPTH }),
            ("pct", Some(depth)) => {
                Ok(Strategy::Pct { depth: number(name, depth, 1..=most, "ordering constraints")? })
            }
            ("delay", None) => Ok(Strategy::Delay { delays: delay::DELAYS }),
            ("delay", Some(delays)) => {
                Ok(Strategy::Delay { delays: number(name, delays, 0..=most, "delays")? })
            }
            ("dpor", None) => Ok(Strategy::Dpor),
            ("dfs", None) => Ok(Strategy::Dfs { preemptions: None }),
            ("dfs", Some(bound)) => {
                let bound = number(name, bound, 0..=u32::MAX, "preemptions")?;
                Ok(Strategy::Dfs { preemptions: Some(bound) })
            }
            ("replay", _) => Err(Error::Usage(
                "replay runs one schedule and is no strategy to ask for by name; use `selvedge replay TOKEN`, \
                 or SELVEDGE_REPLAY=TOKEN for a test"
                    .to_owned(),
            )),
            _ => Err(unknown(name, text)),
        }
    }
}
