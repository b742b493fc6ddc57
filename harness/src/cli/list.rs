//! `selvedge list`: what is in the catalogue.

use super::exit::Exit;
use super::out::{Out, Stop};
use super::paint::Paint;
use crate::catalogue::{Catalogue, Scenario};

/// Prints scenarios, parameters, variants and laws.
pub(super) fn run(catalogue: &Catalogue) -> Result<Exit, Stop> {
    let paint = Paint::of_stdout();
    let mut out = Out::open();
    for (place, scenario) in catalogue.scenarios().iter().enumerate() {
        if place > 0 {
            out.line("")?;
        }
        print(scenario, paint, &mut out)?;
    }
    Ok(Exit::AsExpected)
}

fn print(scenario: &Scenario, paint: Paint, out: &mut Out) -> Result<(), Stop> {
    let name = paint.heading(scenario.name);
    out.line(format_args!("{name}: {}", scenario.about))?;
    out.line(format_args!("  from {}; engine {}", scenario.source, scenario.engine.name()))?;
    if !scenario.parameters.is_empty() {
        out.line("  parameters")?;
    }
    for parameter in scenario.parameters {
        let default = format!("{}={}", parameter.name, parameter.default);
        out.line(format_args!("    {default:14} {}; {}", parameter.help, parameter.form))?;
    }
    out.line("  variants")?;
    for variant in scenario.variants {
        out.line(format_args!("    {:14} {}: {}", variant.name, variant.expect.word(), variant.about))?;
    }
    out.line(format_args!("  laws: {}", scenario.laws.join("; ")))
}
