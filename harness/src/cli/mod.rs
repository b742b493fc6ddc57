//! The `selvedge` command over a catalogue of scenarios.
//!
//! Called by a binary of a few lines, which brings the catalogue.
//!
//! | file | what is there |
//! |---|---|
//! | `args` | the command line and its help |
//! | `exit` | what the exit codes mean |
//! | `settings` | from options and variables to a configuration |
//! | `job`, `table` | the main job: everything, as one table |
//! | `explore`, `work`, `judge`, `text` | exploring a scenario, and telling what came out |
//! | `tokens` | `replay`, `shrink`, `show` |
//! | `list` | what there is |
//! | `page` | the HTML report |
//! | `out`, `paint`, `progress` | the terminal |
//! | `interrupt` | Ctrl-C and `--timeout` |
//!
//! 1. Data goes to standard output, everything else to standard error.
//! 2. Whatever is wrong with the command is found before anything is explored.
//!
//! When a process that explores dies, the command says how and ends with code 70;
//! when this process dies, nothing that it started outlives it.

mod args;
mod exit;
mod explore;
mod interrupt;
mod job;
mod judge;
mod list;
mod out;
mod page;
mod paint;
mod progress;
mod settings;
mod table;
mod text;
mod tokens;
mod work;

pub use exit::Exit;

use crate::Error;
use crate::catalogue::Catalogue;
use args::{Command, Line};
use clap::Parser;
use out::{Out, Stop, complain};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main(catalogue: fn() -> Result<Catalogue, Error>) -> ExitCode {
    interrupt::begin();
    let run = || match Line::try_parse() {
        Ok(line) => run(catalogue, &line),
        Err(error) if error.use_stderr() => {
            complain(args::in_one_line(&error));
            Ok(Exit::Usage)
        }
        // Help and the version come as an error without being one.
        Err(help) => Out::open().write(help).map(|()| Exit::AsExpected),
    };
    let ended = catch_unwind(AssertUnwindSafe(run));
    interrupt::give_way();
    let exit = match ended {
        Ok(Ok(exit)) => exit,
        Ok(Err(Stop::Pipe)) => Exit::AsExpected,
        Ok(Err(Stop::Error(error))) => {
            complain(&error);
            Exit::of(&error)
        }
        // The panic's message is already on standard error.
        Err(_) => Exit::Internal,
    };
    exit.into()
}

fn run(catalogue: fn() -> Result<Catalogue, Error>, line: &Line) -> Result<Exit, Stop> {
    if let Some(text) = &line.timeout {
        let time = settings::duration("--timeout", text)?;
        interrupt::after(time).map_err(|error| Error::os("starting a thread", error))?;
    }
    let catalogue = catalogue()?;
    match &line.command {
        None => job::run(&catalogue, line),
        Some(Command::List) => list::run(&catalogue),
        Some(Command::Explore(args)) => explore::run(&catalogue, args),
        Some(Command::Replay(args)) => tokens::replay(&catalogue, args),
        Some(Command::Shrink(args)) => tokens::shrink(&catalogue, args),
        Some(Command::Show(args)) => tokens::show(&catalogue, args),
    }
}
