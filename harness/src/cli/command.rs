//! The command itself: reads the line, runs the subcommand, ends with its code.
//!
//! Nothing leaves here as a panic: a mistake is one line and code 2, a panic inside
//! selvedge is code 70.

use super::args::{Command, Line};
use super::exit::Exit;
use super::out::{Out, complain};
use super::tokens::Asked;
use super::{census, explore, job, judge_file, list, meant, merge, mistake, supervise, tokens};
use crate::Error;
use crate::catalogue::Catalogue;
use crate::value;
use clap::Parser;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs the command line of this process, in a process of its own.
///
/// Call it before anything else: it forks.
pub fn main(catalogue: fn() -> Result<Catalogue, Error>) -> ExitCode {
    supervise::run(|| work(catalogue, std::env::args_os()).code()).into()
}

/// Reads the line and does what it says.
fn work(catalogue: fn() -> Result<Catalogue, Error>, line: impl Iterator<Item = OsString>) -> Exit {
    crate::report::by_command_line();
    let words: Vec<OsString> = line.collect();
    let run = || match Line::try_parse_from(&words) {
        Ok(line) => run(catalogue, &line),
        Err(error) if error.use_stderr() => {
            let meant = catalogue().ok().and_then(|catalogue| meant::meant(&error, &catalogue, &words));
            complain(meant.unwrap_or_else(|| mistake::in_one_line(&error)));
            Ok(Exit::Usage)
        }
        // Help and the version come as an error without being one.
        Err(help) => Out::open().write(help).map(|()| Exit::AsExpected),
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            complain(&error);
            Exit::of(&error)
        }
        // The panic's message is already on standard error.
        Err(_) => Exit::Internal,
    }
}

fn run(catalogue: fn() -> Result<Catalogue, Error>, line: &Line) -> Result<Exit, Error> {
    if let Some(text) = &line.timeout {
        let time = value::duration("--timeout", text)?;
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

#[cfg(test)]
mod tests {
    use super::super::alone::failing;
    use super::*;
    use crate::catalogue::Arguments;
    use crate::prelude::*;
    use crate::program::AnyProgram;

    shareable! {
        struct Door { open: Value<u32> }
    }

    fn build(_: &str, _: &Arguments) -> Result<AnyProgram, Error> {
        let program = Program::new("door", || Door { open: Value::new(0) })
            .name("open", |door| &door.open)
            .task("porter", |door| door.open.set(1))
            .task("guest", |door| {
                if door.open.get() == 1 {
                    std::process::exit(5);
                }
            });
        Ok(program.into())
    }

    /// Set for the child that the next test runs: what its line ends with.
    const LINE: &str = "LINE_OF_A_TEST_OF_EXITS";

    #[test]
    fn explores_if_asked() {
        if let Ok(form) = std::env::var(LINE) {
            let line = ["selvedge", "explore", "door", &form];
            work(
                || Catalogue::new(&[failing("door", build)]),
                line.into_iter().filter(|word| !word.is_empty()).map(OsString::from),
            );
        }
    }

    #[test]
    fn an_exit_of_a_task_is_told_and_ends_with_the_code_of_a_finding() {
        for form in ["", "--json"] {
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "cli::command::tests::explores_if_asked", "--nocapture"])
                .env(LINE, form)
                .output()
                .unwrap();
            let [out, err] =
                [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
            assert_eq!(output.status.code(), Some(1), "{out}{err}");
            assert!(err.contains("guest called exit()") && err.contains("--engine real"), "{err}");
            if form.is_empty() {
                assert!(out.contains("guest died at step 2: exit code 5"), "{out}");
                assert!(out.contains(" │ ") && out.contains("get open -> 1"), "{out}");
                continue;
            }
            let line = out.lines().find(|line| line.starts_with('{')).expect("an object");
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((&object["scenario"], &object["violations"]), (&"door".into(), &1.into()));
            let violation = object["violation"].as_str().unwrap();
            assert!(violation.contains("guest died at step 2: exit code 5"), "{violation}");
            assert!(object["replay"].as_str().unwrap().starts_with("sv1:"), "{object}");
        }
    }
}
