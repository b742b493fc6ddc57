//! What was meant by a word that stands where it does not belong: a parameter of a scenario
//! that was written as an option (`--clients 3`), a scenario in place of a subcommand, a second
//! scenario or a variant behind the first.
//!
//! Called when clap knows no such word. What it finds similar is chance then.

use super::args::Line;
use crate::catalogue::{Catalogue, Scenario};
use crate::nearest::nearest;
use clap::CommandFactory;
use clap::error::{ContextKind, ErrorKind};
use std::borrow::Cow;
use std::ffi::OsString;

/// What is meant, in one line, if this is known.
pub(super) fn meant(error: &clap::Error, catalogue: &Catalogue, line: &[OsString]) -> Option<String> {
    let words: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
    parameter(error, catalogue, &words)
        .or_else(|| second(error, catalogue, &words))
        .or_else(|| scenario(error, catalogue))
}

/// The first word of the line that names a scenario, and what it names.
fn named<'a>(catalogue: &'a Catalogue, words: &'a [Cow<'a, str>]) -> Option<(&'a str, &'a Scenario)> {
    words.iter().find_map(|word| {
        let own = word.split(':').next()?;
        catalogue.scenarios().iter().find(|scenario| scenario.name == own).map(|scenario| (&**word, scenario))
    })
}

/// What to do about a word behind the name of a scenario: another name, or a variant.
fn second(error: &clap::Error, catalogue: &Catalogue, words: &[Cow<'_, str>]) -> Option<String> {
    let word = error.get(ContextKind::InvalidArg).map(ToString::to_string)?;
    let line = Line::command();
    let command = words.iter().find_map(|word| line.find_subcommand(&**word))?;
    let takes_one = command.get_arguments().any(|argument| argument.get_id() == "name");
    let (_, scenario) = named(catalogue, words)?;
    if !takes_one || word.starts_with('-') {
        return None;
    }
    if scenario.variants.iter().any(|variant| variant.name == word) {
        return Some(format!("`{word}` is a variant of {}; give it as --variant {word}", scenario.name));
    }
    let name = word.split(':').next().unwrap_or(&word);
    nearest(name, catalogue.scenarios().iter().map(|scenario| scenario.name))?;
    Some(format!(
        "`{word}` is one name too many: {} takes one scenario at a time; selvedge without a subcommand explores all",
        command.get_name()
    ))
}

/// The command for a scenario whose name, or nearly that, stands in place of a subcommand.
fn scenario(error: &clap::Error, catalogue: &Catalogue) -> Option<String> {
    let words = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg];
    let word = words.iter().find_map(|kind| error.get(*kind)).map(ToString::to_string)?;
    let (name, parameters) = word.split_at(word.find(':').unwrap_or(word.len()));
    // A subcommand is the better guess where the word is nearly one.
    let sure = catalogue.scenarios().iter().any(|scenario| scenario.name == name);
    if name.starts_with('-') || !sure && error.get(ContextKind::SuggestedSubcommand).is_some() {
        return None;
    }
    let meant = nearest(name, catalogue.scenarios().iter().map(|scenario| scenario.name))?;
    let what = if sure { "is a scenario" } else { "is no subcommand" };
    Some(format!("`{word}` {what}; did you mean `explore {meant}{parameters}`?"))
}

/// What is meant, in one line, if a scenario in the line has a parameter of that name.
fn parameter(error: &clap::Error, catalogue: &Catalogue, words: &[Cow<'_, str>]) -> Option<String> {
    let option = error.get(ContextKind::InvalidArg).map(ToString::to_string)?;
    let name = option.strip_prefix("--").filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let (word, scenario) = named(catalogue, words)?;
    let parameter = nearest(name, scenario.parameters.iter().map(|parameter| parameter.name))?;
    let at = words.iter().position(|word| word.split('=').next() == Some(&*option))?;
    let value = match words[at].split_once('=') {
        Some((_, value)) => value,
        None => words.get(at + 1).map_or("N", |next| &**next),
    };
    let value = if value.starts_with('-') { "N" } else { value };
    let joint = if word.contains(':') { ',' } else { ':' };
    Some(format!(
        "unexpected argument '{option}' found; {parameter} is a parameter of {}: write {word}{joint}{parameter}={value}",
        scenario.name
    ))
}
