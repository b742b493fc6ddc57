//! The command line: subcommands, options, and the help on them.
//!
//! Values are taken as text and read by the code that also reads variables and
//! parameters, so that one mistake is described in one way wherever it was made.

use super::exit::Exit;
use super::models::{CONDITIONS, MODELS, names};
use crate::program::VARIABLES;
use crate::strategy;
use clap::{Args, Parser, Subcommand};

/// Finds, shrinks, explains and replays races in programs of threads and processes.
///
/// Without a subcommand, all scenarios are explored for a short while in both engines.
#[derive(Debug, Parser)]
#[command(name = "selvedge", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = after_help())]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Only this engine: sim, real or wild
    #[arg(long, value_name = "E")]
    pub(super) engine: Option<String>,
    #[command(flatten)]
    pub(super) search: Search,
    /// End with code 124 after this time
    #[arg(long, value_name = "DUR", global = true)]
    pub(super) timeout: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the scenarios, their parameters, variants and laws
    List(Form),
    /// Explore a scenario
    Explore(Explore),
    /// Put the results of all shares of a run together, as --out wrote them
    Merge(MergeArgs),
    /// Kill every task at each of its operations and show what breaks
    Census(CensusArgs),
    /// Run the schedule of a token: code 0 if it breaks no law, 1 if it does, 3 if it does not fit
    Replay(Replay),
    /// Look for the schedule with the fewest context switches that shows what a token shows
    Shrink(Replay),
    /// Show what happens in the schedule of a token, step by step
    Show(Show),
    /// Judge logs of operations: code 0 if an order explains them, 1 if none does, 3 if nobody knows
    Judge(JudgeArgs),
}

/// Text or JSON.
#[derive(Debug, Args)]
pub(super) struct Form {
    /// One JSON object a line instead of text
    #[arg(long)]
    pub(super) json: bool,
}

/// How much is run.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Bounds {
    /// This many executions of each program
    #[arg(long, value_name = "N")]
    pub(super) executions: Option<String>,
    /// So long for each program, as in 500ms, 10s or 2m
    #[arg(long, value_name = "DUR")]
    pub(super) time: Option<String>,
}

/// What is said in the same way for one scenario and for all.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[arg(long, value_name = "S", help = format!("Which executions are run: {}", strategy::NAMES.join(", ")))]
    pub(super) strategy: Option<String>,
    #[command(flatten)]
    pub(super) bounds: Bounds,
    /// The seed, decimal or 0x and hexadecimal digits
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(super) seed: Option<String>,
    /// Workers side by side
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<String>,
    #[command(flatten)]
    pub(super) form: Form,
    /// The folder for the HTML report; by default explore writes none, and the main job
    /// writes to selvedge-report in cargo's target folder, or here if there is none
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<String>,
}

/// Which programs, and where their tasks live.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The scenario, with parameters as in ticket:clients=3,stock=1
    #[arg(value_name = "NAME[:k=v,..]")]
    pub(super) name: String,
    /// Only this variant; without it, each of them
    #[arg(long, value_name = "V")]
    pub(super) variant: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Where tasks live.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// What a task is: sim (a fiber), real (a process) or, to explore, wild (a process that nobody
    /// schedules); by default what list says of the scenario
    #[arg(long, value_name = "E")]
    pub(super) engine: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = crate::fault::help())]
pub(super) struct Explore {
    #[command(flatten)]
    pub(super) which: Which,
    /// Every schedule
    #[arg(long, conflicts_with_all = ["executions", "time"])]
    pub(super) exhaust: bool,
    /// Only share k of n of the run, as in 1/4; see merge
    #[arg(long, value_name = "k/n")]
    pub(super) shard: Option<String>,
    /// Write down what is counted, while it is counted, for merge
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<String>,
    #[command(flatten)]
    pub(super) faults: FaultArgs,
    #[command(flatten)]
    pub(super) search: Search,
}

/// What goes wrong on purpose.
#[derive(Debug, Args)]
pub(super) struct FaultArgs {
    /// Processes killed in an execution, at most; 1 if only --victim is given
    #[arg(long, value_name = "N")]
    pub(super) kills: Option<String>,
    /// Faults, with the most of each, as in eintr,short_io:2; see the list below
    #[arg(long, value_name = "F[:N],..")]
    pub(super) fault: Option<String>,
    #[command(flatten)]
    pub(super) victims: Victims,
}

/// Who may be killed.
#[derive(Debug, Args)]
pub(super) struct Victims {
    /// Only tasks of this name may be killed; may be given several times
    #[arg(long, value_name = "TASK")]
    pub(super) victim: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CensusArgs {
    #[command(flatten)]
    pub(super) which: Which,
    /// Every schedule, not only the run without preemption
    #[arg(long)]
    pub(super) exhaust: bool,
    #[command(flatten)]
    pub(super) bounds: Bounds,
    #[command(flatten)]
    pub(super) victims: Victims,
    #[command(flatten)]
    pub(super) form: Form,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// What explore wrote with --out, or printed with --shard and --json
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
    #[command(flatten)]
    pub(super) form: Form,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The token, sv1:...
    pub(super) token: String,
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) form: Form,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The token, sv1:...
    pub(super) token: String,
    /// Write a page to this file as well
    #[arg(long, value_name = "F")]
    pub(super) html: Option<String>,
    #[command(flatten)]
    pub(super) form: Form,
}

#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    /// Logs of Jepsen (for a register) or maps in EDN (for kv), one event a line
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
    #[arg(long, value_name = "M", help = format!("The object: {}", names(&MODELS)))]
    pub(super) model: String,
    #[arg(long, value_name = "C", default_value = "linearizable",
        help = format!("The condition: {}", names(&CONDITIONS)))]
    pub(super) consistency: String,
    /// Time at most for each file, as in 500ms, 10s or 2m; what takes longer is inconclusive
    #[arg(long, value_name = "DUR", default_value = "1m")]
    pub(super) time: String,
    /// Megabytes at most for each file; what takes more is inconclusive
    #[arg(long, value_name = "N", default_value = "1024")]
    pub(super) memory: String,
    #[command(flatten)]
    pub(super) form: Form,
}

/// The tables of variables and exit codes.
fn after_help() -> String {
    let mut text =
        "Environment (an option on the command line beats it; it beats everything else):\n".to_owned();
    let width = VARIABLES.iter().map(|variable| variable.name.len()).max().unwrap_or(0);
    for variable in VARIABLES {
        text += &format!("  {:width$}  {}: {}\n", variable.name, variable.help, variable.form);
    }
    text += &format!("  {:width$}  no colours: anything but nothing\n", "NO_COLOR");
    text += "\nExit codes:\n";
    for (exit, meaning) in Exit::ALL {
        text += &format!("  {:3}  {meaning}\n", exit.code());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Line::command().debug_assert();
    }
}
