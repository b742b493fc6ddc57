//! What Jepsen's etcd test prints: operations on one register.
//!
//! ```text
//! INFO  jepsen.util - 1   :invoke :write  3
//! INFO  jepsen.util - 1   :ok     :write  3
//! ```
//!
//! | answer | of | means |
//! |---|---|---|
//! | `:ok` | all | it was done; a read says what it read |
//! | `:fail` | `:cas [a b]` | the register did not hold `a` |
//! | `:fail` | `:read` | it may have read anything |
//! | `:fail` | `:write 3` | it was not done |
//! | `:fail` | `:write :timed-out`, `:cas :timed-out` | as `:info` |
//! | `:info` | all | it may take effect at any time, or never |

use super::chatter::is_chatter;
use super::clients::Clients;
use super::edn::{Edn, Reader, shown};
use super::{Wrong, each_line, unknown};
use crate::Error;
use crate::judge::linear::History;
use crate::judge::linear::spec::{RegisterOp, RegisterRet};

/// Reads a log of a register: who called what, by line.
///
/// ```
/// use selvedge_harness::judge::log::read_jepsen;
/// let log = "INFO  jepsen.util - 1\t:invoke\t:write\t3\nINFO  jepsen.util - 1\t:ok\t:write\t3\n";
/// assert_eq!(read_jepsen(log.as_bytes())?.calls().len(), 1);
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
///
/// # Errors
/// [`Error::Log`] names the first line that is damaged.
pub fn read_jepsen(log: &[u8]) -> Result<History<RegisterOp, RegisterRet>, Error> {
    let mut reading = Reading::default();
    each_line(log, |number, line| match event(line) {
        Some(text) => reading.event(number, text),
        None if is_chatter(line) && !is_like_an_event(line) => Ok(()),
        None => Err("it is no event, as in `INFO  jepsen.util - 1 :invoke :write 3`".to_owned()),
    })?;
    let Reading { mut history, not_done, .. } = reading;
    let mut number = 0..;
    history.retain(|_| !number.next().is_some_and(|number| not_done.contains(&number)));
    Ok(history)
}

/// What a line says about an operation of a process, if it does.
fn event(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("jepsen.util")?;
    let rest = rest.trim_start().strip_prefix(['-', ':'])?.trim_start();
    let named = rest.starts_with(':') || rest.starts_with(char::is_alphabetic);
    (!named).then_some(rest)
}

/// What happens to an operation, and what an operation is.
const KINDS: [&str; 4] = [":invoke", ":ok", ":fail", ":info"];
const FUNCTIONS: [&str; 3] = [":read", ":write", ":cas"];

/// What can be written and read.
const NUMBER: &str = "a whole number of at most 64 bits";

/// Whether a line names an operation after what happens to it, as only events do: then it
/// is a damaged one, whichever logger it seems to be from.
pub(super) fn is_like_an_event(line: &str) -> bool {
    let words = line.split_whitespace();
    words
        .clone()
        .zip(words.skip(1))
        .any(|(kind, function)| KINDS.contains(&kind) && FUNCTIONS.contains(&function))
}

#[derive(Default)]
struct Reading {
    history: History<RegisterOp, RegisterRet>,
    clients: Clients,
    not_done: Vec<usize>,
}

impl Reading {
    fn event(&mut self, line: u64, text: &str) -> Result<(), Wrong> {
        let mut reader = Reader(text);
        let process = match reader.value()? {
            Edn::Int(process) if process >= 0 => process as usize,
            other => return Err(format!("{other} is not the number of a process, 0 to {}", i64::MAX)),
        };
        let (kind, function) = (word(&mut reader, "the kind of event")?, word(&mut reader, "the operation")?);
        if !FUNCTIONS.contains(&function) {
            return Err(unknown("operation", function, &FUNCTIONS));
        }
        match kind {
            ":invoke" => {
                self.clients.free(process)?;
                let operation = operation(function, &mut reader)?;
                end(&mut reader, kind)?;
                let number = self.history.call(process, operation, line);
                self.clients.begins(process, number, line);
                Ok(())
            }
            ":ok" | ":fail" | ":info" => {
                let (number, begun) = self.clients.ends(process, line)?;
                let op = self.history.calls()[number].op;
                if function != name(op) {
                    let name = name(op);
                    return Err(format!("process {process} ends {function}, but line {begun} began {name}"));
                }
                self.answer(kind, number, &mut reader, line)
                    .map_err(|why| format!("{why} (begun in line {begun})"))
            }
            _ => Err(unknown("kind of event", kind, &KINDS)),
        }
    }

    fn answer(&mut self, kind: &str, number: usize, reader: &mut Reader<'_>, line: u64) -> Result<(), Wrong> {
        let op = self.history.calls()[number].op;
        if kind == ":info" {
            return Ok(());
        }
        if op == RegisterOp::Read {
            if kind == ":ok" {
                let value = match reader.value()? {
                    Edn::Int(value) => Some(value),
                    Edn::Word("nil") => None,
                    other => return Err(format!("{other} is neither nil nor {NUMBER}")),
                };
                self.history.returned(number, RegisterRet::Value(value), line);
            }
            return end(reader, kind);
        }
        let timed_out = kind == ":fail" && matches!(Reader(reader.0).value()?, Edn::Word(_));
        if timed_out {
            return Ok(());
        }
        if operation(name(op), reader)? != op {
            return Err(format!("the answer is not to `{op}`"));
        }
        match (kind, op) {
            (":ok", RegisterOp::Cas(..)) => self.history.returned(number, RegisterRet::Swapped(true), line),
            (":ok", _) => self.history.returned(number, RegisterRet::Done, line),
            (_, RegisterOp::Cas(..)) => self.history.returned(number, RegisterRet::Swapped(false), line),
            _ => self.not_done.push(number),
        }
        end(reader, kind)
    }
}

fn name(op: RegisterOp) -> &'static str {
    match op {
        RegisterOp::Read => ":read",
        RegisterOp::Write(_) => ":write",
        RegisterOp::Cas(..) => ":cas",
    }
}

fn word<'t>(reader: &mut Reader<'t>, what: &str) -> Result<&'t str, Wrong> {
    match reader.value().map_err(|_| format!("the line ends before {what}"))? {
        Edn::Word(word) => Ok(word),
        other => Err(format!("{other} is not {what}")),
    }
}

/// An operation with its arguments.
fn operation(function: &str, reader: &mut Reader<'_>) -> Result<RegisterOp, Wrong> {
    let value = reader.value().map_err(|why| format!("{function}: {why}"))?;
    let op = match (function, value) {
        (":read", Edn::Word("nil")) => RegisterOp::Read,
        (":read", other) => return Err(format!(":read: {other} is not nil")),
        (":write", Edn::Int(value)) => RegisterOp::Write(value),
        (":write", other) => return Err(format!(":write: {other} is not {NUMBER}")),
        (_, Edn::List(pair)) => {
            let mut pair = Reader(pair);
            let (from, to) = (pair.value(), pair.value());
            let (Ok(Edn::Int(from)), Ok(Edn::Int(to)), false) = (from, to, pair.more()) else {
                return Err(":cas: not two numbers in brackets, as in [1 2]".to_owned());
            };
            RegisterOp::Cas(from, to)
        }
        (_, other) => return Err(format!(":cas: {other} is not two numbers in brackets, as in [1 2]")),
    };
    Ok(op)
}

/// Nothing may follow, except the reason of a failure.
fn end(reader: &mut Reader<'_>, kind: &str) -> Result<(), Wrong> {
    if kind != ":fail" && reader.more() {
        Err(format!("`{}` follows the value", shown(reader.0)))
    } else {
        Ok(())
    }
}
