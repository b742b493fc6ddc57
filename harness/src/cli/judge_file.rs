//! `selvedge judge`: whether the operations in a log can be explained.
//!
//! One line a file, and for a broken one, which operation nothing explains. The command
//! ends with the code of the worst: 1 if a file is broken, 3 if one is inconclusive, 4
//! if one has no operations. A file that cannot be read ends it before anything is
//! judged.

use super::args::JudgeArgs;
use super::exit::Exit;
use super::input;
use super::models::{CONDITIONS, MODELS, Object, choose};
use super::out::Out;
use crate::Error;
use crate::judge::linear::spec::{Kv, KvOp, KvRet, Register, RegisterOp, RegisterRet};
use crate::judge::linear::{History, Judgement, Model, Options, explain, judge};
use crate::judge::log::{read_jepsen, read_kv};
use crate::value::{self, Whole};
use serde_json::json;
use std::time::Instant;

/// A log that was read.
enum Log {
    Register(History<RegisterOp, RegisterRet>),
    Kv(History<KvOp, KvRet>),
}

impl Log {
    fn of(bytes: &[u8], object: Object) -> Result<Log, Error> {
        match object {
            Object::Register => read_jepsen(bytes).map(Log::Register),
            Object::Kv => read_kv(bytes).map(Log::Kv),
        }
    }

    fn operations(&self) -> usize {
        match self {
            Log::Register(history) => history.calls().len(),
            Log::Kv(history) => history.calls().len(),
        }
    }
}

/// Judges each file.
pub(super) fn run(args: &JudgeArgs) -> Result<Exit, Error> {
    let object = choose("model", &args.model, &MODELS)?;
    // As many as can be addressed.
    let megabytes = Whole::new(1..=u64::MAX >> 20).of("megabytes").read("--memory", &args.memory)?;
    let memory = (megabytes << 20) as usize;
    let options = Options {
        consistency: choose("consistency", &args.consistency, &CONDITIONS)?,
        time: Some(value::duration("--time", &args.time)?),
        memory,
        ..Options::default()
    };
    let read = |file: &String| read(file, memory, object);
    let logs: Vec<Log> = args.files.iter().map(read).collect::<Result<_, _>>()?;
    let mut worst = Exit::AsExpected;
    for (file, log) in args.files.iter().zip(logs) {
        let begun = Instant::now();
        let (verdict, reason, exit, operations) = match &log {
            Log::Register(history) => verdict(&Register, history, &options),
            Log::Kv(history) => verdict(&Kv, history, &options),
        };
        worst = worst.max(exit);
        if args.form.json {
            let seconds = begun.elapsed().as_secs_f64();
            let (model, condition) = (&args.model, &args.consistency);
            Out::open().line(json!({
                "file": file, "model": model, "consistency": condition, "operations": operations,
                "verdict": verdict, "reason": reason, "seconds": seconds,
            }))?;
        } else {
            let verdict = match exit {
                Exit::AsExpected => args.consistency.clone(),
                Exit::Surprise => format!("not {}", args.consistency),
                _ => verdict.to_owned(),
            };
            let colon = if reason.is_empty() { "" } else { ": " };
            Out::open().line(format_args!("{file}: {operations} operations, {verdict}{colon}{reason}"))?;
        }
    }
    Ok(worst)
}

/// The verdict in a word, its reason, the exit code, and how many operations there are.
fn verdict<M: Model>(
    model: &M,
    history: &History<M::Op, M::Ret>,
    options: &Options,
) -> (&'static str, String, Exit, usize) {
    let operations = history.calls().len();
    if operations == 0 {
        return ("nothing to judge", "the log has no operations".to_owned(), Exit::NothingRan, 0);
    }
    let (word, reason, exit) = match judge(model, history, options) {
        Judgement::Holds => ("holds", String::new(), Exit::AsExpected),
        Judgement::Broken(stuck) => {
            let who = |process| format!("process {process}");
            ("broken", explain(model, history, &stuck, &who), Exit::Surprise)
        }
        Judgement::Inconclusive(why) => ("inconclusive", why.to_string(), Exit::Inconclusive),
    };
    (word, reason, exit, operations)
}

fn read(file: &str, memory: usize, object: Object) -> Result<Log, Error> {
    let wrong = |error: &dyn std::fmt::Display| Error::Usage(format!("{file}: {error}"));
    let bytes = input::read(file, memory, ", the most that --memory allows")?;
    let log = Log::of(&bytes, object);
    let found = |log: &Result<Log, _>| log.as_ref().map_or(0, Log::operations);
    // What the log of another model says of this one's form helps nobody.
    let others = MODELS.iter().filter(|_| found(&log) == 0);
    for (name, other) in others {
        match found(&Log::of(&bytes, *other)) {
            0 => {}
            count => {
                let said = format!("no operation of this model; use --model {name}, which finds {count}");
                return Err(wrong(&said));
            }
        }
    }
    log.map_err(|error| wrong(&error))
}
