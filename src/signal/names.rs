//! Signals as text.
//!
//! Called by programs that read signals from a command line or show them.
//!
//! When a process dies here, nothing is lost.

use crate::sys;
use nix::sys::signal::Signal;
use std::io;

/// All signals, by number.
///
/// ```
/// use selvedge::signal::{Signal, all};
/// assert!(all().any(|signal| signal == Signal::SIGINT));
/// assert!(all().all(|signal| (1..32).contains(&(signal as i32))));
/// ```
#[doc(alias = "valid_signals")]
pub fn all() -> impl Iterator<Item = Signal> {
    Signal::iterator()
}

/// What the operating system says a signal is.
///
/// ```
/// assert_eq!(selvedge::signal::describe(selvedge::signal::Signal::SIGTERM), "Terminated");
/// ```
#[doc(alias = "strsignal")]
#[must_use]
pub fn describe(signal: Signal) -> String {
    sys::send::description(signal)
}

/// The signal that text names: `SIGTERM`, `term` or `15`.
///
/// ```
/// use selvedge::signal::{Signal, parse};
/// assert_eq!(parse("term")?, Signal::SIGTERM);
/// assert_eq!(parse("9")?, Signal::SIGKILL);
/// let error = parse("SIGTREM").unwrap_err();
/// assert_eq!(error.to_string(), "no signal is called `SIGTREM`; did you mean `SIGTERM`?");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` for anything else, with the name that may have been meant.
pub fn parse(text: &str) -> io::Result<Signal> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    if let Ok(number) = text.parse::<i64>() {
        return i32::try_from(number)
            .ok()
            .and_then(|number| Signal::try_from(number).ok())
            .ok_or_else(|| wrong(format!("{number} is no signal; their numbers go from 1 to 31")));
    }
    let upper = text.to_ascii_uppercase();
    let full = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    if let Ok(signal) = full.parse() {
        return Ok(signal);
    }
    let near = |signal: &Signal| distance(&full, signal.as_str()) <= 2;
    let nearest = all().filter(near).min_by_key(|signal| distance(&full, signal.as_str()));
    let hint = nearest.map_or_else(
        || "; see signal(7) for their names".to_owned(),
        |signal| format!("; did you mean `{signal}`?"),
    );
    Err(wrong(format!("no signal is called `{text}`{hint}")))
}

/// How many letters must be changed, added, left out or swapped with their neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}
