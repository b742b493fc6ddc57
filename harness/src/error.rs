//! What can be wrong with what the user gave us. Verdicts on programs are not
//! errors; see [`Verdict`](crate::judge::Verdict).

use std::io;

/// An error of this crate: each names what was wrong and what would be right.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that nothing has.
    #[error("unknown {what} `{name}`{}", hint(nearest))]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name given.
        name: String,
        /// The valid name most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong form.
    #[error("{what}: `{value}` is not {form}")]
    Value {
        /// The option, parameter or variable.
        what: String,
        /// What was given.
        value: String,
        /// What would be right.
        form: String,
    },
    /// A token that cannot be read, or belongs to something else.
    #[error("the token {0}")]
    Token(String),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Os {
        /// What was tried.
        what: String,
        /// Its answer.
        source: io::Error,
    },
    /// A controller process ended without a result.
    #[error("the controller of the real engine {0}")]
    Controller(String),
    /// An execution that could not be judged.
    #[error("{program}: inconclusive after {executions} executions: {why}")]
    Inconclusive {
        /// The program.
        program: String,
        /// Executions that were judged before, and this one.
        executions: u64,
        /// What happened instead of a verdict.
        why: String,
    },
    /// A line of a log that cannot be read.
    #[error("line {line}: {why}")]
    Log {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// There was nothing to judge.
    #[error("{program}: nothing ran: {why}")]
    NothingRan {
        /// The program.
        program: String,
        /// Why not.
        why: &'static str,
    },
    /// Two things that do not go together.
    #[error("{0}")]
    Usage(String),
}

/// As for display: most programs see an error by way of `unwrap`.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Error {
    pub(crate) fn os(what: impl Into<String>, source: impl Into<io::Error>) -> Error {
        Error::Os { what: what.into(), source: source.into() }
    }
}

/// The candidate with the smallest edit distance to `name`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates.into_iter().min_by_key(|candidate| distance(name, candidate)).map(str::to_owned)
}

/// Levenshtein's edit distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(nearest("tiket", ["bank", "ticket", "two-locks"]).as_deref(), Some("ticket"));
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
