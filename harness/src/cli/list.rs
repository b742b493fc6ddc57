//! `selvedge list`: what is in the catalogue.

use super::args::Form;
use super::exit::Exit;
use super::out::Out;
use super::paint::Paint;
use crate::Error;
use crate::catalogue::{Catalogue, Scenario};
use serde_json::{Value, json};

/// Prints scenarios, parameters, variants and laws.
pub(super) fn run(catalogue: &Catalogue, form: &Form) -> Result<Exit, Error> {
    let paint = Paint::of_stdout();
    let mut out = Out::open();
    for (place, scenario) in catalogue.scenarios().iter().enumerate() {
        if form.json {
            out.line(object(scenario))?;
            continue;
        }
        if place > 0 {
            out.line("")?;
        }
        print(scenario, paint, &mut out)?;
    }
    Ok(Exit::AsExpected)
}

fn print(scenario: &Scenario, paint: Paint, out: &mut Out) -> Result<(), Error> {
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

/// A scenario for machines.
fn object(scenario: &Scenario) -> Value {
    let parameters = scenario.parameters.iter().map(|parameter| {
        json!({
            "name": parameter.name, "default": parameter.default, "help": parameter.help,
            "form": parameter.form.to_string(),
        })
    });
    let variants = scenario.variants.iter().map(
        |variant| json!({ "name": variant.name, "expect": variant.expect.word(), "about": variant.about }),
    );
    json!({
        "scenario": scenario.name, "about": scenario.about, "source": scenario.source,
        "engine": scenario.engine.name(), "parameters": parameters.collect::<Vec<_>>(),
        "variants": variants.collect::<Vec<_>>(), "laws": scenario.laws,
    })
}
