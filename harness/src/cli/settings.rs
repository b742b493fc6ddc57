//! From options and variables to a configuration.
//!
//! An option beats the environment, and the environment beats the code; so the
//! configuration that comes out says that the environment has been heard.

use super::args::{Bounds, FaultArgs, Search, Victims};
use super::conflicts;
use crate::Error;
use crate::engine::Engine;
use crate::fault::{self, Faults};
use crate::program::{Budget, Config, environment};
use crate::strategy::Strategy;
use crate::value;
use std::path::{Path, PathBuf};

/// The configuration of `base`, as environment and options change it.
pub(super) fn configure(
    base: Config,
    engine_option: Option<&str>,
    search: &Search,
    exhaust: bool,
) -> Result<Config, Error> {
    let mut config = environment::overlay(&base)?;
    config.environment = false;
    config.keep_going = true;
    if let Some(text) = engine_option {
        config.engine = text.parse()?;
    }
    if let Some(text) = &search.strategy {
        config.strategy = text.parse()?;
    }
    if let Some(text) = &search.seed {
        config.seed = value::seed("--seed", text)?;
    }
    if let Some(text) = &search.jobs {
        config.jobs = value::jobs("--jobs", text)?;
    }
    if let Some(budget) = budget(&search.bounds)? {
        config.budget = budget;
    }
    if exhaust {
        config = exhaustive(config, search.strategy.is_some())?;
    }
    conflicts::refuse(&config, search)?;
    Ok(config)
}

/// Reads `--executions` and `--time`, of which at most one is given.
pub(super) fn budget(bounds: &Bounds) -> Result<Option<Budget>, Error> {
    if let Some(text) = &bounds.executions {
        let executions = value::executions("--executions", text)?;
        return Ok(Some(Budget { executions: Some(executions), time: None }));
    }
    let time = bounds.time.as_ref().map(|text| value::duration("--time", text)).transpose()?;
    Ok(time.map(|time| Budget { executions: None, time: Some(time) }))
}

/// What goes wrong, if the line says anything about it.
pub(super) fn faults(args: &FaultArgs) -> Result<Option<Faults>, Error> {
    let victims = victims(&args.victims)?;
    if args.kills.is_none() && args.fault.is_none() {
        return Ok(victims);
    }
    let mut faults = match &args.fault {
        Some(text) => text.parse()?,
        None => Faults::none(),
    };
    let names_kills =
        args.fault.as_deref().is_some_and(|text| fault::named(text).any(|name| name == "kills"));
    if let (Some(text), true) = (&args.kills, names_kills) {
        return Err(Error::Usage(format!("--kills {text}: --fault names kills as well; leave one out")));
    }
    if let Some(text) = &args.kills {
        faults.kills = fault::number().read("--kills", text)?;
    }
    if let Some(Faults { kills, victims, .. }) = victims {
        if args.kills.is_none() && !names_kills {
            faults.kills = kills;
        } else if faults.kills == 0 {
            let victim = &victims[0];
            return Err(Error::Usage(format!(
                "--victim {victim}: 0 kills kill nobody; leave out one of the two"
            )));
        }
        faults.victims = victims;
    }
    Ok(Some(faults))
}

/// Who may be killed, and then at least one is, if the line says anything about it.
pub(super) fn victims(args: &Victims) -> Result<Option<Faults>, Error> {
    if let Some(victim) = args.victim.iter().find(|victim| victim.trim().is_empty()) {
        return Err(Error::value("--victim", victim, "the name of a task"));
    }
    let faults = Faults { victims: args.victim.clone(), ..Faults::kills(1) };
    Ok(Some(faults).filter(|faults| !faults.victims.is_empty()))
}

fn exhaustive(config: Config, strategy_given: bool) -> Result<Config, Error> {
    if config.engine == Engine::Wild {
        return Err(Error::Usage(
            "--exhaust needs a scheduler; use --engine sim or --engine real".to_owned(),
        ));
    }
    if strategy_given && !config.strategy.is_exhaustive() {
        return Err(Error::Usage(format!(
            "{} never comes to an end; --exhaust goes with dfs or dpor",
            config.strategy
        )));
    }
    let strategy =
        if config.strategy.is_exhaustive() { config.strategy } else { Strategy::Dfs { preemptions: None } };
    Ok(Config { strategy, budget: Budget { executions: None, time: None }, ..config })
}

/// The folder for the report that options or environment name.
pub(super) fn report_folder(search: &Search) -> Result<Option<PathBuf>, Error> {
    match &search.report {
        Some(folder) if folder.is_empty() => Err(Error::value("--report", folder, "a folder")),
        Some(folder) => Ok(Some(PathBuf::from(folder))),
        None => environment::report(),
    }
}

/// The folder for the report if nobody names one.
pub(super) fn default_folder() -> PathBuf {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) if !target.is_empty() => PathBuf::from(target),
        _ if Path::new("target").is_dir() => PathBuf::from("target"),
        _ => PathBuf::new(),
    };
    target.join("selvedge-report")
}

/// Makes the folder, and makes sure that a file can be written there, also the page itself
/// if there is one from before, which stays as it is.
pub(super) fn prepare(folder: &Path) -> Result<(), Error> {
    let probe = folder.join(".selvedge-probe");
    let page = folder.join("index.html");
    let tried = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, ""))
        .and_then(|()| std::fs::remove_file(&probe))
        .and_then(|()| match std::fs::OpenOptions::new().append(true).open(&page) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
    tried.map_err(|error| Error::unwritable(format_args!("the report folder {}", folder.display()), error))
}
