//! What to say when a name is not known: the valid name that was meant, or which there are.
//!
//! Called by whatever reads names: scenarios, parameters, options, faults, variables, logs.
//!
//! 1. Only a name that may well have been meant is suggested: one that is at most a third
//!    of its letters away, or that the given one begins or is begun by. Where there is
//!    none, the valid names are listed.
//!
//! Source of the distance: optimal string alignment (Damerau, CACM 1964; Levenshtein 1966).

/// Letters that a name and its beginning must have in common.
const BEGINNING: usize = 3;
/// Names that are listed before the rest is counted.
const LISTED: usize = 12;

/// The candidate that may have been meant by `name`, if one is near enough.
///
/// ```
/// use selvedge_harness::nearest;
/// assert_eq!(nearest("tiket", ["bank", "ticket"]).as_deref(), Some("ticket"));
/// assert_eq!(nearest("nope", ["bank", "ticket"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = candidates.into_iter().filter_map(|candidate| Some((away(name, candidate)?, candidate)));
    near.min_by_key(|(away, _)| *away).map(|(_, candidate)| candidate.to_owned())
}

/// What follows the message that `name` is unknown: the name that was meant, or all.
pub(crate) fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(name, candidates.iter().copied()) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => format!("; there {}", list(&candidates)),
    }
}

/// `are a, b and c`.
fn list(names: &[&str]) -> String {
    let more = names.len().saturating_sub(LISTED);
    match (names, more) {
        ([], _) => "is none".to_owned(),
        ([only], _) => format!("is only {only}"),
        ([first @ .., last], 0) => format!("are {} and {last}", first.join(", ")),
        _ => format!("are {} and {more} more", names[..LISTED].join(", ")),
    }
}

/// How far apart two names are, if they are near.
fn away(name: &str, candidate: &str) -> Option<usize> {
    let (name, candidate) = (name.to_lowercase(), candidate.to_lowercase());
    let letters = |text: &str| text.chars().count();
    let (a, b) = (letters(&name), letters(&candidate));
    let distance = distance(&name, &candidate);
    let begins = candidate.starts_with(&name) || name.starts_with(&candidate);
    let near = distance <= (a.max(b) / 3).max(1) && distance < a.max(b) || begins && a.min(b) >= BEGINNING;
    near.then_some(distance)
}

/// How many letters must be changed, added, left out or swapped with their neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                rows[i][j] = i + j;
                continue;
            }
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["bank", "ticket", "ticket-file", "two-locks"];

    #[test]
    fn a_name_that_was_meant_is_suggested() {
        for (given, meant) in [
            ("tiket", "ticket"),
            ("TICKET", "ticket"),
            ("abnk", "bank"),
            ("twolocks", "two-locks"),
            ("tick", "ticket"),
            ("banker", "bank"),
            ("ticket-fil", "ticket-file"),
        ] {
            assert_eq!(nearest(given, NAMES).as_deref(), Some(meant), "{given}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("dsf", "dfs"), 1);
    }

    #[test]
    fn where_no_name_is_near_there_is_a_list() {
        for far in ["nope", "x", "", "t", "clock"] {
            assert_eq!(nearest(far, NAMES), None, "{far}");
        }
        assert_eq!(hint("nope", NAMES), "; there are bank, ticket, ticket-file and two-locks");
        assert_eq!(hint("nope", ["a"]), "; there is only a");
        assert_eq!(hint("bnk", NAMES), "; did you mean `bank`?");
        let many: Vec<String> = (10..40).map(|number| format!("name{number}")).collect();
        let hint = hint("?", many.iter().map(String::as_str));
        assert!(hint.ends_with("name20, name21 and 18 more"), "{hint}");
    }
}
