//! `selvedge replay`, `shrink` and `show`: commands on a token.
//!
//! | command | code 0 | code 1 | code 3 |
//! |---|---|---|---|
//! | `replay` | the schedule breaks no law | it breaks one | it does not fit the program |
//! | `shrink` | the finding was shrunk | there is none | as above |
//! | `show` | the schedule was shown | | as above |
//!
//! With `--json` each prints one object: that of `explore`, with the verdict `breaks a law`,
//! `breaks no law` or `inconclusive`; `shrink` adds `switches_before`, `show` the `trace`.

use super::args::{Replay, Show};
use super::exit::Exit;
use super::out::{Out, complain};
use super::paint::Paint;
use super::record::join;
use super::work::{self, Shows, shows};
use super::{settings, text};
use crate::Error;
use crate::catalogue::{Case, Catalogue};
use crate::engine::Engine;
use crate::program::{AnyProgram, Config, Job, Report, environment, replay_model, shrink_model};
use crate::report::{self, Entry};
use crate::token::Token;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What is asked for besides a token.
pub(super) struct Asked<'a> {
    pub(super) engine: Option<&'a str>,
    pub(super) json: bool,
    /// The folder for a page.
    pub(super) report: Option<PathBuf>,
}

impl Asked<'_> {
    pub(super) fn of(args: &Replay) -> Asked<'_> {
        Asked { engine: args.place.engine.as_deref(), json: args.form.json, report: None }
    }
}

/// A token, and the program that it belongs to.
struct Found {
    token: Token,
    case: Case,
    program: AnyProgram,
    config: Config,
}

impl Found {
    fn read(catalogue: &Catalogue, text: &str, engine: Option<&str>) -> Result<Found, Error> {
        let token: Token = text.parse()?;
        let case = catalogue.find(&token)?;
        let program = case.build()?;
        let base = Config::default().engine(case.selection.scenario.engine);
        let mut config = Config { environment: false, ..environment::overlay(&base)? };
        if let Some(engine) = engine {
            config.engine = engine.parse()?;
        }
        if config.engine == Engine::Wild {
            return Err(Error::Usage(
                "wild follows no schedule; use --engine sim or --engine real".to_owned(),
            ));
        }
        Ok(Found { token, case, program, config })
    }

    fn job(&self, json: bool) -> Job<'static> {
        let tell = work::teller(&self.case, json);
        Job { tell: Some(tell), ..Job::new(&self.case.name(), self.case.identity()) }
    }

    fn replay(&self, json: bool) -> Result<Report, Error> {
        replay_model(self.program.model(), &self.job(json), &self.config, &self.token)
    }

    /// The report as an object, with `more` members.
    fn object(&self, report: &Report, more: &Value) -> String {
        let words = match shows(report) {
            Shows::Violation => "breaks a law",
            Shows::Pass => "breaks no law",
            Shows::Nothing(_) => "inconclusive",
        };
        let (scenario, variant) = (self.case.selection.name(), self.case.variant.name);
        let object = report::json(report, &scenario, variant, words);
        if more.is_null() { object } else { join(&object, more) }
    }
}

/// What happened, step by step.
fn picture(found: &Found, report: &Report, paint: Paint) -> String {
    let mut text = format!("{}, in {}\n", found.case.name(), report.engine.name());
    if let Some(finding) = &report.finding {
        text += &report::lanes_of(finding, paint.0);
    }
    text.trim_end().to_owned()
}

/// `selvedge replay`.
pub(super) fn replay(catalogue: &Catalogue, token: &str, asked: &Asked<'_>) -> Result<Exit, Error> {
    let found = Found::read(catalogue, token, asked.engine)?;
    if let Some(folder) = &asked.report {
        settings::prepare(folder)?;
    }
    let report = found.replay(asked.json)?;
    let name = found.case.name();
    let put = |folder: &PathBuf| super::page::put(folder, &[Entry::new(&name, &report)]);
    let page = asked.report.as_ref().map(put).transpose()?.filter(|_| !asked.json);
    let paint = Paint::of_stdout();
    let mut out = Out::open();
    if asked.json {
        out.line(found.object(&report, &Value::Null))?;
    }
    let exit = match shows(&report) {
        Shows::Violation => {
            if !asked.json {
                let message = report::explain(&report, paint.0).unwrap_or_default();
                out.line(message.trim_end())?;
            }
            Exit::Surprise
        }
        Shows::Pass => {
            if !asked.json {
                out.line(picture(&found, &report, paint))?;
                out.line("this schedule breaks no law")?;
            }
            Exit::AsExpected
        }
        Shows::Nothing(why) => {
            complain(why);
            Exit::Inconclusive
        }
    };
    if let Some(page) = page {
        out.line(format_args!("\nreport       {}", page.display()))?;
    }
    Ok(exit)
}

/// `selvedge shrink`.
pub(super) fn shrink(catalogue: &Catalogue, token: &str, asked: &Asked<'_>) -> Result<Exit, Error> {
    let found = Found::read(catalogue, token, asked.engine)?;
    let report = shrink_model(found.program.model(), &found.job(asked.json), &found.config, &found.token)?;
    let before = crate::kernel::switches(&found.token.schedule);
    if asked.json {
        Out::open().line(found.object(&report, &json!({ "switches_before": before })))?;
    }
    match (shows(&report), &report.finding) {
        (Shows::Violation, Some(finding)) => {
            if asked.json {
                return Ok(Exit::AsExpected);
            }
            let proof = if finding.proved_minimal { "proved minimal" } else { "not proved minimal" };
            let mut out = Out::open();
            out.line(report::explain(&report, Paint::of_stdout().0).unwrap_or_default().trim_end())?;
            out.line(format_args!(
                "switches     {before} before, {} after shrinking, {proof}; {}",
                finding.switches,
                text::plural(finding.preemptions, "preemption", "preemptions")
            ))?;
            out.line(format_args!("replay       {}", finding.token))?;
            Ok(Exit::AsExpected)
        }
        (Shows::Nothing(why), _) => {
            complain(why);
            Ok(Exit::Inconclusive)
        }
        _ => {
            complain("the schedule of this token breaks no law, so there is nothing to shrink");
            Ok(Exit::Surprise)
        }
    }
}

/// `selvedge show`.
pub(super) fn show(catalogue: &Catalogue, args: &Show) -> Result<Exit, Error> {
    let found = Found::read(catalogue, &args.token, None)?;
    let report = found.replay(args.form.json)?;
    if let Shows::Nothing(why) = shows(&report) {
        if args.form.json {
            Out::open().line(found.object(&report, &Value::Null))?;
        }
        complain(why);
        return Ok(Exit::Inconclusive);
    }
    if let Some(file) = &args.html {
        let name = found.case.name();
        let page = report::html(&[Entry::new(&name, &report)]);
        std::fs::write(Path::new(file), page)
            .map_err(|error| Error::unwritable(format_args!("the page {file}"), error))?;
    }
    if args.form.json {
        let trace = report.finding.as_ref().map(|finding| report::trace(&finding.recording));
        Out::open().line(found.object(&report, &json!({ "trace": trace })))?;
    } else {
        Out::open().line(picture(&found, &report, Paint::of_stdout()))?;
    }
    Ok(Exit::AsExpected)
}
