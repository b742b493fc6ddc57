//! Declarative programs: a state and tasks on it that exist from the start.

use super::census::{Census, census_model};
use super::check::check_model;
use super::config::Config;
use super::finding::Report;
use super::job::Job;
use super::record::record_model;
use super::regressions;
use crate::engine::{Dynamic, Group, Model, Spawned, Typed};
use crate::fault::Faults;
use crate::judge::linear;
use crate::judge::linear::Judgeable;
use crate::kernel::Role;
use crate::{Error, Recorder, Recording};
use selvedge::shm::Shareable;
use std::ops::Range;
use std::panic::Location;
use std::sync::{Arc, OnceLock};

/// A program whose tasks are known from the start.
///
/// The state is built anew for each execution, in memory that all tasks share. In
/// `real` each task is a process, kept warm from one execution to the next.
///
/// ```
/// use selvedge_harness::prelude::*;
///
/// shareable! {
///     struct Balance { money: Value<i64> }
/// }
///
/// let report = Program::new("deposit", || Balance { money: Value::new(0) })
///     .tasks("teller", 2, |balance, _| { balance.money.fetch_add(1); })
///     .finally(|balance| assert_eq!(balance.money.get(), 2))
///     .explore(&Config::default().exhaust())?;
/// assert_eq!(report.tally.executions, 2);
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
pub struct Program<S> {
    name: String,
    model: Typed<S>,
}

impl<S: Shareable> Program<S> {
    /// A program whose state `init` builds.
    pub fn new(name: impl Into<String>, init: impl Fn() -> S + Send + Sync + 'static) -> Program<S> {
        let model = Typed {
            init: Box::new(init),
            groups: Vec::new(),
            members: Vec::new(),
            finally: Vec::new(),
            stuck: Vec::new(),
            histories: Vec::new(),
            label: None,
            faults: Faults::none(),
            parts: Vec::new(),
            names: OnceLock::new(),
        };
        Program { name: name.into(), model }
    }

    /// Adds `count` processes that run `body`, which gets their number in this group.
    #[must_use]
    #[track_caller]
    pub fn tasks<R>(
        self,
        name: impl Into<String>,
        count: usize,
        body: impl Fn(&S, usize) -> R + Send + Sync + 'static,
    ) -> Program<S> {
        self.group(name.into(), count, Role::Process, body)
    }

    /// Adds one process.
    #[must_use]
    #[track_caller]
    pub fn task<R>(
        self,
        name: impl Into<String>,
        body: impl Fn(&S) -> R + Send + Sync + 'static,
    ) -> Program<S> {
        self.group(name.into(), 1, Role::Process, move |state, _| body(state))
    }

    /// Adds `count` threads of one further process.
    #[must_use]
    #[track_caller]
    pub fn threads<R>(
        self,
        name: impl Into<String>,
        count: usize,
        body: impl Fn(&S, usize) -> R + Send + Sync + 'static,
    ) -> Program<S> {
        self.group(name.into(), count, Role::Thread, body)
    }

    #[track_caller]
    fn group<R>(
        mut self,
        name: String,
        count: usize,
        role: Role,
        body: impl Fn(&S, usize) -> R + Send + Sync + 'static,
    ) -> Program<S> {
        let group = self.model.groups.len() as u32;
        self.model.members.extend((0..count as u32).map(|number| (group, number)));
        let body = Box::new(move |state: &S, number| drop(body(state, number)));
        let site = Location::caller();
        self.model.groups.push(Group { name, count, site, role, body });
        self
    }

    /// What must hold when all tasks have ended: assertions on the state.
    #[must_use]
    pub fn finally(mut self, check: impl Fn(&S) + Send + Sync + 'static) -> Program<S> {
        self.model.finally.push(Box::new(check));
        self
    }

    /// What must hold where no task can go on and some have not ended. Without this, that
    /// is a finding; with it, it is one if `check` panics, and the end of an execution like
    /// any other if not, with the outcome `stuck`: for programs that wait for what may never
    /// come.
    ///
    /// ```
    /// use selvedge_harness::prelude::*;
    /// shareable! { struct Door { open: Event, passed: Value<u32> } }
    ///
    /// let report = Program::new("door", || Door { open: Event::new(), passed: Value::new(0) })
    ///     .task("guest", |door| {
    ///         door.open.wait();
    ///         door.passed.set(1);
    ///     })
    ///     .stuck(|door| assert!(!door.open.is_set() && door.passed.get() == 0))
    ///     .explore(&Config::default().exhaust())?;
    /// assert_eq!(report.tally.outcomes["stuck"], 1);
    /// # Ok::<(), selvedge_harness::Error>(())
    /// ```
    #[must_use]
    pub fn stuck(mut self, check: impl Fn(&S) + Send + Sync + 'static) -> Program<S> {
        self.model.stuck.push(Box::new(check));
        self
    }

    /// The operations that `part` recorded must be linearizable: an order of them explains
    /// what they returned by `model`, and each takes effect between its call and its
    /// return; one whose task was killed, before the kill or never. See
    /// [`Recorder`](crate::Recorder).
    #[track_caller]
    #[must_use]
    pub fn linearizable<M, const N: usize>(
        self,
        model: M,
        part: impl Fn(&S) -> &Recorder<M::Op, M::Ret, N> + Send + Sync + 'static,
    ) -> Program<S>
    where
        M: Judgeable,
    {
        self.judged(linear::Options::default(), model, part)
    }

    /// The operations that `part` recorded must be as `options` says: for sequential
    /// consistency, and for tasks that may have done something after their kill.
    #[track_caller]
    #[must_use]
    pub fn judged<M, const N: usize>(
        mut self,
        options: linear::Options,
        model: M,
        part: impl Fn(&S) -> &Recorder<M::Op, M::Ret, N> + Send + Sync + 'static,
    ) -> Program<S>
    where
        M: Judgeable,
    {
        let site = Location::caller();
        let part = Arc::new(part);
        let judge = Arc::clone(&part);
        self.model.histories.push(Box::new(move |state, who| {
            let judged = judge(state).judged(&model, &options, who)?;
            Some(judged.at(site))
        }));
        self.name("history", move |state| part(state))
    }

    /// Writes a label for the outcome of an execution; outcomes are counted by label.
    #[must_use]
    pub fn label(mut self, write: impl Fn(&S, &mut String) + Send + Sync + 'static) -> Program<S> {
        self.model.label = Some(Box::new(write));
        self
    }

    /// What goes wrong in executions of this program, unless the configuration says
    /// something else: for programs about crashes.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Program<S> {
        self.model.faults = faults;
        self
    }

    /// Gives a part of the state the name that reports use for it. What is itself in the
    /// state gets it, not what a handle (a queue, an array, a map) leads to elsewhere: that
    /// is numbered, `value 1`.
    #[must_use]
    pub fn name<T>(
        mut self,
        name: impl Into<String>,
        part: impl Fn(&S) -> &T + Send + Sync + 'static,
    ) -> Program<S> {
        let extent = move |state: &S| -> Range<usize> {
            let part = part(state);
            let start = std::ptr::from_ref(part) as usize;
            start..start + size_of_val(part)
        };
        self.model.parts.push((name.into(), Box::new(extent)));
        self
    }

    /// The same program as one that starts its tasks as it runs: a main task, task 0,
    /// starts each in their order, one step each, and then joins each, one step each.
    /// A task that was declared a thread becomes one of the main task's process.
    ///
    /// ```
    /// use selvedge_harness::prelude::*;
    /// shareable! { struct Balance { money: Value<i64> } }
    ///
    /// let program = || {
    ///     Program::new("deposit", || Balance { money: Value::new(0) })
    ///         .tasks("teller", 2, |balance, _| balance.money.fetch_add(1))
    /// };
    /// let exhaust = Config::default().exhaust();
    /// assert_eq!(program().check(&exhaust)?.tally.executions, 2);
    /// // Start, start, add, add, join, join, in any order that makes sense.
    /// assert_eq!(program().main_spawns().check("deposit", &exhaust)?.tally.executions, 5);
    /// # Ok::<(), selvedge_harness::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn main_spawns(self) -> AnyProgram {
        AnyProgram(Box::new(Spawned::new(self.model, Location::caller())))
    }

    /// Explores the program and returns what was found.
    ///
    /// # Errors
    /// What is wrong with the configuration or the environment, and what the
    /// operating system refused.
    #[track_caller]
    pub fn check(&self, config: &Config) -> Result<Report, Error> {
        check_model(&self.model, &Job::named(&self.name), config)
    }

    /// Explores the program; a violation is a panic with the whole explanation. In a
    /// test, its schedule is kept under `fixtures/regressions` of the package, and
    /// schedules that were kept are tried first; see [`Config::persist`].
    ///
    /// # Errors
    /// As for [`check`](Program::check).
    ///
    /// # Panics
    /// If a law is broken.
    #[track_caller]
    pub fn explore(&self, config: &Config) -> Result<Report, Error> {
        regressions::explore(&self.model, &Job::named(&self.name), config)
    }

    /// Runs the executions with these numbers of the run that `config` describes,
    /// each alone, and returns everything that happened in them.
    ///
    /// # Errors
    /// What the operating system refused.
    pub fn record(
        &self,
        config: &Config,
        executions: impl IntoIterator<Item = u64> + Send,
    ) -> Result<Vec<Recording>, Error> {
        record_model(&self.model, config, executions)
    }

    /// Kills each victim at each of its operations, along the run without preemption or
    /// in every schedule, and tells what came of it.
    ///
    /// # Errors
    /// What the operating system refused.
    pub fn census(&self, config: &Config, exhaustive: bool) -> Result<Census, Error> {
        census_model(&self.model, &Job::named(&self.name), config, exhaustive)
    }

    /// The name under which reports speak of the program.
    pub fn title(&self) -> &str {
        &self.name
    }
}

/// A program, whatever the type of its state: what a catalogue of scenarios holds.
pub struct AnyProgram(Box<dyn Model + Send>);

impl AnyProgram {
    /// A program of any code that starts tasks and joins them; see
    /// [`explore`](crate::explore).
    ///
    /// ```
    /// use selvedge_harness::prelude::*;
    /// use selvedge_harness::program::AnyProgram;
    ///
    /// let program = AnyProgram::dynamic(|| _ = Process::spawn(|| ()).join());
    /// let report = program.check("one child", &Config::default().exhaust())?;
    /// assert_eq!(report.tally.executions, 1);
    /// # Ok::<(), selvedge_harness::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic(body: impl Fn() + Send + Sync + 'static) -> AnyProgram {
        AnyProgram(Box::new(Dynamic::new(body)))
    }

    /// The same, and what goes wrong in executions of the program, unless the configuration
    /// says something else.
    #[track_caller]
    pub fn dynamic_with_faults(faults: Faults, body: impl Fn() + Send + Sync + 'static) -> AnyProgram {
        AnyProgram(Box::new(Dynamic { faults, ..Dynamic::new(body) }))
    }

    /// Explores the program under a name; see [`Program::check`].
    ///
    /// # Errors
    /// As there.
    pub fn check(&self, name: &str, config: &Config) -> Result<Report, Error> {
        check_model(self.model(), &Job::named(name), config)
    }

    /// Runs single executions; see [`Program::record`].
    ///
    /// # Errors
    /// As there.
    pub fn record(
        &self,
        config: &Config,
        executions: impl IntoIterator<Item = u64> + Send,
    ) -> Result<Vec<Recording>, Error> {
        record_model(self.model(), config, executions)
    }

    /// How many tasks exist from the start.
    pub fn tasks(&self) -> usize {
        self.0.tasks()
    }

    pub(crate) fn model(&self) -> &dyn Model {
        &*self.0
    }
}

impl<S: Shareable + Send> From<Program<S>> for AnyProgram {
    fn from(program: Program<S>) -> AnyProgram {
        AnyProgram(Box::new(program.model))
    }
}
