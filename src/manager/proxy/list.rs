//! A list of a manager, and an array, which is a list of a fixed length.
//!
//! Made by [`Manager::list`] and [`Manager::array`].
//!
//! 1. Each method is atomic. What is read and then written by two of them is not: that is
//!    what `update` is for.
//!
//! When a process dies here, its last method was done or not begun.

use super::handle::{Handle, done, exchanged, many, maybe, number, proxy};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::{decode, encode, unexpected};
use crate::manager::message::{Bytes, Reply};
use crate::manager::state::{Kind, ListCall, Method};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::{Bound, RangeBounds};

proxy! {
    /// Items one after the other; indices begin with 0.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let list = manager.list([1, 2, 3])?;
    /// list.push(&4)?;
    /// list.update(0, |item| item * 10)?;
    /// assert_eq!(list.to_vec()?, [10, 2, 3, 4]);
    /// assert_eq!(list.slice(1..3)?, [2, 3]);
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// Every method can fail with [`Error::ManagerGone`], with [`Error::Value`] if an item
    /// cannot be encoded or is of another type, and with [`Error::Remote`] if there is no
    /// such index.
    List<T>
}

proxy! {
    /// As many items as there were at the start. Errors are those of [`List`].
    Array<T>
}

fn encoded<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<Vec<Bytes>, Error> {
    items.into_iter().map(|item| encode(&item)).collect()
}

impl<P: Io + Tasks> Manager<P> {
    /// A new list of these items.
    ///
    /// # Errors
    /// [`Error::Value`] if one cannot be encoded, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn list<T: Serialize>(&self, items: impl IntoIterator<Item = T>) -> Result<List<T, P>, Error> {
        Ok(List::of(Handle::new(&self.link, self.link.create(Kind::List(encoded(items)?))?)))
    }

    /// A new array of these items.
    ///
    /// # Errors
    /// [`Error::Value`] if one cannot be encoded, or [`Error::ManagerGone`].
    #[track_caller]
    pub fn array<T: Serialize>(&self, items: impl IntoIterator<Item = T>) -> Result<Array<T, P>, Error> {
        Ok(Array::of(Handle::new(&self.link, self.link.create(Kind::List(encoded(items)?))?)))
    }
}

/// The methods that a list and an array have.
macro_rules! items {
    ($name:ident) => {
        #[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
        impl<T: Serialize + DeserializeOwned, P: Io + Tasks> $name<T, P> {
            #[track_caller]
            fn call(&self, call: ListCall) -> Result<Reply, Error> {
                self.handle.now(Method::List(call))
            }

            /// The item there, if there is one.
            #[track_caller]
            pub fn get(&self, at: usize) -> Result<Option<T>, Error> {
                maybe(self.call(ListCall::Get(at as u64))?)
            }

            /// Puts an item in the place of another.
            #[track_caller]
            pub fn set(&self, at: usize, item: &T) -> Result<(), Error> {
                done(self.call(ListCall::Set(at as u64, encode(item)?))?)
            }

            /// Changes an item in one step and returns what it is then. `change` is called
            /// again if somebody else changed the item meanwhile.
            #[track_caller]
            pub fn update(&self, at: usize, mut change: impl FnMut(T) -> T) -> Result<T, Error> {
                let at = at as u64;
                let mut expected = match self.call(ListCall::Get(at))? {
                    Reply::Maybe(Some(now)) => now,
                    Reply::Maybe(None) => {
                        return Err(Error::Remote { why: format!("there is no item with the index {at}") });
                    }
                    other => return Err(unexpected(other)),
                };
                loop {
                    let item = change(decode(&expected)?);
                    let call = ListCall::Exchange { at, expected, new: encode(&item)? };
                    match exchanged(self.call(call)?)? {
                        Ok(()) => return Ok(item),
                        Err(now) => expected = now.ok_or_else(|| unexpected(Reply::Maybe(None)))?,
                    }
                }
            }

            /// How many items there are.
            #[track_caller]
            pub fn len(&self) -> Result<usize, Error> {
                number(self.call(ListCall::Len)?)
            }

            /// Whether there are none.
            #[track_caller]
            pub fn is_empty(&self) -> Result<bool, Error> {
                Ok(self.len()? == 0)
            }

            /// The items of a range, as far as there are any.
            #[track_caller]
            pub fn slice(&self, range: impl RangeBounds<usize>) -> Result<Vec<T>, Error> {
                let (from, to) = bounds(&range);
                many(self.call(ListCall::Slice(from, to))?)
            }

            /// All items, as they are at one moment.
            #[track_caller]
            pub fn to_vec(&self) -> Result<Vec<T>, Error> {
                self.slice(..)
            }
        }
    };
}
items!(List);
items!(Array);

fn bounds(range: &impl RangeBounds<usize>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(at) => *at as u64,
        Bound::Excluded(at) => *at as u64 + 1,
        Bound::Unbounded => 0,
    };
    let to = match range.end_bound() {
        Bound::Included(at) => (*at as u64).saturating_add(1),
        Bound::Excluded(at) => *at as u64,
        Bound::Unbounded => u64::MAX,
    };
    (from, to)
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<T: Serialize + DeserializeOwned, P: Io + Tasks> List<T, P> {
    /// Adds an item at the end.
    #[doc(alias = "append")]
    #[track_caller]
    pub fn push(&self, item: &T) -> Result<(), Error> {
        done(self.call(ListCall::Extend(vec![encode(item)?]))?)
    }

    /// Takes the last item.
    #[track_caller]
    pub fn pop(&self) -> Result<Option<T>, Error> {
        maybe(self.call(ListCall::Pop)?)
    }

    /// Adds items at the end in one step.
    #[track_caller]
    pub fn extend(&self, items: impl IntoIterator<Item = T>) -> Result<(), Error> {
        done(self.call(ListCall::Extend(encoded(items)?))?)
    }

    /// Puts an item before the one there.
    #[track_caller]
    pub fn insert(&self, at: usize, item: &T) -> Result<(), Error> {
        done(self.call(ListCall::Insert(at as u64, encode(item)?))?)
    }

    /// Takes the item there.
    #[track_caller]
    pub fn remove(&self, at: usize) -> Result<Option<T>, Error> {
        maybe(self.call(ListCall::Remove(at as u64))?)
    }

    /// Puts other items where those of a range are, and returns those.
    #[track_caller]
    pub fn splice(
        &self,
        range: impl RangeBounds<usize>,
        items: impl IntoIterator<Item = T>,
    ) -> Result<Vec<T>, Error> {
        let (from, to) = bounds(&range);
        many(self.call(ListCall::Splice(from, to, encoded(items)?))?)
    }

    /// Where the first such item is.
    #[doc(alias = "index")]
    #[track_caller]
    pub fn find(&self, item: &T) -> Result<Option<usize>, Error> {
        match self.call(ListCall::Find(encode(item)?))? {
            Reply::Done => Ok(None),
            other => number(other).map(Some),
        }
    }

    /// How many such items there are.
    #[track_caller]
    pub fn count(&self, item: &T) -> Result<usize, Error> {
        number(self.call(ListCall::Count(encode(item)?))?)
    }

    /// Repeats the list in its place, as `*=` does; with 0 times nothing is left.
    #[track_caller]
    pub fn repeat(&self, times: usize) -> Result<(), Error> {
        done(self.call(ListCall::Repeat(times as u64))?)
    }

    /// Turns the order round.
    #[track_caller]
    pub fn reverse(&self) -> Result<(), Error> {
        done(self.call(ListCall::Reverse)?)
    }

    /// Takes all away.
    #[track_caller]
    pub fn clear(&self) -> Result<(), Error> {
        self.repeat(0)
    }

    /// Item after item, each fetched when it is its turn: what was changed meanwhile is
    /// seen.
    #[track_caller]
    pub fn iter(&self) -> Iter<T, P> {
        Iter { list: self.clone(), next: 0, over: false }
    }
}

/// The items of a list, one after the other. After its end, or an error, it stays ended.
#[derive(Debug)]
pub struct Iter<T, P: Io + Tasks> {
    list: List<T, P>,
    next: usize,
    over: bool,
}

impl<T: Serialize + DeserializeOwned, P: Io + Tasks> Iterator for Iter<T, P> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let item = self.list.get(self.next).transpose();
        self.next += 1;
        self.over = !matches!(item, Some(Ok(_)));
        item
    }
}
