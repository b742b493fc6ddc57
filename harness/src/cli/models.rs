//! What a log of operations can be judged as, and by which condition.
//!
//! Called by the help, which lists them, and by `judge`, which reads them.

use crate::Error;
use crate::judge::linear::Consistency;

/// The objects that logs are about.
#[derive(Clone, Copy)]
pub(super) enum Object {
    Register,
    Kv,
}

/// What `--model` can be.
pub(super) const MODELS: [(&str, Object); 2] = [("register", Object::Register), ("kv", Object::Kv)];

/// What `--consistency` can be.
pub(super) const CONDITIONS: [(&str, Consistency); 2] =
    [("linearizable", Consistency::Linearizable), ("sequential", Consistency::Sequential)];

/// The names of a table, for the help.
pub(super) fn names<T>(table: &[(&str, T)]) -> String {
    table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" or ")
}

/// What stands under this name in a table.
pub(super) fn choose<T: Copy>(what: &'static str, name: &str, table: &[(&str, T)]) -> Result<T, Error> {
    let known = table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    known.ok_or_else(|| Error::unknown(what, name, table.iter().map(|(name, _)| *name)))
}
