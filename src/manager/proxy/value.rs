//! One value of a manager.
//!
//! Made by [`Manager::value`].
//!
//! When a process dies here, its last method was done or not begun.

use super::handle::{Handle, done, exchanged, proxy, value};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::{decode, encode, unexpected};
use crate::manager::message::Reply;
use crate::manager::state::{Kind, Method, ValueCall};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;

proxy! {
    /// One value of any serde type.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let count = manager.value(&5_u32)?;
    /// count.set(&(count.get()? + 1))?; // two steps: others may come between
    /// count.update(|count| count + 1)?; // one
    /// assert_eq!(count.get()?, 7);
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// Every method can fail with [`Error::ManagerGone`], and with [`Error::Value`] if the
    /// value cannot be encoded or is of another type.
    Value<T>
}

impl<P: Io + Tasks> Manager<P> {
    /// A new value.
    ///
    /// # Errors
    /// [`Error::Value`] if it cannot be encoded, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn value<T: Serialize>(&self, value: &T) -> Result<Value<T, P>, Error> {
        Ok(Value::of(Handle::new(&self.link, self.link.create(Kind::Value(encode(value)?))?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<T: Serialize + DeserializeOwned, P: Io + Tasks> Value<T, P> {
    #[track_caller]
    fn call(&self, call: ValueCall) -> Result<Reply, Error> {
        self.handle.now(Method::Value(call))
    }

    /// The value.
    #[track_caller]
    pub fn get(&self) -> Result<T, Error> {
        value(self.call(ValueCall::Get)?)
    }

    /// Sets the value.
    #[track_caller]
    pub fn set(&self, value: &T) -> Result<(), Error> {
        done(self.call(ValueCall::Set(encode(value)?))?)
    }

    /// Sets the value and returns the one before.
    #[track_caller]
    pub fn replace(&self, new: &T) -> Result<T, Error> {
        value(self.call(ValueCall::Set(encode(new)?))?)
    }

    /// Changes the value in one step and returns what it is then. `change` is called again
    /// if somebody else changed the value meanwhile.
    #[track_caller]
    pub fn update(&self, mut change: impl FnMut(T) -> T) -> Result<T, Error> {
        let mut expected = match self.call(ValueCall::Get)? {
            Reply::Maybe(Some(now)) => now,
            other => return Err(unexpected(other)),
        };
        loop {
            let new = change(decode(&expected)?);
            match exchanged(self.call(ValueCall::Exchange { expected, new: encode(&new)? })?)? {
                Ok(()) => return Ok(new),
                Err(now) => expected = now.ok_or_else(|| unexpected(Reply::Maybe(None)))?,
            }
        }
    }
}
