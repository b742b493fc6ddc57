//! The engines: what a task is, and how the turn passes from one to the next.
//!
//! | engine | a task is | for |
//! |---|---|---|
//! | `sim` | a fiber of this thread | speed |
//! | `real` | a real process or thread, one running at a time | truth |
//! | `wild` | a real process, scheduled by the operating system | comparison |
//!
//! `sim` and `real` implement `Executor`: run one execution by the plan in the
//! kernel. Everything above (strategies, shrinking, reports) knows only that.
//! A `Model` is the program, seen from here: state built anew for each execution,
//! tasks to run on it, a verdict at the end.

mod crowd;
mod gap;
mod last;
mod model;
mod moment;
pub(crate) mod real;
mod session;
pub(crate) mod sim;
mod spawned;
mod stage;
mod watchdog;
pub(crate) mod wild;

pub(crate) use crowd::Crowd;
pub(crate) use last::look_at_the_end;
pub(crate) use model::{Dynamic, Group, Model, Typed};
pub(crate) use moment::Moment;
pub(crate) use real::apart;
pub(crate) use session::{session, workers};
pub(crate) use sim::{Exit, Teller};
pub(crate) use spawned::Spawned;
pub(crate) use stage::task_name;

use crate::Error;
use crate::judge::Verdict;
use crate::kernel::Kernel;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Which engine runs a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Engine {
    /// Fibers in this process.
    #[default]
    Sim,
    /// Real processes and threads, one running at a time.
    Real,
    /// Real processes, scheduled by the operating system.
    Wild,
}

impl Engine {
    /// All engines by name.
    pub const ALL: [(&'static str, Engine); 3] =
        [("sim", Engine::Sim), ("real", Engine::Real), ("wild", Engine::Wild)];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        Engine::ALL.iter().find(|(_, engine)| *engine == self).map_or("?", |(name, _)| name)
    }
}

impl FromStr for Engine {
    type Err = Error;

    fn from_str(text: &str) -> Result<Engine, Error> {
        let known = Engine::ALL.iter().find(|(name, _)| *name == text).map(|(_, engine)| *engine);
        known.ok_or_else(|| Error::unknown("engine", text, Engine::ALL.iter().map(|(name, _)| *name)))
    }
}

/// What runs executions, one after the other.
pub(crate) trait Executor {
    /// The kernel, to write the next plan and to read what happened.
    fn kernel(&mut self) -> &mut Kernel;

    /// Runs one execution by the plan in the kernel. The program's label for the
    /// outcome is written to `label`; it stays empty where there is none.
    fn execute(&mut self, label: &mut String) -> Verdict;

    /// The program.
    fn model(&self) -> &dyn Model;

    /// The address of the program's state in the last execution.
    fn state(&self) -> *mut u8;

    /// Lets `teller` tell of a task's exit, where that ends the program that explores.
    fn tell_exits(&mut self, teller: &Teller) {
        let _ = teller;
    }

    /// Lets `work` use this executor with other memory, and with other stacks or processes:
    /// what it runs finds its objects at other addresses, which differ with `place`, a number
    /// from 1. False if the operating system has no more of them.
    fn elsewhere(&mut self, place: u8, work: &mut dyn FnMut(&mut dyn Executor)) -> bool;

    /// The number of the next execution.
    fn number(&mut self, index: u64) {
        let _ = index;
    }

    /// An execution takes long enough to look at the clock after each.
    fn is_slow(&self) -> bool {
        false
    }
}
