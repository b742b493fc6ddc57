//! The environment variables: one table, from which help, docs and a test are made.

use super::aloud::aloud;
use super::config::Config;
use crate::Error;
use crate::engine::{Engine, look_at_the_end};
use crate::nearest::nearest;
use crate::token::{Identity, Token};
use crate::value;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A variable that selvedge looks at.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub form: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// All of them.
pub const VARIABLES: [Variable; 8] = [
    Variable { name: "SELVEDGE_SEED", form: value::SEED, help: "the seed of the run" },
    Variable {
        name: "SELVEDGE_REPLAY",
        form: "a token, sv1:...",
        help: "run this schedule instead of searching",
    },
    Variable { name: "SELVEDGE_EXECUTIONS", form: value::EXECUTIONS, help: "executions at most" },
    Variable { name: "SELVEDGE_TIME", form: value::DURATION, help: "time at most" },
    Variable { name: "SELVEDGE_ENGINE", form: "sim, real or wild", help: "what a task is" },
    Variable {
        name: "SELVEDGE_STRATEGY",
        form: "portfolio, random, pct:d, pos, urw, surw, delay:d, dfs, dfs:p or dpor",
        help: "which executions are run",
    },
    Variable { name: "SELVEDGE_REPORT", form: "a folder", help: "where the command writes its HTML report" },
    Variable {
        name: "SELVEDGE_PERSIST",
        form: "on, off or a folder, as in ./kept",
        help: "where failing tests keep their schedules, which are tried first",
    },
];

/// The value of a variable, as `read` reads it; an error names variable, value and form.
fn value<T>(
    name: &'static str,
    read: impl FnOnce(&str, &str) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let Some(raw) = std::env::var_os(name) else { return Ok(None) };
    match raw.to_str() {
        Some(text) => read(name, text).map(Some),
        None => Err(Error::value(name, &raw.to_string_lossy(), form(name))),
    }
}

/// What the value of a variable looks like.
fn form(name: &str) -> &'static str {
    VARIABLES.iter().find(|variable| variable.name == name).map_or("", |variable| variable.form)
}

/// Reads what has a name, and tells whose value it was that has none.
fn named<T: FromStr<Err = Error>>(name: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: Error| error.of(name))
}

/// How all of them begin.
const PREFIX: &str = "SELVEDGE_";

/// Warns once of variables that begin like ours and are not.
fn warn_of_unknown() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for (name, _) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            if VARIABLES.iter().all(|variable| variable.name != name) {
                let known = VARIABLES.iter().map(|variable| variable.name.trim_start_matches(PREFIX));
                let meant = nearest(name.trim_start_matches(PREFIX), known);
                let hint = meant.map_or_else(
                    || "; `selvedge --help` lists them".to_owned(),
                    |meant| format!("; did you mean {PREFIX}{meant}?"),
                );
                aloud(format_args!("warning: unknown variable {name}{hint}"));
            }
        }
    });
}

/// The configuration as the environment changes it.
pub(crate) fn overlay(config: &Config) -> Result<Config, Error> {
    warn_of_unknown();
    let mut config = config.clone();
    if let Some(seed) = value("SELVEDGE_SEED", value::seed)? {
        config.seed = seed;
    }
    if let Some(executions) = value("SELVEDGE_EXECUTIONS", value::executions)? {
        config.budget.executions = Some(executions);
    }
    if let Some(time) = value("SELVEDGE_TIME", value::duration)? {
        config.budget.time = Some(time);
    }
    if let Some(engine) = value("SELVEDGE_ENGINE", named)? {
        config.engine = engine;
    }
    if let Some(strategy) = value("SELVEDGE_STRATEGY", named)? {
        config.strategy = strategy;
    }
    Ok(config)
}

/// The token to replay, if one is given.
pub(crate) fn replay() -> Result<Option<Token>, Error> {
    value("SELVEDGE_REPLAY", named)
}

/// Where regressions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Persist {
    /// Where they belong in the package under test.
    Usual,
    /// Nowhere.
    Off,
    /// In this folder.
    Folder(PathBuf),
}

/// Where regressions are kept, as the environment says.
pub(crate) fn persist() -> Result<Persist, Error> {
    let read = |name: &str, text: &str| match text {
        "on" | "1" => Ok(Persist::Usual),
        "off" | "0" => Ok(Persist::Off),
        // A single word may be meant as a switch: only where there is such a folder it is one.
        folder => {
            let path = PathBuf::from(folder);
            let is_path = folder.contains('/') && !path.exists();
            if path.is_dir() || is_path {
                return Ok(Persist::Folder(path));
            }
            let meant = nearest(folder, ["on", "off"]);
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            Err(Error::value(name, folder, format!("{}{hint}", form(name))))
        }
    };
    Ok(value("SELVEDGE_PERSIST", read)?.unwrap_or(Persist::Usual))
}

/// The folder for reports, if one is given.
pub(crate) fn report() -> Result<Option<PathBuf>, Error> {
    value("SELVEDGE_REPORT", |name, text| match text {
        "" => Err(Error::value(name, text, form(name))),
        folder => Ok(PathBuf::from(folder)),
    })
}

/// The configuration as the environment changes it, and the token to replay if it
/// names one of this program.
pub(crate) fn apply(
    config: &Config,
    identity: &Identity,
    program: &str,
) -> Result<(Config, Option<Token>), Error> {
    let config = overlay(config)?;
    match replay()? {
        Some(token) if token.identity == *identity => {
            REPLAYED.store(true, Ordering::Relaxed);
            Ok((config, Some(token)))
        }
        Some(_) => {
            eprintln!("selvedge: SELVEDGE_REPLAY belongs to another program; {program} is explored as usual");
            if config.engine != Engine::Wild {
                FOREIGN.set(program.to_owned()).unwrap_or_default();
                look_at_the_end(complain);
            }
            Ok((config, None))
        }
        None => Ok((config, None)),
    }
}

/// A program had the token that is to be replayed.
static REPLAYED: AtomicBool = AtomicBool::new(false);
/// The first program that had another one.
static FOREIGN: OnceLock<String> = OnceLock::new();
/// The code of a usage error.
const USAGE: i32 = 2;

/// At the end: that nothing was replayed. Until then another program may still come: a test
/// may explore several.
fn complain() -> Option<i32> {
    let program = FOREIGN.get().filter(|_| !REPLAYED.load(Ordering::Relaxed))?;
    eprintln!(
        "selvedge: nothing was replayed: the token in SELVEDGE_REPLAY belongs neither to `{program}` nor to \
         another program that was explored here; it is known by the name of its test or function"
    );
    Some(USAGE)
}
