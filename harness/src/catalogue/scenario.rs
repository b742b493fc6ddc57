//! A scenario: one program in several variants, and what each is expected to do.

use super::arguments::Arguments;
use super::parameter::Parameter;
use crate::Error;
use crate::engine::Engine;
use crate::program::AnyProgram;

/// What a variant is expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Some schedule breaks a law.
    Fails,
    /// No schedule does.
    Holds,
}

impl Expect {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Expect::Fails => "fails",
            Expect::Holds => "holds",
        }
    }
}

/// One way to write a scenario's program.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its name, such as `racy` or `locked`.
    pub name: &'static str,
    /// What is special about it, in a few words.
    pub about: &'static str,
    /// What it is expected to do.
    pub expect: Expect,
}

/// A program with parameters, in several variants.
///
/// ```
/// use selvedge_harness::catalogue::{Arguments, Expect, Form, Parameter, Scenario, Variant};
/// use selvedge_harness::program::AnyProgram;
/// use selvedge_harness::prelude::*;
/// use selvedge_harness::Error;
///
/// shareable! { struct Counter { count: Value<u32> } }
///
/// fn build(variant: &str, arguments: &Arguments) -> Result<AnyProgram, Error> {
///     let tasks = arguments.count("tasks");
///     let program = Program::new("counter", || Counter { count: Value::new(0) })
///         .finally(move |counter| assert_eq!(counter.count.get() as usize, tasks));
///     Ok(match variant {
///         "racy" => program.tasks("task", tasks, |c, _| c.count.set(c.count.get() + 1)),
///         _ => program.tasks("task", tasks, |c, _| _ = c.count.fetch_add(1)),
///     }
///     .into())
/// }
///
/// const COUNTER: Scenario = Scenario {
///     name: "counter",
///     about: "tasks that count together",
///     source: "folklore",
///     parameters: &[Parameter {
///         name: "tasks",
///         help: "how many count",
///         default: "2",
///         form: Form::Number { least: 1, most: 100 },
///     }],
///     variants: &[
///         Variant { name: "racy", about: "reads, then writes", expect: Expect::Fails },
///         Variant { name: "atomic", about: "adds at once", expect: Expect::Holds },
///     ],
///     laws: &["no count is lost"],
///     engine: Engine::Sim,
///     build,
/// };
/// let error = COUNTER.variant("atomik").unwrap_err().to_string();
/// assert_eq!(error, "unknown variant `atomik`; did you mean `atomic`?");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows, in a line.
    pub about: &'static str,
    /// Where the program is from.
    pub source: &'static str,
    /// What can be changed about it. New ones are added at the end.
    pub parameters: &'static [Parameter],
    /// The ways to write it.
    pub variants: &'static [Variant],
    /// What must hold, a short sentence each.
    pub laws: &'static [&'static str],
    /// The engine that shows it best.
    pub engine: Engine,
    /// Builds the program of a variant, which is one of `variants`.
    pub build: fn(&str, &Arguments) -> Result<AnyProgram, Error>,
}

impl Scenario {
    /// The variant with this name.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the nearest name there is.
    pub fn variant(&self, name: &str) -> Result<&'static Variant, Error> {
        let variants = self.variants;
        variants
            .iter()
            .find(|variant| variant.name == name)
            .ok_or_else(|| Error::unknown("variant", name, variants.iter().map(|variant| variant.name)))
    }
}
