//! Functions that a process can be started with although it is no copy of its parent.
//!
//! Made by [`entry!`](crate::entry), given to [`Process::entry`](super::Process::entry).
//!
//! | process | the list |
//! |---|---|
//! | any, before `main` | each entry puts itself on it |
//! | executed for an entry | looks its own up, and never comes to `main` |
//!
//! 1. Parent and child are the same executable, so that a name means the same to both.
//!
//! When a process dies here, see [`Process`](super::Process).

use super::executed;
use crate::Error;
use crate::channel::wire;
use crate::sys::execute;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

/// A registered function of one argument; see [`entry!`](crate::entry).
pub struct Entry<T> {
    name: &'static str,
    body: fn(T),
}

/// What becomes of a message: the body is called with the argument in it.
type Call = Box<dyn Fn(&[u8], Vec<OwnedFd>) -> Result<(), Error> + Send>;

static ENTRIES: Mutex<Vec<(&'static str, Call)>> = Mutex::new(Vec::new());

impl<T> Entry<T> {
    #[doc(hidden)]
    pub const fn new(name: &'static str, body: fn(T)) -> Entry<T> {
        Entry { name, body }
    }

    /// The name of the function with its path.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Entry<T> {
    /// Puts the entry on the list of its program.
    #[doc(hidden)]
    pub fn register(entry: &'static Entry<T>) {
        let call = |bytes: &[u8], descriptors: Vec<OwnedFd>| {
            (entry.body)(wire::decode(bytes, descriptors)?);
            Ok(())
        };
        ENTRIES.lock().unwrap_or_else(PoisonError::into_inner).push((entry.name, Box::new(call)));
        execute::set_runner(executed::run);
    }
}

/// Calls the entry with this name.
pub(super) fn call(name: &str, bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<(), Error> {
    // Taken off the list, so that the lock is free while it runs, and starts others.
    let call = {
        let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
        let index = entries.iter().position(|(known, _)| *known == name);
        index.map(|index| entries.swap_remove(index).1)
    };
    match call {
        Some(call) => call(bytes, descriptors),
        None => Err(Error::InvalidArgument {
            what: "the entry",
            given: name.to_owned(),
            allowed: "one that was registered by `entry!` in this program".to_owned(),
        }),
    }
}

/// The name of an entry, and its argument as a message.
pub(super) type Message = (&'static str, Vec<u8>, Vec<OwnedFd>);

/// What a process that was not started yet will do.
pub(super) trait Job: Send {
    /// In the child, once: does it. What it owns is used up; the memory that it lies in is
    /// the caller's.
    fn run(&mut self);
    /// The entry that it is, and the argument as a message; `None` for a closure, which
    /// only a copy of the parent can run.
    fn letter(&self) -> Option<Result<Message, Error>>;
}

const ONCE: &str = "a job is done once";

/// A closure as a job.
pub(super) struct Closure<F>(Option<F>);

impl<F: FnOnce() + Send> Closure<F> {
    pub(super) fn new(body: F) -> Self {
        Closure(Some(body))
    }
}

impl<F: FnOnce() + Send> Job for Closure<F> {
    fn run(&mut self) {
        (self.0.take().expect(ONCE))();
    }

    fn letter(&self) -> Option<Result<Message, Error>> {
        None
    }
}

/// An entry and its argument as a job.
pub(super) struct EntryCall<T: 'static> {
    entry: &'static Entry<T>,
    argument: Option<T>,
}

impl<T: Serialize + Send> EntryCall<T> {
    pub(super) fn new(entry: &'static Entry<T>, argument: T) -> Self {
        EntryCall { entry, argument: Some(argument) }
    }
}

impl<T: Serialize + Send> Job for EntryCall<T> {
    fn run(&mut self) {
        (self.entry.body)(self.argument.take().expect(ONCE));
    }

    fn letter(&self) -> Option<Result<Message, Error>> {
        let message = wire::encode(self.argument.as_ref().expect(ONCE));
        Some(message.map(|(bytes, descriptors)| (self.entry.name, bytes, descriptors)))
    }
}

impl<T> fmt::Debug for Entry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({})", self.name)
    }
}

/// Registers an entry: a function that a process can be started with although it is no
/// copy of its parent.
///
/// ```
/// use selvedge::{Process, entry, process::StartMethod};
///
/// entry! {
///     /// Says it.
///     pub static SHOUT(text: String) {
///         println!("{}", text.to_uppercase());
///     }
/// }
///
/// for method in [StartMethod::Fork, StartMethod::Spawn, StartMethod::ForkServer] {
///     let mut child = Process::entry(&SHOUT, "hello".to_owned()).method(method);
///     child.start()?;
///     assert!(child.join()?.success());
/// }
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// The argument is any serde type, also one that holds some of these:
///
/// | in the argument | what the child gets |
/// |---|---|
/// | [`Shared`](crate::Shared), with whatever lock, signal or value is in it | the same memory, however it began |
/// | [`Array`](crate::Array), [`RawArray`](crate::RawArray), [`SharedMap`](crate::SharedMap), [`SharedVec`](crate::SharedVec), [`Arena`](crate::Arena) | the same |
/// | [`Queue`](crate::Queue), and all other queues | the same |
/// | [`Named`](crate::Named), [`SharedMemory`](crate::SharedMemory), [`ShareableList`](crate::ShareableList) | it opens the same name |
/// | [`Connection`](crate::Connection), [`Passed`](crate::channel::Passed) files and sockets | a copy of the descriptor; this process's goes with the argument |
/// | a manager's proxy | a proxy of the same object |
///
/// In the same way they go through a two-way [`pipe`](crate::pipe()) and a Unix connection to
/// processes that are there already. Memory goes as a descriptor, at most 252 of them in one
/// message, and the child checks that it is of the type that it expects. A lock that the child
/// holds when it is killed is let go as after any death.
///
/// ```
/// use selvedge::{Process, Queue, RobustMutex, Shared, entry, process::StartMethod};
///
/// entry! {
///     /// Adds up what comes.
///     pub static ADD((numbers, sum): (Queue<u32>, Shared<RobustMutex<u32>>)) {
///         while let Ok(number) = numbers.get() {
///             *sum.lock().unwrap() += number;
///         }
///     }
/// }
///
/// let (numbers, sum) = (Queue::bounded(10), Shared::new(RobustMutex::new(0)));
/// let mut child = Process::entry(&ADD, (numbers.clone(), sum.clone())).method(StartMethod::Spawn);
/// child.start()?;
/// for number in 1..=3 {
///     numbers.put(number)?;
/// }
/// numbers.close();
/// assert!(child.join()?.success());
/// assert_eq!(*sum.lock().unwrap(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Guards, threads, pools, closures and the ends of an [`spsc`](crate::spsc()) channel go
/// nowhere. What is made while this process has half of its descriptors in use (`RLIMIT_NOFILE`)
/// reaches forked children only; to send it is an error that says so.
///
/// The entry is a static of this name, to be given to
/// [`Process::entry`](crate::process::Process::entry). It is put on a list before `main` runs, by a section of the executable,
/// which Rust counts as unsafe: a crate that forbids unsafe code cannot use this.
#[macro_export]
macro_rules! entry {
    ($(#[$meta:meta])* $visible:vis static $name:ident($argument:tt: $type:ty) $body:block) => {
        $(#[$meta])*
        $visible static $name: $crate::process::Entry<$type> = {
            fn body($argument: $type) $body
            $crate::process::Entry::new(concat!(module_path!(), "::", stringify!($name)), body)
        };
        const _: () = {
            extern "C" fn register() {
                $crate::process::Entry::register(&$name);
            }
            $crate::before_main!(register);
        };
    };
}
