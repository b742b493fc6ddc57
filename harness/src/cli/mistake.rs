//! What clap found wrong with the line, in one line that says what would be right.

use super::args::Line;
use clap::CommandFactory;
use clap::error::{ContextKind, ErrorKind};

/// A mistake, and what would be right.
pub(super) fn in_one_line(error: &clap::Error) -> String {
    let right = right(error);
    let text = error.to_string();
    let said = text.split("Usage:").next().unwrap_or_default();
    // No argument of ours begins with a dash, so it is no help to hear how to pass one; and
    // what is similar is chance where the word itself is known.
    let unheard = |line: &str| {
        line.starts_with("tip: to pass ")
            || line.starts_with("For more information")
            || line.starts_with("tip: a similar argument") && right.is_some()
    };
    let lines = said.lines().map(|line| line.trim().trim_start_matches("error: "));
    let mut parts: Vec<&str> = lines.filter(|line| !line.is_empty() && !unheard(line)).collect();
    if parts.is_empty() {
        parts.push("the command line is wrong; try --help");
    }
    let text = parts.join(" ").replace(": tip:", "; tip:").replace(" tip:", "; tip:");
    match right {
        Some(right) => format!("{text}; {right}"),
        None => text,
    }
}

/// What would be right, where clap does not say it.
fn right(error: &clap::Error) -> Option<String> {
    let told = |kind| error.get(kind).map(ToString::to_string);
    match error.kind() {
        ErrorKind::InvalidSubcommand if told(ContextKind::SuggestedSubcommand).is_none() => {
            let line = Line::command();
            let names: Vec<&str> = line.get_subcommands().map(clap::Command::get_name).collect();
            Some(format!("there are {}", names.join(", ")))
        }
        ErrorKind::ArgumentConflict if told(ContextKind::InvalidSubcommand).is_some() => {
            Some("options stand behind the subcommand".to_owned())
        }
        ErrorKind::ArgumentConflict => Some("leave one out".to_owned()),
        ErrorKind::UnknownArgument => unknown(&told(ContextKind::InvalidArg)?),
        _ => None,
    }
}

fn unknown(argument: &str) -> Option<String> {
    let Some(option) = argument.strip_prefix('-') else {
        let parameter = argument.contains('=');
        let right = if parameter {
            "parameters stand behind the name, as in ticket:clients=3,stock=1"
        } else {
            "it is one too many, leave it out"
        };
        return Some(right.to_owned());
    };
    if option.starts_with(|first: char| first.is_ascii_digit()) {
        return Some("no number and no duration is below 0".to_owned());
    }
    let name = option.strip_prefix('-')?;
    let line = Line::command();
    let has_it = |command: &&clap::Command| command.get_arguments().any(|own| own.get_long() == Some(name));
    let owners: Vec<&str> = line.get_subcommands().filter(has_it).map(clap::Command::get_name).collect();
    (!owners.is_empty()).then(|| format!("{argument} is an option of {}", owners.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn told(line: &[&str]) -> String {
        in_one_line(&Line::try_parse_from(line).expect_err("an error"))
    }

    #[test]
    fn an_unknown_option_is_told_in_one_line() {
        assert_eq!(told(&["selvedge", "list", "--bogus"]), "unexpected argument '--bogus' found");
        assert_eq!(told(&["selvedge", "replay", "x", "--bogus"]), "unexpected argument '--bogus' found");
        assert_eq!(
            told(&["selvedge", "explore", "x", "--sed", "1"]),
            "unexpected argument '--sed' found; tip: a similar argument exists: '--seed'"
        );
        assert_eq!(
            told(&["selvedge", "explore", "x", "clients=3"]),
            "unexpected argument 'clients=3' found; \
             parameters stand behind the name, as in ticket:clients=3,stock=1"
        );
        assert_eq!(
            told(&["selvedge", "replay", "sv1:a", "sv1:b"]),
            "unexpected argument 'sv1:b' found; it is one too many, leave it out"
        );
    }

    #[test]
    fn an_option_of_another_subcommand_is_told_with_it() {
        for (line, right) in [
            (&["selvedge", "--variant", "racy"][..], "--variant is an option of explore, census"),
            (&["selvedge", "--exhaust"], "--exhaust is an option of explore, census"),
            (&["selvedge", "list", "--seed", "3"], "--seed is an option of explore"),
        ] {
            assert_eq!(told(line), format!("unexpected argument '{}' found; {right}", right_option(line)));
        }
        assert_eq!(
            told(&["selvedge", "--seed", "3", "explore", "x"]),
            "the subcommand 'explore' cannot be used with '--seed <X>'; options stand behind the subcommand"
        );
    }

    #[test]
    fn of_two_that_do_not_go_together_one_is_left_out() {
        for (more, said) in [
            (["--exhaust", "--time=1s"], "'--exhaust' cannot be used with '--time <DUR>'"),
            (["--seed=1", "--seed=2"], "'--seed <X>' cannot be used multiple times"),
        ] {
            let line = ["selvedge", "explore", "x", more[0], more[1]];
            assert_eq!(told(&line), format!("the argument {said}; leave one out"));
        }
    }

    fn right_option<'a>(line: &[&'a str]) -> &'a str {
        line.iter().find(|word| word.starts_with('-')).expect("an option")
    }

    #[test]
    fn a_value_that_is_missing_or_below_0_is_told_in_one_line() {
        assert_eq!(
            told(&["selvedge", "--engine"]),
            "a value is required for '--engine <E>' but none was supplied"
        );
        for line in [&["selvedge", "--time", "-1s"][..], &["selvedge", "explore", "x", "--kills", "-1"]] {
            let right = "unexpected argument '-1' found; no number and no duration is below 0";
            assert_eq!(told(line), right, "{line:?}");
        }
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        let text = told(&["selvedge", "explore"]);
        assert!(text.contains("NAME") && !text.contains('\n'), "{text}");
        assert!(told(&["selvedge", "list", "--tim", "3"]).contains("--tim"));
        let text = told(&["selvedge", "frobnicate"]);
        assert!(text.contains("; there are list, explore, "), "{text}");
    }
}
