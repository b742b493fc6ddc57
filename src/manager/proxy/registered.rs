//! An object of a program's own type in a manager.
//!
//! Made by [`Manager::create`].
//!
//! When a process dies here, its last method was done or not begun.

use super::handle::{Handle, proxy, value};
use crate::Error;
use crate::manager::Manager;
use crate::manager::link::encode;
use crate::manager::state::{Kind, Method};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;

proxy! {
    /// An object whose type was registered when the manager was started.
    ///
    /// ```
    /// use selvedge::manager::{Manager, Type};
    ///
    /// let counter = Type::new("Counter", |start: i64| start)
    ///     .method("add", |count, by: i64| { *count += by; *count })
    ///     .fallible("divide", |count, by: i64| count.checked_div(by).ok_or("division by zero"));
    /// let manager: Manager = Manager::<selvedge::platform::Native>::builder().register(counter).start()?;
    /// let counter = manager.create("Counter", &40)?;
    /// assert_eq!(counter.call::<_, i64>("add", &2)?, 42);
    /// let error = counter.call::<_, i64>("divide", &0).unwrap_err();
    /// assert_eq!(error.to_string(), "the manager refused: division by zero");
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    Registered
}

impl<P: Io + Tasks> Manager<P> {
    /// A new object of a registered type.
    ///
    /// # Errors
    /// [`Error::Remote`] if there is no such type, or the argument is of another type,
    /// or [`Error::ManagerGone`].
    #[track_caller]
    pub fn create<A: Serialize + ?Sized>(&self, name: &str, argument: &A) -> Result<Registered<P>, Error> {
        let kind = Kind::Registered(name.to_owned(), encode(argument)?);
        Ok(Registered::of(Handle::new(&self.link, self.link.create(kind)?)))
    }
}

impl<P: Io + Tasks> Registered<P> {
    /// Calls a method.
    ///
    /// # Errors
    /// [`Error::Remote`] if there is no such method, if its argument is of another type,
    /// if it failed or panicked; [`Error::Value`] if its result is of another type, or
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn call<A: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        method: &str,
        argument: &A,
    ) -> Result<R, Error> {
        value(self.handle.now(Method::Registered(method.to_owned(), encode(argument)?))?)
    }
}
