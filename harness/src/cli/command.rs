//! The command itself: reads the line, runs the subcommand, ends with its code.
//!
//! Nothing leaves here as a panic: a mistake is one line and code 2, a panic inside
//! selvedge is code 70.

use super::args::{self, Command, Line};
use super::exit::Exit;
use super::out::{Out, Stop, complain};
use super::tokens::Asked;
use super::{census, explore, job, judge_file, list, merge, settings, supervise, tokens};
use crate::Error;
use crate::catalogue::Catalogue;
use clap::Parser;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs the command line of this process, in a process of its own.
///
/// Call it before anything else: it forks.
pub fn main(catalogue: fn() -> Result<Catalogue, Error>) -> ExitCode {
    supervise::run(|| work(catalogue).code()).into()
}

/// Reads the line and does what it says.
fn work(catalogue: fn() -> Result<Catalogue, Error>) -> Exit {
    let run = || match Line::try_parse() {
        Ok(line) => run(catalogue, &line),
        Err(error) if error.use_stderr() => {
            complain(args::in_one_line(&error));
            Ok(Exit::Usage)
        }
        // Help and the version come as an error without being one.
        Err(help) => Out::open().write(help).map(|()| Exit::AsExpected),
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(Stop::Pipe)) => Exit::AsExpected,
        Ok(Err(Stop::Error(error))) => {
            complain(&error);
            Exit::of(&error)
        }
        // The panic's message is already on standard error.
        Err(_) => Exit::Internal,
    }
}

fn run(catalogue: fn() -> Result<Catalogue, Error>, line: &Line) -> Result<Exit, Stop> {
    if let Some(text) = &line.timeout {
        let time = settings::duration("--timeout", text)?;
        supervise::after(time).map_err(|error| Error::os("starting a thread", error))?;
    }
    let catalogue = catalogue()?;
    match &line.command {
        None => job::run(&catalogue, line),
        Some(Command::List(form)) => list::run(&catalogue, form),
        Some(Command::Explore(args)) => explore::run(&catalogue, args),
        Some(Command::Census(args)) => census::run(&catalogue, args),
        Some(Command::Merge(args)) => merge::run(&catalogue, args),
        Some(Command::Replay(args)) => tokens::replay(&catalogue, &args.token, &Asked::of(args)),
        Some(Command::Shrink(args)) => tokens::shrink(&catalogue, &args.token, &Asked::of(args)),
        Some(Command::Show(args)) => tokens::show(&catalogue, args),
        Some(Command::Judge(args)) => judge_file::run(args),
    }
}
