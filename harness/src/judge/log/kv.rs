//! Operations on strings by key, as maps in EDN: the format of Porcupine's key-value
//! logs.
//!
//! ```text
//! {:process 0, :type :invoke, :f :append, :key "4", :value "x 0 0 y"}
//! {:process 0, :type :ok, :f :append, :key "4", :value "x 0 0 y"}
//! ```
//!
//! A get is begun with `nil` and answered with the string. `:fail` says that the
//! operation was not done, `:info` that nobody knows. Other keys of the map are skipped,
//! and so are maps of processes without a number, such as `:nemesis`.

use super::chatter::is_chatter;
use super::clients::Clients;
use super::edn::{Edn, Reader, shown};
use super::jepsen::is_like_an_event;
use super::{Wrong, each_line, unknown};
use crate::Error;
use crate::judge::linear::History;
use crate::judge::linear::spec::{KvOp, KvRet};

/// Reads a log of strings by key: who called what, by line.
///
/// ```
/// use selvedge_harness::judge::log::read_kv;
/// let log = br#"{:process 0, :type :invoke, :f :put, :key "4", :value "x"}"#;
/// assert_eq!(read_kv(log)?.calls().len(), 1);
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
///
/// # Errors
/// [`Error::Log`] names the first line that is damaged.
pub fn read_kv(log: &[u8]) -> Result<History<KvOp, KvRet>, Error> {
    let mut history = History::new();
    let mut clients = Clients::default();
    let mut not_done = Vec::new();
    let mut of_a_register = None;
    each_line(log, |line, text| {
        let Some(start) = text.find("{:process").or_else(|| text.starts_with('{').then_some(0)) else {
            if is_like_an_event(text) {
                of_a_register.get_or_insert(line);
            }
            return if is_chatter(text) {
                Ok(())
            } else {
                Err("it is no event, as in `{:process 0, :type :invoke, :f :get, :key \"4\", :value nil}`"
                    .to_owned())
            };
        };
        let mut reader = Reader(&text[start..]);
        let Edn::List(inner) = reader.value()? else { return Err("it is no map".to_owned()) };
        if reader.more() && !reader.0.starts_with(';') {
            return Err(format!("`{}` follows the map", shown(reader.0)));
        }
        let Some(event) = Event::read(inner)? else { return Ok(()) };
        if event.kind == ":invoke" {
            clients.free(event.process)?;
            let number = history.call(event.process, event.operation()?, line);
            clients.begins(event.process, number, line);
            return Ok(());
        }
        let (number, begun) = clients.ends(event.process, line)?;
        let answered = |op: &KvOp| match op {
            KvOp::Get(key) => event.function == ":get" && *key == event.key,
            op => event.operation().as_ref() == Ok(op),
        };
        let op = &history.calls()[number].op;
        if event.kind != ":info" && !answered(op) {
            return Err(format!(
                "the answer is not to `{}`, which process {} began in line {begun}",
                shown(&op.to_string()),
                event.process
            ));
        }
        match (event.kind, op) {
            (":ok", KvOp::Get(_)) => {
                let value = event.found().map_err(|why| format!("{why} (begun in line {begun})"))?;
                history.returned(number, KvRet::Value(value), line);
            }
            (":ok", _) => history.returned(number, KvRet::Done, line),
            (":fail", _) => not_done.push(number),
            _ => {}
        }
        Ok(())
    })?;
    if let (Some(line), false) = (of_a_register, history.calls().is_empty()) {
        let why = "it is an event of a register, and the log has events of strings by key as well";
        return Err(Error::Log { line, why: why.to_owned() });
    }
    let mut number = 0..;
    history.retain(|_| !number.next().is_some_and(|number| not_done.contains(&number)));
    Ok(history)
}

/// One map.
struct Event<'t> {
    process: usize,
    kind: &'t str,
    function: &'t str,
    key: String,
    value: Option<String>,
    /// What stands where the value should be, if it is no value.
    word: Option<&'t str>,
}

impl<'t> Event<'t> {
    /// Reads what is in the brackets; `None` if it is not about a client.
    fn read(inner: &'t str) -> Result<Option<Event<'t>>, Wrong> {
        let (mut process, mut kind, mut function, mut key) = (None, None, None, None);
        let (mut value, mut word, mut names) = (None, None, Vec::new());
        let mut reader = Reader(inner);
        while reader.more() {
            let Edn::Word(name) = reader.value()? else {
                return Err("a key of the map is not a keyword, as in :process".to_owned());
            };
            let item = reader.value().map_err(|why| format!("{}: {why}", shown(name)))?;
            if names.contains(&name) {
                return Err(format!("{} stands there twice", shown(name)));
            }
            names.push(name);
            match (name, item) {
                (":process", Edn::Int(number)) if number >= 0 => process = Some(number as usize),
                (":process", Edn::Word(name)) if name.starts_with(':') => return Ok(None),
                (":type", Edn::Word(name)) => kind = Some(name),
                (":f", Edn::Word(name)) => function = Some(name),
                (":key", Edn::Text(text)) => key = Some(text),
                (":key", Edn::Int(number)) => key = Some(number.to_string()),
                (":value", Edn::Text(text)) => value = Some(text),
                (":value", Edn::Int(number)) => value = Some(number.to_string()),
                // What is not known is nil, or a reason in words.
                (":value", Edn::Word(reason)) => word = Some(reason),
                (":process" | ":type" | ":f" | ":key" | ":value", other) => {
                    return Err(format!("{name}: {other} is not what belongs there"));
                }
                _ => {}
            }
        }
        let missing = |name: &str| format!("{name} is missing");
        let event = Event {
            process: process.ok_or_else(|| missing(":process"))?,
            kind: kind.ok_or_else(|| missing(":type"))?,
            function: function.ok_or_else(|| missing(":f"))?,
            key: key.ok_or_else(|| missing(":key"))?,
            value,
            word,
        };
        let kinds = [":invoke", ":ok", ":fail", ":info"];
        let functions = [":get", ":put", ":append"];
        if !kinds.contains(&event.kind) {
            return Err(unknown("kind of event", event.kind, &kinds));
        }
        if !functions.contains(&event.function) {
            return Err(unknown("operation", event.function, &functions));
        }
        Ok(Some(event))
    }

    /// What a get found: nothing is `nil` or an empty text.
    fn found(self) -> Result<String, Wrong> {
        match (self.value, self.word) {
            (Some(value), _) => Ok(value),
            (None, Some("nil")) => Ok(String::new()),
            (None, Some(word)) => Err(format!(":value: {} is neither in quotes nor nil", Edn::Word(word))),
            (None, None) => Err(":value is missing".to_owned()),
        }
    }

    fn operation(&self) -> Result<KvOp, Wrong> {
        let key = self.key.clone();
        match (self.function, &self.value) {
            (":get", _) => Ok(KvOp::Get(key)),
            (":put", Some(value)) => Ok(KvOp::Put(key, value.clone())),
            (_, Some(value)) => Ok(KvOp::Append(key, value.clone())),
            (function, None) => Err(format!("{function} has no :value in quotes")),
        }
    }
}
