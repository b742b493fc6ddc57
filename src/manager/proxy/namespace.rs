//! A namespace of a manager: values of different types by name.
//!
//! Made by [`Manager::namespace`].
//!
//! When a process dies here, its last method was done or not begun.

use super::handle::{Handle, done, many, maybe, proxy, yes};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::encode;
use crate::manager::state::{DictCall, Kind, Method};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;

proxy! {
    /// Attributes: each name has a value of a type of its own.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let settings = manager.namespace()?;
    /// settings.set("name", "selvedge")?;
    /// settings.set("_hidden", &1)?;
    /// assert_eq!(settings.get::<String>("name")?.as_deref(), Some("selvedge"));
    /// assert_eq!(settings.names()?, ["name"]);
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    Namespace
}

impl<P: Io + Tasks> Manager<P> {
    /// A new empty namespace.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn namespace(&self) -> Result<Namespace<P>, Error> {
        Ok(Namespace::of(Handle::new(&self.link, self.link.create(Kind::Dict)?)))
    }
}

impl<P: Io + Tasks> Namespace<P> {
    /// The value of a name.
    ///
    /// # Errors
    /// [`Error::Value`] if it is of another type, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        maybe(self.handle.now(Method::Dict(DictCall::Get(encode(name)?)))?)
    }

    /// Gives a name a value.
    ///
    /// # Errors
    /// [`Error::Value`] if it cannot be encoded, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), Error> {
        done(self.handle.now(Method::Dict(DictCall::Insert(encode(name)?, encode(value)?)))?)
    }

    /// Takes a name away; false if there was none.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn delete(&self, name: &str) -> Result<bool, Error> {
        let name = encode(name)?;
        let there = yes(self.handle.now(Method::Dict(DictCall::Contains(name.clone())))?)?;
        done(self.handle.now(Method::Dict(DictCall::Remove(name)))?).map(|()| there)
    }

    /// All names but those that begin with an underscore, which are private.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = many(self.handle.now(Method::Dict(DictCall::Keys))?)?;
        names.retain(|name| !name.starts_with('_'));
        Ok(names)
    }
}
