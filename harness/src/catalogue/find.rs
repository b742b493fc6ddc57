//! From a name or a token to a program.

use super::arguments::Arguments;
use super::scenario::{Scenario, Variant};
use crate::Error;
use crate::nearest::nearest;
use crate::program::{AnyProgram, Config, Job, Report, check_model};
use crate::token::{Identity, Token};

/// Scenarios, each with a name of its own.
#[derive(Clone, Debug)]
pub struct Catalogue {
    scenarios: Vec<Scenario>,
}

/// A scenario and the values of its parameters.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The scenario.
    pub scenario: Scenario,
    /// Its arguments.
    pub arguments: Arguments,
}

/// A scenario, its arguments and one of its variants: a program.
#[derive(Clone, Debug)]
pub struct Case {
    /// Scenario and arguments.
    pub selection: Selection,
    /// The variant.
    pub variant: Variant,
}

impl Catalogue {
    /// A catalogue of these scenarios, in this order.
    ///
    /// # Errors
    /// [`Error::Usage`] if two scenarios have one name, if two variants have one
    /// fingerprint (rename one of them then), or if a default is not of its form.
    pub fn new(scenarios: &[Scenario]) -> Result<Catalogue, Error> {
        let catalogue = Catalogue { scenarios: scenarios.to_vec() };
        let mut known: Vec<(u16, String)> = Vec::new();
        for case in catalogue.cases()? {
            let name = case.fingerprinted();
            let fingerprint = Identity::of(&name).fingerprint;
            if let Some((_, other)) = known.iter().find(|(other, _)| *other == fingerprint) {
                return Err(Error::Usage(format!(
                    "`{name}` and `{other}` have the same fingerprint; rename one"
                )));
            }
            known.push((fingerprint, name));
        }
        Ok(catalogue)
    }

    /// All scenarios.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// Every variant of every scenario, with the default arguments.
    ///
    /// # Errors
    /// If a default is not of its form.
    pub fn cases(&self) -> Result<Vec<Case>, Error> {
        let mut cases = Vec::new();
        for scenario in &self.scenarios {
            let selection = Selection { scenario: *scenario, arguments: Arguments::parse(scenario, "")? };
            cases.extend(selection.cases());
        }
        Ok(cases)
    }

    /// Reads `ticket:clients=3,stock=1`.
    ///
    /// # Errors
    /// An unknown scenario with the nearest name, or what is wrong with the arguments.
    pub fn parse(&self, text: &str) -> Result<Selection, Error> {
        let (name, arguments) = text.split_once(':').unwrap_or((text, ""));
        let scenario = self.scenarios.iter().find(|scenario| scenario.name == name).ok_or_else(|| {
            let names = self.scenarios.iter().map(|scenario| scenario.name);
            let meant = nearest(name, names).map(|meant| format!("; did you mean `{meant}`?"));
            // There are too many to list.
            let hint = meant.unwrap_or_else(|| "; `selvedge list` shows them all".to_owned());
            Error::Unknown { what: "scenario", name: name.to_owned(), hint }
        })?;
        Ok(Selection { scenario: *scenario, arguments: Arguments::parse(scenario, arguments)? })
    }

    /// The program that a token belongs to.
    ///
    /// # Errors
    /// [`Error::Token`] if no program here has its fingerprint, or if its parameters
    /// do not fit.
    pub fn find(&self, token: &Token) -> Result<Case, Error> {
        for scenario in &self.scenarios {
            for variant in scenario.variants {
                let name = fingerprinted(scenario, variant);
                if Identity::of(&name).fingerprint == token.identity.fingerprint {
                    let arguments = Arguments::decode(scenario, &token.identity.parameters)?;
                    return Ok(Case {
                        selection: Selection { scenario: *scenario, arguments },
                        variant: *variant,
                    });
                }
            }
        }
        Err(Error::Token(
            "belongs to a program that is not in this catalogue; see `selvedge list` (a test replays its own, \
             given in SELVEDGE_REPLAY)"
                .to_owned(),
        ))
    }
}

impl Selection {
    /// The programs of all variants.
    pub fn cases(&self) -> Vec<Case> {
        let all = self.scenario.variants.iter();
        all.map(|variant| Case { selection: self.clone(), variant: *variant }).collect()
    }

    /// The program of one variant.
    ///
    /// # Errors
    /// An unknown variant, with the nearest name.
    pub fn case(&self, variant: &str) -> Result<Case, Error> {
        Ok(Case { selection: self.clone(), variant: *self.scenario.variant(variant)? })
    }

    /// The program of one variant, or those of all.
    ///
    /// # Errors
    /// As [`case`](Selection::case).
    pub(crate) fn chosen(&self, variant: Option<&str>) -> Result<Vec<Case>, Error> {
        variant.map_or_else(|| Ok(self.cases()), |name| Ok(vec![self.case(name)?]))
    }

    /// As it is written on the command line, with the arguments that are not defaults.
    pub fn name(&self) -> String {
        let arguments = self.arguments.changed();
        let colon = if arguments.is_empty() { "" } else { ":" };
        format!("{}{colon}{arguments}", self.scenario.name)
    }
}

impl Case {
    /// Builds the program.
    ///
    /// # Errors
    /// If the arguments do not go together.
    pub fn build(&self) -> Result<AnyProgram, Error> {
        (self.selection.scenario.build)(self.variant.name, &self.selection.arguments)
    }

    /// Builds the program and explores it.
    ///
    /// # Errors
    /// As for [`build`](Case::build) and [`Program::check`](crate::Program::check).
    pub fn check(&self, config: &Config) -> Result<Report, Error> {
        check_model(self.build()?.model(), &Job::new(&self.name(), self.identity()), config)
    }

    /// What its tokens begin with.
    pub fn identity(&self) -> Identity {
        let parameters = self.selection.arguments.encode();
        Identity { parameters, ..Identity::of(&self.fingerprinted()) }
    }

    /// The name under which reports speak of it.
    pub fn name(&self) -> String {
        format!("{}, {}", self.selection.name(), self.variant.name)
    }

    fn fingerprinted(&self) -> String {
        fingerprinted(&self.selection.scenario, &self.variant)
    }
}

/// What the fingerprint of a token is the hash of.
fn fingerprinted(scenario: &Scenario, variant: &Variant) -> String {
    format!("{}/{}", scenario.name, variant.name)
}
