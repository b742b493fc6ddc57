//! `selvedge merge`: all shares of a run as one verdict, which is that of the whole run.
//!
//! | what is wrong with the files | code |
//! |---|---|
//! | they are of different runs, or a share is there twice, or a line is no such line | 2 |
//! | a share is missing, of one variant or of all | 3 |
//! | a file ends early, and no violation is in what there is | 3 |
//! | a file ends early, but a violation was found: that counts | as without it |

use super::args::MergeArgs;
use super::exit::Exit;
use super::judge::Judged;
use super::out::{Out, complain};
use super::paint::Paint;
use super::record::{Part, Run, join, read};
use super::text;
use crate::catalogue::{Case, Catalogue};
use crate::engine::Engine;
use crate::judge::Verdict;
use crate::program::{Finding, Found, Report, Shard, Tally, task_names, together};
use crate::strategy::Strategy;
use crate::{Error, Granularity, report};

/// Reads, checks, puts together and prints.
pub(super) fn run(catalogue: &Catalogue, args: &MergeArgs) -> Result<Exit, Error> {
    let mut parts = Vec::new();
    for file in &args.files {
        let (read, wrong) = read(file)?;
        if let Some(wrong) = wrong {
            complain(wrong);
        }
        parts.extend(read);
    }
    let Some(first) = parts.first() else {
        return Err(Error::Usage("there is no share of a run in these files".to_owned()));
    };
    for part in &parts {
        if let Some(what) = first.run.differs(&part.run) {
            return Err(Error::Usage(format!("{} is of another run than {}: {what}", part.file, first.file)));
        }
    }
    let run = first.run.clone();
    let mut merged = Vec::new();
    let mut worst = Exit::AsExpected;
    for variant in &run.variants {
        let (own, others) = parts.into_iter().partition(|part| part.run.variant == *variant);
        parts = others;
        let case = catalogue.parse(&run.scenario)?.case(variant)?;
        match merge(case, &run, own) {
            Ok(whole) => merged.push(whole),
            // A file that ends early lacks the later variants; the earlier ones count.
            Err(error @ Error::Inconclusive { .. }) => {
                complain(error);
                worst = worst.max(Exit::Inconclusive);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(Part { file, run, .. }) = parts.first() {
        return Err(Error::Usage(format!("{file}: variant {} is none of its own run", run.variant)));
    }
    for (place, whole) in merged.iter().enumerate() {
        worst = worst.max(whole.judged.exit());
        whole.print(args.form.json, place == 0)?;
    }
    Ok(worst)
}

/// All shares of a variant together.
struct Whole {
    judged: Judged,
    shares: usize,
    /// Which files ended early, if any did.
    cut: Option<String>,
}

/// The parts of a variant of `whole` as one.
fn merge(case: Case, whole: &Run, mut parts: Vec<Part>) -> Result<Whole, Error> {
    parts.sort_by_key(|part| part.run.shard);
    let name = format!("{}, {}", whole.scenario, case.variant.name);
    if let Some(pair) = parts.windows(2).find(|pair| pair[0].run.shard == pair[1].run.shard) {
        return Err(Error::Usage(format!(
            "share {} of {name} is there twice: in {} and in {}",
            pair[0].run.shard, pair[0].file, pair[1].file
        )));
    }
    let of = whole.shard.of();
    let there: Vec<u32> = parts.iter().map(|part| part.run.shard.number()).collect();
    let missing: Vec<u32> = (1..=of).filter(|number| there.binary_search(number).is_err()).collect();
    if let Some(why) = missing_shares(&missing, of) {
        let executions = parts.iter().map(|part| part.tally.executions).sum();
        return Err(Error::Inconclusive { program: name, executions, why });
    }
    let cut = ended_early(&parts);
    let run = parts[0].run.clone();
    let strategy: Strategy = run.strategy.parse()?;
    let engine = Engine::ALL.into_iter().find(|(name, _)| *name == run.engine).map(|(_, engine)| engine);
    let engine =
        engine.ok_or_else(|| Error::Usage(format!("{}: unknown engine {}", parts[0].file, run.engine)))?;
    let findings: Vec<Finding> = parts.iter_mut().filter_map(|part| part.finding.take()).collect();
    let exhaustive = strategy.is_exhaustive();
    let tallies: Vec<Tally> = parts.into_iter().map(|part| part.tally).collect();
    let mut tally = together(tallies, exhaustive);
    tally.complete &= cut.is_none();
    if let (Some(why), None) = (&cut, &tally.first) {
        // What was not run could have decided otherwise.
        let verdict = Verdict::Broken(why.clone());
        let index = Found::NO_EXECUTION;
        let found = Found { index, schedule: Vec::new(), verdict, label: String::new() };
        tally.inconclusive.get_or_insert(found);
    }
    // The numbers of a share's own executions differ, the schedule does not.
    let schedule = tally.first.as_ref().map(|found| &found.schedule);
    let finding = findings.into_iter().find(|finding| Some(&finding.found.schedule) == schedule);
    let finding = finding.map(|finding| match &tally.first {
        Some(found) => Finding { found: found.clone(), ..finding },
        None => finding,
    });
    let program = case.build()?;
    let report = Report {
        tasks: task_names(program.model()),
        program: name,
        engine,
        strategy,
        granularity: Granularity::Operation,
        seed: run.seed,
        faults: run.faults,
        shard: Shard::WHOLE,
        tally,
        finding,
    };
    let judged = Judged::new(case, report, program.model());
    Ok(Whole { judged, shares: of as usize, cut })
}

/// Which files ended before their results.
fn ended_early(parts: &[Part]) -> Option<String> {
    let cut = parts.iter().filter(|part| !part.finished);
    let names: Vec<String> = cut.map(|part| format!("{} (share {})", part.file, part.run.shard)).collect();
    (!names.is_empty()).then(|| format!("ended early: {}", names.join(", ")))
}

/// Shares that are named one by one before the rest is counted.
const NAMED: usize = 8;

fn missing_shares(missing: &[u32], of: u32) -> Option<String> {
    let names: Vec<String> = missing.iter().take(NAMED).map(|number| format!("{number}/{of}")).collect();
    match missing.len() {
        0 => None,
        1 => Some(format!("share {} is missing", names[0])),
        n if n > NAMED => Some(format!("shares {} and {} more are missing", names.join(", "), n - NAMED)),
        _ => Some(format!("shares {} are missing", names.join(", "))),
    }
}

impl Whole {
    fn print(&self, json: bool, first: bool) -> Result<(), Error> {
        if let Some(cut) = &self.cut {
            complain(format_args!("{}: {cut}", self.judged.report.program));
        }
        let mut out = Out::open();
        if json {
            let (selection, variant) = (&self.judged.case.selection, self.judged.case.variant.name);
            let line = report::json(&self.judged.report, &selection.name(), variant, self.judged.words());
            return out.line(join(&line, &serde_json::json!({ "shards": self.shares })));
        }
        if !first {
            out.line("")?;
        }
        out.line(format_args!("{:12} {}", "shards", self.shares))?;
        out.write(text::report(&self.judged, Paint::of_stdout()))
    }
}
