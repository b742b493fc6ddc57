//! A dict of a manager.
//!
//! Made by [`Manager::dict`].
//!
//! 1. Each method is atomic. What is read and then written by two of them is not: that is
//!    what [`Dict::update`] is for.
//!
//! When a process dies here, its last method was done or not begun.

use super::handle::{Handle, done, exchanged, many, maybe, number, pairs, proxy, yes};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::{decode, encode};
use crate::manager::state::{DictCall, Kind, Method};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Borrow;

proxy! {
    /// Values by key, in the order in which the keys first came.
    ///
    /// Keys are equal if serde writes them as the same bytes.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let hits = manager.dict::<String, u32>()?;
    /// hits.update("page", |count| Some(count.unwrap_or(0) + 1))?;
    /// assert_eq!(hits.items()?, [("page".to_owned(), 1)]);
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// Every method can fail with [`Error::ManagerGone`], and with [`Error::Value`] if a
    /// value cannot be encoded or is of another type.
    Dict<K, V>
}

impl<P: Io + Tasks> Manager<P> {
    /// A new empty dict.
    ///
    /// # Errors
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn dict<K, V>(&self) -> Result<Dict<K, V, P>, Error> {
        Ok(Dict::of(Handle::new(&self.link, self.link.create(Kind::Dict)?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<K: Serialize + DeserializeOwned, V: Serialize + DeserializeOwned, P: Io + Tasks> Dict<K, V, P> {
    #[track_caller]
    fn call(&self, call: DictCall) -> Result<crate::manager::message::Reply, Error> {
        self.handle.now(Method::Dict(call))
    }

    /// The value of a key.
    #[track_caller]
    pub fn get<Q: Serialize + ?Sized>(&self, key: &Q) -> Result<Option<V>, Error>
    where
        K: Borrow<Q>,
    {
        maybe(self.call(DictCall::Get(encode(key)?))?)
    }

    /// Whether there is a value.
    #[track_caller]
    pub fn contains_key<Q: Serialize + ?Sized>(&self, key: &Q) -> Result<bool, Error>
    where
        K: Borrow<Q>,
    {
        yes(self.call(DictCall::Contains(encode(key)?))?)
    }

    /// Sets the value of a key and returns the one before.
    #[track_caller]
    pub fn insert<Q: Serialize + ?Sized>(&self, key: &Q, value: &V) -> Result<Option<V>, Error>
    where
        K: Borrow<Q>,
    {
        maybe(self.call(DictCall::Insert(encode(key)?, encode(value)?))?)
    }

    /// Takes the value of a key away.
    #[doc(alias = "pop")]
    #[track_caller]
    pub fn remove<Q: Serialize + ?Sized>(&self, key: &Q) -> Result<Option<V>, Error>
    where
        K: Borrow<Q>,
    {
        maybe(self.call(DictCall::Remove(encode(key)?))?)
    }

    /// The value of a key, which is `value` from now on if there was none.
    #[doc(alias = "setdefault")]
    #[track_caller]
    pub fn get_or_insert<Q: Serialize + ?Sized>(&self, key: &Q, value: &V) -> Result<V, Error>
    where
        K: Borrow<Q>,
    {
        let new = encode(value)?;
        let call = DictCall::Exchange { key: encode(key)?, expected: None, new: Some(new.clone()) };
        match exchanged(self.call(call)?)? {
            Err(Some(now)) => decode(&now),
            _ => decode(&new),
        }
    }

    /// Changes the value of a key in one step: `change` gets what there is and returns
    /// what there is to be, `None` for nothing. It is called again if somebody else
    /// changed the value meanwhile. Returns what there is then.
    #[track_caller]
    pub fn update<Q: Serialize + ?Sized>(
        &self,
        key: &Q,
        mut change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<V>, Error>
    where
        K: Borrow<Q>,
    {
        let key = encode(key)?;
        let mut expected = match self.call(DictCall::Get(key.clone()))? {
            crate::manager::message::Reply::Maybe(now) => now,
            other => return Err(crate::manager::link::unexpected(other)),
        };
        loop {
            let value = change(expected.as_ref().map(decode).transpose()?);
            let new = value.as_ref().map(encode).transpose()?;
            let call = DictCall::Exchange { key: key.clone(), expected, new };
            match exchanged(self.call(call)?)? {
                Ok(()) => return Ok(value),
                Err(now) => expected = now,
            }
        }
    }

    /// Sets several values in one step.
    #[doc(alias = "update")]
    #[track_caller]
    pub fn extend(&self, entries: impl IntoIterator<Item = (K, V)>) -> Result<(), Error> {
        let entries = entries.into_iter().map(|(key, value)| Ok((encode(&key)?, encode(&value)?)));
        done(self.call(DictCall::Extend(entries.collect::<Result<_, Error>>()?))?)
    }

    /// Takes away the entry whose key came last.
    #[doc(alias = "popitem")]
    #[track_caller]
    pub fn pop_last(&self) -> Result<Option<(K, V)>, Error> {
        Ok(pairs(self.call(DictCall::PopLast)?)?.pop())
    }

    /// How many keys there are.
    #[track_caller]
    pub fn len(&self) -> Result<usize, Error> {
        number(self.call(DictCall::Len)?)
    }

    /// Whether there are none.
    #[track_caller]
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// All keys.
    #[track_caller]
    pub fn keys(&self) -> Result<Vec<K>, Error> {
        many(self.call(DictCall::Keys)?)
    }

    /// All values.
    #[track_caller]
    pub fn values(&self) -> Result<Vec<V>, Error> {
        many(self.call(DictCall::Values)?)
    }

    /// All keys with their values, as they are at one moment.
    #[doc(alias = "copy")]
    #[track_caller]
    pub fn items(&self) -> Result<Vec<(K, V)>, Error> {
        pairs(self.call(DictCall::Items)?)
    }

    /// Takes all away.
    #[track_caller]
    pub fn clear(&self) -> Result<(), Error> {
        done(self.call(DictCall::Clear)?)
    }
}
