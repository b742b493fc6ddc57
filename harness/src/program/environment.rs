//! The environment variables: one table, from which help, docs and a test are made.

use super::aloud::aloud;
use super::config::Config;
use crate::Error;
use crate::engine::{Engine, look_at_the_end};
use crate::nearest::nearest;
use crate::token::{Identity, Token};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    Variable {
        name: "SELVEDGE_SEED",
        form: "a number, or 0x and hexadecimal digits",
        help: "the seed of the run",
    },
    Variable {
        name: "SELVEDGE_REPLAY",
        form: "a token, sv1:...",
        help: "run this schedule instead of searching",
    },
    Variable { name: "SELVEDGE_EXECUTIONS", form: "a number of at least 1", help: "executions at most" },
    Variable {
        name: "SELVEDGE_TIME",
        form: "a duration above 0, as in 500ms, 10s or 2m",
        help: "time at most",
    },
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

/// A duration above 0, in which something can be done, such as `500ms`, `10s` or `2m`.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero())
}

/// A seed, decimal or hexadecimal.
pub(crate) fn parse_seed(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The value of a variable, parsed; an error names variable, value and form.
fn value<T>(name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
    let Some(raw) = std::env::var_os(name) else { return Ok(None) };
    let text = raw.to_string_lossy().into_owned();
    let form = VARIABLES.iter().find(|variable| variable.name == name).map_or("", |variable| variable.form);
    match raw.to_str().and_then(&parse) {
        Some(value) => Ok(Some(value)),
        None => Err(Error::Value { what: name.to_owned(), value: text, form: form.to_owned() }),
    }
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
    if let Some(seed) = value("SELVEDGE_SEED", parse_seed)? {
        config.seed = seed;
    }
    if let Some(executions) = value("SELVEDGE_EXECUTIONS", |text| text.parse().ok().filter(|&n: &u64| n > 0))?
    {
        config.budget.executions = Some(executions);
    }
    if let Some(time) = value("SELVEDGE_TIME", parse_time)? {
        config.budget.time = Some(time);
    }
    let engine = |text: &str| Engine::ALL.iter().find(|(name, _)| *name == text).map(|(_, engine)| *engine);
    if let Some(engine) = value("SELVEDGE_ENGINE", engine)? {
        config.engine = engine;
    }
    if let Some(strategy) = value("SELVEDGE_STRATEGY", |text| text.parse().ok())? {
        config.strategy = strategy;
    }
    Ok(config)
}

/// The token to replay, if one is given.
pub(crate) fn replay() -> Result<Option<Token>, Error> {
    match std::env::var_os("SELVEDGE_REPLAY") {
        Some(text) => Ok(Some(text.to_string_lossy().parse()?)),
        None => Ok(None),
    }
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
    let parse = |text: &str| match text {
        "on" | "1" => Some(Persist::Usual),
        "off" | "0" => Some(Persist::Off),
        // A single word may be meant as a switch: only where there is such a folder it is one.
        folder => {
            let path = PathBuf::from(folder);
            let is_path = folder.contains('/') && !path.exists();
            (path.is_dir() || is_path).then_some(Persist::Folder(path))
        }
    };
    Ok(value("SELVEDGE_PERSIST", parse)?.unwrap_or(Persist::Usual))
}

/// The folder for reports, if one is given.
pub(crate) fn report() -> Result<Option<PathBuf>, Error> {
    value("SELVEDGE_REPORT", |text| Some(PathBuf::from(text)).filter(|_| !text.is_empty()))
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
