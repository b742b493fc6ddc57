//! The `selvedge` command over a catalogue of scenarios.
//!
//! Called by a binary of a few lines, which brings the catalogue.
//!
//! | file | what is there |
//! |---|---|
//! | `command` | reading the line, running it, ending |
//! | `args` | the command line and its help |
//! | `meant`, `mistake` | what is wrong with a line, and what would be right |
//! | `exit` | what the exit codes mean |
//! | `settings`, `conflicts` | from options and variables to a configuration; what does not go together |
//! | `job`, `table` | the main job: everything, as one table |
//! | `explore`, `work`, `judge`, `text` | exploring a scenario, and telling what came out |
//! | `census` | every place at which a task can be killed |
//! | `record`, `merge` | the results of a share as lines of a file; all shares together |
//! | `tokens` | `replay`, `shrink`, `show` |
//! | `judge_file`, `models` | `judge`: whether a log of operations is linearizable; what it can be a log of |
//! | `list` | what there is |
//! | `page` | the HTML report |
//! | `out`, `paint`, `progress` | the terminal |
//! | `supervise` | Ctrl-C, `--timeout`, and cleaning up |
//!
//! The environment, which an option on the command line beats:
//!
//! | variable | what it does |
//! |---|---|
//! | `SELVEDGE_SEED` | the seed of the run |
//! | `SELVEDGE_REPLAY` | run this schedule instead of searching |
//! | `SELVEDGE_EXECUTIONS` | executions at most |
//! | `SELVEDGE_TIME` | time at most |
//! | `SELVEDGE_ENGINE` | what a task is |
//! | `SELVEDGE_STRATEGY` | which executions are run |
//! | `SELVEDGE_REPORT` | where the command writes its HTML report |
//! | `SELVEDGE_PERSIST` | where failing tests keep their schedules |
//!
//! 1. Data goes to standard output, everything else to standard error.
//! 2. Whatever is wrong with the command is found before anything is explored.
//!
//! When a controller of the real engine dies, the command says how and ends with code
//! 70; when the process that does the work dies, with 128 and the signal. Nothing that
//! the command started outlives it, and nothing is left on the disk.

#[cfg(test)]
mod alone;
mod args;
mod census;
mod command;
mod conflicts;
mod exit;
mod explore;
mod input;
mod job;
mod judge;
mod judge_file;
mod list;
mod meant;
mod merge;
mod mistake;
mod models;
mod out;
mod page;
mod paint;
mod progress;
mod record;
mod settings;
mod supervise;
mod table;
mod text;
mod tokens;
mod work;

pub use command::main;
pub use exit::Exit;
