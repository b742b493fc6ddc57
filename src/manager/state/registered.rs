//! Objects of a program's own types.
//!
//! Types are registered with [`Builder::register`](crate::manager::Builder::register);
//! called by `server` for `Registered`.
//!
//! 1. Only methods that were registered can be called.
//! 2. A method that panics is refused, and the server serves on; the object is as the
//!    method left it.
//!
//! When a client dies, nothing changes: each method was done or not begun.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::Error;
use crate::manager::link::{decode, encode};
use crate::manager::message::{Bytes, Reply};
use crate::sys::panics;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Make = Box<dyn Fn(&Bytes) -> Result<Box<dyn Any + Send>, String> + Send + Sync>;
type Body = Box<dyn Fn(&mut dyn Any, &Bytes) -> Result<Bytes, String> + Send + Sync>;
type Methods = BTreeMap<&'static str, Body>;

/// A type whose objects a manager can have: how they are made, and which methods clients
/// can call. Methods run in the server, one at a time: while one runs, nobody is served.
///
/// Arguments and results are any serde types; several arguments are a tuple.
pub struct Type<T> {
    name: &'static str,
    make: Make,
    methods: Methods,
    object: std::marker::PhantomData<fn() -> T>,
}

impl<T: Send + 'static> Type<T> {
    /// A type with this name, whose objects are made by `make`.
    pub fn new<A: DeserializeOwned>(
        name: &'static str,
        make: impl Fn(A) -> T + Send + Sync + 'static,
    ) -> Type<T> {
        let make: Make = Box::new(move |argument| {
            let argument = decode::<A>(argument).map_err(|error| error.to_string())?;
            Ok(Box::new(make(argument)))
        });
        Type { name, make, methods: Methods::new(), object: std::marker::PhantomData }
    }

    /// Lets clients call a method.
    #[must_use]
    pub fn method<A: DeserializeOwned, R: Serialize>(
        self,
        name: &'static str,
        body: impl Fn(&mut T, A) -> R + Send + Sync + 'static,
    ) -> Self {
        self.fallible(name, move |object, argument| Ok::<R, String>(body(object, argument)))
    }

    /// Lets clients call a method that can fail; the text of its error reaches the caller
    /// in an [`Error::Remote`](crate::Error::Remote).
    #[must_use]
    pub fn fallible<A: DeserializeOwned, R: Serialize, E: Display>(
        mut self,
        name: &'static str,
        body: impl Fn(&mut T, A) -> Result<R, E> + Send + Sync + 'static,
    ) -> Self {
        let body = move |object: &mut dyn Any, argument: &Bytes| {
            let object = object.downcast_mut::<T>().ok_or("the object is of another type")?;
            let argument = decode::<A>(argument).map_err(|error| format!("of its argument: {error}"))?;
            let result = body(object, argument).map_err(|error| error.to_string())?;
            encode(&result).map_err(|error| error.to_string())
        };
        self.methods.insert(name, Box::new(body));
        self
    }
}

/// The types that a server knows.
#[derive(Default)]
pub(in crate::manager) struct Types {
    known: BTreeMap<&'static str, (Make, Arc<Methods>)>,
    /// A name that was given twice.
    twice: Option<&'static str>,
}

fn names<'a, V: 'a>(map: &BTreeMap<&'static str, V>) -> String {
    if map.is_empty() {
        return "none".to_owned();
    }
    map.keys().copied().collect::<Vec<_>>().join(", ")
}

/// Calls what a program registered; its panic is an error.
fn guarded<R>(what: &str, body: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result,
        Err(payload) => Err(format!("{what} panicked: {}", panics::end(payload))),
    }
}

impl Types {
    pub(in crate::manager) fn add<T>(&mut self, added: Type<T>) {
        if self.known.insert(added.name, (added.make, Arc::new(added.methods))).is_some() {
            self.twice = Some(added.name);
        }
    }

    /// Says so if two types have one name.
    pub(in crate::manager) fn check(&self) -> Result<(), Error> {
        let Some(name) = self.twice else { return Ok(()) };
        let (given, allowed) = (format!("{name:?} twice"), "one that no other type has".to_owned());
        Err(Error::InvalidArgument { what: "the name of the registered type", given, allowed })
    }

    pub(in crate::manager) fn make(&self, name: &str, argument: &Bytes) -> Result<Box<dyn Object>, String> {
        let Some((name, (make, methods))) = self.known.get_key_value(name) else {
            return Err(format!("there is no type {name}; there are: {}", names(&self.known)));
        };
        let object = guarded(name, || make(argument))?;
        Ok(Box::new(Registered { name, object, methods: methods.clone() }))
    }
}

struct Registered {
    name: &'static str,
    object: Box<dyn Any + Send>,
    methods: Arc<Methods>,
}

impl Object for Registered {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::Registered(name, argument) = method else { return other_object() };
        let Some(body) = self.methods.get(name.as_str()) else {
            let known = names(&self.methods);
            return Attempt::refused(format!("{} has no method {name}; it has: {known}", self.name));
        };
        match guarded(name, || body(&mut *self.object, argument)) {
            Ok(result) => Attempt::Done(Reply::Maybe(Some(result))),
            Err(why) => Attempt::refused(why),
        }
    }
}

impl<T> fmt::Debug for Type<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Type({} with {})", self.name, names(&self.methods))
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Types({})", names(&self.known))
    }
}
