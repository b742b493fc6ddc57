//! A scenario for the tests of this module: one variant, which fails.

use crate::catalogue::{Arguments, Expect, Scenario, Variant};
use crate::program::AnyProgram;
use crate::{Engine, Error};

/// The scenario `name` in `sim`, whose only variant is what `build` builds.
pub(super) const fn failing(
    name: &'static str,
    build: fn(&str, &Arguments) -> Result<AnyProgram, Error>,
) -> Scenario {
    Scenario {
        name,
        about: "a program of a test",
        source: "that test",
        parameters: &[],
        variants: &[Variant { name: "racy", about: "fails", expect: Expect::Fails }],
        laws: &["what the test says"],
        engine: Engine::Sim,
        build,
    }
}
