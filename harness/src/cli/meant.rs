//! A parameter of a scenario that was written as an option: `--clients 3`.
//!
//! Called when clap knows no such option. What it finds similar is chance then.

use crate::catalogue::Catalogue;
use crate::nearest::nearest;
use clap::error::{ContextKind, ErrorKind};
use std::ffi::OsString;

/// What is meant, in one line, if a scenario in the line has a parameter of that name.
pub(super) fn parameter(error: &clap::Error, catalogue: &Catalogue, line: &[OsString]) -> Option<String> {
    let option = error.get(ContextKind::InvalidArg).map(ToString::to_string)?;
    let name = option.strip_prefix("--").filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let words: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
    let scenarios = catalogue.scenarios().iter();
    let (word, scenario) = words.iter().find_map(|word| {
        let own = word.split(':').next()?;
        scenarios.clone().find(|scenario| scenario.name == own).map(|scenario| (word, scenario))
    })?;
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
